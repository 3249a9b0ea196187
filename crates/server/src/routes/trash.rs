//! The trash.

use crate::app::SharedApp;
use crate::http::body::MaybeObject;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::host::Host;
use crate::http::ids::PathValues;
use crate::http::query::{Paging, Query};
use crate::http::respond;
use crate::wire;
use crate::wire::fields::Fields;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde_json::json;

/// `GET L/trash-bin/documents`: what was deleted, the last first.
pub(crate) async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let (library, who) = (path.library()?, caller.into_principal());
    let number = query.number("document_number")?;
    let page = Paging::of(&query)?.page;
    let asked = who.clone();
    let found = app
        .read(move |store| store.trash(&library, number, &asked, page.limit))
        .await?;
    let mut items = Vec::with_capacity(found.len());
    for one in &found {
        let profile = wire::document::profile(&app, host.name(), &one.version, &who);
        let mut item = serde_json::to_value(profile).map_err(|error| ApiError::internal(&error))?;
        item["delete_date"] = json!(one.at);
        item["is_restorable"] = json!(true);
        items.push(item);
    }
    let count = items.len() as u64;
    Ok(respond::array(items, Some(count), None))
}

/// `POST L/trash-bin/documents/{id}/restore`.
pub(crate) async fn restore(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    MaybeObject(body): MaybeObject,
) -> Result<Response, ApiError> {
    let (id, who) = (path.document()?, caller.into_principal());
    let fields = Fields(&body);
    let folders = fields.ids("folder_ids", str::parse)?;
    let comment = fields.owned("comments")?.unwrap_or_default();
    if comment.chars().count() > 2_000 || comment.contains('\0') {
        return Err(ApiError::field(
            "comments",
            "it has at most 2000 characters, and no NUL",
        ));
    }
    let restored = app
        .store
        .restore(id, folders, comment, who.clone(), app.now());
    let restored = restored.await?;
    Ok(respond::with_warnings(
        StatusCode::OK,
        wire::document::profile(&app, host.name(), &restored, &who),
    ))
}

/// `DELETE L/trash-bin/documents/{id}`: for good. Bytes that nothing needs any
/// more leave the disk too, within the hour where uploads are under way.
pub(crate) async fn purge(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    let (id, who) = (path.document()?, caller.into_principal());
    app.store.purge(id, who, app.now()).await?;
    app.discard_purged().await;
    Ok(respond::nothing())
}
