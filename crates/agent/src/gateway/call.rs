//! One call on its way: sent, renewed once when its session is over, repeated
//! when that is safe, and never waited for in vain.

use super::{Session, headers};
use crate::core::keeper::Purpose;
use crate::refusal::Refusal;
use crate::seat::{Held, Seat};
use bytes::Bytes;
use chancery_client::local::{Body, BoxError, full_body};
use chancery_client::remote::{RemoteError, RemoteErrorKind, told_wait};
use chancery_lingering::Lingering;
use chancery_proto::headers::IDEMPOTENCY_KEY;
use chancery_proto::level::Capability;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// When nothing was heard of a call for so long, the server is looked at.
const SILENCE: Duration = Duration::from_secs(15);
/// A connection that breaks within this time was broken before: servers close
/// those that nobody used for a while.
const STALE: Duration = Duration::from_secs(2);
/// So many of them may be found one after the other.
const STALE_ONES: u32 = 2;
/// A server that asks for more patience than this is passed on to the caller.
const PATIENCE: Duration = Duration::from_secs(5);
/// A call gets so many new sessions: under a short life the first one may have
/// run out before the call came to its turn.
const RENEWALS: u32 = 3;
/// A busy server is asked again so often.
const REPEATS: u32 = 2;

/// What a caller sent, ready to be sent on.
pub(super) enum Sending {
    /// Kept, and repeated if the session turns out to be over.
    Kept(Bytes),
    /// Streamed once.
    Streamed(Lingering),
}

/// One call to one server.
pub(super) struct Call<'a> {
    pub(super) seat: &'a Arc<Seat>,
    pub(super) session: Session<'a>,
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) purpose: Purpose,
}

/// The head of an answer, and the session it belongs to.
pub(super) struct Answered {
    pub(super) response: Response<Incoming>,
    pub(super) held: Held,
    /// When the call was sent.
    pub(super) sent: Duration,
}

impl Call<'_> {
    pub(super) async fn carry_out(
        &self,
        held: Held,
        sending: Sending,
    ) -> Result<Answered, Refusal> {
        match sending {
            Sending::Kept(bytes) => self.carry_kept(held, bytes).await,
            Sending::Streamed(body) => self.carry_streamed(held, body).await,
        }
    }

    /// After a 401 renews, and repeats it.
    async fn carry_kept(&self, mut held: Held, bytes: Bytes) -> Result<Answered, Refusal> {
        let mut renewals = 0;
        loop {
            let answered = self.patiently(held, &bytes).await?;
            if renewals == RENEWALS || !self.is_over(&answered, renewals > 0).await? {
                return Ok(answered);
            }
            renewals += 1;
            held = self.session.another(answered.held.number).await?;
        }
    }

    /// A body that passed by cannot be sent again by the agent.
    async fn carry_streamed(&self, held: Held, body: Lingering) -> Result<Answered, Refusal> {
        let progress = Arc::new(AtomicU64::new(0));
        let counted = {
            let progress = Arc::clone(&progress);
            body.map_frame(move |frame| {
                progress.fetch_add(1, Ordering::Relaxed);
                frame
            })
            .map_err(|error| -> BoxError { Box::new(error) })
            .boxed_unsync()
        };
        let sent = self.seat.now();
        let response = match self.once(&held, counted, &progress).await {
            Ok(response) => response,
            Err(error) => {
                let broken = self.seat.failed(&error);
                // A server that refuses an upload may hang up before its answer
                // is read; ask it whether that was because of the session.
                if error.kind != RemoteErrorKind::Body {
                    self.still_lives(&held).await?;
                }
                return Err(broken);
            }
        };
        let answered = Answered {
            response,
            held,
            sent,
        };
        if !self.is_over(&answered, false).await? {
            return Ok(answered);
        }
        self.session.another(answered.held.number).await?;
        Err(Refusal::send_again())
    }

    /// After an upload broke: refuses with “send it again” when that was
    /// because of its session and there is another one.
    async fn still_lives(&self, held: &Held) -> Result<(), Refusal> {
        match self.seat.still_lives(held).await {
            Err(refusal) if refusal.needs().is_some() => {
                self.session.another(held.number).await?;
                Err(Refusal::send_again())
            }
            other => other,
        }
    }

    /// Whether the answer says that the session is over.
    async fn is_over(&self, answered: &Answered, is_renewed: bool) -> Result<bool, Refusal> {
        if answered.response.status() != StatusCode::UNAUTHORIZED {
            return Ok(false);
        }
        // To ask the server would be use.
        if self.purpose == Purpose::Background {
            return Ok(true);
        }
        self.seat.is_over(&answered.held, is_renewed).await
    }

    /// Sends what is kept; again when the connection was stale, or when the
    /// server asks for a moment's patience.
    async fn patiently(&self, held: Held, bytes: &Bytes) -> Result<Answered, Refusal> {
        let (mut stale, mut repeats) = (0, 0);
        let nothing_to_count = AtomicU64::new(0);
        loop {
            let sent = self.seat.now();
            let body = full_body(bytes.clone());
            let response = match self.once(&held, body, &nothing_to_count).await {
                Ok(response) => response,
                Err(error) => {
                    let quick = self.seat.now().saturating_sub(sent) < STALE;
                    if stale == STALE_ONES || !quick || !self.may_repeat(&error) {
                        return Err(self.seat.failed(&error));
                    }
                    stale += 1;
                    continue;
                }
            };
            match self.asks_for_patience(&response) {
                Some(wait) if repeats < REPEATS => {
                    repeats += 1;
                    drop(response);
                    tokio::time::sleep(self.seat.jittered(wait)).await;
                }
                _ => {
                    return Ok(Answered {
                        response,
                        held,
                        sent,
                    });
                }
            }
        }
    }

    /// Whether sending it twice does no more than sending it once.
    fn is_repeatable(&self) -> bool {
        self.method.is_safe()
            || (self.headers.contains_key(IDEMPOTENCY_KEY)
                && self.seat.can(Capability::Idempotency))
    }

    fn may_repeat(&self, error: &RemoteError) -> bool {
        error.kind == RemoteErrorKind::Unreachable && self.is_repeatable()
    }

    /// 429 and 503 mean to wait as told (RFC 9110, section 10.2.3).
    fn asks_for_patience(&self, response: &Response<Incoming>) -> Option<Duration> {
        let status = response.status();
        let is_busy =
            status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS;
        if !is_busy || self.purpose == Purpose::Background || !self.is_repeatable() {
            return None;
        }
        told_wait(response.headers()).filter(|wait| *wait <= PATIENCE)
    }

    /// Sends it. A server that says nothing while nothing moves is looked at:
    /// when it cannot be reached, nobody waits on.
    async fn once(
        &self,
        held: &Held,
        body: Body,
        progress: &AtomicU64,
    ) -> Result<Response<Incoming>, RemoteError> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        headers::add_token(request.headers_mut(), &held.token)?;
        let answer = self.seat.remote.send(request);
        let silence = async {
            let mut before = progress.load(Ordering::Relaxed);
            loop {
                tokio::time::sleep(SILENCE).await;
                let now = progress.load(Ordering::Relaxed);
                if before == now && !self.seat.probe().await {
                    return;
                }
                before = now;
            }
        };
        tokio::select! {
            biased;
            answer = answer => answer,
            () = silence => Err(RemoteError::silent()),
        }
    }
}
