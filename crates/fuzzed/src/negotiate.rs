//! `Authorization: Negotiate`, and the message in it, before any library sees
//! it. The bytes are a header's value, and a message.

use chancery_kerberos::{LONGEST_TOKEN, first_message};
use chancery_server::fuzzing::negotiate;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

/// The frame of a Kerberos message: its name (RFC 4121, section 4.1).
const KERBEROS: &[u8] = &[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02,
];

pub(crate) fn hold(bytes: &[u8]) {
    message(bytes);
    let Ok(value) = HeaderValue::from_bytes(bytes) else {
        return;
    };
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, value);
    match negotiate(&headers) {
        None => {
            let scheme = bytes.get(.."Negotiate ".len()).unwrap_or_default();
            assert!(
                !scheme.eq_ignore_ascii_case(b"Negotiate "),
                "a token was taken for another scheme's"
            );
        }
        Some(Err(why)) => assert!(!why.is_empty(), "a reason is said"),
        Some(Ok(token)) => {
            assert!(token.len() <= LONGEST_TOKEN + 3, "a token has an end");
            message(&token);
        }
    }
}

/// What is let through to the library is framed as Kerberos, and is a piece of
/// what came.
fn message(token: &[u8]) {
    let Ok((_, message)) = first_message(token) else {
        return;
    };
    assert!(message.starts_with(&[0x60]), "it is framed");
    let begin = message.get(..16).unwrap_or(message);
    let is_named = begin.windows(KERBEROS.len()).any(|part| part == KERBEROS);
    assert!(is_named, "it is Kerberos: {begin:?}");
    let place = token.as_ptr_range();
    let inside = message.as_ptr_range();
    assert!(place.start <= inside.start && inside.end <= place.end);
}
