//! Who calls: found once at the entry, asked for by the routes that need it.

use crate::app::SharedApp;
use crate::http::error::ApiError;
use axum::extract::FromRequestParts;
use chancery_identity::{Live, NoSession};
use chancery_proto::headers;
use chancery_proto::level::Capability;
use chancery_store::access::Principal;
use chancery_store::audit::AuditEntry;
use http::request::Parts;
use http::{HeaderMap, HeaderName, header};
use std::net::{IpAddr, SocketAddr};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What the entry found out about the caller.
#[derive(Debug, Clone)]
pub(crate) enum Authentication {
    /// No token was sent.
    Anonymous,
    /// A token was sent that no session has.
    Refused,
    /// A token was sent, and nobody knows at this moment whether it is a session's.
    Unknown,
    /// A living session.
    Live(Box<Live>),
}

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

impl Peer {
    pub(crate) fn ip(self) -> IpAddr {
        self.0.ip().to_canonical()
    }
}

/// Where a request came from that a proxy passed on: the last address in
/// `X-Forwarded-For`, which is the one that the proxy itself saw. What stands
/// before it the caller may have made up.
pub(crate) fn forwarded(headers: &HeaderMap, from: SocketAddr) -> Peer {
    let last = headers.get_all(FORWARDED_FOR).iter().next_back();
    let address = last
        .and_then(|value| value.to_str().ok()?.rsplit(',').next())
        .and_then(|address| address.trim().parse::<IpAddr>().ok());
    Peer(address.map_or(from, |address| SocketAddr::new(address, 0)))
}

/// The token of a request, in either header and of either kind (RFC 6750, section 2.1).
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    if let Some(value) = headers.get(headers::X_AUTH_TOKEN) {
        return value.to_str().ok().map(str::trim);
    }
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Checks who calls. That counts as use unless it says that it is background.
pub(crate) async fn authenticate(app: &SharedApp, headers: &HeaderMap) -> Authentication {
    let Some(token) = token(headers) else {
        return Authentication::Anonymous;
    };
    let background = app.can(Capability::SessionBackground)
        && headers
            .get(headers::BACKGROUND)
            .is_some_and(|value| value == "1");
    match app.identity.check(token, background).await {
        Ok(live) => Authentication::Live(Box::new(live)),
        Err(NoSession::Unavailable) => Authentication::Unknown,
        Err(NoSession::Unknown | NoSession::Expired) => Authentication::Refused,
    }
}

/// A caller with a living session.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Box<Live>);

impl Caller {
    pub(crate) fn principal(&self) -> &Principal {
        &self.0.principal
    }

    pub(crate) fn into_principal(self) -> Principal {
        self.0.principal
    }

    /// The audit's line for what they have done.
    pub(crate) fn did(&self, app: &SharedApp, peer: &Peer, activity: String) -> AuditEntry {
        AuditEntry {
            at: app.now(),
            user: self.principal().user.clone(),
            activity,
            outcome: "success".to_owned(),
            method: String::new(),
            application: self.0.application.to_string(),
            address: peer.ip().to_string(),
        }
    }

    /// Only an administrator who signed in as one.
    pub(crate) fn must_administer(&self) -> Result<(), ApiError> {
        if self.0.principal.administrator {
            Ok(())
        } else {
            Err(ApiError::no_access(
                "Only an administrator may do this. Sign in as one (persona “admin”) and try again.",
            ))
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        match parts.extensions.get::<Authentication>() {
            Some(Authentication::Live(live)) => {
                let mut live = live.clone();
                if let Some(peer) = parts.extensions.get::<Peer>() {
                    live.principal.via.address = peer.ip().to_string().into();
                }
                Ok(Self(live))
            }
            Some(Authentication::Unknown) => Err(ApiError::sessions_unavailable()),
            _ => Err(ApiError::no_session()),
        }
    }
}

/// A caller who may have a session or not.
#[derive(Debug, Clone)]
pub(crate) struct MaybeCaller(pub(crate) Authentication);

impl<S: Send + Sync> FromRequestParts<S> for MaybeCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let found = parts.extensions.get::<Authentication>().cloned();
        Ok(Self(found.unwrap_or(Authentication::Anonymous)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Ok(parts
            .extensions
            .get::<Self>()
            .copied()
            .unwrap_or(Self(SocketAddr::from(([127, 0, 0, 1], 0)))))
    }
}

#[cfg(test)]
mod tests {
    use super::forwarded;
    use http::{HeaderMap, HeaderValue};
    use std::net::SocketAddr;

    #[test]
    fn of_what_was_passed_on_only_the_proxys_own_word_counts() {
        let proxy: SocketAddr = "10.0.0.1:443".parse().expect("an address");
        let seen = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                let value = HeaderValue::from_str(value).expect("a value");
                headers.append("x-forwarded-for", value);
            }
            forwarded(&headers, proxy).ip().to_string()
        };
        assert_eq!(seen(&["192.0.2.7"]), "192.0.2.7");
        assert_eq!(seen(&["1.1.1.1, 192.0.2.7"]), "192.0.2.7");
        assert_eq!(seen(&["1.1.1.1", "2001:db8::7"]), "2001:db8::7");
        assert_eq!(seen(&["::ffff:192.0.2.7"]), "192.0.2.7");
        // What is no address says nothing.
        assert_eq!(seen(&["1.1.1.1, unknown"]), "10.0.0.1");
        assert_eq!(seen(&[]), "10.0.0.1");
    }
}
