//! Signing in with a Kerberos ticket (RFC 4559), wherever that is offered.

use crate::app::SharedApp;
use crate::http::error::ApiError;
use crate::trusted::{self, Proved, Untrusted};
use axum::response::{IntoResponse as _, Response};
use chancery_identity::{Kind, Persona, Proof, SignIn, SignedIn};
use chancery_kerberos::Refused;
use chancery_proto::error::codes;
use http::header::{HOST, ORIGIN, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};

/// Who wants to sign in, but for who it is.
pub(crate) struct Caller {
    pub(crate) kind: Kind,
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

/// Browsers of a domain send tickets by themselves, for pages of other sites
/// too (RFC 4559, section 6): those say whose page it is (RFC 6454, section 7).
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else {
        return false;
    };
    let own = headers.get(HOST).and_then(|host| host.to_str().ok());
    let site = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"));
    match (site, own) {
        (Some((_, site)), Some(own)) => !site.eq_ignore_ascii_case(own),
        _ => true,
    }
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
        kind: caller.kind,
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

#[cfg(test)]
mod tests {
    use super::is_from_elsewhere;
    use http::header::{HOST, ORIGIN};
    use http::{HeaderMap, HeaderValue};

    #[test]
    fn only_pages_of_this_site_bring_tickets() {
        let asked = |origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("docs.example.com:8443"));
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            is_from_elsewhere(&headers)
        };
        assert!(!asked(None), "no browser");
        assert!(!asked(Some("https://docs.example.com:8443")));
        for other in [
            "https://docs.example.com",
            "https://docs.example.com:8443.evil.test",
            "https://evil.test",
            "null",
            "",
        ] {
            assert!(asked(Some(other)), "{other}");
        }
    }
}
