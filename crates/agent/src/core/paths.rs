//! Which paths pass through the gateway.
//!
//! What is checked is what the server will see: the path is normalised first,
//! and every segment is decoded before it is looked at.

use percent_encoding::percent_decode_str;

/// Why a path does not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotPassed {
    /// It has a segment that hides another path: `.`, `..`, an encoded slash,
    /// a backslash or a NUL.
    Disguised,
    /// It leads to signing in or out: the agent does that.
    SignIn,
    /// It is not the Work API.
    Elsewhere,
}

/// A path that passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Passed {
    /// As it is sent on: without doubled slashes.
    pub(crate) path: String,
    /// Discovery, whose addresses are rewritten.
    pub(crate) is_discovery: bool,
}

/// Prefixes that are forwarded, segment by segment.
const FORWARDED: [&[&str]; 4] = [
    &["work", "api"],
    &["api", "v2"],
    &["work", "web", "api"],
    &["platform", "api"],
];

/// Decides about a path (without query).
pub(crate) fn pass(path: &str) -> Result<Passed, NotPassed> {
    let mut raw = Vec::new();
    let mut plain = Vec::new();
    let mut signs_in = false;
    let mut is_below_session = false;
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        if !is_escaped(segment) {
            return Err(NotPassed::Disguised);
        }
        // Of `session` at the end, a file's name for instance, more below.
        signs_in |= is_below_session;
        let decoded = percent_decode_str(segment)
            .decode_utf8()
            .map_err(|_| NotPassed::Disguised)?;
        for reading in readings(&decoded)? {
            if is_hiding(&reading) {
                return Err(NotPassed::Disguised);
            }
            if is_session(&reading) {
                // Right behind a version it is no file's name.
                signs_in |= plain.len() < 5;
                is_below_session = true;
            }
        }
        raw.push(segment);
        plain.push(decoded.to_ascii_lowercase());
    }
    let plain: Vec<&str> = plain.iter().map(String::as_str).collect();
    let path = format!("/{}", raw.join("/"));
    if matches!(plain.as_slice(), ["api"] | ["work", "api"]) {
        return Ok(Passed {
            path,
            is_discovery: true,
        });
    }
    signs_in |= matches!(plain.first(), Some(&("auth" | "login")));
    if signs_in {
        return Err(NotPassed::SignIn);
    }
    if FORWARDED
        .iter()
        .any(|prefix| plain.len() > prefix.len() && plain.starts_with(prefix))
    {
        return Ok(Passed {
            path,
            is_discovery: false,
        });
    }
    Err(NotPassed::Elsewhere)
}

/// What a segment may be taken for: as it is, decoded once more, and each
/// without what follows a semicolon, which some servers cut off.
fn readings(decoded: &str) -> Result<[String; 4], NotPassed> {
    let twice = percent_decode_str(decoded)
        .decode_utf8()
        .map_err(|_| NotPassed::Disguised)?;
    let bare = |text: &str| text.split(';').next().unwrap_or_default().to_owned();
    Ok([
        bare(decoded),
        bare(&twice),
        decoded.to_owned(),
        twice.into_owned(),
    ])
}

/// Whether each `%` begins a byte written in two digits. Anything else is read
/// by each server in its own way.
fn is_escaped(segment: &str) -> bool {
    segment.split('%').skip(1).all(|after| {
        let digits = after.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Whether a server may take it for `session`: by letters that are the same in
/// capitals, or without the dots and spaces at its end.
fn is_session(reading: &str) -> bool {
    reading.trim_end_matches(['.', ' ']).to_uppercase() == "SESSION"
}

fn is_hiding(reading: &str) -> bool {
    reading == "."
        || reading == ".."
        || reading.contains(['/', '\\'])
        || reading.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::{NotPassed, pass};
    use proptest::prelude::*;

    #[test]
    fn the_work_api_passes_under_every_prefix() {
        for path in [
            "/work/api/v2/customers/1/libraries",
            "/api/v2/customers/1/libraries/ACTIVE/documents/ACTIVE!1.1",
            "/work/web/api/v2/customers/1/libraries/ACTIVE/documents/ACTIVE%211.1/download/session",
            "/platform/api/v2/customers/1/sessions",
        ] {
            assert_eq!(pass(path).map(|passed| passed.path).as_deref(), Ok(path));
        }
        assert_eq!(
            pass("/work/api//v2///customers").map(|passed| passed.path),
            Ok("/work/api/v2/customers".to_owned())
        );
        assert!(pass("/api").expect("passes").is_discovery);
        assert!(pass("//work/api/").expect("passes").is_discovery);
    }

    #[test]
    fn signing_in_does_not_pass_however_it_is_written() {
        for path in [
            "/auth/oauth2/token",
            "/login/terminate",
            "/AUTH/logout",
            "/work/api/v1/session/login",
            "/work/api/v1//session//login",
            "/work/api/v1/%73ession/login",
            "/work/api/v1/SESSION/login",
            "/api/v2/session/login",
            "/api/v2/session;a=b/login",
            "/api/v2/%2573ession/login",
            "/api/v2/session./login",
            "/api/v2/session%20/login",
            "/api/v2/%C5%BFession/login",
            "/work/api/v2/customers/1/session/login",
        ] {
            assert_eq!(pass(path), Err(NotPassed::SignIn), "{path}");
        }
    }

    #[test]
    fn disguises_do_not_pass() {
        for path in [
            "/work/api/../auth/token",
            "/work/api/%2e%2e/auth/token",
            "/work/api/v2/%2fauth",
            "/work/api/v2/a%5cb",
            "/work/api/v2/a%00b",
            "/work/api/%252e%252e/auth",
            "/work/api/v2/%ff",
            "/work/api/..;/auth/token",
            "/work/api/..;a=b/auth/token",
            "/work/api/%2e.;/auth/token",
            "/work/api/v2/a%0d%0ab",
            "/work/api/./v2",
            "/work/api/v2/%u0073ession/login",
            "/work/api/v2/100%",
            "/work/api/v2/%2",
        ] {
            assert_eq!(pass(path), Err(NotPassed::Disguised), "{path}");
        }
    }

    #[test]
    fn everything_else_stays_here() {
        for path in [
            "/",
            "/api/v1/x",
            "/work",
            "/health/live",
            "/metrics",
            "/agent/v1/x",
            "/api/v3/x",
        ] {
            assert_eq!(pass(path), Err(NotPassed::Elsewhere), "{path}");
        }
    }

    proptest! {
        #[test]
        fn what_passes_reaches_neither_sign_in_nor_another_prefix(path in "(/|[a-z]{1,3}|\\.|%2e|%2f|%5c|session|auth|work|api|v2|%73|%25|;|%3b){0,12}") {
            if let Ok(passed) = pass(&path) {
                let decoded = percent_encoding::percent_decode_str(&passed.path).decode_utf8().expect("text").to_string();
                prop_assert!(!decoded.contains(".."));
                prop_assert!(!decoded.contains("//"));
                prop_assert!(!decoded.starts_with("/auth"));
                prop_assert!(decoded.starts_with("/work/") || decoded.starts_with("/api") || decoded.starts_with("/platform/"));
                prop_assert!(!decoded.split('/').take(6).any(|segment| segment.split(';').next() == Some("session")));
            }
        }
    }
}
