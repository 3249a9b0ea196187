//! How a connection to a server comes about: straight, or through the proxy
//! that the system's settings name for it.

use super::RemoteError;
use super::proxied::{Proxies, ProxyError, open};
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::upgrade::Upgraded;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tower_service::Service;

/// A connection has to stand after so long.
pub(super) const CONNECT: Duration = Duration::from_secs(10);
/// A connection on which nothing came for so long is asked whether it lives.
const QUIET: Duration = Duration::from_secs(15);
/// Asked again after so long, and given up after so many questions.
const ASKED: (Duration, u32) = (Duration::from_secs(5), 3);
/// What was sent has to be acknowledged within that time.
const ACKNOWLEDGED: Duration = Duration::from_secs(30);

/// So many bytes at most are read from a connection before the others have
/// their turn.
const TURN: usize = 1024 * 1024;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// TCP to a server or to a proxy: quick, and noticed when the other end is gone.
#[derive(Clone, Debug)]
pub(super) struct Tcp(HttpConnector);

/// Straight to the server: loopback, which never goes through a proxy. An
/// address without encryption is loopback.
#[derive(Clone, Debug)]
pub(super) struct Straight(pub(super) Tcp);

/// To any server, for an encrypted connection.
#[derive(Clone, Debug)]
pub(super) struct Ways {
    tcp: Tcp,
    /// For proxies that are spoken to with encryption themselves.
    tls: Arc<ClientConfig>,
    proxies: Arc<Proxies>,
}

impl Tcp {
    pub(super) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_keepalive(Some(QUIET));
        connector.set_keepalive_interval(Some(ASKED.0));
        connector.set_keepalive_retries(Some(ASKED.1));
        connector.enforce_http(false);
        Self(connector)
    }
}

impl Service<Uri> for Tcp {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = self.0.call(to);
        Box::pin(async move {
            let stream = connecting.await?;
            if let Err(error) = chancery_platform::tcp::give_up_after(stream.inner(), ACKNOWLEDGED)
            {
                // The connection works; it is only given up later.
                tracing::debug!(%error, "the system keeps its own patience");
            }
            Ok(stream)
        })
    }
}

impl Ways {
    pub(super) fn new(tls: Arc<ClientConfig>, proxies: Arc<Proxies>) -> Self {
        Self {
            tcp: Tcp::new(),
            tls,
            proxies,
        }
    }

    async fn go(mut self, to: Uri) -> Result<Way, BoxError> {
        let Some(proxy) = self.proxies.toward(&to).await else {
            return self.tcp.call(to).await.map(Way::straight);
        };
        let name = proxy.to_string();
        let opened = async {
            let failed = |why: BoxError| ProxyError::NotReached {
                proxy: name.clone(),
                by_policy: proxy.by_policy,
                why: RemoteError::of_transport(&*why).plainly().to_owned(),
            };
            if proxy.is_encrypted()? {
                let mut tls = HttpsConnector::from((self.tcp, self.tls));
                let stream = tls.call(proxy.uri()?).await.map_err(failed)?;
                open(stream, &to, &proxy).await
            } else {
                let stream = self.tcp.call(proxy.uri()?).await.map_err(failed)?;
                open(stream, &to, &proxy).await
            }
        };
        let opened = tokio::time::timeout(CONNECT, opened)
            .await
            .unwrap_or_else(|_| {
                Err(ProxyError::Late {
                    proxy: name.clone(),
                    server: to.host().unwrap_or_default().to_owned(),
                    seconds: CONNECT.as_secs(),
                })
            });
        Ok(Way {
            stream: Stream::Tunnel(opened?),
            taken: 0,
        })
    }
}

impl Service<Uri> for Straight {
    type Response = Way;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Way, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = self.0.call(to);
        Box::pin(async move { connecting.await.map(Way::straight) })
    }
}

impl Service<Uri> for Ways {
    type Response = Way;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Way, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        Box::pin(self.clone().go(to))
    }
}

/// A connection that stands.
#[derive(Debug)]
pub(super) struct Way {
    stream: Stream,
    /// How much it was let read since it last waited.
    taken: usize,
}

#[derive(Debug)]
enum Stream {
    Straight(TokioIo<TcpStream>),
    /// What a proxy carries to the server and back, unseen.
    Tunnel(Upgraded),
}

impl Way {
    fn straight(stream: TokioIo<TcpStream>) -> Self {
        Self {
            stream: Stream::Straight(stream),
            taken: 0,
        }
    }
}

impl Connection for Way {
    fn connected(&self) -> Connected {
        match &self.stream {
            Stream::Straight(stream) => stream.connected(),
            Stream::Tunnel(_) => Connected::new(),
        }
    }
}

impl Read for Way {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.taken >= TURN {
            // A server that never stops talking does not keep the others from
            // being heard.
            this.taken = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        this.taken += buffer.remaining();
        let read = match &mut this.stream {
            Stream::Straight(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tunnel(stream) => Pin::new(stream).poll_read(context, buffer),
        };
        if read.is_pending() {
            this.taken = 0;
        }
        read
    }
}

impl Write for Way {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Straight(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tunnel(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Straight(stream) => Pin::new(stream).poll_write_vectored(context, pieces),
            Stream::Tunnel(stream) => Pin::new(stream).poll_write_vectored(context, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Straight(stream) => stream.is_write_vectored(),
            Stream::Tunnel(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Straight(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tunnel(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Straight(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tunnel(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::Tcp;
    use rustix::net::sockopt;
    use tokio::net::TcpListener;
    use tower_service::Service as _;

    #[tokio::test]
    async fn a_connection_is_quick_and_notices_that_the_other_end_is_gone() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let to = format!("http://{address}/").parse().expect("a URI");
        let stream = Tcp::new().call(to).await.expect("connected");
        let stream = stream.inner();
        assert_eq!(sockopt::tcp_nodelay(stream), Ok(true));
        assert_eq!(sockopt::socket_keepalive(stream), Ok(true));
        let seconds = |time: std::time::Duration| time.as_secs();
        assert_eq!(sockopt::tcp_keepidle(stream).map(seconds), Ok(15));
        assert_eq!(sockopt::tcp_keepintvl(stream).map(seconds), Ok(5));
        assert_eq!(sockopt::tcp_keepcnt(stream), Ok(3));
        assert_eq!(sockopt::tcp_user_timeout(stream), Ok(30_000));
    }
}
