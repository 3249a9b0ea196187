//! Who did what: for administrators.

use crate::app::SharedApp;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::ids::PathValues;
use crate::http::query::Query;
use crate::http::respond;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

/// So many lines unless `limit` says otherwise, and at most.
const USUAL: u32 = 100;
const MOST: u32 = 1000;

/// `GET C/audit`: the newest lines, newest first; `limit` says how many.
pub(crate) async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    _path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    let limit = match query.text("limit") {
        None => USUAL,
        Some(text) => match text.parse::<u32>() {
            Ok(limit @ 1..=MOST) => limit,
            _ => {
                return Err(ApiError::field(
                    "limit",
                    format!("it has to be a number from 1 to {MOST}"),
                ));
            }
        },
    };
    let lines = app.read(move |store| store.audit(limit)).await?;
    let items: Vec<Value> = lines
        .iter()
        .map(|line| {
            json!({
                "at": line.at,
                "user": line.user,
                "activity": line.activity,
                "outcome": line.outcome,
                "method": line.method,
                "application": line.application,
                "address": line.address,
            })
        })
        .collect();
    Ok(respond::array(items, None, None))
}
