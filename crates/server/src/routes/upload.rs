//! Files on their way in (multipart/form-data, RFC 7578).
//!
//! Parts come in any order; the one named `profile` is JSON, and the first
//! other one is the file. Nothing is changed before everything has come and
//! the file is durable; from then on the change is carried out even when the
//! sender has gone.

use crate::app::SharedApp;
use crate::http::body::{self, LONGEST, SILENCE, read_object};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::host::Host;
use crate::http::ids::PathValues;
use crate::http::respond;
use crate::wire;
use crate::wire::fields::Fields;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use chancery_content::{Content, Landed, Upload};
use chancery_proto::error::codes;
use chancery_proto::headers;
use chancery_proto::ids::LibraryAlias;
use chancery_proto::level::Capability;
use chancery_store::StoreError;
use chancery_store::documents::Version;
use chancery_store::filing::{Profile, StoredContent};
use chancery_store::once::OnceKey;
use futures_util::stream;
use http::{HeaderMap, StatusCode, header};
use multer::{Field, Multipart};
use serde_json::{Map, Value};
use std::sync::Arc;
use tokio::sync::Mutex;

/// A file that came whole, and what was said about it.
pub(crate) struct Received {
    pub(crate) profile: Map<String, Value>,
    pub(crate) file_name: Option<String>,
    pub(crate) file: Upload,
}

/// `POST L/folders/{id}/documents`.
pub(crate) async fn new_document(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let folder = path.container()?;
    let who = caller.into_principal();
    let key = once_key(&app, &headers)?;
    // Asked before any bytes are taken.
    app.store.may_file_into(&folder, &who)?;
    let received = receive(&app.content, &folder.library, &headers, body).await?;
    let (mut profile, checksum) = read(&app, &received, "{}", "")?;
    let inherits = Fields(&received.profile).flag("inherit_profile_from_folder")?;
    profile.inherits_except = inherits
        .unwrap_or(true)
        .then(|| doc_profile(&received).map(|fields| fields.0.keys().cloned().collect()))
        .transpose()?;
    if profile.name.is_none() {
        return Err(ApiError::field(
            "name",
            "it is missing: neither the profile nor the file has one",
        ));
    }
    let (store, now) = (app.store.clone(), app.now());
    let by = who.clone();
    let version = carry_out(received.file, checksum, move |content| async move {
        store
            .add_document(folder, profile, content, key, by, now)
            .await
    })
    .await?;
    Ok(respond::with_warnings(
        StatusCode::CREATED,
        wire::document::profile(&app, host.name(), &version, &who),
    ))
}

/// `POST L/documents/{id}/versions`.
pub(crate) async fn new_version(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let id = path.document()?;
    let who = caller.into_principal();
    let key = once_key(&app, &headers)?;
    app.store.may_add_version(&id, &who)?;
    let before = app.store.version(&id, &who)?;
    let received = receive(&app.content, &id.library, &headers, body).await?;
    let (profile, checksum) = read_change(&app, &received, &before)?;
    let (store, now) = (app.store.clone(), app.now());
    let by = who.clone();
    let version = carry_out(received.file, checksum, move |content| async move {
        store.add_version(id, profile, content, key, by, now).await
    })
    .await?;
    Ok(respond::with_warnings(
        StatusCode::CREATED,
        wire::document::profile(&app, host.name(), &version, &who),
    ))
}

/// `PUT L/documents/{id}/file`.
pub(crate) async fn replace_file(
    State(app): State<SharedApp>,
    caller: Caller,
    host: Host,
    path: PathValues,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let id = path.document()?;
    let who = caller.into_principal();
    app.store.may_change(&id, &who)?;
    let before = app.store.version(&id, &who)?;
    let received = receive(&app.content, &id.library, &headers, body).await?;
    let (profile, checksum) = read_change(&app, &received, &before)?;
    let (store, now) = (app.store.clone(), app.now());
    let by = who.clone();
    let version = carry_out(received.file, checksum, move |content| async move {
        store.replace_content(id, profile, content, by, now).await
    })
    .await?;
    Ok(respond::with_warnings(
        StatusCode::OK,
        wire::document::profile(&app, host.name(), &version, &who),
    ))
}

fn once_key(app: &SharedApp, headers: &HeaderMap) -> Result<Option<OnceKey>, ApiError> {
    if !app.can(Capability::Idempotency) {
        return Ok(None);
    }
    headers
        .get(headers::IDEMPOTENCY_KEY)
        .map(|value| Ok(OnceKey::new(value.to_str().unwrap_or_default())?))
        .transpose()
}

/// Makes the file durable and records it, whether the sender still waits or not.
async fn carry_out<Recording>(
    file: Upload,
    checksum: Option<String>,
    record: impl FnOnce(StoredContent) -> Recording + Send + 'static,
) -> Result<Version, ApiError>
where
    Recording: Future<Output = Result<Version, StoreError>> + Send,
{
    let work = tokio::spawn(async move {
        let landed = land(file, checksum).await?;
        let content = StoredContent {
            hash: landed.hash(),
            size: landed.size(),
        };
        let version = record(content).await?;
        landed.settle();
        Ok(version)
    });
    work.await.map_err(|error| ApiError::internal(&error))?
}

async fn land(file: Upload, checksum: Option<String>) -> Result<Landed, ApiError> {
    let landed = file.finish().await?;
    if let Some(expected) = checksum {
        let found = chancery_content::hex(&landed.hash());
        if !expected.eq_ignore_ascii_case(&found) {
            return Err(ApiError::field(
                "checksum",
                "the file that came is not the one that was meant: its SHA-256 differs. Send it again",
            ));
        }
    }
    Ok(landed)
}

fn doc_profile(received: &Received) -> Result<Fields<'_>, ApiError> {
    let fields = Fields(&received.profile);
    Ok(fields.object("doc_profile")?.unwrap_or(fields))
}

/// The profile and the SHA-256 in hexadecimal, where the sender knows it.
fn read(
    app: &SharedApp,
    received: &Received,
    extra_before: &str,
    extension_before: &str,
) -> Result<(Profile, Option<String>), ApiError> {
    let fields = doc_profile(received)?;
    let mut profile = wire::profile::document(app, fields, extra_before)?;
    let whole = Fields(&received.profile);
    profile.keep_locked = whole.flag("keep_locked")?;
    profile.trustees = wire::security::read_trustees(whole)?;
    wire::profile::complete(
        &mut profile,
        received.file_name.as_deref(),
        extension_before,
    );
    let checksum = fields
        .text("checksum")?
        .and_then(|text| text.strip_prefix("SHA256:"))
        .map(str::to_owned);
    Ok((profile, checksum))
}

/// For a document that is there: its name stays unless the profile says otherwise.
fn read_change(
    app: &SharedApp,
    received: &Received,
    before: &Version,
) -> Result<(Profile, Option<String>), ApiError> {
    let named = doc_profile(received)?.text("name")?.is_some();
    let (mut profile, checksum) = read(app, received, &before.extra, &before.extension)?;
    if !named {
        profile.name = None;
    }
    Ok((profile, checksum))
}

/// Takes the whole body.
pub(crate) async fn receive(
    content: &Content,
    library: &LibraryAlias,
    headers: &HeaderMap,
    body: Body,
) -> Result<Received, ApiError> {
    let boundary = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| multer::parse_boundary(value).ok())
        .ok_or_else(|| {
            ApiError::field(
                "Content-Type",
                "it has to be multipart/form-data with a boundary",
            )
        })?;
    let body = Arc::new(Mutex::new(body));
    let pieces = stream::unfold(Some(Arc::clone(&body)), |body| async {
        let body = body?;
        let next = body::next_piece(&mut *body.lock().await).await;
        match next {
            Ok(Some(piece)) => Some((Ok(piece), Some(body))),
            Ok(None) => None,
            Err(error) => Some((Err(Stopped(error)), None)),
        }
    });
    let mut multipart = Multipart::new(pieces, boundary);
    let mut profile = None;
    let mut file = None;
    while let Some(field) = next_field(&mut multipart).await? {
        let (name, file_name) = disposition(&field);
        if name.as_deref() == Some("profile") {
            if profile.is_some() {
                return Err(ApiError::field("profile", "it came twice"));
            }
            profile = Some(read_profile(field).await?);
        } else if file.is_none() {
            file = Some((file_name, read_file(content, library, field).await?));
        } else {
            // Further parts mean nothing here.
            drop(field);
        }
    }
    // A request that broke off is none, even where its parts are whole: its
    // sender gets no answer and sends it again (RFC 9112, section 8).
    // It reads ahead, and lets go of the body here.
    drop(multipart);
    let mut rest = 0;
    while let Some(piece) = body::next_piece(&mut *body.lock().await).await? {
        rest += piece.len();
        if rest > LONGEST {
            return Err(ApiError::field("body", "too much follows its last part"));
        }
    }
    let Some((file_name, file)) = file else {
        return Err(ApiError::field("file", "there is no part with the file"));
    };
    Ok(Received {
        profile: profile.unwrap_or_default(),
        file_name,
        file,
    })
}

/// Carries our own error through the reader of parts.
#[derive(Debug)]
struct Stopped(ApiError);

impl std::fmt::Display for Stopped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0.body.code_message)
    }
}

impl std::error::Error for Stopped {}

fn of_multipart(error: multer::Error) -> ApiError {
    match error {
        multer::Error::StreamReadFailed(inner) => match inner.downcast::<Stopped>() {
            Ok(stopped) => stopped.0,
            Err(_) => body::cut_off(),
        },
        multer::Error::IncompleteStream
        | multer::Error::IncompleteFieldData { .. }
        | multer::Error::IncompleteHeaders => body::cut_off(),
        other => ApiError::field("body", format!("it is not multipart/form-data: {other}")),
    }
}

async fn next_field(
    multipart: &mut Multipart<'static>,
) -> Result<Option<Field<'static>>, ApiError> {
    multipart.next_field().await.map_err(of_multipart)
}

async fn read_profile(mut field: Field<'static>) -> Result<Map<String, Value>, ApiError> {
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(of_multipart)? {
        if bytes.len() + piece.len() > LONGEST {
            return Err(ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                codes::LIMIT,
                format!("The profile is longer than {LONGEST} bytes."),
            ));
        }
        bytes.extend_from_slice(&piece);
    }
    read_object("profile", &bytes)
}

async fn read_file(
    content: &Content,
    library: &LibraryAlias,
    mut field: Field<'static>,
) -> Result<Upload, ApiError> {
    let mut upload = content.begin(library);
    while let Some(piece) = field.chunk().await.map_err(of_multipart)? {
        // A disk that hangs must not hold the request for ever.
        match tokio::time::timeout(SILENCE, upload.write(piece)).await {
            Ok(outcome) => outcome?,
            Err(_) => {
                return Err(ApiError::unavailable(
                    "The documents' disk does not answer. Nothing was changed. Try again shortly.",
                    "writing an upload took too long",
                ));
            }
        }
    }
    Ok(upload)
}

/// Name and file name of a part. Clients quote them or do not, put spaces
/// around `=`, and send whole paths; RFC 7578, section 4.2 is read generously.
fn disposition(field: &Field<'_>) -> (Option<String>, Option<String>) {
    let value = field
        .headers()
        .get(header::CONTENT_DISPOSITION)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .unwrap_or_default();
    parse_disposition(&value)
}

fn parse_disposition(value: &str) -> (Option<String>, Option<String>) {
    let (mut name, mut file_name, mut extended) = (None, None, None);
    for parameter in split_parameters(value) {
        let Some((key, text)) = parameter.split_once('=') else {
            continue;
        };
        let text = unquoted(text.trim());
        match key.trim().to_ascii_lowercase().as_str() {
            "name" => name = Some(text),
            "filename" => file_name = Some(text),
            "filename*" => extended = decode_extended(&text),
            _ => {}
        }
    }
    (name, extended.or(file_name).filter(|name| !name.is_empty()))
}

/// Splits at `;` outside quotes.
fn split_parameters(value: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (index, character) in value.char_indices() {
        match character {
            '"' => quoted = !quoted,
            ';' if !quoted => {
                parts.push(value.get(start..index).unwrap_or_default());
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(value.get(start..).unwrap_or_default());
    parts
}

/// Only `\"` is an escape: clients send paths with single backslashes.
fn unquoted(text: &str) -> String {
    match text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(inner) => inner.replace("\\\"", "\"").replace("%22", "\""),
        None => text.to_owned(),
    }
}

/// `UTF-8''na%C3%AFve.txt` (RFC 8187, section 3.2.1).
fn decode_extended(text: &str) -> Option<String> {
    let mut parts = text.splitn(3, '\'');
    let charset = parts.next()?;
    let encoded = parts.nth(1)?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    percent_encoding::percent_decode_str(encoded)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::parse_disposition;

    #[test]
    fn parts_are_named_in_every_way_that_clients_do_it() {
        let parse = |text: &str| {
            let (name, file) = parse_disposition(text);
            (name.unwrap_or_default(), file.unwrap_or_default())
        };
        let both = |name: &str, file: &str| (name.to_owned(), file.to_owned());
        assert_eq!(parse("form-data; name=profile"), both("profile", ""));
        assert_eq!(
            parse("form-data; name=\"profile\"; filename=\"blob\""),
            both("profile", "blob")
        );
        assert_eq!(parse("form-data; name =\"myFile\""), both("myFile", ""));
        assert_eq!(
            parse(r#"form-data; name="file"; filename="C:\a;b\Letter.docx""#),
            both("file", r"C:\a;b\Letter.docx")
        );
        assert_eq!(
            parse("form-data; name=file; filename=\"x\"; filename*=UTF-8''na%C3%AFve.txt"),
            both("file", "naïve.txt")
        );
        assert_eq!(parse(""), both("", ""));
    }
}
