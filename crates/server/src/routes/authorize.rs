//! The authorization endpoint (RFC 6749, section 3.1; RFC 7636; RFC 9207) and
//! the page on which people sign in there.
//!
//! Nobody is sent anywhere before the application and the address are known to
//! be registered: what is wrong with them is said on a page of this server.

use crate::app::SharedApp;
use crate::http::body::Form;
use crate::http::caller::Peer;
use crate::http::error::ApiError;
use crate::http::host::Host;
use crate::pages::{self, Asking, Page, Told};
use crate::routes::visitor::Visitor;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chancery_identity::{Authorization, Challenge, Client, Persona, Way};
use chancery_store::users::User;
use http::header::{LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use std::sync::Arc;
use url::form_urlencoded::Serializer;

/// Where the page is.
pub(crate) const PATH: &str = "/auth/oauth2/authorize";
/// The longest `state` that is sent back.
const LONGEST_STATE: usize = 2000;
/// What a form carries of what was asked.
const CARRIED: [&str; 8] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "prompt",
];

/// What an application asks for, checked.
#[derive(Debug)]
pub(crate) struct Asked {
    client: Arc<Client>,
    redirect: String,
    redirect_named: bool,
    state: Option<String>,
    challenge: Option<Challenge>,
    persona: Persona,
    prompt: Prompt,
}

impl Asked {
    /// Whether the session that a browser has is enough: to administer, or where
    /// the application wants it, takes the password.
    fn is_content_with_session(&self) -> bool {
        self.persona == Persona::User && self.prompt != Prompt::Password
    }
}

/// Whether people may be asked (`prompt`, as OpenID Connect Core, section 3.1.2.1, has it).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prompt {
    IfNeeded,
    Never,
    Password,
}

/// Why it cannot be done.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The application or the address is not known: nobody is sent anywhere.
    Here(String),
    /// The application is told.
    There {
        redirect: String,
        state: Option<String>,
        error: &'static str,
        description: String,
    },
}

/// Reads what is asked.
pub(crate) fn read(app: &SharedApp, form: &Form) -> Result<Asked, Fault> {
    let here = |sentence: &str| Fault::Here(sentence.to_owned());
    let repeated = form
        .repeated()
        .filter(|name| CARRIED.contains(name))
        .map(str::to_owned);
    if let Some(name @ ("client_id" | "redirect_uri")) = repeated.as_deref() {
        return Err(Fault::Here(format!("{name} came more than once.")));
    }
    let Some(id) = form.get("client_id") else {
        return Err(here(
            "The application did not say which one it is (client_id is missing).",
        ));
    };
    let Some(client) = app.identity.client(id) else {
        return Err(here(
            "This server does not know the application. Ask your administrator to register it.",
        ));
    };
    let named = form.get("redirect_uri");
    let Some(redirect) = client.redirect(named) else {
        return Err(here(
            "The address that the application wants you to be sent back to (redirect_uri) is not registered for it. Ask your administrator.",
        ));
    };
    let state = form.get("state").map(str::to_owned);
    let too_long = state
        .as_ref()
        .is_some_and(|state| state.len() > LONGEST_STATE);
    let there = |error: &'static str, description: String| Fault::There {
        redirect: redirect.clone(),
        state: state.clone().filter(|_| !too_long),
        error,
        description,
    };
    let wrong = |description: &str| there("invalid_request", description.to_owned());
    if let Some(name) = repeated {
        return Err(wrong(&format!("{name} came more than once.")));
    }
    if too_long {
        return Err(wrong("state has more than 2000 characters."));
    }
    match form.get("response_type") {
        Some("code") => {}
        None => return Err(wrong("response_type is missing.")),
        Some(_) => {
            return Err(there(
                "unsupported_response_type",
                "This server knows the response type code.".to_owned(),
            ));
        }
    }
    if !client.may(Way::Code) {
        return Err(there(
            "unauthorized_client",
            "The application is not registered for authorization codes.".to_owned(),
        ));
    }
    let challenge = match (
        form.get("code_challenge"),
        form.get("code_challenge_method"),
    ) {
        (None, None) if client.is_public() => {
            return Err(wrong(
                "code_challenge is missing: an application without a secret needs it (RFC 7636).",
            ));
        }
        (None, None) => None,
        (Some(text), Some("S256")) => Some(Challenge::read(text).ok_or_else(|| {
            wrong("code_challenge has to be a SHA-256 in base64url without padding.")
        })?),
        (Some(_), _) => return Err(wrong("code_challenge_method has to be S256.")),
        (None, Some(_)) => return Err(wrong("code_challenge is missing.")),
    };
    let scope = form.get("scope").unwrap_or("user");
    let persona = if scope.split_whitespace().any(|word| word == "admin") {
        Persona::Administrator
    } else {
        Persona::User
    };
    let prompt = match form.get("prompt") {
        Some("none") => Prompt::Never,
        Some("login") => Prompt::Password,
        None | Some("consent" | "select_account") => Prompt::IfNeeded,
        Some(_) => return Err(wrong("prompt has to be none, login or consent.")),
    };
    Ok(Asked {
        redirect_named: named.is_some(),
        client,
        redirect,
        state,
        challenge,
        persona,
        prompt,
    })
}

/// An address with more in its query.
fn with_query(address: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(pairs);
    let separator = if address.contains('?') { '&' } else { '?' };
    format!("{address}{separator}{}", query.finish())
}

/// Sends the browser on. After a form that is 303, so that what was typed goes
/// no further (RFC 9700, section 4.12).
fn send(status: StatusCode, to: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(to) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let mut response = status.into_response();
    response.headers_mut().insert(LOCATION, location);
    response
}

struct At<'a> {
    app: &'a SharedApp,
    host: &'a Host,
    status: StatusCode,
}

impl At<'_> {
    fn fault(&self, fault: &Fault) -> Response {
        match fault {
            Fault::Here(sentence) => self.show(pages::told(
                &Told::new("You cannot sign in from here", sentence.as_str())
                    .with_status(StatusCode::BAD_REQUEST),
            )),
            Fault::There {
                redirect,
                state,
                error,
                description,
            } => {
                let issuer = self.host.url("");
                let mut pairs = vec![
                    ("error", *error),
                    ("error_description", description.as_str()),
                ];
                pairs.extend(state.as_deref().map(|state| ("state", state)));
                pairs.push(("iss", &issuer));
                send(self.status, &with_query(redirect, &pairs))
            }
        }
    }

    fn show(&self, page: Page) -> Response {
        page.respond(self.host.name(), self.app.scheme == "https")
    }

    fn refuse(&self, asked: &Asked, error: &'static str, description: &str) -> Response {
        self.fault(&Fault::There {
            redirect: asked.redirect.clone(),
            state: asked.state.clone(),
            error,
            description: description.to_owned(),
        })
    }

    async fn let_in(&self, asked: &Asked, user: &User) -> Result<Response, ApiError> {
        let authorization = Authorization {
            client: &asked.client,
            redirect: asked.redirect.clone(),
            redirect_named: asked.redirect_named,
            challenge: asked.challenge,
            persona: asked.persona,
        };
        let key = user.key();
        if asked.client.asks && !asked.client.asks_each_time(&asked.redirect) {
            let now = self.app.now();
            self.app
                .store
                .add_consent(&key, &asked.client.id, now)
                .await?;
        }
        let code = self.app.identity.authorize(&key, authorization).await?;
        let issuer = self.host.url("");
        let mut pairs = vec![("code", code.reveal())];
        pairs.extend(asked.state.as_deref().map(|state| ("state", state)));
        pairs.push(("iss", &issuer));
        Ok(send(self.status, &with_query(&asked.redirect, &pairs)))
    }
}

fn carried(form: &Form) -> Vec<(&'static str, String)> {
    CARRIED
        .into_iter()
        .filter_map(|name| Some((name, form.get(name)?.to_owned())))
        .collect()
}

/// `GET /auth/oauth2/authorize`.
pub(crate) async fn ask(
    State(app): State<SharedApp>,
    host: Host,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, ApiError> {
    let at = At {
        app: &app,
        host: &host,
        status: StatusCode::FOUND,
    };
    let asked = match read(&app, &form) {
        Ok(asked) => asked,
        Err(fault) => return Ok(at.fault(&fault)),
    };
    let visitor = Visitor::of(&app, &headers).await?;
    let person = visitor.person().cloned();
    let response = match person {
        Some(person) if asked.is_content_with_session() => {
            let asks = asked.client.asks_each_time(&asked.redirect)
                || (asked.client.asks
                    && !app.store.has_consented(&person.key(), &asked.client.id)?);
            match (asks, asked.prompt) {
                (false, _) => at.let_in(&asked, &person).await?,
                (true, Prompt::Never) => {
                    at.refuse(&asked, "consent_required", "The person has to agree first.")
                }
                (true, _) => at.show(question(&app, &asked, &form, &visitor, None)),
            }
        }
        _ if asked.prompt == Prompt::Never => {
            at.refuse(&asked, "login_required", "The person has to sign in first.")
        }
        _ => at.show(password(&app, &asked, &form, &visitor, None)),
    };
    Ok(visitor.remember(&app, response))
}

fn password(
    app: &SharedApp,
    asked: &Asked,
    form: &Form,
    visitor: &Visitor,
    wrong: Option<String>,
) -> Page {
    let carried = carried(form);
    pages::sign_in(&Asking {
        action: PATH,
        application: &asked.client.name,
        administers: asked.persona == Persona::Administrator,
        carried: &carried,
        form: &visitor.form(app),
        wrong,
        user: form.get("username").unwrap_or_default(),
        may_cancel: true,
    })
    .leading_to(&asked.redirect)
}

fn question(
    app: &SharedApp,
    asked: &Asked,
    form: &Form,
    visitor: &Visitor,
    wrong: Option<String>,
) -> Page {
    let carried = carried(form);
    let person = visitor.person().map_or("", |person| shown(person));
    let asking = Asking {
        action: PATH,
        application: &asked.client.name,
        carried: &carried,
        form: &visitor.form(app),
        wrong,
        ..Asking::default()
    };
    let here = asked.client.asks_each_time(&asked.redirect);
    pages::confirm(&asking, person, here).leading_to(&asked.redirect)
}

/// How a person is named to themselves.
pub(crate) fn shown(person: &User) -> &str {
    if person.full_name.is_empty() {
        &person.id
    } else {
        &person.full_name
    }
}

/// `POST /auth/oauth2/authorize`: the form of the page.
pub(crate) async fn answer(
    State(app): State<SharedApp>,
    host: Host,
    peer: Peer,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, ApiError> {
    let at = At {
        app: &app,
        host: &host,
        status: StatusCode::SEE_OTHER,
    };
    let asked = match read(&app, &form) {
        Ok(asked) => asked,
        Err(fault) => return Ok(at.fault(&fault)),
    };
    let mut visitor = Visitor::of(&app, &headers).await?;
    let address = peer.ip().to_string();
    let again = |visitor: &Visitor, wrong: String| {
        if visitor.person().is_some() && asked.is_content_with_session() {
            question(&app, &asked, &form, visitor, Some(wrong))
        } else {
            password(&app, &asked, &form, visitor, Some(wrong))
        }
    };
    let response = if visitor.sent(&app, &headers, &form) {
        match form.get("step") {
            Some("deny") => at.refuse(&asked, "access_denied", "The person did not agree."),
            Some("other") => {
                visitor.leave(&app, &headers, &address).await?;
                at.show(password(&app, &asked, &form, &visitor, None))
            }
            Some("allow") if asked.is_content_with_session() => match visitor.person().cloned() {
                Some(person) => at.let_in(&asked, &person).await?,
                None => at.show(password(&app, &asked, &form, &visitor, None)),
            },
            _ => match visitor.sign_in(&app, &headers, &form, &address).await {
                Ok(user) if asked.persona == Persona::Administrator && !user.is_admin => {
                    let wrong =
                        "You are not an administrator. Sign in as one, or cancel.".to_owned();
                    at.show(password(&app, &asked, &form, &visitor, Some(wrong)))
                }
                Ok(user) => at.let_in(&asked, &user).await?,
                Err(error) => wrong_page(&at, error, |wrong| {
                    password(&app, &asked, &form, &visitor, Some(wrong))
                })?,
            },
        }
    } else {
        at.show(again(&visitor, STALE.to_owned()).with_status(StatusCode::BAD_REQUEST))
    };
    Ok(visitor.remember(&app, response))
}

/// What is said of a form that is not this server's own, or no longer.
pub(crate) const STALE: &str =
    "This page was open for too long, or in another window too. Nothing was done. Try again.";

/// The page again, with what went wrong; an error that the person can do
/// nothing about goes on.
fn wrong_page(
    at: &At<'_>,
    error: ApiError,
    page: impl FnOnce(String) -> Page,
) -> Result<Response, ApiError> {
    retold(error, page).map(|(page, wait)| {
        let mut response = at.show(page);
        if let Some(seconds) = wait {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    })
}

/// A page for an error that the person can do something about.
pub(crate) fn retold(
    error: ApiError,
    page: impl FnOnce(String) -> Page,
) -> Result<(Page, Option<u32>), ApiError> {
    let sentence = match error.status {
        StatusCode::UNAUTHORIZED => {
            "The server does not know that user or that password. Check both and try again."
                .to_owned()
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            error.body.code_message.clone()
        }
        _ => return Err(error),
    };
    let status = match error.status {
        // 401 would have to name a way to sign in that browsers know.
        StatusCode::UNAUTHORIZED => StatusCode::FORBIDDEN,
        other => other,
    };
    Ok((page(sentence).with_status(status), error.retry_after))
}

#[cfg(test)]
mod tests {
    use super::with_query;

    #[test]
    fn what_comes_back_is_added_to_the_address_and_cannot_break_out_of_it() {
        assert_eq!(
            with_query(
                "https://a.example/back",
                &[("code", "x"), ("state", "a b&c=d#e\r\n")]
            ),
            "https://a.example/back?code=x&state=a+b%26c%3Dd%23e%0D%0A"
        );
        assert_eq!(
            with_query("https://a.example/back?from=us", &[("code", "x")]),
            "https://a.example/back?from=us&code=x"
        );
    }
}
