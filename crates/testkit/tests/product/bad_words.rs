//! Requests that make no sense, or ask for what is not theirs: the exact
//! answer, and nothing changed.

use chancery_testkit::server::{API, TestServer, Upload};
use chancery_testkit::{Answer, Request};
use serde_json::{Value, json};

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text());
    let error = answer.json()["error"].clone();
    assert_eq!(error["code"], code, "{error}");
    let text = error["code_message"].as_str().unwrap_or_default();
    assert!(!text.is_empty() && error["message"] == text, "{error}");
    assert!(
        error["transaction"].is_string() && error["dms_version"].is_string(),
        "{error}"
    );
    error
}

fn workspaces() -> String {
    format!("{API}/workspaces")
}

#[test]
fn a_body_that_is_no_json_object_is_refused_with_the_place() {
    let server = TestServer::start();
    let token = server.sign_in();
    let post = |body: &[u8]| {
        let call = Request::new("POST", &workspaces())
            .token(&token)
            .body("application/json", body);
        server.call(call)
    };
    let deep = "[".repeat(100_000);
    for (body, reason) in [
        (
            b"{\"name\":".as_slice(),
            "it is not JSON: EOF while parsing a value at line 1 column 8",
        ),
        (
            b"",
            "it is not JSON: EOF while parsing a value at line 1 column 0",
        ),
        (
            b"[]",
            "it has to be a JSON object, like {\"name\": \"value\"}",
        ),
        (
            b"{\"name\":\"\xff\"}",
            "it is not JSON: invalid unicode code point at line 1 column 10",
        ),
        (
            deep.as_bytes(),
            "it is not JSON: recursion limit exceeded at line 1 column 128",
        ),
    ] {
        let error = refused(&post(body), 400, "NRC_INVALID_PARAM");
        assert_eq!(error["messages"][0]["field"], "body");
        assert_eq!(error["messages"][0]["code_message"], reason);
    }
    let long = format!("{{\"name\":\"{}\"}}", "x".repeat(2_000_000));
    refused(&post(long.as_bytes()), 413, "NRC_LIMIT");
    let list = server
        .call(Request::get(&workspaces()).token(&token))
        .expect(200);
    assert_eq!(list.json()["data"]["results"], json!([]));
}

#[test]
fn names_that_cannot_be_are_refused() {
    let server = TestServer::start();
    let token = server.sign_in();
    for (name, reason) in [
        (json!(".."), "a name is not “.” or “..”"),
        (json!("."), "a name is not “.” or “..”"),
        (
            json!("a\u{0}b"),
            "a name has no control characters, such as NUL or a line break",
        ),
        (
            json!("a\nb"),
            "a name has no control characters, such as NUL or a line break",
        ),
        (
            json!("  "),
            "a name has at least one character that can be seen",
        ),
        (json!("x".repeat(256)), "a name has at most 255 characters"),
        (json!(7), "it has to be a text"),
        (json!(["a"]), "it has to be a text"),
        (Value::Null, "it is missing"),
    ] {
        let call = Request::new("POST", &workspaces())
            .token(&token)
            .json(&json!({"name": name}));
        let error = refused(&server.call(call), 400, "NRC_INVALID_PARAM");
        assert_eq!(error["messages"][0]["field"], "name", "{name}");
        assert_eq!(error["messages"][0]["code_message"], reason, "{name}");
    }
    // Dots and slashes inside a name are a name like any other, never a path.
    let name = "../../etc/passwd";
    let id = server.workspace(&token, name);
    let answer = server
        .call(Request::get(&format!("{API}/workspaces/{id}")).token(&token))
        .expect(200);
    assert_eq!(answer.json()["data"]["name"], name);
}

#[test]
fn paging_that_cannot_be_is_refused_with_the_field() {
    let server = TestServer::start();
    let token = server.sign_in();
    for (query, field, reason) in [
        ("limit=0", "limit", "it has to be between 1 and 9999"),
        ("limit=10000", "limit", "it has to be between 1 and 9999"),
        ("limit=ten", "limit", "it has to be a number of 0 or more"),
        ("offset=-1", "offset", "it has to be a number of 0 or more"),
        ("total=perhaps", "total", "it has to be true or false"),
        (
            "paging_mode=sideways",
            "paging_mode",
            "it has to be standard or standard_cursor",
        ),
    ] {
        let call = Request::get(&format!("{}?{query}", workspaces())).token(&token);
        let error = refused(&server.call(call), 400, "NRC_INVALID_PARAM");
        assert_eq!(error["messages"][0]["field"], field, "{query}");
        assert_eq!(error["messages"][0]["code_message"], reason, "{query}");
    }
    let past = Request::get(&format!("{}?offset=1000&total=true", workspaces())).token(&token);
    let answer = server.call(past).expect(200).json();
    assert_eq!(
        (&answer["data"]["results"], &answer["total_count"]),
        (&json!([]), &json!(0))
    );
}

#[test]
fn ids_of_another_library_open_nothing() {
    let server = TestServer::start();
    let token = server.sign_in();
    let made = server.command(&["library", "add", "OTHER"]);
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let workspace = server.workspace(&token, "Here");
    let folder = server.folder(&token, &workspace, "In");
    let upload = Upload::named("Letter", "txt");
    let (body, length) = upload.around(b"hello".as_slice(), 5);
    let call = Request::new("POST", &format!("{API}/folders/{folder}/documents"))
        .token(&token)
        .stream(Upload::CONTENT_TYPE, body, length);
    let document = server.call(call).expect(201).json()["data"]["id"].clone();
    let document = document.as_str().expect("an id");
    let other = API.replace("ACTIVE", "OTHER");
    let away = document.replace("ACTIVE", "OTHER");
    for path in [
        format!("{other}/documents/{document}"),
        format!("{API}/documents/{away}"),
        format!("{other}/documents/{away}"),
        format!("{other}/documents/{document}/download"),
        format!("{other}/documents/{document}/versions"),
        format!("{other}/workspaces/{workspace}"),
        format!("{other}/folders/{folder}/children"),
        format!("{API}/documents/ACTIVE!999999.1"),
        API.replace("ACTIVE", "NOWHERE") + "/workspaces",
        API.replace("customers/1", "customers/2") + "/workspaces",
    ] {
        refused(
            &server.call(Request::get(&path).token(&token)),
            404,
            "NRC_NO_RECORD",
        );
    }
    let delete = Request::new("DELETE", &format!("{other}/documents/{document}")).token(&token);
    refused(&server.call(delete), 404, "NRC_NO_RECORD");
    let fetch = Request::get(&format!("{API}/documents/{document}/download")).token(&token);
    assert_eq!(server.call(fetch).expect(200).body, b"hello");
}

#[test]
fn ids_and_paths_that_are_none_are_refused_in_json() {
    let server = TestServer::start();
    let token = server.sign_in();
    let get = |path: &str| server.call(Request::get(path).token(&token));
    for id in [
        "ACTIVE",
        "ACTIVE!",
        "ACTIVE!x.1",
        "ACTIVE!1.x",
        "ACTIVE!-1.1",
        "ACTIVE!99999999999999999999.1",
    ] {
        let error = refused(
            &get(&format!("{API}/documents/{id}")),
            400,
            "NRC_INVALID_PARAM",
        );
        assert_eq!(error["messages"][0]["field"], "id", "{id}");
    }
    refused(
        &get(&format!("{API}/documents/%ff")),
        400,
        "NRC_INVALID_PARAM",
    );
    refused(
        &get(&format!("{API}/nothing-of-the-kind")),
        404,
        "NRC_NO_ROUTE",
    );
    refused(&get("/nothing"), 404, "NRC_NO_ROUTE");
    let wrong = Request::new("DELETE", &workspaces()).token(&token);
    refused(&server.call(wrong), 405, "NRC_NO_ROUTE");
}

#[test]
fn the_three_prefixes_double_slashes_and_escaped_ids_mean_the_same() {
    let server = TestServer::start();
    let token = server.sign_in();
    let id = server.workspace(&token, "Everywhere");
    let escaped = id.replace('!', "%21");
    for path in [
        format!("/work/api/v2/customers/1/libraries/ACTIVE/workspaces/{id}"),
        format!("/api/v2/customers/1/libraries/ACTIVE/workspaces/{id}"),
        format!("/work/web/api/v2/customers/1/libraries/ACTIVE/workspaces/{id}"),
        format!("/work/api/v2/customers/1//libraries/active/workspaces/{escaped}"),
    ] {
        let answer = server.call(Request::get(&path).token(&token));
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_eq!(answer.json()["data"]["id"], id.as_str(), "{path}");
    }
}

#[test]
fn a_login_that_lacks_something_says_what() {
    let server = TestServer::start();
    for (body, field) in [
        (json!({"password": "x"}), "user_id"),
        (json!({"user_id": "x"}), "password"),
        (json!({"user_id": 7, "password": "x"}), "user_id"),
    ] {
        let call = Request::new("PUT", "/api/v1/session/login").json(&body);
        let error = refused(&server.call(call), 400, "NRC_INVALID_PARAM");
        assert_eq!(error["messages"][0]["field"], field, "{body}");
    }
}
