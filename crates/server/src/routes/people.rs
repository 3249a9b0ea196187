//! Users and groups. Everybody in the firm may look them up; whoever is from
//! outside sees themselves alone; administrators change them.

use crate::app::{App, SharedApp};
use crate::http::body::JsonObject;
use crate::http::caller::{Caller, Peer};
use crate::http::error::ApiError;
use crate::http::ids::PathValues;
use crate::http::query::{Query, is_like, page_in_memory};
use crate::http::respond;
use crate::wire::fields::Fields;
use axum::extract::State;
use axum::response::Response;
use chancery_store::groups::Group;
use chancery_store::users::{NewUser, User, UserChanges, key_of};
use serde_json::{Map, Value, json};

/// A person as they travel. Users here have a password, or a ticket's name, of
/// this server: `user_nos` 2.
fn user(one: &User) -> Value {
    json!({
        "id": one.id,
        "user_id": one.id,
        "full_name": one.full_name,
        "name": one.full_name,
        "email": one.email,
        "allow_logon": one.enabled,
        "enabled": one.enabled,
        "is_external": one.is_external,
        "is_admin": one.is_admin,
        "user_nos": 2,
        "preferred_library": one.preferred_library,
        "wstype": "user",
    })
}

/// A group as it travels, with the name of its id that old clients read too.
fn group(one: &Group) -> Value {
    json!({
        "id": one.id,
        "group_id": one.id,
        "full_name": one.full_name,
        "enabled": one.enabled,
        "is_external": one.is_external,
        "group_nos": 2,
    })
}

/// Whether somebody of that id may be known to the caller.
fn may_know(caller: &Caller, key: &str) -> bool {
    !caller.principal().external || caller.principal().user == key
}

fn wants(query: &Query, enabled: bool, texts: [&str; 2], id: &str) -> Result<bool, ApiError> {
    let by_state = match query.text("enabled") {
        None => true,
        Some(_) => query.flag("enabled")? == enabled,
    };
    let by_id = query
        .text("alias")
        .is_none_or(|alias| is_like(alias, [id, id]));
    let by_name = query.text("query").is_none_or(|text| is_like(text, texts));
    Ok(by_state && by_id && by_name)
}

/// `GET C/users` and `GET L/users`.
pub(crate) async fn users(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    known_library(&app, &path)?;
    let mut all = Vec::new();
    for one in app.read(chancery_store::Store::users).await? {
        let texts = [one.id.as_str(), one.full_name.as_str()];
        if may_know(&caller, &one.key()) && wants(&query, one.enabled, texts, &one.id)? {
            all.push(one);
        }
    }
    page_in_memory(&all, &query, user)
}

/// A path below a library is there when the library is.
fn known_library(app: &App, path: &PathValues) -> Result<(), ApiError> {
    if path.get("lib").is_empty() {
        return Ok(());
    }
    let alias = path.library()?;
    let libraries = app.store.libraries()?;
    if libraries.iter().any(|library| library.alias == alias) {
        Ok(())
    } else {
        Err(ApiError::no_record("library"))
    }
}

fn found(app: &App, caller: &Caller, path: &PathValues) -> Result<User, ApiError> {
    known_library(app, path)?;
    let found = app.store.user(path.get("user"))?;
    found
        .filter(|user| may_know(caller, &user.key()))
        .ok_or_else(|| ApiError::no_record("user"))
}

/// `GET C/users/{user}`.
pub(crate) async fn show_user(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let mut item = user(&found(&app, &caller, &path)?);
    if query.flag("include_libraries")? {
        item["libraries"] = libraries_of(&app)?;
    }
    Ok(respond::data(item))
}

/// Everybody reaches every library; what they see in it is another matter.
fn libraries_of(app: &App) -> Result<Value, ApiError> {
    let libraries = app.store.libraries()?;
    let item = |library: &chancery_store::libraries::Library| json!({"id": library.alias.as_str(), "alias": library.alias.as_str(), "type": "worksite"});
    Ok(Value::from(libraries.iter().map(item).collect::<Vec<_>>()))
}

/// `GET C/users/{user}/libraries`.
pub(crate) async fn user_libraries(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    found(&app, &caller, &path)?;
    Ok(respond::data(libraries_of(&app)?))
}

/// `GET C/users/{user}/groups` and `GET L/users/{user}/groups`.
pub(crate) async fn user_groups(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let user = found(&app, &caller, &path)?;
    let groups = app.store.groups_of(&user.id)?;
    page_in_memory(&groups, &query, group)
}

fn required(fields: Fields<'_>, name: &str) -> Result<String, ApiError> {
    fields
        .owned(name)?
        .filter(|text| !text.is_empty())
        .ok_or_else(|| ApiError::field(name, "it is missing"))
}

/// `POST C/users`, for administrators: a person with a password of this server,
/// or without one.
pub(crate) async fn add_user(
    State(app): State<SharedApp>,
    caller: Caller,
    peer: Peer,
    _path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    let fields = Fields(&body);
    let id = required(fields, "id")?;
    let password_hash = match fields.owned("password")? {
        Some(password) => Some(app.identity.hash_password(password.into()).await?),
        None => None,
    };
    let new = NewUser {
        full_name: fields.owned("full_name")?.unwrap_or_else(|| id.clone()),
        email: fields.owned("email")?.unwrap_or_default(),
        password_hash,
        is_admin: fields.flag("is_admin")?.unwrap_or(false),
        is_external: fields.flag("is_external")?.unwrap_or(false),
        id,
    };
    let activity = format!("user added: {}", key_of(&new.id));
    let entry = caller.did(&app, &peer, activity);
    let added = app.store.add_user(new, app.now(), entry).await?;
    app.identity.follow_changes().await?;
    Ok(respond::created(user(&added)))
}

/// `PATCH C/users/{user}`, for administrators; people choose their own preferred
/// library.
pub(crate) async fn change_user(
    State(app): State<SharedApp>,
    caller: Caller,
    peer: Peer,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let before = found(&app, &caller, &path)?;
    let is_own = before.key() == caller.principal().user;
    let only_library = body.keys().all(|name| name == "preferred_library");
    if !(is_own && only_library) {
        caller.must_administer()?;
    }
    let fields = Fields(&body);
    let preferred_library = fields.owned("preferred_library")?;
    if let Some(alias) = preferred_library
        .as_deref()
        .filter(|alias| !alias.is_empty())
    {
        let libraries = app.store.libraries()?;
        if !libraries.iter().any(|one| one.alias.as_str() == alias) {
            return Err(ApiError::field(
                "preferred_library",
                "there is no such library",
            ));
        }
    }
    let changes = UserChanges {
        full_name: fields.owned("full_name")?,
        email: fields.owned("email")?,
        is_external: fields.flag("is_external")?,
        is_admin: fields.flag("is_admin")?,
        preferred_library,
    };
    let enabled = match fields.flag("enabled")? {
        None => fields.flag("allow_logon")?,
        given => given,
    };
    if is_own && (enabled == Some(false) || changes.is_admin == Some(false)) {
        return Err(ApiError::field(
            if enabled == Some(false) {
                "enabled"
            } else {
                "is_admin"
            },
            "nobody locks themselves out; have another administrator do it",
        ));
    }
    let activity = format!("user changed: {}", before.key());
    let entry = caller.did(&app, &peer, activity);
    let mut changed = app
        .store
        .set_user(&before.id, changes, app.now(), entry)
        .await?;
    if let Some(enabled) = enabled.filter(|enabled| *enabled != before.enabled) {
        let what = if enabled { "enabled" } else { "disabled" };
        let entry = caller.did(&app, &peer, format!("user {what}: {}", before.key()));
        app.store
            .set_enabled(&before.id, enabled, app.now(), entry)
            .await?;
        changed.enabled = enabled;
    }
    app.identity.follow_changes().await?;
    Ok(respond::data(user(&changed)))
}

/// `GET L/groups` and `GET C/groups`.
pub(crate) async fn groups(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    known_library(&app, &path)?;
    let mut all = Vec::new();
    // Whoever is from outside knows of no group but their own.
    let groups = if caller.principal().external {
        app.store.groups_of(&caller.principal().user)?
    } else {
        app.store.groups()?
    };
    for one in groups {
        let texts = [one.id.as_str(), one.full_name.as_str()];
        if wants(&query, one.enabled, texts, &one.id)? {
            all.push(one);
        }
    }
    page_in_memory(&all, &query, group)
}

/// `POST L/groups` and `POST C/groups`, for administrators.
pub(crate) async fn add_group(
    State(app): State<SharedApp>,
    caller: Caller,
    peer: Peer,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    known_library(&app, &path)?;
    let fields = Fields(&body);
    let id = required(fields, "id")?;
    let new = Group {
        full_name: fields.owned("full_name")?.unwrap_or_else(|| id.clone()),
        enabled: fields.flag("enabled")?.unwrap_or(true),
        is_external: fields.flag("is_external")?.unwrap_or(false),
        id,
    };
    let activity = format!("group added: {}", new.key());
    let entry = caller.did(&app, &peer, activity);
    let added = app.store.add_group(new, app.now(), entry).await?;
    Ok(respond::created(group(&added)))
}

fn group_of(app: &App, caller: &Caller, path: &PathValues) -> Result<Group, ApiError> {
    known_library(app, path)?;
    let found = app.store.group(path.get("group"))?;
    let found = found.ok_or_else(|| ApiError::no_record("group"))?;
    if caller.principal().external {
        let own = app.store.groups_of(&caller.principal().user)?;
        if !own.contains(&found) {
            return Err(ApiError::no_record("group"));
        }
    }
    Ok(found)
}

/// `GET …/groups/{group}/members`.
pub(crate) async fn members(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let group = group_of(&app, &caller, &path)?;
    let members = app.store.members(&group.id)?;
    let members: Vec<User> = members
        .into_iter()
        .filter(|one| may_know(&caller, &one.key()))
        .collect();
    page_in_memory(&members, &query, user)
}

/// The ids in a list of texts, or of objects with an id.
fn ids(body: &Map<String, Value>, name: &str) -> Result<Vec<String>, ApiError> {
    let id = |value: &Value| {
        let text = match value {
            Value::String(text) => Some(text.as_str()),
            Value::Object(object) => Fields(object).text("id")?,
            _ => None,
        };
        text.map(str::to_owned)
            .ok_or_else(|| ApiError::field(name, "it has to be a list of users' ids"))
    };
    let array = Fields(body).array(name)?.unwrap_or_default();
    if array.len() > MOST {
        return Err(ApiError::field(
            name,
            format!("it has at most {MOST} users at once"),
        ));
    }
    array.iter().map(id).collect()
}

/// So many people move in or out at once.
const MOST: usize = 500;

/// `PUT …/groups/{group}/members`, for administrators: `members` are put in;
/// `remove` are taken out.
pub(crate) async fn change_members(
    State(app): State<SharedApp>,
    caller: Caller,
    peer: Peer,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    let group = group_of(&app, &caller, &path)?;
    let mut added = ids(&body, "members")?;
    added.extend(ids(&body, "add")?);
    let removed = ids(&body, "remove")?;
    if added.is_empty() && removed.is_empty() {
        return Err(ApiError::field("members", "it is missing"));
    }
    let mut activity = format!("members of {} changed:", group.key());
    for (sign, ids) in [("+", &added), ("-", &removed)] {
        for id in ids {
            activity.push_str(&format!(" {sign}{}", key_of(id)));
        }
    }
    let entry = caller.did(&app, &peer, activity);
    let done = app.store.change_members(&group.id, added, removed, entry);
    done.await?;
    Ok(respond::done())
}
