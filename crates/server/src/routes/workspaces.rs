//! Workspaces.

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
use chancery_proto::ids::LibraryAlias;
use chancery_proto::work::DefaultSecurity;
use chancery_store::access::Principal;
use chancery_store::containers::{Container, ContainerKind};
use chancery_store::listing::{ContainerFilter, Listed, Page};
use serde_json::{Map, Value};

/// `GET L/workspaces`.
pub(crate) async fn list_in_library(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    answer_list(&app, &caller, &host, vec![path.library()?], &query).await
}

/// `GET C/workspaces`.
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
    let filter = containers::filter(query, libraries, paging.by_cursor, app.now())?;
    let listed = page_of(app, caller.principal(), filter, paging.page).await?;
    Ok(respond::results(
        containers::items(app, host, &listed, caller.principal())?,
        listed.cursor.filter(|_| paging.by_cursor),
        listed.total,
    ))
}

async fn page_of(
    app: &SharedApp,
    who: &Principal,
    filter: ContainerFilter,
    page: Page,
) -> Result<Listed<Container>, ApiError> {
    let who = who.clone();
    app.read(move |store| store.workspaces(&who, &filter, &page))
        .await
}

async fn found(
    app: &SharedApp,
    caller: &Caller,
    host: &Host,
    library: Option<LibraryAlias>,
    body: &Map<String, Value>,
) -> Result<(Vec<Value>, bool), ApiError> {
    let (query, page) = search::questions(Fields(body))?;
    let libraries = match library {
        Some(library) => vec![library],
        None => search::libraries(&query)?,
    };
    let filter = containers::filter(&query, libraries, false, app.now())?;
    let listed = page_of(app, caller.principal(), filter, page).await?;
    let projection = Projection::of(Fields(body), "workspace")?;
    let items: Result<Vec<Value>, ApiError> = listed
        .items
        .iter()
        .map(|workspace| {
            let who = caller.principal();
            projection.apply(&wire::container::container(
                app,
                host.name(),
                workspace,
                who,
            ))
        })
        .collect();
    Ok((items?, listed.cursor.is_some()))
}

/// `POST L/workspaces/search`: the array shape.
pub(crate) async fn search(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let library = Some(path.library()?);
    let (items, overflow) = found(&app, &caller, &host, library, &body).await?;
    Ok(respond::array(items, None, Some(overflow)))
}

/// `POST C/workspaces/search`: the results shape.
pub(crate) async fn search_everywhere(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    _path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let (items, _) = found(&app, &caller, &host, None, &body).await?;
    Ok(respond::results(items, None, None))
}

/// `POST L/workspaces`.
pub(crate) async fn create(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let who = caller.into_principal();
    let new = wire::container::read_new(&app, Fields(&body), &who, DefaultSecurity::Public)?;
    let made = app
        .store
        .add_workspace(path.library()?, new, who.clone(), app.now())
        .await?;
    Ok(respond::created(wire::container::container(
        &app,
        host.name(),
        &made,
        &who,
    )))
}

/// `GET L/workspaces/{id}`.
pub(crate) async fn profile(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
) -> Result<Response, ApiError> {
    let workspace = of_path(&app, &path, caller.principal())?;
    Ok(respond::data(wire::container::container(
        &app,
        host.name(),
        &workspace,
        caller.principal(),
    )))
}

fn of_path(app: &App, path: &PathValues, who: &Principal) -> Result<Container, ApiError> {
    containers::of_kind(app, &path.container()?, ContainerKind::Workspace, who)
}

/// `PATCH L/workspaces/{id}`.
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

/// `DELETE L/workspaces/{id}`: only an empty one.
pub(crate) async fn delete(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    let id = path.container()?;
    app.store
        .delete_container(
            id,
            ContainerKind::Workspace,
            caller.into_principal(),
            app.now(),
        )
        .await?;
    Ok(respond::nothing())
}
