//! What the server knows about sessions, and what a caller hears.

use chancery_testkit::server::{ADMIN, API, PASSWORD, TestServer};
use chancery_testkit::{Answer, Request, TestHome};
use serde_json::{Value, json};
use std::thread::ScopedJoinHandle;

/// An administrator's own session, of a kind whose lifetimes no test changes.
pub(crate) fn administrator(server: &TestServer) -> String {
    let body = json!({
        "user_id": ADMIN, "password": PASSWORD, "persona": "admin", "application_name": "service"
    });
    let answer = server.call(Request::new("PUT", "/api/v1/session/login").json(&body));
    let token = answer.expect(200).json()["X-Auth-Token"].clone();
    token.as_str().expect("a token").to_owned()
}

pub(crate) fn desktop_sessions(server: &TestServer, token: &str) -> Vec<Value> {
    let list = Request::get("/api/v2/customers/1/sessions?all=true").token(token);
    let list = server.call(list).expect(200).json();
    let all = list["data"].as_array().expect("a list").clone();
    all.into_iter()
        .filter(|session| session["application"] == "desktop")
        .collect()
}

pub(crate) fn set_idle(server: &TestServer, token: &str, seconds: u64) {
    let path = "/api/v2/customers/1/applications/desktop";
    let change = Request::new("PATCH", path)
        .token(token)
        .json(&json!({ "idle_seconds": seconds }));
    let _ = server.call(change).expect(200);
}

pub(crate) fn renewals(server: &TestServer) -> f64 {
    let labels = [("method", "refresh"), ("outcome", "success")];
    server.metrics().sum("chancery_sign_ins_total", &labels)
}

pub(crate) fn list(home: &TestHome) -> Answer {
    home.agent()
        .call(Request::get(&format!("{API}/workspaces")))
        .expect("the agent answers")
}

pub(crate) fn needs_user(answer: &Answer) -> (u16, String, String) {
    let reason = answer.json()["error"]["reason"].clone();
    let reason = reason.as_str().unwrap_or_default().to_owned();
    (answer.status, answer.error_code(), reason)
}

#[track_caller]
pub(crate) fn ended<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().expect("the caller ended well")
}

/// Ends every session of desktop applications, with all that renews them.
pub(crate) fn end_sessions(server: &TestServer, token: &str) {
    for session in desktop_sessions(server, token) {
        let id = session["id"].as_str().expect("an id");
        let path = format!("/api/v2/customers/1/sessions/{id}");
        let end = Request::new("DELETE", &path).token(token);
        let _ = server.call(end).expect(200);
    }
}

#[test]
fn the_command_line_lists_living_sessions_and_lets_nobody_play_with_the_terminal() {
    let server = TestServer::start();
    let listed = |words: &[&str]| {
        let output = server.command(&[&["session", "list"], words].concat());
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), text, said)
    };
    let none = listed(&[]);
    assert_eq!(none.0, Some(0), "{none:?}");
    assert_eq!(none.1, "There is no living session.\n");
    let body = json!({
        "user_id": ADMIN, "password": PASSWORD, "persona": "user",
        "application_name": "Desk\u{1b}[2J \u{202e}one",
    });
    let login = Request::new("PUT", "/api/v1/session/login").json(&body);
    let login = login.header("Chancery-Device", "Ann's desk");
    let _ = server.call(login).expect(200);
    let token = administrator(&server);
    let ids = desktop_sessions(&server, &token);
    let id = ids[0]["id"].as_str().expect("an id");
    let (code, text, _) = listed(&["--user", "ADMIN"]);
    assert_eq!(code, Some(0));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].starts_with("ID"), "{text}");
    let own = lines.iter().find(|line| line.starts_with(id));
    let own = own.expect("the session");
    for part in [
        "admin",
        "user",
        "Desk",
        "one",
        "password",
        "Ann's desk",
        "3 h 59 min",
    ] {
        assert!(own.contains(part), "{own}");
    }
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    let (code, _, said) = listed(&["--user", "nobody"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("There is no user “nobody”"), "{said}");
    let ended = server.command(&["session", "end", "--id", id]);
    assert!(ended.status.success());
    assert!(!listed(&[]).1.contains(id));
}
