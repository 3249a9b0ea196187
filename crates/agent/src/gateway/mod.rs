//! Work API calls on their way through: a session before, the server's answer
//! after, and nothing else touched.

mod discovery;
mod headers;

use crate::agent::SharedAgent;
use crate::core::paths::Passed;
use crate::refusal::Refusal;
use crate::seat::{Held, Seat};
use bytes::{Bytes, BytesMut};
use chancery_client::local::{Body, full_body};
use chancery_client::remote::{RemoteErrorKind, ToldLife};
use chancery_lingering::Lingering;
use chancery_proto::error::agent_codes;
use chancery_proto::headers::{BACKGROUND, SERVER};
use chancery_proto::level::Capability;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use std::sync::Arc;
use std::time::Duration;

/// A body up to this length is kept, so that the call can be repeated.
const SMALL: u64 = 64 * 1024;
/// Before a larger one starts, the session was confirmed within this time.
const CONFIRMED: Duration = Duration::from_secs(5);

/// What a caller sent, ready to be sent on.
enum Sending {
    /// Kept, and repeated if the session turns out to be over.
    Kept(Bytes),
    /// Streamed once.
    Streamed(Lingering),
}

/// Sends a call on to the server it means.
pub(crate) async fn forward(
    agent: &SharedAgent,
    passed: Passed,
    request: Request<Incoming>,
) -> Result<Response<Body>, Refusal> {
    let (parts, body) = request.into_parts();
    let named = headers::text(&parts.headers, SERVER)?;
    let entry = agent.meant(named)?;
    let is_active = agent.active().is_some_and(|active| active.id == entry.id);
    if is_active && !agent.wants_connection() {
        return Err(Refusal::disconnected(&entry.name));
    }
    let seat = agent.seat(&entry)?;
    let background = parts
        .headers
        .get(BACKGROUND)
        .is_some_and(|value| value == "1");
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
    let mut held = seat.ensure(None).await?;
    let sending = take(&parts, body).await?;
    if matches!(sending, Sending::Streamed(_)) {
        held = confirm(&seat, held).await?;
    }
    let call = Call {
        seat: &seat,
        method: parts.method.clone(),
        uri: uri(&passed, &parts)?,
        headers: headers::onward(&parts.headers, background),
    };
    let (response, used) = call.carry_out(held, sending).await?;
    let told = ToldLife::read(response.headers());
    seat.answered(used.number, told, background, used.sent);
    if passed.is_discovery && response.status().is_success() && parts.method == Method::GET {
        return discovery::rewritten(response, &seat).await;
    }
    Ok(back(response))
}

/// One call to one server.
struct Call<'a> {
    seat: &'a Arc<Seat>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

/// Which session an answer belongs to, and when the call was sent.
struct Used {
    number: u64,
    sent: Duration,
}

impl Call<'_> {
    /// Sends it; after a 401 renews once, and repeats what can be repeated.
    async fn carry_out(
        &self,
        held: Held,
        sending: Sending,
    ) -> Result<(Response<Incoming>, Used), Refusal> {
        let (kept, body) = match sending {
            Sending::Kept(bytes) => (Some(bytes.clone()), full_body(bytes)),
            Sending::Streamed(body) => (None, streamed(body)),
        };
        let answered = match self.send(&held, body).await {
            // A server that refuses an upload may hang up before its answer is
            // read; ask it whether that was because of the session.
            Err(broken) if kept.is_none() && broken != Refusal::cut_off() => {
                self.seat.still_lives(&held).await?;
                Err(broken)
            }
            other => other,
        };
        let (response, used) = answered?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok((response, used));
        }
        drop(response);
        let renewed = self.seat.ensure(Some(held.number)).await?;
        let Some(bytes) = kept else {
            return Err(Refusal::send_again());
        };
        let (response, used) = self.send(&renewed, full_body(bytes)).await?;
        // A session that is new and refused: the server's own word is passed on.
        Ok((response, used))
    }

    async fn send(&self, held: &Held, body: Body) -> Result<(Response<Incoming>, Used), Refusal> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        headers::add_token(request.headers_mut(), &held.token)?;
        let sent = self.seat.now();
        match self.seat.remote.send(request).await {
            Ok(response) => Ok((
                response,
                Used {
                    number: held.number,
                    sent,
                },
            )),
            Err(error) => Err(self.seat.failed(&error)),
        }
    }
}

/// Before a body starts that cannot be repeated: does the session live?
async fn confirm(seat: &Arc<Seat>, held: Held) -> Result<Held, Refusal> {
    let now = seat.now();
    if now.saturating_sub(held.confirmed) <= CONFIRMED {
        return Ok(held);
    }
    match seat.ask(&held).await {
        Ok(()) => Ok(held),
        Err(error) if error.kind == RemoteErrorKind::NoSession => {
            seat.ensure(Some(held.number)).await
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

fn streamed<B>(body: B) -> Body
where
    B: hyper::body::Body<Data = Bytes, Error = hyper::Error> + Send + 'static,
{
    body.map_err(|error| -> chancery_client::local::BoxError { Box::new(error) })
        .boxed_unsync()
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
fn back(response: Response<Incoming>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    headers::backward(&mut parts.headers);
    parts.version = http::Version::HTTP_11;
    parts.extensions = http::Extensions::new();
    if body.is_end_stream() && !parts.headers.contains_key(header::CONTENT_LENGTH) {
        return Response::from_parts(parts, full_body(Bytes::new()));
    }
    Response::from_parts(parts, streamed(body))
}
