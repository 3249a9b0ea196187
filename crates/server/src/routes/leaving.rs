//! Who is signed in at the browser, and signing out there: `/auth/session`.

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
    match visitor.person() {
        Some(person) => {
            let mark = visitor.form(app);
            pages::leave(PATH, shown(person), &mark, wrong)
        }
        None => pages::told(&Told::new(
            "You are not signed in at this browser",
            "Applications that you let in before go on with sessions of their own.",
        )),
    }
}

/// `GET /auth/session`.
pub(crate) async fn ask(
    State(app): State<SharedApp>,
    host: Host,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let visitor = Visitor::of(&app, &headers).await?;
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
    let mut visitor = Visitor::of(&app, &headers).await?;
    let page = if visitor.person().is_none() {
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
