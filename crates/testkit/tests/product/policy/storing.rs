//! What may be stored.

use super::{NOTHING_KEPT, list, sessions, status, words};
use chancery_testkit::TestHome;
use chancery_testkit::server::ADMIN;
use chancery_testkit::server::PASSWORD;
use chancery_testkit::server::TestServer;
use chancery_testkit::waiting::eventually;

#[test]
fn nothing_is_put_into_the_keyring_where_the_policy_says_so() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.set_policy(NOTHING_KEPT);
    let said = home.chancery_reading(
        &[
            "connect",
            &server.url(),
            "--user",
            ADMIN,
            "--password-stdin",
        ],
        &format!("{PASSWORD}\n"),
    );
    let told = words(&said);
    let _ = said.done();
    assert!(
        told.contains("Your administrator lets nothing be put into the keyring"),
        "{told}"
    );
    assert!(!told.contains("There is no keyring"), "{told}");
    assert_eq!(list(&home).status, 200);
    assert_eq!(home.kept_in_keyring(), "");
    let said = home.chancery_reading(
        &[
            "connect",
            &server.url(),
            "--user",
            ADMIN,
            "--password-stdin",
            "--store-in-file",
        ],
        &format!("{PASSWORD}\n"),
    );
    assert_eq!(said.code, 6, "{said:?}");
    assert!(
        words(&said).contains("does not let a session be kept in a file"),
        "{said:?}"
    );
    assert!(!home.path().join("state/sessions").exists());
    // A session that is kept nowhere ends with the agent.
    let _ = home.chancery(&["agent", "stop"]).done();
    eventually("the session has ended", || {
        (sessions(&server) < 0.5).then_some(())
    });
    assert_eq!(home.chancery(&["ls", "--no-input"]).code, 3);
}

#[test]
fn what_was_kept_is_removed_when_the_policy_changes_and_the_session_goes_on() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    assert!(!home.kept_in_keyring().is_empty());
    home.set_policy(NOTHING_KEPT);
    assert_eq!(home.state(), "connected");
    eventually("the keyring is empty", || {
        home.kept_in_keyring().is_empty().then_some(())
    });
    assert_eq!(list(&home).status, 200);
    assert_eq!(status(&home)["keyring"], "unavailable");
}

#[test]
fn what_was_kept_by_an_agent_before_is_removed_and_ended_on_the_server() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let _ = home.chancery(&["agent", "stop"]).done();
    assert!(sessions(&server) > 0.5 && !home.kept_in_keyring().is_empty());
    home.set_policy(NOTHING_KEPT);
    assert_eq!(home.state(), "deferred");
    eventually("the keyring is empty", || {
        home.kept_in_keyring().is_empty().then_some(())
    });
    eventually("the session has ended", || {
        (sessions(&server) < 0.5).then_some(())
    });
}

#[test]
fn a_secret_in_a_file_moves_into_the_keyring_where_files_are_not_allowed() {
    let (mut home, server) = (TestHome::without_keyring(), TestServer::start());
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
    let file = home.path().join("state/sessions");
    let kept = || std::fs::read_to_string(&file).unwrap_or_default();
    assert!(kept().contains("refresh:"));
    let _ = home.chancery(&["agent", "stop"]).done();
    home.start_keyring();
    home.set_policy("[storage]\nfile = false\n");
    let _ = home.chancery(&["ls"]).done();
    assert_eq!(kept(), "");
    assert!(!home.kept_in_keyring().is_empty());
    assert_eq!(home.state(), "connected");
}
