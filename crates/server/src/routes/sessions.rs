//! “My sessions”, and everybody's for administrators.

use crate::app::SharedApp;
use crate::http::caller::{Caller, Peer};
use crate::http::error::ApiError;
use crate::http::ids::PathValues;
use crate::http::query::Query;
use crate::http::respond;
use axum::extract::State;
use axum::response::Response;
use chancery_identity::{SessionInfo, Whose};
use chancery_store::users::key_of;
use serde_json::{Value, json};

fn item(session: &SessionInfo, own: &str) -> Value {
    json!({
        "id": session.id,
        "user": session.user,
        "application": session.application,
        "client": session.client,
        "persona": session.persona,
        "method": session.method,
        "device": session.device,
        "address": session.address,
        "signed_in_date": session.signed_in,
        "create_date": session.created,
        "last_use_date": session.last_use,
        "idle_seconds_left": session.idle_left.as_secs(),
        "absolute_seconds_left": session.absolute_left.as_secs(),
        "is_current": session.id == own,
    })
}

/// Whose sessions a request means: one's own, or for administrators somebody's
/// (`user=…`) or everybody's (`all=true`).
fn whose(caller: &Caller, query: &Query) -> Result<Whose, ApiError> {
    let own = &caller.principal().user;
    if query.flag("all")? {
        caller.must_administer()?;
        return Ok(Whose::Everybodys);
    }
    match query.text("user") {
        Some(user) if key_of(user) != *own => {
            caller.must_administer()?;
            Ok(Whose::Of(user.to_owned()))
        }
        _ => Ok(Whose::Of(own.clone())),
    }
}

/// `GET C/sessions`.
pub(crate) async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    _path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let sessions = app.identity.sessions(&whose(&caller, &query)?).await?;
    let count = sessions.len() as u64;
    let items = sessions
        .iter()
        .map(|session| item(session, &caller.0.session_id))
        .collect();
    Ok(respond::array(items, Some(count), None))
}

/// `DELETE C/sessions/{id}`.
pub(crate) async fn end(
    State(app): State<SharedApp>,
    caller: Caller,
    peer: Peer,
    path: PathValues,
) -> Result<Response, ApiError> {
    let own = caller.principal();
    let whose = if own.administrator {
        Whose::Everybodys
    } else {
        Whose::Of(own.user.clone())
    };
    app.identity
        .end_session(
            path.get("session"),
            &whose,
            &own.user,
            &peer.ip().to_string(),
        )
        .await?;
    Ok(respond::nothing())
}

/// `DELETE C/sessions`: all of one's own, or `user=…`, or `all=true`.
pub(crate) async fn end_all(
    State(app): State<SharedApp>,
    caller: Caller,
    peer: Peer,
    _path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let whose = whose(&caller, &query)?;
    app.identity
        .end_all(&whose, &caller.principal().user, &peer.ip().to_string())
        .await?;
    Ok(respond::nothing())
}
