//! The socket's own routes, and the door to the gateway.

use crate::administration;
use crate::agent::SharedAgent;
use crate::ahead;
use crate::callers::{Line, tracked};
use crate::connecting;
use crate::core::paths::{NotPassed, pass};
use crate::doctor;
use crate::gateway;
use crate::preferring;
use crate::prompting::{self, Wish};
use crate::refusal::Refusal;
use crate::said;
use crate::window;
use bytes::Bytes;
use chancery_client::local::{Body, BoxError, full_body};
use chancery_proto::error::agent_codes;
use chancery_proto::headers::SERVER;
use chancery_proto::local::{
    ConnectRequest, HOST, Hello, OLDEST_PROTOCOL, PROTOCOL, ServerList, ServerRequest, Status,
    WatchEvent,
};
use futures_util::stream;
use http::header::{
    CONNECTION, CONTENT_TYPE, HOST as HOST_HEADER, ORIGIN, REFERER, TRANSFER_ENCODING,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use tokio::sync::watch;

/// The longest body of the agent's own routes.
const LONGEST: usize = 64 * 1024;
const ROUTES: &str = "/agent/v1/";
/// What the Work API is spoken with. `TRACE` would show the token to the
/// caller, and `CONNECT` would give away the connection.
const METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

/// Answers one request.
pub(crate) async fn answer(
    agent: SharedAgent,
    line: Arc<Line>,
    request: Request<Incoming>,
) -> Response<Body> {
    let is_call = !request.uri().path().starts_with(ROUTES);
    let under_way = agent.callers.begin(&line, is_call);
    let answered = match route(&agent, &line, request).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    };
    let mut answered = tracked(answered, under_way);
    if line.is_stopped() {
        let close = HeaderValue::from_static("close");
        answered.headers_mut().insert(CONNECTION, close);
    }
    answered
}

async fn route(
    agent: &SharedAgent,
    line: &Arc<Line>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Refusal> {
    if line.is_stopped() {
        return Err(Refusal::stopped());
    }
    admit(&request)?;
    ahead::heard(agent, line, request.headers());
    let path = request.uri().path();
    if let Some(own) = path.strip_prefix(ROUTES) {
        let own = own.to_owned();
        return own_route(agent, line, &own, request).await;
    }
    match pass(path) {
        Ok(passed) if passed.is_discovery && request.method() != Method::GET => {
            Err(Refusal::forbidden("Discovery is only read."))
        }
        Ok(_) if !METHODS.contains(request.method()) => Err(Refusal::forbidden(
            "The agent passes on GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS. Use one of them.",
        )),
        Ok(passed) => gateway::forward(agent, line, passed, request).await,
        Err(NotPassed::Disguised) => Err(Refusal::bad_request(
            "The path hides another one (“..”, an encoded slash or the like). Write it out.",
        )),
        Err(NotPassed::SignIn) => Err(Refusal::forbidden(
            "Signing in and out is the agent's own work. Use “chancery sign-in” or “chancery disconnect”.",
        )),
        Err(NotPassed::Elsewhere) => Err(Refusal::forbidden(
            "The agent lets only the Work API through. Check the path.",
        )),
    }
}

/// Web pages are kept out: they send `Origin` or `Referer`, and a name that
/// was made to point here does not make it this `Host`.
fn admit(request: &Request<Incoming>) -> Result<(), Refusal> {
    let headers = request.headers();
    if headers.contains_key(ORIGIN) || headers.contains_key(REFERER) {
        return Err(Refusal::forbidden("Web pages cannot use the agent."));
    }
    let named: Vec<_> = headers.get_all(HOST_HEADER).iter().collect();
    let right = matches!(named.as_slice(), [only] if only.as_bytes() == HOST.as_bytes());
    let elsewhere = request
        .uri()
        .authority()
        .is_some_and(|authority| authority.as_str() != HOST);
    if !right || elsewhere {
        return Err(Refusal::forbidden(
            "The agent answers to the host name “chancery” only. Use http://chancery/ with its socket.",
        ));
    }
    let codings: Vec<_> = headers.get_all(TRANSFER_ENCODING).iter().collect();
    match codings.as_slice() {
        [] => Ok(()),
        [only] if only.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        // What would be passed on without the word for it.
        _ => Err(Refusal::bad_request(
            "The body is coded in a way that the agent does not read. Send it as it is, or in chunks.",
        )),
    }
}

async fn own_route(
    agent: &SharedAgent,
    line: &Arc<Line>,
    own: &str,
    request: Request<Incoming>,
) -> Result<Response<Body>, Refusal> {
    let method = request.method().clone();
    let viewed = said::once(request.headers(), SERVER)?.map(str::to_owned);
    let viewed = viewed.as_deref();
    ahead::look(agent);
    match (method.as_str(), own) {
        ("GET", "hello") => Ok(json(&Hello {
            name: "chancery-agent".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: PROTOCOL,
            oldest_protocol: OLDEST_PROTOCOL,
            pid: std::process::id(),
        })),
        ("GET", "status") => Ok(json(&agent.status_for(viewed)?)),
        ("GET", "watch") => Ok(watch(agent, agent.watch_for(viewed)?)),
        ("GET", "doctor") => Ok(json(&doctor::examine(agent, viewed).await?)),
        ("POST", "connect") => {
            let asked = read(request).await?;
            Ok(json(&connecting::connect(agent, asked).await?))
        }
        ("POST", "begin-sign-in") => {
            let asked = read(request).await?;
            Ok(json(&connecting::begin(agent, asked).await?))
        }
        ("POST", "switch") => {
            let asked: ConnectRequest = read(request).await?;
            if asked.address.is_none() {
                return Err(nowhere("switch to"));
            }
            Ok(json(&connecting::connect(agent, asked).await?))
        }
        ("POST", "sign-in") => {
            let wish = Wish::read(request.headers())?;
            let asked = read(request).await?;
            Ok(json(
                &connecting::sign_in(agent, viewed, wish, asked).await?,
            ))
        }
        ("GET", "prompts") => prompting::offer(agent, request.uri()),
        ("DELETE", _) if own.starts_with("prompts/") => {
            prompting::decline(agent, own.trim_start_matches("prompts/"))?;
            Ok(nothing())
        }
        ("POST", "disconnect") => Ok(json(&connecting::disconnect(agent, viewed).await?)),
        ("GET", "servers") => Ok(servers(agent)),
        ("POST", "servers") => {
            let asked = read(request).await?;
            connecting::add_server(agent, asked).await?;
            Ok(servers(agent))
        }
        ("DELETE", "servers") => {
            let asked: ServerRequest = read(request).await?;
            if asked.address.is_empty() {
                return Err(nowhere("take off the list"));
            }
            connecting::remove_server(agent, &asked.address).await?;
            Ok(servers(agent))
        }
        ("DELETE", _) if own.starts_with("servers/") => {
            let id = own.trim_start_matches("servers/");
            let id = percent_decode_str(id).decode_utf8_lossy();
            connecting::remove_server(agent, &id).await?;
            Ok(servers(agent))
        }
        ("GET", "uses") => Ok(json(&agent.callers.uses())),
        ("DELETE", _) if own.starts_with("uses/") => {
            let id = own.trim_start_matches("uses/");
            if agent.callers.stop(id, line) {
                Ok(nothing())
            } else {
                Err(Refusal::no_use(id))
            }
        }
        ("POST", "administration") => {
            let asked = read(request).await?;
            Ok(json(
                &administration::begin(agent, line, viewed, asked).await?,
            ))
        }
        ("DELETE", "administration") => {
            administration::end(agent, line).await;
            Ok(nothing())
        }
        ("GET", "policy") => Ok(json(&agent.settings.report())),
        ("POST", "preferences") => {
            let asked = read(request).await?;
            Ok(json(&preferring::prefer(agent, &asked)?))
        }
        ("GET", "window") => Ok(window::listen(agent)),
        ("POST", "window") => {
            window::show(agent, read(request).await?)?;
            let mut taken = nothing();
            *taken.status_mut() = StatusCode::ACCEPTED;
            Ok(taken)
        }
        ("POST", "stop") => {
            agent.stopping.send_replace(true);
            Ok(nothing())
        }
        (
            _,
            "hello" | "status" | "watch" | "doctor" | "connect" | "begin-sign-in" | "switch"
            | "sign-in" | "disconnect" | "servers" | "prompts" | "uses" | "administration"
            | "policy" | "preferences" | "window" | "stop",
        ) => Err(Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            agent_codes::NO_ROUTE,
            format!("/agent/v1/{own} does not answer to {method}."),
        )),
        _ => Err(Refusal::new(
            StatusCode::NOT_FOUND,
            agent_codes::NO_ROUTE,
            "The agent has nothing at this path. It may be older than the program that asks.",
        )),
    }
}

/// No server was named, and none is guessed.
fn nowhere(what: &str) -> Refusal {
    Refusal::bad_request(format!(
        "The field “address” is missing. Say which server to {what}: its web address, its id or its name."
    ))
}

fn servers(agent: &SharedAgent) -> Response<Body> {
    json(&ServerList {
        servers: agent.entries(),
    })
}

/// There is nothing to say.
fn nothing() -> Response<Body> {
    json(&serde_json::Map::new())
}

fn json<T: Serialize>(value: &T) -> Response<Body> {
    match serde_json::to_vec(value) {
        Ok(bytes) => {
            let mut response = Response::new(full_body(bytes));
            response
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => Refusal::internal(&error).into_response(),
    }
}

/// A request's JSON; nothing at all means the defaults.
async fn read<T: DeserializeOwned + Default>(request: Request<Incoming>) -> Result<T, Refusal> {
    let body = Limited::new(request.into_body(), LONGEST);
    let bytes = match body.collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            return Err(Refusal::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                agent_codes::BAD_REQUEST,
                format!("The body is longer than {LONGEST} bytes."),
            ));
        }
        Err(_) => return Err(Refusal::bad_request("The body was cut off. Send it again.")),
    };
    let Some(first) = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) else {
        return Ok(T::default());
    };
    // The fields in a row, without their names, would be taken too.
    if *first != b'{' {
        return Err(Refusal::bad_request(
            "The body cannot be read: it has to be a JSON object.",
        ));
    }
    serde_json::from_slice(&bytes)
        .map_err(|error| Refusal::bad_request(format!("The body cannot be read: {error}.")))
}

/// The whole state first, then every change: newline-delimited JSON.
fn watch(agent: &SharedAgent, mut states: watch::Receiver<Status>) -> Response<Body> {
    let stopping = agent.stopping.subscribe();
    let first = states.borrow_and_update().clone();
    let start = (0_u64, Some(first), states, stopping);
    let lines = stream::unfold(
        start,
        |(number, first, mut states, mut stopping)| async move {
            let status = match first {
                Some(first) => first,
                None => {
                    tokio::select! {
                        changed = states.changed() => changed.ok()?,
                        _ = stopping.changed() => return None,
                    }
                    states.borrow_and_update().clone()
                }
            };
            let mut line = serde_json::to_vec(&WatchEvent { number, status }).ok()?;
            line.push(b'\n');
            let frame = Frame::data(Bytes::from(line));
            Some((
                Ok::<_, BoxError>(frame),
                (number + 1, None, states, stopping),
            ))
        },
    );
    let mut response = Response::new(StreamBody::new(lines).boxed_unsync());
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-ndjson"),
    );
    response
}
