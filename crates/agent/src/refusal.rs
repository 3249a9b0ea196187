//! The agent's own errors, in the server's error shape.

use crate::core::wording;
use chancery_client::local::{Body, full_body};
use chancery_client::remote::{RemoteError, RemoteErrorKind};
use chancery_proto::error::{ErrorBody, ErrorEnvelope, FieldMessage, agent_codes};
use chancery_proto::local::NeedsUserReason;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use std::time::Duration;

/// Why the agent did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) body: Box<ErrorBody>,
    pub(crate) retry_after: Option<Duration>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            body: Box::new(ErrorBody::new(code, message)),
            retry_after: None,
        }
    }

    /// 401: a person has to do something.
    pub(crate) fn needs_user(reason: NeedsUserReason, server: &str) -> Self {
        let mut refusal = Self::new(
            StatusCode::UNAUTHORIZED,
            agent_codes::NEEDS_USER,
            wording::needs(Some(reason), server),
        );
        refusal.body.reason = serde_json::to_value(reason)
            .ok()
            .and_then(|value| value.as_str().map(str::to_owned));
        refusal
    }

    /// The same, where there is more to say than why.
    pub(crate) fn needs_user_saying(reason: NeedsUserReason, sentence: String) -> Self {
        let mut refusal = Self::needs_user(reason, "");
        refusal.body.message.clone_from(&sentence);
        refusal.body.code_message = sentence;
        refusal
    }

    /// Why a person is needed, if that is what this says.
    pub(crate) fn needs(&self) -> Option<NeedsUserReason> {
        if self.body.code != agent_codes::NEEDS_USER {
            return None;
        }
        let reason = self.body.reason.clone()?;
        serde_json::from_value(serde_json::Value::String(reason)).ok()
    }

    /// 409: that prompt waits for no answer any more.
    pub(crate) fn prompt_over() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            agent_codes::PROMPT_OVER,
            "That prompt is over: it was answered elsewhere, or nobody waits for it any more. Nothing was sent.",
        )
    }

    /// What was begun in a browser is over, or was never begun there.
    pub(crate) fn sign_in_over() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            agent_codes::SIGN_IN_OVER,
            "That sign-in in the browser is over. Begin again.",
        )
    }

    /// The person said no in the browser, or the server did.
    pub(crate) fn not_signed_in(why: impl Into<String>) -> Self {
        Self::needs_user_saying(NeedsUserReason::NeverSignedIn, why.into())
    }

    /// 409: another answer to that prompt is being tried.
    pub(crate) fn prompt_busy() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            agent_codes::PROMPT_BUSY,
            "An answer to that prompt is being tried at this moment. Wait for what comes of it.",
        )
    }

    /// 503: the server cannot be reached.
    pub(crate) fn offline(server: &str, retry_after: Option<Duration>) -> Self {
        let mut refusal = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            agent_codes::OFFLINE,
            format!("{server} cannot be reached. Check the network; it is tried again by itself."),
        );
        refusal.retry_after = Some(retry_after.unwrap_or(Duration::from_secs(5)));
        refusal
    }

    /// 503: it asked to be left alone for a while.
    pub(crate) fn busy(server: &str, retry_after: Option<Duration>) -> Self {
        let mut refusal = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            agent_codes::OFFLINE,
            format!("{server} is busy at this moment. Try again shortly."),
        );
        refusal.retry_after = Some(retry_after.unwrap_or(Duration::from_secs(5)));
        refusal
    }

    /// 409: nobody works, so nothing wakes the session up.
    pub(crate) fn asleep(server: &str) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            agent_codes::NO_BACKGROUND,
            format!(
                "There is no living session at {server}, and a background call does not begin one. Ask again when somebody works."
            ),
        )
    }

    /// 503: the file has to come once more.
    pub(crate) fn send_again() -> Self {
        let mut refusal = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            agent_codes::SEND_AGAIN,
            "The session was renewed while the file was sent. Nothing was changed. Send it again.",
        );
        refusal.retry_after = Some(Duration::ZERO);
        refusal
    }

    /// 409: the person disconnected.
    pub(crate) fn disconnected(server: &str) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            agent_codes::DISCONNECTED,
            format!("You disconnected from {server}. Connect again to go on."),
        )
    }

    /// 409: there is no server; `words` say whether there is none at all.
    pub(crate) fn no_server(words: &str) -> Self {
        Self::new(StatusCode::CONFLICT, agent_codes::NO_SERVER, words)
    }

    /// 404: not in the list.
    pub(crate) fn unknown_server(name: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            agent_codes::UNKNOWN_SERVER,
            format!(
                "“{name}” is not in the list of servers. See the list, or connect by its web address."
            ),
        )
    }

    /// 403: the administrator decided otherwise.
    pub(crate) fn policy(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, agent_codes::POLICY, message)
    }

    /// 404: no window is there that could show something.
    pub(crate) fn no_window() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            agent_codes::NO_WINDOW,
            "No window is there that could show that. Start chancery-desktop.",
        )
    }

    /// 403: the person may use other servers only.
    pub(crate) fn other_server(address: &str, permitted: &[&str]) -> Self {
        let permitted: Vec<String> = permitted.iter().map(|name| format!("“{name}”")).collect();
        let next = match permitted.as_slice() {
            [] => "names none".to_owned(),
            [only] => format!("allows {only} only"),
            [first @ .., last] => format!("allows {} and {last} only", first.join(", ")),
        };
        Self::policy(format!(
            "Your administrator does not let you connect to {address}: the policy {next}. Connect to one that is allowed, or ask your administrator."
        ))
    }

    /// 400: it cannot be understood.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, agent_codes::BAD_REQUEST, message)
    }

    /// 400: the caller's body ended before its end.
    pub(crate) fn cut_off() -> Self {
        Self::bad_request("The body was cut off, so nothing was changed. Send it again.")
    }

    /// 403: this caller or this path is not let through.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, agent_codes::FORBIDDEN, message)
    }

    /// 403: the person stopped the program.
    pub(crate) fn stopped() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            agent_codes::STOPPED,
            "You stopped this program from using the connection. It may use it again after “chancery agent stop”, or when you sign in to this machine anew.",
        )
    }

    /// 404: nobody uses the connection under that id.
    pub(crate) fn no_use(id: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            agent_codes::NO_USE,
            format!("Nobody uses the connection under “{id}”. See who does, and try again."),
        )
    }

    /// 500: the agent's own fault.
    pub(crate) fn internal(why: &dyn std::fmt::Display) -> Self {
        tracing::error!(%why, "the agent failed at a request");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            agent_codes::INTERNAL,
            format!(
                "The agent failed at this: {why}. Try again; if it fails again, see the agent's log."
            ),
        )
    }

    /// 500: what was asked for could not be written down, and was not done.
    pub(crate) fn unwritten(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a file of the person's cannot be written");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            agent_codes::INTERNAL,
            format!("{error} Nothing was changed. When that is mended, try again."),
        )
    }

    /// What follows for a caller when a server did not do what it was asked.
    pub(crate) fn of_remote(error: &RemoteError, server: &str) -> Self {
        match &error.kind {
            RemoteErrorKind::Unreachable => {
                let mut refusal = Self::offline(server, None);
                if let Some(sentence) = &error.sentence {
                    *refusal.body = ErrorBody::new(agent_codes::OFFLINE, sentence);
                }
                refusal
            }
            RemoteErrorKind::Body => Self::cut_off(),
            RemoteErrorKind::Busy { retry_after } => {
                let mut refusal = Self::busy(server, *retry_after);
                if let Some(sentence) = &error.sentence {
                    *refusal.body = ErrorBody::new(&refusal.body.code, sentence);
                }
                refusal
            }
            RemoteErrorKind::Certificate => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                agent_codes::CERTIFICATE,
                format!(
                    "The certificate of {server} cannot be verified, so nothing was sent there ({error}). Check the address, or ask your administrator."
                ),
            ),
            RemoteErrorKind::NotAWorkServer => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                agent_codes::NOT_A_WORK_SERVER,
                format!(
                    "Something answers at {server}, but it is no work server. Check the address."
                ),
            ),
            RemoteErrorKind::Redirected { host } => {
                let mut refusal = Self::new(
                    StatusCode::CONFLICT,
                    agent_codes::REDIRECTED,
                    format!("{server} leads to {host}. Connect there only if you know that host."),
                );
                refusal.body.messages.push(FieldMessage {
                    field: "confirmed_host".to_owned(),
                    code: agent_codes::REDIRECTED.to_owned(),
                    code_message: format!("it leads to {host}"),
                    data: Some(host.clone()),
                });
                refusal
            }
            RemoteErrorKind::WrongPassword => Self::new(
                StatusCode::UNAUTHORIZED,
                agent_codes::LOGIN_FAILED,
                format!(
                    "{server} does not know that user or that password. Check both and try again."
                ),
            ),
            RemoteErrorKind::NoSession => Self::needs_user(NeedsUserReason::Ended, server),
            RemoteErrorKind::Refused { .. } | RemoteErrorKind::Nonsense => Self::new(
                StatusCode::BAD_GATEWAY,
                agent_codes::BAD_ANSWER,
                format!(
                    "{server} answered with something that makes no sense ({}). Tell your administrator.",
                    error.plainly()
                ),
            ),
        }
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let json = serde_json::to_vec(&ErrorEnvelope { error: *self.body }).unwrap_or_default();
        let mut response = Response::new(full_body(json));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(wait) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        response
    }
}

/// `Retry-After` counts whole seconds (RFC 9110, section 10.2.3): never less
/// than was meant.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
