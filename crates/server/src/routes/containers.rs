//! What workspaces and folders have in common.

use crate::app::{App, SharedApp};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::host::Host;
use crate::http::ids::PathValues;
use crate::http::query::{Paging, Query};
use crate::http::respond;
use crate::routes::{documents, search};
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::{ContainerId, LibraryAlias};
use chancery_store::access::Principal;
use chancery_store::containers::{Container, ContainerKind};
use chancery_store::listing::{Child, ContainerFilter, DocumentFilter, Listed};
use chancery_store::users::key_of;
use serde_json::Value;

/// The container of the path, if it is of that kind.
pub(crate) fn of_kind(
    app: &App,
    id: &ContainerId,
    kind: ContainerKind,
    who: &Principal,
) -> Result<Container, ApiError> {
    let found = app.store.container(id, who)?;
    if found.kind == kind {
        Ok(found)
    } else {
        Err(ApiError::no_record(match kind {
            ContainerKind::Workspace => "workspace",
            ContainerKind::Folder => "folder",
        }))
    }
}

/// Filters that come later.
const NOT_YET: [&str; 2] = ["email", "subclass"];

/// What a list of workspaces or folders is asked for.
pub(crate) fn filter(
    query: &Query,
    libraries: Vec<LibraryAlias>,
    exact_name: bool,
    now: Timestamp,
) -> Result<ContainerFilter, ApiError> {
    search::refuse(query, &NOT_YET)?;
    let (edited_from, edited_to) = search::ends(query, "edit_date", now)?;
    let (created_from, created_to) = search::ends(query, "create_date", now)?;
    let mut numbers = Vec::new();
    for id in query.list("include_ids") {
        let id: ContainerId = id.parse().map_err(|error: chancery_proto::ids::IdError| {
            ApiError::field("include_ids", error.to_string())
        })?;
        // The same number in another library is another container.
        if libraries.len() != 1 || libraries.first() == Some(&id.library) {
            numbers.push(id.number);
        } else {
            numbers.push(0);
        }
    }
    Ok(ContainerFilter {
        libraries,
        name: query.owned("name"),
        exact_name,
        description: query.owned("description"),
        anywhere: query
            .owned("name_or_description")
            .or_else(|| query.owned("anywhere")),
        owner: query.text("owner").map(key_of),
        numbers,
        workspace_name: query.owned("workspace_name"),
        edited_from,
        edited_to,
        created_from,
        created_to,
        extras: search::customs(query)?,
    })
}

/// The items of a list, as they travel.
pub(crate) fn items(
    app: &App,
    host: &Host,
    listed: &Listed<Container>,
    who: &Principal,
) -> Result<Vec<Value>, ApiError> {
    listed
        .items
        .iter()
        .map(|container| {
            serde_json::to_value(wire::container::container(app, host.name(), container, who))
                .map_err(|error| ApiError::internal(&error))
        })
        .collect()
}

/// `GET …/children`: folders first, then documents.
pub(crate) async fn children(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let id = path.container()?;
    let who = caller.into_principal();
    let paging = Paging::of(&query)?;
    let filter = DocumentFilter {
        container: None,
        ..documents::filter(
            &query,
            vec![id.library.clone()],
            paging.by_cursor,
            app.now(),
        )?
    };
    let wanted = (
        !query.flag("exclude_folders")?,
        !query.flag("exclude_docs")?,
    );
    let (asked, page) = (who.clone(), paging.page);
    let listed = app
        .read(move |store| store.children(&id, &asked, &filter, wanted, &page))
        .await?;
    let items: Result<Vec<Value>, serde_json::Error> = listed
        .items
        .iter()
        .map(|child| match child {
            Child::Folder(folder) => {
                serde_json::to_value(wire::container::container(&app, host.name(), folder, &who))
            }
            Child::Document(version) => {
                serde_json::to_value(wire::document::profile(&app, host.name(), version, &who))
            }
        })
        .collect();
    let items = items.map_err(|error| ApiError::internal(&error))?;
    Ok(respond::array(items, listed.total, None))
}

/// `GET …/subfolders` and `GET …/folders`: the folders directly below.
pub(crate) async fn subfolders(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let id = path.container()?;
    let who = caller.into_principal();
    let page = Paging::of(&query)?.page;
    let asked = who.clone();
    let listed = app
        .read(move |store| store.subfolders(&id, &asked, &page))
        .await?;
    Ok(respond::array(
        items(&app, &host, &listed, &who)?,
        listed.total,
        None,
    ))
}

/// `GET …/operations`: what the caller may do.
pub(crate) async fn operations(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    let who = caller.into_principal();
    let found = app.store.container(&path.container()?, &who)?;
    Ok(respond::data(wire::container::operations(&found, &who)))
}

/// `GET L/containers/{id}`: a workspace or a folder.
pub(crate) async fn profile(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
) -> Result<Response, ApiError> {
    let who = caller.into_principal();
    let found = app.store.container(&path.container()?, &who)?;
    Ok(respond::data(wire::container::container(
        &app,
        host.name(),
        &found,
        &who,
    )))
}

/// `GET …/path`: one list of paths, each from the workspace down.
pub(crate) async fn path(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
) -> Result<Response, ApiError> {
    let id = path.container()?;
    let who = caller.into_principal();
    let found = app.store.container_path(&id, &who)?;
    let one: Vec<_> = found
        .iter()
        .map(|container| wire::container::container(&app, host.name(), container, &who))
        .collect();
    Ok(respond::array(vec![one], Some(1), None))
}
