//! The program at a terminal: what it asks, and what is shown meanwhile.

use crate::support::{Home, Reply, discovery};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Stdio};

/// Nobody waits longer than this for a question.
const DEADLINE: Timespec = Timespec {
    tv_sec: 30,
    tv_nsec: 0,
};

/// The program with a terminal as its input and its standard error.
struct Terminal {
    child: Child,
    keyboard: File,
    shown: String,
}

impl Terminal {
    fn start(home: &Home, arguments: &[&str]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&master).expect("granted");
        unlockpt(&master).expect("unlocked");
        let name = ptsname(&master, Vec::new()).expect("a name");
        let screen = OpenOptions::new()
            .read(true)
            .write(true)
            .open(name.to_str().expect("text"))
            .expect("opened");
        let child = home
            .command(arguments)
            .stdin(screen.try_clone().expect("the same"))
            .stderr(screen)
            .stdout(Stdio::piped())
            .spawn()
            .expect("it runs");
        Self {
            child,
            keyboard: File::from(master),
            shown: String::new(),
        }
    }

    /// Waits for a question, until the deadline or the program's end.
    fn wait_for(&mut self, text: &str) {
        let mut bytes = Vec::new();
        while !String::from_utf8_lossy(&bytes).contains(text) {
            let mut one = [0; 1];
            let mut keyboard = [PollFd::new(&self.keyboard, PollFlags::IN)];
            let ready = poll(&mut keyboard, Some(&DEADLINE)).expect("polled");
            assert_ne!(
                ready, 0,
                "“{text}” did not come in time after: {}",
                self.shown
            );
            let read = self.keyboard.read(&mut one).unwrap_or(0);
            assert_ne!(read, 0, "“{text}” never came after: {}", self.shown);
            bytes.extend_from_slice(&one);
            self.shown.push_str(&String::from_utf8_lossy(&one));
        }
    }

    fn shows_what_is_typed(&self) -> bool {
        tcgetattr(&self.keyboard)
            .expect("a terminal")
            .local_modes
            .contains(LocalModes::ECHO)
    }

    fn type_in(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).expect("typed");
    }

    /// The exit code, the output, and all that was shown.
    fn end(mut self) -> (Option<i32>, String, String) {
        let mut rest = Vec::new();
        // A terminal that nobody has open any more is an error, and the end.
        let _ = self.keyboard.read_to_end(&mut rest);
        self.shown.push_str(&String::from_utf8_lossy(&rest));
        let output = self.child.wait_with_output().expect("it ends");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
            self.shown,
        )
    }
}

fn wrong_unless_right(request: &crate::support::Request) -> Reply {
    let asked = request.json();
    match asked["password"].as_str() {
        None => Reply::json(
            401,
            &json!({"error": {"code": "CHANCERY_NEEDS_USER", "message": "Nobody has signed in there yet.", "reason": "never-signed-in"}}),
        ),
        Some("right") => Reply::json(
            200,
            &json!({"state": "connected", "sentence": format!("Connected to work.example.com as {}.", asked["user"].as_str().unwrap_or_default()), "keyring": "found"}),
        ),
        Some(_) => Reply::error(
            401,
            "CHANCERY_LOGIN_FAILED",
            "The server does not know that user or that password. Check both and try again.",
        ),
    }
}

fn servers() -> Reply {
    Reply::json(
        200,
        &json!({"servers": [{"id": "work", "name": "work.example.com", "address": "https://work.example.com"}]}),
    )
}

#[test]
fn a_password_is_asked_for_again_when_it_is_wrong_and_is_never_shown() {
    let home = Home::new();
    home.play_agent(|request, _| match request.path.as_str() {
        "/agent/v1/servers" => servers(),
        _ => wrong_unless_right(request),
    });
    let mut terminal = Terminal::start(&home, &["connect", "work.example.com"]);
    terminal.wait_for("User at work.example.com: ");
    terminal.type_in("jdoe\n");
    terminal.wait_for("Password of jdoe at work.example.com: ");
    terminal.type_in("hunter2\n");
    terminal.wait_for("Check both and try again.");
    terminal.wait_for("Password of jdoe at work.example.com: ");
    terminal.type_in("right\n");
    let (code, out, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(out, "Connected to work.example.com as jdoe.\n");
    assert!(
        !shown.contains("hunter2") && !shown.contains("right"),
        "{shown}"
    );
}

#[test]
fn three_wrong_passwords_end_the_command() {
    let home = Home::new();
    home.play_agent(|request, _| match request.path.as_str() {
        "/agent/v1/servers" => servers(),
        _ => wrong_unless_right(request),
    });
    let mut terminal = Terminal::start(&home, &["connect", "work", "--user", "jdoe"]);
    for _ in 0..3 {
        terminal.wait_for("Password of jdoe at work.example.com: ");
        terminal.type_in("wrong\n");
    }
    let (code, out, shown) = terminal.end();
    assert_eq!((code, out.as_str()), (Some(3), ""), "{shown}");
    assert!(
        shown.trim_end().ends_with("Check both and try again."),
        "{shown}"
    );
}

#[test]
fn without_an_address_the_list_is_numbered_and_a_number_chooses() {
    let home = Home::new();
    home.play_agent(|request, _| match request.path.as_str() {
        "/agent/v1/servers" => servers(),
        _ => Reply::json(
            200,
            &json!({"state": "connected", "sentence": "Connected.", "keyring": "found"}),
        ),
    });
    let mut terminal = Terminal::start(&home, &["connect"]);
    terminal.wait_for("Which one? (1, or a web address) ");
    terminal.type_in("1\n");
    let (code, out, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(out, "  1  https://work.example.com\nConnected.\n");

    let mut terminal = Terminal::start(&home, &["connect"]);
    terminal.wait_for("Which one?");
    terminal.type_in("\n");
    let (code, _, shown) = terminal.end();
    assert_eq!(code, Some(2));
    assert!(
        shown.contains("No server was chosen. Nothing was changed."),
        "{shown}"
    );
}

#[test]
fn a_call_that_needs_a_person_asks_and_then_goes_through() {
    let home = Home::new();
    home.play_agent(|request, before| match (request.path.as_str(), before) {
        ("/work/api", 0) => Reply::json(
            401,
            &json!({"error": {"code": "CHANCERY_NEEDS_USER", "message": "Your session has ended.", "reason": "expired"}}),
        ),
        ("/work/api", _) => discovery(),
        ("/agent/v1/status", _) => Reply::json(
            200,
            &json!({"state": "needs-user", "sentence": "", "keyring": "found",
                "server": {"id": "work", "name": "work.example.com", "address": "https://work.example.com", "user": "jdoe"}}),
        ),
        ("/agent/v1/sign-in", _) => wrong_unless_right(request),
        _ => Reply::json(200, &json!({"data": {"results": [{"id": "ACTIVE!1", "wstype": "workspace", "name": "Doe v Roe"}]}})),
    });
    let mut terminal = Terminal::start(&home, &["ls"]);
    terminal.wait_for("Password of jdoe at work.example.com: ");
    terminal.type_in("right\n");
    let (code, out, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(out.contains("Doe v Roe"), "{out}");
}

#[test]
fn a_redirect_is_followed_only_after_a_yes() {
    let home = Home::new();
    home.play_agent(|request, _| match request.path.as_str() {
        "/agent/v1/servers" => Reply::json(200, &json!({"servers": []})),
        _ if request.json()["confirmed_host"] == "b.example" => Reply::json(
            200,
            &json!({"state": "connected", "sentence": "Connected.", "keyring": "found"}),
        ),
        _ => Reply::json(
            409,
            &json!({"error": {"code": "CHANCERY_REDIRECTED", "message": "It leads elsewhere.",
                "messages": [{"field": "confirmed_host", "data": "b.example"}]}}),
        ),
    });
    for (answer, code) in [("\n", 3), ("yes\n", 0)] {
        let mut terminal = Terminal::start(&home, &["connect", "a.example"]);
        terminal.wait_for(
            "“a.example” leads to another host, “b.example”. Connect to that one? [y/N] ",
        );
        terminal.type_in(answer);
        let (ended, _, shown) = terminal.end();
        assert_eq!(ended, Some(code), "{shown}");
    }
}

#[test]
fn with_no_input_nobody_is_asked_even_at_a_terminal() {
    let home = Home::new();
    home.play_agent(|request, _| match request.path.as_str() {
        "/agent/v1/servers" => servers(),
        _ => wrong_unless_right(request),
    });
    let terminal = Terminal::start(&home, &["connect", "work", "--no-input"]);
    let (code, _, shown) = terminal.end();
    assert_eq!(code, Some(3));
    assert!(
        shown.starts_with("Nobody has signed in there yet."),
        "{shown}"
    );
}

#[test]
fn an_interrupted_question_gives_the_terminal_back_as_it_was() {
    let home = Home::new();
    home.play_agent(|request, _| match request.path.as_str() {
        "/agent/v1/servers" => servers(),
        _ => wrong_unless_right(request),
    });
    let mut terminal = Terminal::start(&home, &["connect", "work", "--user", "jdoe"]);
    terminal.wait_for("Password of jdoe at work.example.com: ");
    assert!(!terminal.shows_what_is_typed());
    let pid = i32::try_from(terminal.child.id())
        .ok()
        .and_then(Pid::from_raw)
        .expect("a process");
    kill_process(pid, Signal::INT).expect("sent");
    let status = terminal.child.wait().expect("it ends");
    assert_eq!(status.code(), Some(130));
    assert!(terminal.shows_what_is_typed());
}

fn prompt(number: u64, over: bool) -> String {
    json!({"number": number, "over": over, "seconds": 120, "user": "jdoe", "reason": "expired",
        "application": "Mail", "sentence": "Your session has ended.",
        "server": {"id": "work", "name": "work.example.com", "address": "https://work.example.com"}})
    .to_string()
}

#[test]
fn a_terminal_that_offers_itself_asks_for_whoever_needs_it() {
    let home = Home::new();
    let (prompts, received) = std::sync::mpsc::channel();
    let received = std::sync::Mutex::new(Some(received));
    let played = home.play_agent(move |request, _| match request.path.as_str() {
        "/agent/v1/prompts?kind=terminal" => {
            let received = received.lock().expect("not poisoned").take();
            Reply::lines(received.expect("asked once"))
        }
        "/agent/v1/sign-in" => wrong_unless_right(request),
        _ => Reply::json(200, &json!({})),
    });
    let mut terminal = Terminal::start(&home, &["sign-in", "--wait"]);
    terminal.wait_for("Ctrl-C ends this.");

    // Wrong, then right.
    prompts.send(prompt(1, false)).expect("heard");
    terminal.wait_for("calls itself “Mail”; nobody checked that");
    let question = "Password of jdoe at work.example.com (Ctrl-D declines): ";
    terminal.wait_for(question);
    terminal.type_in("wrong\n");
    terminal.wait_for("Check both and try again.");
    terminal.wait_for(question);
    terminal.type_in("right\n");
    terminal.wait_for("Connected to work.example.com as jdoe.");

    // Answered elsewhere while it is being typed: the half of it is forgotten.
    prompts.send(prompt(2, false)).expect("heard");
    terminal.wait_for(question);
    terminal.type_in("ha");
    prompts.send(prompt(2, true)).expect("heard");
    terminal.wait_for("answered elsewhere");
    prompts.send(prompt(3, false)).expect("heard");
    terminal.wait_for(question);
    assert!(!terminal.shows_what_is_typed());
    terminal.type_in("right\n");
    terminal.wait_for("Connected to work.example.com as jdoe.");

    // Declined, and one that is over before its turn is never asked.
    prompts.send(prompt(4, false)).expect("heard");
    terminal.wait_for(question);
    prompts.send(prompt(5, false)).expect("heard");
    prompts.send(prompt(5, true)).expect("heard");
    terminal.type_in("\u{4}");
    terminal.wait_for("Declined.");
    drop(prompts);
    let (code, _, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(
        !shown.contains("wrong\r") && !shown.contains("right"),
        "{shown}"
    );
    let answers: Vec<_> = played
        .requests()
        .iter()
        .filter(|request| request.path == "/agent/v1/sign-in")
        .map(|request| request.json()["prompt"].clone())
        .collect();
    assert_eq!(answers, [1, 1, 3]);
    let declined: Vec<_> = played
        .requests()
        .iter()
        .filter(|request| request.method == "DELETE")
        .map(|request| request.path.clone())
        .collect();
    assert_eq!(declined, ["/agent/v1/prompts/4"]);
}

#[test]
fn where_nobody_is_there_nobody_waits_for_prompts() {
    let ended = Home::new().run(&["sign-in", "--wait"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.err.contains("nobody here who could be asked"),
        "{ended:?}"
    );
}
