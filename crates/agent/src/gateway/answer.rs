//! The body of an answer on its way back.

use crate::core::lease::Lease;
use crate::seat::Seat;
use bytes::Bytes;
use chancery_client::local::BoxError;
use chancery_client::remote::RemoteError;
use futures_util::future::BoxFuture;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// When nothing came for so long, the server is looked at.
const SILENCE: Duration = Duration::from_secs(30);

/// Passes an answer's body on as it comes. Its session is not ended before it
/// is through; and a server that went away in the middle is noticed.
pub(super) struct AnswerBody {
    body: Incoming,
    _lease: Option<Lease>,
    seat: Arc<Seat>,
    watch: Watch,
}

enum Watch {
    /// Something came just now.
    Calm,
    /// Waiting for more.
    Waiting(Pin<Box<Sleep>>),
    /// Looking whether the server is there.
    Looking(BoxFuture<'static, bool>),
}

impl AnswerBody {
    pub(super) fn new(body: Incoming, lease: Option<Lease>, seat: Arc<Seat>) -> Self {
        Self {
            body,
            _lease: lease,
            seat,
            watch: Watch::Calm,
        }
    }

    /// Resolves when the server turned out to be away.
    fn poll_away(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            self.watch = match &mut self.watch {
                Watch::Calm => Watch::Waiting(Box::pin(tokio::time::sleep(SILENCE))),
                Watch::Waiting(asleep) => {
                    ready!(asleep.as_mut().poll(context));
                    let seat = Arc::clone(&self.seat);
                    Watch::Looking(Box::pin(async move { seat.probe().await }))
                }
                Watch::Looking(look) => match ready!(look.as_mut().poll(context)) {
                    true => Watch::Calm,
                    false => return Poll::Ready(()),
                },
            };
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Ready(frame) => {
                match &mut this.watch {
                    Watch::Waiting(asleep) => asleep.as_mut().reset(Instant::now() + SILENCE),
                    watch => *watch = Watch::Calm,
                }
                Poll::Ready(frame.map(|frame| frame.map_err(BoxError::from)))
            }
            Poll::Pending => match this.poll_away(context) {
                Poll::Ready(()) => Poll::Ready(Some(Err(Box::new(RemoteError::silent())))),
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
