//! The desktop connection signs in in a browser, or with a code on another
//! device.

use crate::authorization::Browser;
use chancery_testkit::programs::program;
use chancery_testkit::server::{ADMIN, PASSWORD, TestServer};
use chancery_testkit::waiting::eventually;
use chancery_testkit::{Answer, Request, Target, TestHome};
use serde_json::{Value, json};
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Stdio};

/// A command that goes on while the person is in the browser.
struct Running {
    child: Child,
    home: std::path::PathBuf,
}

impl Running {
    /// Where the desktop's opener would be, something writes down what it is told.
    fn start(home: &TestHome, words: &[&str]) -> Self {
        let place = home.path().join("opened-by");
        fs::create_dir_all(&place).expect("a directory");
        let opener = place.join("xdg-open");
        let told = home.path().join("opened");
        let script = format!(
            "#!/bin/sh\nprintf %s \"$1\" > '{0}.part'\nmv '{0}.part' '{0}'\n",
            told.display()
        );
        fs::write(&opener, script).expect("a file");
        fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).expect("a program");
        let path = std::env::var("PATH").unwrap_or_default();
        let said = fs::File::create(home.path().join("said")).expect("a file");
        let child = home
            .command(&program("chancery"))
            .args(words)
            .env("PATH", format!("{}:{path}", place.display()))
            .env("DISPLAY", ":nowhere")
            .env_remove("SSH_CONNECTION")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()
            .expect("the command can be run");
        Self {
            child,
            home: home.path().to_owned(),
        }
    }

    fn opened(&self) -> String {
        eventually("the browser is opened", || {
            fs::read_to_string(self.home.join("opened")).ok()
        })
    }

    fn said(&self) -> String {
        fs::read_to_string(self.home.join("said")).unwrap_or_default()
    }

    fn code(mut self) -> (i32, String) {
        chancery_testkit::waiting::ended("the command ends", &mut self.child);
        let code = self.child.wait().expect("ended").code().unwrap_or(-1);
        (code, self.said())
    }
}

/// What follows a server's address.
fn path_of(server: &TestServer, address: &str) -> String {
    address
        .strip_prefix(&server.url())
        .unwrap_or_else(|| panic!("{address} is the server's own"))
        .to_owned()
}

/// The person signs in at the page; where the browser is sent then.
fn at_the_page(server: &TestServer, page: &str, step: &str) -> (SocketAddr, String) {
    let mut browser = Browser::new(server);
    let asked = browser
        .send(Request::get(&path_of(server, page)))
        .expect(200);
    let fields = [("username", ADMIN), ("password", PASSWORD), ("step", step)];
    let sent = browser
        .fill("/auth/oauth2/authorize", &asked, &fields)
        .expect(303);
    let location = sent.header("location").expect("a place");
    let rest = location.strip_prefix("http://").expect("loopback");
    let (authority, path) = rest.split_once('/').expect("a path");
    (authority.parse().expect("an address"), format!("/{path}"))
}

fn come_back(to: SocketAddr, path: &str) -> Answer {
    Target::Tcp(to)
        .call(Request::get(path))
        .expect("the program waits")
}

#[test]
fn the_browser_opens_the_page_and_brings_the_session_back() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    let running = Running::start(&home, &["connect", &server.url(), "--browser"]);
    let (back, path) = at_the_page(&server, &running.opened(), "sign-in");
    assert!(back.ip().is_loopback());
    // What is not about this sign-in ends nothing.
    for foreign in [
        "/",
        "/signed-in?code=x&state=guessed",
        "/signed-in?error=access_denied&state=guessed",
        &path.replacen("/signed-in", "/elsewhere", 1),
        &path.replacen("iss=", "iss=https%3A%2F%2Fevil.example", 1),
    ] {
        assert_eq!(come_back(back, foreign).status, 404, "{foreign}");
    }
    let rebound = Request::get(&path).header("Host", "rebound.example");
    assert_eq!(
        Target::Tcp(back).call(rebound).expect("an answer").status,
        404
    );
    let page = come_back(back, &path).expect(200);
    assert!(
        page.text().contains("You can close this page"),
        "{}",
        page.text()
    );
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let (code, said) = running.code();
    assert_eq!(code, 0, "{said}");
    assert_eq!(home.state(), "connected");
    assert!(TcpStream::connect(back).is_err(), "the port is closed");
    let metrics = server.metrics();
    let by_browser = [("method", "browser"), ("outcome", "success")];
    assert!((metrics.sum("chancery_sign_ins_total", &by_browser) - 1.0).abs() < 0.1);
    // From then on it is renewed like any other.
    assert!(!home.kept_in_keyring().is_empty());
}

#[test]
fn whoever_cancels_in_the_browser_is_not_signed_in() {
    let (home, server) = (TestHome::without_keyring(), TestServer::start());
    let running = Running::start(&home, &["connect", &server.url(), "--browser"]);
    let (back, path) = at_the_page(&server, &running.opened(), "deny");
    let page = come_back(back, &path).expect(200);
    assert!(
        page.text().contains("You are not signed in"),
        "{}",
        page.text()
    );
    let (code, said) = running.code();
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("cancelled in the browser"), "{said}");
    assert_eq!(home.state(), "no-server");
}

#[test]
fn a_remote_shell_signs_in_with_a_code_on_another_device() {
    let (home, server) = (TestHome::without_keyring(), TestServer::start());
    let running = Running::start(&home, &["connect", &server.url(), "--device"]);
    let code = eventually("the code is shown", || {
        let said = running.said();
        let (_, rest) = said.split_once("type the code")?;
        rest.contains('\n')
            .then(|| rest.lines().next().unwrap_or_default().trim().to_owned())
    });
    assert!(
        running
            .said()
            .contains(&format!("{}/auth/device", server.url()))
    );
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
    let page = browser.fill(
        "/auth/device",
        &page,
        &[("user_code", &code), ("step", "look")],
    );
    let _ = browser
        .fill("/auth/device", &page, &[("step", "allow")])
        .expect(200);
    let (code, said) = running.code();
    assert_eq!(code, 0, "{said}");
    assert_eq!(home.state(), "connected");
}

fn begin(home: &TestHome, asked: &Value) -> Answer {
    home.agent()
        .call(Request::new("POST", "/agent/v1/begin-sign-in").json(asked))
        .expect("the agent answers")
}

#[test]
fn how_it_goes_is_what_the_server_prefers() {
    let home = TestHome::without_keyring();
    let usual = TestServer::start();
    let paged = TestServer::configured("[sign_in]\nmethods = [\"browser\"]\n");
    let _ = home.chancery(&["status"]);
    let way = |server: &TestServer, no_browser: bool| {
        let asked = json!({"address": server.url(), "no_browser": no_browser});
        begin(&home, &asked).expect(200).json()["way"].clone()
    };
    assert_eq!(way(&usual, false), "password");
    assert_eq!(way(&paged, false), "browser");
    assert_eq!(way(&paged, true), "device");
}

#[test]
fn a_sign_in_that_was_begun_is_finished_once_and_where_it_was_begun() {
    let home = TestHome::without_keyring();
    let (one, other) = (TestServer::start(), TestServer::start());
    let _ = home.chancery(&["status"]);
    let begun = begin(&home, &json!({"address": one.url(), "way": "browser"}))
        .expect(200)
        .json();
    let finish = |server: &TestServer| {
        let asked = json!({"address": server.url(), "begun": begun["number"]});
        let request = Request::new("POST", "/agent/v1/connect").json(&asked);
        home.agent().call(request).expect("the agent answers")
    };
    let refused = finish(&other);
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert_eq!(refused.error_code(), "CHANCERY_SIGN_IN_OVER");
    let page = begun["address"].as_str().expect("an address");
    let (back, path) = at_the_page(&one, page, "sign-in");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| finish(&one));
        let _ = come_back(back, &path).expect(200);
        let status = waiting.join().expect("finished").expect(200).json();
        assert_eq!(status["state"], "connected");
    });
    assert_eq!(finish(&one).status, 409);
    // No more than a few wait at a time.
    for number in 0..9 {
        let answer = begin(&home, &json!({"address": one.url(), "way": "browser"}));
        assert_eq!(answer.status == 200, number < 8, "{}", answer.text());
    }
}
