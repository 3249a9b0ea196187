//! How a server proves who it is, for people who look closer.

use super::{Remote, RemoteError};
use chancery_proto::clock::Timestamp;
use http::uri::PathAndQuery;

/// A certificate that was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Certificate {
    /// Until when it holds; none where it names no end.
    pub until: Option<Timestamp>,
}

impl Remote {
    /// Opens a connection of its own and answers with the certificate that the
    /// system verified; none where nothing is encrypted.
    ///
    /// # Errors
    /// [`super::RemoteErrorKind::Certificate`] or `Unreachable`. The caller
    /// gives the deadline.
    pub async fn certificate(&self) -> Result<Option<Certificate>, RemoteError> {
        if !self.address.is_encrypted() {
            return Ok(None);
        }
        let to = self.uri(PathAndQuery::from_static("/"))?;
        let shown = self.http.certificate(to).await?;
        Ok(Some(Certificate {
            until: shown.as_deref().and_then(until),
        }))
    }
}

/// When an X.509 certificate ends (RFC 5280, section 4.1): the second time in
/// `validity`, the fifth field of what is signed.
fn until(certificate: &[u8]) -> Option<Timestamp> {
    let (signed, _) = opened(opened(certificate, SEQUENCE)?.0, SEQUENCE)?;
    // The version stands in front where it is not the first one.
    let mut rest = opened(signed, VERSION).map_or(signed, |(_, rest)| rest);
    // Serial number, algorithm, issuer.
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (validity, _) = opened(rest, SEQUENCE)?;
    let (tag, end, _) = element(element(validity)?.2)?;
    let text = std::str::from_utf8(end).ok()?.strip_suffix('Z')?;
    let whole = match tag {
        // Two digits of the year: 1950 to 2049.
        UTC_TIME if text.get(..2)? < "50" => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| whole.get(from..to);
    Timestamp::parse(&format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    ))
}

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The element that `der` begins with (X.690, section 8.1): its tag, what is
/// in it, and what comes behind it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let length = bytes.iter().try_fold(0_usize, |length, byte| {
            length.checked_mul(256)?.checked_add(usize::from(*byte))
        })?;
        (length, rest)
    };
    let (content, behind) = rest.split_at_checked(length)?;
    Some((*tag, content, behind))
}

/// The same, if it has that tag.
fn opened(der: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, content, behind) = element(der)?;
    (tag == wanted).then_some((content, behind))
}

#[cfg(test)]
mod tests {
    use super::until;
    use proptest::prelude::*;

    /// A certificate of which only the outline is right.
    fn outline(version: bool, tag: u8, end: &str) -> Vec<u8> {
        let element = |tag: u8, content: &[u8]| {
            let length = u16::try_from(content.len()).expect("short");
            let mut out = vec![tag, 0x82];
            out.extend(length.to_be_bytes());
            out.extend(content);
            out
        };
        let validity = [
            element(0x17, b"200101000000Z"),
            element(tag, end.as_bytes()),
        ]
        .concat();
        let mut signed = Vec::new();
        if version {
            signed.extend(element(0xa0, &[2, 1, 2]));
        }
        signed.extend(element(2, &[7]));
        signed.extend(element(0x30, b""));
        signed.extend(element(0x30, &[0; 300]));
        signed.extend(element(0x30, &validity));
        let signed = element(0x30, &signed);
        element(0x30, &[signed, element(0x30, b"")].concat())
    }

    #[test]
    fn the_end_is_found_in_either_way_to_write_it() {
        for (tag, written, meant) in [
            (0x17, "270228235959Z", Some("2027-02-28T23:59:59.000Z")),
            (0x17, "991231235959Z", Some("1999-12-31T23:59:59.000Z")),
            (0x18, "20501231000000Z", Some("2050-12-31T00:00:00.000Z")),
            // “No well-defined end” (RFC 5280, section 4.1.2.5).
            (0x18, "99991231235959Z", None),
            (0x17, "271328235959Z", None),
            (0x17, "2702282359Z", None),
            (0x18, "20501231000000", None),
            (0x05, "270228235959Z", None),
        ] {
            for version in [true, false] {
                let found = until(&outline(version, tag, written));
                let found = found.map(|end| end.to_rfc3339());
                assert_eq!(found.as_deref(), meant, "{written}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_much(bytes in prop::collection::vec(any::<u8>(), 0..400), cut in 0_usize..600) {
            let _ = until(&bytes);
            let mut real = outline(true, 0x17, "270228235959Z");
            let whole = cut >= real.len();
            real.truncate(cut);
            prop_assert_eq!(until(&real).is_some(), whole);
        }
    }
}
