//! The keyring of the desktop, a real one.

use crate::{is_inside, run_inside};
use chancery_platform::keyring::{Found, Key, SecretServiceStore, SecretStore};
use chancery_testkit::keyring::SessionBus;
use std::io::Write;
use std::process::{Command, Stdio};

const SERVER: &str = "https://work.example.com";

fn key(place: &str, user: &str) -> Key {
    Key {
        place: place.into(),
        server: SERVER.into(),
        user: user.into(),
    }
}

/// What an older version wrote: no place among the attributes.
fn store_as_before(user: &str, secret: &str) {
    let mut child = Command::new("secret-tool")
        .args(["store", "--label=Chancery", "application", "chancery"])
        .args(["server", SERVER, "user", user])
        .stdin(Stdio::piped())
        .spawn()
        .expect("secret-tool runs; it comes with libsecret-tools");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(secret.as_bytes()).expect("it reads");
    drop(input);
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn a_secret_belongs_to_one_place_and_an_older_one_is_taken_over_once() {
    if !is_inside() {
        let home = tempfile::tempdir().expect("made");
        let bus = SessionBus::with_keyring(home.path());
        run_inside(
            "keyring::a_secret_belongs_to_one_place_and_an_older_one_is_taken_over_once",
            bus.address(),
            home.path(),
        );
        return;
    }
    let store = SecretServiceStore::new();
    let (one, two) = (Found::Secret("one".into()), Found::Secret("two".into()));
    store
        .write(&key("here", "ada"), &"one".into())
        .expect("kept");
    assert_eq!(store.read(&key("there", "ada")), Found::Absent);
    store
        .write(&key("there", "ada"), &"two".into())
        .expect("kept");
    assert_eq!(store.read(&key("here", "ada")), one);
    assert_eq!(store.read(&key("there", "ada")), two);
    store.delete(&key("here", "ada")).expect("removed");
    assert_eq!(store.read(&key("here", "ada")), Found::Absent);
    assert_eq!(store.read(&key("there", "ada")), two);

    store_as_before("bob", "older");
    let older = Found::Secret("older".into());
    assert_eq!(store.read(&key("here", "bob")), older);
    assert_eq!(store.read(&key("here", "bob")), older);
    assert_eq!(store.read(&key("there", "bob")), Found::Absent);

    // Signing out before the first look must not leave the old one behind.
    store_as_before("eve", "older");
    store.delete(&key("here", "eve")).expect("removed");
    assert_eq!(store.read(&key("here", "eve")), Found::Absent);
}

/// The library that speaks to the bus can be built to use `select`, which
/// writes past its memory at a handle above 1,023. `.cargo/config.toml` sees to
/// it that ours is not.
#[test]
fn the_keyring_is_asked_safely_by_a_process_with_many_open_files() {
    if !is_inside() {
        let home = tempfile::tempdir().expect("made");
        let bus = SessionBus::with_keyring(home.path());
        run_inside(
            "keyring::the_keyring_is_asked_safely_by_a_process_with_many_open_files",
            bus.address(),
            home.path(),
        );
        return;
    }
    assert!(chancery_platform::limits::raise_open_files() > 3000);
    let _open: Vec<_> = (0..2500)
        .map(|_| std::fs::File::open("/dev/null").expect("one more"))
        .collect();
    let store = SecretServiceStore::new();
    for turn in 0..5 {
        let secret = format!("secret {turn}");
        let kept = Found::Secret(secret.as_str().into());
        store
            .write(&key("here", "ada"), &secret.as_str().into())
            .expect("kept");
        assert_eq!(store.read(&key("here", "ada")), kept);
    }
}
