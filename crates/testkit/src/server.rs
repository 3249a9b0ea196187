//! The real server, started for a test.

use crate::http::{Answer, Request, Target};
use crate::metrics::Metrics;
use crate::programs::program;
use crate::waiting::PATIENCE;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, mpsc};
use tempfile::TempDir;

/// The first administrator.
pub const ADMIN: &str = "admin";
/// The administrator's password in tests.
pub const PASSWORD: &str = "seven lamps in the harbour";
/// The library a fresh server has.
pub const LIBRARY: &str = "ACTIVE";
/// Where the library's calls are.
pub const API: &str = "/work/api/v2/customers/1/libraries/ACTIVE";
/// What the line about the address begins with.
const LISTENING: &str = "Listening on ";

/// A running server with a directory of its own. Ends with its value.
#[derive(Debug)]
pub struct TestServer {
    directory: Arc<TempDir>,
    /// What its own files are called.
    name: String,
    child: Option<Child>,
    address: SocketAddr,
    settings: Vec<(String, PathBuf)>,
}

impl TestServer {
    /// A fresh server with the default configuration.
    ///
    /// # Panics
    /// When it does not start; the message shows its log.
    #[must_use]
    pub fn start() -> Self {
        Self::configured("")
    }

    /// A fresh server with this configuration (TOML).
    ///
    /// # Panics
    /// As [`TestServer::start`].
    #[must_use]
    pub fn configured(configuration: &str) -> Self {
        Self::surrounded(configuration, &[])
    }

    /// A fresh server with this configuration and these settings in its
    /// environment.
    ///
    /// # Panics
    /// As [`TestServer::start`].
    #[must_use]
    pub fn surrounded(configuration: &str, settings: &[(&str, &Path)]) -> Self {
        let mut server = Self::written(configuration, settings);
        server.begin();
        server
    }

    /// One that is not started yet: [`TestServer::begin`].
    ///
    /// # Panics
    /// When its files cannot be written.
    #[must_use]
    pub fn written(configuration: &str, settings: &[(&str, &Path)]) -> Self {
        let directory = tempfile::Builder::new()
            .prefix("chancery-server-")
            .tempdir()
            .expect("a temporary directory");
        let server = Self {
            directory: Arc::new(directory),
            name: "server".to_owned(),
            child: None,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            settings: settings
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        };
        std::fs::write(server.configuration(), configuration).expect("a file can be written");
        server
    }

    /// Another server on the same data, not started yet.
    ///
    /// # Panics
    /// When its files cannot be written.
    #[must_use]
    pub fn beside(&self, name: &str, configuration: &str) -> Self {
        let server = Self {
            directory: Arc::clone(&self.directory),
            name: name.to_owned(),
            child: None,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            settings: self.settings.clone(),
        };
        std::fs::write(server.configuration(), configuration).expect("a file can be written");
        server
    }

    /// Its configuration's file.
    #[must_use]
    pub fn configuration(&self) -> PathBuf {
        self.directory.path().join(format!("{}.toml", self.name))
    }

    /// The command that serves.
    fn serve(&self) -> Command {
        let mut command = Command::new(program("chancery-server"));
        command
            .arg("serve")
            .arg("--config")
            .arg(self.configuration())
            .arg("--data")
            .arg(self.data())
            .args(["--listen", &self.address.to_string()])
            .env("CHANCERY_BOOTSTRAP_PASSWORD", PASSWORD)
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// What the program says instead of serving.
    ///
    /// # Panics
    /// When it serves all the same, or cannot be run.
    #[must_use]
    pub fn refusal(&self) -> String {
        let output = self.serve().output().expect("the program can be run");
        assert!(!output.status.success(), "it served");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Starts the program again on the same data and port.
    ///
    /// # Panics
    /// As [`TestServer::start`], and when it runs already.
    pub fn begin(&mut self) {
        assert!(self.child.is_none(), "the server runs already");
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.log_path())
            .expect("a log can be written");
        let mut child = self
            .serve()
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the server's program can be run");
        let stdout = child.stdout.take().expect("the standard output is a pipe");
        let address = listening(stdout);
        self.child = Some(child);
        match address.recv_timeout(PATIENCE) {
            Ok(address) => self.address = address,
            Err(_) => panic!(
                "the server did not say where it listens. Its log:\n{}",
                self.log()
            ),
        }
    }

    /// Ends the program at once, as a crash would (`SIGKILL`).
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks the program to end (`SIGTERM`) and waits until it has.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = Command::new("kill")
                .args(["-TERM", &child.id().to_string()])
                .status();
            crate::waiting::ended("the server ends when asked", &mut child);
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address as a URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where calls go.
    #[must_use]
    pub fn target(&self) -> Target {
        Target::Tcp(self.address)
    }

    /// The data directory.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// The process id, while it runs.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("the server runs").id()
    }

    /// What it logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Its counters.
    ///
    /// # Panics
    /// When it does not answer.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        Metrics::new(self.call(Request::get("/metrics")).expect(200).text())
    }

    /// Another command of `chancery-server` on the same data.
    ///
    /// # Panics
    /// When the program cannot be run.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> Output {
        Command::new(program("chancery-server"))
            .args(words)
            .arg("--data")
            .arg(self.data())
            .stdin(Stdio::null())
            .output()
            .expect("the server's program can be run")
    }

    /// Adds a person who is no administrator, and gives the password that was
    /// made up.
    ///
    /// # Panics
    /// When that fails.
    #[must_use]
    pub fn add_person(&self, id: &str) -> String {
        let added = self.command(&["user", "add", id]);
        let said = String::from_utf8_lossy(&added.stdout).into_owned();
        let failed = String::from_utf8_lossy(&added.stderr);
        assert!(added.status.success(), "{failed}");
        let password = said.lines().find_map(|line| line.split_once("Password: "));
        let (_, password) = password.unwrap_or_else(|| panic!("no password in: {said}"));
        password.trim().to_owned()
    }

    /// A call that must be answered.
    ///
    /// # Panics
    /// When the connection breaks.
    #[track_caller]
    #[must_use]
    pub fn call(&self, request: Request<'_>) -> Answer {
        match self.target().call(request) {
            Ok(answer) => answer,
            Err(error) => panic!(
                "the server did not answer: {error}. Its log:\n{}",
                self.log()
            ),
        }
    }

    /// Signs the administrator in by the v1 session call; returns the token.
    ///
    /// # Panics
    /// When that is refused.
    #[must_use]
    pub fn sign_in(&self) -> String {
        let body = json!({"user_id": ADMIN, "password": PASSWORD, "application_name": "tests"});
        let answer = self
            .call(Request::new("PUT", "/api/v1/session/login").json(&body))
            .expect(200);
        let token = answer.json()["X-Auth-Token"].clone();
        token.as_str().expect("a token").to_owned()
    }

    /// Makes a workspace; returns its id.
    ///
    /// # Panics
    /// When that is refused.
    #[must_use]
    pub fn workspace(&self, token: &str, name: &str) -> String {
        let call = Request::new("POST", &format!("{API}/workspaces"))
            .token(token)
            .json(&json!({"name": name, "default_security": "public"}));
        id(&self.call(call).expect(201).json())
    }

    /// Makes a folder in a workspace; returns its id.
    ///
    /// # Panics
    /// When that is refused.
    #[must_use]
    pub fn folder(&self, token: &str, workspace: &str, name: &str) -> String {
        let call = Request::new("POST", &format!("{API}/workspaces/{workspace}/folders"))
            .token(token)
            .json(&json!({"name": name}));
        id(&self.call(call).expect(201).json())
    }

    fn log_path(&self) -> PathBuf {
        self.directory.path().join(format!("{}.log", self.name))
    }

    /// A directory that lives as long as the server's data.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let from = log.lines().count().saturating_sub(40);
            let tail: Vec<&str> = log.lines().skip(from).collect();
            note(&format!(
                "The end of the server's log:\n{}",
                tail.join("\n")
            ));
        }
    }
}

/// For whoever looks at a failed test.
pub(crate) fn note(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The `data.id` of an answer.
fn id(answer: &Value) -> String {
    answer["data"]["id"]
        .as_str()
        .unwrap_or_else(|| panic!("no data.id in {answer}"))
        .to_owned()
}

/// Reads what the server says until it ends, so that it never waits for a
/// reader; sends the address once it is told.
fn listening(stdout: impl Read + Send + 'static) -> mpsc::Receiver<SocketAddr> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let address = line
                .strip_prefix(LISTENING)
                .and_then(|url| url.split_once("://"))
                .and_then(|(_, address)| address.trim_end_matches('/').parse().ok());
            if let Some(address) = address {
                let _ = sender.send(address);
            }
        }
    });
    receiver
}

/// A multipart body as `work-api` clients send it: the profile, then the file.
#[derive(Debug)]
pub struct Upload {
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl Upload {
    /// The media type that goes with it.
    pub const CONTENT_TYPE: &'static str = "multipart/form-data; boundary=chancery-test-boundary";

    /// An upload with this profile.
    #[must_use]
    pub fn new(profile: &Value) -> Self {
        let boundary = "chancery-test-boundary";
        Self {
            head: format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"profile\"\r\nContent-Type: application/json\r\n\r\n\
                 {profile}\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n\
                 Content-Type: application/octet-stream\r\n\r\n"
            )
            .into_bytes(),
            tail: format!("\r\n--{boundary}--\r\n").into_bytes(),
        }
    }

    /// An upload of a document with this name and extension.
    #[must_use]
    pub fn named(name: &str, extension: &str) -> Self {
        Self::new(&json!({"doc_profile": {"name": name, "extension": extension}}))
    }

    /// The whole body around a file of `length` bytes, and its length.
    pub fn around<'a>(&'a self, file: impl Read + 'a, length: u64) -> (impl Read + 'a, u64) {
        let extra = u64::try_from(self.head.len() + self.tail.len()).unwrap_or(0);
        (
            self.head.as_slice().chain(file).chain(self.tail.as_slice()),
            length + extra,
        )
    }
}
