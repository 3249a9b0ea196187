//! Signing in with a Kerberos ticket (RFC 4559), wherever that is offered.

use crate::app::SharedApp;
use crate::http::error::ApiError;
use crate::http::origin::is_from_elsewhere;
use crate::trusted::{self, Proved, Untrusted};
use axum::response::{IntoResponse as _, Response};
use chancery_identity::{Persona, Proof, SignIn, SignedIn};
use chancery_kerberos::Refused;
use chancery_proto::error::codes;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue, StatusCode};

/// Who wants to sign in, but for who it is.
pub(crate) struct Caller {
    pub(crate) application: String,
    pub(crate) client: String,
    pub(crate) device: String,
    pub(crate) address: String,
}

/// Somebody whose ticket was accepted.
pub(crate) struct ByTicket {
    pub(crate) signed_in: SignedIn,
    answer: HeaderValue,
}

impl ByTicket {
    /// Puts this server's proof of itself into the answer.
    pub(crate) fn prove(&self, response: &mut Response) {
        let headers = response.headers_mut();
        headers.insert(WWW_AUTHENTICATE, self.answer.clone());
    }
}

/// Signs in whoever the ticket in the head of a request belongs to. None where
/// tickets are not accepted here, or where none was sent.
pub(crate) async fn sign_in(
    app: &SharedApp,
    headers: &HeaderMap,
    caller: Caller,
) -> Option<Result<ByTicket, ApiError>> {
    let trusted = app.trusted.as_ref()?;
    let token = trusted::token(headers)?;
    if is_from_elsewhere(headers) {
        return Some(Err(ApiError::no_access(
            "A page of another site may not sign anybody in here.",
        )));
    }
    Some(enter(app, trusted, token, caller).await)
}

async fn enter(
    app: &SharedApp,
    trusted: &trusted::Trusted,
    token: Result<Vec<u8>, Refused>,
    caller: Caller,
) -> Result<ByTicket, ApiError> {
    let entering = |user: String| SignIn {
        user,
        proof: Proof::Ticket,
        // To administer takes a password: a ticket asks nobody.
        persona: Persona::User,
        application: caller.application.clone(),
        client: caller.client.clone(),
        device: caller.device.clone(),
        address: caller.address.clone(),
    };
    let proved = match token {
        Ok(token) => trusted.prove(token).await,
        Err(refused) => Err(Untrusted::Refused(refused, None)),
    };
    match proved {
        Ok(Proved { user, answer }) => {
            let signed_in = app.identity.sign_in(entering(user)).await?;
            Ok(ByTicket { signed_in, answer })
        }
        Err(Untrusted::Busy(seconds)) => {
            let mut error = ApiError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                codes::UNAVAILABLE,
                format!(
                    "Too many people are signing in at this moment. Try again in {seconds} seconds."
                ),
            );
            error.retry_after = Some(seconds);
            Err(error)
        }
        Err(Untrusted::Refused(refused, principal)) => {
            tracing::info!(%refused, address = %caller.address, "a ticket was refused");
            let whose = principal.unwrap_or_default();
            app.identity.note_refused(&entering(whose)).await;
            Err(ApiError::new(
                StatusCode::UNAUTHORIZED,
                codes::LOGIN_FAILED,
                trusted::sentence(&refused),
            ))
        }
    }
}

/// 401 to whoever brings neither ticket nor password: a browser of the domain
/// sends a ticket then.
pub(crate) fn challenge() -> Response {
    let mut response = ApiError::new(
        StatusCode::UNAUTHORIZED,
        codes::LOGIN_FAILED,
        "A Kerberos ticket, or user_id and password, is needed.",
    )
    .into_response();
    response
        .headers_mut()
        .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Negotiate"));
    response
}
