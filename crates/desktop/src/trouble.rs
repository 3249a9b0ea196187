//! What went wrong, as far as a person has to know and the window can act.

use crate::words::{say, say_with};
use chancery_client::local::{LocalError, RefusalKind};
use chancery_proto::local::NeedsUserReason;

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What happened and what to do next.
    pub sentence: String,
    /// What the window can do about it.
    pub kind: Kind,
}

/// What the window can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Somebody has to sign in.
    NeedsUser,
    /// The user or the password was refused.
    WrongPassword,
    /// The address leads to this other host.
    Redirected(String),
    /// Something about the web address is not right.
    Address,
    /// The question is over: it was answered elsewhere or took too long.
    Over,
    /// There is nothing the window could do.
    Other,
}

impl Trouble {
    /// What a failed call means.
    #[must_use]
    pub fn of(error: &LocalError) -> Self {
        let Some(refusal) = error.refusal() else {
            return Self {
                sentence: of_the_way(error),
                kind: Kind::Other,
            };
        };
        let kind = match &refusal.kind {
            RefusalKind::NeedsUser(Some(
                NeedsUserReason::KeyringLocked
                | NeedsUserReason::VersionRefused
                | NeedsUserReason::Certificate,
            )) => Kind::Other,
            RefusalKind::NeedsUser(_) => Kind::NeedsUser,
            RefusalKind::LoginFailed => Kind::WrongPassword,
            RefusalKind::Redirected { host: Some(host) } => Kind::Redirected(host.clone()),
            RefusalKind::BadAddress
            | RefusalKind::NotAWorkServer
            | RefusalKind::VersionRefused
            | RefusalKind::Certificate
            | RefusalKind::Offline => Kind::Address,
            RefusalKind::Agent if refusal.code == "CHANCERY_PROMPT_OVER" => Kind::Over,
            _ => Kind::Other,
        };
        let sentence = if refusal.message.is_empty() {
            say_with("trouble-status", &[("status", refusal.status.as_str())])
        } else {
            refusal.message.clone()
        };
        Self { sentence, kind }
    }
}

/// What is wrong between this program and the agent.
fn of_the_way(error: &LocalError) -> String {
    match error {
        LocalError::NotRunning { .. } => say("trouble-not-running"),
        LocalError::Stranger { why, .. } => say_with("trouble-stranger", &[("why", why)]),
        LocalError::Silent { .. } => say("trouble-silent"),
        LocalError::Broken(_) => say("trouble-broken"),
        other => say_with("trouble-other", &[("why", &other.to_string())]),
    }
}
