//! Administration: a sign-in of its own, for one connection and no other.

use crate::sessions::administrator;
use chancery_testkit::caller::Caller;
use chancery_testkit::server::{ADMIN, PASSWORD, TestServer};
use chancery_testkit::waiting::eventually;
use chancery_testkit::{Request, TestHome};
use serde_json::{Value, json};

const EVERYBODYS: &str = "/api/v2/customers/1/sessions?all=true";
const DESKTOP: &str = "/api/v2/customers/1/applications/desktop";

fn begin(user: &str, password: &str) -> Value {
    let body = json!({"user": user, "password": password}).to_string();
    json!({"method": "POST", "path": "/agent/v1/administration", "body": body})
}

fn end() -> Value {
    json!({"method": "DELETE", "path": "/agent/v1/administration"})
}

/// The sessions of administrators on the server, but for the test's own.
fn administrators(server: &TestServer, token: &str) -> usize {
    let list = server.call(Request::get(EVERYBODYS).token(token));
    let list = list.expect(200).json();
    let all = list["data"].as_array().expect("a list");
    all.iter()
        .filter(|one| one["persona"] == "admin" && one["application"] == "desktop")
        .count()
}

#[test]
fn one_connection_administers_and_no_other_does() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let token = administrator(&server);
    let (mut one, mut other) = (Caller::start(&home.socket()), Caller::start(&home.socket()));
    assert_eq!(one.get(EVERYBODYS).status, Some(403));
    let granted = one.call(&begin(ADMIN, PASSWORD));
    assert_eq!(granted.status, Some(200), "{granted:?}");
    let granted = granted.json();
    assert_eq!(granted["server"]["active"], true, "{granted}");
    assert!(
        granted["until"].is_string() && granted["user"]["id"].is_string(),
        "{granted}"
    );
    assert!(!granted.to_string().contains(PASSWORD));
    assert_eq!(administrators(&server, &token), 1);
    assert_eq!(one.get(EVERYBODYS).status, Some(200));
    let change = json!({"method": "PATCH", "path": DESKTOP,
        "headers": {"Content-Type": "application/json"}, "body": r#"{"idle_seconds": 7200}"#});
    assert_eq!(one.call(&change).status, Some(200));
    // Neither another program nor another connection of the same one.
    assert_eq!(other.get(EVERYBODYS).status, Some(403));
    let elsewhere = json!({"method": "GET", "path": EVERYBODYS, "anew": true});
    let uses = home.chancery(&["uses"]).done();
    assert!(uses.contains("administers until"), "{uses}");
    assert_eq!(one.call(&elsewhere).status, Some(403));
    // The first connection is closed by that, and the administration with it.
    eventually("the server has ended it", || {
        (administrators(&server, &token) == 0).then_some(())
    });
    let uses = home.chancery(&["uses"]).done();
    assert!(!uses.contains("administers"), "{uses}");
    assert_eq!(home.state(), "connected");
}

#[test]
fn whoever_ends_it_is_an_ordinary_user_again() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let token = administrator(&server);
    let mut caller = Caller::start(&home.socket());
    assert_eq!(caller.call(&begin(ADMIN, PASSWORD)).status, Some(200));
    // To sign in anew ends the one before.
    assert_eq!(caller.call(&begin(ADMIN, PASSWORD)).status, Some(200));
    assert_eq!(administrators(&server, &token), 1);
    assert_eq!(caller.call(&end()).status, Some(200));
    assert_eq!(administrators(&server, &token), 0);
    assert_eq!(caller.get(EVERYBODYS).status, Some(403));
    assert_eq!(caller.call(&end()).status, Some(200), "it is ended already");
}

#[test]
fn an_administration_that_the_server_ended_never_becomes_the_ordinary_session() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let token = administrator(&server);
    let mut caller = Caller::start(&home.socket());
    assert_eq!(caller.call(&begin(ADMIN, PASSWORD)).status, Some(200));
    let list = server.call(Request::get(EVERYBODYS).token(&token));
    let list = list.expect(200).json();
    let all = list["data"].as_array().expect("a list").clone();
    let granted = all
        .iter()
        .find(|one| one["persona"] == "admin" && one["application"] == "desktop");
    let id = granted.expect("it")["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("/api/v2/customers/1/sessions/{id}");
    let _ = server
        .call(Request::new("DELETE", &path).token(&token))
        .expect(200);
    for _ in 0..2 {
        let told = caller.get("/work/api");
        assert_eq!(told.status, Some(401), "{told:?}");
        assert_eq!(told.code(), "CHANCERY_ADMINISTRATION_OVER");
    }
    assert_eq!(caller.call(&end()).status, Some(200));
    assert_eq!(caller.get("/work/api").status, Some(200));
    assert_eq!(home.state(), "connected");
}

#[test]
fn only_an_administrator_with_the_right_password_administers() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let persons = server.add_person("jdoe");
    let mut caller = Caller::start(&home.socket());
    for (user, password, status, code) in [
        (ADMIN, "wrong", 401, "CHANCERY_LOGIN_FAILED"),
        ("jdoe", persons.as_str(), 403, "CHANCERY_FORBIDDEN"),
        ("", PASSWORD, 400, "CHANCERY_BAD_REQUEST"),
        (ADMIN, "", 400, "CHANCERY_BAD_REQUEST"),
    ] {
        let told = caller.call(&begin(user, password));
        assert_eq!(
            (told.status, told.code().as_str()),
            (Some(status), code),
            "{told:?}"
        );
    }
    assert_eq!(caller.get("/work/api").status, Some(200));
    assert_eq!(caller.get(EVERYBODYS).status, Some(403));
    assert_eq!(home.state(), "connected");
}

#[test]
fn a_disconnect_of_the_person_ends_it_too() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let token = administrator(&server);
    let mut caller = Caller::start(&home.socket());
    assert_eq!(caller.call(&begin(ADMIN, PASSWORD)).status, Some(200));
    let _ = home.chancery(&["disconnect"]).done();
    eventually("the server has ended it", || {
        (administrators(&server, &token) == 0).then_some(())
    });
    assert_eq!(caller.get("/work/api").status, Some(401));
    let told = Caller::start(&home.socket()).call(&begin(ADMIN, PASSWORD));
    assert_eq!(told.code(), "CHANCERY_DISCONNECTED");
}

#[test]
fn the_command_line_makes_one_call_as_an_administrator() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let token = administrator(&server);
    let said = home.chancery(&["api", EVERYBODYS]);
    assert_ne!(said.code, 0);
    let words = [
        "api",
        EVERYBODYS,
        "--admin",
        "--user",
        ADMIN,
        "--password-stdin",
    ];
    let listed = home
        .chancery_reading(&words, &format!("{PASSWORD}\n"))
        .json();
    assert!(listed["data"].is_array(), "{listed}");
    assert_eq!(administrators(&server, &token), 0, "it ended with the call");
}
