//! What people keep at hand: favourites, and the matters they work on. Each their
//! own; administrators keep lists for others too.

use crate::app::{App, SharedApp};
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
use chancery_proto::ids::{ContainerId, LibraryAlias};
use chancery_store::access::Principal;
use chancery_store::containers::ContainerKind;
use chancery_store::shortcuts::{List, Shortcut, Target, TargetId};
use chancery_store::users::key_of;
use serde_json::{Value, json};

fn item(
    app: &App,
    host: &Host,
    library: &LibraryAlias,
    shortcut: &Shortcut,
    who: &Principal,
) -> Result<Value, ApiError> {
    let (kind, subtype, target) = match &shortcut.target {
        Target::Document(version) => (
            "document_shortcut",
            "document",
            serde_json::to_value(wire::document::profile(app, host.name(), version, who)),
        ),
        Target::Container(container) => {
            let (kind, subtype) = match container.kind {
                ContainerKind::Workspace => ("workspace_shortcut", "work"),
                ContainerKind::Folder => ("folder_shortcut", "regular"),
            };
            let shown = wire::container::container(app, host.name(), container, who);
            (kind, subtype, serde_json::to_value(shown))
        }
    };
    let mut target = target.map_err(|error| ApiError::internal(&error))?;
    target["subtype"] = json!(subtype);
    Ok(json!({
        "id": format!("{library}!{}", shortcut.number),
        "database": library.as_str(),
        "name": target["name"],
        "wstype": kind,
        "create_date": shortcut.created,
        "target": target,
    }))
}

/// Whose list a path is about.
fn whose(path: &PathValues, caller: &Caller) -> Result<String, ApiError> {
    let own = caller.principal().user.clone();
    let named = key_of(path.get("user"));
    if named.is_empty() || named == own || caller.principal().administrator {
        return Ok(if named.is_empty() { own } else { named });
    }
    Err(ApiError::no_access(
        "This is somebody else's list. People keep their own, and administrators everybody's.",
    ))
}

async fn listed(
    app: &SharedApp,
    caller: &Caller,
    host: &Host,
    path: &PathValues,
    query: &Query,
    list: List,
) -> Result<Response, ApiError> {
    let (library, user) = (path.library()?, whose(path, caller)?);
    let (of, who) = (library.clone(), caller.principal().clone());
    let all = app
        .read(move |store| store.shortcuts(&of, list, &user, &who))
        .await?;
    let shown = |one: &Shortcut| item(app, host, &library, one, caller.principal());
    let items: Vec<Value> = all.iter().map(shown).collect::<Result<_, _>>()?;
    page_in_memory(&items, query, Clone::clone)
}

fn target(fields: Fields<'_>) -> Result<TargetId, ApiError> {
    let inner = fields.object("target")?;
    let given = match inner {
        Some(inner) => inner.text("id")?,
        None => match fields.text("target_id")? {
            None => fields.text("id")?,
            given => given,
        },
    };
    let text = given.ok_or_else(|| ApiError::field("target_id", "it is missing"))?;
    let wrong =
        |error: chancery_proto::ids::IdError| ApiError::field("target_id", error.to_string());
    if text.contains('.') {
        text.parse().map(TargetId::Document).map_err(wrong)
    } else {
        text.parse().map(TargetId::Container).map_err(wrong)
    }
}

async fn added(
    app: &SharedApp,
    caller: Caller,
    host: &Host,
    path: &PathValues,
    fields: Fields<'_>,
    list: List,
) -> Result<Response, ApiError> {
    let (library, user) = (path.library()?, whose(path, &caller)?);
    let who = caller.into_principal();
    let made = app
        .store
        .add_shortcut(
            library.clone(),
            (list, user),
            target(fields)?,
            who.clone(),
            app.now(),
        )
        .await?;
    Ok(respond::created(item(app, host, &library, &made, &who)?))
}

async fn removed(
    app: &SharedApp,
    caller: &Caller,
    path: &PathValues,
    list: List,
) -> Result<Response, ApiError> {
    let user = whose(path, caller)?;
    let id: ContainerId = path.container()?;
    app.store.remove_shortcut(id, (list, user)).await?;
    Ok(respond::nothing())
}

/// `GET L/my-favorites/children` and `GET L/users/{uid}/my-favorites/children`.
pub(crate) async fn favorites(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    listed(&app, &caller, &host, &path, &query, List::Favorites).await
}

/// `GET L/my-matters/children` and `GET L/users/{uid}/my-matters/children`.
pub(crate) async fn matters(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    listed(&app, &caller, &host, &path, &query, List::Matters).await
}

/// `POST …/my-favorites/children` with `target_id`.
pub(crate) async fn add_favorite(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    added(&app, caller, &host, &path, Fields(&body), List::Favorites).await
}

/// `POST …/my-matters/children` with `target_id`.
pub(crate) async fn add_matter(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    added(&app, caller, &host, &path, Fields(&body), List::Matters).await
}

/// `DELETE …/my-favorites/children/{id}`: the shortcut, not what it leads to.
pub(crate) async fn remove_favorite(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    removed(&app, &caller, &path, List::Favorites).await
}

/// `DELETE …/my-matters/children/{id}`.
pub(crate) async fn remove_matter(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    removed(&app, &caller, &path, List::Matters).await
}
