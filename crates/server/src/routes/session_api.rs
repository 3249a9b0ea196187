//! Signing in and out by the v1 session API.

use crate::app::{CUSTOMER, SharedApp};
use crate::http::body::{JsonObject, MaybeObject};
use crate::http::caller::{self, Peer};
use crate::http::error::ApiError;
use crate::http::respond;
use crate::routes::ticket;
use crate::wire::fields::Fields;
use axum::extract::State;
use axum::response::Response;
use chancery_identity::{Kind, Persona, Proof, SignIn, SignedIn};
use chancery_proto::headers;
use chancery_proto::session::{LoginResponse, LoginUser};
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

/// `PUT /api/v1/session/login`.
pub(crate) async fn login(
    State(app): State<SharedApp>,
    peer: Peer,
    headers: HeaderMap,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    by_password(&app, peer, &headers, &body).await
}

/// `PUT /api/v1/session/network-login`: with the ticket that a machine of the
/// domain sends by itself, or with a password as above.
pub(crate) async fn network_login(
    State(app): State<SharedApp>,
    peer: Peer,
    headers: HeaderMap,
    MaybeObject(body): MaybeObject,
) -> Result<Response, ApiError> {
    let fields = Fields(&body);
    let client = fields.text("application_name")?.unwrap_or_default();
    let caller = ticket::Caller {
        application: kind_of(client),
        client: label(client),
        device: device(&headers),
        address: peer.ip().to_string(),
    };
    if let Some(outcome) = ticket::sign_in(&app, &headers, caller).await {
        let by_ticket = outcome?;
        let mut response = begun(&app, &by_ticket.signed_in)?;
        by_ticket.prove(&mut response);
        return Ok(response);
    }
    if app.trusted.is_some() && fields.text("password")?.is_none() {
        return Ok(ticket::challenge());
    }
    by_password(&app, peer, &headers, &body).await
}

async fn by_password(
    app: &SharedApp,
    peer: Peer,
    headers: &HeaderMap,
    body: &Map<String, Value>,
) -> Result<Response, ApiError> {
    let fields = Fields(body);
    let user = match fields.text("user_id")? {
        Some(user) => user,
        None => fields
            .text("userid")?
            .ok_or_else(|| ApiError::field("user_id", "it is missing"))?,
    };
    let password = fields
        .text("password")?
        .ok_or_else(|| ApiError::field("password", "it is missing"))?;
    let persona = match fields.text("persona")? {
        None | Some("") => Persona::User,
        Some(name) => Persona::from_name(name)
            .ok_or_else(|| ApiError::field("persona", "it has to be user or admin"))?,
    };
    let client = fields.text("application_name")?.unwrap_or_default();
    let sign_in = SignIn {
        user: user.to_owned(),
        proof: Proof::Password(password.into()),
        persona,
        application: kind_of(client),
        client: label(client),
        device: device(headers),
        address: peer.ip().to_string(),
    };
    begun(app, &app.identity.sign_in(sign_in).await?)
}

/// Whoever does not say what it is counts as a desktop application.
fn kind_of(client: &str) -> String {
    let kind = Kind::from_name(client).unwrap_or(Kind::Desktop);
    kind.as_str().to_owned()
}

/// What a session that has just begun is told.
fn begun(app: &SharedApp, signed_in: &SignedIn) -> Result<Response, ApiError> {
    let libraries = app.store.libraries()?;
    let preferred = super::libraries::preferred(&signed_in.user, &libraries);
    let answer = LoginResponse {
        x_auth_token: signed_in.token.clone(),
        customer_id: CUSTOMER,
        max_age: signed_in.idle.as_secs(),
        persona: signed_in.persona.as_str().to_owned(),
        user: LoginUser {
            user_id: signed_in.user.id.clone(),
            email: signed_in.user.email.clone(),
            full_name: signed_in.user.full_name.clone(),
            preferred_database: preferred.clone(),
            preferred_library: preferred,
        },
    };
    Ok(respond::json(StatusCode::OK, &answer))
}

/// Signing out, under each of its addresses. Whoever is out already is out.
pub(crate) async fn logout(
    State(app): State<SharedApp>,
    peer: Peer,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if let Some(token) = caller::token(&headers) {
        app.identity.end(token, &peer.ip().to_string()).await?;
    }
    Ok(respond::done())
}

/// The device's name, as far as it can be shown.
pub(crate) fn device(headers: &HeaderMap) -> String {
    headers
        .get(headers::DEVICE)
        .and_then(|value| value.to_str().ok())
        .map(label)
        .unwrap_or_default()
}

/// A name that somebody else chose, fit to be listed.
pub(crate) fn label(text: &str) -> String {
    text.trim()
        .chars()
        .filter(|character| !character.is_control())
        .take(64)
        .collect()
}
