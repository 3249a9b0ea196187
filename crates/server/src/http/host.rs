//! How the caller names this server.

use crate::app::SharedApp;
use crate::http::error::ApiError;
use axum::extract::FromRequestParts;
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, header};

/// The host that the caller used, checked to be one.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    authority: String,
    name: String,
    scheme: &'static str,
}

impl Host {
    /// Where the API is, as the caller reaches it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.authority)
    }

    /// Without a port: for links that name a document.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Likewise, from a request's head alone.
    pub(crate) fn name_in(headers: &HeaderMap) -> Option<String> {
        let text = headers.get(header::HOST)?.to_str().ok()?;
        let authority: Authority = text.parse().ok()?;
        (!authority.as_str().contains('@')).then(|| authority.host().to_owned())
    }

    fn of(parts: &Parts, scheme: &'static str) -> Option<Self> {
        let named = |headers: &HeaderMap| -> Option<Authority> {
            let text = headers.get(header::HOST)?.to_str().ok()?;
            text.parse().ok()
        };
        let authority = named(&parts.headers).or_else(|| parts.uri.authority().cloned())?;
        // No user's name in it: that would go into every address that is built from it.
        if authority.as_str().contains('@') {
            return None;
        }
        Some(Self {
            authority: authority.as_str().to_owned(),
            name: authority.host().to_owned(),
            scheme,
        })
    }
}

impl FromRequestParts<SharedApp> for Host {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, ApiError> {
        Self::of(parts, app.scheme).ok_or_else(|| {
            ApiError::field(
                "Host",
                "it has to be a host's name, with its port if it has one",
            )
        })
    }
}
