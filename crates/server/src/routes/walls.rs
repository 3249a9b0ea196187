//! Ethical walls: for administrators. A wall holds administrators back too.

use crate::app::{App, SharedApp};
use crate::http::body::JsonObject;
use crate::http::caller::{Caller, Peer};
use crate::http::error::ApiError;
use crate::http::ids::PathValues;
use crate::http::respond;
use crate::wire::fields::Fields;
use axum::extract::State;
use axum::response::Response;
use chancery_store::entries::Trustee;
use chancery_store::users::key_of;
use chancery_store::walls::{Wall, WallChanges};
use serde_json::{Value, json};

fn item(wall: &Wall) -> Value {
    let insider = |trustee: &Trustee| match trustee {
        Trustee::User(id) => json!({"id": id, "type": "user"}),
        Trustee::Group(id) => json!({"id": id, "type": "group"}),
    };
    let insiders: Vec<Value> = wall.insiders.iter().map(insider).collect();
    let workspaces: Vec<String> = wall.workspaces.iter().map(ToString::to_string).collect();
    json!({"name": wall.name, "insiders": insiders, "workspaces": workspaces})
}

fn of_path(app: &App, path: &PathValues) -> Result<Wall, ApiError> {
    let name = path.get("wall").to_lowercase();
    let walls = app.store.walls()?;
    let found = walls
        .into_iter()
        .find(|wall| wall.name.to_lowercase() == name);
    found.ok_or_else(|| ApiError::no_record("wall"))
}

/// `GET C/walls`.
pub(crate) async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    _path: PathValues,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    let walls = app.store.walls()?;
    let count = walls.len() as u64;
    let items = walls.iter().map(item).collect();
    Ok(respond::array(items, Some(count), None))
}

/// `GET C/walls/{wall}`.
pub(crate) async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    Ok(respond::data(item(&of_path(&app, &path)?)))
}

/// `POST C/walls` with a name.
pub(crate) async fn add(
    State(app): State<SharedApp>,
    caller: Caller,
    peer: Peer,
    _path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    let name = Fields(&body)
        .owned("name")?
        .ok_or_else(|| ApiError::field("name", "it is missing"))?;
    let entry = caller.did(&app, &peer, format!("wall added: {name}"));
    app.store.add_wall(name.clone(), app.now(), entry).await?;
    let built = Wall {
        name,
        insiders: Vec::new(),
        workspaces: Vec::new(),
    };
    Ok(respond::created(item(&built)))
}

fn trustees(fields: Fields<'_>, list: &str) -> Result<Vec<Trustee>, ApiError> {
    let trustee = |value: &Value| {
        let wrong = || ApiError::field(list, "each has an id and the type user or group");
        let Value::Object(object) = value else {
            return Err(wrong());
        };
        let fields = Fields(object);
        let id = fields.text("id")?.map(key_of).ok_or_else(wrong)?;
        match fields.text("type")? {
            Some("user") => Ok(Trustee::User(id)),
            Some("group") => Ok(Trustee::Group(id)),
            _ => Err(wrong()),
        }
    };
    let array = fields.array(list)?.unwrap_or_default();
    array.iter().map(trustee).collect()
}

/// `PATCH C/walls/{wall}`: `admit` and `expel` with ids and types, `enclose` and
/// `free` with workspaces.
pub(crate) async fn change(
    State(app): State<SharedApp>,
    caller: Caller,
    peer: Peer,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    let wall = of_path(&app, &path)?;
    let fields = Fields(&body);
    let changes = WallChanges {
        admit: trustees(fields, "admit")?,
        expel: trustees(fields, "expel")?,
        enclose: fields.ids("enclose", str::parse)?,
        free: fields.ids("free", str::parse)?,
    };
    let entry = caller.did(&app, &peer, format!("wall changed: {}", wall.name));
    app.store.change_wall(&wall.name, changes, entry).await?;
    Ok(respond::data(item(&of_path(&app, &path)?)))
}

/// `DELETE C/walls/{wall}`.
pub(crate) async fn remove(
    State(app): State<SharedApp>,
    caller: Caller,
    peer: Peer,
    path: PathValues,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    let wall = of_path(&app, &path)?;
    let entry = caller.did(&app, &peer, format!("wall removed: {}", wall.name));
    app.store.remove_wall(&wall.name, entry).await?;
    Ok(respond::nothing())
}
