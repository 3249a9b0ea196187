//! What can go wrong with a server, by what follows from it.

use super::proxied::ProxyError;
use http::StatusCode;
use std::error::Error as StdError;
use std::io;
use std::time::Duration;

/// Why a server did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct RemoteError {
    /// What follows from it.
    pub kind: RemoteErrorKind,
    /// What happened, for the log and for people who look closer.
    pub why: String,
    /// The same as a sentence for the person, where more is known than the
    /// kind says: which proxy is in the way, for example.
    pub sentence: Option<String>,
    /// The server is not busy: this was asked too often (429).
    pub(super) is_too_often: bool,
    /// The innermost cause in plain words.
    cause: Option<String>,
}

/// What follows from an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemoteErrorKind {
    /// No connection, or it broke: offline, try again later.
    Unreachable,
    /// What was to be sent could not be read to its end; the server is not to
    /// blame.
    Body,
    /// The certificate cannot be verified.
    Certificate,
    /// The server says that it cannot at this moment.
    Busy {
        /// How long to wait, where it says so.
        retry_after: Option<Duration>,
    },
    /// Something answers there, but it is no work server.
    NotAWorkServer,
    /// The address leads to another host, which the person has to confirm.
    Redirected {
        /// That host, with its port where it has one.
        host: String,
    },
    /// The user or the password is wrong.
    WrongPassword,
    /// The session or the refresh token is no longer accepted.
    NoSession,
    /// The server refused for another reason.
    Refused {
        /// The status of the answer.
        status: StatusCode,
    },
    /// The answer makes no sense.
    Nonsense,
}

impl RemoteError {
    pub(super) fn new(kind: RemoteErrorKind, why: impl Into<String>) -> Self {
        Self {
            kind,
            why: why.into(),
            sentence: None,
            is_too_often: false,
            cause: None,
        }
    }

    /// What happened, as short and plain as it can be told: half a sentence.
    #[must_use]
    pub fn plainly(&self) -> &str {
        self.cause.as_deref().unwrap_or(&self.why)
    }

    /// Whether what came was no HTTP.
    pub(super) fn is_no_http(&self) -> bool {
        self.kind == RemoteErrorKind::Nonsense && self.cause.is_some()
    }

    pub(super) fn nonsense(why: impl Into<String>) -> Self {
        Self::new(RemoteErrorKind::Nonsense, why)
    }

    /// Nothing was heard of it any more, and it cannot be reached.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(RemoteErrorKind::Unreachable, "the server went silent")
    }

    /// No answer came in time.
    #[must_use]
    pub fn late(waited: Duration) -> Self {
        Self::new(
            RemoteErrorKind::Unreachable,
            format!("no answer within {} seconds", waited.as_secs()),
        )
    }

    /// Sorts what the HTTP client says.
    pub(super) fn of_transport(error: &(dyn StdError + 'static)) -> Self {
        let mut why = error.to_string();
        let (mut certificate, mut body) = (is_certificate(error), is_body(error));
        let mut nonsense = is_nonsense(error);
        let mut proxy = error.downcast_ref::<ProxyError>();
        let mut cause = plain(error);
        let mut source = error.source();
        while let Some(inner) = source {
            why = format!("{why}: {inner}");
            certificate |= is_certificate(inner);
            body |= is_body(inner);
            nonsense |= is_nonsense(inner);
            proxy = proxy.or_else(|| inner.downcast_ref());
            cause = plain(inner);
            source = inner.source();
        }
        // Whatever is wrong with the proxy says nothing about the server.
        if let Some(proxy) = proxy {
            return Self {
                kind: RemoteErrorKind::Unreachable,
                why,
                sentence: Some(proxy.to_string()),
                is_too_often: false,
                cause: None,
            };
        }
        let kind = if certificate {
            RemoteErrorKind::Certificate
        } else if body {
            RemoteErrorKind::Body
        } else if nonsense {
            RemoteErrorKind::Nonsense
        } else {
            RemoteErrorKind::Unreachable
        };
        Self {
            cause: Some(cause),
            ..Self::new(kind, why)
        }
    }
}

/// One error by itself: in words of our own where there are better ones.
fn plain(error: &(dyn StdError + 'static)) -> String {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    match kind {
        Some(io::ErrorKind::ConnectionRefused) => "nothing listens there".to_owned(),
        Some(io::ErrorKind::TimedOut) => "it does not answer".to_owned(),
        Some(
            io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown,
        ) => "no way leads there at this moment".to_owned(),
        Some(
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof,
        ) => "the connection broke off".to_owned(),
        _ => error.to_string(),
    }
}

/// The HTTP library's word for a body that its user gave and that failed.
fn is_body(error: &(dyn StdError + 'static)) -> bool {
    error
        .downcast_ref::<hyper::Error>()
        .is_some_and(hyper::Error::is_user)
}

/// The HTTP library's word for an answer that is no HTTP.
fn is_nonsense(error: &(dyn StdError + 'static)) -> bool {
    error
        .downcast_ref::<hyper::Error>()
        .is_some_and(hyper::Error::is_parse)
}

fn is_certificate(error: &(dyn StdError + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return matches!(
            error,
            rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented
        );
    }
    // TLS errors travel inside input and output errors, several deep, which
    // do not name them as their source.
    error
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::get_ref)
        .is_some_and(|inner| is_certificate(inner))
}

#[cfg(test)]
mod tests {
    use super::{RemoteError, RemoteErrorKind};
    use std::io;

    #[test]
    fn a_certificate_is_told_apart_however_deep_its_error_lies() {
        let refused = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let deep = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, refused));
        let outer = io::Error::other(deep);
        let sorted = RemoteError::of_transport(&outer);
        assert_eq!(sorted.kind, RemoteErrorKind::Certificate);
        let reset = io::Error::other(io::Error::from(io::ErrorKind::ConnectionReset));
        let sorted = RemoteError::of_transport(&reset);
        assert_eq!(sorted.kind, RemoteErrorKind::Unreachable);
    }

    #[test]
    fn the_innermost_cause_is_told_plainly() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let sorted = RemoteError::of_transport(&refused);
        assert_eq!(sorted.plainly(), "nothing listens there");
        let odd = RemoteError::of_transport(&io::Error::other("no such name"));
        assert_eq!(odd.plainly(), "no such name");
    }
}
