//! Documents that belong together.

use crate::app::SharedApp;
use crate::http::body::JsonObject;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::host::Host;
use crate::http::ids::PathValues;
use crate::http::query::{Query, page_in_memory};
use crate::http::respond;
use crate::wire;
use crate::wire::fields::Fields;
use axum::extract::State;
use axum::response::Response;
use chancery_proto::ids::DocumentId;
use serde_json::Value;

/// So many are related in one request.
const MOST: usize = 100;

/// `GET …/documents/{id}/related-documents`.
pub(crate) async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let (id, who) = (path.document()?, caller.into_principal());
    let asked = who.clone();
    let found = app
        .read(move |store| store.related_documents(&id, &asked))
        .await?;
    let shown = |version| {
        serde_json::to_value(wire::document::profile(&app, host.name(), version, &who))
            .map_err(|error| ApiError::internal(&error))
    };
    let items: Vec<Value> = found.iter().map(shown).collect::<Result<_, _>>()?;
    page_in_memory(&items, &query, Clone::clone)
}

fn id(text: &str) -> Result<DocumentId, ApiError> {
    text.parse().map_err(|error: chancery_proto::ids::IdError| {
        ApiError::field("document_ids", error.to_string())
    })
}

/// `POST …/documents/{id}/related-documents` with `document_ids`, or one `id`.
pub(crate) async fn add(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let fields = Fields(&body);
    let mut others = Vec::new();
    for value in fields.array("document_ids")?.unwrap_or_default() {
        others.push(id(value.as_str().unwrap_or_default())?);
    }
    if let Some(one) = fields.text("id")? {
        others.push(id(one)?);
    }
    if others.is_empty() || others.len() > MOST {
        return Err(ApiError::field(
            "document_ids",
            format!("it has to be a list of 1 to {MOST} documents' ids"),
        ));
    }
    let who = caller.into_principal();
    app.store
        .relate(path.document()?, others, who, app.now())
        .await?;
    Ok(respond::done())
}

/// `DELETE …/documents/{id}/related-documents/{other}`.
pub(crate) async fn remove(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    let other = id(path.get("other"))?;
    let who = caller.into_principal();
    app.store
        .unrelate(path.document()?, other, who, app.now())
        .await?;
    Ok(respond::nothing())
}
