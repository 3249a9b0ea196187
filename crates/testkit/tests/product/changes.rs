//! What changed, by cursor and as server-sent events.

use crate::sessions::administrator;
use chancery_testkit::server::{API, TestServer, Upload};
use chancery_testkit::waiting::PATIENCE;
use chancery_testkit::{Answer, Request};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

/// A stream of events, read line by line.
struct Stream {
    lines: BufReader<TcpStream>,
}

impl Stream {
    fn open(server: &TestServer, token: &str, path: &str, more: &str) -> Self {
        let mut socket = TcpStream::connect(server.address()).expect("connected");
        socket.set_read_timeout(Some(PATIENCE)).expect("set");
        write!(
            socket,
            "GET {API}{path} HTTP/1.1\r\nHost: {}\r\nX-Auth-Token: {token}\r\nAccept: text/event-stream\r\nConnection: close\r\n{more}\r\n",
            server.address()
        )
        .expect("asked");
        let mut stream = Self {
            lines: BufReader::new(socket),
        };
        let head = stream.until_empty();
        assert!(head[0].starts_with("HTTP/1.1 200"), "{head:?}");
        assert!(
            head.iter()
                .any(|line| line.eq_ignore_ascii_case("content-type: text/event-stream"))
        );
        stream
    }

    fn until_empty(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            let mut line = String::new();
            let length = self.lines.read_line(&mut line).expect("a line");
            let line = line.trim_end().to_owned();
            if length == 0 || line.is_empty() {
                return all;
            }
            all.push(line);
        }
    }

    /// The next event: its cursor and what it says.
    fn event(&mut self) -> (String, Value) {
        loop {
            let mut line = String::new();
            let length = self.lines.read_line(&mut line).expect("an event in time");
            assert!(length > 0, "the stream is over");
            let Some(id) = line.trim_end().strip_prefix("id: ") else {
                continue;
            };
            let rest = self.until_empty();
            if let Some(data) = rest.iter().find_map(|line| line.strip_prefix("data: ")) {
                assert_eq!(rest[0], "event: change");
                return (id.to_owned(), serde_json::from_str(data).expect("JSON"));
            }
        }
    }

    /// Whether the server ends it.
    fn ends(mut self) -> bool {
        let mut line = String::new();
        loop {
            line.clear();
            match self.lines.read_line(&mut line) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
    }
}

fn person(server: &TestServer, id: &str) -> String {
    let password = server.add_person(id);
    let body = json!({"user_id": id, "password": password, "application_name": "tests"});
    let login = Request::new("PUT", "/api/v1/session/login").json(&body);
    let answer = server.call(login).expect(200).json();
    answer["X-Auth-Token"].as_str().expect("a token").to_owned()
}

fn feed(server: &TestServer, token: &str, query: &str) -> Answer {
    let path = format!("{API}/change-events{query}");
    server.call(Request::get(&path).token(token))
}

fn letter(server: &TestServer, token: &str, folder: &str) -> String {
    let upload = Upload::named("Letter", "txt");
    let (body, length) = upload.around(&b"text"[..], 4);
    let path = format!("{API}/folders/{folder}/documents");
    let call = Request::new("POST", &path).token(token);
    let filed = server.call(call.stream(Upload::CONTENT_TYPE, body, length));
    let filed = filed.expect(201).json();
    filed["data"]["id"].as_str().expect("an id").to_owned()
}

#[test]
fn a_client_follows_what_changes_by_its_cursor() {
    let server = TestServer::start();
    let (ann, bob) = (person(&server, "Ann"), person(&server, "Bob"));
    let begun = feed(&server, &ann, "?cursor=now").expect(200).json();
    assert_eq!(begun["data"], json!([]));
    let cursor = begun["cursor"].as_str().expect("a cursor").to_owned();
    let workspace = server.workspace(&ann, "Matter");
    let folder = server.folder(&ann, &workspace, "Letters");
    let letter = letter(&server, &ann, &folder);
    let fed = feed(&server, &ann, &format!("?cursor={cursor}"))
        .expect(200)
        .json();
    assert_eq!(fed["overflow"], false);
    let short: Vec<Value> = fed["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            json!([
                one["action_type"],
                one["item_type"],
                one["object_id"],
                one["related_object_id"]
            ])
        })
        .collect();
    assert_eq!(
        short,
        [
            json!(["insert", "workspace", workspace, null]),
            json!(["insert", "folder", folder, workspace]),
            json!(["insert", "document", letter, null]),
            json!(["document_link", "document", letter, folder]),
        ]
    );
    for event in fed["data"].as_array().expect("a list") {
        assert_eq!(event["root_id"], workspace);
        assert!(
            event["event_date"]
                .as_str()
                .is_some_and(|date| date.ends_with('Z'))
        );
    }
    let next = fed["cursor"].as_str().expect("a cursor");
    assert_eq!(
        feed(&server, &ann, &format!("?cursor={next}"))
            .expect(200)
            .json()["data"],
        json!([])
    );
    let narrowed = feed(
        &server,
        &ann,
        &format!("?cursor={cursor}&item_types=document&actions=insert"),
    );
    assert_eq!(
        narrowed.expect(200).json()["data"].as_array().map(Vec::len),
        Some(1)
    );
    let first = feed(&server, &ann, &format!("?cursor={cursor}&limit=1"))
        .expect(200)
        .json();
    assert_eq!(
        (
            first["overflow"].clone(),
            first["data"].as_array().map(Vec::len)
        ),
        (json!(true), Some(1))
    );
    // Nobody hears of what they may not see.
    let path = format!("{API}/workspaces/{workspace}/security");
    let private = json!({"default_security": "private"});
    let _ = server
        .call(Request::new("POST", &path).token(&ann).json(&private))
        .expect(200);
    let fed = feed(&server, &bob, &format!("?cursor={cursor}"))
        .expect(200)
        .json();
    assert_eq!(fed["data"], json!([]), "{fed}");
    for (query, field) in [
        ("?cursor=x", "cursor"),
        ("?cursor=-1", "cursor"),
        ("?cursor=9223372036854775807", "cursor"),
        ("?cursor=99999999999999999999", "cursor"),
        ("?actions=explode", "actions"),
        ("?item_types=tab", "item_types"),
        ("?limit=0", "limit"),
    ] {
        let refused = feed(&server, &ann, query).expect(400).json();
        assert_eq!(refused["error"]["messages"][0]["field"], field, "{query}");
    }
    let _ = server
        .call(Request::get(&format!("{API}/change-events")))
        .expect(401);
}

#[test]
fn whoever_listens_hears_at_once_and_goes_on_where_they_were() {
    let server = TestServer::start();
    let (ann, bob) = (person(&server, "Ann"), person(&server, "Bob"));
    let mut anns = Stream::open(&server, &ann, "/change-events", "");
    let mut bobs = Stream::open(
        &server,
        &bob,
        "/change-events/stream?item_types=workspace",
        "",
    );
    let workspace = server.workspace(&ann, "Matter");
    let (cursor, event) = anns.event();
    assert_eq!(
        (event["object_id"].as_str(), &event["id"]),
        (Some(workspace.as_str()), &json!(cursor))
    );
    assert_eq!(bobs.event().1["object_id"], workspace);
    let folder = server.folder(&ann, &workspace, "Letters");
    assert_eq!(anns.event().1["object_id"], folder);
    drop(anns);
    let letter = letter(&server, &ann, &folder);
    let mut again = Stream::open(
        &server,
        &ann,
        "/change-events",
        &format!("Last-Event-ID: {cursor}\r\n"),
    );
    let heard: Vec<Value> = (0..3)
        .map(|_| again.event().1["object_id"].clone())
        .collect();
    assert_eq!(heard, [json!(folder), json!(letter), json!(letter)]);
    // What becomes private is told to whoever may see it, and to nobody else.
    let path = format!("{API}/workspaces/{workspace}/security");
    let private = json!({"default_security": "private"});
    let _ = server
        .call(Request::new("POST", &path).token(&ann).json(&private))
        .expect(200);
    let second = server.workspace(&bob, "Another");
    let (_, event) = again.event();
    assert_eq!(
        (&event["action_type"], &event["object_id"]),
        (&json!("security_update"), &json!(workspace))
    );
    assert_eq!(again.event().1["object_id"], second);
    assert_eq!(bobs.event().1["object_id"], second);
}

#[test]
fn a_stream_ends_with_its_session_and_with_the_server() {
    let mut server = TestServer::start();
    let (ann, bob) = (person(&server, "Ann"), person(&server, "Bob"));
    let anns = Stream::open(&server, &ann, "/change-events", "");
    let bobs = Stream::open(&server, &bob, "/change-events", "");
    let _ = server
        .call(Request::new("PUT", "/api/v1/session/logout").token(&ann))
        .expect(200);
    // The next change wakes it.
    let workspace = server.workspace(&bob, "Matter");
    assert!(anns.ends());
    let mut bobs = bobs;
    assert_eq!(bobs.event().1["object_id"], workspace);
    server.stop();
    assert!(bobs.ends());
}

#[test]
fn nobody_takes_all_the_places_there_are() {
    let server = TestServer::start();
    let (ann, bob) = (person(&server, "Ann"), person(&server, "Bob"));
    let open: Vec<Stream> = (0..20)
        .map(|_| Stream::open(&server, &ann, "/change-events", ""))
        .collect();
    let path = format!("{API}/change-events/stream");
    let refused = server.call(Request::get(&path).token(&ann));
    assert_eq!(refused.status, 429);
    assert!(refused.header("retry-after").is_some());
    drop(Stream::open(&server, &bob, "/change-events", ""));
    drop(open);
    let old = format!("{path}?cursor=99999");
    let _ = server.call(Request::get(&old).token(&bob)).expect(400);
    let root = administrator(&server);
    let elsewhere = path.replace("ACTIVE", "NOWHERE");
    let _ = server
        .call(Request::get(&elsewhere).token(&root))
        .expect(404);
}
