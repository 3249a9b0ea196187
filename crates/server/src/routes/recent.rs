//! What the caller worked with lately.

use crate::app::SharedApp;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::host::Host;
use crate::http::ids::PathValues;
use crate::http::query::{Paging, Query};
use crate::http::respond;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use chancery_proto::ids::LibraryAlias;

/// The library in the path, where there is one.
fn library(path: &PathValues) -> Result<Option<LibraryAlias>, ApiError> {
    if path.get("lib").is_empty() {
        return Ok(None);
    }
    path.library().map(Some)
}

/// `GET C/recent-documents` and `GET L/recent-documents`.
pub(crate) async fn documents(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let (library, who) = (library(&path)?, caller.into_principal());
    let page = Paging::of(&query)?.page;
    let asked = who.clone();
    let found = app
        .read(move |store| store.recent_documents(library.as_ref(), &asked, page.limit))
        .await?;
    let items: Vec<_> = found
        .iter()
        .map(|version| wire::document::profile(&app, host.name(), version, &who))
        .collect();
    let total = page.total.then_some(items.len() as u64);
    Ok(respond::results(items, None, total))
}

/// `GET C/recent-workspaces` and `GET L/recent-workspaces`.
pub(crate) async fn workspaces(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let (library, who) = (library(&path)?, caller.into_principal());
    let page = Paging::of(&query)?.page;
    let asked = who.clone();
    let found = app
        .read(move |store| store.recent_workspaces(library.as_ref(), &asked, page.limit))
        .await?;
    let items: Vec<_> = found
        .iter()
        .map(|workspace| wire::container::container(&app, host.name(), workspace, &who))
        .collect();
    let total = page.total.then_some(items.len() as u64);
    Ok(respond::results(items, None, total))
}
