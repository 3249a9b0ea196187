#![doc = include_str!("../README.md")]

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// How long is read after nobody wants the rest. A sender that reads the
/// answer meanwhile stops by itself.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// A request's body. Dropped before its end, the rest is read and thrown away
/// for [`PATIENCE`]. Must be dropped inside a tokio runtime to do so.
#[derive(Debug)]
pub struct Lingering {
    inner: Option<Incoming>,
}

impl Lingering {
    /// The body as it came.
    #[must_use]
    pub fn new(body: Incoming) -> Self {
        Self { inner: Some(body) }
    }
}

impl Body for Lingering {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(inner) = &mut self.inner else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(inner).poll_frame(context);
        if let Poll::Ready(None | Some(Err(_))) = polled {
            // Nothing is left that could be waited for.
            self.inner = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Incoming::size_hint)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let Some(mut rest) = self.inner.take().filter(|body| !body.is_end_stream()) else {
            return;
        };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(PATIENCE, async move {
                while let Some(Ok(_)) = rest.frame().await {}
            }));
        }
    }
}
