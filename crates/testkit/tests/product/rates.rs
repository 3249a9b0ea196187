//! What one person may take of a server.

use crate::sessions::administrator;
use chancery_testkit::Request;
use chancery_testkit::server::{API, TestServer};
use std::io::Read as _;

#[test]
fn whoever_asks_too_much_is_told_when_to_ask_again_and_nobody_else_is() {
    let server = TestServer::configured("[limits]\nrequests_per_minute = 5\n");
    let (token, other) = (server.sign_in(), {
        let password = server.add_person("Ann");
        let body = serde_json::json!({"user_id": "Ann", "password": password});
        let login = Request::new("PUT", "/api/v1/session/login").json(&body);
        let answer = server.call(login).expect(200).json();
        answer["X-Auth-Token"].as_str().expect("a token").to_owned()
    });
    let path = format!("{API}/documents");
    let ask = |token: &str| server.call(Request::get(&path).token(token));
    let number = |answer: &chancery_testkit::Answer, name: &str| -> u64 {
        let value = answer.header(name).expect("a header");
        value.parse().expect("a number")
    };
    for left in (0..5).rev() {
        let answer = ask(&token);
        assert_eq!(answer.status, 200);
        // Some may have come back meanwhile.
        assert!(number(&answer, "x-ratelimit-remaining") >= left);
        assert!(number(&answer, "x-ratelimit-reset") <= 60);
    }
    // A request every twelve seconds: this is refused before one has come back.
    let refused = (0..3)
        .map(|_| ask(&token))
        .find(|answer| answer.status == 429);
    let refused = refused.expect("refused");
    let wait = number(&refused, "retry-after");
    assert!((1..=12).contains(&wait), "{wait}");
    assert_eq!(number(&refused, "x-ratelimit-retryafter"), wait);
    assert_eq!(number(&refused, "x-ratelimit-remaining"), 0);
    let error = refused.json();
    assert!(
        error["error"]["code_message"]
            .as_str()
            .is_some_and(|text| text.contains("Wait"))
    );
    // An upload is refused too, and its sender reads the answer.
    let folder = Request::new("POST", &format!("{API}/folders/ACTIVE!1/documents")).token(&token);
    let upload = chancery_testkit::server::Upload::named("Letter", "txt");
    let (body, length) = upload.around(std::io::repeat(7).take(4 << 20), 4 << 20);
    let upload = folder.stream(chancery_testkit::server::Upload::CONTENT_TYPE, body, length);
    assert_eq!(server.call(upload).status, 429);
    assert_eq!(ask(&other).status, 200);
    // Without a session nobody is counted, and nothing is told.
    let anonymous = server.call(Request::get("/api"));
    assert!(anonymous.header("x-ratelimit-remaining").is_none());
}

#[test]
fn without_a_limit_nothing_is_told_of_one() {
    let server = TestServer::configured("[limits]\nrequests_per_minute = 0\n");
    let root = administrator(&server);
    let answer = server.call(Request::get(&format!("{API}/documents")).token(&root));
    assert_eq!(answer.status, 200);
    assert!(answer.header("x-ratelimit-remaining").is_none());
}
