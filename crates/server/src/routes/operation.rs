//! Health and metrics.

use crate::app::{App, SharedApp};
use crate::http::error::ApiError;
use crate::http::respond;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chancery_identity::StoreState;
use http::{HeaderValue, header};
use serde_json::json;
use std::fmt::Write as _;

/// The process answers.
pub(crate) async fn live() -> Response {
    respond::data(json!({ "status": "live" }))
}

/// The process can do its work: the database answers. Where sessions are kept
/// may be away; what needs no session goes on then, so the server stays ready
/// and says so.
pub(crate) async fn ready(State(app): State<SharedApp>) -> Result<Response, ApiError> {
    app.read(|store| store.libraries()).await?;
    let sessions = match app.identity.store_state() {
        StoreState::Embedded => "embedded",
        StoreState::Up => "up",
        StoreState::Down => "down",
    };
    Ok(respond::data(
        json!({ "status": "ready", "session_store": sessions }),
    ))
}

/// Text format of Prometheus, version 0.0.4.
pub(crate) async fn metrics(State(app): State<SharedApp>) -> Response {
    let mut response = text(&app).into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"),
    );
    response
}

/// Label values are fixed words, so nothing has to be escaped.
fn text(app: &App) -> String {
    let mut text = String::with_capacity(2048);
    let head = |text: &mut String, name: &str, kind: &str, help: &str| {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    };
    let name = "chancery_sign_ins_total";
    head(
        &mut text,
        name,
        "counter",
        "Sessions made or refused since the start, by method and outcome.",
    );
    for count in app.identity.sign_in_counts() {
        let _ = writeln!(
            text,
            "{name}{{method=\"{}\",outcome=\"{}\"}} {}",
            count.method, count.outcome, count.count
        );
    }
    let name = "chancery_sessions";
    head(
        &mut text,
        name,
        "gauge",
        "Sessions in memory; where they are shared, copies of those checked lately.",
    );
    let _ = writeln!(text, "{name} {}", app.identity.session_count());
    let name = "chancery_http_requests_total";
    head(
        &mut text,
        name,
        "counter",
        "Requests answered since the start, by class of status.",
    );
    for (class, count) in (1..).zip(app.counters.requests()) {
        let _ = writeln!(text, "{name}{{status=\"{class}xx\"}} {count}");
    }
    let name = "chancery_session_store_round_trips_total";
    head(
        &mut text,
        name,
        "counter",
        "Questions and writes to where sessions are kept.",
    );
    let count = app.identity.round_trips();
    let _ = writeln!(text, "{name} {count}");
    let name = "chancery_session_store_up";
    head(
        &mut text,
        name,
        "gauge",
        "Whether where sessions are kept can be reached: 1 or 0.",
    );
    let up = u8::from(app.identity.store_state() != StoreState::Down);
    let _ = writeln!(text, "{name} {up}");
    text
}
