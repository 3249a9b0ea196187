//! Trusted sign-in: whose ticket came with a request (`Authorization:
//! Negotiate`, RFC 4559).

use crate::config::Kerberos;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chancery_kerberos::{Acceptor, CannotAccept, LONGEST_TOKEN, Realms, RealmsError, Refused};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// So many may wait until a ticket is looked at; more hear that it is too much.
const WAITING: usize = 512;
/// How long those are told to wait, in seconds.
const LATER: u32 = 2;

/// Accepts tickets, a few at a time.
#[derive(Debug)]
pub(crate) struct Trusted {
    acceptor: Arc<Acceptor>,
    realms: Realms,
    working: Arc<Semaphore>,
    waiting: Semaphore,
}

/// Why tickets cannot be accepted as it is configured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CannotTrust {
    /// The realms.
    #[error("kerberos.realms: {0}.")]
    Realms(#[from] RealmsError),
    /// The keytab or the library.
    #[error("Trusted sign-in (kerberos.keytab) cannot begin: {0}.")]
    Accept(#[from] CannotAccept),
}

/// Whose ticket it is.
#[derive(Debug)]
pub(crate) struct Proved {
    pub(crate) user: String,
    /// Goes into the answer: proves this server.
    pub(crate) answer: HeaderValue,
}

/// Why nobody is let in.
#[derive(Debug)]
pub(crate) enum Untrusted {
    /// The token is of no use; whose it is, where that could be read.
    Refused(Refused, Option<String>),
    /// Too many come at once.
    Busy(u32),
}

impl Trusted {
    pub(crate) fn begin(config: &Kerberos) -> Result<Self, CannotTrust> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Self {
            realms: Realms::new(config.realms.clone())?,
            acceptor: Arc::new(Acceptor::open(&config.keytab, config.services.clone())?),
            working: Arc::new(Semaphore::new(cores * 2)),
            waiting: Semaphore::new(WAITING),
        })
    }

    /// Whose ticket that is. Others are not held up: it is looked at on threads
    /// that may wait for the disk.
    pub(crate) async fn prove(&self, token: Vec<u8>) -> Result<Proved, Untrusted> {
        let Ok(_place) = self.waiting.try_acquire() else {
            return Err(Untrusted::Busy(LATER));
        };
        let Ok(turn) = Arc::clone(&self.working).acquire_owned().await else {
            return Err(Untrusted::Busy(LATER));
        };
        let acceptor = Arc::clone(&self.acceptor);
        let looked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            acceptor.accept(&token)
        });
        let accepted = match looked.await {
            Ok(accepted) => accepted.map_err(|refused| Untrusted::Refused(refused, None))?,
            Err(error) => {
                let other = Refused::Other(error.to_string());
                return Err(Untrusted::Refused(other, None));
            }
        };
        let user = self.realms.user(&accepted.principal);
        let user =
            user.map_err(|refused| Untrusted::Refused(refused, Some(accepted.principal.clone())))?;
        let answer = format!("Negotiate {}", STANDARD.encode(&accepted.answer));
        let answer = HeaderValue::try_from(answer)
            .map_err(|error| Untrusted::Refused(Refused::Other(error.to_string()), None))?;
        Ok(Proved {
            user: user.to_owned(),
            answer,
        })
    }
}

/// The token in the head of a request, if there is one.
pub(crate) fn token(headers: &HeaderMap) -> Option<Result<Vec<u8>, Refused>> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, encoded) = value.split_at_checked("Negotiate".len())?;
    let is_end = encoded.first().is_none_or(|next| *next == b' ');
    if !scheme.eq_ignore_ascii_case(b"Negotiate") || !is_end {
        return None;
    }
    let encoded = encoded.trim_ascii();
    if encoded.len() > LONGEST_TOKEN * 4 / 3 + 4 {
        return Some(Err(Refused::Malformed("it is longer than 64 KiB")));
    }
    let decoded = STANDARD.decode(encoded);
    Some(decoded.map_err(|_| Refused::Malformed("it is no Base64")))
}

/// What a person hears.
pub(crate) fn sentence(refused: &Refused) -> &'static str {
    match refused {
        Refused::Malformed(_) | Refused::NotFinished => {
            "What came as a Kerberos ticket cannot be read. Sign in another way, or tell your administrator."
        }
        Refused::NotKerberos(_) => {
            "Only a Kerberos ticket is accepted, and not what this machine sent. Log on to the domain, or sign in another way."
        }
        Refused::Expired => {
            "Your ticket ran out. Lock and unlock your screen, or run “kinit”, and try again."
        }
        Refused::ClockSkew => {
            "The clocks of your machine and of the server are too far apart. Set yours and try again."
        }
        Refused::Replayed => "That ticket was shown before. Try again.",
        Refused::WrongService(_) => {
            "Your ticket is for another server. Check the web address, or tell your administrator."
        }
        Refused::NoPerson(_) => {
            "Your ticket is not of a realm whose people may sign in here. Ask your administrator."
        }
        Refused::Other(_) => {
            "Your ticket could not be accepted. Sign in another way, or tell your administrator."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::token;
    use chancery_kerberos::Refused;
    use http::{HeaderMap, HeaderValue};

    fn read(value: &[u8]) -> Option<Result<Vec<u8>, Refused>> {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_bytes(value).expect("a value");
        headers.insert(http::header::AUTHORIZATION, value);
        token(&headers)
    }

    #[test]
    fn a_token_is_read_whatever_the_schemes_case() {
        assert_eq!(read(b"Negotiate YWJj"), Some(Ok(b"abc".to_vec())));
        assert_eq!(read(b"negotiate  YWJj "), Some(Ok(b"abc".to_vec())));
        assert_eq!(read(b"Negotiate"), Some(Ok(Vec::new())));
        assert_eq!(read(b"Bearer YWJj"), None);
        assert_eq!(read(b"Negotiated YWJj"), None);
        assert_eq!(read(b""), None);
    }

    #[test]
    fn what_is_no_token_is_a_mistake_and_not_another_scheme() {
        for odd in [
            &b"Negotiate YW Jj"[..],
            b"Negotiate \xff\xfe",
            b"Negotiate ====",
            b"Negotiate YWJj,x",
        ] {
            assert!(
                matches!(read(odd), Some(Err(Refused::Malformed(_)))),
                "{odd:?}"
            );
        }
        let long = [b"Negotiate ".to_vec(), vec![b'A'; 90_000]].concat();
        assert!(matches!(read(&long), Some(Err(Refused::Malformed(_)))));
    }
}
