//! Who uses the connection, what holds, what is wrong, and administration.

use crate::support::{Home, Reply, Request};
use serde_json::json;

fn an_older_agent(request: &Request) -> Reply {
    match request.path.as_str() {
        "/agent/v1/status" => Reply::json(
            200,
            &json!({"state": "no-server", "sentence": "No server.", "keyring": "unknown"}),
        ),
        "/agent/v1/servers" => Reply::json(200, &json!({"servers": []})),
        _ => Reply::error(
            404,
            "CHANCERY_NO_ROUTE",
            "The agent has nothing at this path.",
        ),
    }
}

#[test]
fn an_agent_that_is_too_old_is_named_as_such() {
    let home = Home::new();
    home.play_agent(|request, _| an_older_agent(request));
    for words in [
        &["uses"][..],
        &["policy"],
        &[
            "api",
            "--admin",
            "--user",
            "root",
            "--password-stdin",
            "/work/api",
        ],
    ] {
        let ended = home.run_with_input(words, "secret\n");
        assert_eq!(ended.code, Some(10), "{words:?} {ended:?}");
        assert_eq!(
            ended.err,
            "The agent that runs is older than this command and does not know this yet.\n\
             End it with “chancery agent stop” and run the command again: a new one is started.\n"
        );
    }
    // What the command can see by itself, it tells.
    let ended = home.run(&["doctor"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("! note  agent"), "{ended:?}");
}

#[test]
fn a_use_is_stopped_by_its_id_and_no_other() {
    let home = Home::new();
    let played = home.play_agent(|request, _| match request.path.as_str() {
        "/agent/v1/uses" => Reply::json(
            200,
            &json!({"uses": [{"id": "7", "pid": 4711, "program": "/usr/bin/mailer", "application": "Mail",
                "since": "2026-03-01T09:00:00Z", "calls": 12, "under_way": 0, "connections": 2}]}),
        ),
        _ => Reply::json(200, &json!({})),
    });
    let ended = home.run(&["uses", "--json"]);
    assert_eq!(ended.json()["uses"][0]["program"], "/usr/bin/mailer");
    let ended = home.run(&["uses", "stop", "8"]);
    assert_eq!(ended.code, Some(5), "{ended:?}");
    let ended = home.run(&["uses", "stop", "7"]);
    assert_eq!(
        ended.out,
        "mailer (process 4711) cannot use the connection any more, until the agent is started anew.\n",
        "{ended:?}"
    );
    let requests = played.requests();
    let stopped: Vec<&Request> = requests
        .iter()
        .filter(|one| one.method == "DELETE")
        .collect();
    assert_eq!(stopped.len(), 1);
    assert_eq!(stopped[0].path, "/agent/v1/uses/7");
}

#[test]
fn what_is_bad_decides_how_the_doctor_ends() {
    let findings = |outcome: &'static str| {
        move |request: &Request, _: usize| match request.path.as_str() {
            "/agent/v1/doctor" => Reply::json(
                200,
                &json!({"findings": [{"check": "clock", "outcome": outcome, "sentence": "The clock."}]}),
            ),
            _ => an_older_agent(request),
        }
    };
    for (outcome, code, mark) in [
        ("good", 0, "  ok    clock"),
        ("warning", 0, "! note  clock"),
        ("bad", 1, "X BAD   clock"),
    ] {
        let home = Home::new();
        home.play_agent(findings(outcome));
        let ended = home.run(&["doctor"]);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.out.contains(mark), "{ended:?}");
        assert_eq!(home.run(&["doctor", "--json"]).json()["outcome"], outcome);
    }
}

#[test]
fn an_administrators_call_ends_with_its_administration() {
    let home = Home::new();
    let played = home.play_agent(|request, _| match request.path.as_str() {
        "/agent/v1/administration" if request.method == "POST" => Reply::json(
            200,
            &json!({"user": {"id": "ROOT", "name": "Root"}, "until": "2026-03-01T09:30:00Z",
                "server": {"id": "work", "name": "work.example.com", "address": "https://work.example.com"}}),
        ),
        "/work/api/v2/customers/1/sessions" => Reply::json(200, &json!({"data": [1]})),
        _ => Reply::json(200, &json!({})),
    });
    let words = [
        "api",
        "--admin",
        "--user",
        "root",
        "--password-stdin",
        "/work/api/v2/customers/1/sessions",
        "--json",
    ];
    let ended = home.run_with_input(&words, "secret\n");
    assert_eq!(ended.json()["body"]["data"], json!([1]), "{ended:?}");
    assert_eq!(
        ended.err,
        "This call is made by Root as an administrator of work.example.com.\n"
    );
    let requests = played.requests();
    let seen: Vec<String> = requests
        .iter()
        .map(|one| format!("{} {}", one.method, one.path))
        .collect();
    assert_eq!(
        seen,
        [
            "POST /agent/v1/administration",
            "GET /work/api/v2/customers/1/sessions",
            "DELETE /agent/v1/administration"
        ]
    );
    assert_eq!(
        requests[0].json(),
        json!({"user": "root", "password": "secret"})
    );
    // One connection, from the first to the last.
    assert!(
        requests
            .iter()
            .all(|one| one.connection == requests[0].connection),
        "{requests:?}"
    );

    let ended = home.run(&["api", "--admin", "/work/api"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let home = Home::new();
    let ended = home.run(&["man", "pages", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for name in ["chancery.1", "chancery-checkin.1", "chancery-servers-add.1"] {
        let page = std::fs::read_to_string(home.path("pages").join(name)).expect(name);
        assert!(page.contains(".SH NAME"), "{name}");
    }
}
