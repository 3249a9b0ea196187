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
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::{ContainerId, LibraryAlias};
use chancery_store::access::Principal;
use chancery_store::documents::Version;
use chancery_store::listing::{DocumentFilter, Listed, Page, Span};
use chancery_store::users::key_of;
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

/// Filters that come later.
const NOT_YET: [&str; 17] = [
    "body",
    "bcc",
    "cc",
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
    now: Timestamp,
) -> Result<DocumentFilter, ApiError> {
    search::refuse(query, &NOT_YET)?;
    let (edited_from, edited_to) = search::ends(query, "edit_date", now)?;
    let (created_from, created_to) = search::ends(query, "create_date", now)?;
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
        version: query
            .number("document_version")?
            .map(|version| u32::try_from(version).unwrap_or(u32::MAX)),
        subclass: query.owned("subclass").or(query.owned("sub_class")),
        extras: search::customs(query)?,
        edited_from,
        edited_to,
        created_from,
        created_to,
        mail: match (query.flag("email_only")?, query.flag("exclude_emails")?) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        },
        all_versions: !latest || query.text("document_version").is_some(),
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

/// `document_number`: one, several with commas, a range like `10-20`, or with a
/// sign before it like `<=20`.
fn numbers(query: &Query) -> Result<Vec<Span>, ApiError> {
    query
        .list("document_number")
        .iter()
        .map(|text| span(text))
        .collect::<Option<_>>()
        .ok_or_else(|| {
            ApiError::field(
                "document_number",
                "it has to be a number, several with commas between them, a range like 10-20, or like <=20",
            )
        })
}

fn span(text: &str) -> Option<Span> {
    let number = |text: &str| text.trim().parse::<u64>().ok();
    for sign in ["<=", ">=", "<", ">"] {
        let Some(rest) = text.strip_prefix(sign) else {
            continue;
        };
        let limit = number(rest)?;
        return Some(match sign {
            "<=" => Span { from: 0, to: limit },
            "<" => Span {
                from: 0,
                to: limit.checked_sub(1)?,
            },
            ">=" => Span {
                from: limit,
                to: u64::MAX,
            },
            _ => Span {
                from: limit.checked_add(1)?,
                to: u64::MAX,
            },
        });
    }
    match text.split_once('-') {
        Some((from, to)) => Some(Span {
            from: number(from)?,
            to: number(to)?,
        }),
        None => number(text).map(|one| Span { from: one, to: one }),
    }
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
    let filter = narrow(filter(query, libraries, paging.by_cursor, app.now())?);
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
        ..filter(&query, vec![folder.library], paging.by_cursor, app.now())?
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
    let filter = filter(&query, vec![path.library()?], false, app.now())?;
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

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn numbers_are_asked_for_one_by_one_and_in_ranges() {
        let told = |text: &str| span(text).map(|span| (span.from, span.to));
        assert_eq!(told("7"), Some((7, 7)));
        assert_eq!(told("10-20"), Some((10, 20)));
        assert_eq!(told("<=20"), Some((0, 20)));
        assert_eq!(told("<20"), Some((0, 19)));
        assert_eq!(told(">= 20"), Some((20, u64::MAX)));
        assert_eq!(told(">20"), Some((21, u64::MAX)));
        for text in [
            "",
            "-",
            "x",
            "1-",
            "-1",
            "1-2-3",
            "<0",
            "=1",
            "99999999999999999999",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
    }
}
