//! Documents: lists, profiles, versions.

use crate::app::SharedApp;
use crate::http::body::JsonObject;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::host::Host;
use crate::http::ids::PathValues;
use crate::http::query::{Paging, Query};
use crate::http::respond;
use crate::routes::search;
use crate::wire;
use crate::wire::fields::Fields;
use crate::wire::projection::Projection;
use axum::extract::State;
use axum::response::Response;
use chancery_proto::ids::{ContainerId, LibraryAlias};
use chancery_store::access::Principal;
use chancery_store::documents::Version;
use chancery_store::listing::{DocumentFilter, Listed, Page};
use chancery_store::users::key_of;
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

/// Filters that come later.
const NOT_YET: [&str; 21] = [
    "body",
    "bcc",
    "cc",
    "create_date",
    "document_version",
    "edit_date",
    "from",
    "has_attachment",
    "received_date",
    "received_date_from",
    "received_date_to",
    "recipient",
    "sender",
    "sent_date",
    "sent_date_from",
    "sent_date_to",
    "subclass",
    "subject",
    "to",
    "conversation_id",
    "conversation_name",
];

/// What a list of documents is asked for.
pub(crate) fn filter(
    query: &Query,
    libraries: Vec<LibraryAlias>,
    exact_name: bool,
) -> Result<DocumentFilter, ApiError> {
    search::refuse(query, &NOT_YET)?;
    let container = query
        .text("container_id")
        .map(|id| {
            id.parse::<ContainerId>()
                .map_err(|error| ApiError::field("container_id", error.to_string()))
        })
        .transpose()?;
    if let Some(container) = &container
        && !libraries.is_empty()
        && !libraries.contains(&container.library)
    {
        return Err(ApiError::no_record("container"));
    }
    let latest = query.text("latest").is_none() || query.flag("latest")?;
    Ok(DocumentFilter {
        libraries,
        container,
        subtree: query.flag("include_subtree")?,
        name: query.owned("name"),
        exact_name,
        anywhere: query.owned("anywhere"),
        author: query
            .text("author")
            .or_else(|| query.text("owner"))
            .map(key_of),
        operator: query.text("operator").map(key_of),
        last_user: query
            .text("user")
            .or_else(|| query.text("last_user"))
            .map(key_of),
        class: query.owned("class"),
        kinds: query.list("type"),
        extension: query.owned("extension"),
        numbers: numbers(query)?,
        edited_from: query.time("edit_date_from")?,
        edited_to: query.time("edit_date_to")?,
        created_from: query.time("create_date_from")?,
        created_to: query.time("create_date_to")?,
        mail: match (query.flag("email_only")?, query.flag("exclude_emails")?) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        },
        all_versions: !latest,
        in_use: maybe(query, "in_use")?,
        checked_out: maybe(query, "checked_out")?,
        in_use_by: query.text("in_use_by").map(key_of),
    })
}

/// Whether it is asked for what is so, or for what is not.
fn maybe(query: &Query, name: &str) -> Result<Option<bool>, ApiError> {
    match query.text(name) {
        None => Ok(None),
        Some(_) => query.flag(name).map(Some),
    }
}

/// `document_number`: one, or several with commas.
fn numbers(query: &Query) -> Result<Vec<u64>, ApiError> {
    query
        .list("document_number")
        .iter()
        .map(|text| {
            text.parse().map_err(|_| {
                ApiError::field(
                    "document_number",
                    "it has to be a number, or several with commas between them",
                )
            })
        })
        .collect()
}

async fn page_of(
    app: &SharedApp,
    who: &Principal,
    filter: DocumentFilter,
    page: Page,
) -> Result<Listed<Version>, ApiError> {
    let who = who.clone();
    app.read(move |store| store.documents(&who, &filter, &page))
        .await
}

/// The results shape, for what is asked and what `narrow` makes of it.
pub(crate) async fn answer_results(
    app: &SharedApp,
    caller: &Caller,
    host: &Host,
    libraries: Vec<LibraryAlias>,
    query: &Query,
    narrow: impl FnOnce(DocumentFilter) -> DocumentFilter,
) -> Result<Response, ApiError> {
    let paging = Paging::of(query)?;
    let filter = narrow(filter(query, libraries, paging.by_cursor)?);
    let who = caller.principal();
    let listed = page_of(app, who, filter, paging.page).await?;
    let items: Vec<_> = listed
        .items
        .iter()
        .map(|version| wire::document::profile(app, host.name(), version, who))
        .collect();
    let cursor = listed.cursor.filter(|_| paging.by_cursor);
    Ok(respond::results(items, cursor, listed.total))
}

/// `GET L/documents`.
pub(crate) async fn list_in_library(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    answer_results(&app, &caller, &host, vec![path.library()?], &query, |all| {
        all
    })
    .await
}

/// `GET C/documents`.
pub(crate) async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    _path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let libraries = search::libraries(&query)?;
    answer_results(&app, &caller, &host, libraries, &query, |all| all).await
}

/// `GET L/folders/{id}/documents`: the array shape.
pub(crate) async fn list_in_folder(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let folder = path.container()?;
    let paging = Paging::of(&query)?;
    let filter = DocumentFilter {
        container: Some(folder.clone()),
        ..filter(&query, vec![folder.library], paging.by_cursor)?
    };
    let who = caller.principal();
    let listed = page_of(&app, who, filter, paging.page).await?;
    let items: Vec<_> = listed
        .items
        .iter()
        .map(|version| wire::document::profile(&app, host.name(), version, who))
        .collect();
    Ok(respond::array(items, listed.total, None))
}

/// `POST L/documents/search`: the array shape.
pub(crate) async fn search(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let (query, page) = search::questions(Fields(&body))?;
    let filter = filter(&query, vec![path.library()?], false)?;
    let who = caller.principal();
    let listed = page_of(&app, who, filter, page).await?;
    let projection = Projection::of(Fields(&body), "document")?;
    let items: Result<Vec<Value>, ApiError> = listed
        .items
        .iter()
        .map(|version| projection.apply(&wire::document::profile(&app, host.name(), version, who)))
        .collect();
    Ok(respond::array(items?, None, Some(listed.cursor.is_some())))
}

/// A profile with what else was asked for.
#[derive(Serialize)]
struct WithOperations<'a> {
    data: WithLatest<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operations: Option<wire::document::DocumentOperations>,
    warnings: [(); 0],
}

#[derive(Serialize)]
struct WithLatest<'a> {
    #[serde(flatten)]
    profile: wire::document::DocumentProfile<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_version: Option<u32>,
}

/// `GET L/documents/{id}`.
pub(crate) async fn profile(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let who = caller.principal();
    let version = app.store.version(&path.document()?, who)?;
    let profile = wire::document::profile(&app, host.name(), &version, who);
    let wants_latest = query.flag("is_latest")?;
    let wants_operations = query.flag("include_operations")?;
    if !wants_latest && !wants_operations {
        return Ok(respond::with_warnings(StatusCode::OK, profile));
    }
    Ok(respond::json(
        StatusCode::OK,
        &WithOperations {
            data: WithLatest {
                profile,
                latest_version: wants_latest.then_some(version.latest),
            },
            operations: wants_operations.then(|| wire::document::operations(&version, who)),
            warnings: [],
        },
    ))
}

/// `GET L/documents/{id}/operations`.
pub(crate) async fn operations(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    let who = caller.principal();
    let version = app.store.version(&path.document()?, who)?;
    Ok(respond::data(wire::document::operations(&version, who)))
}

/// `PATCH L/documents/{id}`: flat profile fields.
pub(crate) async fn update(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let id = path.document()?;
    let who = caller.into_principal();
    let before = app.store.version(&id, &who)?;
    // Some clients send the profile inside, as they do with a file.
    let whole = Fields(&body);
    let fields = whole.object("doc_profile")?.unwrap_or(whole);
    let mut profile = wire::profile::document(&app, fields, &before.extra)?;
    profile.keep_locked = whole.flag("keep_locked")?;
    wire::profile::complete(&mut profile, None, &before.extension);
    let changed = app
        .store
        .update_profile(id, profile, who.clone(), app.now())
        .await?;
    Ok(respond::with_warnings(
        StatusCode::OK,
        wire::document::profile(&app, host.name(), &changed, &who),
    ))
}

/// `DELETE L/documents/{id}`: that version.
pub(crate) async fn delete(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    let id = path.document()?;
    app.store
        .delete_version(id, caller.into_principal(), app.now())
        .await?;
    Ok(respond::nothing())
}

/// `GET L/documents/{id}/versions`: newest first.
pub(crate) async fn versions(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let who = caller.principal();
    let page = Paging::of(&query)?.page;
    let all = app.store.versions(&path.document()?, who)?;
    let total = page.total.then_some(all.len() as u64);
    let items: Vec<_> = all
        .iter()
        .skip(usize::try_from(page.offset).unwrap_or(usize::MAX))
        .take(usize::try_from(page.limit).unwrap_or(usize::MAX))
        .map(|version| wire::document::profile(&app, host.name(), version, who))
        .collect();
    Ok(respond::array(items, total, None))
}
