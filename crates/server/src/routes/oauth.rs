//! OAuth 2: the token endpoint (RFC 6749; RFC 8628 for other devices), and
//! revocation (RFC 7009). Errors are at the root of the body.

use crate::app::SharedApp;
use crate::http::body::Form;
use crate::http::caller::Peer;
use crate::http::error::ApiError;
use crate::http::respond;
use crate::routes::session_api::device;
use crate::routes::ticket;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chancery_identity::{
    Client, DeviceSignIn, IdentityError, Persona, Proof, Redeeming, SignIn, SignedIn, Way,
};
use chancery_proto::secret::Secret;
use chancery_proto::session::{DEVICE_GRANT, OAuthError, TICKET_GRANT, TokenResponse};
use http::header::{AUTHORIZATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use std::sync::Arc;

pub(crate) fn refusal(status: StatusCode, error: &str, description: impl Into<String>) -> Response {
    respond::json(
        status,
        &OAuthError {
            error: error.to_owned(),
            error_description: description.into(),
        },
    )
}

pub(crate) fn missing(name: &str) -> Response {
    refusal(
        StatusCode::BAD_REQUEST,
        "invalid_request",
        format!("{name} is missing."),
    )
}

/// `POST /auth/oauth2/token`.
pub(crate) async fn token(
    State(app): State<SharedApp>,
    peer: Peer,
    headers: HeaderMap,
    form: Result<Form, ApiError>,
) -> Response {
    let form = match form {
        Ok(form) => form,
        Err(error) => {
            return refusal(error.status, "invalid_request", error.body.code_message);
        }
    };
    let address = peer.ip().to_string();
    match form.get("grant_type") {
        None => missing("grant_type"),
        Some("password") => by_password(&app, &headers, &form, address).await,
        Some(TICKET_GRANT) => by_ticket(&app, &headers, &form, address).await,
        Some("authorization_code") => by_code(&app, &headers, &form, address).await,
        Some(DEVICE_GRANT) => by_device_code(&app, &headers, &form, &address).await,
        Some("refresh_token") => by_refresh(&app, &headers, &form, &address).await,
        Some(_) => refusal(
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            format!(
                "This server knows the grants authorization_code, refresh_token, password, {DEVICE_GRANT} and {TICKET_GRANT}."
            ),
        ),
    }
}

/// The client's name and secret: in the form, or as RFC 6749, section 2.3.1.
fn named_client(headers: &HeaderMap, form: &Form) -> Option<(String, String)> {
    if let Some(id) = form.get("client_id") {
        let secret = form.get("client_secret").unwrap_or_default();
        return Some((id.to_owned(), secret.to_owned()));
    }
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

fn known_client(app: &SharedApp, id: &str, secret: &str) -> Option<Arc<Client>> {
    let client = app.identity.client(id)?;
    client.is_proved_by(secret).then_some(client)
}

/// The client that asks, proved to be itself and allowed to sign in that way.
pub(crate) fn allowed_client(
    app: &SharedApp,
    headers: &HeaderMap,
    form: &Form,
    way: Way,
) -> Result<Arc<Client>, Box<Response>> {
    let named = named_client(headers, form);
    let known = named.and_then(|(id, secret)| known_client(app, &id, &secret));
    let Some(client) = known else {
        return Err(Box::new(unknown_client()));
    };
    if client.may(way) {
        Ok(client)
    } else {
        Err(Box::new(unauthorized(&client, way)))
    }
}

fn unauthorized(client: &Client, way: Way) -> Response {
    refusal(
        StatusCode::BAD_REQUEST,
        "unauthorized_client",
        format!(
            "The application “{}” is not registered for the way “{}”. Ask the administrator.",
            client.id,
            way.as_str()
        ),
    )
}

fn unknown_client() -> Response {
    refusal(
        StatusCode::UNAUTHORIZED,
        "invalid_client",
        "This server does not know that client. Ask the administrator to register it.",
    )
}

async fn by_password(
    app: &SharedApp,
    headers: &HeaderMap,
    form: &Form,
    address: String,
) -> Response {
    let client = match allowed_client(app, headers, form, Way::Password) {
        Ok(client) => client,
        Err(refusal) => return *refusal,
    };
    let Some(user) = form.get("username") else {
        return missing("username");
    };
    let Some(password) = form.get("password") else {
        return missing("password");
    };
    // Several scopes may be asked for; only these two mean anything here.
    let scopes = form.get("scope").unwrap_or("user");
    let persona = if scopes.split_whitespace().any(|scope| scope == "admin") {
        Persona::Administrator
    } else {
        Persona::User
    };
    let sign_in = SignIn {
        user: user.to_owned(),
        proof: Proof::Password(password.into()),
        persona,
        application: client.application().to_owned(),
        client: client.id.clone(),
        device: device(headers),
        address,
    };
    match app.identity.sign_in(sign_in).await {
        Ok(signed_in) => tokens(&signed_in),
        Err(IdentityError::NotAdministrator) => refusal(
            StatusCode::BAD_REQUEST,
            "invalid_scope",
            IdentityError::NotAdministrator.to_string(),
        ),
        Err(error) => failure(error),
    }
}

/// With a Kerberos ticket, an extension grant (RFC 6749, section 4.5).
async fn by_ticket(app: &SharedApp, headers: &HeaderMap, form: &Form, address: String) -> Response {
    // The head carries the ticket, so the client is named in the form.
    let id = form.get("client_id").unwrap_or_default();
    let secret = form.get("client_secret").unwrap_or_default();
    let Some(client) = known_client(app, id, secret) else {
        return unknown_client();
    };
    if !client.may(Way::Ticket) {
        return unauthorized(&client, Way::Ticket);
    }
    let caller = ticket::Caller {
        application: client.application().to_owned(),
        client: client.id.clone(),
        device: device(headers),
        address,
    };
    match ticket::sign_in(app, headers, caller).await {
        Some(Ok(by_ticket)) => {
            let mut response = tokens(&by_ticket.signed_in);
            by_ticket.prove(&mut response);
            response
        }
        Some(Err(error)) if error.status == StatusCode::UNAUTHORIZED => refusal(
            StatusCode::BAD_REQUEST,
            "invalid_grant",
            error.body.code_message,
        ),
        Some(Err(error)) if error.status == StatusCode::FORBIDDEN => refusal(
            StatusCode::BAD_REQUEST,
            "unauthorized_client",
            error.body.code_message,
        ),
        Some(Err(error)) => unavailable(error),
        None if app.trusted.is_some() => refusal(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "The header Authorization with a Kerberos ticket is missing.",
        ),
        None => refusal(
            StatusCode::BAD_REQUEST,
            "unauthorized_client",
            "This server accepts no Kerberos tickets.",
        ),
    }
}

async fn by_refresh(app: &SharedApp, headers: &HeaderMap, form: &Form, address: &str) -> Response {
    // Credentials are optional for the built-in clients and public ones; when
    // they come they have to be right.
    let mut client = None;
    if let Some((id, secret)) = named_client(headers, form) {
        client = known_client(app, &id, &secret);
        if client.is_none() {
            return unknown_client();
        }
    }
    let Some(token) = form.get("refresh_token") else {
        return missing("refresh_token");
    };
    let token = Secret::from(token);
    match app.identity.renew(&token, client.as_deref(), address).await {
        Ok(signed_in) => tokens(&signed_in),
        Err(error) => failure(error),
    }
}

async fn by_code(app: &SharedApp, headers: &HeaderMap, form: &Form, address: String) -> Response {
    let client = match allowed_client(app, headers, form, Way::Code) {
        Ok(client) => client,
        Err(refusal) => return *refusal,
    };
    let Some(code) = form.get("code") else {
        return missing("code");
    };
    let redeeming = Redeeming {
        code,
        client: &client,
        redirect: form.get("redirect_uri"),
        verifier: form.get("code_verifier"),
        device: device(headers),
        address,
    };
    match app.identity.redeem(redeeming).await {
        Ok(signed_in) => tokens(&signed_in),
        Err(error) => failure(error),
    }
}

async fn by_device_code(
    app: &SharedApp,
    headers: &HeaderMap,
    form: &Form,
    address: &str,
) -> Response {
    let client = match allowed_client(app, headers, form, Way::Device) {
        Ok(client) => client,
        Err(refusal) => return *refusal,
    };
    let Some(code) = form.get("device_code") else {
        return missing("device_code");
    };
    let asked = app
        .identity
        .ask_device_sign_in(code, &client, address)
        .await;
    // RFC 8628, section 3.5.
    let (error, description) = match asked {
        Ok(DeviceSignIn::SignedIn(signed_in)) => return tokens(&signed_in),
        Ok(DeviceSignIn::Undecided) => (
            "authorization_pending",
            "Nobody has decided yet. Ask again later.",
        ),
        Ok(DeviceSignIn::TooSoon) => (
            "slow_down",
            "That was too soon. Wait five seconds longer between two questions from now on.",
        ),
        Ok(DeviceSignIn::Refused) => ("access_denied", "The person did not allow it."),
        Ok(DeviceSignIn::Over) => (
            "expired_token",
            "The code is unknown, too old or was used before. Begin again.",
        ),
        Err(error) => return failure(error),
    };
    refusal(StatusCode::BAD_REQUEST, error, description)
}

fn tokens(signed_in: &SignedIn) -> Response {
    respond::json(
        StatusCode::OK,
        &TokenResponse {
            access_token: signed_in.token.clone(),
            token_type: "Bearer".to_owned(),
            expires_in: signed_in.idle.as_secs(),
            refresh_token: signed_in.refresh_token.clone(),
            scope: signed_in.persona.as_str().to_owned(),
        },
    )
}

pub(crate) fn failure(error: IdentityError) -> Response {
    let message = error.to_string();
    match error {
        IdentityError::WrongPassword
        | IdentityError::CannotRenew
        | IdentityError::CodeRefused(_) => {
            refusal(StatusCode::BAD_REQUEST, "invalid_grant", message)
        }
        other => unavailable(ApiError::from(other)),
    }
}

fn unavailable(error: ApiError) -> Response {
    let Some(seconds) = error.retry_after else {
        // Also written to the log on its way out.
        return error.into_response();
    };
    let mut response = refusal(
        error.status,
        "temporarily_unavailable",
        error.body.code_message,
    );
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// `POST /auth/oauth2/revoke-token`: ends the whole sign-in that a token
/// belongs to. A token that nobody knows is as good as revoked (RFC 7009, section 2.2).
pub(crate) async fn revoke(
    State(app): State<SharedApp>,
    peer: Peer,
    form: Result<Form, ApiError>,
) -> Response {
    let form = match form {
        Ok(form) => form,
        Err(error) => {
            return refusal(error.status, "invalid_request", error.body.code_message);
        }
    };
    let named: Vec<&str> = ["access_token", "refresh_token", "token"]
        .into_iter()
        .filter_map(|name| form.get(name))
        .collect();
    if named.is_empty() {
        return missing("access_token");
    }
    for token in named {
        if let Err(error) = app.identity.end(token, &peer.ip().to_string()).await {
            return failure(error);
        }
    }
    respond::done()
}
