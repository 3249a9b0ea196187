//! Connecting and what is said about it, without a terminal.

use crate::support::{Home, Reply};
use serde_json::{Value, json};

fn status(state: &str, sentence: &str) -> Value {
    json!({"state": state, "sentence": sentence, "keyring": "found"})
}

fn servers() -> Reply {
    Reply::json(
        200,
        &json!({"servers": [
            {"id": "work", "name": "work.example.com", "address": "https://work.example.com", "active": true, "user": "jdoe"},
            {"id": "archive", "name": "Archive", "address": "https://archive.example.com"},
        ]}),
    )
}

#[test]
fn a_password_comes_from_the_input_and_is_shown_nowhere() {
    let home = Home::new();
    let played = home.play_agent(|request, _| match request.path.as_str() {
        "/agent/v1/servers" => servers(),
        _ => Reply::json(
            200,
            &status("connected", "Connected to new.example.com as jdoe."),
        ),
    });
    let ended = home.run_with_input(
        &[
            "connect",
            "new.example.com",
            "--user",
            "jdoe",
            "--password-stdin",
        ],
        "hunter2 \r\nignored\n",
    );
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.out, "Connected to new.example.com as jdoe.\n");
    assert_eq!(ended.err, "");
    let requests = played.requests();
    let sent = requests.last().expect("one").json();
    assert_eq!(sent["address"], "new.example.com");
    assert_eq!(sent["user"], "jdoe");
    assert_eq!(sent["password"], "hunter2 ");

    // Whoever signed in there last is meant, and somebody has to be.
    let ended = home.run_with_input(&["connect", "work", "--password-stdin"], "hunter2\n");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(
        played.requests().last().expect("one").json()["user"],
        "jdoe"
    );
    let ended = home.run_with_input(&["connect", "archive", "--password-stdin"], "hunter2\n");
    assert_eq!(ended.code, Some(2));
    assert_eq!(
        ended.err,
        "Nobody has signed in at “archive” yet, so it is not known whose password that is. Say so with “--user USER”.\n"
    );
    let ended = home.run(&["connect", "work", "--password-stdin"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
}

#[test]
fn without_an_address_a_script_gets_the_list_and_is_told_to_say_which() {
    let home = Home::new();
    home.play_agent(|_, _| servers());
    let ended = home.run(&["connect"]);
    assert_eq!(ended.code, Some(2));
    insta::assert_snapshot!(format!("{}{}", ended.out, ended.err), @r"
       ID       NAME              ADDRESS                      USER
    *  work     work.example.com  https://work.example.com     jdoe
       archive  Archive           https://archive.example.com
    Say which one: “chancery connect NAME”, or “chancery connect ADDRESS” for another.
    ");
}

#[test]
fn a_name_in_the_list_connects_by_its_id() {
    let home = Home::new();
    let played = home.play_agent(|request, _| match request.path.as_str() {
        "/agent/v1/servers" => servers(),
        _ => Reply::json(200, &status("connected", "Connected.")),
    });
    assert_eq!(home.run(&["switch", "ARCHIVE"]).code, Some(0));
    let requests = played.requests();
    let sent = requests.last().expect("one");
    assert!(sent.is("POST", "/agent/v1/switch"));
    assert_eq!(sent.json()["address"], "archive");
    let ended = home.run(&["switch", "elsewhere.example.com"]);
    assert_eq!(ended.code, Some(5));
}

#[test]
fn another_host_is_named_with_the_words_that_confirm_it() {
    let home = Home::new();
    let played = home.play_agent(|request, _| match request.path.as_str() {
        "/agent/v1/servers" => servers(),
        _ if String::from_utf8_lossy(&request.body).contains("confirmed_host") => {
            Reply::json(200, &status("connected", "Connected."))
        }
        _ => Reply::json(
            409,
            &json!({"error": {"code": "CHANCERY_REDIRECTED", "message": "“a.example” leads to another host, “b.example:8443”.",
                "messages": [{"field": "confirmed_host", "data": "b.example:8443"}]}}),
        ),
    });
    let ended = home.run(&["connect", "a.example"]);
    assert_eq!(ended.code, Some(3));
    assert_eq!(
        ended.err,
        "“a.example” leads to another host, “b.example:8443”.\nIf that is the right one, repeat the command with “--accept-host b.example:8443”.\n"
    );
    let ended = home.run(&["connect", "a.example", "--accept-host", "B.example:8443"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let requests = played.requests();
    assert_eq!(
        requests.last().expect("one").json()["confirmed_host"],
        "b.example:8443"
    );
}

#[test]
fn where_somebody_has_to_sign_in_a_script_is_told_so_and_never_asked() {
    let home = Home::new();
    home.play_agent(|_, _| {
        Reply::json(
            401,
            &json!({"error": {"code": "CHANCERY_NEEDS_USER", "message": "Your session has ended.", "reason": "expired"}}),
        )
    });
    let ended = home.run(&["ls"]);
    assert_eq!(ended.code, Some(3));
    assert_eq!(
        ended.err,
        "Your session has ended.\nSign in with “chancery sign-in”.\n"
    );
    let ended = home.run(&["connect", "work.example.com"]);
    assert_eq!(ended.code, Some(3));
    let ended = home.run(&["ls", "--json"]);
    let error: Value = serde_json::from_str(&ended.err).expect("JSON");
    assert_eq!(
        error,
        json!({"error": {"code": "CHANCERY_NEEDS_USER", "message": "Your session has ended.",
            "hint": "Sign in with “chancery sign-in”.", "exit": 3}})
    );
}

#[test]
fn what_the_agent_warns_of_is_said_and_nothing_is_added() {
    let home = Home::new();
    home.play_agent(|request, _| match request.path.as_str() {
        "/agent/v1/servers" => servers(),
        "/agent/v1/status" => Reply::json(
            200,
            &json!({"state": "connected", "sentence": "Connected.", "keyring": "unavailable"}),
        ),
        _ => Reply::json(
            200,
            &json!({"state": "connected", "sentence": "Connected.", "keyring": "unavailable",
                "warnings": ["There is no keyring."]}),
        ),
    });
    let ended = home.run(&["connect", "work"]);
    assert_eq!(ended.out, "Connected.\n");
    assert_eq!(ended.err, "There is no keyring.\n");
}

#[test]
fn a_state_can_be_the_exit_code_and_is_always_json_where_asked() {
    let home = Home::new();
    home.play_agent(|_, _| {
        Reply::json(
            200,
            &status("offline", "work.example.com cannot be reached."),
        )
    });
    let ended = home.run(&["status"]);
    assert_eq!(ended.code, Some(0));
    assert_eq!(
        ended.out,
        "work.example.com cannot be reached.\n  Keyring  keeps you signed in when the agent ends\n"
    );
    let ended = home.run(&["status", "--json", "--exit-code"]);
    assert_eq!(ended.code, Some(4));
    assert_eq!(ended.json()["state"], "offline");
}

#[test]
fn a_watch_tells_what_changes_and_ends_at_the_state_that_was_waited_for() {
    let home = Home::new();
    home.play_agent(|_, _| {
        let line = |number: u32, state: &str, sentence: &str| {
            format!(
                "{}\n",
                json!({"number": number, "status": status(state, sentence)})
            )
        };
        let lines = [
            line(0, "signing-in", "Signing in."),
            line(1, "signing-in", "Signing in."),
            line(2, "connected", "Connected."),
            line(3, "disconnected", "Never seen."),
        ];
        Reply::bytes(200, "", lines.concat().as_bytes())
    });
    let ended = home.run(&["watch", "--until", "connected"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let told: Vec<&str> = ended
        .out
        .lines()
        .filter_map(|line| line.get(10..))
        .collect();
    assert_eq!(told, ["Signing in.", "Connected."]);
    let ended = home.run(&["watch", "--until", "connected", "--json"]);
    assert_eq!(ended.out.lines().count(), 3);
}

#[test]
fn a_server_view_is_for_one_command_and_by_its_id() {
    let home = Home::new();
    let played = home.play_agent(|request, _| match request.path.as_str() {
        "/agent/v1/servers" => servers(),
        _ => Reply::bytes(200, "", b"{}"),
    });
    assert_eq!(
        home.run(&["--server", "archive.example.com", "api", "/work/api"])
            .code,
        Some(0)
    );
    let requests = played.requests();
    assert_eq!(
        requests.last().expect("one").header("chancery-server"),
        "archive"
    );
    assert_eq!(
        home.run(&["--server", "nowhere", "api", "/work/api"]).code,
        Some(5)
    );
}

#[test]
fn advice_is_about_the_server_that_is_looked_at() {
    let home = Home::new();
    home.play_agent(|request, _| match request.path.as_str() {
        "/agent/v1/servers" => servers(),
        _ => Reply::json(
            401,
            &json!({"error": {"code": "CHANCERY_NEEDS_USER", "message": "Nobody has signed in there yet.", "reason": "never-signed-in"}}),
        ),
    });
    let ended = home.run(&["ls", "--server", "archive"]);
    assert_eq!(
        ended.err,
        "Nobody has signed in there yet.\nSign in with “chancery --server archive sign-in”.\n"
    );
}
