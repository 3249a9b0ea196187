//! Two servers and an old one, with one of them active.

use crate::sessions::{administrator, desktop_sessions, list};
use chancery_testkit::server::{ADMIN, API, PASSWORD, TestServer};
use chancery_testkit::waiting::eventually;
use chancery_testkit::{Answer, Request, TestHome};
use serde_json::{Value, json};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// What a status says that a switch would change.
fn connection(home: &TestHome) -> (Value, Value, Value) {
    let status = home.chancery(&["status", "--json"]).json();
    (
        status["state"].clone(),
        status["server"]["address"].clone(),
        status["user"].clone(),
    )
}

fn ids(home: &TestHome) -> Vec<(String, String)> {
    let servers = home.chancery(&["servers", "--json"]).json();
    let servers = servers["servers"].as_array().expect("a list").clone();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    servers
        .iter()
        .map(|server| (text(&server["address"]), text(&server["id"])))
        .collect()
}

fn id_of(home: &TestHome, server: &TestServer) -> String {
    let all = ids(home);
    let found = all.iter().find(|(address, _)| *address == server.url());
    found.expect("it is in the list").1.clone()
}

fn seen_from(home: &TestHome, id: &str, path: &str) -> Answer {
    let call = Request::get(path).header("Chancery-Server", id);
    home.agent().call(call).expect("the agent answers")
}

fn workspaces(answer: &Answer) -> Vec<String> {
    let data = answer.json()["data"].clone();
    let list = data["results"].as_array().or(data.as_array());
    list.expect("a list")
        .iter()
        .map(|workspace| workspace["name"].as_str().expect("a name").to_owned())
        .collect()
}

fn with_workspace(server: TestServer, name: &str) -> TestServer {
    let token = server.sign_in();
    let _ = server.workspace(&token, name);
    server
}

#[test]
fn a_list_of_which_nothing_is_chosen_is_not_called_empty() {
    let home = TestHome::without_keyring();
    let (one, two) = (TestServer::start(), TestServer::start());
    let sentence = || home.chancery(&["status", "--json"]).json()["sentence"].clone();
    assert_eq!(
        sentence(),
        "No server is known yet. Connect to one by its web address."
    );
    for server in [&one, &two] {
        let _ = home.chancery(&["servers", "add", &server.url()]).done();
    }
    assert_eq!(home.state(), "no-server");
    let chosen = "No server is chosen. Connect to one from the list.";
    assert_eq!(sentence(), chosen);
    let refused = home.chancery(&["ls"]);
    assert_eq!(refused.code, 7, "{}", refused.err);
    assert!(refused.err.starts_with(chosen), "{}", refused.err);
}

#[test]
fn a_view_of_another_server_changes_nothing_else() {
    let home = TestHome::with_keyring();
    let one = with_workspace(TestServer::start(), "Matter One");
    let other = with_workspace(TestServer::start(), "Matter Two");
    let old = with_workspace(
        TestServer::configured("[compat]\napi_level = \"10.3.4\"\n"),
        "Old Matter",
    );
    for server in [&other, &old, &one] {
        home.connect(server);
    }
    let before = connection(&home);
    assert_eq!(before.1, one.url());
    for (server, name) in [
        (&other, "Matter Two"),
        (&old, "Old Matter"),
        (&one, "Matter One"),
    ] {
        let id = id_of(&home, server);
        let answer = seen_from(&home, &id, &format!("{API}/workspaces")).expect(200);
        assert_eq!(workspaces(&answer), [name]);
        assert_eq!(connection(&home), before);
    }
    // What has no view of its own still means the active one.
    assert_eq!(workspaces(&list(&home).expect(200)), ["Matter One"]);
    // A view of a server that ended its session needs a person there, and
    // nowhere else.
    let admin = administrator(&other);
    crate::sessions::end_sessions(&other, &admin);
    let id = id_of(&home, &other);
    let answer = seen_from(&home, &id, &format!("{API}/workspaces"));
    assert_eq!(
        (answer.status, answer.error_code().as_str()),
        (401, "CHANCERY_NEEDS_USER")
    );
    assert_eq!(connection(&home), before);
    assert_eq!(list(&home).status, 200);
    let answer = seen_from(&home, "nowhere", &format!("{API}/workspaces"));
    assert_eq!(
        (answer.status, answer.error_code().as_str()),
        (404, "CHANCERY_UNKNOWN_SERVER")
    );
}

#[test]
fn a_switch_to_a_server_that_refuses_leaves_the_old_connection_alone() {
    let (home, one, other) = (
        TestHome::with_keyring(),
        TestServer::start(),
        TestServer::start(),
    );
    home.connect(&one);
    let admin = administrator(&one);
    let before = connection(&home);
    let session = desktop_sessions(&one, &admin)[0]["id"].clone();
    let too_old = TestServer::configured("[compat]\napi_level = \"10.3.2\"\n");
    let gone = {
        let gone = TestServer::start();
        gone.url()
    };
    let refusals = [
        (json!({"address": other.url()}), 401),
        (
            json!({"address": other.url(), "user": ADMIN, "password": "wrong password"}),
            401,
        ),
        (
            json!({"address": too_old.url(), "user": ADMIN, "password": PASSWORD}),
            422,
        ),
        (json!({"address": gone}), 503),
        (json!({"address": "not an address"}), 400),
        (json!({"address": 7}), 400),
    ];
    for (body, status) in refusals {
        let switch = Request::new("POST", "/agent/v1/switch").json(&body);
        let answer = home.agent().call(switch).expect("the agent answers");
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        assert_eq!(connection(&home), before, "{body}");
        assert_eq!(list(&home).status, 200, "{body}");
    }
    let still = desktop_sessions(&one, &admin);
    assert_eq!(still.len(), 1);
    assert_eq!(still[0]["id"], session);
    assert_eq!(ids(&home).len(), 1, "nothing joined the list");
}

#[test]
fn every_application_sees_a_switch_within_a_second_and_calls_go_to_the_new_server() {
    let home = TestHome::with_keyring();
    let one = with_workspace(TestServer::start(), "Matter One");
    let other = with_workspace(TestServer::start(), "Matter Two");
    home.connect(&one);
    home.connect(&other);
    home.connect(&one);
    let (tell, told) = mpsc::channel();
    std::thread::scope(|scope| {
        // Twenty applications watch, each over a connection of its own.
        for _ in 0..20 {
            let (tell, home, to) = (tell.clone(), &home, other.url());
            scope.spawn(move || {
                let mut sink = Until {
                    seen: Vec::new(),
                    wanted: format!("\"address\":\"{to}\""),
                    tell,
                };
                // Ends with an error when it has seen what it waited for.
                let _ = home
                    .agent()
                    .call_into(Request::get("/agent/v1/watch"), &mut sink);
            });
        }
        for _ in 0..20 {
            assert_eq!(next(&told), Seen::First);
        }
        let began = Instant::now();
        let id = id_of(&home, &other);
        let _ = home.chancery(&["switch", &id]).done();
        for _ in 0..20 {
            assert_eq!(next(&told), Seen::Wanted);
        }
        let took = began.elapsed();
        // The command itself is part of it.
        assert!(took < Duration::from_secs(5), "{took:?}");
    });
    assert_eq!(workspaces(&list(&home).expect(200)), ["Matter Two"]);
    assert_eq!(connection(&home).1, other.url());
    // The one before is not forgotten: back without a password.
    let id = id_of(&home, &one);
    let _ = home.chancery(&["switch", &id]).done();
    assert_eq!(workspaces(&list(&home).expect(200)), ["Matter One"]);
}

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    First,
    Wanted,
}

fn next(told: &mpsc::Receiver<Seen>) -> Seen {
    told.recv_timeout(Duration::from_secs(30))
        .expect("an application sees it")
}

/// Reads a stream until something wanted is in it.
struct Until {
    seen: Vec<u8>,
    wanted: String,
    tell: mpsc::Sender<Seen>,
}

impl std::io::Write for Until {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.seen.is_empty() {
            let _ = self.tell.send(Seen::First);
        }
        self.seen.extend_from_slice(bytes);
        if String::from_utf8_lossy(&self.seen).contains(&self.wanted) {
            let _ = self.tell.send(Seen::Wanted);
            return Err(std::io::Error::other("seen"));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_server_is_taken_off_the_list_by_its_id_or_by_whatever_it_is_called() {
    let home = TestHome::with_keyring();
    let (one, other) = (TestServer::start(), TestServer::start());
    home.connect(&one);
    home.connect(&other);
    let delete = |path: &str, body: Option<Value>| {
        let request = Request::new("DELETE", path);
        let request = match &body {
            Some(body) => request.json(body),
            None => request,
        };
        home.agent().call(request).expect("answered")
    };
    let known = |answer: &Answer| answer.json()["servers"].as_array().map(Vec::len);
    let unnamed = delete("/agent/v1/servers", None);
    assert_eq!(
        (unnamed.status, unnamed.error_code().as_str()),
        (400, "CHANCERY_BAD_REQUEST")
    );
    let unknown = delete("/agent/v1/servers", Some(json!({"address": "nowhere"})));
    assert_eq!(unknown.error_code(), "CHANCERY_UNKNOWN_SERVER");
    let by_address = delete("/agent/v1/servers", Some(json!({"address": one.url()}))).expect(200);
    assert_eq!(known(&by_address), Some(1));
    let left = by_address.json()["servers"][0]["id"].clone();
    let path = format!("/agent/v1/servers/{}", left.as_str().expect("an id"));
    assert_eq!(known(&delete(&path, None).expect(200)), Some(0));
    assert_eq!(home.state(), "no-server");
}

#[test]
fn after_a_restart_the_last_server_is_the_active_one() {
    let home = TestHome::with_keyring();
    let (one, other) = (TestServer::start(), TestServer::start());
    home.connect(&one);
    home.connect(&other);
    home.kill_agent();
    let _ = home.chancery(&["ls"]).done();
    assert_eq!(connection(&home).1, other.url());
    let admin = administrator(&other);
    crate::sessions::set_idle(&other, &admin, 1);
    eventually("the session ran out", || {
        desktop_sessions(&other, &admin).is_empty().then_some(())
    });
    assert_eq!(list(&home).status, 200);
    assert_eq!(connection(&home).1, other.url());
}
