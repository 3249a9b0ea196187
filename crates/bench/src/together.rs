//! Many applications at once: one sign-in for all, and one switch seen by all.

use crate::report::{Part, Row, median_time, time};
use crate::{Fault, RUNS};
use chancery_testkit::chaos::Weather;
use chancery_testkit::server::{ADMIN, API, PASSWORD, TestServer};
use chancery_testkit::waiting::eventually;
use chancery_testkit::{ChaosProxy, Request, TestHome};
use serde_json::json;
use std::io::{self, Write};
use std::sync::mpsc;
use std::time::{Duration, Instant};

const APPLICATIONS: usize = 50;
const CALLS: usize = 1_000;
const WATCHERS: usize = 20;

pub(crate) fn measure() -> Result<Vec<Row>, Fault> {
    Ok(vec![first_calls()?, at_expiry()?, switch()?])
}

fn one_sign_in(what: String, found: &Outcome) -> Row {
    Row {
        part: Part::Desktop,
        what,
        target: "exactly 1 sign-in; 0 failed calls",
        found: format!(
            "{} sign-in, {} failed; all answered in {}",
            found.sign_ins,
            found.failed,
            time(found.took)
        ),
        reference: "–".to_owned(),
        met: found.sign_ins == 1.0 && found.failed == 0,
    }
}

struct Outcome {
    sign_ins: f64,
    failed: usize,
    took: Duration,
}

/// The session has run out, and everybody makes their first call.
fn first_calls() -> Result<Row, Fault> {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let token = administrator(&server)?;
    run_out(&server, &token, 3);
    let before = server.metrics().sign_ins();
    let began = Instant::now();
    let failed = calls(&home, APPLICATIONS, || ());
    let what =
        format!("{APPLICATIONS} applications make their first call together, session expired");
    let found = Outcome {
        took: began.elapsed(),
        sign_ins: server.metrics().sign_ins() - before,
        failed,
    };
    Ok(one_sign_in(what, &found))
}

/// The session runs out while they all wait for the server.
fn at_expiry() -> Result<Row, Fault> {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    let proxy = ChaosProxy::before(server.address());
    home.connect_to(&proxy.url());
    let token = administrator(&server)?;
    let before = server.metrics().sign_ins();
    proxy.set(Weather::Held);
    let mut began = Instant::now();
    let failed = calls(&home, CALLS, || {
        eventually("all calls wait", || (proxy.held() >= CALLS).then_some(()));
        run_out(&server, &token, 3);
        began = Instant::now();
        proxy.set(Weather::Fair);
    });
    let found = Outcome {
        took: began.elapsed(),
        sign_ins: server.metrics().sign_ins() - before,
        failed,
    };
    Ok(one_sign_in(
        format!("{CALLS} calls waiting at the moment of expiry"),
        &found,
    ))
}

/// Makes that many calls at once; how many failed.
fn calls(home: &TestHome, count: usize, meanwhile: impl FnOnce()) -> usize {
    let path = format!("{API}/workspaces");
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..count)
            .map(|_| scope.spawn(|| home.agent().call(Request::get(&path))))
            .collect();
        meanwhile();
        let answers = callers.into_iter().map(std::thread::ScopedJoinHandle::join);
        answers
            .filter(|answer| !matches!(answer, Ok(Ok(answer)) if answer.status == 200))
            .count()
    })
}

fn administrator(server: &TestServer) -> Result<String, Fault> {
    let body = json!({
        "user_id": ADMIN, "password": PASSWORD, "persona": "admin", "application_name": "service"
    });
    let answer = server.call(Request::new("PUT", "/api/v1/session/login").json(&body));
    let token = answer.expect(200).json()["X-Auth-Token"].clone();
    Ok(token.as_str().ok_or("no token was given")?.to_owned())
}

fn set_idle(server: &TestServer, token: &str, seconds: u64) {
    let path = "/api/v2/customers/1/applications/desktop";
    let change = Request::new("PATCH", path)
        .token(token)
        .json(&json!({ "idle_seconds": seconds }));
    let _ = server.call(change).expect(200);
}

/// Lets every session of the desktop run out.
fn run_out(server: &TestServer, token: &str, seconds: u64) {
    set_idle(server, token, seconds);
    eventually("the session ran out", || {
        let list = Request::get("/api/v2/customers/1/sessions?all=true").token(token);
        let list = server.call(list).expect(200).json();
        let gone = list["data"]
            .as_array()
            .is_some_and(|all| all.iter().all(|one| one["application"] != "desktop"));
        gone.then_some(())
    });
}

/// From the call that switches to the moment when the last one that watches has
/// seen it. The sessions at both servers live.
fn switch() -> Result<Row, Fault> {
    let (home, one, other) = (
        TestHome::with_keyring(),
        TestServer::start(),
        TestServer::start(),
    );
    home.connect(&one);
    home.connect(&other);
    let (tell, told) = mpsc::channel();
    for _ in 0..WATCHERS {
        let (tell, agent) = (tell.clone(), home.agent());
        // Ends with the agent.
        std::thread::spawn(move || {
            let mut lines = Lines {
                line: Vec::new(),
                tell,
            };
            agent.call_into(Request::get("/agent/v1/watch"), &mut lines)
        });
    }
    let seen = |address: &str| -> Result<(), Fault> {
        let wanted = format!("\"address\":\"{address}\"");
        let mut left = WATCHERS;
        while left > 0 {
            let line = told.recv_timeout(Duration::from_secs(30))?;
            left -= usize::from(line.contains(&wanted) && line.contains("\"connected\""));
        }
        Ok(())
    };
    seen(&other.url())?;
    let mut took = Vec::new();
    for run in 0..RUNS * 2 {
        let to = if run % 2 == 0 { one.url() } else { other.url() };
        let began = Instant::now();
        let switch = Request::new("POST", "/agent/v1/switch").json(&json!({"address": to}));
        let answer = home.agent().call(switch)?;
        if answer.status != 200 {
            return Err(format!("a switch was answered {}", answer.text()).into());
        }
        seen(&to)?;
        took.push(began.elapsed());
    }
    let took = median_time(took);
    Ok(Row {
        part: Part::Desktop,
        what: format!("a switch of the server, seen by {WATCHERS} applications that watch"),
        target: "< 1 s",
        found: time(took),
        reference: "–".to_owned(),
        met: took < Duration::from_secs(1),
    })
}

/// Tells each line as it comes.
struct Lines {
    line: Vec<u8>,
    tell: mpsc::Sender<String>,
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            self.line.push(*byte);
            if *byte == b'\n' {
                let line = String::from_utf8_lossy(&self.line).into_owned();
                self.line.clear();
                // Nobody listens any more: the measurement is over.
                self.tell.send(line).map_err(|_| io::Error::other("over"))?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
