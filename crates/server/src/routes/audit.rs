//! Who did what: for administrators.

use crate::app::SharedApp;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::ids::PathValues;
use crate::http::query::Query;
use crate::http::respond;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use chancery_store::audit::Log;
use serde_json::{Value, json};

/// So many lines unless `limit` says otherwise, and at most.
const USUAL: u32 = 100;
const MOST: u32 = 1000;

/// `GET C/audit`: the newest lines, newest first; `limit` says how many. With
/// `after` the lines behind that id, in their order and with their marks, of the
/// `log` audit or history.
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
    if let Some(after) = query.number("after")? {
        let log = match query.text("log") {
            None | Some("audit") => Log::Audit,
            Some("history") => Log::History,
            Some(_) => return Err(ApiError::field("log", "it has to be audit or history")),
        };
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let lines = app
            .read(move |store| store.log_lines(log, after, limit))
            .await?;
        let items = lines
            .iter()
            .map(|line| wire::log::line(log, line))
            .collect();
        return Ok(respond::array(items, None, None));
    }
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
