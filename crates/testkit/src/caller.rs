//! A program of its own that uses the agent: another process, which stays.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// With Python's standard library alone, as a firm's script would be: one
/// connection, kept until it is told to open another one.
const SCRIPT: &str = r#"
import http.client, json, resource, socket, sys

path, idle = sys.argv[1], []
limits = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))

def connected():
    agent = socket.socket(socket.AF_UNIX)
    agent.connect(path)
    agent.settimeout(60)
    return agent

def opened():
    connection = http.client.HTTPConnection('chancery', timeout=60)
    connection.auto_open = 0
    connection.sock = connected()
    return connection

def call(asked):
    global connection
    if asked.get('anew'):
        connection.close()
        connection = opened()
    connection.request(asked['method'], asked['path'], asked.get('body'), asked.get('headers', {}))
    answer = connection.getresponse()
    text = answer.read().decode('utf-8', 'replace')
    return {'status': answer.status, 'text': text, 'closes': answer.will_close}

def open_idle(count):
    for _ in range(count):
        idle.append(connected())
    return {'open': len(idle)}

connection = opened()
for line in sys.stdin:
    asked = json.loads(line)
    try:
        told = open_idle(asked['idle']) if 'idle' in asked else call(asked)
    except (OSError, http.client.HTTPException) as error:
        told = {'broken': repr(error)}
    print(json.dumps(told), flush=True)
"#;

/// A running program. Ends with its value.
#[derive(Debug)]
pub struct Caller {
    child: Child,
    asked: ChildStdin,
    told: Lines<BufReader<ChildStdout>>,
}

/// What the program was answered.
#[derive(Debug, Clone)]
pub struct Told {
    /// The status; none when the connection broke.
    pub status: Option<u64>,
    /// The body.
    pub text: String,
    /// Whether the agent closes the connection after it.
    pub closes: bool,
}

impl Told {
    /// The code of the error in the answer.
    #[must_use]
    pub fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.text).unwrap_or_default();
        body["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// The body, as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Caller {
    /// Starts it, and lets it connect to that socket.
    ///
    /// # Panics
    /// When there is no Python, or nobody listens.
    #[must_use]
    pub fn start(socket: &Path) -> Self {
        let mut child = Command::new("python3")
            .args(["-c", SCRIPT])
            .arg(socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 can be run");
        let asked = child.stdin.take().expect("piped");
        let told = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self { child, asked, told }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn tell(&mut self, asked: &Value) -> Value {
        writeln!(self.asked, "{asked}").expect("the program listens");
        let line = self.told.next().expect("an answer").expect("text");
        serde_json::from_str(&line).expect("JSON")
    }

    /// Makes a call: `{"method", "path", "headers"?, "body"?, "anew"?}`; `anew`
    /// opens another connection first.
    ///
    /// # Panics
    /// When the program ended.
    pub fn call(&mut self, asked: &Value) -> Told {
        let told = self.tell(asked);
        Told {
            status: told["status"].as_u64(),
            text: told["text"].as_str().unwrap_or_default().to_owned(),
            closes: told["closes"].as_bool().unwrap_or_default(),
        }
    }

    /// Reads that path.
    pub fn get(&mut self, path: &str) -> Told {
        self.call(&json!({"method": "GET", "path": path}))
    }

    /// Opens so many more connections and leaves them idle.
    ///
    /// # Panics
    /// When it cannot.
    pub fn open_idle(&mut self, count: u32) {
        let told = self.tell(&json!({"idle": count}));
        assert!(told["open"].is_u64(), "{told}");
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
