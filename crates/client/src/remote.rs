//! A work server, over HTTP: what the agent uses.
//!
//! [`Address`] is what a person typed, made whole. [`Remote`] is one server
//! at one address: it can be proved to be a work server ([`Remote::prove`]),
//! signed in to, renewed, signed out of, and sent any call. Nothing here
//! decides when to do which; that is the agent's.

mod address;
mod authorizing;
mod certificate;
mod error;
mod framing;
mod http_client;
mod lifetimes;
mod prove;
mod proxied;
mod sign_in;
mod ways;

pub use address::{Address, AddressError};
pub use authorizing::{Asked, Authorizing, BeginsDevice, Decided};
pub use certificate::Certificate;
pub use error::{RemoteError, RemoteErrorKind};
pub use http_client::HttpClient;
pub use lifetimes::{ToldLife, told_time, told_wait};
pub use prove::{Proved, token_value};
pub use proxied::ProxyRule;
pub use sign_in::{Administrator, Obtained, Renewal};

use crate::local::Body;
use http::uri::PathAndQuery;
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::Notify;

/// The client id under which the agent signs in to Chancery's own servers.
pub const CLIENT_ID: &str = "chancery-agent";

/// One server at one address. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Remote {
    http: HttpClient,
    address: Address,
}

/// So many interim answers (RFC 9110, section 15.2) may come before the answer.
const MOST_INTERIM: u32 = 100;

impl Remote {
    /// The server at `address`; nothing is sent yet.
    #[must_use]
    pub fn at(http: HttpClient, address: Address) -> Self {
        Self { http, address }
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// As [`HttpClient::forget_connections`], of the client that this uses.
    pub fn forget_connections(&self) {
        self.http.forget_connections();
    }

    /// Sends one call whose URI is a path, and gives the answer's head
    /// whatever its status is. Redirects are not followed.
    ///
    /// # Errors
    /// [`RemoteError`] when no answer came.
    pub async fn send(
        &self,
        mut request: Request<Body>,
    ) -> Result<Response<Incoming>, RemoteError> {
        let path = request
            .uri()
            .path_and_query()
            .cloned()
            .unwrap_or(PathAndQuery::from_static("/"));
        *request.uri_mut() = self.uri(path)?;
        let (seen, too_many) = (AtomicU32::new(0), Arc::new(Notify::new()));
        let tell = Arc::clone(&too_many);
        hyper::ext::on_informational(&mut request, move |_| {
            if seen.fetch_add(1, Ordering::Relaxed) == MOST_INTERIM {
                tell.notify_one();
            }
        });
        let mut answer = tokio::select! {
            biased;
            () = too_many.notified() => {
                return Err(RemoteError::nonsense(
                    "it goes on announcing an answer and does not give one",
                ));
            }
            answer = self.http.send(request, &self.address) => answer?,
        };
        if answer.status().is_informational() {
            return Err(RemoteError::nonsense(
                "it wants to speak another protocol, which nobody asked for",
            ));
        }
        framing::settle(answer.headers_mut())?;
        Ok(answer)
    }

    /// The proxy that leads to this server, as it is shown: without its user and password. None where the way is straight.
    pub async fn proxy(&self) -> Option<String> {
        let server = self.uri(PathAndQuery::from_static("/")).ok()?;
        self.http.proxy_to(&server).await
    }

    fn uri(&self, path: PathAndQuery) -> Result<Uri, RemoteError> {
        Uri::builder()
            .scheme(self.address.scheme())
            .authority(self.address.authority())
            .path_and_query(path)
            .build()
            .map_err(|error| RemoteError::nonsense(format!("no address can be made: {error}")))
    }
}
