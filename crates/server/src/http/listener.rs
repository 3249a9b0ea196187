//! Connections: accepted, given TLS where it is configured, and served until
//! the server stops.

use crate::http::entry::Entry;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// Headers have to come within that time; a slow sender holds nothing but a socket.
const HEADERS: Duration = Duration::from_secs(30);
/// The handshake too.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// When the server stops, requests under way get so long.
const GRACE: Duration = Duration::from_secs(10);
/// After a failed accept (no descriptors left) the next is tried after so long.
const BREATH: Duration = Duration::from_millis(50);

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(256 * 1024);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(Duration::from_secs(60)))
        .max_concurrent_streams(128)
        .adaptive_window(true);
    builder
}

/// Serves until `stop` says so, then lets what is under way finish.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    entry: Entry,
    mut stop: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        // Answers go out at once: Nagle's algorithm adds 40 ms to small ones.
        let _ = stream.set_nodelay(true);
        let entry = entry.clone();
        let watcher = graceful.watcher();
        let tls = tls.clone();
        tokio::spawn(async move {
            match tls {
                None => connection(stream, from, entry, watcher).await,
                Some(tls) => match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
                    Ok(Ok(stream)) => connection(stream, from, entry, watcher).await,
                    Ok(Err(error)) => tracing::debug!(%error, %from, "a TLS handshake failed"),
                    Err(_) => tracing::debug!(%from, "a TLS handshake took too long"),
                },
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests were still under way when the server stopped");
    }
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    from: SocketAddr,
    entry: Entry,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let entry = entry.clone();
        async move { Ok::<_, Infallible>(entry.answer(request, from).await) }
    });
    let builder = builder();
    let served = builder
        .serve_connection(TokioIo::new(stream), service)
        .into_owned();
    if let Err(error) = watcher.watch(served).await {
        tracing::debug!(%error, %from, "a connection broke");
    }
}
