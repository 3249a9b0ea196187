//! Sign-in at the server's own doors.

use chancery_testkit::server::{ADMIN, API, PASSWORD, TestServer};
use chancery_testkit::{Answer, Request};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn login(server: &TestServer, user: &str, password: &str) -> Answer {
    let body = json!({"user_id": user, "password": password});
    server.call(Request::new("PUT", "/api/v1/session/login").json(&body))
}

/// The error without what is new each time.
fn error_of(answer: &Answer) -> Value {
    let mut error = answer.json()["error"].clone();
    if let Some(fields) = error.as_object_mut() {
        fields.remove("transaction");
    }
    error
}

#[test]
fn a_wrong_password_and_an_unknown_user_get_the_same_answer_at_the_same_price() {
    let server = TestServer::start();
    let known = login(&server, ADMIN, "not the password").expect(401);
    let unknown = login(&server, "nobody", "not the password").expect(401);
    assert_eq!(error_of(&known), error_of(&unknown));
    let text = "User ID or Password is incorrect";
    assert_eq!(known.error_code(), "LoginFailed");
    assert_eq!(error_of(&known)["message"], text);
    assert_eq!(error_of(&known)["code_message"], text);
    let names = |answer: &Answer| -> Vec<String> {
        answer
            .headers
            .iter()
            .map(|(name, _)| name.to_lowercase())
            .collect()
    };
    assert_eq!(names(&known), names(&unknown));
    // A refusal without the work of the password hash would take a hundredth of
    // the time; noise only ever adds, so the fastest of three is compared.
    let fastest = |user: &dyn Fn(usize) -> String| -> Duration {
        (0..3)
            .map(|index| {
                let began = Instant::now();
                let _ = login(&server, &user(index), "not the password").expect(401);
                began.elapsed()
            })
            .min()
            .unwrap_or_default()
    };
    let (known, unknown) = (
        fastest(&|_| ADMIN.to_owned()),
        fastest(&|index| format!("nobody{index}")),
    );
    assert!(
        unknown > known / 4 && known > unknown / 4,
        "{known:?} and {unknown:?}"
    );
}

#[test]
fn the_token_is_the_first_property_and_opens_by_either_header() {
    let server = TestServer::start();
    let answer = login(&server, ADMIN, PASSWORD).expect(200);
    assert!(
        answer.text().starts_with("{\"X-Auth-Token\":\""),
        "{}",
        answer.text()
    );
    let json = answer.json();
    assert_eq!(json["customer_id"], 1);
    assert_eq!(json["max_age"], 14_400);
    assert_eq!(json["user"]["preferred_library"], "ACTIVE");
    let token = json["X-Auth-Token"].as_str().expect("a token");
    assert!(token.len() >= 43, "256 bits in base64url");
    for call in [
        Request::get("/api").header("X-Auth-Token", token),
        Request::get("/work/api").header("Authorization", &format!("Bearer {token}")),
    ] {
        let answer = server.call(call).expect(200);
        let data = &answer.json()["data"];
        assert_eq!(data["auth_status"], "authenticated");
        assert_eq!(data["user"]["customer_id"], 1);
        assert_eq!(
            data["versions"][0]["url"],
            format!("{}/work/api/v2", server.url())
        );
        for header in ["Chancery-Session-Idle", "Chancery-Session-Absolute"] {
            let left: u64 = answer
                .header(header)
                .and_then(|left| left.parse().ok())
                .expect(header);
            assert!(left > 14_000, "{header}: {left}");
        }
    }
}

#[test]
fn without_a_session_discovery_answers_and_work_does_not() {
    let server = TestServer::start();
    let data = server.call(Request::get("/api")).expect(200).json()["data"].clone();
    assert_eq!(data["auth_status"], "unauthenticated");
    assert_eq!(data["product"]["name"], "Chancery");
    assert!(
        data.get("user").is_none() && data.get("work").is_none(),
        "{data}"
    );
    for call in [
        Request::get(&format!("{API}/workspaces")),
        Request::get(&format!("{API}/workspaces")).token("made-up"),
    ] {
        let answer = server.call(call).expect(401);
        assert_eq!(
            error_of(&answer)["message"],
            "X-Auth-Token is invalid or missing"
        );
    }
}

#[test]
fn signing_out_ends_the_session_under_each_of_its_addresses() {
    let server = TestServer::start();
    for (method, path) in [
        ("PUT", "/api/v1/session/logout"),
        ("GET", "/auth/logout"),
        ("GET", "/login/terminate"),
    ] {
        let token = server.sign_in();
        let list = || Request::get(&format!("{API}/workspaces")).token(&token);
        let _ = server.call(list()).expect(200);
        let answer = server.call(Request::new(method, path).token(&token));
        assert!(
            (200..300).contains(&answer.status),
            "{path}: {}",
            answer.status
        );
        let _ = server.call(list()).expect(401);
    }
}

#[test]
fn passwords_and_tokens_are_in_no_log() {
    let server = TestServer::start();
    let token = server.sign_in();
    let _ = login(&server, ADMIN, "a password that is wrong");
    let _ = server.call(Request::get(&format!("{API}/documents/ACTIVE!9.9")).token(&token));
    let log = server.log();
    for secret in [PASSWORD, token.as_str(), "a password that is wrong"] {
        assert!(!log.contains(secret), "{log}");
    }
}
