//! A device without a browser gets in by a code that a person types.

use super::{Browser, access, is_in, token};
use chancery_testkit::Request;
use chancery_testkit::server::{ADMIN, PASSWORD, TestServer};
use serde_json::Value;

#[test]
fn another_device_gets_in_once_the_person_typed_its_code() {
    let server = TestServer::start();
    let begin = || -> Value {
        let request =
            Request::new("POST", "/auth/oauth2/device").header("Chancery-Device", "a remote shell");
        let request = request.body(
            "application/x-www-form-urlencoded",
            "client_id=chancery-agent",
        );
        server.call(request).expect(200).json()
    };
    let ask = |begun: &Value| {
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", "chancery-agent"),
            (
                "device_code",
                begun["device_code"].as_str().expect("a code"),
            ),
        ];
        token(&server, &fields)
    };
    let begun = begin();
    assert_eq!(
        begun["verification_uri"],
        format!("{}/auth/device", server.url())
    );
    assert_eq!(
        (begun["expires_in"].as_u64(), begun["interval"].as_u64()),
        (Some(600), Some(5))
    );
    assert_eq!(ask(&begun).json()["error"], "authorization_pending");
    assert_eq!(ask(&begun).json()["error"], "slow_down");
    let code = begun["user_code"].as_str().expect("a code").to_lowercase();
    let mut browser = Browser::new(&server);
    let page = browser
        .get("/auth/device", &[("user_code", &code)])
        .expect(200);
    let fields = [
        ("username", ADMIN),
        ("password", PASSWORD),
        ("step", "sign-in"),
    ];
    let sent = browser.fill("/auth/device", &page, &fields).expect(303);
    let page = browser.send(Request::get(sent.header("location").expect("a page")));
    assert!(page.text().contains(&code), "{}", page.text());
    let wrong = browser.fill(
        "/auth/device",
        &page,
        &[("user_code", "BCDF-GHJK"), ("step", "look")],
    );
    assert_eq!(wrong.status, 404, "{}", wrong.text());
    let page = browser.fill(
        "/auth/device",
        &wrong,
        &[("user_code", &code), ("step", "look")],
    );
    for part in [
        "Let this device in?",
        "a remote shell",
        "127.0.0.1",
        "Chancery on your computer",
    ] {
        assert!(page.text().contains(part), "{}", page.text());
    }
    assert_eq!(ask(&begun).status, 400, "looking decides nothing");
    let done = browser
        .fill("/auth/device", &page, &[("step", "allow")])
        .expect(200);
    assert!(
        done.text().contains("The device is signed in"),
        "{}",
        done.text()
    );
    let given = ask(&begun).expect(200);
    assert!(is_in(&server, &access(&given)));
    assert_eq!(ask(&begun).json()["error"], "expired_token", "once");
    // A no is a no, and a second thought comes too late.
    let begun = begin();
    let code = begun["user_code"].as_str().expect("a code");
    let page = browser.get("/auth/device", &[]).expect(200);
    let page = browser.fill(
        "/auth/device",
        &page,
        &[("user_code", code), ("step", "look")],
    );
    let _ = browser
        .fill("/auth/device", &page, &[("step", "deny")])
        .expect(200);
    assert_eq!(ask(&begun).json()["error"], "access_denied");
    assert_eq!(
        browser
            .fill("/auth/device", &page, &[("step", "allow")])
            .status,
        410
    );
    // Whoever tries codes waits.
    let page = browser.get("/auth/device", &[]).expect(200);
    let mut last = page;
    for _ in 0..6 {
        last = browser.fill(
            "/auth/device",
            &last,
            &[("user_code", "BBBB-BBBB"), ("step", "look")],
        );
    }
    assert_eq!(last.status, 429, "{}", last.text());
}
