//! Lists, and calls as they are.

use crate::support::{Home, LIBRARY, Reply, discovery};
use serde_json::{Value, json};
use std::io::Read;
use std::process::Stdio;

#[test]
fn with_one_library_the_list_begins_with_its_workspaces() {
    let home = Home::new();
    let played = home.play_agent(|request, _| match request.path.as_str() {
        "/work/api" => discovery(),
        _ => Reply::json(
            200,
            &json!({"data": {"results": [{"id": "ACTIVE!1", "wstype": "workspace", "name": "Doe v Roe",
                "edit_date": "2026-03-01T09:30:00.000Z"}]}}),
        ),
    });
    let ended = home.run(&["ls"]);
    insta::assert_snapshot!(ended.out, @r"
    KIND       ID        CHANGED           NAME
    workspace  ACTIVE!1  2026-03-01 09:30  Doe v Roe
    ");
    let requests = played.requests();
    assert_eq!(
        requests.last().expect("one").path,
        format!("{LIBRARY}/workspaces?limit=500&offset=0")
    );
    assert_eq!(home.run(&["ls", "--json"]).json()[0]["name"], "Doe v Roe");
}

#[test]
fn an_id_that_is_no_folder_is_a_workspace_or_is_not_there() {
    let home = Home::new();
    home.play_agent(|request, _| {
        let path = request.path.as_str();
        if path == "/work/api" {
            discovery()
        } else if path.contains("/workspaces/ACTIVE!1/") {
            Reply::json(200, &json!({"data": [{"id": "ACTIVE!2", "wstype": "folder", "folder_type": "regular", "name": "In"}]}))
        } else {
            Reply::error(404, "NRC_NO_RECORD", "Not here.")
        }
    });
    assert_eq!(
        home.run(&["ls", "ACTIVE!1", "--json"]).json()[0]["id"],
        "ACTIVE!2"
    );
    let ended = home.run(&["ls", "ACTIVE!9"]);
    assert_eq!(ended.code, Some(5));
    assert_eq!(
        ended.err,
        "There is no workspace or folder “ACTIVE!9”, or you may not see it.\n“chancery ls” shows where to begin.\n"
    );
}

#[test]
fn a_long_list_is_fetched_page_by_page_and_says_when_there_is_more() {
    let home = Home::new();
    let played = home.play_agent(|request, _| {
        if request.path == "/work/api" {
            return discovery();
        }
        let number = |name: &str| -> u64 {
            let (_, rest) = request.path.split_once(name).expect("a page");
            rest.split('&').next().and_then(|text| text.parse().ok()).expect("a number")
        };
        let (limit, offset) = (number("limit="), number("offset="));
        let end = (offset + limit).min(1203);
        let data: Vec<Value> = (offset..end)
            .map(|place| json!({"id": format!("ACTIVE!{}.1", place + 1), "wstype": "document", "name": "x"}))
            .collect();
        Reply::json(200, &json!({"data": data}))
    });
    let ended = home.run(&["ls", "ACTIVE!5", "--json"]);
    assert_eq!(ended.json().as_array().map(Vec::len), Some(1000));
    assert_eq!(
        ended.err,
        "There is more than the 1000 shown. See it with “--limit 10000”.\n"
    );
    assert_eq!(played.requests().len(), 4);
    let ended = home.run(&["ls", "ACTIVE!5", "--json", "--limit", "5000"]);
    let all = ended.json();
    assert_eq!(all.as_array().map(Vec::len), Some(1203));
    assert_eq!(all[1202]["id"], "ACTIVE!1203.1");
    assert_eq!(ended.err, "");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let home = Home::new();
    home.play_agent(|request, _| match request.path.as_str() {
        "/work/api" => discovery(),
        _ => Reply::bytes(200, "", &vec![b'x'; 8 * 1024 * 1024]),
    });
    let mut child = home
        .command(&["api", "/work/api/v2/large"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut some = [0; 100];
    child
        .stdout
        .take()
        .expect("a pipe")
        .read_exact(&mut some)
        .expect("some");
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}

#[test]
fn an_answer_is_printed_as_it_is_and_its_status_is_the_exit_code() {
    let home = Home::new();
    let played = home.play_agent(|request, _| match request.path.as_str() {
        "/work/api/v2/a" => Reply::bytes(200, "Content-Type: x/y\r\n", b"{\"a\":\n1}"),
        "/work/api/v2/403" => Reply::error(403, "NRC_NO_ACCESS", "No."),
        "/work/api/v2/404" => Reply::error(404, "NRC_NO_RECORD", "No."),
        "/work/api/v2/429" => Reply::error(429, "NRC_LIMIT", "No."),
        "/work/api/v2/500" => Reply::bytes(500, "", b"<html>"),
        "/auth/x" => Reply::error(403, "CHANCERY_FORBIDDEN", "This path is not let through."),
        other => panic!("{other}"),
    });
    let ended = home.run(&["api", "http://chancery/work/api/v2/a"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), "{\"a\":\n1}"));
    for (path, code) in [("403", 6), ("404", 5), ("429", 9), ("500", 1)] {
        let ended = home.run(&["api", &format!("/work/api/v2/{path}")]);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(!ended.out.is_empty(), "the body of {path} is missing");
        assert!(
            ended
                .err
                .starts_with(&format!("The server answered {path}")),
            "{ended:?}"
        );
    }
    let ended = home.run(&["api", "/auth/x"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(6), ""));
    assert_eq!(ended.err, "This path is not let through.\n");

    home.file("body.json", b"{\"from\":\"a file\"}");
    for (data, expected) in [
        ("{\"a\":1}", "{\"a\":1}"),
        ("@body.json", "{\"from\":\"a file\"}"),
        ("-", "{\"in\":1}"),
    ] {
        let ended = home.run_with_input(
            &["api", "put", "/work/api/v2/a", "--data", data],
            "{\"in\":1}",
        );
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let requests = played.requests();
        let sent = requests.last().expect("one");
        assert!(sent.is("PUT", "/work/api/v2/a"));
        assert_eq!(String::from_utf8_lossy(&sent.body), expected);
        assert_eq!(sent.header("content-type"), "application/json");
    }
}
