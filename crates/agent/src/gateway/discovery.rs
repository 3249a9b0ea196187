//! Discovery on its way back: clients build every later address from it, so
//! its addresses have to lead through the agent.

use super::headers;
use crate::refusal::Refusal;
use crate::seat::Seat;
use chancery_client::local::{Body, full_body};
use chancery_proto::local::HOST;
use http::{HeaderMap, HeaderValue, Response, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// The longest discovery that is read.
const LONGEST: usize = 1024 * 1024;
/// It has come whole within this time.
const PATIENCE: Duration = Duration::from_secs(15);

/// Asks for the whole of it, in a form that can be read here.
pub(super) fn ask_plainly(headers: &mut HeaderMap) {
    headers.remove(header::RANGE);
    headers.insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
}

/// The answer with `versions[].url` leading here; nothing else is touched.
pub(super) async fn rewritten(
    response: Response<Incoming>,
    seat: &Arc<Seat>,
) -> Result<Response<Body>, Refusal> {
    let (mut parts, body) = response.into_parts();
    let address = seat.remote.address().to_string();
    let nonsense = |why: &str| {
        Refusal::new(
            http::StatusCode::BAD_GATEWAY,
            chancery_proto::error::agent_codes::BAD_ANSWER,
            format!(
                "{address} answered with something that makes no sense ({why}). Tell your administrator."
            ),
        )
    };
    let read = Limited::new(body, LONGEST).collect();
    let bytes = tokio::time::timeout(PATIENCE, read)
        .await
        .map_err(|_| nonsense("its discovery does not end"))?
        .map_err(|_| nonsense("its discovery broke off or is too long"))?
        .to_bytes();
    let mut json: Value =
        serde_json::from_slice(&bytes).map_err(|_| nonsense("its discovery is not JSON"))?;
    if let Some(versions) = json
        .pointer_mut("/data/versions")
        .and_then(Value::as_array_mut)
    {
        for version in versions {
            if let Some(url) = version.get_mut("url")
                && let Some(path) = url.as_str().and_then(path_of)
            {
                *url = Value::from(format!("http://{HOST}{path}"));
            }
        }
    }
    let bytes = serde_json::to_vec(&json).map_err(|error| Refusal::internal(&error))?;
    headers::backward(&mut parts.headers);
    parts
        .headers
        .insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    parts.headers.remove(header::ETAG);
    parts.extensions = http::Extensions::new();
    Ok(Response::from_parts(parts, full_body(bytes)))
}

/// What stands behind scheme, host and port.
fn path_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    Some(
        rest.find('/')
            .and_then(|slash| rest.get(slash..))
            .unwrap_or(""),
    )
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[test]
    fn only_the_place_is_changed() {
        assert_eq!(
            path_of("https://work.example.com:8443/work/api/v2"),
            Some("/work/api/v2")
        );
        assert_eq!(path_of("https://work.example.com"), Some(""));
        assert_eq!(path_of("/work/api/v2"), None);
    }
}
