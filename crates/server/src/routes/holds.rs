//! Legal holds: for administrators.

use crate::app::{App, SharedApp};
use crate::http::body::JsonObject;
use crate::http::caller::{Caller, Peer};
use crate::http::error::ApiError;
use crate::http::ids::PathValues;
use crate::http::respond;
use crate::wire::fields::Fields;
use axum::extract::State;
use axum::response::Response;
use chancery_store::holds::{Hold, HoldChanges, item_of};
use serde_json::{Value, json};

fn item(hold: &Hold) -> Value {
    let items: Vec<String> = hold.items.iter().map(ToString::to_string).collect();
    json!({"name": hold.name, "reason": hold.reason, "create_date": hold.since, "items": items})
}

fn of_path(app: &App, path: &PathValues) -> Result<Hold, ApiError> {
    let name = path.get("hold").to_lowercase();
    let holds = app.store.holds()?;
    let found = holds
        .into_iter()
        .find(|hold| hold.name.to_lowercase() == name);
    found.ok_or_else(|| ApiError::no_record("hold"))
}

/// `GET C/holds`.
pub(crate) async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    _path: PathValues,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    let holds = app.store.holds()?;
    let count = holds.len() as u64;
    let items = holds.iter().map(item).collect();
    Ok(respond::array(items, Some(count), None))
}

/// `GET C/holds/{hold}`.
pub(crate) async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    Ok(respond::data(item(&of_path(&app, &path)?)))
}

/// `POST C/holds` with a name, and a reason.
pub(crate) async fn add(
    State(app): State<SharedApp>,
    caller: Caller,
    peer: Peer,
    _path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    let fields = Fields(&body);
    let name = fields
        .owned("name")?
        .ok_or_else(|| ApiError::field("name", "it is missing"))?;
    let reason = fields.owned("reason")?.unwrap_or_default();
    let now = app.now();
    let entry = caller.did(&app, &peer, format!("hold added: {name}"));
    let added = app.store.add_hold(name.clone(), reason.clone(), now, entry);
    added.await?;
    let made = Hold {
        name,
        reason,
        since: now,
        items: Vec::new(),
    };
    Ok(respond::created(item(&made)))
}

/// `PATCH C/holds/{hold}`: `enclose` and `free` with ids of workspaces and documents.
pub(crate) async fn change(
    State(app): State<SharedApp>,
    caller: Caller,
    peer: Peer,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    let hold = of_path(&app, &path)?;
    let fields = Fields(&body);
    let changes = HoldChanges {
        enclose: fields.ids("enclose", item_of)?,
        free: fields.ids("free", item_of)?,
    };
    let entry = caller.did(&app, &peer, format!("hold changed: {}", hold.name));
    app.store.change_hold(&hold.name, changes, entry).await?;
    Ok(respond::data(item(&of_path(&app, &path)?)))
}

/// `DELETE C/holds/{hold}`.
pub(crate) async fn lift(
    State(app): State<SharedApp>,
    caller: Caller,
    peer: Peer,
    path: PathValues,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    let hold = of_path(&app, &path)?;
    let entry = caller.did(&app, &peer, format!("hold lifted: {}", hold.name));
    app.store.lift_hold(&hold.name, entry).await?;
    Ok(respond::nothing())
}
