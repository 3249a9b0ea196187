//! The doors by which `chancery-fuzzed` reaches what reads other people's
//! input. Nobody else's business, and no promise to anybody.

use crate::http::body::{Form, read_object};
use crate::http::error::ApiError;
use crate::http::query::{Paging, Query};
use crate::http::{caller, paths};
use crate::routes::{containers, documents, download, search, upload};
use crate::wire::fields::Fields;
use crate::wire::profile;
use axum::body::Body;
use bytes::Bytes;
use chancery_content::Content;
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::LibraryAlias;
use chancery_store::Store;
use chancery_store::access::Principal;
use chancery_store::filing::Profile;
use chancery_store::listing::{Listed, Page};
use futures_util::stream;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};
use std::convert::Infallible;
use std::ops::Range;

/// The token of a request.
#[must_use]
pub fn token(headers: &HeaderMap) -> Option<&str> {
    caller::token(headers)
}

/// The Kerberos token of a request; why it is none, where it claims to be one.
#[must_use]
pub fn negotiate(headers: &HeaderMap) -> Option<Result<Vec<u8>, String>> {
    let token = crate::trusted::token(headers)?;
    Some(token.map_err(|refused| refused.to_string()))
}

/// The fields of a form.
#[must_use]
pub fn form(bytes: &[u8]) -> Vec<(String, String)> {
    Form::read(bytes).fields().to_vec()
}

/// Whether a browser may be sent there once it is registered.
#[must_use]
pub fn leads_somewhere(address: &str) -> bool {
    chancery_identity::redirect_mistake(address).is_none()
}

/// Whether it is a proof key's hash, and of what.
#[must_use]
pub fn is_challenge(text: &str) -> bool {
    chancery_identity::Challenge::read(text).is_some()
}

/// A path as routes know it.
#[must_use]
pub fn canonical(path: &str) -> String {
    paths::canonical(path).into_owned()
}

/// The part of a file that is asked for; none for the whole.
///
/// # Errors
/// The answer's status.
pub fn range(headers: &HeaderMap, size: u64, etag: &str) -> Result<Option<Range<u64>>, StatusCode> {
    download::range(headers, size, etag).map_err(|error| error.status)
}

/// What was taken from an upload.
#[derive(Debug, PartialEq)]
pub struct Taken {
    /// The part `profile`.
    pub profile: Map<String, Value>,
    /// The custom fields in it, as they are kept; none where it has none.
    pub extra: Option<String>,
    /// The file's own name.
    pub file_name: Option<String>,
    /// The name and the extension that the document gets by it.
    pub named: (Option<String>, Option<String>),
    /// The file's length.
    pub size: u64,
}

/// Takes an upload that comes in these pieces, and forgets its file.
///
/// # Errors
/// The answer's status.
pub async fn take(
    content: &Content,
    library: &LibraryAlias,
    headers: &HeaderMap,
    pieces: Vec<Bytes>,
) -> Result<Taken, StatusCode> {
    let pieces = pieces.into_iter().map(Ok::<_, Infallible>);
    let body = Body::from_stream(stream::iter(pieces));
    let status = |error: ApiError| error.status;
    let received = upload::receive(content, library, headers, body).await;
    let received = received.map_err(status)?;
    let extra = profile::extras(Fields(&received.profile), "{}").map_err(status)?;
    let mut completed = Profile::default();
    profile::complete(&mut completed, received.file_name.as_deref(), "");
    Ok(Taken {
        extra,
        named: (completed.name, completed.extension),
        size: received.file.size(),
        profile: received.profile,
        file_name: received.file_name,
    })
}

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Documents.
    Documents,
    /// Workspaces.
    Workspaces,
    /// Folders.
    Folders,
}

/// How a list is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Asked<'a> {
    /// Behind the `?`.
    Query(&'a str),
    /// In the body of a search.
    Body(&'a [u8]),
}

/// A page of a list.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// The ids on it.
    pub ids: Vec<String>,
    /// How many there are in all, where it was asked.
    pub total: Option<u64>,
    /// Where the next page begins, where there is one.
    pub cursor: Option<String>,
    /// How many were wanted.
    pub limit: u32,
}

/// Lists in every library.
///
/// # Errors
/// The answer's status.
pub fn list(
    store: &Store,
    who: &Principal,
    kind: Kind,
    asked: Asked<'_>,
) -> Result<Found, StatusCode> {
    found(store, who, kind, asked).map_err(|error| error.status)
}

/// What is counted from now is counted from here.
const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn found(store: &Store, who: &Principal, kind: Kind, asked: Asked<'_>) -> Result<Found, ApiError> {
    let (query, page, by_cursor) = match asked {
        Asked::Query(text) => {
            let query = Query::of(text);
            let Paging { page, by_cursor } = Paging::of(&query)?;
            (query, page, by_cursor)
        }
        Asked::Body(bytes) => {
            let body = read_object("body", bytes)?;
            let (query, page) = search::questions(Fields(&body))?;
            (query, page, false)
        }
    };
    let libraries = search::libraries(&query)?;
    match kind {
        Kind::Documents => {
            let filter = documents::filter(&query, libraries, by_cursor, NOW)?;
            let listed = store.documents(who, &filter, &page)?;
            Ok(told(&page, by_cursor, listed, |one| {
                format!("{}!{}.{}", one.library, one.number, one.version)
            }))
        }
        Kind::Workspaces => {
            let filter = containers::filter(&query, libraries, by_cursor, NOW)?;
            let listed = store.workspaces(who, &filter, &page)?;
            Ok(told(&page, by_cursor, listed, |one| one.id()))
        }
        Kind::Folders => {
            let filter = containers::filter(&query, libraries, by_cursor, NOW)?;
            let listed = store.folders(who, &filter, None, &page)?;
            Ok(told(&page, by_cursor, listed, |one| one.id()))
        }
    }
}

fn told<T>(page: &Page, by_cursor: bool, listed: Listed<T>, id: impl Fn(&T) -> String) -> Found {
    Found {
        ids: listed.items.iter().map(id).collect(),
        total: listed.total,
        cursor: listed.cursor.filter(|_| by_cursor),
        limit: page.limit,
    }
}
