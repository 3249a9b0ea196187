//! Tokens, ids, times and ranges on the server.

use crate::lines;
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::{ContainerId, DocumentId, LibraryAlias};
use chancery_server::fuzzing::{range, token};
use http::{HeaderMap, StatusCode, header};

/// Of files that are asked for in part.
const SIZES: [u64; 5] = [0, 1, 10, 1 << 40, u64::MAX];

pub(crate) fn hold(bytes: &[u8]) {
    let headers = lines::headers(bytes);
    is_one(&headers);
    lies_in(&headers);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for line in text.lines().take(100) {
        reads_back(line);
        if let Some((_, value)) = line.split_once(':') {
            reads_back(value.trim());
        }
    }
}

fn is_one(headers: &HeaderMap) {
    let Some(token) = token(headers) else {
        return;
    };
    assert_eq!(token, token.trim());
    assert!(
        token
            .bytes()
            .all(|byte| (b' '..=b'~').contains(&byte) || byte == b'\t')
    );
    let own = headers.get("x-auth-token");
    if let Some(own) = own {
        assert_eq!(
            own.to_str().ok().map(str::trim),
            Some(token),
            "the own header wins"
        );
        return;
    }
    let said = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .expect("a token stands in a header");
    let scheme = said.get(..7).expect("a scheme");
    assert!(scheme.eq_ignore_ascii_case("bearer "), "{said}");
    assert!(said.ends_with(token));
}

fn lies_in(headers: &HeaderMap) {
    for size in SIZES {
        match range(headers, size, "\"e\"") {
            Ok(None) => {}
            Ok(Some(part)) => {
                assert!(
                    part.start < part.end && part.end <= size,
                    "{part:?} of {size}"
                );
                assert!(headers.contains_key(header::RANGE));
            }
            Err(status) => assert_eq!(status, StatusCode::RANGE_NOT_SATISFIABLE),
        }
    }
}

fn reads_back(text: &str) {
    if let Ok(id) = text.parse::<DocumentId>() {
        assert!(id.number >= 1 && id.version >= 1);
        let shown = id.to_string();
        assert_eq!(shown.parse(), Ok(id));
        // Only leading zeros and small letters are written in another way.
        assert!(shown.len() <= text.len() && shown.is_ascii());
    }
    if let Ok(id) = text.parse::<ContainerId>() {
        assert!(id.number >= 1);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(
            text.parse::<DocumentId>().is_err(),
            "{text} is one kind of id"
        );
    }
    if let Ok(alias) = text.parse::<LibraryAlias>() {
        assert!(alias.as_str().eq_ignore_ascii_case(text));
    }
    if let Some(time) = Timestamp::parse(text) {
        let shown = time.to_rfc3339();
        assert_eq!(Timestamp::parse(&shown), Some(time), "{text} is {shown}");
    }
}
