//! Locks and check-outs.

use crate::app::SharedApp;
use crate::http::body::MaybeObject;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::host::Host;
use crate::http::ids::PathValues;
use crate::http::query::Query;
use crate::http::respond;
use crate::routes::{documents, download, search};
use crate::wire;
use crate::wire::fields::Fields;
use axum::extract::State;
use axum::response::Response;
use chancery_proto::ids::LibraryAlias;
use chancery_store::listing::DocumentFilter;
use chancery_store::locks::{LockKind, NewLock};
use http::{HeaderValue, StatusCode, header};

fn read(fields: Fields<'_>, kind: LockKind) -> Result<NewLock, ApiError> {
    Ok(NewLock {
        kind,
        comment: fields.owned("comments")?.unwrap_or_default(),
        due: fields.time("due_date")?,
        path: fields.owned("path")?.unwrap_or_default(),
        location: fields.owned("location")?.unwrap_or_default(),
        application: fields.owned("appname")?.unwrap_or_default(),
    })
}

/// `POST L/documents/{id}/lock`.
pub(crate) async fn lock(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    MaybeObject(body): MaybeObject,
) -> Result<Response, ApiError> {
    let (id, who) = (path.document()?, caller.into_principal());
    let lock = read(Fields(&body), LockKind::Lock)?;
    let locked = app.store.lock_document(id, lock, who.clone(), app.now());
    let locked = locked.await?;
    Ok(respond::with_warnings(
        StatusCode::OK,
        wire::document::profile(&app, host.name(), &locked, &who),
    ))
}

/// `DELETE L/documents/{id}/lock`; for a check-out the same.
pub(crate) async fn unlock(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    let (id, who) = (path.document()?, caller.into_principal());
    app.store.unlock_document(id, who, app.now()).await?;
    Ok(respond::nothing())
}

/// `POST L/documents/{id}/checkout`: the file, which is theirs from then on.
pub(crate) async fn check_out(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
    MaybeObject(body): MaybeObject,
) -> Result<Response, ApiError> {
    let (id, who) = (path.document()?, caller.into_principal());
    let lock = read(Fields(&body), LockKind::CheckOut)?;
    let version = app.store.version(&id, &who)?;
    // The bytes first: nothing is checked out that cannot be fetched.
    let bytes = download::bytes_of(&app, &version, 0..version.size).await?;
    let version = app.store.lock_document(id, lock, who, app.now()).await?;
    let mut response = download::file(&version, bytes);
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(version.size));
    Ok(response)
}

/// `GET L/documents/{id}/checkout`.
pub(crate) async fn details(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    let version = app.store.version(&path.document()?, caller.principal())?;
    match version.lock {
        Some(lock) if lock.said.kind == LockKind::CheckOut => {
            Ok(respond::data(wire::document::in_use(&app, &lock)))
        }
        _ => Err(ApiError::no_record("check-out")),
    }
}

/// What is checked out: by the caller, unless another is named.
async fn answer(
    app: &SharedApp,
    caller: &Caller,
    host: &Host,
    libraries: Vec<LibraryAlias>,
    query: &Query,
) -> Result<Response, ApiError> {
    let own = caller.principal().user.clone();
    let narrow = |filter: DocumentFilter| DocumentFilter {
        checked_out: Some(true),
        in_use_by: filter.in_use_by.clone().or(Some(own)),
        all_versions: true,
        ..filter
    };
    documents::answer_results(app, caller, host, libraries, query, narrow).await
}

/// `GET L/documents/checked-out`.
pub(crate) async fn checked_out_in_library(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    answer(&app, &caller, &host, vec![path.library()?], &query).await
}

/// `GET C/documents/checked-out`.
pub(crate) async fn checked_out(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    _path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let libraries = search::libraries(&query)?;
    answer(&app, &caller, &host, libraries, &query).await
}
