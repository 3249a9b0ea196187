//! Files on their way, where something goes wrong on the way.

use crate::support::{Home, LIBRARY, Reply, Request, discovery};
use serde_json::json;

const PROFILE: &str = "/work/api/v2/customers/7/libraries/ACTIVE/documents/ACTIVE!34.1";
const DOWNLOAD: &str =
    "/work/api/v2/customers/7/libraries/ACTIVE/documents/ACTIVE!34.1/download?activity=export";
/// Of `0123456789`.
const CHECKSUM: &str = "SHA256:84D89877F0D4041EFB6BF91A16F0248F2FD573E6AF05C19F96BEDB9F882F7882";

fn profile(checksum: &str) -> Reply {
    Reply::json(
        200,
        &json!({"data": {"id": "ACTIVE!34.1", "name": "Letter", "extension": "DOCX", "size": 10, "checksum": checksum}}),
    )
}

fn put_path() -> String {
    format!("{LIBRARY}/folders/ACTIVE!12/documents")
}

#[test]
fn a_file_arrives_with_its_profile_and_its_id_is_told() {
    let home = Home::new();
    home.file("Letter to “A”.docx", b"0123456789");
    let played = home.play_agent(|request, _| match request.path.as_str() {
        "/work/api" => discovery(),
        _ => Reply::json(
            201,
            &json!({"data": {"id": "ACTIVE!34.1", "checksum": CHECKSUM}, "warnings": []}),
        ),
    });
    let ended = home.run(&[
        "put",
        "Letter to “A”.docx",
        "active!12",
        "--comment",
        "first",
    ]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(
        ended.out,
        "“Letter to “A”.docx” is now ACTIVE!34.1 (10 B).\n"
    );

    let requests = played.requests();
    let sent = requests.last().expect("a request");
    assert!(sent.is("POST", &put_path()), "{sent:?}");
    assert_eq!(sent.header("idempotency-key").len(), 32);
    assert_eq!(sent.header("chancery-application"), "chancery");
    let body = String::from_utf8_lossy(&sent.body);
    let profile = body
        .lines()
        .find(|line| line.starts_with('{'))
        .expect("a profile");
    let profile: serde_json::Value = serde_json::from_str(profile).expect("JSON");
    assert_eq!(profile["doc_profile"]["name"], "Letter to “A”");
    assert_eq!(profile["doc_profile"]["extension"], "docx");
    assert_eq!(profile["doc_profile"]["comment"], "first");
    assert!(body.contains("\r\n\r\n0123456789\r\n--"), "{body}");

    let ended = home.run(&[
        "put",
        "Letter to “A”.docx",
        "--folder",
        "ACTIVE!12",
        "--json",
    ]);
    assert_eq!(ended.json()["id"], "ACTIVE!34.1");
}

#[test]
fn a_session_renewed_on_the_way_sends_the_file_once_more_under_the_same_key() {
    let home = Home::new();
    home.file("letter.txt", b"0123456789");
    let played = home.play_agent(|request, before| match (request.path.as_str(), before) {
        ("/work/api", _) => discovery(),
        (_, 0) => Reply::error(
            503,
            "CHANCERY_SEND_AGAIN",
            "The session was renewed. Send it again.",
        ),
        _ => Reply::json(201, &json!({"data": {"id": "ACTIVE!34.1"}, "warnings": []})),
    });
    let ended = home.run(&["put", "letter.txt", "ACTIVE!12"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let uploads: Vec<Request> = played
        .requests()
        .into_iter()
        .filter(|one| one.method == "POST")
        .collect();
    assert_eq!(uploads.len(), 2);
    assert_eq!(
        uploads[0].header("idempotency-key"),
        uploads[1].header("idempotency-key")
    );
    assert_eq!(uploads[0].body, uploads[1].body);
}

#[test]
fn a_file_is_not_sent_a_third_time() {
    let home = Home::new();
    home.file("letter.txt", b"0123456789");
    let played = home.play_agent(|request, _| match request.path.as_str() {
        "/work/api" => discovery(),
        _ => Reply::error(
            503,
            "CHANCERY_SEND_AGAIN",
            "The session was renewed. Send it again.",
        ),
    });
    let ended = home.run(&["put", "letter.txt", "ACTIVE!12"]);
    assert_eq!(ended.code, Some(9), "{ended:?}");
    assert_eq!(played.requests().len(), 3);
}

#[test]
fn a_document_that_is_kept_as_something_else_is_no_success() {
    let home = Home::new();
    home.file("letter.txt", b"0123456789");
    home.play_agent(|request, _| match request.path.as_str() {
        "/work/api" => discovery(),
        _ => Reply::json(
            201,
            &json!({"data": {"id": "ACTIVE!34.1", "checksum": "SHA256:00"}}),
        ),
    });
    let ended = home.run(&["put", "letter.txt", "ACTIVE!12"]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.err,
        "The server keeps something else as “ACTIVE!34.1” than what was sent: its checksum differs. Delete that document and send the file again.\n"
    );
}

#[test]
fn when_the_second_of_three_files_is_refused_it_is_said_where_to_go_on() {
    let home = Home::new();
    for name in ["a.txt", "b.txt", "c.txt"] {
        home.file(name, b"x");
    }
    home.play_agent(|request, before| match (request.path.as_str(), before) {
        ("/work/api", _) => discovery(),
        (_, 0) => Reply::json(201, &json!({"data": {"id": "ACTIVE!34.1"}})),
        _ => Reply::error(403, "NRC_NO_ACCESS", "You may not write there."),
    });
    let ended = home.run(&["put", "a.txt", "b.txt", "c.txt", "ACTIVE!12"]);
    assert_eq!(ended.code, Some(6));
    assert_eq!(ended.out, "“a.txt” is now ACTIVE!34.1 (1 B).\n");
    assert_eq!(
        ended.err,
        "You may not write there.\n1 file of 3 arrived; send the others again, from “b.txt” on.\n"
    );
}

#[test]
fn a_download_that_breaks_goes_on_where_it_broke() {
    let home = Home::new();
    let played = home.play_agent(|request, before| match (request.path.as_str(), before) {
        ("/work/api", _) => discovery(),
        (PROFILE, _) => profile(CHECKSUM),
        (DOWNLOAD, 0) => Reply::bytes(200, "ETag: \"one\"\r\n", b"0123").broken_off(10),
        (DOWNLOAD, 1) => Reply::bytes(
            206,
            "ETag: \"one\"\r\nContent-Range: bytes 4-9/10\r\n",
            b"4567",
        )
        .broken_off(6),
        (DOWNLOAD, 2) => Reply::bytes(
            206,
            "ETag: \"one\"\r\nContent-Range: bytes 8-9/10\r\n",
            b"89",
        ),
        other => panic!("{other:?}"),
    });
    let ended = home.run(&["get", "ACTIVE!34.1"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.out, "ACTIVE!34.1 is now “Letter.docx” (10 B).\n");
    assert_eq!(
        std::fs::read(home.path("Letter.docx")).expect("there"),
        b"0123456789"
    );
    assert_eq!(home.names(), ["Letter.docx"]);
    let requests = played.requests();
    let ranges: Vec<(&str, &str)> = requests
        .iter()
        .filter(|request| request.path == DOWNLOAD)
        .map(|request| (request.header("range"), request.header("if-range")))
        .collect();
    assert_eq!(
        ranges,
        [("", ""), ("bytes=4-", "\"one\""), ("bytes=8-", "\"one\"")]
    );
}

#[test]
fn a_server_without_ranges_sends_it_all_again_and_nothing_is_doubled() {
    let home = Home::new();
    home.play_agent(|request, before| match (request.path.as_str(), before) {
        ("/work/api", _) => discovery(),
        (PROFILE, _) => profile(CHECKSUM),
        (DOWNLOAD, 0) => Reply::bytes(200, "", b"0123").broken_off(10),
        _ => Reply::bytes(200, "", b"0123456789"),
    });
    let ended = home.run(&["get", "ACTIVE!34.1", "-o", "here.docx", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(
        ended.json(),
        json!({"id": "ACTIVE!34.1", "path": "here.docx", "size": 10, "checksum": CHECKSUM})
    );
    assert_eq!(
        std::fs::read(home.path("here.docx")).expect("there"),
        b"0123456789"
    );
}

#[test]
fn a_transfer_that_never_gets_on_is_given_up_and_leaves_nothing() {
    let home = Home::new();
    let played = home.play_agent(|request, _| match request.path.as_str() {
        "/work/api" => discovery(),
        PROFILE => profile(CHECKSUM),
        _ => Reply::bytes(200, "", b"").broken_off(10),
    });
    let ended = home.run(&["get", "ACTIVE!34.1"]);
    assert_eq!(ended.code, Some(10), "{ended:?}");
    assert_eq!(home.names(), Vec::<String>::new());
    let tries = played
        .requests()
        .iter()
        .filter(|one| one.path == DOWNLOAD)
        .count();
    assert_eq!(tries, 3);
}

#[test]
fn a_wrong_checksum_is_never_kept() {
    let home = Home::new();
    home.file("Letter.docx", b"what was there");
    home.play_agent(|request, _| match request.path.as_str() {
        "/work/api" => discovery(),
        PROFILE => profile(CHECKSUM),
        _ => Reply::bytes(200, "", b"012345678X"),
    });
    let ended = home.run(&["get", "ACTIVE!34.1", "--force"]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.err,
        "What arrived is not what the server keeps: the checksum differs. Nothing was kept. Try again; if it stays so, tell whoever runs the server.\n"
    );
    assert_eq!(
        std::fs::read(home.path("Letter.docx")).expect("there"),
        b"what was there"
    );
    assert_eq!(home.names(), ["Letter.docx"]);
}

#[test]
fn a_file_that_is_there_is_replaced_only_when_it_was_named_or_forced() {
    let home = Home::new();
    home.play_agent(|request, _| match request.path.as_str() {
        "/work/api" => discovery(),
        PROFILE => profile(CHECKSUM),
        _ => Reply::bytes(200, "", b"0123456789"),
    });
    std::fs::create_dir(home.path("letters")).expect("made");
    assert_eq!(
        home.run(&["get", "ACTIVE!34.1", "-o", "letters"]).code,
        Some(0)
    );
    let ended = home.run(&["get", "ACTIVE!34.1", "-o", "letters/"]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.err,
        "“letters/Letter.docx” is there already. Replace it with “--force”, or name another file with “--output”.\n"
    );
    assert_eq!(
        home.run(&["get", "ACTIVE!34.1", "-o", "letters", "--force"])
            .code,
        Some(0)
    );
    assert_eq!(
        home.run(&["get", "ACTIVE!34.1", "-o", "letters/Letter.docx"])
            .code,
        Some(0)
    );
    let ended = home.run(&["get", "ACTIVE!34.1", "-o", "nowhere/"]);
    assert_eq!(
        ended.err,
        "There is no directory “nowhere/”. Make it first.\n"
    );
    let ended = home.run(&["get", "ACTIVE!34.1", "-o", "-"]);
    assert_eq!(ended.out, "0123456789");

    // A link stays one, and a device is never replaced by a file.
    let real = home.file("real.docx", b"before");
    std::os::unix::fs::symlink(&real, home.path("link.docx")).expect("linked");
    assert_eq!(
        home.run(&["get", "ACTIVE!34.1", "-o", "link.docx"]).code,
        Some(0)
    );
    assert!(home.path("link.docx").is_symlink());
    assert_eq!(std::fs::read(&real).expect("there"), b"0123456789");
    let socket = home.path("a.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("bound");
    let ended = home.run(&["get", "ACTIVE!34.1", "-o", "a.sock"]);
    assert_eq!(ended.code, Some(2));
    assert_eq!(
        ended.err,
        "“a.sock” is no file that could be replaced. For the standard output, write “--output -”.\n"
    );
}

#[test]
fn a_document_without_a_version_is_its_latest() {
    let home = Home::new();
    home.play_agent(|request, _| match request.path.as_str() {
        "/work/api" => discovery(),
        path if path.ends_with("/documents?document_number=34&limit=500") => Reply::json(
            200,
            &json!({"data": {"results": [{"id": "ACTIVE!34.2"}, {"id": "ACTIVE!34.10"}, {"id": "ACTIVE!34.9"}]}}),
        ),
        path if path.ends_with("/documents/ACTIVE!34.10") => Reply::json(200, &json!({"data": {"name": "L"}})),
        path if path.ends_with("/documents/ACTIVE!34.10/download?activity=export") => Reply::bytes(200, "", b"ten"),
        other => panic!("{other}"),
    });
    let ended = home.run(&["get", "ACTIVE!34", "-o", "-"]);
    assert_eq!(ended.out, "ten", "{ended:?}");
}

#[test]
fn a_document_that_is_not_there_is_named_as_it_was_typed() {
    let home = Home::new();
    home.play_agent(|request, _| match request.path.as_str() {
        "/work/api" => discovery(),
        _ => Reply::error(404, "NRC_NO_RECORD", "Not here."),
    });
    let ended = home.run(&["get", "active!34.1"]);
    assert_eq!(ended.code, Some(5));
    assert_eq!(
        ended.err,
        "There is no document “active!34.1”, or you may not see it.\n“chancery ls” shows what is there.\n"
    );
}

#[test]
fn an_interrupted_download_leaves_nothing_behind() {
    let home = Home::new();
    let (arrived, seen) = std::sync::mpsc::channel();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    home.play_agent(move |request, _| match request.path.as_str() {
        "/work/api" => discovery(),
        PROFILE => profile(CHECKSUM),
        _ => {
            arrived.send(()).expect("waited for");
            // Until the test is over: the answer never comes.
            let _ = held.lock().expect("not poisoned").recv();
            Reply::bytes(200, "", b"")
        }
    });
    let child = home
        .command(&["get", "ACTIVE!34.1"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it runs");
    seen.recv().expect("asked");
    assert_eq!(home.names().len(), 1, "the file beside is there");
    let pid = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    rustix::process::kill_process(pid.expect("a process"), rustix::process::Signal::INT)
        .expect("sent");
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(130));
    assert_eq!(home.names(), Vec::<String>::new());
    drop(release);
}

#[test]
fn a_server_that_goes_away_is_waited_for_and_the_download_goes_on() {
    let home = Home::new();
    let events = ["offline", "signing-in", "connected"].map(|state| {
        let status = json!({"state": state, "sentence": "", "keyring": "found"});
        format!("{}\n", json!({"number": 0, "status": status}))
    });
    home.play_agent(
        move |request, before| match (request.path.as_str(), before) {
            ("/work/api", _) => discovery(),
            ("/agent/v1/watch", _) => Reply::bytes(200, "", events.concat().as_bytes()),
            (PROFILE, _) => profile(CHECKSUM),
            (DOWNLOAD, 0) => Reply::bytes(200, "", b"0123").broken_off(10),
            (DOWNLOAD, 1) => Reply::error(503, "CHANCERY_OFFLINE", "It cannot be reached."),
            (DOWNLOAD, _) => Reply::bytes(206, "Content-Range: bytes 4-9/10\r\n", b"456789"),
            other => panic!("{other:?}"),
        },
    );
    let ended = home.run(&["get", "ACTIVE!34.1"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(
        ended.err,
        "The server cannot be reached; this goes on when it is back.\n"
    );
    assert_eq!(
        std::fs::read(home.path("Letter.docx")).expect("there"),
        b"0123456789"
    );
}

#[test]
fn an_upload_whose_answer_is_lost_is_sent_again_only_where_the_key_is_kept() {
    for (capabilities, code, uploads) in [(json!(["idempotency"]), 0, 2), (json!([]), 10, 1)] {
        let home = Home::new();
        home.file("letter.txt", b"0123456789");
        let found = json!({"data": {"dms_version": "10.4.5", "capabilities": capabilities,
            "user": {"customer_id": 7, "id": "JDOE"}}});
        let played =
            home.play_agent(
                move |request, before| match (request.path.as_str(), before) {
                    ("/work/api", _) => Reply::json(200, &found),
                    (_, 0) => Reply::bytes(201, "", b"{").broken_off(100),
                    _ => Reply::json(201, &json!({"data": {"id": "ACTIVE!34.1"}})),
                },
            );
        let ended = home.run(&["put", "letter.txt", "ACTIVE!12"]);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        let sent = played
            .requests()
            .iter()
            .filter(|one| one.method == "POST")
            .count();
        assert_eq!(sent, uploads);
    }
}
