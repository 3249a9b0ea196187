//! How a session is written in Redis: one line of plain text.
//!
//! ```text
//! 1764200000000 u 0000000000000 1764190000000 u ID GRANT APPLICATION USER
//! └ last use    │ └ dies        └ signed in   │
//!               └ used (u), not yet (-), or announced (*): see below
//!                                             └ as a user (u) or administrator (a)
//! ```
//! Without the spaces between the first five, whose places are fixed: scripts
//! inside Redis read and write them. Times are milliseconds since 1970; *dies*
//! is when it ends because another took its place, zero where none did. One that
//! is *announced* is there for a moment: the database is about to have it, or has to
//! be asked whether it still does.

use crate::persona::Persona;
use crate::session::Record;
use chancery_proto::clock::Timestamp;
use chancery_store::grants::TokenHash;

/// Digits of a time.
const DIGITS: usize = 13;
/// Where the person's sign-in is, and where the rest begins.
const SIGNED_IN: usize = 2 * DIGITS + 1;
const REST: usize = 3 * DIGITS + 2;

/// A time as it is written.
pub(super) fn digits(time: Timestamp) -> String {
    format!("{:0DIGITS$}", time.0.clamp(0, 9_999_999_999_999))
}

/// How a session is written before the database was asked whether it goes on.
pub(super) fn encode_announced(record: &Record) -> String {
    encode(record, '*')
}

/// The flag of a session that may live.
pub(super) fn flag(was_used: bool) -> char {
    if was_used { 'u' } else { '-' }
}

fn encode(record: &Record, flag: char) -> String {
    format!(
        "{}{}{}{}{}{} {} {} {}",
        digits(record.last_use),
        flag,
        digits(record.dies.unwrap_or_default()),
        digits(record.signed_in),
        match record.persona {
            Persona::User => 'u',
            Persona::Administrator => 'a',
        },
        record.id,
        record.grant_id,
        record.application,
        record.user,
    )
}

/// What is written there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) record: Record,
    pub(super) is_announced: bool,
}

/// The session that is written there; None when it is none of ours.
pub(super) fn decode(hash: TokenHash, text: &[u8]) -> Option<Line> {
    let text = std::str::from_utf8(text).ok()?;
    let time = |from: usize| {
        let digits = text.get(from..from + DIGITS)?;
        let all = digits.bytes().all(|byte| byte.is_ascii_digit());
        all.then(|| digits.parse().ok().map(Timestamp)).flatten()
    };
    let (was_used, is_announced) = match text.get(DIGITS..=DIGITS)? {
        "u" => (true, false),
        "-" => (false, false),
        "*" => (false, true),
        _ => return None,
    };
    let dies = time(DIGITS + 1)?;
    let persona = match text.get(REST - 1..REST)? {
        "u" => Persona::User,
        "a" => Persona::Administrator,
        _ => return None,
    };
    // A person's id may have spaces in it.
    let mut rest = text.get(REST..)?.splitn(4, ' ').map(str::to_owned);
    let record = Record {
        hash,
        id: rest.next()?,
        grant_id: rest.next()?,
        application: rest.next()?,
        user: rest.next()?,
        persona,
        signed_in: time(SIGNED_IN)?,
        last_use: time(0)?,
        was_used,
        dies: (dies.0 > 0).then_some(dies),
    };
    let whole = [&record.id, &record.grant_id, &record.user];
    let is_whole = whole.iter().all(|one| !one.is_empty());
    is_whole.then_some(Line {
        record,
        is_announced,
    })
}

#[cfg(test)]
mod tests {
    use super::{Line, decode, encode, encode_announced, flag};
    use crate::persona::Persona;
    use crate::session::Record;
    use chancery_proto::clock::Timestamp;
    use proptest::prelude::*;

    fn record() -> Record {
        Record {
            hash: [7; 32],
            id: "c2Vzc2lvbi1pZC0x".to_owned(),
            grant_id: "Z3JhbnQtaWQtMTIz".to_owned(),
            user: "ann example".to_owned(),
            application: "desktop".to_owned(),
            persona: Persona::User,
            signed_in: Timestamp(1_764_190_000_000),
            last_use: Timestamp(1_764_200_000_000),
            was_used: true,
            dies: None,
        }
    }

    #[test]
    fn a_session_is_a_line_that_people_can_read() {
        assert_eq!(
            encode(&record(), flag(record().was_used)),
            "1764200000000u00000000000001764190000000uc2Vzc2lvbi1pZC0x Z3JhbnQtaWQtMTIz desktop ann example"
        );
    }

    #[test]
    fn what_is_no_session_is_none() {
        for text in [
            &b""[..],
            b"1764200000000",
            b"1764200000000u00000000000001764190000000uonly two",
            b"1764200000000?00000000000001764190000000ua b c d",
            b"1764200000000u00000000000001764190000000xa b c d",
            b"+764200000000u00000000000001764190000000ua b c d",
            b"1764200000000u00000000000001764190000000u a b c",
            b"\xff\xfe",
        ] {
            assert_eq!(decode([7; 32], text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_as_it_was(
            times in (0_i64..9_999_999_999_999, 0_i64..9_999_999_999_999, proptest::option::of(1_i64..9_999_999_999_999)),
            user in "[^ ]\\PC{0,20}", application in "[a-z.-]{0,64}", flags in any::<(bool, bool)>(),
        ) {
            let record = Record {
                user, application,
                signed_in: Timestamp(times.0),
                last_use: Timestamp(times.1),
                dies: times.2.map(Timestamp),
                was_used: flags.0,
                persona: if flags.1 { Persona::Administrator } else { Persona::User },
                ..record()
            };
            let text = encode(&record, flag(record.was_used));
            let announced = encode_announced(&record);
            let line = Line { record: record.clone(), is_announced: false };
            prop_assert_eq!(decode([7; 32], text.as_bytes()), Some(line));
            let record = Record { was_used: false, ..record };
            let line = Line { record, is_announced: true };
            prop_assert_eq!(decode([7; 32], announced.as_bytes()), Some(line));
        }

        #[test]
        fn nothing_that_is_read_breaks_it(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = decode([7; 32], &bytes);
        }
    }
}
