//! Files on their way out, whole or by range (RFC 9110, section 14).

use crate::app::{App, SharedApp};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::ids::PathValues;
use crate::http::query::Query;
use crate::wire::types;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use chancery_content::{ContentError, Reader};
use chancery_proto::error::codes;
use chancery_proto::ids::DocumentId;
use chancery_proto::level::Capability;
use chancery_store::access::Principal;
use chancery_store::documents::Version;
use chancery_store::history::Activity;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body::Frame;
use http_body_util::StreamBody;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::ops::Range;

/// What RFC 8187 lets stand in an extended value.
const KEPT: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// `GET L/documents/{id}/download[/{name}]`, and `HEAD` for its length.
pub(crate) async fn download(
    State(app): State<SharedApp>,
    caller: Caller,
    method: Method,
    path: PathValues,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let who = caller.principal();
    let version = wanted(&app, path.document()?, &query, who)?;
    let etag = format!("\"{}\"", chancery_content::hex(&version.hash));
    let ranges = app.can(Capability::DocumentsRanges);
    let part = if ranges && method == Method::GET {
        range(&headers, version.size, &etag)?
    } else {
        None
    };
    let range = part.clone().unwrap_or(0..version.size);
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        let body = bytes_of(&app, &version, range.clone()).await?;
        // Later parts belong to the fetching that began with the first one.
        if range.start == 0 {
            let activity = match query.text("activity") {
                Some("export") => Activity::Export,
                _ => Activity::View,
            };
            note(&app, &version, activity, who).await;
        }
        body
    };
    let mut response = file(&version, body);
    let answer = response.headers_mut();
    let length = range.end.saturating_sub(range.start);
    answer.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if let Ok(value) = HeaderValue::from_str(&etag) {
        answer.insert(header::ETAG, value);
    }
    if ranges {
        answer.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    }
    if let Some(part) = part {
        let text = format!("bytes {}-{}/{}", part.start, part.end - 1, version.size);
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().insert(header::CONTENT_RANGE, value);
        }
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// The bytes of a version, or a part of them.
pub(crate) async fn bytes_of(
    app: &App,
    version: &Version,
    range: Range<u64>,
) -> Result<Body, ApiError> {
    let library = version.library.parse().map_err(ApiError::from)?;
    let reader = app.content.read(&library, &version.hash, range).await?;
    Ok(stream_of(reader))
}

/// An answer with a version's bytes, named and kept from doing harm.
pub(crate) fn file(version: &Version, body: Body) -> Response {
    let mut response = Response::new(body);
    let answer = response.headers_mut();
    let media = types::of_extension(&version.extension).media;
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    answer.insert(header::CONTENT_DISPOSITION, disposition(version));
    // Whatever a document contains, it does not run as part of this site.
    answer.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("sandbox; default-src 'none'"),
    );
    response
}

/// Writes down who fetched it. Where that cannot be done the work goes on, and
/// the log says so.
async fn note(app: &App, version: &Version, activity: Activity, who: &Principal) {
    let noted = app
        .store
        .note_fetched(version.clone(), activity, who.clone(), app.now());
    if let Err(error) = noted.await {
        tracing::error!(%error, user = who.user, "a download could not be written to the history");
    }
}

/// The version that is meant: the one named, `version=vN`, or `latest=true`.
fn wanted(
    app: &App,
    mut id: DocumentId,
    query: &Query,
    who: &Principal,
) -> Result<Version, ApiError> {
    if let Some(text) = query.text("version") {
        id.version = text
            .trim_start_matches(['v', 'V'])
            .parse()
            .map_err(|_| ApiError::field("version", "it has to be a number, like v2"))?;
    }
    let version = app.store.version(&id, who)?;
    if query.flag("latest")? && version.version != version.latest {
        id.version = version.latest;
        return Ok(app.store.version(&id, who)?);
    }
    Ok(version)
}

/// The part that is asked for. Several parts at once, other units and what
/// cannot be read are answered with the whole, as RFC 9110, section 14.2 allows.
pub(crate) fn range(
    headers: &HeaderMap,
    size: u64,
    etag: &str,
) -> Result<Option<Range<u64>>, ApiError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(asked) = text(header::RANGE) else {
        return Ok(None);
    };
    // The content changed since the first part came: begin again (section 13.1.5).
    if text(header::IF_RANGE).is_some_and(|condition| condition != etag) {
        return Ok(None);
    }
    let Some(one) = asked.trim().strip_prefix("bytes=") else {
        return Ok(None);
    };
    let Some((first, last)) = one.trim().split_once('-') else {
        return Ok(None);
    };
    if one.contains(',') {
        return Ok(None);
    }
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let part = match (first.trim(), last.trim()) {
        ("", last) => match number(last) {
            None => return Ok(None),
            Some(length) => size.saturating_sub(length)..size,
        },
        (first, "") => match number(first) {
            None => return Ok(None),
            Some(first) => first..size,
        },
        (first, last) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
            _ => return Ok(None),
        },
    };
    if part.start >= part.end {
        return Err(ApiError::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            codes::INVALID_PARAM,
            format!("Range: the document has {size} bytes and nothing there."),
        ));
    }
    Ok(Some(part))
}

fn stream_of(reader: Reader) -> Body {
    let frames = stream::unfold(reader, |mut reader| async {
        let next: Result<_, ContentError> = reader.next().await?;
        if let Err(error) = &next {
            tracing::error!(%error, "a download broke off");
        }
        Some((next.map(Frame::data), reader))
    });
    Body::new(StreamBody::new(frames))
}

/// Both spellings of the file's name (RFC 6266, section 4.3).
fn disposition(version: &Version) -> HeaderValue {
    let name = if version.extension.is_empty() {
        version.name.clone()
    } else {
        format!("{}.{}", version.name, version.extension)
    };
    // Neither spelling can name a place or end the header.
    let name: String = name
        .chars()
        .map(|character| match character {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
            other if other.is_control() => '_',
            other => other,
        })
        .collect();
    let plain: String = name
        .chars()
        .map(|character| if character.is_ascii() { character } else { '_' })
        .collect();
    let text = if plain == name {
        format!("attachment; filename=\"{plain}\"")
    } else {
        format!(
            "attachment; filename=\"{plain}\"; filename*=UTF-8''{}",
            utf8_percent_encode(&name, &KEPT)
        )
    };
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::range;
    use http::{HeaderMap, HeaderValue, header};

    fn ask(text: &'static str, size: u64) -> Result<Option<(u64, u64)>, u16> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, HeaderValue::from_static(text));
        range(&headers, size, "\"e\"")
            .map(|part| part.map(|part| (part.start, part.end)))
            .map_err(|error| error.status.as_u16())
    }

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        assert_eq!(ask("bytes=0-0", 10), Ok(Some((0, 1))));
        assert_eq!(ask("bytes=2-", 10), Ok(Some((2, 10))));
        assert_eq!(ask("bytes=-3", 10), Ok(Some((7, 10))));
        assert_eq!(ask("bytes=-30", 10), Ok(Some((0, 10))));
        assert_eq!(ask("bytes=5-99", 10), Ok(Some((5, 10))));
        assert_eq!(ask("bytes=10-", 10), Err(416));
        assert_eq!(ask("bytes=-0", 10), Err(416));
        assert_eq!(ask("bytes=0-", 0), Err(416));
        for whole in [
            "bytes=5-2",
            "bytes=0-1,4-5",
            "items=0-1",
            "bytes=a-b",
            "bytes=1",
        ] {
            assert_eq!(ask(whole, 10), Ok(None), "{whole}");
        }
        assert_eq!(ask("bytes=0-18446744073709551615", 10), Ok(Some((0, 10))));
    }

    #[test]
    fn a_part_of_changed_content_is_the_whole() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, HeaderValue::from_static("bytes=2-"));
        headers.insert(header::IF_RANGE, HeaderValue::from_static("\"old\""));
        assert_eq!(
            range(&headers, 10, "\"new\"")
                .map(|part| part.is_none())
                .ok(),
            Some(true)
        );
    }
}
