//! The program and the real agent, without any server.

use crate::support::{Ended, Home};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

/// A home whose agent is ended when the test is over, however it ends.
struct WithAgent(Home);

impl WithAgent {
    fn new() -> Self {
        Self(Home::new())
    }

    fn run(&self, words: &[&str]) -> Ended {
        self.0.run(words)
    }

    /// The process id of the agent, which is started when none runs.
    fn agent(&self) -> u64 {
        let hello: Value = self.run(&["api", "/agent/v1/hello"]).json();
        hello["pid"].as_u64().expect("a process id")
    }
}

impl Drop for WithAgent {
    fn drop(&mut self) {
        let _ = self.0.command(&["agent", "stop"]).output();
    }
}

#[test]
fn the_agent_is_started_when_it_is_needed_and_again_after_it_was_stopped() {
    let home = WithAgent::new();
    let ended = home.run(&["status"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(
        ended.out,
        "No server is known yet. Connect to one by its web address.\n"
    );
    let first = home.agent();
    assert_eq!(home.agent(), first);
    for _ in 0..5 {
        let ended = home.run(&["agent", "stop"]);
        assert_eq!(
            ended.out,
            "The agent has ended. The next command that needs it starts it again.\n"
        );
        assert_eq!(home.run(&["status", "--exit-code"]).code, Some(7));
    }
    assert_ne!(home.agent(), first);
}

#[test]
fn many_programs_that_start_at_once_share_one_agent() {
    let home = WithAgent::new();
    let children: Vec<_> = (0..12)
        .map(|_| {
            home.0
                .command(&["api", "/agent/v1/hello"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("it runs")
        })
        .collect();
    let mut agents: Vec<u64> = children
        .into_iter()
        .map(|child| {
            let output = child.wait_with_output().expect("it ends");
            let hello: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
                panic!("{error}: {}", String::from_utf8_lossy(&output.stderr))
            });
            hello["pid"].as_u64().expect("a process id")
        })
        .collect();
    agents.dedup();
    assert_eq!(agents.len(), 1, "{agents:?}");
}

#[test]
fn a_second_agent_is_refused_and_told_about_the_first() {
    let home = WithAgent::new();
    let first = home.agent();
    let ended = home.run(&["agent", "run"]);
    assert_eq!(ended.code, Some(10));
    assert!(
        ended.err.ends_with(&format!(
            "The agent is already running as process {first}. Use that one, or end it first with “chancery agent stop”.\n"
        )),
        "{ended:?}"
    );
    assert_eq!(home.agent(), first);
}

#[test]
fn a_watch_begins_with_the_state_and_ends_with_the_agent() {
    let home = WithAgent::new();
    assert_eq!(
        home.run(&["watch", "--until", "no-server", "--quiet"]).code,
        Some(0)
    );
    let mut child = home
        .0
        .command(&["watch", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let first: Value =
        serde_json::from_str(&lines.next().expect("a line").expect("read")).expect("JSON");
    assert_eq!(
        (&first["number"], &first["status"]["state"]),
        (&0.into(), &"no-server".into())
    );
    assert_eq!(home.run(&["agent", "stop"]).code, Some(0));
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(
        String::from_utf8_lossy(&ended.stderr),
        "The agent has ended.\n"
    );
}

#[test]
fn what_cannot_be_connected_to_is_told_apart() {
    let home = WithAgent::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let nobody = listener.local_addr().expect("an address");
    drop(listener);
    for (address, code) in [
        (format!("http://{nobody}"), 4),
        ("http://exa mple".to_owned(), 2),
        ("ftp://work.example.com".to_owned(), 2),
    ] {
        let ended = home.run(&["connect", &address]);
        assert_eq!(ended.code, Some(code), "{address} {ended:?}");
        assert!(ended.err.ends_with(".\n"), "{ended:?}");
    }
    // A server that cannot be proved does not join the list.
    let ended = home.run(&["servers", "add", &format!("http://{nobody}")]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert_eq!(
        home.run(&["servers", "--json"]).json()["servers"],
        serde_json::json!([])
    );
    let ended = home.run(&["ls"]);
    assert_eq!(ended.code, Some(7));
    assert_eq!(
        ended.err,
        "No server is known yet. Connect to one by its web address.\nConnect to one with “chancery connect ADDRESS”.\n"
    );
}
