//! Signing in at the start.

use super::{AT_START, ask, provides, sessions, setting, status};
use chancery_testkit::ChaosProxy;
use chancery_testkit::Request;
use chancery_testkit::TestHome;
use chancery_testkit::chaos::Weather;
use chancery_testkit::server::TestServer;
use chancery_testkit::waiting::eventually;

#[test]
fn at_start_the_agent_signs_in_by_itself_and_without_it_it_does_not() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let _ = home.chancery(&["agent", "stop"]).done();
    assert_eq!(home.state(), "deferred");
    let _ = home.chancery(&["agent", "stop"]).done();
    home.set_preferences(AT_START);
    let state = || status(&home)["state"].clone();
    eventually("the agent signed in by itself", || {
        (state() == "connected").then_some(())
    });
    assert_eq!(
        setting(&home, "sign_in.when"),
        ("\"at-start\"".into(), "preferences".into())
    );
    // The administrator's word stands above the person's.
    let _ = home.chancery(&["agent", "stop"]).done();
    home.set_policy("[sign_in]\nwhen = \"first-use\"\n");
    assert_eq!(home.state(), "deferred");
    assert_eq!(
        setting(&home, "sign_in.when"),
        ("\"first-use\"".into(), "policy".into())
    );
}

#[test]
fn at_start_nobody_is_asked_and_what_is_missing_is_seen_in_the_state() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.set_policy(&format!("{}{AT_START}", provides(&server)));
    let state = eventually("the agent tried", || {
        Some(status(&home)).filter(|state| state["state"] == "needs-user")
    });
    assert_eq!(state["reason"], "never-signed-in", "{state}");
}

#[test]
fn a_sign_in_at_start_waits_for_a_server_that_is_away() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    let proxy = ChaosProxy::before(server.address());
    home.connect_to(&proxy.url());
    let _ = home.chancery(&["agent", "stop"]).done();
    home.set_policy(AT_START);
    proxy.set(Weather::Closed);
    proxy.cut();
    eventually("the server is away", || {
        (home.state() == "offline").then_some(())
    });
    proxy.set(Weather::Fair);
    eventually("the agent signed in by itself", || {
        (home.state() == "connected").then_some(())
    });
}

#[test]
fn one_application_signs_in_at_its_start_and_the_others_with_their_first_use() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let _ = home.chancery(&["agent", "stop"]).done();
    home.set_policy("[application.\"Mail client\"]\nsign_in = \"at-start\"\n");
    assert_eq!(home.state(), "deferred");
    let hello = |name: &str| {
        let call = Request::get("/agent/v1/hello").header("Chancery-Application", name);
        let _ = ask(&home, call).expect(200);
    };
    let renewals = || {
        let labels = [("method", "refresh"), ("outcome", "success")];
        server.metrics().sum("chancery_sign_ins_total", &labels)
    };
    let before = renewals();
    hello("Mail");
    assert_eq!(home.state(), "deferred");
    hello("mail CLIENT");
    eventually("it is signed in", || {
        (home.state() == "connected").then_some(())
    });
    hello("Mail client");
    assert_eq!(renewals() - before, 1.0);
}

#[test]
fn whoever_disconnected_is_not_signed_in_at_the_next_start() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let _ = home.chancery(&["disconnect"]).done();
    let _ = home.chancery(&["agent", "stop"]).done();
    home.set_policy(AT_START);
    assert_eq!(home.state(), "disconnected");
    assert!(sessions(&server) < 0.5);
}
