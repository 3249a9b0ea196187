//! Which paths pass the gateway.

use chancery_agent::fuzzing::passed;
use chancery_server::fuzzing::canonical;
use http::Uri;
use percent_encoding::percent_decode_str;

pub(crate) fn hold(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    one_spelling(text);
    let uri: Option<Uri> = text.parse().ok();
    let path = uri.as_ref().map_or(text, Uri::path);
    let Some((sent, is_discovery)) = passed(path) else {
        return;
    };
    assert!(sent.starts_with('/') && !sent.contains("//"), "{sent}");
    assert_eq!(
        passed(&sent),
        Some((sent.clone(), is_discovery)),
        "what passed passes as it is"
    );
    if uri.is_some() {
        assert!(sent.parse::<Uri>().is_ok(), "{sent} can be sent");
    }
    leads_nowhere_else(&sent, is_discovery);
    let known = canonical(&sent);
    for forbidden in ["/auth", "/login", "/api/v1/session", "/health", "/metrics"] {
        assert!(
            !known.to_ascii_lowercase().starts_with(forbidden),
            "{sent} is {known} to the server"
        );
    }
}

/// However often a server decodes it, and whether or not it takes what stands
/// behind `;` for a segment's parameter (RFC 3986, section 3.3).
fn leads_nowhere_else(sent: &str, is_discovery: bool) {
    let mut read = sent.to_owned();
    for _ in 0..2 {
        read = percent_decode_str(&read)
            .decode_utf8()
            .expect("text, as often as it is decoded")
            .into_owned();
        assert!(!read.contains(['\\', '\0']), "{sent} hides {read}");
        let segments: Vec<String> = read
            .split('/')
            .skip(1)
            .map(|segment| {
                let bare = segment.split(';').next().unwrap_or_default();
                bare.to_ascii_lowercase()
            })
            .collect();
        assert_eq!(
            segments.len(),
            sent.split('/').count() - 1,
            "{sent} has other segments as {read}"
        );
        assert!(
            !segments.iter().any(|one| one == "." || one == ".."),
            "{sent} climbs as {read}"
        );
        let first = segments.first().map(String::as_str);
        assert!(
            matches!(first, Some("work" | "api" | "platform")),
            "{sent} leaves the Work API as {read}"
        );
        assert!(
            !segments.iter().take(5).any(|one| one == "session"),
            "{sent} signs in as {read}"
        );
        assert!(!is_discovery || segments.len() <= 2, "{sent} is discovery");
    }
}

/// The server's own reading of any path.
fn one_spelling(text: &str) {
    let known = canonical(text);
    assert_eq!(canonical(&known), known, "{text} has one spelling");
    assert!(known.len() <= text.len());
}
