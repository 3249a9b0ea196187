//! What needs no server and no agent.

use crate::support::Home;

#[test]
fn the_help_texts_say_what_there_is() {
    let home = Home::new();
    let mut all = String::new();
    for command in [
        "",
        "connect",
        "status",
        "servers",
        "switch",
        "disconnect",
        "sign-in",
        "watch",
        "ls",
        "find",
        "put",
        "get",
        "open",
        "checkout",
        "checkin",
        "uses",
        "policy",
        "doctor",
        "api",
        "addons",
        "agent",
        "completions",
        "man",
    ] {
        let words: Vec<&str> = [command, "--help"]
            .into_iter()
            .filter(|word| !word.is_empty())
            .collect();
        let ended = home.run(&words);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let (before, _) = ended
            .out
            .split_once("Everywhere:")
            .unwrap_or((&ended.out, ""));
        let shown = if command.is_empty() {
            &ended.out
        } else {
            before
        };
        all.push_str(&format!(
            "$ chancery {}\n{}\n\n",
            words.join(" "),
            shown.trim_end()
        ));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn wrong_usage_is_told_in_words_and_with_its_exit_code() {
    let home = Home::new();
    let mut all = String::new();
    for words in [
        &["frobnicate"][..],
        &["put", "letter.docx"],
        &["put", "letter.docx", "12"],
        &["put", "a", "b", "--new-version-of", "ACTIVE!1.1"],
        &["get", "ACTIVE!1.1", "--output", "-", "--json"],
        &["ls", "a b"],
        &["ls", "ACTIVE", "--limit", "0"],
        &["api", "FETCH", "/work/api"],
        &["api", "https://elsewhere.example/work/api"],
        &["connect", "--server", "a", "b"],
        &["watch", "--until", "tomorrow"],
        &["completions", "tcsh"],
        &["staus"],
        &["get"],
        &["get", "ACTIVE!1.1", "--forse"],
        &["get", "ACTIVE!1.1", "--output"],
        &["servers", "add"],
        &["checkin", "a", "--replace", "--new-version"],
        &["find"],
        &["find", "lease", "--limit", "many"],
        &["uses", "--server", "a"],
        &["policy", "chek"],
        &["policy", "check"],
    ] {
        let ended = home.run(words);
        assert_eq!(ended.code, Some(2), "{words:?} {ended:?}");
        assert_eq!(ended.out, "", "{words:?}");
        all.push_str(&format!(
            "$ chancery {}\n{}\n\n",
            words.join(" "),
            ended.err.trim_end()
        ));
    }
    insta::assert_snapshot!(all);
    assert_eq!(home.names(), Vec::<String>::new());
}

#[test]
fn wrong_usage_is_json_where_json_is_asked_for() {
    let ended = Home::new().run(&["frobnicate", "--json"]);
    assert_eq!(ended.code, Some(2));
    let error: serde_json::Value = serde_json::from_str(&ended.err).expect("JSON");
    assert_eq!(error["error"]["code"], "USAGE");
    assert_eq!(error["error"]["exit"], 2);
    assert_eq!(error["error"]["message"], "“frobnicate” is no command.");
}

#[test]
fn a_file_that_is_not_there_is_said_before_anything_is_sent() {
    let ended = Home::new().run(&["put", "letter.docx", "ACTIVE!12"]);
    assert_eq!(ended.code, Some(5));
    assert_eq!(
        ended.err,
        "“letter.docx” cannot be read: it is not there.\n"
    );
}

#[test]
fn a_policy_file_is_checked_without_an_agent() {
    let home = Home::new();
    home.file("good.toml", b"[sign_in]\nwhen = \"at-start\"\n");
    home.file("bad.toml", b"[sign_in]\nwhen = \"soon\"\n[storrage]\n");
    let ended = home.run(&["policy", "check", "good.toml"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.out, "“good.toml” has no mistakes.\n");
    let ended = home.run(&["policy", "check", "bad.toml"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    insta::assert_snapshot!(ended.out, @r#"
    “bad.toml” has mistakes, and the agent would use none of it:
      - Line 2: “soon” is no value of “sign_in.when”. Write "first-use" or "at-start".
      - Line 3: “storrage” is nothing that can be set. Write “server”, “servers”, “sign_in”, “application”, “storage” or “proxy”, or take it out.
    "#);
    let ended = home.run(&["policy", "check", "bad.toml", "--json"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.json()["mistakes"].as_array().map(Vec::len), Some(2));
    let ended = home.run(&["policy", "check", "none.toml"]);
    assert_eq!(ended.code, Some(5), "{ended:?}");
    assert_eq!(ended.err, "“none.toml” cannot be read: it is not there.\n");
    assert_eq!(home.names(), ["bad.toml", "good.toml"]);
}

#[test]
fn every_shell_gets_completions_for_every_command() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = home.run(&["completions", shell]);
        assert_eq!(ended.code, Some(0), "{shell}");
        for word in ["sign-in", "disconnect", "store-in-file"] {
            assert!(ended.out.contains(word), "{shell} has no {word}");
        }
    }
}

#[test]
fn stopping_where_no_agent_runs_is_fine_and_starts_none() {
    let home = Home::new();
    let ended = home.run(&["agent", "stop"]);
    assert_eq!(
        (ended.code, ended.out.as_str()),
        (Some(0), "No agent is running.\n")
    );
    assert!(!home.path("state").exists());
}

#[test]
fn a_home_whose_socket_would_be_too_long_is_told_before_anything_else() {
    let home = Home::new();
    let long = home.path(&"long".repeat(30));
    let output = home
        .command(&["status"])
        .env("CHANCERY_HOME", &long)
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(10));
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.contains("Set CHANCERY_HOME"), "{err}");
}

#[test]
fn a_socket_directory_that_is_a_link_is_refused() {
    let home = Home::new();
    std::fs::create_dir(home.path("elsewhere")).expect("made");
    std::os::unix::fs::symlink(home.path("elsewhere"), home.path("run")).expect("linked");
    let ended = home.run(&["status"]);
    assert_eq!(ended.code, Some(10));
    assert!(ended.err.contains("symbolic link"), "{ended:?}");
}
