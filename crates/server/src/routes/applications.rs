//! How long sessions live, per kind of application, and the register of
//! applications: for administrators.

use crate::app::SharedApp;
use crate::http::body::JsonObject;
use crate::http::caller::{Caller, Peer};
use crate::http::error::ApiError;
use crate::http::ids::PathValues;
use crate::http::respond;
use crate::wire::fields::Fields;
use axum::extract::State;
use axum::response::Response;
use chancery_identity::{Client, ClientChange, Kind, NewClient, Way};
use chancery_proto::secret::Secret;
use chancery_store::applications::ApplicationSettings;
use http::StatusCode;
use serde_json::{Value, json};

fn item(app: &SharedApp, settings: &ApplicationSettings, secret: Option<&Secret>) -> Value {
    let mut item = json!({
        "id": settings.name,
        "idle_seconds": settings.idle_seconds,
        "absolute_seconds": settings.absolute_seconds,
        "refresh": settings.refresh,
        "refresh_seconds": settings.refresh_seconds,
    });
    if let Some(client) = registered(app, &settings.name) {
        let ways: Vec<&str> = client.ways.iter().map(|way| way.as_str()).collect();
        item["name"] = json!(client.name);
        item["kind"] = json!(client.kind.as_str());
        item["public"] = json!(client.is_public());
        item["redirects"] = json!(client.redirects);
        item["ways"] = json!(ways);
        item["asks"] = json!(client.asks);
    }
    if let Some(secret) = secret {
        item["secret"] = json!(secret.reveal());
    }
    item
}

fn registered(app: &SharedApp, id: &str) -> Option<std::sync::Arc<Client>> {
    app.identity
        .client(id)
        .filter(|client| !client.is_built_in())
}

fn settings(app: &SharedApp, path: &PathValues) -> Result<ApplicationSettings, ApiError> {
    let name = path.get("name").to_ascii_lowercase();
    app.identity
        .application(&name)
        .ok_or_else(|| ApiError::no_record("application"))
}

/// `GET C/applications`.
pub(crate) async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    _path: PathValues,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    let all = app.identity.applications();
    let items: Vec<Value> = all.iter().map(|one| item(&app, one, None)).collect();
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
    Ok(respond::data(item(&app, &settings(&app, &path)?, None)))
}

fn texts(fields: Fields<'_>, name: &str) -> Result<Option<Vec<String>>, ApiError> {
    let Some(array) = fields.array(name)? else {
        return Ok(None);
    };
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        _ => Err(ApiError::field(name, "it has to be a list of texts")),
    };
    array.iter().map(text).collect::<Result<_, _>>().map(Some)
}

fn ways(fields: Fields<'_>) -> Result<Option<Vec<Way>>, ApiError> {
    let Some(names) = texts(fields, "ways")? else {
        return Ok(None);
    };
    let way = |name: &String| {
        Way::from_name(name).ok_or_else(|| {
            ApiError::field("ways", "each has to be code, device, password or ticket")
        })
    };
    names.iter().map(way).collect::<Result<_, _>>().map(Some)
}

/// Puts the lifetimes that were given over those that hold. Says whether there
/// were any.
fn read_lifetimes(
    fields: Fields<'_>,
    settings: &mut ApplicationSettings,
) -> Result<bool, ApiError> {
    let mut any = false;
    for (name, value) in [
        ("idle_seconds", &mut settings.idle_seconds),
        ("absolute_seconds", &mut settings.absolute_seconds),
        ("refresh_seconds", &mut settings.refresh_seconds),
    ] {
        if let Some(given) = fields.number(name)? {
            *value = given;
            any = true;
        }
    }
    if let Some(refresh) = fields.flag("refresh")? {
        settings.refresh = refresh;
        any = true;
    }
    Ok(any)
}

/// `POST C/applications`: registers an application. The answer carries its
/// secret, this once.
pub(crate) async fn register(
    State(app): State<SharedApp>,
    caller: Caller,
    peer: Peer,
    _path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    let fields = Fields(&body);
    let id = fields
        .owned("id")?
        .ok_or_else(|| ApiError::field("id", "it is missing"))?;
    let kind = match fields.text("kind")? {
        None => Kind::Web,
        Some(name) => Kind::from_name(name).ok_or_else(|| {
            ApiError::field("kind", "it has to be desktop, web, mobile or service")
        })?,
    };
    let mut lifetimes = app
        .identity
        .application(kind.as_str())
        .ok_or_else(|| ApiError::no_record("application"))?;
    read_lifetimes(fields, &mut lifetimes)?;
    let new = NewClient {
        name: fields.owned("name")?.unwrap_or_else(|| id.clone()),
        id: id.clone(),
        kind,
        is_public: fields.flag("public")?.unwrap_or(false),
        redirects: texts(fields, "redirects")?.unwrap_or_default(),
        ways: ways(fields)?.unwrap_or_else(|| vec![Way::Code]),
        asks: fields.flag("asks")?.unwrap_or(true),
    };
    let by = &caller.0.user.id;
    let secret = app
        .identity
        .add_client(new, Some(lifetimes), by, &peer.ip().to_string())
        .await?;
    let settings = app
        .identity
        .application(&id)
        .ok_or_else(|| ApiError::no_record("application"))?;
    let body = chancery_proto::work::Data {
        data: item(&app, &settings, secret.as_ref()),
    };
    Ok(respond::json(StatusCode::CREATED, &body))
}

/// `PATCH C/applications/{name}`: in force at the next check of every living session.
pub(crate) async fn update(
    State(app): State<SharedApp>,
    caller: Caller,
    peer: Peer,
    path: PathValues,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    let fields = Fields(&body);
    let mut settings = settings(&app, &path)?;
    let change = ClientChange {
        name: fields.owned("name")?,
        redirects: texts(fields, "redirects")?,
        ways: ways(fields)?,
        asks: fields.flag("asks")?,
        new_secret: fields.flag("new_secret")?.unwrap_or(false),
    };
    let changes_lifetimes = read_lifetimes(fields, &mut settings)?;
    let mut secret = None;
    if change != ClientChange::default() {
        if registered(&app, &settings.name).is_none() {
            return Err(ApiError::field(
                "id",
                format!(
                    "“{}” is a kind of application, of which only lifetimes can be set",
                    settings.name
                ),
            ));
        }
        let by = &caller.0.user.id;
        secret = app
            .identity
            .set_client(&settings.name, change, by, &peer.ip().to_string())
            .await?;
    }
    if changes_lifetimes {
        app.identity.set_application(settings.clone()).await?;
    }
    Ok(respond::data(item(&app, &settings, secret.as_ref())))
}

/// `DELETE C/applications/{name}`: strikes a registered application from the
/// register and ends every sign-in it made.
pub(crate) async fn remove(
    State(app): State<SharedApp>,
    caller: Caller,
    peer: Peer,
    path: PathValues,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    let name = path.get("name");
    if registered(&app, name).is_none() {
        return Err(ApiError::no_record("application"));
    }
    let by = &caller.0.user.id;
    app.identity
        .remove_client(name, by, &peer.ip().to_string())
        .await?;
    Ok(respond::nothing())
}
