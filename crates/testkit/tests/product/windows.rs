//! The programs for Windows, run under Wine, against the real server.
//!
//! What Wine 8 does not show, and only Windows does, is listed in
//! `docs/windows.md`.

use chancery_testkit::server::{ADMIN, PASSWORD};
use chancery_testkit::waiting::eventually;
use chancery_testkit::{Screen, TestServer, WindowsHome};
use serde_json::Value;
use std::process::Stdio;

/// Sessions that were made on the server, with a password and in any way.
fn sign_ins(server: &TestServer) -> (f64, f64) {
    let metrics = server.metrics();
    let with_password = [("method", "password"), ("outcome", "success")];
    (
        metrics.sum("chancery_sign_ins_total", &with_password),
        metrics.sign_ins(),
    )
}

/// A server with one folder, and the folder's id.
fn with_folder() -> (TestServer, String) {
    let server = TestServer::start();
    let token = server.sign_in();
    let workspace = server.workspace(&token, "Müller ./. Ω 律");
    let folder = server.folder(&token, &workspace, "Briefe");
    (server, folder)
}

#[test]
#[ignore = "needs Wine and the programs for Windows; “cargo xtask test --long” makes and runs them"]
fn what_the_system_owns_works_as_its_own_tests_say() {
    // Something is dragged onto a window there.
    let home = WindowsHome::with_screen();
    let said = home.run(home.tests_of_platform(), &["--color=never"]);
    let (code, out) = (said.code, said.out);
    assert_eq!(code, 0, "{out}{}", said.err);
    // The pipe, the Credential Manager, directories and locks are among them.
    for (room, most) in [
        ("socket::windows::", 7),
        ("credential_manager::", 1),
        ("directories::windows::", 4),
        ("singleton::", 2),
        ("drop_target::windows::", 7),
    ] {
        let ran = out
            .lines()
            .filter(|line| line.contains(room) && line.ends_with("... ok"));
        assert!(ran.count() >= most, "{room}: {out}");
    }
}

#[test]
#[ignore = "needs Wine and the programs for Windows; “cargo xtask test --long” makes and runs them"]
fn the_first_command_starts_the_agent_and_the_others_find_it() {
    let home = WindowsHome::new();
    let pid = |said: Value| said["pid"].as_u64().expect("a process");
    // The output is read to its end, which an agent that held it would delay.
    let first = pid(home.chancery(&["agent", "start", "--json"]).json());
    let again = pid(home.chancery(&["agent", "start", "--json"]).json());
    assert_eq!(first, again, "there is one agent");
    assert_eq!(home.status()["state"], "no-server");
    let stopped = home.chancery(&["agent", "stop", "--json"]).json();
    assert_eq!(
        (pid(stopped.clone()), &stopped["ended"]),
        (first, &true.into())
    );
    let next = pid(home.chancery(&["agent", "start", "--json"]).json());
    assert_ne!(first, next);
    // One that crashed leaves nothing in the way.
    home.kill_agent();
    assert_ne!(
        pid(home.chancery(&["agent", "start", "--json"]).json()),
        next
    );
    let checked = home.chancery(&["doctor"]).done();
    for (about, what) in [
        ("command", "on Windows (x86_64)"),
        ("settings", "is yours alone"),
        ("logs", "is yours alone"),
        ("agent", "speaks protocol"),
    ] {
        let is_said = |line: &str| line.contains(about) && line.contains(what);
        assert!(checked.lines().any(is_said), "{about}: {checked}");
    }
    let pipe = checked.lines().find(|line| line.contains("\\\\.\\pipe\\"));
    let pipe = pipe.unwrap_or_else(|| panic!("{checked}"));
    assert!(pipe.contains("chancery-S-1-5-21-"), "{pipe}");
}

#[test]
#[ignore = "needs Wine and the programs for Windows; “cargo xtask test --long” makes and runs them"]
fn programs_that_start_together_share_one_agent_and_one_sign_in() {
    let (home, server) = (WindowsHome::new(), TestServer::start());
    home.connect(&server);
    assert_eq!(sign_ins(&server), (1.0, 1.0));
    let _ = home.chancery(&["agent", "stop"]).done();
    let codes: Vec<i32> = std::thread::scope(|scope| {
        let programs: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| home.chancery(&["ls", "--json", "--no-input"])))
            .collect();
        let ended = programs.into_iter().map(|program| program.join());
        ended.map(|said| said.expect("it ends").code).collect()
    });
    assert_eq!(codes, [0; 6]);
    // One without a password, from the Credential Manager, for all of them.
    assert_eq!(sign_ins(&server), (1.0, 2.0));
    let status = home.status();
    assert_eq!(status["state"], "connected", "{status}");
    assert_eq!(status["server"]["address"], server.url());
}

#[test]
#[ignore = "needs Wine and the programs for Windows; “cargo xtask test --long” makes and runs them"]
fn a_sign_in_outlives_the_agent_and_even_its_crash_but_not_the_persons_word() {
    let (home, server) = (WindowsHome::new(), TestServer::start());
    home.connect(&server);
    let silent = ["ls", "--no-input"];
    for (number, end) in [(2.0, false), (3.0, true)] {
        if end {
            home.kill_agent();
        } else {
            let _ = home.chancery(&["agent", "stop"]).done();
        }
        let _ = home.chancery(&silent).done();
        assert_eq!(sign_ins(&server), (1.0, number));
    }
    let kept = home.chancery(&["doctor"]).done();
    assert!(kept.contains("The keyring keeps your sign-in"), "{kept}");
    let _ = home.chancery(&["disconnect"]).done();
    assert_eq!(home.status()["state"], "disconnected");
    assert_eq!(home.chancery(&silent).code, 7);
    let connect = ["connect", &server.url(), "--user", ADMIN, "--no-input"];
    let said = home.chancery(&connect);
    assert_eq!(said.code, 3, "nothing was kept: {}{}", said.out, said.err);
    assert_eq!(sign_ins(&server), (1.0, 3.0));
}

#[test]
#[ignore = "needs Wine and the programs for Windows; “cargo xtask test --long” makes and runs them"]
fn the_person_switches_between_servers_and_what_fails_changes_nothing() {
    let home = WindowsHome::new();
    let (one, other) = (TestServer::start(), TestServer::start());
    home.connect(&one);
    home.connect(&other);
    let active = || home.status()["server"]["address"].clone();
    assert_eq!(active(), other.url());
    let back = home.chancery(&["switch", &one.url(), "--no-input"]);
    let _ = back.done();
    assert_eq!(active(), one.url());
    let said = home.chancery(&["connect", "http://127.0.0.1:1", "--no-input"]);
    assert_ne!(said.code, 0);
    assert_eq!(
        (active(), &home.status()["state"]),
        (one.url().into(), &"connected".into())
    );
    let listed = home.chancery(&["servers", "--json"]).json();
    assert_eq!(listed["servers"].as_array().map(Vec::len), Some(2));
    assert_eq!((sign_ins(&one).0, sign_ins(&other).0), (1.0, 1.0));
}

#[test]
#[ignore = "needs Wine and the programs for Windows; “cargo xtask test --long” makes and runs them"]
fn windows_starts_the_agent_where_the_person_wants_it() {
    let home = WindowsHome::new();
    let key = "HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run";
    let entry = || home.run("reg", &["query", key, "/v", "Chancery"]);
    let _ = home.chancery(&["agent", "autostart", "off"]).done();
    assert_ne!(entry().code, 0);
    let turned = home.chancery(&["agent", "autostart", "on"]).done();
    assert!(turned.contains("starts the agent for you"), "{turned}");
    let written = entry().done();
    let (_, command) = written.split_once("REG_SZ").expect("a text");
    let command = command.trim();
    assert!(
        command.starts_with("\"Z:\\") && command.ends_with("chancery.exe\" agent start"),
        "{command}"
    );
    // What Windows would do with it.
    assert!(home.chancery(&["agent", "stop", "--json"]).json()["pid"].is_null());
    let line = command.replace('"', "");
    let (program, words) = line.split_once(".exe ").expect("a program");
    let words: Vec<&str> = words.split(' ').collect();
    let _ = home.run(format!("{program}.exe"), &words).done();
    assert!(home.chancery(&["agent", "stop", "--json"]).json()["pid"].is_u64());
    let _ = home.chancery(&["agent", "autostart", "off"]).done();
    assert_ne!(entry().code, 0);
}

#[test]
#[ignore = "needs Wine and the programs for Windows; “cargo xtask test --long” makes and runs them"]
fn documents_go_there_and_back_whatever_they_are_called() {
    let (home, (server, folder)) = (WindowsHome::new(), with_folder());
    home.connect(&server);
    let shown = home.chancery(&["ls"]).done();
    assert!(shown.contains("Müller ./. Ω 律"), "{shown}");
    let content: Vec<u8> = (0..300_000_u32)
        .map(|number| (number % 251) as u8)
        .collect();
    std::fs::write(home.path().join("Grüße 律.txt"), &content).expect("written");
    let put = home
        .chancery(&["put", "Grüße 律.txt", "--folder", &folder, "--json"])
        .json();
    assert_eq!(put["size"], content.len(), "{put}");
    let id = put["id"].as_str().expect("an id");
    std::fs::create_dir(home.path().join("back")).expect("made");
    let fetched = home.chancery(&["get", id, "--output", "back"]);
    let _ = fetched.done();
    let back = std::fs::read(home.path().join("back/Grüße 律.txt")).expect("fetched");
    assert!(back == content, "the bytes differ");
    // Names that are something else than a file to Windows.
    for (name, file) in [
        ("CON", "CON_.txt"),
        ("Report: Q3?", "Report_ Q3_.txt"),
        ("com1.tar", "com1_.tar.txt"),
    ] {
        let words = [
            "put",
            "Grüße 律.txt",
            "--folder",
            &folder,
            "--name",
            name,
            "--json",
        ];
        let id = home.chancery(&words).json()["id"].clone();
        let id = id.as_str().expect("an id");
        let _ = home.chancery(&["get", id, "--output", "back"]).done();
        let path = home.path().join("back").join(file);
        let found = eventually("the file is there", || std::fs::metadata(&path).ok());
        assert_eq!(found.len(), content.len() as u64, "{name}");
    }
}

#[test]
#[ignore = "needs Wine and the programs for Windows; “cargo xtask test --long” makes and runs them"]
fn a_wrong_password_is_said_as_everywhere() {
    let (home, server) = (WindowsHome::new(), TestServer::start());
    let words = [
        "connect",
        &server.url(),
        "--user",
        ADMIN,
        "--password-stdin",
    ];
    let said = home.chancery_reading(&words, "not the password\r\n");
    assert_eq!(said.code, 3, "{}{}", said.out, said.err);
    assert!(
        said.err
            .contains("does not know that user or that password"),
        "{}",
        said.err
    );
    // A line of Windows' ends in two characters, which are no part of it.
    let said = home.chancery_reading(&words, &format!("{PASSWORD}\r\n"));
    let _ = said.done();
    assert_eq!(sign_ins(&server), (1.0, 1.0));
}

#[test]
#[ignore = "needs Wine and the programs for Windows; “cargo xtask test --long” makes and runs them"]
fn a_password_that_is_typed_at_a_console_is_not_shown() {
    let (home, server) = (WindowsHome::new(), TestServer::start());
    let mut command = home.command(home.program("chancery"));
    command.args(["connect", &server.url(), "--user", ADMIN]);
    let mut console = Screen::run(command);
    console.wait_for("Password of admin");
    console.wait_until_silent();
    console.type_in(&format!("{PASSWORD}\r"));
    console.wait_for("Connected to");
    assert!(console.ended().success());
    let shown = console.shown();
    let words = PASSWORD.split(' ').filter(|word| word.len() > 4);
    for word in words {
        assert!(!shown.contains(word), "{shown}");
    }
    assert_eq!(sign_ins(&server), (1.0, 1.0));
}

#[test]
#[ignore = "needs Wine and the programs for Windows; “cargo xtask test --long” makes and runs them"]
fn there_is_one_window_and_a_second_start_passes_its_wish_on() {
    let home = WindowsHome::with_screen();
    let desktop = home.program("chancery-desktop");
    // Its output is read by nobody.
    let mut first = home
        .command(&desktop)
        .arg("--hidden")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("wine can be run");
    let windows = || {
        let uses = home.chancery(&["uses"]).done();
        uses.matches("chancery-desktop.exe").count()
    };
    eventually("the window is the agent's caller", || {
        (windows() == 1).then_some(())
    });
    let second = home.run(&desktop, &["--show", "login"]);
    assert_eq!(second.code, 0, "{}{}", second.out, second.err);
    assert_eq!(first.try_wait().ok(), Some(None), "the first one stays");
    assert_eq!(windows(), 1);
    let _ = first.kill();
    let _ = first.wait();
}
