//! Who has what access to documents, workspaces and folders.

use crate::app::SharedApp;
use crate::http::body::JsonObject;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::ids::PathValues;
use crate::http::respond;
use crate::routes::containers::of_kind;
use crate::wire;
use crate::wire::fields::Fields;
use axum::extract::State;
use axum::response::Response;
use chancery_store::containers::ContainerKind;
use http::StatusCode;

/// The two kinds that share everything but their name in the path.
async fn of_container(
    app: SharedApp,
    caller: Caller,
    path: PathValues,
    kind: ContainerKind,
) -> Result<Response, ApiError> {
    let (id, who) = (path.container()?, caller.into_principal());
    of_kind(&app, &id, kind, &who)?;
    let (security, groups) = app
        .read(move |store| Ok((store.container_security(&id, &who)?, store.groups()?)))
        .await?;
    let answer = wire::security::security(&app, &security, &groups);
    Ok(respond::json(StatusCode::OK, &answer))
}

async fn change_container(
    app: SharedApp,
    caller: Caller,
    path: PathValues,
    kind: ContainerKind,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let (id, who) = (path.container()?, caller.into_principal());
    of_kind(&app, &id, kind, &who)?;
    let changes = wire::security::read_changes(Fields(&body))?;
    let done = app
        .store
        .set_container_security(id, changes, who, app.now());
    done.await?;
    Ok(respond::done())
}

async fn explain_container(
    app: SharedApp,
    caller: Caller,
    path: PathValues,
    kind: ContainerKind,
) -> Result<Response, ApiError> {
    let (id, who) = (path.container()?, caller.into_principal());
    of_kind(&app, &id, kind, &who)?;
    let user = path.get("user").to_owned();
    let explained = app
        .read(move |store| store.explain_container(&id, &user, &who))
        .await?;
    Ok(respond::data(wire::security::explanation(&explained)))
}

/// `GET L/workspaces/{id}/security`.
pub(crate) async fn of_workspace(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    of_container(app, caller, path, ContainerKind::Workspace).await
}

/// `POST L/workspaces/{id}/security`.
pub(crate) async fn change_workspace(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
    body: JsonObject,
) -> Result<Response, ApiError> {
    change_container(app, caller, path, ContainerKind::Workspace, body).await
}

/// `GET L/workspaces/{id}/users/{user}/security`.
pub(crate) async fn explain_workspace(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    explain_container(app, caller, path, ContainerKind::Workspace).await
}

/// `GET L/folders/{id}/security`.
pub(crate) async fn of_folder(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    of_container(app, caller, path, ContainerKind::Folder).await
}

/// `POST L/folders/{id}/security`.
pub(crate) async fn change_folder(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
    body: JsonObject,
) -> Result<Response, ApiError> {
    change_container(app, caller, path, ContainerKind::Folder, body).await
}

/// `GET L/folders/{id}/users/{user}/security`.
pub(crate) async fn explain_folder(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    explain_container(app, caller, path, ContainerKind::Folder).await
}

/// `GET L/documents/{id}/security`.
pub(crate) async fn of_document(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    let (id, who) = (path.document()?, caller.into_principal());
    let (security, groups) = app
        .read(move |store| Ok((store.document_security(&id, &who)?, store.groups()?)))
        .await?;
    let answer = wire::security::security(&app, &security, &groups);
    Ok(respond::json(StatusCode::OK, &answer))
}

/// `POST L/documents/{id}/security`.
pub(crate) async fn change_document(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let changes = wire::security::read_changes(Fields(&body))?;
    let (id, who) = (path.document()?, caller.into_principal());
    let done = app.store.set_document_security(id, changes, who, app.now());
    done.await?;
    Ok(respond::done())
}

/// `GET L/documents/{id}/users/{user}/security`.
pub(crate) async fn explain_document(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    let (id, who) = (path.document()?, caller.into_principal());
    let user = path.get("user").to_owned();
    let explained = app
        .read(move |store| store.explain_document(&id, &user, &who))
        .await?;
    Ok(respond::data(wire::security::explanation(&explained)))
}
