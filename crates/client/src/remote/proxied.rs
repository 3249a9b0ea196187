//! The way through a proxy: which one, and the tunnel that it opens
//! (RFC 9110, section 9.3.6).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chancery_platform::proxy::{self, Proxy};
use http::header::{HOST, PROXY_AUTHORIZATION};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use hyper::upgrade::Upgraded;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The system's settings are asked again after so long.
const ASKED_AGAIN: Duration = Duration::from_secs(60);
/// The longest head of a proxy's answer, in bytes and in headers.
const LONGEST_HEAD: (usize, usize) = (64 * 1024, 100);

/// Why no way leads through a proxy. Each is a sentence for a person; a proxy
/// is named without its user and password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ProxyError {
    #[error(
        "The proxy {proxy}, which {} cannot be reached ({why}). {}",
        if *by_policy { "your administrator's policy names," } else { "this system's settings name," },
        if *by_policy { "Check the network, or tell your administrator." } else { "Check the network and the proxy settings." }
    )]
    NotReached {
        proxy: String,
        by_policy: bool,
        why: String,
    },
    #[error(
        "The proxy {proxy} did not open the way to {server} within {seconds} seconds. Try again; if it stays so, check the proxy settings."
    )]
    Late {
        proxy: String,
        server: String,
        seconds: u64,
    },
    #[error(
        "The proxy {proxy} asks for a user and a password before it lets anything through to {server}. Put them into its address in the proxy settings, or ask your administrator."
    )]
    AsksWho { proxy: String, server: String },
    #[error(
        "The proxy {proxy} does not open the way to {server}: it answers {status}. Ask your administrator to let it through, or to leave {server} out of the proxy."
    )]
    Refuses {
        proxy: String,
        server: String,
        status: StatusCode,
    },
    #[error(
        "The proxy {proxy} broke off before the way to {server} was open ({why}). Try again; if it stays so, check the proxy settings."
    )]
    BrokeOff {
        proxy: String,
        server: String,
        why: String,
    },
    #[error(
        "The proxy settings name {proxy}, and only proxies that are spoken to by http or https can be used. Name such a one, or leave the server out of the proxy."
    )]
    Unspoken { proxy: String },
}

/// Who says which proxy leads to servers on other machines. This machine
/// itself is never reached through one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ProxyRule {
    /// The environment, or else the desktop.
    #[default]
    System,
    /// Nobody: there is none.
    Direct,
    /// It is this one: `http://HOST:PORT`.
    Through(Uri),
}

/// Which proxies lead to servers. What the system's settings say about each is
/// known for a short while.
#[derive(Debug, Default)]
pub(super) struct Proxies {
    rule: ProxyRule,
    known: Mutex<Known>,
}

/// By host and port: when the settings were asked, and what they said.
type Known = HashMap<(String, u16), (Instant, Option<Proxy>)>;

impl Proxies {
    /// By that rule; nothing is known yet.
    pub(super) fn by(rule: ProxyRule) -> Self {
        Self {
            rule,
            known: Mutex::default(),
        }
    }

    pub(super) fn rule(&self) -> &ProxyRule {
        &self.rule
    }

    /// The proxy that leads to a server.
    pub(super) async fn toward(&self, server: &Uri) -> Option<Through> {
        let host = server.host()?.to_owned();
        match &self.rule {
            ProxyRule::System => Some(Through {
                proxy: self.by_system(server, host).await?,
                by_policy: false,
            }),
            ProxyRule::Direct => None,
            ProxyRule::Through(_) if proxy::is_loopback(&host) => None,
            ProxyRule::Through(proxy) => {
                let bare = proxy.host()?;
                let bare = bare.trim_start_matches('[').trim_end_matches(']');
                Some(Through {
                    proxy: Proxy {
                        scheme: proxy.scheme_str().unwrap_or("http").to_owned(),
                        host: bare.to_owned(),
                        port: port(proxy),
                        user: None,
                        password: None,
                    },
                    by_policy: true,
                })
            }
        }
    }

    async fn by_system(&self, server: &Uri, host: String) -> Option<Proxy> {
        let port = port(server);
        let key = (host.clone(), port);
        let now = Instant::now();
        let known = self.known().get(&key).cloned();
        if let Some((asked, proxy)) = known
            && now.duration_since(asked) < ASKED_AGAIN
        {
            return proxy;
        }
        let scheme = server.scheme_str().unwrap_or("https").to_owned();
        let asked =
            tokio::task::spawn_blocking(move || proxy::for_address(&scheme, &host, port)).await;
        let proxy = asked.ok()?;
        self.known().insert(key, (now, proxy.clone()));
        proxy
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn port(server: &Uri) -> u16 {
    let usual = if server.scheme_str() == Some("http") {
        80
    } else {
        443
    };
    server.port_u16().unwrap_or(usual)
}

/// A proxy that is used. Shown without its user and password.
#[derive(Debug, Clone)]
pub(super) struct Through {
    proxy: Proxy,
    /// The administrator's policy names it, and not the system's settings.
    pub(super) by_policy: bool,
}

impl fmt::Display for Through {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Proxy {
            scheme, host, port, ..
        } = &self.proxy;
        if host.contains(':') {
            write!(formatter, "{scheme}://[{host}]:{port}")
        } else {
            write!(formatter, "{scheme}://{host}:{port}")
        }
    }
}

impl Through {
    fn unspoken(&self) -> ProxyError {
        ProxyError::Unspoken {
            proxy: self.to_string(),
        }
    }

    pub(super) fn is_encrypted(&self) -> Result<bool, ProxyError> {
        match self.proxy.scheme.as_str() {
            "http" => Ok(false),
            "https" => Ok(true),
            _ => Err(self.unspoken()),
        }
    }

    /// Where it listens.
    pub(super) fn uri(&self) -> Result<Uri, ProxyError> {
        self.to_string().parse().map_err(|_| self.unspoken())
    }

    /// What stands in its address, and nothing else, says who asks.
    fn who(&self) -> Option<HeaderValue> {
        let user = self.proxy.user.as_deref()?;
        let password = self
            .proxy
            .password
            .as_ref()
            .map_or("", |word| word.reveal());
        let basic = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        let mut value = HeaderValue::from_str(&basic).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Asks a proxy for a tunnel to a server.
pub(super) async fn open<S>(
    stream: S,
    server: &Uri,
    proxy: &Through,
) -> Result<Upgraded, ProxyError>
where
    S: Read + Write + Send + Unpin + 'static,
{
    let host = server.host().unwrap_or_default();
    let authority = format!("{host}:{}", port(server));
    let broke_off = |why: &dyn fmt::Display| ProxyError::BrokeOff {
        proxy: proxy.to_string(),
        server: host.to_owned(),
        why: why.to_string(),
    };
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri(authority.as_str())
        .header(HOST, authority.as_str());
    if let Some(who) = proxy.who() {
        request = request.header(PROXY_AUTHORIZATION, who);
    }
    let request = request
        .body(Empty::<Bytes>::new())
        .map_err(|error| broke_off(&error))?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(LONGEST_HEAD.0)
        .max_headers(LONGEST_HEAD.1)
        .handshake(stream)
        .await
        .map_err(|error| broke_off(&error))?;
    // It ends with the tunnel, or with `sender` where there is none.
    tokio::spawn(connection.with_upgrades());
    let answer = sender
        .send_request(request)
        .await
        .map_err(|error| broke_off(&error))?;
    match answer.status() {
        status if status.is_success() => hyper::upgrade::on(answer)
            .await
            .map_err(|error| broke_off(&error)),
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => Err(ProxyError::AsksWho {
            proxy: proxy.to_string(),
            server: host.to_owned(),
        }),
        status => Err(ProxyError::Refuses {
            proxy: proxy.to_string(),
            server: host.to_owned(),
            status,
        }),
    }
}
