//! Servers that lie about sessions: what they give, how long it lives, and
//! whether it is over. A person is asked when only a person can go on.

use chancery_testkit::lying::{Asked, LyingServer, Says};
use chancery_testkit::server::API;
use chancery_testkit::{Answer, Request, TestHome};

const TOKEN: &str = "/auth/oauth2/token";

fn stage_with(server: LyingServer) -> (TestHome, LyingServer) {
    let home = TestHome::with_keyring();
    home.connect_to(&server.url());
    assert_eq!(call(&home).status, 200);
    (home, server)
}

fn call(home: &TestHome) -> Answer {
    let get = Request::get(&format!("{API}/workspaces"));
    home.agent().call(get).expect("the agent answers")
}

fn said(answer: &Answer) -> (u16, String) {
    (answer.status, answer.error_code())
}

fn needs_user() -> (u16, String) {
    (401, "CHANCERY_NEEDS_USER".to_owned())
}

/// 401 as something in front of the server says it.
fn html_401() -> Says {
    let lines = "Content-Type: text/html\r\n";
    Says::answer("401 Unauthorized", lines, "<html>Who are you?</html>")
}

fn looks(server: &LyingServer) -> usize {
    let heard = server.heard();
    let look = |asked: &&Asked| asked.path == "/api" && asked.has_session();
    heard.iter().filter(look).count()
}

#[test]
fn one_path_that_refuses_for_ever_ends_no_session_that_nothing_renews() {
    let (home, server) = stage_with(LyingServer::of_another_make());
    server.lie_to_calls(Says::no_session());
    for _ in 0..20 {
        let expected = (401, "NRC_NO_SESSION".to_owned());
        assert_eq!(said(&call(&home)), expected, "the server's own");
    }
    assert_eq!(home.state(), "connected");
    server.repent();
    assert_eq!(call(&home).status, 200);
    assert_eq!(server.asked_for("/api/v1/session/login"), 1);
}

#[test]
fn a_session_that_nothing_renews_is_over_when_the_server_says_so_twice() {
    let (home, server) = stage_with(LyingServer::of_another_make());
    server.lie(|asked| match asked.has_session() {
        true => Says::no_session(),
        false => Says::Honestly,
    });
    let before = looks(&server);
    for _ in 0..20 {
        assert_eq!(said(&call(&home)), needs_user());
    }
    assert_eq!(looks(&server) - before, 1, "one look decides");
    assert_eq!(home.state(), "needs-user");
    server.repent();
    home.connect_to(&server.url());
    assert_eq!(call(&home).status, 200);
}

#[test]
fn where_everything_is_refused_a_person_is_needed_and_nothing_that_is_kept_is_lost() {
    for refusal in [Says::no_session(), html_401()] {
        let (home, server) = stage_with(LyingServer::start());
        let before = server.asked_for(TOKEN);
        let lie = refusal.clone();
        server.lie(move |_| lie.clone());
        for _ in 0..20 {
            assert_eq!(said(&call(&home)), needs_user(), "{refusal:?}");
        }
        assert_eq!(home.state(), "needs-user");
        assert_eq!(server.asked_for(TOKEN) - before, 1);
        // It was never said that what renews the session is over.
        let _ = home.chancery(&["agent", "stop"]).done();
        server.repent();
        let _ = home.chancery(&["status"]).done();
        assert_eq!(call(&home).status, 200);
    }
}

#[test]
fn a_web_page_for_401_means_the_session_all_the_same() {
    let (home, server) = stage_with(LyingServer::start());
    let before = server.asked_for(TOKEN);
    server.lie(|asked| match asked.has_session() {
        true => html_401(),
        false => Says::Honestly,
    });
    for _ in 0..20 {
        assert_eq!(said(&call(&home)), needs_user());
    }
    assert_eq!(server.asked_for(TOKEN) - before, 1);
}

#[test]
fn a_token_that_no_call_can_be_made_with_is_not_taken() {
    let (home, server) = stage_with(LyingServer::start());
    let long = "x".repeat(100_000);
    for (token, refresh) in [
        ("", "r"),
        ("a\\r\\nX-Mine: 1", "r"),
        ("a\\u0000", "r"),
        (long.as_str(), "r"),
        ("a", long.as_str()),
    ] {
        let body = format!(
            "{{\"access_token\": \"{token}\", \"refresh_token\": \"{refresh}\", \"token_type\": \"Bearer\", \"expires_in\": 14400}}"
        );
        server.lie(move |asked| match asked.path.as_str() {
            TOKEN => Says::answer("200 OK", "", &body),
            _ if asked.is_call() => Says::no_session(),
            _ => Says::Honestly,
        });
        let answer = call(&home);
        let bad = (502, "CHANCERY_BAD_ANSWER".to_owned());
        assert_eq!(said(&answer), bad, "{}", answer.text());
        assert!(!answer.text().contains("xxx"), "{}", answer.text());
    }
    // What renews the session is what it was.
    server.repent();
    assert_eq!(call(&home).status, 200);
    assert_eq!(home.state(), "connected");
}

#[test]
fn a_renewal_without_another_refresh_token_leaves_the_one_there_is() {
    let (home, server) = stage_with(LyingServer::start());
    // As RFC 6749, section 6 allows; and nothing is said about its life.
    for number in 1..=3 {
        let (old, new) = (number - 1, number);
        let old = match old {
            0 => "token-0".to_owned(),
            old => format!("next-{old}"),
        };
        server.lie(move |asked| match asked.path.as_str() {
            TOKEN => {
                assert!(asked.body.contains("refresh_token=refresh-0"), "{asked:?}");
                let body =
                    format!("{{\"access_token\": \"next-{new}\", \"token_type\": \"bearer\"}}");
                Says::answer("200 OK", "", &body)
            }
            _ if asked.header("x-auth-token") == Some(&old) => Says::no_session(),
            _ => Says::Honestly,
        });
        assert_eq!(call(&home).status, 200, "{number}");
    }
    assert_eq!(server.asked_for(TOKEN), 4);
}

#[test]
fn names_that_a_server_tells_are_short_and_on_one_line() {
    let (home, server) = (TestHome::without_keyring(), LyingServer::start());
    let long = "n".repeat(200_000);
    let told = serde_json::json!({"data": {
        "product": {"name": "Chancery \u{1b}[2J", "version": long},
        "dms_version": "10.4.5", "auth_status": "authenticated",
        "capabilities": ["session.background", long],
        "user": {"id": format!("ann\u{1b}]0;{long}"), "name": format!("Ann\r\n\u{202e}{long}")},
        "versions": [{"name": "v2", "version": "2.1", "url": "http://x/work/api/v2"}],
    }});
    let told = told.to_string();
    server.lie(move |asked| match asked.path.as_str() {
        "/api" => Says::answer("200 OK", "Content-Type: application/json\r\n", &told),
        _ => Says::Honestly,
    });
    home.connect_to(&server.url());
    let status = home.agent().call(Request::get("/agent/v1/status"));
    let status = status.expect("an answer").expect(200);
    assert!(status.body.len() < 4_000, "{} bytes", status.body.len());
    let (json, text) = (status.json(), status.text());
    for odd in ["\\u001b", "\\r", "\\n", "\u{202e}"] {
        assert!(!text.contains(odd), "{odd:?}: {text}");
    }
    // An id that cannot be is none: it is the one that was typed.
    assert_eq!(json["user"]["id"], "admin", "{text}");
    assert_eq!(call(&home).status, 200);
}

#[test]
fn a_life_that_cannot_be_is_a_clear_error_or_none_that_is_known() {
    let home = TestHome::without_keyring();
    let server = LyingServer::start();
    for (told, is_taken) in [
        ("0", true),
        ("18446744073709551615", true),
        ("-1", false),
        ("\"long\"", false),
        ("1e400", false),
        ("null", false),
        ("[]", false),
    ] {
        let body = format!(
            "{{\"access_token\": \"a\", \"refresh_token\": \"r\", \"token_type\": \"Bearer\", \"expires_in\": {told}}}"
        );
        server.lie(move |asked| match asked.path.as_str() {
            TOKEN => Says::answer("200 OK", "", &body),
            _ => Says::Honestly,
        });
        let url = server.url();
        let words = ["connect", &url, "--user", "ann", "--password-stdin"];
        let typed = home.chancery_reading(&words, "secret\n");
        assert_eq!(typed.code == 0, is_taken, "{told}: {}", typed.err);
        if is_taken {
            assert_eq!(call(&home).status, 200, "{told}");
            assert_eq!(home.state(), "connected", "{told}");
            let status = home.chancery(&["status", "--json"]).done();
            assert!(!status.contains("1970-"), "{told}: {status}");
        } else {
            assert!(typed.err.trim().ends_with('.'), "{told}: {}", typed.err);
        }
        assert!(home.chancery(&["disconnect"]).code >= 0);
    }
}
