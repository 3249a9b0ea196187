//! What can go wrong between an application and the agent, typed.

use super::file_to_send::UploadError;
use chancery_proto::error::{ErrorBody, ErrorEnvelope, FieldMessage, agent_codes};
use chancery_proto::local::NeedsUserReason;
use http::{HeaderMap, StatusCode, header};
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a call to the agent gave no result.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// Nobody listens at the socket, or there is none: the agent can be started.
    #[error("no agent listens at {}", socket.display())]
    NotRunning {
        /// Where it was looked for.
        socket: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The socket is there but cannot be used, for example for lack of permission.
    #[error("the agent's socket {} cannot be used", socket.display())]
    Socket {
        /// Where it is.
        socket: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What listens there is no agent, or no protocol is spoken by both.
    #[error("what listens at {} is no agent that can be talked to: {why}", socket.display())]
    Stranger {
        /// Where it is.
        socket: PathBuf,
        /// What it was or said.
        why: String,
    },
    /// The agent took the call and did not answer in time.
    #[error("the agent did not answer within {} seconds", waited.as_secs())]
    Silent {
        /// How long it was waited for.
        waited: Duration,
    },
    /// The connection to the agent ended before the answer did.
    #[error("the connection to the agent ended before its answer did")]
    Broken(#[source] hyper::Error),
    /// The file that was being sent could not be read on.
    #[error(transparent)]
    Upload(UploadError),
    /// The request cannot be written down, for example for a line break in a header.
    #[error("the request cannot be sent: {0}")]
    Request(String),
    /// The answer makes no sense.
    #[error("the answer cannot be understood: {0}")]
    BadAnswer(String),
    /// The agent, or the server behind it, said no and why.
    #[error("{0}")]
    Refused(Box<Refusal>),
}

impl LocalError {
    /// The refusal, where it is one.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Tells a body that could not be read from a connection that broke.
    pub(super) fn broken(error: hyper::Error) -> Self {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(current) = cause {
            if let Some(upload) = current.downcast_ref::<UploadError>() {
                return Self::Upload(upload.clone());
            }
            cause = current.source();
        }
        Self::Broken(error)
    }
}

/// Who said no, and what can be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefusalKind {
    /// A person has to sign in.
    NeedsUser(Option<NeedsUserReason>),
    /// The person disconnected.
    Disconnected,
    /// No server is known or active yet.
    NoServer,
    /// The server named is not in the list.
    UnknownServer,
    /// The network or the server cannot be reached.
    Offline,
    /// The session was renewed in the middle of an upload: send it again.
    SendAgain,
    /// The server refused the user or the password.
    LoginFailed,
    /// The web address cannot be one.
    BadAddress,
    /// Something answers there, but it is no work server.
    NotAWorkServer,
    /// The server is older than any that can be connected to.
    VersionRefused,
    /// The server's certificate cannot be verified.
    Certificate,
    /// The address leads to another host, which a person has to confirm.
    Redirected {
        /// The other host, as it is to be sent back in `confirmed_host`.
        host: Option<String>,
    },
    /// The server answered with something that makes no sense.
    BadAnswer,
    /// The agent's own refusal of this caller, path or request, or its own fault.
    Agent,
    /// The work server's own answer; status and code say which.
    Server,
}

impl RefusalKind {
    fn of(body: &ErrorBody) -> Self {
        match body.code.as_str() {
            agent_codes::NEEDS_USER => Self::NeedsUser(reason(body)),
            agent_codes::DISCONNECTED => Self::Disconnected,
            agent_codes::NO_SERVER => Self::NoServer,
            agent_codes::UNKNOWN_SERVER => Self::UnknownServer,
            agent_codes::OFFLINE => Self::Offline,
            agent_codes::SEND_AGAIN => Self::SendAgain,
            agent_codes::LOGIN_FAILED => Self::LoginFailed,
            agent_codes::BAD_ADDRESS => Self::BadAddress,
            agent_codes::NOT_A_WORK_SERVER => Self::NotAWorkServer,
            agent_codes::VERSION_REFUSED => Self::VersionRefused,
            agent_codes::CERTIFICATE => Self::Certificate,
            agent_codes::REDIRECTED => Self::Redirected {
                host: body.messages.iter().find_map(|field| field.data.clone()),
            },
            agent_codes::BAD_ANSWER => Self::BadAnswer,
            // Also codes of a newer agent that this version has not heard of.
            code if code.starts_with("CHANCERY_") => Self::Agent,
            _ => Self::Server,
        }
    }
}

fn reason(body: &ErrorBody) -> Option<NeedsUserReason> {
    let word = body.reason.clone()?;
    serde_json::from_value(serde_json::Value::String(word)).ok()
}

/// An answer that was not a success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status of the answer.
    pub status: StatusCode,
    /// Who said no, and what can be done about it.
    pub kind: RefusalKind,
    /// The stable code; empty where the answer had none.
    pub code: String,
    /// What happened and what to do next, as the other side put it; empty
    /// where the answer had no text.
    pub message: String,
    /// The fields that were at fault.
    pub fields: Vec<FieldMessage>,
    /// How long to wait before asking again, where that was told.
    pub retry_after: Option<Duration>,
    /// The request's id in the server's log.
    pub transaction: Option<String>,
}

impl Refusal {
    /// Reads a refusal from an answer; one without the error shape is kept as
    /// its status alone.
    #[must_use]
    pub fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let error = match serde_json::from_slice::<ErrorEnvelope>(body) {
            Ok(envelope) => envelope.error,
            Err(_) => ErrorBody::default(),
        };
        let retry_after = headers
            .get(header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.trim().parse().ok())
            .map(Duration::from_secs);
        Self {
            status,
            kind: RefusalKind::of(&error),
            message: error.text().to_owned(),
            code: error.code,
            fields: error.messages,
            retry_after,
            transaction: error.transaction,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() {
            write!(formatter, "the answer was {}", self.status)
        } else {
            formatter.write_str(&self.message)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Refusal, RefusalKind};
    use chancery_proto::local::NeedsUserReason;
    use http::{HeaderMap, HeaderValue, StatusCode};
    use std::time::Duration;

    fn read(status: u16, body: &str) -> Refusal {
        let status = StatusCode::from_u16(status).expect("a status");
        Refusal::read(status, &HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn the_agents_codes_become_kinds() {
        let refusal = read(
            401,
            r#"{"error":{"code":"CHANCERY_NEEDS_USER","code_message":"Sign in.","reason":"expired"}}"#,
        );
        assert_eq!(
            refusal.kind,
            RefusalKind::NeedsUser(Some(NeedsUserReason::Expired))
        );
        assert_eq!(refusal.message, "Sign in.");
        assert_eq!(
            read(503, r#"{"error":{"code":"CHANCERY_SEND_AGAIN"}}"#).kind,
            RefusalKind::SendAgain
        );
    }

    #[test]
    fn a_reason_or_a_code_of_a_newer_agent_is_no_fault() {
        let refusal = read(
            401,
            r#"{"error":{"code":"CHANCERY_NEEDS_USER","reason":"full-moon"}}"#,
        );
        assert_eq!(refusal.kind, RefusalKind::NeedsUser(None));
        assert_eq!(
            read(409, r#"{"error":{"code":"CHANCERY_TOMORROW"}}"#).kind,
            RefusalKind::Agent
        );
    }

    #[test]
    fn a_redirect_names_the_other_host() {
        let refusal = read(
            409,
            r#"{"error":{"code":"CHANCERY_REDIRECTED","messages":[{"field":"confirmed_host","data":"b.example"}]}}"#,
        );
        let host = Some("b.example".to_owned());
        assert_eq!(refusal.kind, RefusalKind::Redirected { host });
    }

    #[test]
    fn a_servers_error_keeps_its_code_and_an_old_ones_text() {
        let refusal = read(
            404,
            r#"{"error":{"code":"NRC_NO_RECORD","message":"No such folder."}}"#,
        );
        assert_eq!(refusal.kind, RefusalKind::Server);
        assert_eq!(refusal.code, "NRC_NO_RECORD");
        assert_eq!(refusal.to_string(), "No such folder.");
    }

    #[test]
    fn a_page_instead_of_an_error_leaves_the_status() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static("7"));
        let refusal = Refusal::read(StatusCode::BAD_GATEWAY, &headers, b"<html>");
        assert_eq!(refusal.to_string(), "the answer was 502 Bad Gateway");
        assert_eq!(refusal.retry_after, Some(Duration::from_secs(7)));
    }
}
