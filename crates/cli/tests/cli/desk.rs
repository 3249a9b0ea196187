//! Checking out and in, on servers that can and cannot.

use crate::support::{Home, LIBRARY, Reply, Request, discovery};
use chancery_testkit::waiting::eventually;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

const CHECKSUM: &str = "SHA256:84D89877F0D4041EFB6BF91A16F0248F2FD573E6AF05C19F96BEDB9F882F7882";

/// Answers as a server on which the lock is there, and check-out as `checkout` says.
fn server(request: &Request, checkout: fn() -> Reply) -> Reply {
    let document = format!("{LIBRARY}/documents/ACTIVE!34.1");
    let path = request.path.as_str();
    match path {
        "/work/api" => discovery(),
        "/agent/v1/servers" => Reply::json(200, &json!({"servers": [entry()]})),
        "/agent/v1/status" => Reply::json(
            200,
            &json!({"state": "connected", "sentence": "", "keyring": "found", "server": entry()}),
        ),
        _ if path == document => Reply::json(
            200,
            &json!({"data": {"id": "ACTIVE!34.1", "name": "Letter", "extension": "TXT", "size": 10, "checksum": CHECKSUM}}),
        ),
        _ if path == format!("{document}/checkout") => checkout(),
        _ if path == format!("{document}/lock") => Reply::json(200, &json!({"data": {}})),
        _ if path.starts_with(&format!("{document}/download")) => {
            Reply::bytes(200, "", b"0123456789")
        }
        _ if path.contains("document_number=34") => {
            Reply::json(200, &json!({"data": {"results": [{"id": "ACTIVE!34.1"}]}}))
        }
        _ if path == format!("{document}/versions") => {
            Reply::json(201, &json!({"data": {"id": "ACTIVE!34.2"}, "warnings": []}))
        }
        _ => Reply::error(404, "NRC_NO_ROUTE", "Nothing is here."),
    }
}

fn entry() -> serde_json::Value {
    json!({"id": "work", "name": "work", "address": "https://work.example.com", "active": true})
}

fn no_checkout() -> Reply {
    Reply::error(404, "NRC_NO_ROUTE", "Nothing is here.")
}

fn calls(played: &crate::support::Played, part: &str) -> Vec<String> {
    played
        .requests()
        .iter()
        .filter(|request| request.path.ends_with(part))
        .map(|request| request.method.clone())
        .collect()
}

#[test]
fn where_check_out_is_missing_the_document_is_locked_and_fetched() {
    let home = Home::new();
    let played = home.play_agent(|request, _| server(request, no_checkout));
    let ended = home.run(&["checkout", "ACTIVE!34.1", "--comment", "mine"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(
        std::fs::read(home.path("Letter.txt")).expect("there"),
        b"0123456789"
    );
    assert_eq!(calls(&played, "/lock"), ["POST"]);
    let requests = played.requests();
    let lock = requests
        .iter()
        .find(|request| request.path.ends_with("/lock"));
    let asked = lock.expect("a lock").json();
    assert_eq!(asked["comments"], "mine");
    assert!(
        asked["path"]
            .as_str()
            .expect("a path")
            .ends_with("/Letter.txt")
    );
    // A second time the file is in the way, and nobody is asked for a lock.
    let ended = home.run(&["checkout", "ACTIVE!34.1"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("is there already"), "{ended:?}");
    assert_eq!(calls(&played, "/lock"), ["POST"]);

    std::fs::write(home.path("Letter.txt"), b"changed").expect("written");
    let ended = home.run(&["checkin", "Letter.txt"]);
    assert_eq!(
        ended.out, "“Letter.txt” is now ACTIVE!34.2 (7 B).\n",
        "{ended:?}"
    );
    assert_eq!(calls(&played, "/versions"), ["POST"]);
    assert_eq!(calls(&played, "/lock"), ["POST", "DELETE"]);
    assert_eq!(home.names(), Vec::<String>::new());
}

#[test]
fn a_check_out_brings_the_bytes_with_it() {
    let home = Home::new();
    let played =
        home.play_agent(|request, _| server(request, || Reply::bytes(200, "", b"0123456789")));
    let ended = home.run(&["checkout", "ACTIVE!34.1", "--json"]);
    assert_eq!(ended.json()["size"], 10, "{ended:?}");
    assert_eq!(calls(&played, "/lock"), Vec::<String>::new());
    // Not changed: only unlocked.
    let ended = home.run(&["checkin", "Letter.txt"]);
    assert_eq!(
        ended.out,
        "“Letter.txt” was not changed, so nothing was sent. It is not checked out any more.\n"
    );
    assert_eq!(calls(&played, "/lock"), ["DELETE"]);
    assert_eq!(calls(&played, "/versions"), Vec::<String>::new());
}

#[test]
fn a_check_out_that_breaks_is_undone() {
    for broken in [
        || Reply::bytes(200, "", b"0123").broken_off(10),
        || Reply::bytes(200, "", b"something else"),
    ] {
        let home = Home::new();
        let played = home.play_agent(move |request, _| server(request, broken));
        let ended = home.run(&["checkout", "ACTIVE!34.1"]);
        assert_ne!(ended.code, Some(0), "{ended:?}");
        assert_eq!(calls(&played, "/lock"), ["DELETE"], "{ended:?}");
        assert_eq!(home.names(), Vec::<String>::new());
    }
}

#[test]
fn a_document_that_somebody_else_has_is_told_and_never_unlocked() {
    let home = Home::new();
    let played = home.play_agent(|request, _| {
        server(request, || {
            Reply::error(
                409,
                "NRC_CONFLICT",
                "Jane Doe has checked it out since 09:30.",
            )
        })
    });
    let ended = home.run(&["checkout", "ACTIVE!34.1"]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.err, "Jane Doe has checked it out since 09:30.\n");
    assert_eq!(calls(&played, "/lock"), Vec::<String>::new());
    assert_eq!(home.names(), Vec::<String>::new());
}

#[test]
fn what_a_server_does_not_serve_is_said_and_leaves_nothing() {
    let home = Home::new();
    home.play_agent(|request, _| {
        if request.path.ends_with("/lock") {
            no_checkout()
        } else {
            server(request, no_checkout)
        }
    });
    let ended = home.run(&["checkout", "ACTIVE!34.1"]);
    assert_eq!(ended.code, Some(8));
    assert_eq!(ended.err, "This server does not serve check-out.\n");
    let ended = home.run(&["find", "lease"]);
    assert_eq!(ended.code, Some(8));
    assert_eq!(ended.err, "This server does not serve search.\n");
    assert_eq!(home.names(), Vec::<String>::new());
}

#[test]
fn changes_whose_unlocking_failed_are_not_sent_twice() {
    let home = Home::new();
    let played = home.play_agent(|request, before| {
        if request.method == "DELETE" && before == 0 {
            Reply::error(500, "NRC_INTERNAL", "The server failed.")
        } else if request.method == "GET" && request.path.ends_with("ACTIVE!34.2") {
            Reply::json(
                200,
                &json!({"data": {"id": "ACTIVE!34.2", "name": "Letter", "extension": "TXT"}}),
            )
        } else {
            server(request, no_checkout)
        }
    });
    assert_eq!(home.run(&["checkout", "ACTIVE!34.1"]).code, Some(0));
    std::fs::write(home.path("Letter.txt"), b"changed").expect("written");
    let ended = home.run(&["checkin", "Letter.txt"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended
            .err
            .contains("The server has your changes as ACTIVE!34.2"),
        "{ended:?}"
    );
    assert_eq!(home.run(&["checkin", "Letter.txt"]).code, Some(0));
    assert_eq!(calls(&played, "/versions"), ["POST"]);
    assert_eq!(calls(&played, "/lock"), ["POST", "DELETE", "DELETE"]);
    assert_eq!(home.names(), Vec::<String>::new());
}

#[test]
fn a_file_of_a_server_that_left_the_list_is_told() {
    let home = Home::new();
    home.play_agent(|request, _| match request.path.as_str() {
        "/agent/v1/servers" if request.header("chancery-server").is_empty() => {
            Reply::json(200, &json!({"servers": []}))
        }
        _ => server(request, no_checkout),
    });
    home.file("Letter.txt", b"changed");
    home.file(
        ".Letter.txt.chancery",
        json!({"server": "work", "address": "https://work.example.com",
            "document": "ACTIVE!34.1", "checksum": CHECKSUM})
        .to_string()
        .as_bytes(),
    );
    let ended = home.run(&["checkin", "Letter.txt"]);
    assert_eq!(ended.code, Some(5), "{ended:?}");
    assert!(
        ended
            .err
            .contains("https://work.example.com, which is not in the list"),
        "{ended:?}"
    );
}

/// The file beside the wanted one, as long as it is not whole.
fn half(home: &Home) -> Option<u64> {
    let name = home
        .names()
        .into_iter()
        .find(|name| name.ends_with(".part"))?;
    let size = std::fs::metadata(home.path(&name)).ok()?.len();
    (size > 0).then_some(size)
}

#[test]
fn an_interrupted_check_out_is_undone() {
    let home = Home::new();
    let (pieces, received) = std::sync::mpsc::channel();
    let received = std::sync::Mutex::new(Some(received));
    let played = home.play_agent(move |request, _| {
        if request.path.ends_with("/checkout") {
            let received = received.lock().expect("not poisoned").take();
            return Reply::lines(received.expect("asked once"));
        }
        server(request, no_checkout)
    });
    let mut child = home
        .command(&["checkout", "ACTIVE!34.1"])
        .spawn()
        .expect("it runs");
    pieces.send("0123".to_owned()).expect("heard");
    eventually("half of it is here", || half(&home));
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process"), Signal::INT).expect("sent");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    drop(pieces);
    assert_eq!(calls(&played, "/lock"), ["DELETE"]);
    assert_eq!(home.names(), Vec::<String>::new());
}

#[test]
fn what_is_saved_while_the_file_is_sent_is_never_thrown_away() {
    let home = Home::new();
    let letter = home.path("Letter.txt");
    let again = letter.clone();
    home.play_agent(move |request, _| {
        if request.path.ends_with("/versions") {
            std::fs::write(&again, b"changed again").expect("written");
        }
        server(request, no_checkout)
    });
    assert_eq!(home.run(&["checkout", "ACTIVE!34.1"]).code, Some(0));
    std::fs::write(&letter, b"changed").expect("written");
    let ended = home.run(&["checkin", "Letter.txt"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.err.contains("Check it in once more."), "{ended:?}");
    assert_eq!(std::fs::read(&letter).expect("it stays"), b"changed again");
}
