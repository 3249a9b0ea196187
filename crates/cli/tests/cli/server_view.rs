//! One command at another known server.

use crate::support::{Home, Reply, discovery};
use serde_json::{Value, json};

const DOCUMENT: &str = "/work/api/v2/customers/7/libraries/ACTIVE/documents/ACTIVE!34.1";
const DOWNLOAD: &str =
    "/work/api/v2/customers/7/libraries/ACTIVE/documents/ACTIVE!34.1/download?activity=export";

fn servers() -> Reply {
    Reply::json(
        200,
        &json!({"servers": [
            {"id": "work", "name": "Work", "address": "https://work.example.com", "active": true},
            {"id": "archive", "name": "Archive", "address": "https://archive.example.com"},
        ]}),
    )
}

/// The state at `server`, as an answer of the agent.
fn state_at(server: &str) -> Value {
    json!({"state": "connected", "sentence": "Connected.", "keyring": "found",
        "server": {"id": server, "name": server, "address": format!("https://{server}.example.com")}})
}

#[test]
fn a_viewed_server_that_goes_away_is_waited_for_too() {
    let home = Home::new();
    let offline = || {
        let body =
            json!({"error": {"code": "CHANCERY_OFFLINE", "message": "It cannot be reached."}});
        Reply::bytes(503, "Retry-After: 0\r\n", body.to_string().as_bytes())
    };
    let played = home.play_agent(
        move |request, before| match (request.path.as_str(), before) {
            ("/agent/v1/servers", _) => servers(),
            // Away for two questions in the middle of it.
            ("/work/api", 1 | 2) => offline(),
            ("/work/api", _) => discovery(),
            (DOCUMENT, _) => Reply::json(
                200,
                &json!({"data": {"id": "ACTIVE!34.1", "name": "Letter", "extension": "TXT", "size": 10}}),
            ),
            (DOWNLOAD, 0) => Reply::bytes(200, "", b"0123").broken_off(10),
            (DOWNLOAD, 1) => offline(),
            (DOWNLOAD, _) => Reply::bytes(206, "Content-Range: bytes 4-9/10\r\n", b"456789"),
            other => panic!("{other:?}"),
        },
    );
    let ended = home.run(&["--server", "Archive", "get", "ACTIVE!34.1"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(
        std::fs::read(home.path("Letter.txt")).expect("there"),
        b"0123456789"
    );
    for request in played.requests() {
        let named = request.header("chancery-server");
        let own = request.path.starts_with("/agent/");
        assert_eq!(named, if own { "" } else { "archive" }, "{request:?}");
    }
}

#[test]
fn the_state_of_another_server_is_never_told_as_that_of_the_one_named() {
    for (told, code) in [("archive", 0), ("work", 10)] {
        let home = Home::new();
        home.play_agent(move |request, _| match request.path.as_str() {
            "/agent/v1/servers" => servers(),
            "/agent/v1/watch" => {
                let line = json!({"number": 0, "status": state_at(told)});
                Reply::bytes(200, "", format!("{line}\n").as_bytes())
            }
            _ => Reply::json(200, &state_at(told)),
        });
        for words in [&["status"][..], &["watch", "--until", "connected"]] {
            let all: Vec<&str> = ["--server", "archive"]
                .iter()
                .chain(words)
                .copied()
                .collect();
            let ended = home.run(&all);
            assert_eq!(ended.code, Some(code), "{ended:?}");
            assert_eq!(ended.out.is_empty(), code != 0, "{ended:?}");
        }
    }
}

#[test]
fn leaving_a_viewed_server_asks_for_that_one_alone() {
    let home = Home::new();
    let played = home.play_agent(|request, _| match request.path.as_str() {
        "/agent/v1/servers" => servers(),
        _ => Reply::json(200, &state_at("work")),
    });
    let ended = home.run(&["disconnect", "--server", "archive"]);
    assert_eq!(
        ended.out,
        "Your session at “Archive” has ended, on the server too. Nothing else has changed.\n"
    );
    let requests = played.requests();
    let left = requests.last().expect("one");
    assert!(left.is("POST", "/agent/v1/disconnect"), "{left:?}");
    assert_eq!(left.header("chancery-server"), "archive");
}
