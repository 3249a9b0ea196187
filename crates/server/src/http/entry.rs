//! Every request passes here on its way in and on its way out.

use crate::app::SharedApp;
use crate::http::caller::{self, Authentication};
use crate::http::error::ApiError;
use crate::http::host::Host;
use crate::http::paths;
use crate::pages::{self, Told};
use crate::routes;
use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse as _;
use chancery_lingering::Lingering;
use chancery_proto::error::ErrorEnvelope;
use chancery_proto::headers;
use chancery_proto::level::Capability;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HOST, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri};
use hyper::body::Incoming;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use tower_service::Service as _;

/// Who reads an answer that is not a success.
enum Reader {
    /// A program: JSON.
    Program,
    /// A person in a browser: a page that names the host they are at.
    Person(String),
}

/// What answers the requests of one listener.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    app: SharedApp,
    router: Router,
}

impl Entry {
    pub(crate) fn new(app: SharedApp, router: Router) -> Self {
        Self { app, router }
    }

    pub(crate) async fn answer(
        mut self,
        request: Request<Incoming>,
        from: SocketAddr,
    ) -> Response<Body> {
        let (mut parts, body) = request.into_parts();
        let is_head = parts.method == Method::HEAD;
        respell(&mut parts.uri);
        name_host(&mut parts);
        let reader = if routes::is_page(parts.uri.path()) {
            Reader::Person(Host::name_in(&parts.headers).unwrap_or_default())
        } else {
            Reader::Program
        };
        let authentication = if parts.uri.path().starts_with("/api") {
            caller::authenticate(&self.app, &parts.headers).await
        } else {
            Authentication::Anonymous
        };
        let live = match &authentication {
            Authentication::Live(live) => Some((live.idle_left, live.absolute_left)),
            _ => None,
        };
        let standing = match &authentication {
            Authentication::Live(live) => {
                let user = &live.principal.user;
                self.app.limits.take(user, self.app.now())
            }
            _ => None,
        };
        parts.extensions.insert(authentication);
        let peer = if self.app.is_behind_proxy {
            caller::forwarded(&parts.headers, from)
        } else {
            caller::Peer(from)
        };
        parts.extensions.insert(peer);
        let request = Request::from_parts(parts, Body::new(Lingering::new(body)));
        let too_many = standing.filter(|standing| !standing.is_taken);
        let mut response = if let Some(standing) = too_many {
            ApiError::too_many(standing.retry_after).into_response()
        } else {
            match self.router.call(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        };
        if let Some(error) = response.extensions_mut().remove::<Box<ApiError>>() {
            self.give_body(&mut response, *error, &reader, is_head);
        }
        let headers = response.headers_mut();
        if let Some((idle, absolute)) = live
            && self.app.can(Capability::SessionLifetimeHeaders)
        {
            // Whole seconds, rounded down: never more than there is.
            headers.insert(
                HeaderName::from_static(headers::SESSION_IDLE),
                HeaderValue::from(idle.as_secs()),
            );
            headers.insert(
                HeaderName::from_static(headers::SESSION_ABSOLUTE),
                HeaderValue::from(absolute.as_secs()),
            );
        }
        if let Some(standing) = standing {
            for (name, value) in [
                (headers::RATE_REMAINING, standing.remaining),
                (headers::RATE_RESET, standing.reset),
                (headers::RATE_RETRY_AFTER, standing.retry_after),
            ] {
                headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
            }
        }
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers
            .entry(CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
        self.app.counters.count_answer(response.status());
        response
    }

    fn give_body(
        &self,
        response: &mut Response<Body>,
        error: ApiError,
        reader: &Reader,
        is_head: bool,
    ) {
        let transaction = next_transaction();
        if let Some(log) = &error.log {
            tracing::error!(transaction, status = error.status.as_u16(), "{log}");
        }
        if let Reader::Person(host) = reader {
            let mut sentence = error.body.code_message.clone();
            if error.status.is_server_error() {
                sentence += &format!(" (Transaction {transaction})");
            }
            let told = Told::new("That did not work", sentence).with_status(error.status);
            *response = pages::told(&told).respond(host, self.app.scheme == "https");
            if is_head {
                *response.body_mut() = Body::empty();
            }
        }
        if let Some(seconds) = error.retry_after {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if matches!(reader, Reader::Person(_)) {
            return;
        }
        let mut body = error.body;
        body.dms_version = Some(self.app.level.to_string());
        body.transaction = Some(transaction);
        let json = serde_json::to_vec(&ErrorEnvelope { error: *body }).unwrap_or_default();
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // The router has counted the empty body that stood there before.
        response
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from(json.len()));
        if !is_head {
            *response.body_mut() = Body::from(json);
        }
    }
}

/// Names one failed request in the answer and in the log.
fn next_transaction() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut random = [0_u8; 4];
    // Only to tell two runs of the server apart.
    let _ = getrandom::fill(&mut random);
    format!("{}-{count}", chancery_content::hex(&random))
}

/// HTTP/2 has the host in the address (RFC 9113, section 8.3.1); routes look
/// for it in the head.
fn name_host(parts: &mut http::request::Parts) {
    if !parts.headers.contains_key(HOST)
        && let Some(authority) = parts.uri.authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        parts.headers.insert(HOST, host);
    }
}

fn respell(uri: &mut Uri) {
    let path = paths::canonical(uri.path());
    if path == uri.path() {
        return;
    }
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.into_owned(),
    };
    if let Ok(path_and_query) = PathAndQuery::try_from(text) {
        let mut parts = std::mem::take(uri).into_parts();
        parts.path_and_query = Some(path_and_query);
        *uri = Uri::from_parts(parts).unwrap_or_default();
    }
}
