//! Applications that sign people in at the server's own page (OAuth 2).

mod devices;
mod pages;

pub(crate) use chancery_testkit::page::Browser;
use chancery_testkit::page::{AUTHORIZE, form};
use chancery_testkit::server::{ADMIN, API, PASSWORD, TestServer};
use chancery_testkit::waiting::eventually;
use chancery_testkit::{Answer, Request};
use serde_json::json;
use std::collections::BTreeMap;

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const BACK: &str = "http://127.0.0.1:4711/signed-in";

/// What came back with a redirect.
fn back(answer: &Answer) -> (String, BTreeMap<String, String>) {
    assert!(
        matches!(answer.status, 302 | 303),
        "{}: {}",
        answer.status,
        answer.text()
    );
    let location = answer.header("location").expect("a place to go");
    let (place, query) = location.split_once('?').expect("something said");
    let said = url::form_urlencoded::parse(query.as_bytes());
    (place.to_owned(), said.into_owned().collect())
}

fn agents<'a>() -> Vec<(&'a str, &'a str)> {
    vec![
        ("response_type", "code"),
        ("client_id", "chancery-agent"),
        ("redirect_uri", BACK),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "what only the agent knows & = #"),
    ]
}

fn token(server: &TestServer, fields: &[(&str, &str)]) -> Answer {
    let request = Request::new("POST", "/auth/oauth2/token");
    server.call(request.body("application/x-www-form-urlencoded", form(fields)))
}

fn redeem(server: &TestServer, code: &str, changes: &[(&str, &str)]) -> Answer {
    let mut fields = BTreeMap::from([
        ("grant_type", "authorization_code"),
        ("client_id", "chancery-agent"),
        ("redirect_uri", BACK),
        ("code", code),
        ("code_verifier", VERIFIER),
    ]);
    fields.extend(changes.iter().copied());
    let fields: Vec<_> = fields
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
    token(server, &fields)
}

fn is_in(server: &TestServer, token: &str) -> bool {
    let request = Request::get(&format!("{API}/workspaces"))
        .header("Authorization", &format!("Bearer {token}"));
    server.call(request).status == 200
}

fn access(answer: &Answer) -> String {
    answer.json()["access_token"]
        .as_str()
        .expect("a token")
        .to_owned()
}

#[test]
fn a_person_signs_in_at_the_page_and_the_application_gets_in_once() {
    let server = TestServer::start();
    let mut browser = Browser::new(&server);
    let sent = browser.sign_in(&agents(), ADMIN, PASSWORD);
    assert_eq!(sent.status, 303, "what was typed goes no further");
    let (place, said) = back(&sent);
    assert_eq!(place, BACK);
    assert_eq!(said["state"], "what only the agent knows & = #");
    assert_eq!(said["iss"], server.url());
    let given = redeem(&server, &said["code"], &[]).expect(200);
    let (first, body) = (access(&given), given.json());
    assert_eq!(body["expires_in"], 14_400);
    assert!(
        body["refresh_token"]
            .as_str()
            .is_some_and(|token| !token.is_empty())
    );
    assert!(is_in(&server, &first));
    // Shown again, the code ends what it gave.
    let again = redeem(&server, &said["code"], &[]);
    assert_eq!(again.status, 400, "{}", again.text());
    assert_eq!(again.json()["error"], "invalid_grant");
    assert!(!is_in(&server, &first));
    let refresh = body["refresh_token"].as_str().expect("a token");
    let renewed = token(
        &server,
        &[("grant_type", "refresh_token"), ("refresh_token", refresh)],
    );
    assert_eq!(renewed.json()["error"], "invalid_grant");
}

#[test]
fn a_code_is_good_only_for_whom_it_was_given_to() {
    let server = TestServer::start();
    let _ = server.command(&[
        "application",
        "add",
        "timesheets",
        "--redirect",
        BACK,
        "--public",
    ]);
    let mut browser = Browser::new(&server);
    let (_, said) = back(&browser.sign_in(&agents(), ADMIN, PASSWORD));
    eventually("the server knows the application", || {
        let refused = redeem(&server, &said["code"], &[("client_id", "timesheets")]);
        (refused.json()["error"] == "invalid_grant").then_some(())
    });
    for wrong in [
        (
            "code_verifier",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl",
        ),
        ("code_verifier", CHALLENGE),
        ("code_verifier", ""),
        ("redirect_uri", "http://127.0.0.1:4712/signed-in"),
        ("redirect_uri", ""),
        ("code", "x"),
    ] {
        let refused = redeem(&server, &said["code"], &[wrong]);
        assert_eq!(refused.status, 400, "{wrong:?}: {}", refused.text());
        assert_eq!(refused.json()["error"], "invalid_grant", "{wrong:?}");
        assert!(refused.json()["error_description"].as_str().is_some());
    }
    assert_eq!(
        redeem(&server, &said["code"], &[("code", "")]).json()["error"],
        "invalid_request"
    );
    assert_eq!(
        redeem(&server, &said["code"], &[("client_id", "nobody")]).status,
        401
    );
    // Whoever it was given to still gets in.
    assert!(is_in(
        &server,
        &access(&redeem(&server, &said["code"], &[]).expect(200))
    ));
}

#[test]
fn nobody_is_sent_to_where_the_application_is_not_registered_to_be() {
    let server = TestServer::start();
    let mut browser = Browser::new(&server);
    for (name, value) in [
        ("redirect_uri", "https://evil.example/"),
        (
            "redirect_uri",
            "http://127.0.0.1:4711@evil.example/signed-in",
        ),
        ("redirect_uri", "http://127.0.0.1:4711/elsewhere"),
        ("redirect_uri", "javascript:alert(1)"),
        ("redirect_uri", "//evil.example"),
        ("redirect_uri", ""),
        ("client_id", "nobody"),
        ("client_id", "<script>alert(1)</script>"),
        ("client_id", ""),
        ("client_id", "web"),
    ] {
        let mut asked = agents();
        asked.retain(|(other, _)| *other != name);
        asked.push((name, value));
        let told = browser.get(AUTHORIZE, &asked);
        assert_eq!(told.status, 400, "{name}={value}: {}", told.text());
        assert_eq!(told.header("location"), None);
        assert!(!told.text().contains("<script"), "{}", told.text());
        let told = browser.post(AUTHORIZE, &asked);
        assert_eq!((told.status, told.header("location")), (400, None));
    }
    // Twice is as good as somebody else's.
    let mut asked = agents();
    asked.push(("redirect_uri", BACK));
    assert_eq!(browser.get(AUTHORIZE, &asked).status, 400);
}

#[test]
fn the_application_is_told_what_else_is_wrong_with_its_question() {
    let server = TestServer::start();
    let mut browser = Browser::new(&server);
    let long = "x".repeat(2001);
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("prompt", "none", "login_required"),
        ("prompt", "maybe", "invalid_request"),
        ("state", &long, "invalid_request"),
    ] {
        let mut asked = agents();
        asked.retain(|(other, _)| *other != name);
        asked.push((name, value));
        let (place, said) = back(&browser.get(AUTHORIZE, &asked));
        assert_eq!(
            (place.as_str(), said["error"].as_str()),
            (BACK, error),
            "{name}"
        );
        assert_eq!(said["iss"], server.url());
        assert_eq!(said.contains_key("state"), name != "state");
    }
}

#[test]
fn a_registered_application_has_its_secret_its_lifetimes_and_is_agreed_to_once() {
    let server = TestServer::start();
    let place = "https://time.example.com/back";
    let added = server.command(&[
        "application",
        "add",
        "timesheets",
        "--name",
        "Time & Bills",
        "--redirect",
        place,
        "--idle-seconds",
        "600",
        "--absolute-seconds",
        "3600",
        "--refresh-seconds",
        "3600",
    ]);
    let said = String::from_utf8(added.stdout).expect("text");
    let secret = said
        .lines()
        .find_map(|line| line.strip_prefix("Secret: "))
        .unwrap_or_else(|| panic!("{said}{}", String::from_utf8_lossy(&added.stderr)))
        .to_owned();
    let asked = [
        ("response_type", "code"),
        ("client_id", "timesheets"),
        ("state", "s"),
    ];
    let mut browser = Browser::new(&server);
    eventually("the server knows the application", || {
        (browser.get(AUTHORIZE, &asked).status == 200).then_some(())
    });
    let page = browser.get(AUTHORIZE, &asked);
    assert!(page.text().contains("Time &amp; Bills"), "{}", page.text());
    let (to, said) = back(&browser.sign_in(&asked, ADMIN, PASSWORD));
    assert_eq!(to, place);
    let redeem = |code: &str, secret: &str| {
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", "timesheets"),
            ("client_secret", secret),
            ("code", code),
        ];
        token(&server, &fields)
    };
    assert_eq!(
        redeem(&said["code"], "wrong").json()["error"],
        "invalid_client"
    );
    assert_eq!(redeem(&said["code"], "").json()["error"], "invalid_client");
    let given = redeem(&said["code"], &secret).expect(200).json();
    assert_eq!(given["expires_in"], 600);
    // Agreed to once: the next time nobody is asked anything.
    let direct = browser.get(AUTHORIZE, &asked);
    assert_eq!((direct.status, back(&direct).0.as_str()), (302, place));
    // A program on the machine asks each time, but for no password.
    let page = browser.get(AUTHORIZE, &agents()).expect(200);
    assert!(page.text().contains("Continue as"), "{}", page.text());
    let (_, said) = back(&browser.fill(AUTHORIZE, &page, &[("step", "allow")]));
    assert!(said.contains_key("code"));
    let page = browser.get(AUTHORIZE, &agents()).expect(200);
    let (_, said) = back(&browser.fill(AUTHORIZE, &page, &[("step", "deny")]));
    assert_eq!(said["error"], "access_denied");
    // Its refresh token is good with its secret only.
    let refresh = given["refresh_token"].as_str().expect("a token");
    let renew = |more: &[(&str, &str)]| {
        let mut fields = vec![("grant_type", "refresh_token"), ("refresh_token", refresh)];
        fields.extend(more);
        token(&server, &fields)
    };
    assert_eq!(renew(&[]).json()["error"], "invalid_grant");
    assert_eq!(
        renew(&[("client_id", "chancery-agent")]).json()["error"],
        "invalid_grant"
    );
    let own = [
        ("client_id", "timesheets"),
        ("client_secret", secret.as_str()),
    ];
    let renewed = access(&renew(&own).expect(200));
    assert!(is_in(&server, &renewed));
    // It may do nothing that it is not registered for.
    let mut fields = vec![
        ("grant_type", "password"),
        ("username", ADMIN),
        ("password", PASSWORD),
    ];
    fields.extend(own);
    assert_eq!(
        token(&server, &fields).json()["error"],
        "unauthorized_client"
    );
    // Struck from the register, it is out.
    let removed = server.command(&["application", "remove", "timesheets"]);
    assert!(removed.status.success(), "{removed:?}");
    eventually("its sessions end", || {
        (!is_in(&server, &renewed)).then_some(())
    });
    assert_eq!(browser.get(AUTHORIZE, &asked).status, 400);
}

#[test]
fn the_document_about_the_server_says_where_everything_is() {
    let server = TestServer::start();
    let document = server
        .call(Request::get("/.well-known/oauth-authorization-server"))
        .expect(200)
        .json();
    assert_eq!(document["issuer"], server.url());
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "revocation_endpoint",
        "device_authorization_endpoint",
    ] {
        let address = document[name].as_str().expect("an address");
        let path = address.strip_prefix(&server.url()).expect("here");
        assert_ne!(
            server.call(Request::new("POST", path)).status,
            404,
            "{address}"
        );
    }
    let offered = server.call(Request::get("/api")).expect(200).json();
    let methods = &offered["data"]["sign_in_methods"];
    assert_eq!(
        *methods,
        json!([{"kind": "password"}, {"kind": "browser", "authorize_url": format!("{}{AUTHORIZE}", server.url())}])
    );
}

#[test]
fn what_cannot_be_read_gets_one_clear_answer_and_nobody_in() {
    let server = TestServer::start();
    let huge = vec![b'a'; 2 * 1024 * 1024];
    for path in [
        AUTHORIZE,
        "/auth/device",
        "/auth/oauth2/device",
        "/auth/oauth2/token",
    ] {
        for body in [
            &huge[..],
            b"\xff\xfe%ff=%zz&&&==",
            b"",
            b"client_id=%00%0d%0a&redirect_uri=%00",
        ] {
            let request =
                Request::new("POST", path).body("application/x-www-form-urlencoded", body);
            let answer = server.call(request);
            assert!(
                (400..500).contains(&answer.status),
                "{path}: {} {}",
                answer.status,
                answer.text()
            );
            assert_eq!(answer.header("location"), None);
        }
    }
}
