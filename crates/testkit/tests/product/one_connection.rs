//! Many callers, one connection: what happens to it while they use it.

use crate::sessions::{
    administrator, desktop_sessions, ended, list, needs_user, renewals, set_idle,
};
use chancery_testkit::chaos::Weather;
use chancery_testkit::server::{ADMIN, API, PASSWORD, TestServer, Upload};
use chancery_testkit::waiting::eventually;
use chancery_testkit::{ChaosProxy, Request, TestHome};
use serde_json::json;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

#[test]
fn fifty_applications_make_their_first_call_together_and_one_sign_in_serves_them_all() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let before = (server.metrics().sign_ins(), renewals(&server));
    let _ = home.chancery(&["agent", "stop"]).done();
    let _ = home.chancery(&["status"]).done();
    assert_eq!(home.state(), "deferred");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..50)
            .map(|_| scope.spawn(|| list(&home).status))
            .collect();
        callers.into_iter().map(ended).collect()
    });
    assert_eq!(statuses, [200; 50]);
    assert_eq!(renewals(&server) - before.1, 1.0);
    assert_eq!(server.metrics().sign_ins() - before.0, 1.0);
    assert_eq!(home.state(), "connected");
}

#[test]
fn a_session_that_ran_out_is_renewed_once_and_nobody_notices() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let admin = administrator(&server);
    // The agent was told four hours; the administrator thinks otherwise.
    set_idle(&server, &admin, 1);
    eventually("the session ran out", || {
        desktop_sessions(&server, &admin).is_empty().then_some(())
    });
    let before = renewals(&server);
    let first = list(&home);
    assert_eq!(first.status, 200, "{}", first.text());
    assert_eq!(renewals(&server) - before, 1.0);
}

#[test]
fn an_upload_that_meets_an_expired_session_is_sent_again_by_the_command_line() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    let token = server.sign_in();
    let workspace = server.workspace(&token, "Matter");
    let folder = server.folder(&token, &workspace, "Letters");
    home.connect(&server);
    let admin = administrator(&server);
    let file = home.path().join("large.bin");
    std::fs::write(&file, vec![7; 1024 * 1024]).expect("written");
    assert_eq!(list(&home).status, 200);
    set_idle(&server, &admin, 1);
    eventually("the session ran out", || {
        desktop_sessions(&server, &admin).is_empty().then_some(())
    });
    // The raw answer that a caller has to understand …
    let upload = Upload::named("Large", "bin");
    let bytes = vec![7_u8; 1024 * 1024];
    let (body, length) = upload.around(bytes.as_slice(), bytes.len() as u64);
    let call = Request::new("POST", &format!("{API}/folders/{folder}/documents")).stream(
        Upload::CONTENT_TYPE,
        body,
        length,
    );
    let answer = home.agent().call(call).expect("the agent answers");
    // … unless the agent had to look whether the session lives, which renews it.
    if answer.status != 201 {
        assert_eq!(
            (answer.status, answer.error_code().as_str()),
            (503, "CHANCERY_SEND_AGAIN")
        );
    }
    // … and the command line understands it.
    eventually("the session ran out again", || {
        desktop_sessions(&server, &admin).is_empty().then_some(())
    });
    let words = ["put", "large.bin", "--folder", &folder, "--json"];
    let put = home.chancery(&words).json();
    assert_eq!(put["size"], 1024 * 1024);
}

#[test]
fn a_session_that_an_administrator_ended_needs_the_person_and_every_caller_hears_so() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let admin = administrator(&server);
    let session = desktop_sessions(&server, &admin)[0]["id"].clone();
    let session = session.as_str().expect("an id");
    let path = format!("/api/v2/customers/1/sessions/{session}");
    let _ = server
        .call(Request::new("DELETE", &path).token(&admin))
        .expect(200);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..10)
            .map(|_| scope.spawn(|| needs_user(&list(&home))))
            .collect();
        callers.into_iter().map(ended).collect()
    });
    let expected = (401, "CHANCERY_NEEDS_USER".to_owned(), "ended".to_owned());
    assert!(
        answers.iter().all(|answer| *answer == expected),
        "{answers:?}"
    );
    assert_eq!(home.state(), "needs-user");
    let said = home.chancery_reading(
        &["sign-in", "--user", ADMIN, "--password-stdin"],
        &format!("{PASSWORD}\n"),
    );
    let _ = said.done();
    assert_eq!(list(&home).status, 200);
}

#[test]
fn a_token_that_a_caller_brings_stays_here() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let call = Request::get("/api")
        .header("Authorization", "Bearer stolen")
        .header("X-Auth-Token", "stolen")
        .header("Cookie", "session=stolen");
    let answer = home.agent().call(call).expect("an answer").expect(200);
    assert_eq!(answer.json()["data"]["user"]["id"], ADMIN);
    assert_eq!(
        answer.json()["data"]["versions"][0]["url"],
        "http://chancery/work/api/v2"
    );
    assert!(answer.header("x-auth-token").is_none());
}

#[test]
fn signing_in_other_hosts_pages_and_disguised_paths_do_not_pass() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let ask = |request: Request<'_>| {
        let answer = home.agent().call(request).expect("an answer");
        (answer.status, answer.error_code())
    };
    let forbidden = (403, "CHANCERY_FORBIDDEN".to_owned());
    let disguised = (400, "CHANCERY_BAD_REQUEST".to_owned());
    for path in [
        "/auth/oauth2/token",
        "/api/v1/session/login",
        "/work/api/v1/session/logout",
        "/login/terminate",
        "/metrics",
    ] {
        assert_eq!(ask(Request::new("POST", path)), forbidden, "{path}");
    }
    for path in [
        "/work/api/../../auth/logout",
        "/work/api/%2e%2e/auth",
        "/work/api/v2/a%2fb",
    ] {
        assert_eq!(ask(Request::get(path)), disguised, "{path}");
    }
    assert_eq!(
        ask(Request::get("/api").header("Origin", "https://evil.example")),
        forbidden
    );
    assert_eq!(
        ask(Request::get("/api").header("Referer", "https://evil.example/")),
        forbidden
    );
    assert_eq!(
        ask(Request::get("/api").header("Host", "evil.example")),
        forbidden
    );
}

#[test]
fn a_second_agent_is_told_who_the_first_one_is() {
    let home = TestHome::without_keyring();
    let _ = home.chancery(&["status"]).done();
    let said = home.chancery(&["agent", "run"]);
    let sentence = format!(
        "The agent is already running as process {}. Use that one, or end it first with “chancery agent stop”.",
        home.agent_pid()
    );
    assert_ne!(said.code, 0);
    assert!(said.err.contains(&sentence), "{}", said.err);
}

#[test]
fn the_socket_of_an_agent_that_was_killed_is_in_nobodys_way() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let first = home.agent_pid();
    home.kill_agent();
    assert!(home.socket().exists(), "the socket stayed behind");
    let _ = home.chancery(&["ls"]).done();
    assert_ne!(home.agent_pid(), first);
    assert_eq!(home.state(), "connected");
}

#[test]
fn an_agent_whose_socket_or_directory_is_removed_takes_its_place_again() {
    // What is not kept lives as long as this very agent.
    let (home, server) = (TestHome::without_keyring(), TestServer::start());
    home.connect(&server);
    let first = home.agent_pid();
    let socket = home.socket();
    let directory = socket.parent().expect("its directory");
    std::fs::remove_file(&socket).expect("removed");
    assert_eq!(list_with_patience(&home), 200);
    std::fs::remove_file(directory.join("agent.lock")).expect("removed");
    std::fs::remove_file(&socket).expect("removed");
    assert_eq!(list_with_patience(&home), 200);
    // At once: file by file, the agent would fill it while it is emptied.
    let aside = home.path().join("aside");
    std::fs::rename(directory, &aside).expect("taken away");
    std::fs::remove_dir_all(&aside).expect("removed");
    assert_eq!(list_with_patience(&home), 200);
    assert_eq!(home.agent_pid(), first);
    let mode = std::fs::metadata(directory).expect("made").permissions();
    assert_eq!(mode.mode() & 0o777, 0o700);
    // It still is the only one, and ends as any other.
    let _ = home.chancery(&["agent", "stop"]).done();
    assert!(!socket.exists());
}

/// The status of a list, as a program gets it that starts an agent if need be.
fn list_with_patience(home: &TestHome) -> u16 {
    let said = home.chancery(&["api", "GET", &format!("{API}/workspaces"), "--json"]);
    let status = said.json()["status"].as_u64().expect("a status");
    u16::try_from(status).expect("a status")
}

#[test]
fn an_agent_whose_place_another_one_has_taken_ends() {
    let (home, server) = (TestHome::without_keyring(), TestServer::start());
    home.connect(&server);
    let socket = home.socket();
    let (lock, other) = (
        socket.with_file_name("agent.lock"),
        socket.with_file_name("other.lock"),
    );
    let holder = std::fs::File::create(&other).expect("made");
    holder.try_lock().expect("free");
    std::fs::rename(&other, &lock).expect("put in its place");
    eventually("the agent ends", || (!socket.exists()).then_some(()));
    assert!(
        home.agent_log().contains("so it ends"),
        "{}",
        home.agent_log()
    );
    drop(holder);
    let _ = home.chancery(&["status"]).done();
    assert_eq!(home.state(), "deferred");
}

#[test]
fn a_server_that_goes_away_is_offline_and_comes_back_by_itself() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    let proxy = ChaosProxy::before(server.address());
    home.connect_to(&proxy.url());
    proxy.set(Weather::Closed);
    proxy.cut();
    let answer = list(&home);
    assert_eq!(
        (answer.status, answer.error_code().as_str()),
        (503, "CHANCERY_OFFLINE")
    );
    assert!(answer.header("Retry-After").is_some());
    assert_eq!(home.state(), "offline");
    proxy.set(Weather::Fair);
    eventually("the agent is back", || {
        (home.state() == "connected").then_some(())
    });
    assert_eq!(list(&home).status, 200);
}

#[test]
fn a_sign_in_that_comes_too_late_brings_nothing_back() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    let proxy = ChaosProxy::before(server.address());
    home.connect_to(&proxy.url());
    let admin = administrator(&server);
    let _ = home.chancery(&["agent", "stop"]).done();
    let _ = home.chancery(&["status"]).done();
    proxy.set(Weather::Slow(Duration::from_millis(1500)));
    std::thread::scope(|scope| {
        let caller = scope.spawn(|| list(&home));
        eventually("the sign-in is in flight", || {
            (home.state() == "signing-in").then_some(())
        });
        let _ = home.chancery(&["disconnect"]).done();
        let answer = ended(caller);
        assert_ne!(answer.status, 200);
    });
    assert_eq!(home.state(), "disconnected");
    eventually("no session is left on the server", || {
        desktop_sessions(&server, &admin).is_empty().then_some(())
    });
    assert_eq!(home.state(), "disconnected");
}

#[test]
fn an_older_server_has_none_of_the_capabilities_and_works_all_the_same() {
    let server = TestServer::configured("[compat]\napi_level = \"10.3.4\"\n");
    let home = TestHome::with_keyring();
    home.connect(&server);
    let status = home.chancery(&["status", "--json"]).json();
    assert_eq!(status["server"]["version"], "10.3.4");
    assert_eq!(status["server"]["capabilities"], json!([]));
    assert_eq!(status["server"]["gate"]["kind"], "limited");
    let answer = list(&home).expect(200);
    assert!(answer.header("chancery-session-idle").is_none());
    let background = Request::get("/api").header("Chancery-Background", "1");
    let answer = home.agent().call(background).expect("an answer");
    assert_eq!(
        (answer.status, answer.error_code().as_str()),
        (409, "CHANCERY_NO_BACKGROUND")
    );
}

#[test]
fn a_server_that_is_too_old_is_refused_with_its_version() {
    let server = TestServer::configured("[compat]\napi_level = \"10.3.2\"\n");
    let home = TestHome::without_keyring();
    let body = json!({"address": server.url(), "user": ADMIN, "password": PASSWORD});
    let _ = home.chancery(&["status"]).done();
    let call = Request::new("POST", "/agent/v1/connect").json(&body);
    let answer = home.agent().call(call).expect("an answer");
    assert_eq!(
        (answer.status, answer.error_code().as_str()),
        (422, "CHANCERY_VERSION_REFUSED")
    );
    assert!(answer.text().contains("10.3.2"), "{}", answer.text());
    assert_eq!(home.state(), "no-server");
}
