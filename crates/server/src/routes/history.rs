//! What was done with a document.

use crate::app::{App, SharedApp};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::ids::PathValues;
use crate::http::query::{Paging, Query};
use crate::http::respond;
use axum::extract::State;
use axum::response::Response;
use chancery_store::history::{Activity, HistoryFilter, HistoryLine};
use chancery_store::users::key_of;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// So many lines are looked at for a summary.
const MOST: u32 = 100_000;

/// The kinds that a client may ask for, and what they mean here.
fn kinds(query: &Query) -> Result<Vec<Activity>, ApiError> {
    let mut all = Vec::new();
    for word in query.list("activity") {
        let some: &[Activity] = match word.as_str() {
            "all" => &Activity::ALL,
            "copy" => &[Activity::Copy],
            "email" | "print" | "share" => &[],
            "download" => &[Activity::Export, Activity::CheckOut],
            "edit" => &[
                Activity::Replace,
                Activity::Profile,
                Activity::CheckIn,
                Activity::Security,
                Activity::Move,
                Activity::Restore,
            ],
            "version" => &[Activity::Create, Activity::NewVersion],
            "view" => &[Activity::View],
            _ => {
                return Err(ApiError::field(
                    "activity",
                    "each has to be copy, download, edit, email, print, share, version, view or all",
                ));
            }
        };
        all.extend_from_slice(some);
    }
    Ok(all)
}

fn filter(query: &Query) -> Result<HistoryFilter, ApiError> {
    Ok(HistoryFilter {
        all_versions: query.flag("all_versions")?,
        activities: kinds(query)?,
        user: query.text("user").map(key_of),
        from: query.time("activity_date_start")?,
        to: query.time("activity_date_end")?,
    })
}

/// Whether kinds were asked for that nothing here is of.
fn is_of_nothing(query: &Query, filter: &HistoryFilter) -> bool {
    query.text("activity").is_some() && filter.activities.is_empty()
}

async fn found(
    app: &SharedApp,
    caller: &Caller,
    path: &PathValues,
    query: &Query,
    skipped: u64,
    most: u32,
) -> Result<(Vec<HistoryLine>, u64), ApiError> {
    let (id, who) = (path.document()?, caller.principal().clone());
    let filter = filter(query)?;
    if is_of_nothing(query, &filter) {
        app.store.version(&id, &who)?;
        return Ok((Vec::new(), 0));
    }
    app.read(move |store| store.history(&id, &filter, &who, skipped, most))
        .await
}

fn item(app: &App, line: &HistoryLine, library: &str) -> Value {
    let (user, user_fullname) = app.name_of(&line.user);
    let activity = line.activity;
    json!({
        "activity": activity.map_or("other", Activity::word),
        "activity_description": activity.map_or("Other", Activity::description),
        "activity_code": activity.map_or(0, Activity::code),
        "activity_date": line.at,
        "application_name": line.application,
        "user": user,
        "user_fullname": user_fullname,
        "location": line.location,
        "comments": line.comment,
        "duration": 0,
        "pages_printed": 0,
        "num1": 0, "num2": 0, "num3": 0,
        "data1": "", "data2": "",
        "id": format!("{library}!{}.{}", line.number, line.version),
        "document_number": line.number,
        "version": line.version,
        "has_journal": false,
    })
}

/// `GET L/documents/{id}/history`: the last first.
pub(crate) async fn lines(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let page = Paging::of(&query)?.page;
    let (lines, count) = found(&app, &caller, &path, &query, page.offset, page.limit).await?;
    let library = path.library()?;
    let items = lines
        .iter()
        .map(|line| item(&app, line, library.as_str()))
        .collect();
    Ok(respond::array(items, page.total.then_some(count), None))
}

/// `GET …/history/activities`: how often what was done.
pub(crate) async fn activities(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let (lines, _) = found(&app, &caller, &path, &query, 0, MOST).await?;
    let mut counts: BTreeMap<u8, (Activity, u64)> = BTreeMap::new();
    for activity in lines.iter().filter_map(|line| line.activity) {
        counts.entry(activity.code()).or_insert((activity, 0)).1 += 1;
    }
    let items: Vec<Value> = counts
        .values()
        .map(|(activity, count)| {
            json!({"alias": activity.word(), "count": count, "description": activity.description()})
        })
        .collect();
    let count = items.len() as u64;
    Ok(respond::array(items, Some(count), None))
}

/// `GET …/history/users`: who did how much.
pub(crate) async fn users(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let (lines, _) = found(&app, &caller, &path, &query, 0, MOST).await?;
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for line in &lines {
        *counts.entry(&line.user).or_default() += 1;
    }
    let items: Vec<Value> = counts
        .into_iter()
        .map(|(key, count)| {
            let (id, full_name) = app.name_of(key);
            let person = app.identity.person(key);
            json!({
                "id": id,
                "full_name": full_name,
                "email": person.map(|person| person.email.clone()).unwrap_or_default(),
                "activity_count": count,
                "login": true,
                "wstype": "user",
            })
        })
        .collect();
    let count = items.len() as u64;
    Ok(respond::array(items, Some(count), None))
}

/// `GET …/history/versions`: the versions with what was done with each.
pub(crate) async fn versions(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let (id, who) = (path.document()?, caller.principal().clone());
    let mut filter = filter(&query)?;
    filter.all_versions = true;
    let most = if is_of_nothing(&query, &filter) {
        0
    } else {
        MOST
    };
    let asked = id.clone();
    let (versions, lines) = app
        .read(move |store| {
            let versions = store.versions(&asked, &who)?;
            let (lines, _) = store.history(&asked, &filter, &who, 0, most)?;
            Ok((versions, lines))
        })
        .await?;
    let items: Vec<Value> = versions
        .iter()
        .map(|version| {
            let count = lines
                .iter()
                .filter(|line| line.version == version.version)
                .count();
            json!({
                "id": format!("{}!{}.{}", id.library, version.number, version.version),
                "document_number": version.number,
                "version": version.version,
                "name": version.name,
                "activity_count": count,
                "wstype": "document",
            })
        })
        .collect();
    let count = items.len() as u64;
    Ok(respond::array(items, Some(count), None))
}
