//! The two ends of a pipe as one kind of stream.

use std::io;
use std::os::windows::io::{AsRawHandle, RawHandle};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::windows::named_pipe::{NamedPipeClient, NamedPipeServer};

/// One connection between a caller and the agent.
#[derive(Debug)]
pub struct Stream(pub(super) End);

#[derive(Debug)]
pub(super) enum End {
    Agent(NamedPipeServer),
    Caller(NamedPipeClient),
}

impl Stream {
    /// Resolves when the first byte can be read or the other side hung up, so
    /// that a connection that lies idle needs no buffer of ours. Takes nothing
    /// away. It may, seldom, resolve for nothing.
    ///
    /// # Errors
    /// The connection is broken.
    pub async fn readable(&self) -> io::Result<()> {
        match &self.0 {
            End::Agent(pipe) => pipe.readable().await,
            End::Caller(pipe) => pipe.readable().await,
        }
    }
}

impl AsRawHandle for Stream {
    fn as_raw_handle(&self) -> RawHandle {
        match &self.0 {
            End::Agent(pipe) => pipe.as_raw_handle(),
            End::Caller(pipe) => pipe.as_raw_handle(),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = match &mut self.get_mut().0 {
            End::Agent(pipe) => Pin::new(pipe).poll_read(context, buffer),
            End::Caller(pipe) => Pin::new(pipe).poll_read(context, buffer),
        };
        match read {
            // That the other side hung up is the end, as with a socket.
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                Poll::Ready(Ok(()))
            }
            other => other,
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().0 {
            End::Agent(pipe) => Pin::new(pipe).poll_write(context, bytes),
            End::Caller(pipe) => Pin::new(pipe).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            End::Agent(pipe) => Pin::new(pipe).poll_flush(context),
            End::Caller(pipe) => Pin::new(pipe).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            End::Agent(pipe) => Pin::new(pipe).poll_shutdown(context),
            End::Caller(pipe) => Pin::new(pipe).poll_shutdown(context),
        }
    }
}
