//! What passes the gateway, there and back.

use crate::lines;
use chancery_agent::fuzzing::{allowed, backward, onward};
use chancery_proto::local::Interaction;
use http::{HeaderMap, HeaderName, header};

/// What belongs to one connection, and what says who somebody is.
const NEVER_ON: [&str; 21] = [
    "authorization",
    "x-auth-token",
    "x-xsrf-token",
    "cookie",
    "host",
    "origin",
    "referer",
    "x-original-url",
    "x-rewrite-url",
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
    "chancery-server",
    "chancery-interaction",
];
const NEVER_BACK: [&str; 13] = [
    "set-cookie",
    "set-cookie2",
    "x-auth-token",
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
/// Stay with the agent, and are no secret.
const FOR_THE_AGENT: [&str; 3] = ["chancery-application", "chancery-background", "expect"];

pub(crate) fn hold(bytes: &[u8]) {
    let from = lines::headers(bytes);
    goes_on(&from);
    comes_back(&from);
    is_allowed(&from);
}

fn goes_on(from: &HeaderMap) {
    let named = named(from);
    let still = onward(from, false);
    for name in NEVER_ON {
        assert!(!still.contains_key(name), "{name} went on");
    }
    for name in from.keys() {
        // Servers read `X_Auth_Token` as the real one.
        let read_as = name.as_str().replace('_', "-");
        let stays = NEVER_ON.contains(&read_as.as_str())
            || FOR_THE_AGENT.contains(&read_as.as_str())
            || named.contains(name);
        let before: Vec<_> = from.get_all(name).iter().collect();
        let after: Vec<_> = still.get_all(name).iter().collect();
        if stays {
            assert!(after.is_empty(), "{name} went on");
        } else {
            assert_eq!(before, after, "{name} goes on as it was");
        }
    }
    assert!(still.len() <= from.len());
    let mut silently = onward(from, true);
    let said: Vec<_> = silently.get_all("chancery-background").iter().collect();
    assert_eq!(said, ["1"]);
    silently.remove("chancery-background");
    assert_eq!(silently, still);
}

fn comes_back(from: &HeaderMap) {
    let named = named(from);
    let mut answer = from.clone();
    backward(&mut answer);
    for name in from.keys() {
        let stays = NEVER_BACK.contains(&name.as_str()) || named.contains(name);
        let before: Vec<_> = from.get_all(name).iter().collect();
        let after: Vec<_> = answer.get_all(name).iter().collect();
        if stays {
            assert!(after.is_empty(), "{name} came back");
        } else {
            assert_eq!(before, after, "{name} comes back as it was");
        }
    }
    let once = answer.clone();
    backward(&mut answer);
    assert_eq!(answer, once);
}

/// What `Connection` makes hop by hop, whatever else stands in it.
fn named(from: &HeaderMap) -> Vec<HeaderName> {
    from.get_all(header::CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .filter(|name| name != header::CONTENT_LENGTH && name != header::CONTENT_TYPE)
        .collect()
}

fn is_allowed(from: &HeaderMap) {
    let Some(allowed) = allowed(from) else {
        let names = ["chancery-interaction", "chancery-background"];
        assert!(names.iter().any(|name| from.contains_key(*name)));
        return;
    };
    let is_background = from
        .get("chancery-background")
        .is_some_and(|value| value == "1");
    if is_background || !from.contains_key("chancery-interaction") {
        assert_eq!(allowed.by_call, Interaction::Never);
    }
    assert_ne!(allowed.fulfilled, Interaction::Force);
    if let Some(name) = allowed.application {
        assert!(!name.is_empty() && name.chars().count() <= 80);
        assert!(!name.chars().any(char::is_control) && name.trim() == name);
    }
}
