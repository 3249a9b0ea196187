//! Who is signed in at the browser, and signing out there: `/auth/session`. That
//! needs the database alone: it also works while the store of sessions is away.

use crate::app::SharedApp;
use crate::http::body::Form;
use crate::http::caller::Peer;
use crate::http::error::ApiError;
use crate::http::host::Host;
use crate::pages::{self, Page, Told};
use crate::routes::authorize::{STALE, shown};
use crate::routes::visitor::Visitor;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};

/// Where the page is.
pub(crate) const PATH: &str = "/auth/session";

fn page(app: &SharedApp, visitor: &Visitor, wrong: Option<String>) -> Page {
    let person = visitor.person().map(|person| shown(person));
    if person.is_none() && !visitor.is_unknown() {
        return pages::told(&Told::new(
            "You are not signed in at this browser",
            "Applications that you let in before go on with sessions of their own.",
        ));
    }
    pages::leave(PATH, person, &visitor.form(app), wrong)
}

/// `GET /auth/session`.
pub(crate) async fn ask(
    State(app): State<SharedApp>,
    host: Host,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let visitor = Visitor::known_or_not(&app, &headers).await?;
    let page = page(&app, &visitor, None);
    Ok(visitor.remember(&app, page.respond(host.name(), app.scheme == "https")))
}

/// `POST /auth/session`: the form of that page.
pub(crate) async fn answer(
    State(app): State<SharedApp>,
    host: Host,
    peer: Peer,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, ApiError> {
    let mut visitor = Visitor::known_or_not(&app, &headers).await?;
    let page = if visitor.person().is_none() && !visitor.is_unknown() {
        page(&app, &visitor, None)
    } else if visitor.sent(&app, &headers, &form) {
        visitor
            .leave(&app, &headers, &peer.ip().to_string())
            .await?;
        pages::told(&Told::new(
            "You are signed out at this browser",
            "Applications that you let in before go on with sessions of their own. You can close this page.",
        ))
    } else {
        page(&app, &visitor, Some(STALE.to_owned())).with_status(StatusCode::BAD_REQUEST)
    };
    Ok(visitor.remember(&app, page.respond(host.name(), app.scheme == "https")))
}
