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
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use chancery_store::containers::ContainerKind;
use http::StatusCode;

/// Everything below a library that is about access.
pub(crate) fn routes() -> Router<SharedApp> {
    let documents = Router::new()
        .route(
            "/documents/{id}/security",
            get(of_document).post(change_document),
        )
        .route(
            "/documents/{id}/users/{user}/security",
            get(explain_document),
        );
    // The two kinds share everything but their name in the path.
    let kinds = [
        ("workspaces", ContainerKind::Workspace),
        ("folders", ContainerKind::Folder),
    ];
    kinds.into_iter().fold(documents, |routes, (name, kind)| {
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
        routes
            .route(&format!("/{name}/{{id}}/security"), get(of).post(change))
            .route(
                &format!("/{name}/{{id}}/users/{{user}}/security"),
                get(explain),
            )
    })
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
