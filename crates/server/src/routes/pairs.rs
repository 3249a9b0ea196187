//! Name-value pairs of documents, workspaces and folders.

use crate::app::SharedApp;
use crate::http::body::JsonObject;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::ids::PathValues;
use crate::http::respond;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What is to be set, and without a value taken away. Some clients send it
/// inside `data`, as they get it.
fn changes(body: &Map<String, Value>) -> Result<BTreeMap<String, Option<String>>, ApiError> {
    let pairs = match body.get("data") {
        Some(Value::Object(inner)) if body.len() == 1 => inner,
        _ => body,
    };
    let value = |(name, value): (&String, &Value)| {
        let value = match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            Value::Array(_) | Value::Object(_) => {
                return Err(ApiError::field(name, "its value has to be a text"));
            }
        };
        Ok((name.clone(), value))
    };
    pairs.iter().map(value).collect()
}

/// `GET L/documents/{id}/name-value-pairs`.
pub(crate) async fn of_document(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    let pairs = app
        .store
        .document_pairs(&path.document()?, caller.principal())?;
    Ok(respond::data(pairs))
}

/// `PATCH L/documents/{id}/name-value-pairs`.
pub(crate) async fn change_document(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let (id, who) = (path.document()?, caller.into_principal());
    let pairs = app.store.set_document_pairs(id, changes(&body)?, who);
    Ok(respond::data(pairs.await?))
}

/// `GET …/name-value-pairs` of a workspace or folder.
pub(crate) async fn of_container(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    let pairs = app
        .store
        .container_pairs(&path.container()?, caller.principal())?;
    Ok(respond::data(pairs))
}

/// `PATCH …/name-value-pairs` of a workspace or folder.
pub(crate) async fn change_container(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let (id, who) = (path.container()?, caller.into_principal());
    let pairs = app.store.set_container_pairs(id, changes(&body)?, who);
    Ok(respond::data(pairs.await?))
}
