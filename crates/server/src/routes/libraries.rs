//! Libraries.

use crate::app::SharedApp;
use crate::http::body::JsonObject;
use crate::http::caller::{Caller, Peer};
use crate::http::error::ApiError;
use crate::http::ids::PathValues;
use crate::http::respond;
use crate::wire::fields::Fields;
use crate::wire::types::TYPES;
use axum::extract::State;
use axum::response::Response;
use chancery_proto::ids::LibraryAlias;
use chancery_store::libraries::Library;
use chancery_store::users::User;
use serde_json::{Value, json};

/// Where somebody begins: their own choice, or the first library.
pub(crate) fn preferred(user: &User, libraries: &[Library]) -> String {
    let chosen = libraries
        .iter()
        .find(|library| library.alias.as_str() == user.preferred_library);
    chosen
        .or_else(|| libraries.first())
        .map(|library| library.alias.to_string())
        .unwrap_or_default()
}

fn item(library: &Library) -> Value {
    json!({
        "id": library.alias.as_str(),
        "alias": library.alias.as_str(),
        "type": "worksite",
        "description": library.description,
        "is_hidden": library.is_hidden,
    })
}

/// `GET C/libraries`.
pub(crate) async fn list(
    State(app): State<SharedApp>,
    _caller: Caller,
    _path: PathValues,
) -> Result<Response, ApiError> {
    let libraries = app.store.libraries()?;
    let count = libraries.len() as u64;
    Ok(respond::array(
        libraries.iter().map(item).collect(),
        Some(count),
        None,
    ))
}

/// `POST C/libraries`, for administrators.
pub(crate) async fn create(
    State(app): State<SharedApp>,
    caller: Caller,
    peer: Peer,
    _path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    let fields = Fields(&body);
    let text = fields
        .text("id")?
        .ok_or_else(|| ApiError::field("id", "it is missing"))?;
    let alias: LibraryAlias = text
        .parse()
        .map_err(|error: chancery_proto::ids::IdError| ApiError::field("id", error.to_string()))?;
    let description = fields.owned("description")?.unwrap_or_default();
    let entry = caller.did(&app, &peer, format!("library added: {alias}"));
    let adding = app.store.add_library(alias, description, app.now(), entry);
    let library = adding.await?;
    Ok(respond::created(item(&library)))
}

/// `GET L/types`: the kinds of document that this server tells apart.
pub(crate) async fn types(
    State(app): State<SharedApp>,
    _caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    let alias = path.library()?;
    if !app.store.libraries()?.iter().any(|one| one.alias == alias) {
        return Err(ApiError::no_record("library"));
    }
    let mut seen = std::collections::BTreeSet::new();
    let items: Vec<Value> = TYPES
        .iter()
        .filter(|one| seen.insert(one.alias))
        .map(|one| {
            json!({
                "id": one.alias,
                "description": one.description,
                "app_extension": one.extension,
            })
        })
        .collect();
    let count = items.len() as u64;
    Ok(respond::array(items, Some(count), None))
}

/// `GET C/ping`: whether the session lives and the database answers.
pub(crate) async fn ping(
    State(app): State<SharedApp>,
    _caller: Caller,
    _path: PathValues,
) -> Result<Response, ApiError> {
    app.store.libraries()?;
    Ok(respond::done())
}
