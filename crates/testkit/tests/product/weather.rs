//! The network between the agent and the server: cut, slow, half open, reset in
//! the middle of a body, and back again.

use crate::sessions::{administrator, desktop_sessions, ended, list};
use chancery_testkit::chaos::Weather;
use chancery_testkit::server::{API, TestServer, Upload};
use chancery_testkit::waiting::eventually;
use chancery_testkit::{ChaosProxy, Pattern, Request, TestHome};
use std::time::{Duration, Instant};

const MIB: u64 = 1024 * 1024;

fn offline(home: &TestHome) -> (u16, String) {
    let answer = list(home);
    (answer.status, answer.error_code())
}

fn ids(server: &TestServer, token: &str) -> Vec<serde_json::Value> {
    let sessions = desktop_sessions(server, token);
    sessions
        .iter()
        .map(|session| session["id"].clone())
        .collect()
}

/// A home that is connected through a proxy, and a document of some size.
fn stage(size: u64) -> (TestHome, TestServer, ChaosProxy, String) {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    let proxy = ChaosProxy::before(server.address());
    let token = server.sign_in();
    let workspace = server.workspace(&token, "Matter");
    let folder = server.folder(&token, &workspace, "Letters");
    let upload = Upload::named("Large", "bin");
    let (body, length) = upload.around(Pattern::new(7, size), size);
    let path = format!("{API}/folders/{folder}/documents");
    let put = Request::new("POST", &path).token(&token);
    let put = put.stream(Upload::CONTENT_TYPE, body, length);
    let answer = server.call(put).expect(201).json();
    let id = answer["data"]["id"].as_str().expect("an id").to_owned();
    home.connect_to(&proxy.url());
    (home, server, proxy, id)
}

#[test]
fn connections_that_were_cut_while_nobody_used_them_are_nobodys_trouble() {
    let (home, _server, proxy, _) = stage(64);
    assert_eq!(list(&home).status, 200);
    for _ in 0..5 {
        proxy.cut();
        assert_eq!(list(&home).status, 200);
    }
    assert_eq!(home.state(), "connected");
}

#[test]
fn a_slow_network_is_slow_and_not_offline() {
    let (home, server, proxy, _) = stage(64);
    let admin = administrator(&server);
    let before = ids(&server, &admin);
    proxy.set(Weather::Slow(Duration::from_millis(400)));
    let began = Instant::now();
    assert_eq!(list(&home).status, 200);
    assert!(began.elapsed() >= Duration::from_millis(400));
    assert_eq!(home.state(), "connected");
    assert_eq!(ids(&server, &admin), before);
}

#[test]
fn an_answer_that_breaks_off_is_never_taken_for_a_whole_one() {
    let (home, _server, proxy, id) = stage(8 * MIB);
    proxy.set(Weather::ResetAfterReceived(3 * MIB));
    let mut got = Vec::new();
    let get = Request::get(&format!("{API}/documents/{id}/download"));
    let outcome = home.agent().call_into(get, &mut got);
    assert!(outcome.is_err(), "{outcome:?} after {} bytes", got.len());
    assert!((got.len() as u64) < 8 * MIB);
    // The command line fetches the rest, as often as it takes.
    let _ = home.chancery(&["get", &id, "-o", "whole.bin"]).done();
    let whole = std::fs::read(home.path().join("whole.bin")).expect("it is there");
    assert!(whole == Pattern::bytes(7, 8 * MIB), "byte for byte");
    // Where no connection holds at all it leaves no half file behind.
    proxy.set(Weather::ResetAfterReceived(1));
    let said = home.chancery(&["get", &id, "-o", "half.bin"]);
    assert_ne!(said.code, 0);
    assert!(!home.path().join("half.bin").exists());
}

#[test]
fn an_upload_that_is_reset_in_the_middle_makes_no_document_and_goes_through_later() {
    let (home, server, proxy, _) = stage(64);
    let token = server.sign_in();
    let workspace = server.workspace(&token, "Other");
    let folder = server.folder(&token, &workspace, "Drafts");
    let documents = || {
        let path = format!("{API}/folders/{folder}/documents");
        let listed = server.call(Request::get(&path).token(&token)).expect(200);
        let data = listed.json()["data"].clone();
        let list = data["results"].as_array().or(data.as_array()).cloned();
        list.expect("a list").len()
    };
    let send = || {
        let upload = Upload::named("Draft", "bin");
        let (body, length) = upload.around(Pattern::new(3, 8 * MIB), 8 * MIB);
        let path = format!("{API}/folders/{folder}/documents");
        let call = Request::new("POST", &path).stream(Upload::CONTENT_TYPE, body, length);
        home.agent().call(call).map(|answer| answer.status)
    };
    proxy.set(Weather::ResetAfterSent(2 * MIB));
    let broken = send();
    assert!(!matches!(broken, Ok(200..300)), "{broken:?}");
    proxy.set(Weather::Fair);
    assert_eq!(documents(), 0);
    assert_eq!(send().expect("an answer"), 201);
    assert_eq!(documents(), 1);
}

#[test]
fn a_half_open_link_is_noticed_by_whoever_waits_and_everybody_hears_offline() {
    let (home, _server, proxy, _) = stage(64);
    assert_eq!(list(&home).status, 200);
    proxy.set(Weather::Held);
    let began = Instant::now();
    let answers: Vec<_> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..10).map(|_| scope.spawn(|| offline(&home))).collect();
        callers.into_iter().map(ended).collect()
    });
    let expected = (503, "CHANCERY_OFFLINE".to_owned());
    assert!(
        answers.iter().all(|answer| *answer == expected),
        "{answers:?}"
    );
    assert!(began.elapsed() < Duration::from_secs(60), "nobody waits on");
    assert_eq!(home.state(), "offline");
    proxy.set(Weather::Fair);
    eventually("the agent is back", || {
        (home.state() == "connected").then_some(())
    });
    assert_eq!(list(&home).status, 200);
}

#[test]
fn a_server_that_restarts_under_calls_is_back_without_a_sign_in() {
    let (home, mut server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let token = administrator(&server);
    let session = desktop_sessions(&server, &token)[0]["id"].clone();
    server.kill();
    assert_eq!(offline(&home), (503, "CHANCERY_OFFLINE".to_owned()));
    server.begin();
    eventually("the agent is back", || {
        (home.state() == "connected").then_some(())
    });
    assert_eq!(list(&home).status, 200);
    assert_eq!(desktop_sessions(&server, &token)[0]["id"], session);
}
