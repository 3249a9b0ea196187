//! Signing in where there is no browser (RFC 8628): the endpoint for the
//! application, and the page on which the person types its code.

use crate::app::SharedApp;
use crate::http::body::Form;
use crate::http::caller::Peer;
use crate::http::error::ApiError;
use crate::http::host::Host;
use crate::http::respond;
use crate::pages::{self, Asking, DeviceAsking, Page, Told};
use crate::routes::authorize::{STALE, retold, shown};
use crate::routes::oauth::{allowed_client, failure, refusal};
use crate::routes::session_api::device as device_name;
use crate::routes::visitor::Visitor;
use axum::extract::State;
use axum::response::Response;
use chancery_identity::{DEVICE_CODE_LIFE, DeviceRequest, IdentityError, PACE, Persona, Way};
use chancery_proto::session::DeviceAuthorization;
use http::{HeaderMap, StatusCode};

/// Where the page is.
pub(crate) const PATH: &str = "/auth/device";

/// `POST /auth/oauth2/device`.
pub(crate) async fn begin(
    State(app): State<SharedApp>,
    host: Host,
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
    let client = match allowed_client(&app, &headers, &form, Way::Device) {
        Ok(client) => client,
        Err(refusal) => return *refusal,
    };
    let scopes = form.get("scope").unwrap_or("user");
    if scopes.split_whitespace().any(|scope| scope == "admin") {
        return refusal(
            StatusCode::BAD_REQUEST,
            "invalid_scope",
            "Administration cannot be begun from another device.",
        );
    }
    let request = DeviceRequest {
        client: &client,
        persona: Persona::User,
        device: device_name(&headers),
        address: peer.ip().to_string(),
    };
    let begun = match app.identity.begin_device_sign_in(request).await {
        Ok(begun) => begun,
        Err(error) => return failure(error),
    };
    let page = host.url(PATH);
    let answer = DeviceAuthorization {
        verification_uri_complete: Some(format!("{page}?user_code={}", begun.user_code)),
        verification_uri: page,
        device_code: begun.device_code,
        user_code: begun.user_code,
        expires_in: DEVICE_CODE_LIFE.as_secs(),
        interval: Some(PACE.as_secs()),
    };
    respond::json(StatusCode::OK, &answer)
}

struct At<'a> {
    app: &'a SharedApp,
    host: &'a Host,
    form: &'a Form,
}

impl At<'_> {
    fn asking<'a>(
        &self,
        mark: &'a str,
        carried: &'a [(&'static str, String)],
        wrong: Option<String>,
    ) -> Asking<'a>
    where
        Self: 'a,
    {
        Asking {
            action: PATH,
            application: "another device",
            carried,
            form: mark,
            wrong,
            ..Asking::default()
        }
    }

    /// Whom to be, or which code, whichever is not known yet.
    fn next(&self, visitor: &Visitor, wrong: Option<String>) -> Page {
        let mark = visitor.form(self.app);
        let typed = self.form.get("user_code").unwrap_or_default();
        match visitor.person() {
            Some(person) => {
                let typed: String = typed.chars().take(20).collect();
                pages::code_form(&self.asking(&mark, &[], wrong), shown(person), &typed)
            }
            None => {
                let carried = [("user_code", typed.to_owned())];
                let mut asking = self.asking(&mark, &carried, wrong);
                asking.user = self.form.get("username").unwrap_or_default();
                pages::sign_in(&asking)
            }
        }
    }

    fn look(&self, visitor: &Visitor, address: &str) -> Result<Page, ApiError> {
        let Some(person) = visitor.person() else {
            return Ok(self.next(visitor, None));
        };
        let typed = self.form.get("user_code").unwrap_or_default();
        let waiting = match self
            .app
            .identity
            .waiting_sign_in(typed, &person.id, address)
        {
            Err(IdentityError::TooSoon(seconds)) => {
                let wrong = format!("Too many wrong codes. Try again in {seconds} seconds.");
                return Ok(self
                    .next(visitor, Some(wrong))
                    .with_status(StatusCode::TOO_MANY_REQUESTS));
            }
            other => other?,
        };
        let Some(waiting) = waiting else {
            let wrong = "No device waits with that code. Check it; a code is good for ten minutes.";
            return Ok(self
                .next(visitor, Some(wrong.to_owned()))
                .with_status(StatusCode::NOT_FOUND));
        };
        let client = self.app.identity.client(&waiting.client);
        let mark = visitor.form(self.app);
        let mut asking = self.asking(&mark, &[], None);
        asking.application = client
            .as_ref()
            .map_or(waiting.client.as_str(), |client| &client.name);
        let code: String = typed.trim().to_uppercase();
        let device = DeviceAsking {
            person: shown(person),
            device: &waiting.device,
            address: &waiting.address,
            code: &code,
        };
        Ok(pages::confirm_device(&asking, &device))
    }

    async fn decide(&self, visitor: &Visitor, allowed: bool) -> Result<Page, ApiError> {
        let Some(person) = visitor.person() else {
            return Ok(self.next(visitor, None));
        };
        let typed = self.form.get("user_code").unwrap_or_default();
        let in_time = self
            .app
            .identity
            .decide_device_sign_in(typed, &person.id, allowed)
            .await?;
        Ok(pages::told(&match (in_time, allowed) {
            (true, true) => Told::new(
                "The device is signed in",
                "You can close this page and go on at the device.",
            ),
            (true, false) => Told::new(
                "The device was not let in",
                "You can close this page. If you did not start this, tell your administrator.",
            ),
            (false, _) => Told::new(
                "It is too late for that code",
                "The code was used or is too old. Begin again at the device.",
            )
            .with_status(StatusCode::GONE),
        }))
    }
}

/// `GET /auth/device`.
pub(crate) async fn ask(
    State(app): State<SharedApp>,
    host: Host,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, ApiError> {
    let visitor = Visitor::of(&app, &headers).await?;
    let at = At {
        app: &app,
        host: &host,
        form: &form,
    };
    // A code that came with the address still takes a click: a link alone does nothing.
    let page = at.next(&visitor, None);
    Ok(visitor.remember(&app, page.respond(at.host.name(), app.scheme == "https")))
}

/// `POST /auth/device`: the forms of those pages.
pub(crate) async fn answer(
    State(app): State<SharedApp>,
    host: Host,
    peer: Peer,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, ApiError> {
    let mut visitor = Visitor::of(&app, &headers).await?;
    let at = At {
        app: &app,
        host: &host,
        form: &form,
    };
    let address = peer.ip().to_string();
    let page = if visitor.sent(&app, &headers, &form) {
        match form.get("step") {
            Some("look") => at.look(&visitor, &address)?,
            Some("allow") => at.decide(&visitor, true).await?,
            Some("deny") => at.decide(&visitor, false).await?,
            Some("other") => {
                visitor.leave(&app, &headers, &address).await?;
                at.next(&visitor, None)
            }
            _ => match visitor.sign_in(&app, &headers, &form, &address).await {
                // The browser's new cookie is asked for at the next page.
                Ok(_) => {
                    let typed = form.get("user_code").unwrap_or_default();
                    let mut query = url::form_urlencoded::Serializer::new(String::new());
                    query.append_pair("user_code", typed);
                    return Ok(visitor.remember(&app, see(&format!("{PATH}?{}", query.finish()))));
                }
                Err(error) => retold(error, |wrong| at.next(&visitor, Some(wrong)))?.0,
            },
        }
    } else {
        at.next(&visitor, Some(STALE.to_owned()))
            .with_status(StatusCode::BAD_REQUEST)
    };
    Ok(visitor.remember(&app, page.respond(at.host.name(), app.scheme == "https")))
}

/// Sends the browser to another page of this server.
fn see(path: &str) -> Response {
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(location) = http::HeaderValue::from_str(path) {
        response
            .headers_mut()
            .insert(http::header::LOCATION, location);
    }
    response
}
