//! Connections to servers: kept while they are used, encrypted by the
//! machine's own trust.

use super::{Address, RemoteError};
use crate::local::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt as _;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A connection has to stand after so long.
const CONNECT: Duration = Duration::from_secs(10);
/// A connection that nobody uses is closed after so long.
const IDLE: Duration = Duration::from_secs(30);
/// The longest answer that is read whole.
pub(super) const LONGEST: usize = 1024 * 1024;

type Pool<C> = Client<C, Body>;

/// HTTP/1.1 to any number of servers. Cheap to clone.
///
/// Certificates are verified as the operating system does it, with the firm's
/// own authorities. What it takes for that is loaded with the first encrypted
/// connection and not before.
#[derive(Clone, Debug)]
pub struct HttpClient {
    plain: Pool<HttpConnector>,
    encrypted: Arc<OnceLock<Result<Pool<HttpsConnector<HttpConnector>>, String>>>,
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

fn connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT));
    connector.enforce_http(false);
    connector
}

fn pool<C>(connector: C) -> Pool<C>
where
    C: hyper_util::client::legacy::connect::Connect + Clone,
{
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .build(connector)
}

fn encrypted() -> Result<Pool<HttpsConnector<HttpConnector>>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_platform_verifier())
        .map_err(|error| error.to_string())?
        .with_no_client_auth();
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_only()
        .enable_http1()
        .wrap_connector(connector());
    Ok(pool(connector))
}

impl HttpClient {
    /// A client without any connection yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            plain: pool(connector()),
            encrypted: Arc::default(),
        }
    }

    pub(super) async fn send(
        &self,
        request: Request<Body>,
        address: &Address,
    ) -> Result<Response<Incoming>, RemoteError> {
        let outcome = if address.is_encrypted() {
            match self.encrypted.get_or_init(encrypted) {
                Ok(pool) => pool.request(request).await,
                Err(why) => {
                    return Err(RemoteError::nonsense(format!(
                        "encrypted connections cannot be made: {why}"
                    )));
                }
            }
        } else {
            self.plain.request(request).await
        };
        outcome.map_err(|error| RemoteError::of_transport(&error))
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
