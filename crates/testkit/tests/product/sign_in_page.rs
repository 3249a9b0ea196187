//! The sign-in page in a real browser.

use chancery_testkit::server::{ADMIN, PASSWORD, TestServer};
use chancery_testkit::waiting::PATIENCE;
use chancery_testkit::{Request, WebDriver};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};

/// A program that waits for the browser to come back.
fn program() -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (tell, told) = channel();
    std::thread::spawn(move || {
        while let Ok((mut browser, _)) = listener.accept() {
            let mut line = String::new();
            let _ = BufReader::new(&browser).read_line(&mut line);
            let _ = browser.write_all(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\nConnection: close\r\n\r\nback",
            );
            if line.starts_with("GET /signed-in?") {
                let _ = tell.send(line);
            }
        }
    });
    (address, told)
}

/// Keeps a picture where somebody wants to look at it.
fn keep(browser: &WebDriver, name: &str) {
    let picture = browser.picture();
    assert!(picture.len() > 2000, "a picture of something");
    if let Some(place) = std::env::var_os("CHANCERY_PICTURES") {
        let file = Path::new(&place).join(format!("{name}.png"));
        std::fs::write(file, picture).expect("a file can be written");
    }
}

#[test]
#[ignore = "needs Chromium; “cargo xtask test --long” installs and runs it"]
fn a_person_signs_in_with_the_keyboard_alone_and_the_program_gets_its_code() {
    let server = TestServer::start();
    let (back, told) = program();
    let address = format!(
        "{}/auth/oauth2/authorize?response_type=code&client_id=chancery-agent&redirect_uri=http%3A%2F%2F{back}%2Fsigned-in&state=s&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
        server.url()
    );
    let browser = WebDriver::start(1000, 800);
    browser.go(&address);
    assert_eq!(browser.title(), "Sign in – Chancery");
    let labels = [
        "#user",
        "#password",
        "button[value=sign-in]",
        "button[value=deny]",
    ];
    let labels = labels.map(|selector| browser.label(selector));
    let names: Vec<_> = labels.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["User", "Password", "Sign in", "Cancel"]);
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        for (size, width, height, scale) in [
            ("desk", 1000, 760, 1.0),
            ("phone", 360, 740, 2.0),
            ("enlarged", 500, 380, 2.0),
        ] {
            browser.resize(width, height, scale);
            assert!(!browser.overflows(), "{size}");
            keep(&browser, &format!("sign-in-{size}-{scheme}"));
        }
    }
    browser.resize(1000, 760, 1.0);
    browser.prefer("light");
    browser.go(&address);
    // Where the keyboard is to begin with, tab, and return.
    browser.type_keys(&format!("{ADMIN}\u{e004}"));
    browser.type_keys("a wrong password\u{e007}");
    assert!(browser.text("#wrong").contains("does not know that user"));
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        keep(&browser, &format!("wrong-{scheme}"));
    }
    // The name stands there; the keyboard is at the password.
    browser.type_keys(&format!("{PASSWORD}\u{e007}"));
    let line = told.recv_timeout(PATIENCE).expect("the browser comes back");
    let code = line.split("code=").nth(1).expect("a code");
    let code = code.split('&').next().unwrap_or_default();
    let form = format!(
        "grant_type=authorization_code&client_id=chancery-agent&redirect_uri=http%3A%2F%2F{back}%2Fsigned-in&code={code}&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
    let redeem = Request::new("POST", "/auth/oauth2/token");
    let given = server.call(redeem.body("application/x-www-form-urlencoded", form));
    assert_eq!(given.status, 200, "{}", given.text());
    // The next time it takes a click.
    browser.go(&address);
    assert!(browser.text("h1").starts_with("Continue as"));
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        keep(&browser, &format!("confirm-{scheme}"));
    }
    browser.click("button[value=allow]");
    let line = told.recv_timeout(PATIENCE).expect("the browser comes back");
    assert!(line.contains("code=") && line.contains("iss="), "{line}");
    // Another device.
    let begun = Request::new("POST", "/auth/oauth2/device").header("Chancery-Device", "atlas");
    let begun = begun.body(
        "application/x-www-form-urlencoded",
        "client_id=chancery-agent",
    );
    let begun = server.call(begun).expect(200).json();
    browser.go(begun["verification_uri"].as_str().expect("an address"));
    keep(&browser, "code");
    let code = begun["user_code"].as_str().expect("a code");
    browser.type_into("#code", &code.to_lowercase());
    browser.click("button[value=look]");
    keep(&browser, "device");
    browser.resize(360, 740, 2.0);
    assert!(!browser.overflows());
    keep(&browser, "device-phone");
    browser.click("button[value=allow]");
    assert_eq!(browser.text("h1"), "The device is signed in");
    // A page that says only what is wrong.
    browser.resize(1000, 760, 1.0);
    browser.go(&address.replace("127.0.0.1", "evil.example").replacen(
        "evil.example",
        "127.0.0.1",
        1,
    ));
    assert_eq!(browser.text("h1"), "You cannot sign in from here");
    keep(&browser, "refused");
}
