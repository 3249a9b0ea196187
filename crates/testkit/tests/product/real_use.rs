//! The command line, curl and a script at work on one sign-in.

use chancery_testkit::server::TestServer;
use chancery_testkit::{Request, TestHome};
use serde_json::Value;
use std::process::{Child, Command, Stdio};

/// A script as anybody would write it, with Python's standard library alone:
/// lists the workspaces, reads a document, adds another one.
const SCRIPT: &str = r#"
import http.client, json, socket, sys, uuid

class Agent(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__('chancery', timeout=60)
        self.path = path
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)

agent = Agent(sys.argv[1])
folder = sys.argv[2]

def call(method, path, body=None, headers={}):
    agent.request(method, path, body, headers)
    answer = agent.getresponse()
    content = answer.read()
    assert answer.status in (200, 201), (path, answer.status, content)
    return content

discovery = json.loads(call('GET', '/work/api'))['data']
base = next(v['url'] for v in discovery['versions'] if v['name'] == 'v2')
assert base == 'http://chancery/work/api/v2', base
library = '/work/api/v2/customers/%d/libraries/ACTIVE' % discovery['user']['customer_id']
workspaces = json.loads(call('GET', library + '/workspaces'))['data']['results']
assert workspaces
text = ('written by a script, %s' % uuid.uuid4()).encode()
boundary = uuid.uuid4().hex
profile = json.dumps({'doc_profile': {'name': 'From a script', 'extension': 'txt'}}).encode()
body = b''.join([
    b'--', boundary.encode(), b'\r\nContent-Disposition: form-data; name="profile"\r\n\r\n', profile, b'\r\n',
    b'--', boundary.encode(), b'\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n', text, b'\r\n',
    b'--', boundary.encode(), b'--\r\n'])
made = json.loads(call('POST', library + '/folders/' + folder + '/documents', body,
    {'Content-Type': 'multipart/form-data; boundary=' + boundary}))['data']
assert call('GET', library + '/documents/' + made['id'] + '/download') == text
print(made['id'])
"#;

/// A server with the sample in it, and the id of one of its folders.
fn with_sample(home: &TestHome) -> (TestServer, String) {
    let server = TestServer::start();
    let sample = server.command(&["sample"]);
    assert!(
        sample.status.success(),
        "{}",
        String::from_utf8_lossy(&sample.stderr)
    );
    home.connect(&server);
    let workspaces = home.chancery(&["ls", "--json"]).json();
    let workspace = first_id(&workspaces);
    let folders = home.chancery(&["ls", &workspace, "--json"]).json();
    (server, first_id(&folders))
}

/// The first `id` in whatever list the answer holds.
fn first_id(answer: &Value) -> String {
    let data = if answer["data"].is_null() {
        answer
    } else {
        &answer["data"]
    };
    let list = if data.is_array() {
        data
    } else {
        &data["results"]
    };
    list[0]["id"]
        .as_str()
        .unwrap_or_else(|| panic!("no id in {answer}"))
        .to_owned()
}

fn start(mut command: Command) -> Child {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be run")
}

#[track_caller]
fn finish(what: &str, child: Child) -> String {
    let output = child.wait_with_output().expect("the program ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{what}: {said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}

#[test]
fn the_command_line_curl_and_a_script_work_at_once_on_one_sign_in() {
    let home = TestHome::with_keyring();
    let (server, folder) = with_sample(&home);
    let mut all = Vec::new();
    for round in 0..3 {
        let mut list = home.command(&chancery_testkit::programs::program("chancery"));
        list.args(["ls", &folder, "--json"]);
        all.push((format!("chancery {round}"), start(list)));
        let mut curl = home.command("curl".as_ref());
        curl.args(["--silent", "--show-error", "--fail", "--unix-socket"])
            .arg(home.socket())
            .arg("http://chancery/work/api/v2/customers/1/libraries/ACTIVE/workspaces?total=true");
        all.push((format!("curl {round}"), start(curl)));
        let mut script = home.command("python3".as_ref());
        script.args(["-c", SCRIPT]).arg(home.socket()).arg(&folder);
        all.push((format!("script {round}"), start(script)));
    }
    for (what, child) in all {
        let said = finish(&what, child);
        if what.starts_with("curl") {
            let answer: Value = serde_json::from_str(&said).expect("JSON");
            assert_eq!(answer["total_count"], 1, "{said}");
        }
        if what.starts_with("script") {
            assert!(said.starts_with("ACTIVE!"), "{said}");
        }
    }
    let metrics = server.metrics();
    assert!((metrics.sign_ins() - 1.0).abs() < 0.5, "{}", metrics.text());
    let by_password = metrics.sum(
        "chancery_sign_ins_total",
        &[("method", "password"), ("outcome", "success")],
    );
    assert!((by_password - 1.0).abs() < 0.5, "{}", metrics.text());
    assert!(
        (metrics.sum("chancery_sessions", &[]) - 1.0).abs() < 0.5,
        "{}",
        metrics.text()
    );
}

#[test]
fn no_application_sees_a_token() {
    let home = TestHome::with_keyring();
    let (_server, _folder) = with_sample(&home);
    for path in ["/work/api", "/agent/v1/status", "/agent/v1/servers"] {
        let answer = home
            .agent()
            .call(Request::get(path))
            .expect("the agent answers")
            .expect(200);
        for (name, _) in &answer.headers {
            let name = name.to_lowercase();
            assert!(
                !["set-cookie", "x-auth-token", "authorization"].contains(&name.as_str()),
                "{path}: {name}"
            );
        }
        assert!(
            !answer.text().contains("token"),
            "{path}: {}",
            answer.text()
        );
    }
    // The doors through which a token could be had stay shut.
    for (method, path) in [
        ("POST", "/auth/oauth2/token"),
        ("PUT", "/api/v1/session/login"),
        ("PUT", "/work/api/../../api/v1/session/login"),
        ("PUT", "/work/api/%2e%2e/%2e%2e/api/v1/session/login"),
        ("PUT", "/work//api/v1/session/login"),
        ("GET", "/login/terminate"),
        ("GET", "/metrics"),
    ] {
        let answer = home
            .agent()
            .call(Request::new(method, path))
            .expect("the agent answers");
        assert!(
            (400..500).contains(&answer.status),
            "{method} {path}: {} {}",
            answer.status,
            answer.text()
        );
    }
}

#[test]
fn what_is_put_comes_back_by_get() {
    let home = TestHome::with_keyring();
    let (_server, folder) = with_sample(&home);
    let sent = home.path().join("Letter to the court.txt");
    std::fs::write(&sent, "To the court.\n").expect("a file can be written");
    let made = home
        .chancery(&[
            "put",
            sent.to_str().expect("UTF-8"),
            "--folder",
            &folder,
            "--json",
        ])
        .json();
    let made = if made.is_array() {
        made[0].clone()
    } else {
        made
    };
    let id = made["id"]
        .as_str()
        .unwrap_or_else(|| panic!("no id in {made}"))
        .to_owned();
    let back = home.path().join("back.txt");
    let said = home.chancery(&["get", &id, "--output", back.to_str().expect("UTF-8")]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(
        std::fs::read(&back).expect("it is there"),
        b"To the court.\n"
    );
}

#[test]
fn an_agent_that_was_killed_signs_nobody_out() {
    let home = TestHome::with_keyring();
    let (server, _folder) = with_sample(&home);
    home.kill_agent();
    let said = home.chancery(&["ls", "--json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(home.state(), "connected");
    // The new agent came back by what the keyring held, not by a password.
    let by_password = server.metrics().sum(
        "chancery_sign_ins_total",
        &[("method", "password"), ("outcome", "success")],
    );
    assert!((by_password - 1.0).abs() < 0.5, "{by_password}");
}
