//! Work API calls on their way through: a session before, the server's answer
//! after, and nothing else touched.

mod administered;
mod answer;
mod call;
mod discovery;
pub(crate) mod headers;

use self::answer::AnswerBody;
use self::call::{Answered, Call, Sending};
use crate::administration;
use crate::agent::SharedAgent;
use crate::callers::Line;
use crate::core::lease::Lease;
use crate::core::paths::Passed;
use crate::list::Entry;
use crate::prompting::{Wish, session_for};
use crate::refusal::Refusal;
use crate::said;
use crate::seat::{Held, Seat};
use bytes::{Bytes, BytesMut};
use chancery_client::local::{Body, full_body};
use chancery_client::remote::{RemoteErrorKind, ToldLife};
use chancery_lingering::Lingering;
use chancery_proto::error::agent_codes;
use chancery_proto::headers::SERVER;
use chancery_proto::level::Capability;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Uri, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use std::sync::Arc;
use std::time::Duration;

/// A body up to this length is kept, so that the call can be repeated.
const SMALL: u64 = 64 * 1024;
/// Before a larger one starts, the session was confirmed within this time.
const CONFIRMED: Duration = Duration::from_secs(5);

/// Sends a call on to the server it means.
pub(crate) async fn forward(
    agent: &SharedAgent,
    line: &Line,
    passed: Passed,
    request: Request<Incoming>,
) -> Result<Response<Body>, Refusal> {
    let (parts, body) = request.into_parts();
    if let Some(grant) = administration::granted(agent, line)? {
        return administered::forward(agent, line, &grant, &passed, (parts, body)).await;
    }
    let named = said::once(&parts.headers, SERVER)?;
    let entry = agent.meant(named)?;
    agent.permit(&entry.address)?;
    let is_active = agent.active().is_some_and(|active| active.id == entry.id);
    if is_active && !agent.wants_connection() {
        return Err(Refusal::disconnected(&entry.name));
    }
    let seat = agent.seat(&entry)?;
    let background = said::is_background(&parts.headers)?;
    if background && !seat.can(Capability::SessionBackground) {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            agent_codes::NO_BACKGROUND,
            format!(
                "{} cannot tell a background call from use, so it was not sent. Ask again when somebody works.",
                entry.name
            ),
        ));
    }
    let wish = Wish::read(&parts.headers)?;
    let purpose = wish.purpose();
    let mut held = session_for(agent, &entry, &seat, None, &wish).await?;
    let session = Session {
        agent,
        entry: &entry,
        seat: &seat,
        wish: wish.fulfilled(),
    };
    let sending = take(&parts, body).await?;
    if matches!(sending, Sending::Streamed(_)) {
        held = confirm(&session, held).await?;
    }
    let mut onward = headers::onward(&parts.headers, background);
    if passed.is_discovery {
        discovery::ask_plainly(&mut onward);
    }
    let call = Call {
        seat: &seat,
        session,
        method: parts.method.clone(),
        uri: uri(&passed, &parts)?,
        headers: onward,
        purpose,
    };
    let answered = call.carry_out(held, sending).await?;
    let told = ToldLife::read(answered.response.headers());
    seat.answered(answered.held.number, told, purpose, answered.sent);
    let is_read = answered.response.status().is_success() && parts.method == Method::GET;
    if passed.is_discovery && is_read {
        return discovery::rewritten(answered.response, &seat).await;
    }
    let Answered { response, held, .. } = answered;
    Ok(back(response, Some(held.lease), &seat))
}

/// Where a call gets another session from when the one it had is over.
struct Session<'a> {
    agent: &'a SharedAgent,
    entry: &'a Entry,
    seat: &'a Arc<Seat>,
    wish: Wish,
}

impl Session<'_> {
    async fn another(&self, failed: u64) -> Result<Held, Refusal> {
        session_for(self.agent, self.entry, self.seat, Some(failed), &self.wish).await
    }
}

/// Before a body starts that cannot be repeated: does the session live?
async fn confirm(session: &Session<'_>, held: Held) -> Result<Held, Refusal> {
    let seat = session.seat;
    let now = seat.now();
    if now.saturating_sub(held.confirmed) <= CONFIRMED {
        return Ok(held);
    }
    match seat.ask(&held).await {
        Ok(()) => Ok(held),
        Err(error) if error.kind == RemoteErrorKind::NoSession => {
            session.another(held.number).await
        }
        Err(error) => Err(seat.failed(&error)),
    }
}

/// Keeps a small body; a large one, or one of unknown length, is streamed.
async fn take(parts: &Parts, body: Incoming) -> Result<Sending, Refusal> {
    if body.is_end_stream() {
        return Ok(Sending::Kept(Bytes::new()));
    }
    let is_small = body
        .size_hint()
        .exact()
        .is_some_and(|length| length <= SMALL);
    if !is_small {
        return Ok(Sending::Streamed(Lingering::new(body)));
    }
    tracing::trace!(method = %parts.method, "a small body is kept");
    let mut body = body;
    let mut kept = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::cut_off())?;
        if let Ok(data) = frame.into_data() {
            kept.extend_from_slice(&data);
        }
    }
    Ok(Sending::Kept(kept.freeze()))
}

fn uri(passed: &Passed, parts: &Parts) -> Result<Uri, Refusal> {
    let text = match parts.uri.query() {
        Some(query) => format!("{}?{query}", passed.path),
        None => passed.path.clone(),
    };
    text.parse()
        .map_err(|_| Refusal::bad_request("The path cannot be sent on. Check it."))
}

/// The server's answer, for the caller.
fn back(response: Response<Incoming>, lease: Option<Lease>, seat: &Arc<Seat>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    headers::backward(&mut parts.headers);
    parts.version = http::Version::HTTP_11;
    parts.extensions = http::Extensions::new();
    if body.is_end_stream() && !parts.headers.contains_key(header::CONTENT_LENGTH) {
        return Response::from_parts(parts, full_body(Bytes::new()));
    }
    let body = AnswerBody::new(body, lease, Arc::clone(seat));
    Response::from_parts(parts, body.boxed_unsync())
}
