//! Sign-ins that a person does elsewhere: in the browser of this machine, or at
//! another device with a code.
//!
//! A browser comes back to a port of 127.0.0.1 that is open for that one
//! sign-in, five minutes at most (RFC 8252, section 7.3), and answers nothing
//! but that.

use bytes::Bytes;
use chancery_client::remote::{
    Address, Asked, Authorizing, BeginsDevice, Decided, Obtained, Remote, RemoteError,
    RemoteErrorKind,
};
use chancery_proto::local::{BegunSignIn, SignInWay};
use chancery_proto::secret::Secret;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How long a browser may take.
const LIFE: Duration = Duration::from_secs(300);
/// So many may wait at a time.
const MOST: usize = 8;
/// A browser that says nothing for so long is let go.
const SILENCE: Duration = Duration::from_secs(10);
/// So many connections at a time: browsers open a few ahead.
const CONNECTIONS: usize = 8;

/// Those that wait.
#[derive(Debug, Default)]
pub(crate) struct Begun {
    waiting: Arc<Mutex<All>>,
}

/// The last number that was given, and those that wait by theirs.
type All = (u64, HashMap<u64, Waiting>);

/// One that waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    remote: Remote,
    ends: Instant,
    how: How,
}

#[derive(Debug)]
enum How {
    Browser(Authorizing, TcpListener),
    Device(BeginsDevice),
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Done {
    /// The browser brought a code.
    Code(Authorizing, Secret),
    /// The server gave a session.
    Obtained(Obtained),
    /// The person did not want to.
    Declined,
    /// The server could not.
    Failed(String),
    /// Nobody came in time.
    Late,
}

/// Why none could be begun.
#[derive(Debug)]
pub(crate) enum BeginError {
    Remote(RemoteError),
    Here(io::Error),
    TooMany,
}

impl Begun {
    fn all(&self) -> MutexGuard<'_, All> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make_room(&self) -> Result<(), BeginError> {
        if self.all().1.len() >= MOST {
            return Err(BeginError::TooMany);
        }
        Ok(())
    }

    fn put(&self, waiting: Waiting) -> u64 {
        let ends = waiting.ends;
        let number = {
            let mut all = self.all();
            all.0 += 1;
            let number = all.0;
            all.1.insert(number, waiting);
            number
        };
        // Nobody may come to finish it: its port does not stay open for that.
        let waiting = Arc::clone(&self.waiting);
        tokio::spawn(async move {
            tokio::time::sleep_until(ends).await;
            let mut all = waiting.lock().unwrap_or_else(PoisonError::into_inner);
            all.1.remove(&number);
        });
        number
    }

    /// The one of that number, once, for the server it was begun at.
    pub(crate) fn take(&self, number: u64, server: &Address) -> Option<Waiting> {
        let mut all = self.all();
        if all.1.get(&number)?.remote.address() != server {
            return None;
        }
        all.1.remove(&number)
    }
}

/// Begins one, unless a password is the way.
pub(crate) async fn begin(
    begun: &Begun,
    remote: &Remote,
    way: SignInWay,
    device: &str,
) -> Result<BegunSignIn, BeginError> {
    let answer = |number, address: &str, code, seconds| BegunSignIn {
        way,
        number: Some(number),
        address: Some(address.to_owned()),
        code,
        seconds,
    };
    match way {
        SignInWay::Password => Ok(BegunSignIn {
            way,
            number: None,
            address: None,
            code: None,
            seconds: 0,
        }),
        SignInWay::Browser => {
            begun.make_room()?;
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
            let listener = listener.map_err(BeginError::Here)?;
            let port = listener.local_addr().map_err(BeginError::Here)?.port();
            let mut random = [0_u8; 64];
            getrandom::fill(&mut random)
                .map_err(|error| BeginError::Here(io::Error::other(error.to_string())))?;
            let authorizing = Authorizing::new(remote, port, &random);
            let page = authorizing.page();
            let number = begun.put(Waiting {
                remote: remote.clone(),
                ends: Instant::now() + LIFE,
                how: How::Browser(authorizing, listener),
            });
            Ok(answer(number, &page, None, LIFE.as_secs()))
        }
        SignInWay::Device => {
            begun.make_room()?;
            let told = remote.begin_device(device).await;
            let told = told.map_err(BeginError::Remote)?;
            let (code, address, seconds) = (told.code.clone(), told.address.clone(), told.seconds);
            let number = begun.put(Waiting {
                remote: remote.clone(),
                ends: Instant::now() + Duration::from_secs(seconds),
                how: How::Device(told),
            });
            Ok(answer(number, &address, Some(code), seconds))
        }
    }
}

impl Waiting {
    /// Waits for the person.
    pub(crate) async fn outcome(self, device: &str) -> Result<Done, RemoteError> {
        let Self { remote, ends, how } = self;
        match how {
            How::Browser(authorizing, listener) => {
                let came = came_back(listener, &authorizing);
                Ok(match tokio::time::timeout_at(ends, came).await {
                    Err(_) => Done::Late,
                    Ok(Asked::Code(code)) => Done::Code(authorizing, code),
                    Ok(Asked::Failed(why)) => Done::Failed(why),
                    Ok(Asked::Declined | Asked::Foreign) => Done::Declined,
                })
            }
            How::Device(told) => at_another_device(&remote, &told, ends, device).await,
        }
    }
}

async fn at_another_device(
    remote: &Remote,
    told: &BeginsDevice,
    ends: Instant,
    device: &str,
) -> Result<Done, RemoteError> {
    let mut pace = Duration::from_secs(told.pace);
    while Instant::now() + pace < ends {
        tokio::time::sleep(pace).await;
        match remote.ask_device(&told.device_code, device).await {
            Ok(Decided::Obtained(obtained)) => return Ok(Done::Obtained(obtained)),
            Ok(Decided::NotYet { slower }) => pace += Duration::from_secs(slower),
            Err(error) => match error.kind {
                // Away for a moment is no answer: the person is not asked twice.
                RemoteErrorKind::Unreachable | RemoteErrorKind::Busy { .. } => {
                    pace = (pace * 2).min(Duration::from_secs(60));
                }
                RemoteErrorKind::Refused { .. } => return Ok(Done::Declined),
                _ => return Err(error),
            },
        }
    }
    Ok(Done::Late)
}

/// Answers browsers until one brings what belongs to this sign-in.
async fn came_back(listener: TcpListener, authorizing: &Authorizing) -> Asked {
    let authority = listener
        .local_addr()
        .map(|address| address.to_string())
        .unwrap_or_default();
    let (tell, mut told) = mpsc::channel(1);
    let authorizing = Arc::new(authorizing.clone());
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            Some(asked) = told.recv() => {
                // The page that says so is on its way: it gets a moment.
                let rest = async { while connections.join_next().await.is_some() {} };
                let _ = tokio::time::timeout(Duration::from_secs(1), rest).await;
                return asked;
            }
            Some(_) = connections.join_next(), if connections.len() >= CONNECTIONS => continue,
            accepted = listener.accept(), if connections.len() < CONNECTIONS => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (authority, tell) = (authority.clone(), tell.clone());
        let authorizing = Arc::clone(&authorizing);
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let (response, asked) = answer(&request, &authority, &authorizing);
                if let Some(asked) = asked {
                    // The first one counts.
                    let _ = tell.try_send(asked);
                }
                async move { Ok::<_, Infallible>(response) }
            });
            let mut http = hyper::server::conn::http1::Builder::new();
            http.keep_alive(false).max_buf_size(16 * 1024);
            let serving = http.serve_connection(TokioIo::new(stream), service);
            let _ = tokio::time::timeout(SILENCE, serving).await;
        });
    }
}

/// What a browser is told, and what it brought.
fn answer(
    request: &Request<Incoming>,
    authority: &str,
    authorizing: &Authorizing,
) -> (Response<Full<Bytes>>, Option<Asked>) {
    let is_named = request
        .headers()
        .get(HOST)
        .is_some_and(|host| host.as_bytes() == authority.as_bytes());
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let asked = if is_named && request.method() == Method::GET {
        authorizing.came_back(path)
    } else {
        Asked::Foreign
    };
    match asked {
        Asked::Foreign => (
            page(
                StatusCode::NOT_FOUND,
                "Nothing is here",
                "This address belongs to a sign-in that goes on in another page.",
            ),
            None,
        ),
        Asked::Code(_) => (
            page(
                StatusCode::OK,
                "You can close this page",
                "Chancery on your computer goes on from here.",
            ),
            Some(asked),
        ),
        Asked::Declined | Asked::Failed(_) => (
            page(
                StatusCode::OK,
                "You are not signed in",
                "Nothing was changed. You can close this page.",
            ),
            Some(asked),
        ),
    }
}

fn page(status: StatusCode, heading: &str, sentence: &str) -> Response<Full<Bytes>> {
    // Nothing in it comes from anywhere else.
    let text = format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <title>{heading} – Chancery</title>\
         <style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:26rem;margin:15vh auto;padding:0 1.5rem}}</style>\
         <h1>{heading}</h1><p>{sentence}</p></html>"
    );
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::{Begun, begin};
    use chancery_client::remote::{HttpClient, Remote};
    use chancery_proto::local::SignInWay;
    use std::time::Duration;
    use tokio::net::TcpStream;

    #[tokio::test(start_paused = true)]
    async fn a_port_that_nobody_came_back_to_is_closed_after_five_minutes() {
        let address = "http://127.0.0.1:1".parse().expect("an address");
        let remote = Remote::at(HttpClient::new(), address);
        let begun = Begun::default();
        let told = begin(&begun, &remote, SignInWay::Browser, "").await;
        let told = told.expect("begun");
        let page = told.address.expect("a page");
        let (_, rest) = page.split_once("127.0.0.1%3A").expect("a port");
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let port: u16 = digits.parse().expect("a port");
        tokio::time::sleep(Duration::from_secs(299)).await;
        assert!(TcpStream::connect(("127.0.0.1", port)).await.is_ok());
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
        let number = told.number.expect("a number");
        assert!(begun.take(number, remote.address()).is_none());
    }
}
