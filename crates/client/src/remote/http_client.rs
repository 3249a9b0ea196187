//! Connections to servers: kept while they are used, encrypted by the
//! machine's own trust.

use super::proxied::{Proxies, ProxyRule};
use super::ways::{Straight, Tcp, Ways};
use super::{Address, RemoteError};
use crate::local::Body;
use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt as _;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;
use tower_service::Service as _;

/// A connection that nobody uses is closed after so long: before usual servers
/// do it, which is after a minute or more.
const IDLE: Duration = Duration::from_secs(30);
/// The longest answer that is read whole.
pub(super) const LONGEST: usize = 1024 * 1024;
/// The longest head of an answer, and the most headers in it.
const LONGEST_HEAD: usize = 400 * 1024;
const MOST_HEADERS: usize = 100;

type Pool<C> = Client<C, Body>;

/// HTTP/1.1 to any number of servers. Cheap to clone; clones share everything.
///
/// Certificates are verified as the operating system does it, with the firm's
/// own authorities. What it takes for that is loaded with the first encrypted
/// connection and not before. The system's proxy settings hold, unless
/// [`HttpClient::set_proxy_rule`] says otherwise.
#[derive(Clone, Debug)]
pub struct HttpClient {
    now: Arc<RwLock<Arc<Connections>>>,
}

/// The connections that stand, and what was learnt on the way to them.
#[derive(Debug)]
struct Connections {
    plain: Pool<Straight>,
    encrypted: OnceLock<Result<Encrypted, String>>,
    proxies: Arc<Proxies>,
}

/// What encrypted connections are made with, and those that stand.
#[derive(Debug)]
struct Encrypted {
    connector: HttpsConnector<Ways>,
    pool: Pool<HttpsConnector<Ways>>,
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

fn pool<C>(connector: C) -> Pool<C>
where
    C: hyper_util::client::legacy::connect::Connect + Clone,
{
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .http1_max_buf_size(LONGEST_HEAD)
        .http1_max_headers(MOST_HEADERS)
        .build(connector)
}

fn encrypted(proxies: &Arc<Proxies>) -> Result<Encrypted, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_platform_verifier())
        .map_err(|error| error.to_string())?
        .with_no_client_auth();
    let ways = Ways::new(Arc::new(config.clone()), Arc::clone(proxies));
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_only()
        .enable_http1()
        .wrap_connector(ways);
    Ok(Encrypted {
        pool: pool(connector.clone()),
        connector,
    })
}

impl Connections {
    fn none_yet(rule: ProxyRule) -> Arc<Self> {
        Arc::new(Self {
            plain: pool(Straight(Tcp::new())),
            encrypted: OnceLock::new(),
            proxies: Arc::new(Proxies::by(rule)),
        })
    }

    fn encrypted(&self) -> Result<&Encrypted, RemoteError> {
        let made = self.encrypted.get_or_init(|| encrypted(&self.proxies));
        made.as_ref().map_err(|why| {
            RemoteError::nonsense(format!("encrypted connections cannot be made: {why}"))
        })
    }
}

impl HttpClient {
    /// A client without any connection yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            now: Arc::new(RwLock::new(Connections::none_yet(ProxyRule::default()))),
        }
    }

    /// Uses none of the connections that stand for another call, nor anything
    /// else that was learnt on the way: which proxies there are, whom the
    /// system trusts. For after a sleep or in another network, where they lead
    /// nowhere. Calls that are under way go on.
    pub fn forget_connections(&self) {
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        *now = Connections::none_yet(now.proxies.rule().clone());
    }

    /// From now on this says which proxy leads to servers on other machines.
    /// When that is something else than before, no connection that stands is
    /// used for another call.
    pub fn set_proxy_rule(&self, rule: ProxyRule) {
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        if *now.proxies.rule() != rule {
            *now = Connections::none_yet(rule);
        }
    }

    fn now(&self) -> Arc<Connections> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) async fn send(
        &self,
        request: Request<Body>,
        address: &Address,
    ) -> Result<Response<Incoming>, RemoteError> {
        let now = self.now();
        let outcome = if address.is_encrypted() {
            now.encrypted()?.pool.request(request).await
        } else {
            now.plain.request(request).await
        };
        outcome.map_err(|error| RemoteError::of_transport(&error))
    }

    /// The certificate that a server shows on a connection made for that, once
    /// the system has verified it.
    pub(super) async fn certificate(&self, server: Uri) -> Result<Option<Vec<u8>>, RemoteError> {
        let mut connector = self.now().encrypted()?.connector.clone();
        let stream = match connector.call(server).await {
            Ok(stream) => stream,
            Err(error) => return Err(RemoteError::of_transport(&*error)),
        };
        let MaybeHttpsStream::Https(stream) = stream else {
            return Ok(None);
        };
        let (_, connection) = stream.inner().get_ref();
        let shown = connection.peer_certificates().unwrap_or_default();
        Ok(shown.first().map(|first| first.to_vec()))
    }

    /// The proxy that leads to a server, without its user and password.
    pub(super) async fn proxy_to(&self, server: &Uri) -> Option<String> {
        let now = self.now();
        let proxy = now.proxies.toward(server).await;
        proxy.map(|proxy| proxy.to_string())
    }
}

/// The whole body of an answer, if it is not too long.
pub(super) async fn whole(response: Response<Incoming>) -> Result<Bytes, RemoteError> {
    let limited = Limited::new(response.into_body(), LONGEST);
    match limited.collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(RemoteError::nonsense(
            format!("the answer is longer than {LONGEST} bytes"),
        )),
        Err(error) => Err(RemoteError::new(
            super::RemoteErrorKind::Unreachable,
            format!("the answer broke off: {error}"),
        )),
    }
}
