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
use chancery_proto::level::Capability;
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

/// `GET C/features`: what this server can do, by name.
pub(crate) async fn features(
    State(app): State<SharedApp>,
    _caller: Caller,
    _path: PathValues,
) -> Result<Response, ApiError> {
    let mut features = serde_json::Map::new();
    for capability in [
        Capability::SessionLifetimeHeaders,
        Capability::SessionBackground,
        Capability::Idempotency,
        Capability::EventsStream,
        Capability::MailFilingStatus,
        Capability::DocumentsRanges,
    ] {
        features.insert(
            capability.name().to_owned(),
            Value::from(app.can(capability)),
        );
    }
    Ok(respond::data(features))
}

/// `GET C/roles`: the roles that people have here.
pub(crate) async fn roles(
    State(_app): State<SharedApp>,
    _caller: Caller,
    _path: PathValues,
) -> Result<Response, ApiError> {
    let role = |id: &str, description: &str, administers: bool, external: bool| {
        json!({
            "id": id,
            "description": description,
            "is_administrator": administers,
            "is_external": external,
        })
    };
    let roles = vec![
        role(
            "ADMINISTRATOR",
            "May sign in as an administrator",
            true,
            false,
        ),
        role("USER", "Somebody of the firm", false, false),
        role(
            "EXTERNAL",
            "Somebody from outside, without access by default",
            false,
            true,
        ),
    ];
    let count = roles.len() as u64;
    Ok(respond::array(roles, Some(count), None))
}

/// `GET L/operations`: what the caller may do in a library.
pub(crate) async fn operations(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    app.store.library(&path.library()?)?;
    let who = caller.principal();
    Ok(respond::data(json!({
        "create_workspace": !who.external,
        "search": true,
        "manage_users": who.administrator,
        "manage_groups": who.administrator,
        "manage_classes": who.administrator,
        "manage_customs": who.administrator,
        "manage_captions": who.administrator,
        "purge": who.administrator,
    })))
}
