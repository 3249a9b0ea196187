//! What stands around Kerberos' messages, before any library sees them: the
//! frame of RFC 2743, section 3.1, and SPNEGO (RFC 4178, section 4.2).

use crate::Refused;

/// No token is longer, in bytes: what tickets of large directories need.
pub const LONGEST_TOKEN: usize = 64 * 1024;
/// Nobody offers more mechanisms.
const MOST_MECHANISMS: usize = 16;

const OBJECT: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const OCTETS: u8 = 0x04;

const SPNEGO: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];
const KERBEROS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];
/// The same with a slip in it, which Windows sends first.
const KERBEROS_OF_WINDOWS: &[u8] = &[0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02];
const NTLM: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a];

/// How a Kerberos message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// In SPNEGO, as browsers send it.
    Negotiated,
    /// The same, under the name that Windows has for Kerberos.
    NegotiatedByWindows,
    /// By itself.
    Kerberos,
}

/// Takes the Kerberos message out of a first message. Only one that is Kerberos
/// is accepted, and only one in which Kerberos is what the sender would rather
/// have: nothing is left to negotiate, and nothing needs a second message.
///
/// # Errors
/// [`Refused::Malformed`] and [`Refused::NotKerberos`].
pub fn first_message(token: &[u8]) -> Result<(Mechanism, &[u8]), Refused> {
    if token.len() > LONGEST_TOKEN {
        return Err(Refused::Malformed("it is longer than 64 KiB"));
    }
    if token.starts_with(b"NTLMSSP\0") {
        return Err(Refused::NotKerberos("NTLM"));
    }
    let (tag, mut inside, rest) = element(token)?;
    if tag != 0x60 || !rest.is_empty() {
        return Err(Refused::Malformed("it is no first message"));
    }
    let kind = expect(&mut inside, OBJECT)?;
    if kind == KERBEROS {
        return Ok((Mechanism::Kerberos, token));
    }
    if kind != SPNEGO {
        return Err(Refused::NotKerberos(name_of(kind)));
    }
    let mut negotiation = expect(&mut inside, 0xa0)?;
    let mut sequence = expect(&mut negotiation, SEQUENCE)?;
    let mut tagged = expect(&mut sequence, 0xa0)?;
    let mut offered = expect(&mut tagged, SEQUENCE)?;
    let mut count = 0;
    let mut first = None;
    while !offered.is_empty() {
        let one = expect(&mut offered, OBJECT)?;
        first = first.or(Some(one));
        count += 1;
        if count > MOST_MECHANISMS {
            return Err(Refused::Malformed("it offers too many mechanisms"));
        }
    }
    let mechanism = match first {
        Some(KERBEROS) => Mechanism::Negotiated,
        Some(KERBEROS_OF_WINDOWS) => Mechanism::NegotiatedByWindows,
        Some(other) => return Err(Refused::NotKerberos(name_of(other))),
        None => return Err(Refused::Malformed("it offers no mechanism")),
    };
    // What may stand before the message: flags, which nobody reads.
    let (tag, _, after) = element(sequence)?;
    if tag == 0xa1 {
        sequence = after;
    }
    let mut tagged = expect(&mut sequence, 0xa2)?;
    let message = expect(&mut tagged, OCTETS)?;
    // It is framed once more, and may not be anything else inside.
    let (tag, mut inside, rest) = element(message)?;
    if tag != 0x60 || !rest.is_empty() {
        return Err(Refused::Malformed("the message in it is no first one"));
    }
    let kind = expect(&mut inside, OBJECT)?;
    if kind == KERBEROS {
        Ok((mechanism, message))
    } else {
        Err(Refused::NotKerberos(name_of(kind)))
    }
}

/// Puts a server's Kerberos message into its answer, by the way in which the
/// first message came.
#[must_use]
// Tickets are accepted on Linux only.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
pub(crate) fn answer(mechanism: Mechanism, message: &[u8]) -> Vec<u8> {
    let kind = match mechanism {
        Mechanism::Kerberos => return message.to_vec(),
        Mechanism::Negotiated => KERBEROS,
        Mechanism::NegotiatedByWindows => KERBEROS_OF_WINDOWS,
    };
    let parts = [
        // accept-completed
        wrapped(0xa0, &wrapped(0x0a, &[0])),
        wrapped(0xa1, &wrapped(OBJECT, kind)),
        wrapped(0xa2, &wrapped(OCTETS, message)),
    ];
    wrapped(0xa1, &wrapped(SEQUENCE, &parts.concat()))
}

/// A first message that offers Kerberos and nothing else.
#[must_use]
pub(crate) fn offer(message: &[u8]) -> Vec<u8> {
    let parts = [
        wrapped(0xa0, &wrapped(SEQUENCE, &wrapped(OBJECT, KERBEROS))),
        wrapped(0xa2, &wrapped(OCTETS, message)),
    ];
    let negotiation = wrapped(0xa0, &wrapped(SEQUENCE, &parts.concat()));
    wrapped(0x60, &[wrapped(OBJECT, SPNEGO), negotiation].concat())
}

/// Takes the Kerberos message out of a server's answer.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn answered(answer: &[u8]) -> Result<&[u8], &'static str> {
    let odd = |_| "its answer cannot be read";
    if answer.first() == Some(&0x60) {
        // As the first message might have been: by itself.
        return Ok(answer);
    }
    let mut rest = answer;
    let mut response = expect(&mut rest, 0xa1).map_err(odd)?;
    let mut sequence = expect(&mut response, SEQUENCE).map_err(odd)?;
    let mut message = None;
    while !sequence.is_empty() {
        let (tag, mut inside, after) = element(sequence).map_err(odd)?;
        sequence = after;
        match tag {
            0xa0 if expect(&mut inside, 0x0a).map_err(odd)? != [0] => {
                return Err("its answer is not the last one");
            }
            0xa2 => message = Some(expect(&mut inside, OCTETS).map_err(odd)?),
            _ => {}
        }
    }
    message.ok_or("its answer proves nothing")
}

fn name_of(kind: &[u8]) -> &'static str {
    if kind == NTLM {
        "NTLM"
    } else {
        "of an unknown mechanism"
    }
}

/// An element with that in it.
fn wrapped(tag: u8, inside: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    let digits = inside.len().to_be_bytes();
    if inside.len() < 0x80 {
        bytes.push(inside.len() as u8);
    } else {
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        bytes.push(0x80 | (digits.len() - zeros) as u8);
        bytes.extend_from_slice(&digits[zeros..]);
    }
    bytes.extend_from_slice(inside);
    bytes
}

/// Takes the next element, which has that tag, and gives what is in it.
fn expect<'a>(bytes: &mut &'a [u8], wanted: u8) -> Result<&'a [u8], Refused> {
    let (tag, inside, rest) = element(bytes)?;
    if tag != wanted {
        return Err(Refused::Malformed("an element is not what it has to be"));
    }
    *bytes = rest;
    Ok(inside)
}

/// The first element in DER (X.690): its tag, what is in it, and what follows.
fn element(bytes: &[u8]) -> Result<(u8, &[u8], &[u8]), Refused> {
    const SHORT: Refused = Refused::Malformed("it ends too early");
    let [tag, length, rest @ ..] = bytes else {
        return Err(SHORT);
    };
    let (length, rest) = if *length < 0x80 {
        (usize::from(*length), rest)
    } else {
        let count = usize::from(*length & 0x7f);
        if count == 0 || count > 4 || rest.len() < count {
            return Err(Refused::Malformed("a length cannot be read"));
        }
        let (digits, rest) = rest.split_at(count);
        let length = digits
            .iter()
            .fold(0_usize, |sum, digit| (sum << 8) | usize::from(*digit));
        (length, rest)
    };
    if rest.len() < length {
        return Err(SHORT);
    }
    let (inside, rest) = rest.split_at(length);
    Ok((*tag, inside, rest))
}

#[cfg(test)]
mod tests {
    use super::{
        KERBEROS, KERBEROS_OF_WINDOWS, Mechanism, NTLM, OBJECT, OCTETS, SEQUENCE, SPNEGO, answer,
        answered, first_message, offer, wrapped,
    };
    use crate::Refused;
    use proptest::prelude::*;

    fn framed(kind: &[u8], message: &[u8]) -> Vec<u8> {
        wrapped(0x60, &[&wrapped(OBJECT, kind), message].concat())
    }

    fn negotiation(offered: &[&[u8]], flags: &[u8], message: &[u8]) -> Vec<u8> {
        let list: Vec<u8> = offered
            .iter()
            .flat_map(|one| wrapped(OBJECT, one))
            .collect();
        let types = wrapped(0xa0, &wrapped(SEQUENCE, &list));
        let message = wrapped(0xa2, &wrapped(OCTETS, message));
        let init = wrapped(SEQUENCE, &[&types, flags, &message].concat());
        framed(SPNEGO, &wrapped(0xa0, &init))
    }

    #[test]
    fn kerberos_is_taken_by_itself_and_where_it_comes_first() {
        let ticket = framed(KERBEROS, b"ticket");
        assert_eq!(
            first_message(&ticket),
            Ok((Mechanism::Kerberos, &ticket[..]))
        );
        let flags = wrapped(0xa1, &wrapped(0x03, &[0, 0]));
        for (offered, mechanism) in [
            (&[KERBEROS][..], Mechanism::Negotiated),
            (&[KERBEROS, NTLM], Mechanism::Negotiated),
            (
                &[KERBEROS_OF_WINDOWS, KERBEROS, NTLM],
                Mechanism::NegotiatedByWindows,
            ),
        ] {
            for flags in [&[][..], &flags] {
                let whole = negotiation(offered, flags, &ticket);
                assert_eq!(first_message(&whole), Ok((mechanism, &ticket[..])));
            }
        }
    }

    #[test]
    fn ntlm_is_refused_in_every_wrapping() {
        let ntlm = Err(Refused::NotKerberos("NTLM"));
        let ticket = framed(KERBEROS, b"ticket");
        assert_eq!(first_message(b"NTLMSSP\0\x01\0\0\0"), ntlm);
        assert_eq!(first_message(&framed(NTLM, b"")), ntlm);
        assert_eq!(first_message(&negotiation(&[NTLM], &[], &ticket)), ntlm);
        assert_eq!(
            first_message(&negotiation(&[NTLM, KERBEROS], &[], &ticket)),
            ntlm
        );
        let hidden = negotiation(&[KERBEROS], &[], &framed(NTLM, b""));
        assert_eq!(first_message(&hidden), ntlm);
        let hidden = negotiation(&[KERBEROS], &[], b"NTLMSSP\0\x01\0\0\0");
        assert!(first_message(&hidden).is_err());
    }

    #[test]
    fn what_is_no_first_message_is_refused() {
        let ticket = framed(KERBEROS, b"ticket");
        let good = negotiation(&[KERBEROS], &[], &ticket);
        let later = answer(Mechanism::Negotiated, &ticket);
        let two = [good, vec![0]].concat();
        let many = negotiation(&[KERBEROS; 17], &[], &ticket);
        let none = negotiation(&[], &[], &ticket);
        for odd in [&b""[..], b"\x60", b"\x60\x80", &later, &two, &many, &none] {
            assert!(
                matches!(first_message(odd), Err(Refused::Malformed(_))),
                "{odd:?}"
            );
        }
        let long = vec![0x60; 64 * 1024 + 1];
        assert!(matches!(first_message(&long), Err(Refused::Malformed(_))));
    }

    #[test]
    fn an_answer_that_is_not_the_last_or_proves_nothing_is_not_taken() {
        let whole = answer(Mechanism::NegotiatedByWindows, b"proof");
        assert_eq!(answered(&whole), Ok(&b"proof"[..]));
        assert_eq!(answered(b""), Err("its answer cannot be read"));
        let more = wrapped(
            0xa1,
            &wrapped(SEQUENCE, &wrapped(0xa0, &wrapped(0x0a, &[1]))),
        );
        assert_eq!(answered(&more), Err("its answer is not the last one"));
        let bare = wrapped(
            0xa1,
            &wrapped(SEQUENCE, &wrapped(0xa0, &wrapped(0x0a, &[0]))),
        );
        assert_eq!(answered(&bare), Err("its answer proves nothing"));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = first_message(&bytes);
            let _ = answered(&bytes);
        }

        #[test]
        fn a_message_that_is_cut_short_is_refused(at in 0_usize..60) {
            let whole = negotiation(&[KERBEROS, NTLM], &[], &framed(KERBEROS, b"ticket"));
            prop_assume!(at < whole.len());
            prop_assert!(first_message(&whole[..at]).is_err());
        }

        #[test]
        fn what_is_offered_and_answered_comes_out_again(message in proptest::collection::vec(any::<u8>(), 0..700)) {
            let framed = framed(KERBEROS, &message);
            let offered = offer(&framed);
            match first_message(&offered) {
                Ok((mechanism, inside)) => {
                    prop_assert_eq!(inside, &framed[..]);
                    let whole = answer(mechanism, &message);
                    prop_assert_eq!(answered(&whole), Ok(&message[..]));
                }
                Err(_) => prop_assert!(offered.len() > super::LONGEST_TOKEN),
            }
        }
    }
}
