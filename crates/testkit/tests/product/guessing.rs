//! Somebody guesses passwords.

use chancery_testkit::server::{ADMIN, PASSWORD, TestServer};
use chancery_testkit::waiting::eventually;
use chancery_testkit::{Answer, Request, TestHome};
use serde_json::json;

fn login(server: &TestServer, user: &str, password: &str) -> Answer {
    let body = json!({"user_id": user, "password": password});
    server.call(Request::new("PUT", "/api/v1/session/login").json(&body))
}

fn token(server: &TestServer, user: &str, password: &str) -> Answer {
    let form =
        format!("grant_type=password&client_id=chancery-agent&username={user}&password={password}");
    let request = Request::new("POST", "/auth/oauth2/token");
    server.call(request.body("application/x-www-form-urlencoded", form))
}

#[test]
fn after_five_wrong_passwords_every_door_waits_and_nobody_else_does() {
    let server = TestServer::start();
    let anns = server.add_person("ann");
    // By two doors, in whatever spelling, it is one account.
    for (number, user) in ["ann", "ANN", "Ann", "aNN"].into_iter().enumerate() {
        let refused = login(&server, user, &format!("guess {number}"));
        assert_eq!(refused.status, 401, "{}", refused.text());
    }
    assert_eq!(token(&server, "ann", "guess").status, 400);
    let waits = login(&server, "ann", &anns);
    assert_eq!(waits.status, 429, "{}", waits.text());
    assert_eq!(waits.header("retry-after"), Some("1"));
    assert_eq!(waits.error_code(), "NRC_LIMIT");
    let waits = token(&server, "ann", &anns);
    assert_eq!(waits.status, 429, "{}", waits.text());
    assert_eq!(waits.json()["error"], "temporarily_unavailable");
    // Others sign in meanwhile.
    let _ = server.sign_in();
    // It is a matter of a second.
    eventually("the right password is taken", || {
        (login(&server, "ann", &anns).status == 200).then_some(())
    });
}

#[test]
fn a_person_is_told_to_wait_and_not_that_the_server_is_busy() {
    let (home, server) = (TestHome::without_keyring(), TestServer::start());
    let connect = |password: &str| {
        let words = [
            "connect",
            &server.url(),
            "--user",
            ADMIN,
            "--password-stdin",
        ];
        home.chancery_reading(&words, &format!("{password}\n"))
    };
    for _ in 0..5 {
        let refused = connect("guess");
        assert_eq!(refused.code, 3, "{}", refused.err);
    }
    let waits = connect(PASSWORD);
    assert_ne!(waits.code, 0);
    assert_eq!(
        waits.err,
        "Too many wrong passwords came there, so none is looked at now. Wait a second, then try again.\n"
    );
    eventually("then the right one connects", || {
        (connect(PASSWORD).code == 0).then_some(())
    });
}
