//! One connection to the agent's socket, and the requests on it.

use super::error::LocalError;
use bytes::Bytes;
use chancery_platform::socket::{ConnectError, Stream, connect};
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Why a body could not go on.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// A request's body, streamed.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// No body at all.
#[must_use]
pub fn empty_body() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A body that is already in memory.
#[must_use]
pub fn full_body(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// The way to one agent: a connection is opened when it is needed, and one
/// that lies idle is used again.
#[derive(Clone, Debug)]
pub(super) struct Door {
    socket: PathBuf,
    idle: Arc<Mutex<Option<SendRequest<Body>>>>,
}

impl Door {
    pub(super) fn at(socket: PathBuf) -> Self {
        Self {
            socket,
            idle: Arc::default(),
        }
    }

    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Sends one request and waits for the head of its answer.
    pub(super) async fn send(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, LocalError> {
        // After an upload the connection may have been given up half way, so
        // that only one that carried no stream is worth keeping.
        let keep = request.body().size_hint().upper().is_some_and(is_small);
        let mut request = request;
        if let Some(mut sender) = self.take_idle() {
            match sender.try_send_request(request).await {
                Ok(response) => {
                    self.keep_if(keep, sender);
                    return Ok(response);
                }
                Err(mut failed) => match failed.take_message() {
                    // The agent had closed it meanwhile; nothing was sent.
                    Some(unsent) => request = unsent,
                    None => return Err(LocalError::broken(failed.into_error())),
                },
            }
        }
        let mut sender = self.open().await?;
        let response = sender
            .send_request(request)
            .await
            .map_err(LocalError::broken)?;
        self.keep_if(keep, sender);
        Ok(response)
    }

    fn take_idle(&self) -> Option<SendRequest<Body>> {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .filter(SendRequest::is_ready)
    }

    fn keep_if(&self, keep: bool, sender: SendRequest<Body>) {
        if keep {
            *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        }
    }

    fn unreachable(&self, error: ConnectError) -> LocalError {
        match error {
            ConnectError::NotRunning { socket, source } => {
                LocalError::NotRunning { socket, source }
            }
            ConnectError::Unusable { socket, source } => LocalError::Socket { socket, source },
            ConnectError::Stranger { why } => LocalError::Stranger {
                socket: self.socket.clone(),
                why,
            },
        }
    }

    /// A connection that nobody else uses.
    pub(super) async fn open(&self) -> Result<SendRequest<Body>, LocalError> {
        // Whoever else got a socket to this place is not told a password.
        let stream = connect(&self.socket)
            .await
            .map_err(|error| self.unreachable(error))?;
        let (sender, connection) = http1::handshake(TokioIo::new(Patient::new(stream)))
            .await
            .map_err(LocalError::broken)?;
        tokio::spawn(async move {
            // Whoever waits on the connection is told the same error.
            let _ = connection.await;
        });
        Ok(sender)
    }
}

/// Bodies up to this size went out whole before an answer could come back.
fn is_small(size: u64) -> bool {
    size <= 64 * 1024
}

/// A stream whose reading side outlives its writing side.
///
/// The agent may refuse an upload before it has read all of it, and closes
/// then. What is still to be sent goes nowhere from there on, but the answer
/// already sent has to be read: it says why.
#[derive(Debug)]
struct Patient {
    stream: Stream,
    refused: bool,
}

impl Patient {
    fn new(stream: Stream) -> Self {
        Self {
            stream,
            refused: false,
        }
    }
}

fn peer_is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
    )
}

impl AsyncRead for Patient {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.refused {
            return Poll::Ready(Ok(bytes.len()));
        }
        match Pin::new(&mut this.stream).poll_write(context, bytes) {
            Poll::Ready(Err(error)) if peer_is_gone(&error) => {
                this.refused = true;
                Poll::Ready(Ok(bytes.len()))
            }
            other => other,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.refused {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut this.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.refused {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut this.stream).poll_shutdown(context)
    }
}
