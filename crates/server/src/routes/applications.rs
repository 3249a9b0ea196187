//! How long sessions live, per kind of application: for administrators.

use crate::app::SharedApp;
use crate::http::body::JsonObject;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::ids::PathValues;
use crate::http::respond;
use crate::wire::fields::Fields;
use axum::extract::State;
use axum::response::Response;
use chancery_identity::Kind;
use chancery_store::applications::ApplicationSettings;
use serde_json::{Value, json};

fn item(settings: &ApplicationSettings) -> Value {
    json!({
        "id": settings.name,
        "idle_seconds": settings.idle_seconds,
        "absolute_seconds": settings.absolute_seconds,
        "refresh": settings.refresh,
        "refresh_seconds": settings.refresh_seconds,
    })
}

fn kind(path: &PathValues) -> Result<Kind, ApiError> {
    Kind::from_name(path.get("name")).ok_or_else(|| ApiError::no_record("application"))
}

/// `GET C/applications`.
pub(crate) async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    _path: PathValues,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    let items: Vec<Value> = app.identity.applications().iter().map(item).collect();
    let count = items.len() as u64;
    Ok(respond::array(items, Some(count), None))
}

/// `GET C/applications/{name}`.
pub(crate) async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    Ok(respond::data(item(&app.identity.application(kind(&path)?))))
}

/// `PATCH C/applications/{name}`: in force at the next check of every living session.
pub(crate) async fn update(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    let fields = Fields(&body);
    let mut settings = app.identity.application(kind(&path)?);
    for (name, value) in [
        ("idle_seconds", &mut settings.idle_seconds),
        ("absolute_seconds", &mut settings.absolute_seconds),
        ("refresh_seconds", &mut settings.refresh_seconds),
    ] {
        if let Some(given) = fields.number(name)? {
            *value = given;
        }
    }
    if let Some(refresh) = fields.flag("refresh")? {
        settings.refresh = refresh;
    }
    app.identity.set_application(settings.clone()).await?;
    Ok(respond::data(item(&settings)))
}
