//! Connecting to what is there, to what is not, and as somebody one is not.
//! What a person reads is in words; what a script reads is the exit code.

use chancery_testkit::home::Said;
use chancery_testkit::server::{ADMIN, PASSWORD, TestServer};
use chancery_testkit::{ChaosProxy, Request, TestHome};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

fn connect(home: &TestHome, address: &str, user: &str, password: &str) -> Said {
    home.chancery_reading(
        &[
            "connect",
            address,
            "--user",
            user,
            "--password-stdin",
            "--no-input",
        ],
        &format!("{password}\n"),
    )
}

/// The code of the agent's own answer to the same request.
fn code(home: &TestHome, address: &str, user: &str, password: &str) -> (u16, String) {
    let body = json!({"address": address, "user": user, "password": password});
    let answer = home
        .agent()
        .call(Request::new("POST", "/agent/v1/connect").json(&body))
        .expect("the agent answers");
    (answer.status, answer.error_code())
}

/// A web server that is none of ours, the kind that answers every path.
fn web_page() -> SocketAddr {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address");
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = socket.accept() {
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request);
                let page = "<!doctype html><title>Welcome</title><h1>It works</h1>";
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
                    page.len()
                );
            });
        }
    });
    address
}

/// An address on which nobody listens.
fn nobody() -> SocketAddr {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    socket.local_addr().expect("an address")
}

#[test]
fn connecting_makes_the_server_the_active_one_and_tells_who_is_signed_in() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let status = home.chancery(&["status", "--json"]).json();
    assert_eq!(status["state"], "connected");
    assert_eq!(status["user"]["id"], ADMIN);
    assert_eq!(status["server"]["address"], server.url());
    assert_eq!(status["keyring"], "found");
    let servers = home.chancery(&["servers", "--json"]).json();
    assert_eq!(
        servers["servers"].as_array().map(Vec::len),
        Some(1),
        "{servers}"
    );
}

#[test]
fn a_refused_connection_says_why_and_leaves_the_old_one_as_it_was() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let sessions = |server: &TestServer| server.metrics().sum("chancery_sessions", &[]);
    let before = sessions(&server);
    let nobody = format!("http://{}", nobody());
    let page = format!("http://{}", web_page());
    let other = TestServer::start();
    for (address, user, password, exit, answer) in [
        (
            nobody.as_str(),
            ADMIN,
            PASSWORD,
            4,
            (503, "CHANCERY_OFFLINE"),
        ),
        (
            page.as_str(),
            ADMIN,
            PASSWORD,
            8,
            (422, "CHANCERY_NOT_A_WORK_SERVER"),
        ),
        ("http://", ADMIN, PASSWORD, 2, (400, "CHANCERY_BAD_ADDRESS")),
        (
            "ftp://work.example",
            ADMIN,
            PASSWORD,
            2,
            (400, "CHANCERY_BAD_ADDRESS"),
        ),
        (
            other.url().as_str(),
            ADMIN,
            "wrong password",
            3,
            (401, "CHANCERY_LOGIN_FAILED"),
        ),
        (
            other.url().as_str(),
            "nobody",
            "wrong password",
            3,
            (401, "CHANCERY_LOGIN_FAILED"),
        ),
    ] {
        let said = connect(&home, address, user, password);
        assert_eq!(
            said.code, exit,
            "{address} {user}: {}{}",
            said.out, said.err
        );
        let sentence = said.err.trim();
        assert!(
            sentence.ends_with('.') && sentence.contains(' '),
            "{address}: {sentence}"
        );
        assert!(
            !said.err.contains(password) && !said.out.contains(password),
            "{address}"
        );
        let (status, error) = code(&home, address, user, password);
        assert_eq!((status, error.as_str()), answer, "{address} {user}");
        assert_eq!(home.state(), "connected");
        let status = home.chancery(&["status", "--json"]).json();
        assert_eq!(status["server"]["address"], server.url(), "after {address}");
    }
    assert!(
        (sessions(&server) - before).abs() < 0.5,
        "no session came or went"
    );
    assert!((other.metrics().sign_ins()).abs() < 0.5, "nobody signed in");
}

#[test]
fn a_wrong_password_and_an_unknown_user_read_the_same() {
    let (home, server) = (TestHome::without_keyring(), TestServer::start());
    let wrong = connect(&home, &server.url(), ADMIN, "wrong password");
    let unknown = connect(&home, &server.url(), "nobody", "wrong password");
    assert_eq!(wrong.code, unknown.code);
    assert_eq!(
        wrong.err.replace(ADMIN, "U"),
        unknown.err.replace("nobody", "U")
    );
}

#[test]
fn that_nothing_is_kept_without_a_keyring_is_said_once() {
    let (home, server) = (TestHome::without_keyring(), TestServer::start());
    let other = TestServer::start();
    let first = connect(&home, &server.url(), ADMIN, PASSWORD);
    let about = "There is no keyring on this machine";
    assert!(first.err.contains(about), "{}", first.err);
    for address in [other.url(), server.url()] {
        let next = connect(&home, &address, ADMIN, PASSWORD);
        assert_eq!((next.code, next.err.as_str()), (0, ""));
    }
    let status = home.chancery(&["status"]).done();
    assert!(status.contains("none here"), "{status}");
    // Another run of the agent forgot the sessions, so it says so again.
    let _ = home.chancery(&["agent", "stop"]).done();
    let again = connect(&home, &server.url(), ADMIN, PASSWORD);
    assert!(again.err.contains(about), "{}", again.err);
}

#[test]
fn what_cannot_be_written_down_is_said_and_whoever_wants_to_leave_leaves() {
    let (home, server) = (TestHome::without_keyring(), TestServer::start());
    let other = TestServer::start();
    let words = [
        "connect",
        &server.url(),
        "--user",
        ADMIN,
        "--password-stdin",
        "--store-in-file",
    ];
    let _ = home
        .chancery_reading(&words, &format!("{PASSWORD}\n"))
        .done();
    let secrets = home.path().join("state/sessions");
    let is_kept = || !std::fs::read(&secrets).expect("read").is_empty();
    assert!(is_kept());
    // As on a full disk: no second file can be made beside the first one.
    for name in ["config/servers.toml.new", "state/sessions.new"] {
        std::fs::create_dir_all(home.path().join(name).join("full")).expect("made");
    }
    let refused = connect(&home, &other.url(), ADMIN, PASSWORD);
    assert_eq!(refused.code, 1, "{}", refused.err);
    let about = "servers.toml” cannot be used: ";
    assert!(refused.err.contains(about), "{}", refused.err);
    assert!(
        refused.err.contains("Nothing was changed."),
        "{}",
        refused.err
    );
    let status = home.chancery(&["status", "--json"]).json();
    assert_eq!(status["server"]["address"], server.url());
    assert_eq!(status["state"], "connected");
    let left = home.chancery(&["disconnect"]);
    assert_eq!(left.code, 0, "{}", left.err);
    assert!(left.err.contains("disconnect once more."), "{}", left.err);
    assert_eq!(home.state(), "disconnected");
    assert!(!is_kept(), "nothing is left to sign in with");
    let sessions = server.metrics().sum("chancery_sessions", &[]);
    assert!(sessions.abs() < 0.5, "ended on the server too");
}

#[test]
fn an_old_server_connects_with_a_warning_and_a_too_old_one_does_not() {
    let home = TestHome::with_keyring();
    let old = TestServer::configured("[compat]\napi_level = '10.3.4'\n");
    home.connect(&old);
    let status = home.chancery(&["status", "--json"]).json();
    assert_eq!(status["state"], "connected");
    let capabilities = status["server"]["capabilities"].clone();
    assert_eq!(capabilities, Value::Array(Vec::new()), "{status}");
    let too_old = TestServer::configured("[compat]\napi_level = '10.2.0'\n");
    let said = connect(&home, &too_old.url(), ADMIN, PASSWORD);
    assert_eq!(said.code, 8, "{}{}", said.out, said.err);
    assert!(said.err.contains("10.2.0"), "{}", said.err);
    assert_eq!(
        code(&home, &too_old.url(), ADMIN, PASSWORD).1,
        "CHANCERY_VERSION_REFUSED"
    );
    let status = home.chancery(&["status", "--json"]).json();
    assert_eq!(status["server"]["address"], old.url());
}

#[test]
fn a_network_that_breaks_is_offline_and_never_signed_out() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    let proxy = ChaosProxy::before(server.address());
    home.connect_to(&proxy.url());
    proxy.set(chancery_testkit::chaos::Weather::Closed);
    proxy.cut();
    let list = home.chancery(&["ls", "--json"]);
    assert_eq!(list.code, 4, "{}{}", list.out, list.err);
    assert_eq!(home.state(), "offline");
    proxy.set(chancery_testkit::chaos::Weather::Fair);
    let list = home.chancery(&["ls", "--json"]);
    assert_eq!(list.code, 0, "{}{}", list.out, list.err);
    assert_eq!(home.state(), "connected");
    assert!(
        (server.metrics().sign_ins() - 1.0).abs() < 0.5,
        "{}",
        server.metrics().text()
    );
}

#[test]
fn disconnecting_ends_the_session_on_the_server_and_nothing_reconnects() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let _ = home.chancery(&["disconnect"]).done();
    assert_eq!(home.state(), "disconnected");
    assert!(server.metrics().sum("chancery_sessions", &[]).abs() < 0.5);
    let list = home.chancery(&["ls", "--no-input"]);
    assert_eq!(list.code, 7, "{}{}", list.out, list.err);
    home.kill_agent();
    assert_eq!(home.chancery(&["ls", "--no-input"]).code, 7);
    assert!((server.metrics().sign_ins() - 1.0).abs() < 0.5);
}

#[test]
fn without_a_keyring_the_session_lives_in_memory_and_the_person_is_told() {
    let (home, server) = (TestHome::without_keyring(), TestServer::start());
    let said = connect(&home, &server.url(), ADMIN, PASSWORD);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let status = home.chancery(&["status", "--json"]).json();
    assert_eq!(
        (&status["state"], &status["keyring"]),
        (&json!("connected"), &json!("unavailable"))
    );
    let told = format!("{}{}{status}", said.out, said.err);
    assert!(told.contains("keyring"), "{told}");
    home.kill_agent();
    let list = home.chancery(&["ls", "--no-input"]);
    assert_eq!(list.code, 3, "{}{}", list.out, list.err);
}
