//! Runs the program with a home of its own, and plays the agent where a test
//! needs answers that a real one gives only when something goes wrong.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// A person's home, where nothing is yet.
pub(crate) struct Home {
    place: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        let place = tempfile::tempdir().expect("a directory");
        Self { place }
    }

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// A file in it.
    pub(crate) fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("written");
        path
    }

    /// The names of everything in it but the program's own.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.place.path())
            .expect("a directory")
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .filter(|name| !["run", "state", "config"].contains(&name.as_str()))
            .collect();
        names.sort();
        names
    }

    /// The program, not yet started, in this home.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chancery"));
        command
            .args(arguments)
            .env_clear()
            .env("CHANCERY_HOME", self.place.path())
            .env("CHANCERY_POLICY", self.place.path().join("policy.toml"))
            .env("TZ", "UTC")
            .current_dir(self.place.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(&self.command(arguments).output().expect("it runs"))
    }

    /// Runs it to its end with something on its standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Ended {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        let mut pipe = child.stdin.take().expect("a pipe");
        pipe.write_all(input.as_bytes()).expect("written");
        drop(pipe);
        Ended::of(&child.wait_with_output().expect("it ends"))
    }

    /// Listens where the agent would, and answers with `answer`.
    pub(crate) fn play_agent(
        &self,
        answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
    ) -> Played {
        let run = self.path("run");
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&run)
            .expect("made");
        let socket = run.join("agent.sock");
        let listener = UnixListener::bind(&socket).expect("bound");
        std::fs::set_permissions(&socket, Permissions::from_mode(0o600)).expect("set");
        let played = Played::default();
        let requests = Arc::clone(&played.requests);
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else { return };
                let (requests, answer) = (Arc::clone(&requests), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, number, &requests, answer.as_ref()));
            }
        });
        played
    }
}

/// How the program ended and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Its output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A request as the agent saw it.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// Which of the connections it came by.
    pub(crate) connection: usize,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path == path
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// What is answered.
pub(crate) struct Reply {
    status: u16,
    headers: String,
    body: Vec<u8>,
    announced: Option<usize>,
    lines: Option<Receiver<String>>,
}

impl Reply {
    /// A body that comes line by line, as they are sent from elsewhere, and
    /// ends when the sender is gone.
    pub(crate) fn lines(lines: Receiver<String>) -> Self {
        Self {
            lines: Some(lines),
            ..Self::bytes(200, "", b"")
        }
    }

    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self {
            status,
            headers: "Content-Type: application/json\r\n".to_owned(),
            body: body.to_string().into_bytes(),
            announced: None,
            lines: None,
        }
    }

    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        Self::json(
            status,
            &serde_json::json!({"error": {"code": code, "message": message}}),
        )
    }

    pub(crate) fn bytes(status: u16, headers: &str, body: &[u8]) -> Self {
        Self {
            status,
            headers: headers.to_owned(),
            body: body.to_vec(),
            announced: None,
            lines: None,
        }
    }

    /// Announces more than is sent, and hangs up then.
    pub(crate) fn broken_off(mut self, announced: usize) -> Self {
        self.announced = Some(announced);
        self
    }
}

/// What an agent that was played has seen.
#[derive(Default, Clone)]
pub(crate) struct Played {
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Played {
    /// Every request, without the greetings.
    pub(crate) fn requests(&self) -> Vec<Request> {
        let requests = self.requests.lock().expect("not poisoned");
        requests
            .iter()
            .filter(|request| request.path != "/agent/v1/hello")
            .cloned()
            .collect()
    }
}

fn serve(
    stream: UnixStream,
    number: usize,
    requests: &Mutex<Vec<Request>>,
    answer: &(dyn Fn(&Request, usize) -> Reply + Send + Sync),
) {
    let mut reader = BufReader::new(stream.try_clone().expect("the same"));
    let mut writer = stream;
    while let Some(mut request) = read_request(&mut reader) {
        request.connection = number;
        let before = {
            let mut requests = requests.lock().expect("not poisoned");
            let same = |one: &&Request| one.method == request.method && one.path == request.path;
            let before = requests.iter().filter(same).count();
            requests.push(request.clone());
            before
        };
        let reply = match request.path.as_str() {
            "/agent/v1/hello" => Reply::json(
                200,
                &serde_json::json!({"name": "chancery-agent", "version": "0.1.0", "protocol": 1,
                    "oldest_protocol": 1, "pid": 1}),
            ),
            _ => answer(&request, before),
        };
        if let Some(lines) = reply.lines {
            let head = "HTTP/1.1 200 Played\r\nTransfer-Encoding: chunked\r\n\r\n";
            writer.write_all(head.as_bytes()).expect("written");
            for line in lines {
                let chunk = format!("{:x}\r\n{line}\n\r\n", line.len() + 1);
                if writer.write_all(chunk.as_bytes()).is_err() {
                    return;
                }
            }
            let _ = writer.write_all(b"0\r\n\r\n");
            return;
        }
        let head = format!(
            "HTTP/1.1 {} Played\r\n{}Content-Length: {}\r\n\r\n",
            reply.status,
            reply.headers,
            reply.announced.unwrap_or(reply.body.len())
        );
        let written = writer
            .write_all(head.as_bytes())
            .and_then(|()| writer.write_all(&reply.body));
        if written.is_err() || reply.announced.is_some() {
            return;
        }
    }
}

fn read_request(reader: &mut BufReader<UnixStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers
        .get("content-length")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        method,
        path,
        headers,
        body,
        connection: 0,
    })
}

/// Discovery of somebody who is signed in.
pub(crate) fn discovery() -> Reply {
    Reply::json(
        200,
        &serde_json::json!({"data": {
            "auth_status": "authenticated", "dms_version": "10.4.5",
            "capabilities": ["idempotency", "documents.ranges"],
            "user": {"customer_id": 7, "id": "JDOE", "name": "Jane Doe"},
            "versions": [{"name": "v2", "version": "2.1", "url": "http://chancery/work/api/v2"}],
            "work": {"preferred_library": "ACTIVE", "libraries": [{"alias": "ACTIVE", "type": "worksite"}]}
        }}),
    )
}

/// Where everything of the library is.
pub(crate) const LIBRARY: &str = "/work/api/v2/customers/7/libraries/ACTIVE";
