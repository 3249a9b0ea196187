//! What the sign-in page takes, and from whom.

use super::{AUTHORIZE, Browser, access, agents, back, is_in, redeem};
use chancery_testkit::server::{ADMIN, PASSWORD, TestServer};
use chancery_testkit::waiting::eventually;
use chancery_testkit::{Request, TestRedis};

#[test]
fn a_form_counts_only_from_the_page_that_was_sent_to_that_browser() {
    let server = TestServer::start();
    let fields = [
        ("username", ADMIN),
        ("password", PASSWORD),
        ("step", "sign-in"),
    ];
    let mut owner = Browser::new(&server);
    let page = owner.get(AUTHORIZE, &agents()).expect(200);
    // Another browser with the same mark, a page of another site, no mark at all.
    let mut other = Browser::new(&server);
    let _ = other.get(AUTHORIZE, &agents());
    assert_eq!(other.fill(AUTHORIZE, &page, &fields).status, 400);
    let mut bare = Browser::new(&server);
    assert_eq!(bare.fill(AUTHORIZE, &page, &fields).status, 400);
    for origin in ["https://evil.example", "null"] {
        owner.origin = Some(origin.to_owned());
        assert_eq!(
            owner.fill(AUTHORIZE, &page, &fields).status,
            400,
            "{origin}"
        );
    }
    owner.origin = Some(server.url());
    let mut unmarked = agents();
    unmarked.extend(fields);
    let refused = owner.post(AUTHORIZE, &unmarked);
    assert_eq!(refused.status, 400);
    assert!(
        refused.text().contains("Nothing was done"),
        "{}",
        refused.text()
    );
    unmarked.push(("form", "99999999999999.AAAA"));
    assert_eq!(owner.post(AUTHORIZE, &unmarked).status, 400);
    // Nobody was signed in by any of that.
    let counted = server.metrics();
    assert!(counted.sign_ins() < 0.5, "{}", counted.text());
    assert_eq!(owner.fill(AUTHORIZE, &page, &fields).status, 303);
    // The mark was good once: the browser is somebody's now.
    assert_eq!(owner.fill(AUTHORIZE, &page, &fields).status, 400);
}

#[test]
fn a_wrong_password_is_said_on_the_page_and_guessing_waits() {
    let server = TestServer::start();
    let mut browser = Browser::new(&server);
    let typed = "<b>\"ann\" & Söhne";
    for number in 0..5 {
        let refused = browser.sign_in(&agents(), typed, &format!("guess {number}"));
        assert_eq!(refused.status, 403, "{}", refused.text());
        let page = refused.text();
        assert!(page.contains("does not know that user or that password"));
        assert!(
            page.contains("&lt;b&gt;&quot;ann&quot; &amp; Söhne"),
            "{page}"
        );
        assert!(!page.contains("<b>"));
    }
    let waits = browser.sign_in(&agents(), typed, "guess");
    assert_eq!(waits.status, 429, "{}", waits.text());
    assert!(waits.header("retry-after").is_some());
    assert!(waits.text().contains("Try again in"));
    // Others are not kept from it.
    assert_eq!(browser.sign_in(&agents(), ADMIN, PASSWORD).status, 303);
}

#[test]
fn the_pages_let_nothing_in_from_elsewhere_and_into_no_frame() {
    let server = TestServer::start();
    let mut browser = Browser::new(&server);
    let page = browser.get(AUTHORIZE, &agents()).expect(200);
    let policy = page.header("content-security-policy").expect("a policy");
    for part in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self' http://127.0.0.1:4711;",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    for (name, value) in [
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(page.header(name), Some(value));
    }
    let text = page.text();
    assert!(
        !text.contains("<script") && !text.contains("onclick"),
        "{text}"
    );
    assert!(!text.contains("http-equiv"), "{text}");
    let cookies: Vec<_> = page
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
        .collect();
    assert!(!cookies.is_empty());
    for (_, cookie) in cookies {
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
            "{cookie}"
        );
    }
}

#[test]
fn somebody_else_can_sign_in_at_the_same_browser() {
    let server = TestServer::start();
    let anns = server.add_person("ann");
    let mut browser = Browser::new(&server);
    let _ = browser.sign_in(&agents(), ADMIN, PASSWORD);
    let old = browser.cookies["chancery-session"].clone();
    let page = browser.get(AUTHORIZE, &agents()).expect(200);
    let page = browser
        .fill(AUTHORIZE, &page, &[("step", "other")])
        .expect(200);
    assert!(!browser.cookies.contains_key("chancery-session"));
    assert!(!is_in(&server, &old), "the session before ended");
    let fields = [
        ("username", "ann"),
        ("password", anns.as_str()),
        ("step", "sign-in"),
    ];
    let (_, said) = back(&browser.fill(AUTHORIZE, &page, &fields));
    let given = redeem(&server, &said["code"], &[]).expect(200);
    let who = server
        .call(Request::get("/api").token(&access(&given)))
        .expect(200);
    assert_eq!(who.json()["data"]["user"]["id"], "ann");
}

#[test]
fn administration_takes_a_password_each_time_and_an_administrator() {
    let server = TestServer::start();
    let anns = server.add_person("ann");
    let mut asked = agents();
    asked.push(("scope", "admin"));
    let mut browser = Browser::new(&server);
    let refused = browser.sign_in(&asked, "ann", &anns);
    assert_eq!(refused.status, 200);
    assert!(
        refused.text().contains("not an administrator"),
        "{}",
        refused.text()
    );
    // An administrator goes on from that very page.
    let fields = [
        ("username", ADMIN),
        ("password", PASSWORD),
        ("step", "sign-in"),
    ];
    let (_, said) = back(&browser.fill(AUTHORIZE, &refused, &fields));
    assert!(said.contains_key("code"));
    // Ann's session is no way to it, and neither is the administrator's own.
    let _ = browser.sign_in(&asked, ADMIN, PASSWORD);
    let page = browser.get(AUTHORIZE, &asked).expect(200);
    assert!(
        page.text().contains("administer this server"),
        "{}",
        page.text()
    );
    let refused = browser.fill(AUTHORIZE, &page, &[("step", "allow")]);
    assert_eq!((refused.status, refused.header("location")), (403, None));
    let (_, said) = back(&browser.sign_in(&asked, ADMIN, PASSWORD));
    let given = redeem(&server, &said["code"], &[]).expect(200);
    let list = Request::get("/work/api/v2/customers/1/audit?limit=5").token(&access(&given));
    let lines = server.call(list).expect(200).json();
    assert_eq!(lines["data"][0]["method"], "browser", "{lines}");
    assert_eq!(lines["data"][0]["application"], "chancery-agent");
}

#[test]
fn what_goes_wrong_is_said_to_a_person_on_a_page() {
    let redis = TestRedis::start();
    let configuration = format!("[sessions.redis]\naddresses = [\"{}\"]\n", redis.address());
    let server = TestServer::configured(&configuration);
    let mut browser = Browser::new(&server);
    assert_eq!(browser.sign_in(&agents(), ADMIN, PASSWORD).status, 303);
    let on_a_page = |answer: &chancery_testkit::Answer, part: &str| {
        let text = answer.text();
        assert!(
            answer
                .header("content-type")
                .is_some_and(|kind| kind.starts_with("text/html"))
        );
        assert!(
            text.contains("That did not work") && text.contains(part),
            "{text}"
        );
    };
    // Something else than a form, and something else than the page takes.
    let odd = Request::new("POST", AUTHORIZE).json(&serde_json::json!({}));
    let answer = server.call(odd).expect(400);
    on_a_page(&answer, "it has to be a form");
    let answer = server.call(Request::new("PUT", "/auth/device")).expect(405);
    on_a_page(&answer, "does not answer to that method");
    // Where sessions live is away: the person keeps the session.
    redis.hold(true);
    let answer = eventually("the page says so", || {
        let answer = browser.get(AUTHORIZE, &agents());
        (answer.status != 200).then_some(answer)
    });
    assert_eq!(answer.status, 503);
    on_a_page(&answer, "You are not signed out.");
    assert_eq!(answer.header("retry-after"), Some("2"));
    redis.hold(false);
    let page = eventually("it works again", || {
        let answer = browser.get(AUTHORIZE, &agents());
        (answer.status == 200).then_some(answer)
    });
    assert!(page.text().contains("Continue as"), "{}", page.text());
}

#[test]
fn a_person_signs_out_at_the_browser_and_applications_go_on() {
    let server = TestServer::start();
    let mut browser = Browser::new(&server);
    let path = "/auth/session";
    let nobody = browser.get(path, &[]).expect(200);
    assert!(
        nobody.text().contains("You are not signed in"),
        "{}",
        nobody.text()
    );
    let answer = browser.sign_in(&agents(), ADMIN, PASSWORD);
    let (_, came) = back(&answer);
    let token = access(&redeem(&server, &came["code"], &[]));
    let page = browser.get(path, &[]).expect(200);
    assert!(
        page.text().contains("First administrator"),
        "{}",
        page.text()
    );
    // A form from elsewhere signs nobody out.
    assert_eq!(browser.post(path, &[("step", "leave")]).status, 400);
    let page = browser.get(path, &[]).expect(200);
    let left = browser.fill(path, &page, &[("step", "leave")]).expect(200);
    assert!(
        left.text().contains("You are signed out"),
        "{}",
        left.text()
    );
    let asked = browser.get(AUTHORIZE, &agents()).expect(200);
    assert!(
        asked.text().contains("type=\"password\""),
        "{}",
        asked.text()
    );
    // The application that was let in has a session of its own.
    assert!(is_in(&server, &token));
}

#[test]
fn a_person_signs_out_at_the_browser_though_the_session_store_is_away() {
    let redis = TestRedis::start();
    let configuration = format!("[sessions.redis]\naddresses = [\"{}\"]\n", redis.address());
    let server = TestServer::configured(&configuration);
    let path = "/auth/session";
    let mut browsers = [Browser::new(&server), Browser::new(&server)];
    let shown = browsers.each_mut().map(|browser| {
        assert_eq!(browser.sign_in(&agents(), ADMIN, PASSWORD).status, 303);
        browser.get(path, &[]).expect(200)
    });
    redis.hold(true);
    let [first, second] = &mut browsers;
    let page = eventually("nobody knows who it is", || {
        let page = first.get(path, &[]).expect(200);
        page.text().contains("cannot look").then_some(page)
    });
    assert!(page.text().contains("Sign out"), "{}", page.text());
    // A form from elsewhere signs nobody out.
    assert_eq!(first.post(path, &[("step", "leave")]).status, 400);
    // One has the page from now, and the other from before.
    let left = first.fill(path, &page, &[("step", "leave")]).expect(200);
    assert!(left.text().contains("signed out"), "{}", left.text());
    let left = second.fill(path, &shown[1], &[("step", "leave")]);
    assert!(left.text().contains("signed out"), "{}", left.text());
    redis.hold(false);
    eventually("it is there again", || {
        let unknown = Request::get("/work/api/v2/customers/1/sessions").token("nobody's");
        (server.call(unknown).status == 401).then_some(())
    });
    for browser in &mut browsers {
        let page = browser.get(path, &[]).expect(200);
        assert!(page.text().contains("not signed in"), "{}", page.text());
    }
    let token = server.sign_in();
    let listed = server.call(Request::get("/work/api/v2/customers/1/sessions").token(&token));
    let listed = listed.expect(200).json();
    let count = listed["data"].as_array().map(Vec::len);
    assert_eq!(count, Some(1), "both ended: {listed}");
}
