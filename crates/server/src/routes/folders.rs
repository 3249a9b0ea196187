//! Folders.

use crate::app::{App, SharedApp};
use crate::http::body::JsonObject;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::host::Host;
use crate::http::ids::PathValues;
use crate::http::query::{Paging, Query};
use crate::http::respond;
use crate::routes::{containers, search};
use crate::wire;
use crate::wire::fields::Fields;
use crate::wire::projection::Projection;
use axum::extract::State;
use axum::response::Response;
use chancery_proto::ids::{ContainerId, LibraryAlias};
use chancery_proto::work::DefaultSecurity;
use chancery_store::access::Principal;
use chancery_store::containers::{Container, ContainerKind};
use chancery_store::listing::{Listed, Page};
use serde_json::Value;

/// `GET L/folders`: with `container_id` everything below it, flat.
pub(crate) async fn list_in_library(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    answer_list(&app, &caller, &host, vec![path.library()?], &query).await
}

/// `GET C/folders`.
pub(crate) async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    _path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let libraries = search::libraries(&query)?;
    answer_list(&app, &caller, &host, libraries, &query).await
}

async fn answer_list(
    app: &SharedApp,
    caller: &Caller,
    host: &Host,
    libraries: Vec<LibraryAlias>,
    query: &Query,
) -> Result<Response, ApiError> {
    let paging = Paging::of(query)?;
    let who = caller.principal();
    let listed = page_of(app, who, libraries, query, paging.by_cursor, paging.page).await?;
    Ok(respond::array(
        containers::items(app, host, &listed, who)?,
        listed.total,
        None,
    ))
}

async fn page_of(
    app: &SharedApp,
    who: &Principal,
    libraries: Vec<LibraryAlias>,
    query: &Query,
    exact_name: bool,
    page: Page,
) -> Result<Listed<Container>, ApiError> {
    let within = query
        .text("container_id")
        .map(|id| {
            id.parse::<ContainerId>()
                .map_err(|error| ApiError::field("container_id", error.to_string()))
        })
        .transpose()?;
    if let Some(within) = &within
        && !libraries.is_empty()
        && !libraries.contains(&within.library)
    {
        return Err(ApiError::no_record("container"));
    }
    let filter = containers::filter(query, libraries, exact_name, app.now())?;
    let who = who.clone();
    app.read(move |store| store.folders(&who, &filter, within.as_ref(), &page))
        .await
}

/// `POST L/folders/search`.
pub(crate) async fn search(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let (query, page) = search::questions(Fields(&body))?;
    let who = caller.principal();
    let listed = page_of(&app, who, vec![path.library()?], &query, false, page).await?;
    let projection = Projection::of(Fields(&body), "folder")?;
    let items: Result<Vec<Value>, ApiError> = listed
        .items
        .iter()
        .map(|folder| projection.apply(&wire::container::container(&app, host.name(), folder, who)))
        .collect();
    Ok(respond::array(items?, None, Some(listed.cursor.is_some())))
}

/// `POST …/subfolders` and `POST …/folders`.
pub(crate) async fn create(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let who = caller.into_principal();
    let new = wire::container::read_new(&app, Fields(&body), &who, DefaultSecurity::Inherit)?;
    let made = app
        .store
        .add_folder(path.container()?, new, who.clone(), app.now())
        .await?;
    Ok(respond::created(wire::container::container(
        &app,
        host.name(),
        &made,
        &who,
    )))
}

fn of_path(app: &App, path: &PathValues, who: &Principal) -> Result<Container, ApiError> {
    containers::of_kind(app, &path.container()?, ContainerKind::Folder, who)
}

/// `GET L/folders/{id}`.
pub(crate) async fn profile(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
) -> Result<Response, ApiError> {
    let who = caller.principal();
    let folder = of_path(&app, &path, who)?;
    let mut shown = wire::container::container(&app, host.name(), &folder, who);
    shown.show_defaults(&app, app.store.defaults(&path.container()?, who)?);
    Ok(respond::data(shown))
}

/// `PATCH L/folders/{id}`.
pub(crate) async fn update(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let who = caller.into_principal();
    let before = of_path(&app, &path, &who)?;
    let changes = wire::container::read_changes(&app, Fields(&body), &before)?;
    let changed = app
        .store
        .update_container(path.container()?, changes, who.clone(), app.now())
        .await?;
    Ok(respond::data(wire::container::container(
        &app,
        host.name(),
        &changed,
        &who,
    )))
}

/// `DELETE L/folders/{id}`: only an empty one.
pub(crate) async fn delete(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    let id = path.container()?;
    app.store
        .delete_container(
            id,
            ContainerKind::Folder,
            caller.into_principal(),
            app.now(),
        )
        .await?;
    Ok(respond::nothing())
}
