//! Health and metrics.

use crate::app::SharedApp;
use crate::http::counters;
use crate::http::error::ApiError;
use crate::http::respond;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, header};
use serde_json::json;

/// The process answers.
pub(crate) async fn live() -> Response {
    respond::data(json!({ "status": "live" }))
}

/// The process can do its work: the database answers.
pub(crate) async fn ready(State(app): State<SharedApp>) -> Result<Response, ApiError> {
    app.read(|store| store.libraries()).await?;
    Ok(respond::data(json!({ "status": "ready" })))
}

/// Text format of Prometheus, version 0.0.4.
pub(crate) async fn metrics(State(app): State<SharedApp>) -> Response {
    let mut response = counters::text(&app).into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"),
    );
    response
}
