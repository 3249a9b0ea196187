//! Add-ons are put into their applications' own directories.

use crate::support::{Ended, Home};
use serde_json::Value;
use std::path::{Path, PathBuf};

const ADDON: &str = "extensions/thunderbird@addons.chancery.xpi";

/// A person who has Thunderbird, with these profiles.
fn with_profiles(list: &str, names: &[&str]) -> (Home, PathBuf) {
    let home = Home::new();
    let thunderbird = home.path(".thunderbird");
    for name in names {
        std::fs::create_dir_all(thunderbird.join(name)).expect("made");
    }
    std::fs::create_dir_all(&thunderbird).expect("made");
    std::fs::write(thunderbird.join("profiles.ini"), list).expect("written");
    (home, thunderbird)
}

fn run(home: &Home, words: &[&str]) -> Ended {
    let mut command = home.command(words);
    // Whichever is there will do: nothing runs it here.
    command
        .env("HOME", home.path(""))
        .env("CHANCERY_NATIVE_MESSAGING", "/bin/true");
    Ended::of(&command.output().expect("it runs"))
}

fn manifest(home: &Home) -> PathBuf {
    home.path(".mozilla/native-messaging-hosts/chancery.json")
}

const ONE: &str = "[Install1]\nDefault=b.default\n[Profile0]\nPath=a\n[Profile1]\nPath=b.default\n";

#[test]
fn an_add_on_goes_into_the_profile_that_is_started_and_out_of_every_one() {
    let (home, thunderbird) = with_profiles(ONE, &["a", "b.default"]);
    let listed = |home: &Home| {
        let all = run(home, &["addons", "--json"]);
        let all: Value = serde_json::from_str(&all.out).expect("JSON");
        all[0]["profiles"].as_array().expect("a list").len()
    };
    assert_eq!(listed(&home), 0);
    for _ in 0..2 {
        let done = run(&home, &["addons", "install", "thunderbird"]);
        assert_eq!(done.code, Some(0), "{done:?}");
        assert!(
            done.out.contains("b.default”. Start Thunderbird anew."),
            "{done:?}"
        );
    }
    let first = std::fs::read(thunderbird.join("b.default").join(ADDON)).expect("there");
    assert!(first.starts_with(b"PK"));
    assert!(!thunderbird.join("a").join(ADDON).exists());
    let told = std::fs::read(manifest(&home)).expect("there");
    let told: Value = serde_json::from_slice(&told).expect("JSON");
    assert_eq!(told["path"], "/bin/true");

    let other = thunderbird.join("a");
    let other = other.to_str().expect("text");
    let done = run(
        &home,
        &["addons", "install", "thunderbird", "--profile", other],
    );
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(
        std::fs::read(Path::new(other).join(ADDON)).expect("there"),
        first
    );
    assert_eq!(listed(&home), 2);

    // As long as one profile has it, it can be talked to.
    let done = run(
        &home,
        &["addons", "remove", "thunderbird", "--profile", other],
    );
    assert_eq!((done.code, listed(&home)), (Some(0), 1), "{done:?}");
    assert!(manifest(&home).exists());
    let done = run(&home, &["addons", "remove", "thunderbird"]);
    assert_eq!((done.code, listed(&home)), (Some(0), 0), "{done:?}");
    assert!(!manifest(&home).exists());
    let done = run(&home, &["addons", "remove", "thunderbird"]);
    assert!(
        done.out.contains("is not installed. Nothing was changed."),
        "{done:?}"
    );
}

#[test]
fn where_it_cannot_be_put_nothing_is_left_half_done() {
    let (home, _) = with_profiles("[Profile0]\nPath=a\n[Profile1]\nPath=b\n", &["a", "b"]);
    let missing = home.path("missing");
    let missing = missing.to_str().expect("text");
    let file = home.file("a-file", b"");
    let file = file.to_str().expect("text");
    for (words, code, said) in [
        (&["addons", "install", "thunderbird"][..], 5, "--profile"),
        (
            &["addons", "install", "thunderbird", "--profile", missing],
            5,
            "missing",
        ),
        (
            &["addons", "install", "thunderbird", "--profile", file],
            1,
            "a-file",
        ),
        (&["addons", "install", "outlook"], 2, "outlook"),
    ] {
        let ended = run(&home, words);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.err.contains(said), "{ended:?}");
        assert!(!manifest(&home).exists());
    }
    // Nor where the program is missing that it would talk to.
    let mut command = home.command(&["addons", "install", "thunderbird", "--profile"]);
    command
        .arg(home.path(".thunderbird/a"))
        .env("HOME", home.path(""))
        .env("CHANCERY_NATIVE_MESSAGING", missing);
    let ended = Ended::of(&command.output().expect("it runs"));
    assert_eq!(ended.code, Some(5), "{ended:?}");
    assert!(ended.err.contains("CHANCERY_NATIVE_MESSAGING"), "{ended:?}");
    assert!(!home.path(".thunderbird/a").join(ADDON).exists());
}
