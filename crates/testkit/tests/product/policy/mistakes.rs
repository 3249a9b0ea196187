//! Files that cannot be used.

use super::{list, provides, servers, setting, sign_in, status, warning, words};
use chancery_testkit::TestHome;
use chancery_testkit::server::TestServer;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_file_with_a_mistake_is_explained_not_used_and_nothing_more_is_stored() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.set_policy(&format!(
        "{}[sign_in]\nwhen = \"sometimes\"\n",
        provides(&server)
    ));
    let state = status(&home);
    assert_eq!(state["state"], "no-server", "{state}");
    let warning = warning(&home);
    for part in [
        home.policy_file().display().to_string().as_str(),
        "Line 5: “sometimes” is no value of “sign_in.when”.",
        "Tell your administrator",
    ] {
        assert!(warning.contains(part), "{part}: {warning}");
    }
    let said = home.chancery(&["policy"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        words(&said).contains("has mistakes, so none of it is used"),
        "{said:?}"
    );
    assert_eq!(setting(&home, "storage.refresh_token").0, "false");
    home.connect(&server);
    assert_eq!(home.kept_in_keyring(), "");
    // Mended, it holds at the next question.
    home.set_policy(&provides(&server));
    assert_eq!(status(&home)["warnings"], json!([]));
    assert_eq!(servers(&home)[0]["provided"], true);
    let _ = sign_in(&home).done();
    assert!(!home.kept_in_keyring().is_empty());
}

#[test]
fn what_was_kept_before_a_mistake_is_used_once_more_and_then_gone() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let _ = home.chancery(&["agent", "stop"]).done();
    home.set_policy("nonsense");
    assert!(warning(&home).contains("Line 1: "));
    assert!(
        !home.kept_in_keyring().is_empty(),
        "nothing is removed for a mistake"
    );
    assert_eq!(list(&home).status, 200);
    assert_eq!(home.kept_in_keyring(), "");
}

#[test]
fn a_file_that_others_can_write_is_refused() {
    let (home, server) = (TestHome::without_keyring(), TestServer::start());
    home.set_policy(&provides(&server));
    assert_eq!(home.state(), "deferred");
    let set_mode = |mode| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(home.policy_file(), permissions).expect("set");
    };
    set_mode(0o666);
    assert_eq!(home.state(), "no-server");
    let warning = warning(&home);
    assert!(
        warning.contains("Others than an administrator can change it"),
        "{warning}"
    );
    set_mode(0o644);
    assert_eq!(home.state(), "deferred");
}

#[test]
fn preferences_with_a_mistake_are_told_and_the_policy_holds_all_the_same() {
    let (home, server) = (TestHome::without_keyring(), TestServer::start());
    home.set_policy(&provides(&server));
    home.set_preferences("[storage]\nfile = true\n");
    assert_eq!(home.state(), "deferred");
    let warning = warning(&home);
    assert!(
        warning.contains("preferences.toml")
            && warning.contains("Line 1: “storage” is the administrator's to say"),
        "{warning}"
    );
    let said = home.chancery(&["policy"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert_eq!(
        setting(&home, "storage.file"),
        ("true".into(), "default".into())
    );
}
