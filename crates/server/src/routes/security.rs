//! Who has what access to documents, workspaces and folders.

use crate::app::SharedApp;
use crate::http::body::JsonObject;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::ids::PathValues;
use crate::http::respond;
use crate::routes::containers::of_kind;
use crate::routes::doors::{Door, Gives, get, post};
use crate::wire;
use crate::wire::fields::Fields;
use axum::extract::State;
use axum::response::Response;
use chancery_store::containers::ContainerKind;
use http::StatusCode;

/// Everything below a library that is about access.
pub(crate) fn doors() -> Vec<Door> {
    const CHANGES: &[&str] = &["default_security", "include", "remove"];
    let mut doors = vec![
        get(
            "/documents/{id}/security",
            "Who has access to a document",
            of_document,
        )
        .gives(Gives::Json),
        post(
            "/documents/{id}/security",
            "Change who has access",
            change_document,
        )
        .fields(CHANGES)
        .gives(Gives::Json),
        get(
            "/documents/{id}/users/{user}/security",
            "What somebody may do, and why",
            explain_document,
        ),
    ];
    // The two kinds share everything but their name in the path.
    for (name, kind) in [
        ("workspaces", ContainerKind::Workspace),
        ("folders", ContainerKind::Folder),
    ] {
        let of = move |app: State<SharedApp>, caller: Caller, path: PathValues| {
            of_container(app, caller, path, kind)
        };
        let change =
            move |app: State<SharedApp>, caller: Caller, path: PathValues, body: JsonObject| {
                change_container(app, caller, path, kind, body)
            };
        let explain = move |app: State<SharedApp>, caller: Caller, path: PathValues| {
            explain_container(app, caller, path, kind)
        };
        let at = format!("/{name}/{{id}}/security");
        doors.extend([
            get(&at, "Who has access to it", of).gives(Gives::Json),
            post(&at, "Change who has access", change)
                .fields(CHANGES)
                .gives(Gives::Json),
            get(
                &format!("/{name}/{{id}}/users/{{user}}/security"),
                "What somebody may do, and why",
                explain,
            ),
        ]);
    }
    doors
}

/// `GET L/workspaces/{id}/security`, and of folders.
async fn of_container(
    State(app): State<SharedApp>,
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

/// `POST L/workspaces/{id}/security`, and of folders.
async fn change_container(
    State(app): State<SharedApp>,
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

/// `GET L/workspaces/{id}/users/{user}/security`, and of folders.
async fn explain_container(
    State(app): State<SharedApp>,
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

/// `GET L/documents/{id}/security`.
async fn of_document(
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
async fn change_document(
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
async fn explain_document(
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
