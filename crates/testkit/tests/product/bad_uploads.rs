//! Uploads as other clients send them, and uploads that must not leave a trace.

use chancery_testkit::server::{API, TestServer, Upload};
use chancery_testkit::{Answer, Request, TestHome};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

struct Place {
    server: TestServer,
    token: String,
    folder: String,
}

impl Place {
    fn new() -> Self {
        let server = TestServer::start();
        let token = server.sign_in();
        let workspace = server.workspace(&token, "Uploads");
        let folder = server.folder(&token, &workspace, "In");
        Self {
            server,
            token,
            folder,
        }
    }

    fn path(&self) -> String {
        format!("{API}/folders/{}/documents", self.folder)
    }

    fn send(&self, content_type: &str, body: &[u8]) -> Answer {
        let call = Request::new("POST", &self.path())
            .token(&self.token)
            .body(content_type, body);
        self.server.call(call)
    }

    /// A multipart body with these parts: headers, then content.
    fn parts(&self, parts: &[(&str, &str)]) -> Answer {
        let boundary = "----WebKitFormBoundaryq2Yd0dYc";
        let mut body = String::new();
        for (headers, content) in parts {
            body.push_str(&format!("--{boundary}\r\n{headers}\r\n\r\n{content}\r\n"));
        }
        body.push_str(&format!("--{boundary}--\r\n"));
        self.send(
            &format!("multipart/form-data; boundary=\"{boundary}\""),
            body.as_bytes(),
        )
    }

    /// The folder has no documents and the disk no bytes of any.
    fn is_untouched(&mut self) {
        let list = Request::get(&format!("{}?total=true", self.path())).token(&self.token);
        let answer = self.server.call(list).expect(200).json();
        assert_eq!(
            (&answer["data"], &answer["total_count"]),
            (&json!([]), &json!(0))
        );
        self.server.kill();
        self.server.begin();
        let check = self.server.command(&["check"]);
        let said = String::from_utf8_lossy(&check.stdout).into_owned();
        assert!(
            said.starts_with("Checked 0 versions, 0 bytes. 0 objects belong to no version."),
            "{said}"
        );
    }
}

#[track_caller]
fn refused(answer: &Answer, status: u16, field: &str, reason: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    let error = &answer.json()["error"];
    assert_eq!(error["code"], "NRC_INVALID_PARAM", "{error}");
    assert_eq!(error["messages"][0]["field"], field, "{error}");
    assert_eq!(error["messages"][0]["code_message"], reason, "{error}");
    assert_eq!(error["code_message"], error["message"]);
}

const PROFILE: &str = r#"{"doc_profile":{"name":"Letter","extension":"txt"}}"#;

#[test]
fn parts_are_read_in_every_form_that_clients_send() {
    let place = Place::new();
    for (what, parts) in [
        (
            "type first, names without quotes, no file name",
            vec![
                (
                    "Content-Type: application/json; charset=utf-8\r\nContent-Disposition: form-data; name=profile",
                    PROFILE,
                ),
                ("Content-Disposition: form-data; name=file", "hello"),
            ],
        ),
        (
            "a profile that claims to be a file, without a type",
            vec![
                (
                    "Content-Disposition: form-data; name=\"profile\"; filename=\"blob\"",
                    PROFILE,
                ),
                (
                    "Content-Disposition: form-data; name=\"file\"; filename=\"C:\\Users\\a\\Letter.txt\"",
                    "hello",
                ),
            ],
        ),
        (
            "another name for the file, with a space",
            vec![
                ("Content-Disposition: form-data; name=\"profile\"", PROFILE),
                (
                    "Content-Disposition: form-data; name =\"myFile\"; filename=\"x.txt\"",
                    "hello",
                ),
            ],
        ),
        (
            "the file before the profile",
            vec![
                (
                    "Content-Disposition: form-data; name=\"file\"; filename=\"x.txt\"",
                    "hello",
                ),
                ("Content-Disposition: form-data; name=\"profile\"", PROFILE),
            ],
        ),
    ] {
        let answer = place.parts(&parts);
        assert_eq!(answer.status, 201, "{what}: {}", answer.text());
        let answer = answer.json();
        let data = &answer["data"];
        assert!(answer["warnings"].is_array(), "{what}");
        assert_eq!(
            (&data["name"], &data["extension"]),
            (&json!("Letter"), &json!("txt")),
            "{what}"
        );
        assert_eq!(
            (&data["size"], &data["type"]),
            (&json!(5), &json!("ANSI")),
            "{what}"
        );
        for field in [
            "id",
            "database",
            "document_number",
            "version",
            "author",
            "create_date",
            "iwl",
            "workspace_id",
        ] {
            assert!(
                data.get(field).is_some_and(|value| !value.is_null()),
                "{what}: {field}"
            );
        }
        let id = data["id"].as_str().expect("an id");
        let fetch = Request::get(&format!("{API}/documents/{id}/download")).token(&place.token);
        assert_eq!(
            place.server.call(fetch).expect(200).body,
            b"hello",
            "{what}"
        );
    }
}

#[test]
fn a_whole_path_as_file_name_becomes_the_last_part_of_it() {
    let place = Place::new();
    for (path, name) in [
        ("C:\\Users\\a\\Letter.txt", "Letter"),
        ("../../etc/passwd.txt", "passwd"),
        ("/tmp/Notes.txt", "Notes"),
    ] {
        let file = format!("Content-Disposition: form-data; name=\"file\"; filename=\"{path}\"");
        let answer = place.parts(&[(&file, "hello")]).expect(201).json();
        assert_eq!(answer["data"]["name"], name, "{path}");
    }
}

#[test]
fn what_is_wrong_with_an_upload_is_named_and_nothing_is_kept() {
    let mut place = Place::new();
    let file = (
        "Content-Disposition: form-data; name=\"file\"; filename=\"x.txt\"",
        "hello",
    );
    let profile = |json: &'static str| ("Content-Disposition: form-data; name=\"profile\"", json);
    let not_multipart = "it has to be multipart/form-data with a boundary";
    refused(
        &place.send("application/json", b"{}"),
        400,
        "Content-Type",
        not_multipart,
    );
    refused(
        &place.send("multipart/form-data", b"{}"),
        400,
        "Content-Type",
        not_multipart,
    );
    refused(
        &place.parts(&[profile(PROFILE)]),
        400,
        "file",
        "there is no part with the file",
    );
    refused(
        &place.parts(&[profile("[1]"), file]),
        400,
        "profile",
        "it has to be a JSON object, like {\"name\": \"value\"}",
    );
    refused(
        &place.parts(&[profile(r#"{"doc_profile":{"name":7}}"#), file]),
        400,
        "name",
        "it has to be a text",
    );
    refused(
        &place.parts(&[profile(r#"{"doc_profile":{"name":".."}}"#), file]),
        400,
        "name",
        "a name is not “.” or “..”",
    );
    refused(
        &place.parts(&[profile("{\"doc_profile\":{\"name\":\"a\\u0000b\"}}"), file]),
        400,
        "name",
        "a name has no control characters, such as NUL or a line break",
    );
    let zeros = "0".repeat(64);
    let body = format!("{{\"doc_profile\":{{\"name\":\"a\",\"checksum\":\"SHA256:{zeros}\"}}}}");
    let wrong = place.parts(&[
        ("Content-Disposition: form-data; name=\"profile\"", &body),
        file,
    ]);
    refused(
        &wrong,
        400,
        "checksum",
        "the file that came is not the one that was meant: its SHA-256 differs. Send it again",
    );
    place.is_untouched();
}

#[test]
fn an_upload_that_is_cut_off_leaves_nothing() {
    let mut place = Place::new();
    let upload = Upload::named("Half", "bin");
    let file = chancery_testkit::Pattern::bytes(1, 3_000_000);
    let (mut whole, length) = upload.around(file.as_slice(), 3_000_000);
    let mut body = Vec::new();
    std::io::Read::read_to_end(&mut whole, &mut body).expect("from memory");
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nX-Auth-Token: {}\r\nContent-Type: {}\r\nContent-Length: {length}\r\n\r\n",
        place.path(),
        place.server.address(),
        place.token,
        Upload::CONTENT_TYPE
    );
    // Before the profile, in it, in the file, inside the boundary after it, and
    // behind that: the parts are whole and the request is not.
    for kept in [0, 100, 1_000_000, body.len() - 10, body.len() - 1] {
        let bytes = [head.as_bytes(), &body[..kept]].concat();
        // The sender has gone, so the server may answer or just close.
        if let Ok(answer) = place.server.target().raw(&bytes) {
            refused(
                &answer,
                400,
                "body",
                "it was cut off. Nothing was changed. Send it again",
            );
        }
    }
    place.is_untouched();
}

#[test]
fn a_multipart_body_without_its_end_is_cut_off_too() {
    let mut place = Place::new();
    let body = format!(
        "--x\r\nContent-Disposition: form-data; name=\"profile\"\r\n\r\n{PROFILE}\r\n\
         --x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nhello"
    );
    let answer = place.send("multipart/form-data; boundary=x", body.as_bytes());
    refused(
        &answer,
        400,
        "body",
        "it was cut off. Nothing was changed. Send it again",
    );
    place.is_untouched();
}

#[test]
fn the_same_idempotency_key_makes_one_document() {
    let place = Place::new();
    let upload = Upload::named("Once", "txt");
    let send = |key: &str, text: &str| {
        let (body, length) = upload.around(text.as_bytes(), u64::try_from(text.len()).unwrap_or(0));
        let call = Request::new("POST", &place.path())
            .token(&place.token)
            .header("Idempotency-Key", key)
            .stream(Upload::CONTENT_TYPE, body, length);
        place.server.call(call)
    };
    let id = |answer: &Value| answer["data"]["id"].clone();
    let first = send("k-1", "hello").expect(201).json();
    let again = send("k-1", "hello").expect(201).json();
    let other = send("k-2", "hello").expect(201).json();
    assert_eq!(id(&first), id(&again));
    assert_ne!(id(&first), id(&other));
    let list = Request::get(&format!("{}?total=true", place.path())).token(&place.token);
    assert_eq!(place.server.call(list).expect(200).json()["total_count"], 2);
}

#[test]
fn a_caller_that_stops_in_the_middle_is_told_so_and_the_server_is_not_blamed() {
    let home = TestHome::with_keyring();
    let mut place = Place::new();
    home.connect(&place.server);
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: chancery\r\nContent-Type: multipart/form-data; boundary=x\r\n\
         Content-Length: 1000000\r\n\r\n--x\r\n",
        place.path()
    );
    let mut stream = UnixStream::connect(home.socket()).expect("the agent listens");
    stream.write_all(head.as_bytes()).expect("sent");
    stream.shutdown(Shutdown::Write).expect("half closed");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("CHANCERY_BAD_REQUEST"), "{answer}");
    assert!(
        answer.contains("The body was cut off, so nothing was changed. Send it again."),
        "{answer}"
    );
    assert_eq!(home.state(), "connected");
    place.is_untouched();
}
