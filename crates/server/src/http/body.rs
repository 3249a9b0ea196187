//! Bodies that are read whole: JSON and forms, small and bounded.

use crate::http::error::ApiError;
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::{Bytes, BytesMut};
use chancery_proto::error::codes;
use http::{StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value};
use std::time::Duration;

/// The longest body that is read whole.
pub(crate) const LONGEST: usize = 1024 * 1024;
/// A sender that is silent for so long has gone.
pub(crate) const SILENCE: Duration = Duration::from_secs(120);

/// The next piece of a body, or none at its end.
pub(crate) async fn next_piece(body: &mut Body) -> Result<Option<Bytes>, ApiError> {
    loop {
        match tokio::time::timeout(SILENCE, body.frame()).await {
            Err(_) => {
                return Err(ApiError::new(
                    StatusCode::REQUEST_TIMEOUT,
                    codes::LIMIT,
                    format!(
                        "Nothing came for {} seconds. Nothing was changed. Send it again.",
                        SILENCE.as_secs()
                    ),
                ));
            }
            Ok(None) => return Ok(None),
            Ok(Some(Err(_))) => return Err(cut_off()),
            Ok(Some(Ok(frame))) => {
                // Trailers are of no interest.
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

pub(crate) fn cut_off() -> ApiError {
    ApiError::field("body", "it was cut off. Nothing was changed. Send it again")
}

async fn whole(body: Body) -> Result<Bytes, ApiError> {
    let mut body = body;
    let mut all = BytesMut::new();
    while let Some(piece) = next_piece(&mut body).await? {
        if all.len() + piece.len() > LONGEST {
            return Err(ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                codes::LIMIT,
                format!("The body is longer than {LONGEST} bytes."),
            ));
        }
        all.extend_from_slice(&piece);
    }
    Ok(all.freeze())
}

/// A JSON object.
#[derive(Debug)]
pub(crate) struct JsonObject(pub(crate) Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for JsonObject {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let bytes = whole(request.into_body()).await?;
        read_object("body", &bytes).map(Self)
    }
}

/// The same where nothing has to be said: no body is an empty object.
pub(crate) struct MaybeObject(pub(crate) Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for MaybeObject {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let bytes = whole(request.into_body()).await?;
        if bytes.is_empty() {
            return Ok(Self(Map::new()));
        }
        read_object("body", &bytes).map(Self)
    }
}

/// Reads a JSON object (RFC 8259) or says where it is none.
pub(crate) fn read_object(field: &str, bytes: &[u8]) -> Result<Map<String, Value>, ApiError> {
    // Some clients begin with a byte order mark, against RFC 8259, section 8.1.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(ApiError::field(
            field,
            "it has to be a JSON object, like {\"name\": \"value\"}",
        )),
        Err(error) => Err(ApiError::field(field, format!("it is not JSON: {error}"))),
    }
}

/// A form (application/x-www-form-urlencoded), in the body and in the query.
#[derive(Debug)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// The value of a field; the body wins over the query.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// The first field that came more than once, which those of an
    /// authorization must not (RFC 6749, section 3.1).
    pub(crate) fn repeated(&self) -> Option<&str> {
        let fields = &self.0;
        fields
            .iter()
            .enumerate()
            .find(|(index, (key, _))| fields[..*index].iter().any(|(other, _)| other == key))
            .map(|(_, (key, _))| key.as_str())
    }

    /// All of it, in its order.
    pub(crate) fn fields(&self) -> &[(String, String)] {
        &self.0
    }

    /// Reads a form as it travels.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(bytes).into_owned().collect())
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let is_json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("application/json"));
        let bytes = whole(request.into_body()).await?;
        if is_json {
            return Err(ApiError::field(
                "body",
                "it has to be a form (application/x-www-form-urlencoded), not JSON",
            ));
        }
        let mut form = Self::read(&bytes);
        form.0.extend(Self::read(query.as_bytes()).0);
        Ok(form)
    }
}
