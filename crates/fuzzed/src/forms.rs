//! Forms, and the addresses in them that a browser may be sent to.

use chancery_server::fuzzing::{form, is_challenge, leads_somewhere};

pub(crate) fn hold(bytes: &[u8]) {
    let fields = form(bytes);
    assert!(
        fields.len() <= bytes.len() + 1,
        "a field takes a byte at least"
    );
    for (name, value) in &fields {
        address(name);
        address(value);
        if is_challenge(value) {
            assert_eq!(value.len(), 43, "32 bytes in base64url");
        }
    }
    // Written again it is read as the same.
    let mut again = url::form_urlencoded::Serializer::new(String::new());
    again.extend_pairs(&fields);
    assert_eq!(form(again.finish().as_bytes()), fields);
}

/// What may be registered goes into a header, and leads to where it says.
fn address(text: &str) {
    if !leads_somewhere(text) {
        return;
    }
    assert!(text.is_ascii() && text.len() <= 2000);
    assert!(!text.contains(|letter: char| letter.is_whitespace() || letter.is_control()));
    assert!(!text.contains(['#', '"', '\'', '<', '>', ';', ',']));
    let scheme = text.split(':').next().unwrap_or_default();
    assert!(!matches!(
        scheme,
        "javascript" | "data" | "file" | "blob" | "about"
    ));
    if scheme == "http" {
        let rest = text.strip_prefix("http://").unwrap_or_default();
        let host = rest.split([':', '/', '?']).next().unwrap_or_default();
        assert!(
            matches!(host, "127.0.0.1" | "localhost") || rest.starts_with("[::1]"),
            "{text}"
        );
    }
    if let Ok(read) = url::Url::parse(text) {
        assert!(
            read.username().is_empty() && read.password().is_none(),
            "{text}"
        );
    }
}
