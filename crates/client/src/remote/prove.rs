//! Whether a work server answers at an address, and what it can do.

use super::http_client::whole;
use super::{Address, Remote, RemoteError, RemoteErrorKind, told_wait};
use crate::local::{Body, empty_body};
use chancery_proto::discovery::Discovery;
use chancery_proto::error::ErrorEnvelope;
use chancery_proto::headers;
use chancery_proto::secret::Secret;
use chancery_proto::work::Data;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// Redirects on the same host that are followed.
const REDIRECTS: usize = 5;
/// A server that answers at all answers this quickly.
const PATIENCE: Duration = Duration::from_secs(15);
/// A connection that breaks within this time was broken before.
const STALE: Duration = Duration::from_secs(2);
const PATHS: [&str; 2] = ["/api", "/work/api"];

/// A work server that was proved.
#[derive(Debug, Clone)]
pub struct Proved {
    /// Where it is, after redirects on the same host.
    pub server: Remote,
    /// What it told; none where it tells nothing before somebody signs in.
    pub discovery: Option<Discovery>,
}

enum Answer {
    Discovery(Box<Discovery>),
    /// A work server that wants a session first.
    Closed,
    Moved(Url),
    Nothing(String),
}

impl Remote {
    /// Proves that a work server answers here. `confirmed` is a host that the
    /// person has agreed to be led to.
    ///
    /// # Errors
    /// [`RemoteErrorKind::Unreachable`], `Certificate`, `NotAWorkServer`,
    /// `Redirected`, or `Busy`.
    pub async fn prove(&self, confirmed: Option<&str>) -> Result<Proved, RemoteError> {
        tokio::time::timeout(PATIENCE, self.follow(confirmed))
            .await
            .unwrap_or_else(|_| Err(RemoteError::late(PATIENCE)))
    }

    async fn follow(&self, confirmed: Option<&str>) -> Result<Proved, RemoteError> {
        let mut server = self.clone();
        let mut paths = PATHS.iter();
        let mut path = paths.next().copied().unwrap_or("/api").to_owned();
        let mut redirects = 0;
        loop {
            match server.look(&path, None).await? {
                Answer::Discovery(discovery) => {
                    return Ok(Proved {
                        server,
                        discovery: Some(*discovery),
                    });
                }
                // Only a server whose word can be trusted may say so.
                Answer::Closed if server.is_trustworthy() => {
                    return Ok(Proved {
                        server,
                        discovery: None,
                    });
                }
                Answer::Moved(url) => {
                    redirects += 1;
                    if redirects > REDIRECTS {
                        return Err(not_a_server("it redirects without end"));
                    }
                    let address = Address::of_url(&url, url.as_str())
                        .map_err(|error| not_a_server(error.to_string()))?;
                    let known = address.host() == server.address.host()
                        || confirmed.is_some_and(|host| {
                            host == address.host() || host == address.authority()
                        });
                    if !known {
                        let host = address.authority();
                        return Err(RemoteError::new(
                            RemoteErrorKind::Redirected { host: host.clone() },
                            format!("it leads to {host}"),
                        ));
                    }
                    server.address = address;
                    url.path().clone_into(&mut path);
                }
                Answer::Closed => {
                    return Err(not_a_server("it wants a session, without encryption"));
                }
                Answer::Nothing(why) => match paths.next() {
                    Some(next) => path = (*next).to_owned(),
                    None => return Err(not_a_server(why)),
                },
            }
        }
    }

    fn is_trustworthy(&self) -> bool {
        self.address.is_encrypted() || self.address.is_loopback()
    }

    /// What the server tells somebody signed in. Also the way to ask whether a
    /// session still lives; that counts as use.
    ///
    /// # Errors
    /// [`RemoteErrorKind::NoSession`] when it does not, and as [`Remote::prove`].
    pub async fn discovery(&self, token: &Secret) -> Result<Discovery, RemoteError> {
        let look = self.look(PATHS[0], Some(token));
        let answer = tokio::time::timeout(PATIENCE, look)
            .await
            .unwrap_or_else(|_| Err(RemoteError::late(PATIENCE)))?;
        match answer {
            Answer::Discovery(discovery) => Ok(*discovery),
            Answer::Closed => Err(RemoteError::new(
                RemoteErrorKind::NoSession,
                "the session is no longer accepted",
            )),
            Answer::Moved(url) => Err(RemoteError::nonsense(format!("it now leads to {url}"))),
            Answer::Nothing(why) => Err(RemoteError::nonsense(why)),
        }
    }

    async fn look(&self, path: &str, token: Option<&Secret>) -> Result<Answer, RemoteError> {
        let began = Instant::now();
        let response = match self.send(question(path, token)?).await {
            // The connection was broken before: servers close those that
            // nobody used for a while.
            Err(error) if error.kind == RemoteErrorKind::Unreachable && began.elapsed() < STALE => {
                self.send(question(path, token)?).await
            }
            other => other,
        };
        let response = match response {
            Err(error) if error.is_no_http() => {
                return Ok(Answer::Nothing(error.plainly().to_owned()));
            }
            other => other?,
        };
        let status = response.status();
        if status.is_redirection() {
            return Ok(self.moved(path, response.headers()));
        }
        if let Some(error) = busy(status, response.headers()) {
            return Err(error);
        }
        let bytes = match whole(response).await {
            Err(error) if error.kind == RemoteErrorKind::Nonsense => {
                return Ok(Answer::Nothing(error.why));
            }
            other => other?,
        };
        if status == StatusCode::UNAUTHORIZED {
            return Ok(match serde_json::from_slice::<ErrorEnvelope>(&bytes) {
                Ok(_) => Answer::Closed,
                // With a session it means that session, however it is put.
                Err(_) if token.is_some() => Answer::Closed,
                Err(_) => Answer::Nothing("it asks for another kind of sign-in".to_owned()),
            });
        }
        if !status.is_success() {
            return Ok(Answer::Nothing(format!("it answers {status}")));
        }
        let told: Result<Data<Discovery>, _> = serde_json::from_slice(&bytes);
        Ok(match told {
            Ok(told) if !told.data.versions.is_empty() => Answer::Discovery(Box::new(told.data)),
            _ => Answer::Nothing("what it answers is not a work server's".to_owned()),
        })
    }

    fn moved(&self, path: &str, answer: &HeaderMap) -> Answer {
        let target = answer
            .get(header::LOCATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|target| {
                let here = Url::parse(&format!("{}{path}", self.address)).ok()?;
                here.join(target).ok()
            });
        match target {
            Some(url) => Answer::Moved(url),
            None => Answer::Nothing("it redirects to nowhere".to_owned()),
        }
    }
}

fn question(path: &str, token: Option<&Secret>) -> Result<Request<Body>, RemoteError> {
    let mut request = Request::get(path)
        .header(header::ACCEPT, "application/json")
        .body(empty_body())
        .map_err(|error| RemoteError::nonsense(error.to_string()))?;
    if let Some(token) = token {
        let value = token_value(token)?;
        request.headers_mut().insert(headers::X_AUTH_TOKEN, value);
    }
    Ok(request)
}

fn not_a_server(why: impl Into<String>) -> RemoteError {
    RemoteError::new(RemoteErrorKind::NotAWorkServer, why)
}

/// A token as the value of a header that no log shows.
///
/// # Errors
/// The token has a character that no header may have.
pub fn token_value(token: &Secret) -> Result<HeaderValue, RemoteError> {
    let mut value = HeaderValue::from_str(token.reveal())
        .map_err(|_| RemoteError::nonsense("the token cannot stand in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// 429 and 503 mean to wait as told (RFC 9110, section 10.2.3).
pub(super) fn busy(status: StatusCode, answer: &HeaderMap) -> Option<RemoteError> {
    if status != StatusCode::SERVICE_UNAVAILABLE && status != StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    let retry_after = told_wait(answer);
    let mut error = RemoteError::new(
        RemoteErrorKind::Busy { retry_after },
        format!("it answers {status}"),
    );
    error.is_too_often = status == StatusCode::TOO_MANY_REQUESTS;
    Some(error)
}
