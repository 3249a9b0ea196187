//! Calls of a connection that administers: with its own sign-in, sent once,
//! and never with another session.

use super::{back, discovery, headers};
use crate::administration;
use crate::agent::SharedAgent;
use crate::callers::Line;
use crate::core::paths::Passed;
use crate::grant::Grant;
use crate::refusal::Refusal;
use crate::said;
use chancery_client::local::{Body, BoxError};
use chancery_client::remote::RemoteErrorKind;
use chancery_lingering::Lingering;
use chancery_proto::headers::SERVER;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use std::sync::Arc;

/// Sends the call on as whoever administers.
pub(super) async fn forward(
    agent: &SharedAgent,
    line: &Line,
    grant: &Arc<Grant>,
    passed: &Passed,
    (parts, body): (Parts, Incoming),
) -> Result<Response<Body>, Refusal> {
    let seat = &grant.seat;
    if said::is_background(&parts.headers)? {
        return Err(Refusal::bad_request(
            "Administration is never done in the background. Leave out the header Chancery-Background.",
        ));
    }
    if let Some(named) = said::once(&parts.headers, SERVER)?
        && agent.meant(Some(named))?.id != grant.entry.id
    {
        return Err(Refusal::bad_request(format!(
            "This connection administers {}, and nothing else is done on it. Ask the other server on another connection.",
            grant.entry.name
        )));
    }
    let body = Lingering::new(body)
        .map_err(|error| -> BoxError { Box::new(error) })
        .boxed_unsync();
    let mut request = Request::new(body);
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = super::uri(passed, &parts)?;
    *request.headers_mut() = headers::onward(&parts.headers, false);
    if passed.is_discovery {
        discovery::ask_plainly(request.headers_mut());
    }
    headers::add_token(request.headers_mut(), &grant.token).map_err(|error| seat.failed(&error))?;
    let sent = seat.remote.send(request).await;
    let answer = sent.map_err(|error| seat.failed(&error))?;
    seat.reached();
    if answer.status() == StatusCode::UNAUTHORIZED
        && let Err(error) = seat.remote.discovery(&grant.token).await
        && error.kind == RemoteErrorKind::NoSession
    {
        return Err(administration::refused(agent, line));
    }
    if passed.is_discovery && answer.status().is_success() && parts.method == Method::GET {
        return discovery::rewritten(answer, seat).await;
    }
    Ok(back(answer, None, seat))
}
