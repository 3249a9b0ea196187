//! The error shape of the Work API, shared by the server and the agent.
//!
//! Which error goes where: a request that cannot be understood is 400
//! `NRC_INVALID_PARAM`; no session is 401; a session without the right is 403;
//! what is not there, or may not be known to be there, is 404 `NRC_NO_RECORD`;
//! a part that is gone for the moment is 503 with `Retry-After`.

use serde::{Deserialize, Serialize};

/// `{"error":{…}}`, the body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorEnvelope {
    /// The error itself.
    pub error: ErrorBody,
}

/// What went wrong. `code_message` (v2) and `message` (v1) say the same.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ErrorBody {
    /// A stable code; nobody should match on the text.
    #[serde(default)]
    pub code: String,
    /// What happened and what to do next.
    #[serde(default)]
    pub code_message: String,
    /// The same text, where older clients look for it.
    #[serde(default)]
    pub message: String,
    /// The fields that were at fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<FieldMessage>,
    /// The server's API level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dms_version: Option<String>,
    /// The request's id, as it stands in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// Why a person is needed: only with `CHANCERY_NEEDS_USER`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One field that was at fault, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FieldMessage {
    /// The field's name as it was sent.
    #[serde(default)]
    pub field: String,
    /// A stable code.
    #[serde(default)]
    pub code: String,
    /// The reason in words.
    #[serde(default)]
    pub code_message: String,
    /// The value at fault, where it may be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

impl ErrorBody {
    /// An error with one text under both names.
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        let text = message.into();
        Self {
            code: code.to_owned(),
            code_message: text.clone(),
            message: text,
            ..Self::default()
        }
    }

    /// The text, wherever this server put it.
    #[must_use]
    pub fn text(&self) -> &str {
        if self.code_message.is_empty() {
            &self.message
        } else {
            &self.code_message
        }
    }
}

/// The codes of the Work API that the server answers with.
pub mod codes {
    /// What was asked for is not there: 404.
    pub const NO_RECORD: &str = "NRC_NO_RECORD";
    /// The request could not be understood: 400.
    pub const INVALID_PARAM: &str = "NRC_INVALID_PARAM";
    /// The session may not do this: 403.
    pub const NO_ACCESS: &str = "NRC_NO_ACCESS";
    /// There is no living session: 401.
    pub const NO_SESSION: &str = "NRC_SESSION_INVALID";
    /// It would break something that is there: 409.
    pub const CONFLICT: &str = "NRC_CONFLICT";
    /// Too much at once: 413, 429.
    pub const LIMIT: &str = "NRC_LIMIT";
    /// No such route: 404, or the wrong method: 405.
    pub const NO_ROUTE: &str = "NRC_NO_ROUTE";
    /// A part of the server is gone for the moment: 503.
    pub const UNAVAILABLE: &str = "NRC_UNAVAILABLE";
    /// The server's own fault: 500.
    pub const INTERNAL: &str = "NRC_INTERNAL";
    /// The user or the password is wrong: 401.
    pub const LOGIN_FAILED: &str = "LoginFailed";
}

/// The codes of the agent itself.
pub mod agent_codes {
    /// 401: a person has to sign in; `reason` says why.
    pub const NEEDS_USER: &str = "CHANCERY_NEEDS_USER";
    /// 409: the person disconnected.
    pub const DISCONNECTED: &str = "CHANCERY_DISCONNECTED";
    /// 409: no server is known or active yet.
    pub const NO_SERVER: &str = "CHANCERY_NO_SERVER";
    /// 404: the server named is not in the list.
    pub const UNKNOWN_SERVER: &str = "CHANCERY_UNKNOWN_SERVER";
    /// 409: the server cannot tell a background call from use, so it is not sent.
    pub const NO_BACKGROUND: &str = "CHANCERY_NO_BACKGROUND";
    /// 503: the network or the server cannot be reached.
    pub const OFFLINE: &str = "CHANCERY_OFFLINE";
    /// 503: the session was renewed in the middle of an upload; send it again.
    pub const SEND_AGAIN: &str = "CHANCERY_SEND_AGAIN";
    /// 401: the server refused the user or the password.
    pub const LOGIN_FAILED: &str = "CHANCERY_LOGIN_FAILED";
    /// 409: the prompt that was answered or declined is over.
    pub const PROMPT_OVER: &str = "CHANCERY_PROMPT_OVER";
    /// 409: another answer to the prompt is being tried.
    pub const PROMPT_BUSY: &str = "CHANCERY_PROMPT_BUSY";
    /// 409: the sign-in in the browser is over, or was never begun.
    pub const SIGN_IN_OVER: &str = "CHANCERY_SIGN_IN_OVER";
    /// 400: the web address cannot be one.
    pub const BAD_ADDRESS: &str = "CHANCERY_BAD_ADDRESS";
    /// 422: something answers there, but it is no work server.
    pub const NOT_A_WORK_SERVER: &str = "CHANCERY_NOT_A_WORK_SERVER";
    /// 422: the server is older than any that can be connected to.
    pub const VERSION_REFUSED: &str = "CHANCERY_VERSION_REFUSED";
    /// 422: the server's certificate cannot be verified.
    pub const CERTIFICATE: &str = "CHANCERY_CERTIFICATE";
    /// 409: the address leads to another host, which has to be confirmed.
    pub const REDIRECTED: &str = "CHANCERY_REDIRECTED";
    /// 401: the connection administered, and does no more.
    pub const ADMINISTRATION_OVER: &str = "CHANCERY_ADMINISTRATION_OVER";
    /// 403: the person stopped the program that calls.
    pub const STOPPED: &str = "CHANCERY_STOPPED";
    /// 404: nobody uses the connection under that id.
    pub const NO_USE: &str = "CHANCERY_NO_USE";
    /// 404: no window is there that could show something.
    pub const NO_WINDOW: &str = "CHANCERY_NO_WINDOW";
    /// 403: this caller or this path is not let through.
    pub const FORBIDDEN: &str = "CHANCERY_FORBIDDEN";
    /// 403: the administrator's policy does not allow it.
    pub const POLICY: &str = "CHANCERY_POLICY";
    /// 400: the request to the agent cannot be understood.
    pub const BAD_REQUEST: &str = "CHANCERY_BAD_REQUEST";
    /// 404: the agent has no such route.
    pub const NO_ROUTE: &str = "CHANCERY_NO_ROUTE";
    /// 502: the server answered with something that makes no sense.
    pub const BAD_ANSWER: &str = "CHANCERY_BAD_ANSWER";
    /// 500: the agent's own fault.
    pub const INTERNAL: &str = "CHANCERY_INTERNAL";
}
