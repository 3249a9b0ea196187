//! Which headers pass, and which never do.

use chancery_client::remote::{RemoteError, token_value};
use chancery_proto::headers::{APPLICATION, BACKGROUND, INTERACTION, SERVER, X_AUTH_TOKEN};
use chancery_proto::secret::Secret;
use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Hop by hop (RFC 9110, section 7.6.1): they belong to one connection.
const HOP_BY_HOP: [&str; 10] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];
/// The caller's own words about who they are, and what is meant for the agent.
const STAYS_HERE: [&str; 14] = [
    "authorization",
    X_AUTH_TOKEN,
    "x-xsrf-token",
    "cookie",
    "host",
    "origin",
    "referer",
    "expect",
    // Servers that know these take them for the path.
    "x-original-url",
    "x-rewrite-url",
    SERVER,
    INTERACTION,
    APPLICATION,
    BACKGROUND,
];

/// What goes on to the server.
pub(crate) fn onward(from: &HeaderMap, background: bool) -> HeaderMap {
    let named = named_by_connection(from);
    let mut to = HeaderMap::with_capacity(from.len());
    for (name, value) in from {
        // Many servers read `X_Auth_Token` as if it were the real one.
        let read_as = name.as_str().replace('_', "-");
        let stays = HOP_BY_HOP.contains(&read_as.as_str())
            || STAYS_HERE.contains(&read_as.as_str())
            || named.contains(name);
        if !stays {
            to.append(name.clone(), value.clone());
        }
    }
    if background {
        to.insert(
            HeaderName::from_static(BACKGROUND),
            HeaderValue::from_static("1"),
        );
    }
    to
}

/// Leaves on an answer what the caller may see.
pub(crate) fn backward(headers: &mut HeaderMap) {
    for name in named_by_connection(headers) {
        headers.remove(name);
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    headers.remove(header::SET_COOKIE);
    headers.remove("set-cookie2");
    headers.remove(X_AUTH_TOKEN);
}

/// `Connection: close, X-Mine` makes `X-Mine` hop by hop too.
fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    headers
        .get_all(header::CONNECTION)
        .iter()
        // Whatever else stands there, each name counts.
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        // A caller cannot make a length or a type disappear.
        .filter(|name: &HeaderName| name != header::CONTENT_LENGTH && name != header::CONTENT_TYPE)
        .collect()
}

pub(super) fn add_token(headers: &mut HeaderMap, token: &Secret) -> Result<(), RemoteError> {
    let value = token_value(token)?;
    headers.insert(HeaderName::from_static(X_AUTH_TOKEN), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{backward, onward};
    use http::{HeaderMap, HeaderName, HeaderValue};

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn what_a_caller_says_about_themselves_stays_here() {
        let from = headers(&[
            ("authorization", "Bearer stolen"),
            ("x-auth-token", "stolen"),
            ("x_auth_token", "stolen"),
            ("x-original-url", "/auth/oauth2/token"),
            ("cookie", "a=b"),
            ("connection", "keep-alive, x-mine"),
            ("x-mine", "1"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("chancery-application", "tests"),
            ("chancery-background", "1"),
            ("content-type", "text/plain"),
            ("range", "bytes=0-"),
            ("idempotency-key", "k"),
        ]);
        let to = onward(&from, false);
        let mut names: Vec<&str> = to.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["content-type", "idempotency-key", "range"]);
        assert_eq!(
            onward(&from, true)
                .get("chancery-background")
                .map(HeaderValue::as_bytes),
            Some(b"1".as_slice())
        );
    }

    #[test]
    fn no_cookie_and_no_token_come_back() {
        let mut answer = headers(&[
            ("set-cookie", "a=b"),
            ("x-auth-token", "secret"),
            ("connection", "close"),
            ("etag", "\"e\""),
        ]);
        backward(&mut answer);
        let names: Vec<&str> = answer.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["etag"]);
    }
}
