//! A server that looks like a work server, and lies when it is told to.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What one request said.
#[derive(Debug, Clone)]
pub struct Asked {
    /// For example `GET`.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The headers as they came, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Asked {
    /// The first header of that name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter();
        all.find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether it is made with a session.
    #[must_use]
    pub fn has_session(&self) -> bool {
        self.header("x-auth-token").is_some()
    }

    /// Whether it is a call of the Work API and neither a sign-in nor discovery.
    #[must_use]
    pub fn is_call(&self) -> bool {
        self.path.contains("/v2/")
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub enum Says {
    /// What a work server would.
    Honestly,
    /// What a work server would, with these lines in the head as well.
    Adding(String),
    /// These bytes; then it hangs up.
    This(Vec<u8>),
    /// These bytes, and then those as long as anybody reads.
    WithoutEnd(Vec<u8>, Vec<u8>),
    /// These bytes, and then it waits as if there were more to come.
    Half(Vec<u8>),
    /// Nothing; it hangs up.
    Nothing,
}

impl Says {
    /// A whole answer, after which it hangs up as it says.
    #[must_use]
    pub fn answer(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        let close = match headers.contains("Connection:") {
            true => "",
            false => "Connection: close\r\n",
        };
        Self::This(
            format!("HTTP/1.1 {status}\r\n{headers}{close}Content-Length: {length}\r\n\r\n{body}")
                .into_bytes(),
        )
    }

    /// 401 in the shape of the Work API.
    #[must_use]
    pub fn no_session() -> Self {
        let body = json!({"error": {"code": "NRC_NO_SESSION", "code_message": "none"}});
        let type_ = "Content-Type: application/json\r\n";
        Self::answer("401 Unauthorized", type_, &body.to_string())
    }
}

type Script = Box<dyn Fn(&Asked) -> Says + Send>;

struct Shared {
    script: Mutex<Script>,
    heard: Mutex<Vec<Asked>>,
    tokens: AtomicU64,
    address: SocketAddr,
    /// Whether it says that it is Chancery, and renews sessions.
    is_own_make: bool,
}

/// The server. Its thread ends with the test's process.
pub struct LyingServer {
    shared: Arc<Shared>,
}

impl LyingServer {
    /// An honest one, for now.
    ///
    /// # Panics
    /// When there is no port left.
    #[must_use]
    pub fn start() -> Self {
        Self::made(true)
    }

    /// One of another make: with the v1 session only, which nothing renews.
    ///
    /// # Panics
    /// When there is no port left.
    #[must_use]
    pub fn of_another_make() -> Self {
        Self::made(false)
    }

    fn made(is_own_make: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let shared = Arc::new(Shared {
            script: Mutex::new(Box::new(|_| Says::Honestly)),
            heard: Mutex::default(),
            tokens: AtomicU64::new(0),
            address: listener.local_addr().expect("an address"),
            is_own_make,
        });
        let behind = Arc::clone(&shared);
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let shared = Arc::clone(&behind);
                std::thread::spawn(move || shared.converse(stream));
            }
        });
        Self { shared }
    }

    /// Its web address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.shared.address)
    }

    /// From now on it answers so.
    pub fn lie(&self, script: impl Fn(&Asked) -> Says + Send + 'static) {
        *locked(&self.shared.script) = Box::new(script);
    }

    /// From now on it answers calls of the Work API so, and the rest honestly.
    pub fn lie_to_calls(&self, says: Says) {
        self.lie(move |asked| {
            if asked.is_call() {
                says.clone()
            } else {
                Says::Honestly
            }
        });
    }

    /// From now on it answers honestly.
    pub fn repent(&self) {
        self.lie(|_| Says::Honestly);
    }

    /// What it heard so far.
    #[must_use]
    pub fn heard(&self) -> Vec<Asked> {
        locked(&self.shared.heard).clone()
    }

    /// How many requests it heard whose path begins so.
    #[must_use]
    pub fn asked_for(&self, path: &str) -> usize {
        let heard = locked(&self.shared.heard);
        heard
            .iter()
            .filter(|one| one.path.starts_with(path))
            .count()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn converse(&self, mut stream: TcpStream) {
        let Ok(reading) = stream.try_clone() else {
            return;
        };
        let mut reading = BufReader::new(reading);
        while let Some(asked) = read(&mut reading) {
            let says = (locked(&self.script))(&asked);
            let honest = self.honest(&asked);
            locked(&self.heard).push(asked);
            let (first, again) = match says {
                Says::Honestly => (whole(&honest, ""), None),
                Says::Adding(lines) => (whole(&honest, &lines), None),
                Says::This(bytes) => (bytes, Some(Vec::new())),
                Says::WithoutEnd(first, again) => (first, Some(again)),
                Says::Half(bytes) => {
                    let _ = stream.write_all(&bytes);
                    let _ = std::io::copy(&mut reading, &mut std::io::sink());
                    return;
                }
                Says::Nothing => return,
            };
            let mut went = stream.write_all(&first).is_ok();
            let Some(again) = again else { continue };
            while went && !again.is_empty() {
                went = stream.write_all(&again).is_ok();
            }
            let _ = stream.shutdown(std::net::Shutdown::Write);
            // Until the other side hangs up, so that nothing is reset.
            let _ = std::io::copy(&mut reading, &mut std::io::sink());
            return;
        }
    }

    fn honest(&self, asked: &Asked) -> Value {
        match asked.path.as_str() {
            "/auth/oauth2/token" => {
                let number = self.tokens.fetch_add(1, Ordering::Relaxed);
                json!({"access_token": format!("token-{number}"), "token_type": "Bearer",
                    "expires_in": 14_400, "refresh_token": format!("refresh-{number}"), "scope": "user"})
            }
            "/api/v1/session/login" => {
                let number = self.tokens.fetch_add(1, Ordering::Relaxed);
                json!({"X-Auth-Token": format!("token-{number}"), "customer_id": 1,
                    "max_age": 14_400, "persona": "user", "user": {"user_id": "ann"}})
            }
            "/api" | "/work/api" => {
                let mut data = json!({"product": {"name": "Chancery", "version": "0.1.0"},
                    "auth_status": "unauthenticated", "dms_version": "10.4.5",
                    "capabilities": ["session.lifetime_headers", "session.background"],
                    "sign_in_methods": [{"kind": "password"}],
                    "session": {"idle_seconds": 14_400, "absolute_seconds": 2_592_000, "refresh": true},
                    "versions": [{"name": "v2", "version": "2.1", "url": format!("http://{}/work/api/v2", self.address)}]});
                if !self.is_own_make {
                    for name in ["product", "capabilities", "sign_in_methods", "session"] {
                        let _ = data.as_object_mut().and_then(|all| all.remove(name));
                    }
                }
                if asked.has_session() {
                    data["auth_status"] = json!("authenticated");
                    data["user"] = json!({"customer_id": 1, "id": "ann", "name": "Ann"});
                }
                json!({ "data": data })
            }
            _ => json!({"data": {"results": []}}),
        }
    }
}

fn whole(body: &Value, lines: &str) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{lines}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn read(reading: &mut impl BufRead) -> Option<Asked> {
    let mut first = String::new();
    if reading.read_line(&mut first).ok()? == 0 {
        return None;
    }
    let mut words = first.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reading.read_line(&mut line).ok()?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut asked = Asked {
        method,
        path,
        headers,
        body: String::new(),
    };
    let mut body = Vec::new();
    if asked.header("transfer-encoding").is_some() {
        chunks(reading, &mut body)?;
    } else {
        let length = asked.header("content-length");
        let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
        reading.take(length).read_to_end(&mut body).ok()?;
    }
    asked.body = String::from_utf8_lossy(&body).into_owned();
    Some(asked)
}

/// A body in chunks (RFC 9112, section 7.1); none when it broke off.
fn chunks(reading: &mut impl BufRead, body: &mut Vec<u8>) -> Option<()> {
    loop {
        let mut line = String::new();
        reading.read_line(&mut line).ok()?;
        let size = line.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        let before = body.len();
        let end = size.checked_add(2)?;
        let whole = reading.take(u64::try_from(end).ok()?).read_to_end(body);
        if whole.ok()? != end {
            return None;
        }
        body.truncate(before + size);
        if size == 0 {
            return Some(());
        }
    }
}
