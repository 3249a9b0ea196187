//! Servers that are there from the start, and no others.

use super::{NO_OTHERS, ask, list, provides, servers, sessions, sign_in, status, words};
use chancery_testkit::Request;
use chancery_testkit::TestHome;
use chancery_testkit::server::ADMIN;
use chancery_testkit::server::API;
use chancery_testkit::server::PASSWORD;
use chancery_testkit::server::TestServer;
use chancery_testkit::waiting::eventually;
use serde_json::Value;
use serde_json::json;

#[test]
fn a_server_of_the_policys_is_there_from_the_start_and_the_first_use_signs_in() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.set_policy(&provides(&server));
    let state = status(&home);
    assert_eq!(state["state"], "deferred", "{state}");
    assert_eq!(state["server"]["name"], "Work");
    assert_eq!(state["server"]["provided"], true);
    assert!(server.metrics().sign_ins().abs() < 0.5, "nothing was tried");
    // The person has nothing of it on disk until they use it.
    assert!(!home.path().join("config/servers.toml").exists());
    assert_eq!(list(&home).error_code(), "CHANCERY_NEEDS_USER");
    let _ = sign_in(&home).done();
    assert_eq!(list(&home).status, 200);
    // Once used it is the person's too, and stays when the policy lets go.
    home.set_policy("");
    let left = servers(&home);
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(
        (&left[0]["provided"], &left[0]["user"]),
        (&Value::Null, &json!(ADMIN))
    );
    assert_eq!(home.state(), "connected");
}

#[test]
fn a_server_of_the_policys_can_be_neither_removed_nor_renamed() {
    let (home, server) = (TestHome::without_keyring(), TestServer::start());
    home.set_policy(&provides(&server));
    let id = servers(&home)[0]["id"].as_str().expect("an id").to_owned();
    let removal = ask(
        &home,
        Request::new("DELETE", &format!("/agent/v1/servers/{id}")),
    );
    assert_eq!(
        (removal.status, removal.error_code().as_str()),
        (403, "CHANCERY_POLICY")
    );
    let said = home.chancery(&["servers", "remove", "Work"]);
    assert_eq!(said.code, 6, "{said:?}");
    assert!(
        words(&said).contains("by your administrator's policy, so it stays there"),
        "{said:?}"
    );
    let said = home.chancery(&["servers", "rename", "Work", "Play"]);
    assert_eq!(said.code, 6, "{said:?}");
    assert_eq!(servers(&home)[0]["name"], "Work");
    // The person's own beside it is theirs to remove, and then makes room.
    let own = TestServer::start();
    let _ = home
        .chancery(&["servers", "add", &own.url(), "--name", "Own"])
        .done();
    home.connect(&own);
    assert_eq!(status(&home)["server"]["name"], "Own");
    let _ = home.chancery(&["servers", "remove", "Own"]).done();
    assert_eq!(servers(&home).len(), 1);
    let state = status(&home);
    assert_eq!(
        (&state["state"], &state["server"]["name"]),
        (&json!("deferred"), &json!("Work"))
    );
}

#[test]
fn where_no_others_are_allowed_a_connection_elsewhere_is_refused_before_anything_is_sent() {
    let (home, server, other) = (
        TestHome::with_keyring(),
        TestServer::start(),
        TestServer::start(),
    );
    home.set_policy(&format!("{}{NO_OTHERS}", provides(&server)));
    let said = home.chancery_reading(
        &["connect", &other.url(), "--user", ADMIN, "--password-stdin"],
        &format!("{PASSWORD}\n"),
    );
    assert_eq!(said.code, 6, "{said:?}");
    let sentence = format!(
        "Your administrator does not let you connect to {}: the policy allows “Work” only.",
        other.url()
    );
    assert!(words(&said).contains(&sentence), "{said:?}");
    let said = home.chancery(&["servers", "add", &other.url()]);
    assert_eq!(said.code, 6, "{said:?}");
    let calls = other.metrics().sum("chancery_http_requests_total", &[]);
    assert!(calls.abs() < 0.5, "{calls} calls");
    home.connect(&server);
    assert_eq!(home.state(), "connected");
}

#[test]
fn a_server_that_is_not_allowed_any_more_is_left_at_once() {
    let (home, server, own) = (
        TestHome::with_keyring(),
        TestServer::start(),
        TestServer::start(),
    );
    home.connect(&own);
    assert_eq!(list(&home).status, 200);
    assert!(sessions(&own) > 0.5);
    home.set_policy(&format!("{}{NO_OTHERS}", provides(&server)));
    let state = status(&home);
    assert_eq!(
        (&state["state"], &state["server"]["name"]),
        (&json!("deferred"), &json!("Work"))
    );
    eventually("the session there has ended", || {
        (sessions(&own) < 0.5).then_some(())
    });
    let there = servers(&home)
        .into_iter()
        .find(|one| one["address"] == own.url());
    let id = there.expect("still in the list")["id"].clone();
    let call = format!("{API}/workspaces");
    let call = Request::get(&call).header("Chancery-Server", id.as_str().expect("an id"));
    let answer = ask(&home, call);
    assert_eq!(
        (answer.status, answer.error_code().as_str()),
        (403, "CHANCERY_POLICY")
    );
    assert_eq!(home.kept_in_keyring(), "");
}
