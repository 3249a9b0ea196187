//! Every answer that is not a success, in the one shape.
//!
//! A route answers with an [`ApiError`]; `entry` gives it its body, because
//! only there the request's id and the server's level are known.

use axum::response::{IntoResponse, Response};
use chancery_content::ContentError;
use chancery_identity::IdentityError;
use chancery_proto::error::{ErrorBody, FieldMessage, codes};
use chancery_proto::ids::IdError;
use chancery_store::StoreError;
use http::StatusCode;

/// How long a caller is told to wait while sessions cannot be checked, in
/// seconds: the server looks several times a second.
const SESSIONS_LATER: u32 = 2;

/// Why a request was not carried out. Nothing is half done then.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) body: Box<ErrorBody>,
    /// Seconds to wait, where waiting helps.
    pub(crate) retry_after: Option<u32>,
    /// What to write to the log, and to nobody else.
    pub(crate) log: Option<String>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            body: Box::new(ErrorBody::new(code, message)),
            retry_after: None,
            log: None,
        }
    }

    /// 400 with the field and the reason, which completes a sentence and has no
    /// full stop.
    pub(crate) fn field(field: &str, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        let mut error = Self::new(
            StatusCode::BAD_REQUEST,
            codes::INVALID_PARAM,
            format!("“{field}” cannot be used: {reason}."),
        );
        error.body.messages.push(FieldMessage {
            field: field.to_owned(),
            code: codes::INVALID_PARAM.to_owned(),
            code_message: reason,
            data: None,
        });
        error
    }

    /// 404: it is not there, or the caller may not know that it is.
    pub(crate) fn no_record(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            codes::NO_RECORD,
            format!("There is no such {what}, or you have no access to it."),
        )
    }

    /// 403.
    pub(crate) fn no_access(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, codes::NO_ACCESS, message)
    }

    /// 401: there is no living session.
    pub(crate) fn no_session() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            codes::NO_SESSION,
            "X-Auth-Token is invalid or missing",
        )
    }

    /// 429: the person makes more requests than one may.
    pub(crate) fn too_many(seconds: u64) -> Self {
        let mut error = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            codes::LIMIT,
            "You make more requests than this server takes from one person. Wait, then try again.",
        );
        error.retry_after = Some(u32::try_from(seconds.max(1)).unwrap_or(u32::MAX));
        error
    }

    /// 503: where sessions are kept cannot be reached. Never 401: a client would
    /// give its session up.
    pub(crate) fn sessions_unavailable() -> Self {
        IdentityError::SessionsUnavailable.into()
    }

    /// 503: a part is gone for the moment.
    pub(crate) fn unavailable(message: impl Into<String>, log: impl Into<String>) -> Self {
        let mut error = Self::new(StatusCode::SERVICE_UNAVAILABLE, codes::UNAVAILABLE, message);
        error.retry_after = Some(5);
        error.log = Some(log.into());
        error
    }

    /// 500: our own fault.
    pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut answer = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            codes::INTERNAL,
            "The server failed at this. Try again; if it fails again, tell your administrator the transaction below.",
        );
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            text = format!("{text}: {inner}");
            source = inner.source();
        }
        answer.log = Some(text);
        answer
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(Box::new(self));
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(what) => Self::no_record(what),
            StoreError::NoAccess(message) => Self::no_access(message),
            StoreError::Invalid { field, reason } => Self::field(field, reason),
            StoreError::Conflict(message) => {
                Self::new(StatusCode::CONFLICT, codes::CONFLICT, message)
            }
            StoreError::Full => full("the disk that holds the database is full"),
            StoreError::Unavailable(reason) => Self::unavailable(
                "The database cannot be reached at this moment. Nothing was changed. Try again shortly.",
                reason,
            ),
            other => Self::internal(&other),
        }
    }
}

impl From<ContentError> for ApiError {
    fn from(error: ContentError) -> Self {
        match error {
            ContentError::Full => full("the disk that holds the documents is full"),
            ContentError::Unavailable(source) => Self::unavailable(
                "The documents' disk cannot be used at this moment. Nothing was changed. Try again shortly.",
                source.to_string(),
            ),
            ContentError::Missing => {
                let mut error = Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    codes::INTERNAL,
                    "The document's content is missing or damaged. Tell your administrator the transaction below.",
                );
                error.log = Some(
                    "content is missing or shorter than recorded; run chancery-server check"
                        .to_owned(),
                );
                error
            }
        }
    }
}

fn full(log: &str) -> ApiError {
    let mut error = ApiError::new(
        StatusCode::INSUFFICIENT_STORAGE,
        codes::UNAVAILABLE,
        "The server's disk is full. Nothing was changed. Tell your administrator, then try again.",
    );
    error.log = Some(log.to_owned());
    error
}

impl From<IdentityError> for ApiError {
    fn from(error: IdentityError) -> Self {
        let message = error.to_string();
        match error {
            IdentityError::WrongPassword | IdentityError::NoUser => {
                Self::new(StatusCode::UNAUTHORIZED, codes::LOGIN_FAILED, message)
            }
            IdentityError::NotAdministrator => Self::no_access(message),
            IdentityError::CannotRenew => {
                Self::new(StatusCode::UNAUTHORIZED, codes::NO_SESSION, message)
            }
            IdentityError::Busy(seconds) => {
                let mut error =
                    Self::new(StatusCode::SERVICE_UNAVAILABLE, codes::UNAVAILABLE, message);
                error.retry_after = Some(seconds);
                error
            }
            IdentityError::SessionsUnavailable => {
                let mut error =
                    Self::new(StatusCode::SERVICE_UNAVAILABLE, codes::UNAVAILABLE, message);
                error.retry_after = Some(SESSIONS_LATER);
                error
            }
            IdentityError::TooSoon(seconds) => {
                let mut error = Self::new(StatusCode::TOO_MANY_REQUESTS, codes::LIMIT, message);
                error.retry_after = Some(seconds);
                error
            }
            IdentityError::PasswordRule(rule) => Self::field("password", rule),
            IdentityError::CodeRefused(reason) => {
                Self::new(StatusCode::BAD_REQUEST, codes::INVALID_PARAM, reason)
            }
            IdentityError::NoSuchSession => Self::no_record("session"),
            IdentityError::Store(inner) => inner.into(),
            other => Self::internal(&other),
        }
    }
}

/// An id in the path that is none cannot be there.
impl From<IdError> for ApiError {
    fn from(error: IdError) -> Self {
        Self::field("id", error.to_string())
    }
}
