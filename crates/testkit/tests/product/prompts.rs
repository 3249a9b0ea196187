//! Somebody has to sign in: who is asked, and what everybody who waits gets.

use chancery_testkit::programs::program;
use chancery_testkit::server::{ADMIN, API, PASSWORD, TestServer, Upload};
use chancery_testkit::waiting::eventually;
use chancery_testkit::{Answer, Request, Screen, Target, TestHome};
use dbus::blocking::Connection;
use dbus::channel::{Channel, MatchingReceiver, Sender};
use dbus::message::MatchRule;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

/// A person whose session is over, on a machine that keeps none: only a
/// password helps.
fn signed_out() -> (TestHome, TestServer) {
    let home = TestHome::without_keyring();
    let server = TestServer::start();
    needs_person(&home, &server);
    (home, server)
}

pub(crate) fn needs_person(home: &TestHome, server: &TestServer) {
    home.connect(server);
    let _ = home.chancery(&["agent", "stop"]).done();
    let _ = home.chancery(&["status"]).done();
    assert_eq!(list(home, "never").status, 401);
    assert_eq!(home.state(), "needs-user");
}

/// A call as an application makes it.
fn list(home: &TestHome, interaction: &str) -> Answer {
    call(
        &home.agent(),
        Request::get(&format!("{API}/workspaces"))
            .header("Chancery-Interaction", interaction)
            .header("Chancery-Application", "Mail"),
    )
}

fn call(agent: &Target, request: Request<'_>) -> Answer {
    agent.call(request).expect("the agent answers")
}

fn refused(answer: &Answer) -> (u16, String, String) {
    let reason = answer.json()["error"]["reason"].clone();
    let reason = reason.as_str().unwrap_or_default().to_owned();
    (answer.status, answer.error_code(), reason)
}

fn needs_user() -> (u16, String, String) {
    (401, "CHANCERY_NEEDS_USER".to_owned(), "expired".to_owned())
}

fn said(answer: &Answer) -> String {
    let text = answer.json()["error"]["message"].clone();
    text.as_str().unwrap_or_default().to_owned()
}

#[track_caller]
fn ended<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().expect("the caller ended well")
}

/// A terminal that offers itself.
fn offering(home: &TestHome) -> Screen {
    let mut command = home.command(&program("chancery"));
    command.args(["sign-in", "--wait"]);
    let mut terminal = Screen::run(command);
    terminal.wait_for("you are asked here");
    terminal
}

const QUESTION: &str = "(Ctrl-D declines): ";

/// A window, as far as the agent can tell: a process that reads the prompts.
pub(crate) struct Window {
    lines: BufReader<UnixStream>,
}

impl Window {
    pub(crate) fn open(home: &TestHome) -> Self {
        let mut stream = UnixStream::connect(home.socket()).expect("the agent listens");
        let deadline = Some(Duration::from_secs(30));
        stream.set_read_timeout(deadline).expect("set");
        stream
            .write_all(b"GET /agent/v1/prompts?kind=window HTTP/1.1\r\nHost: chancery\r\n\r\n")
            .expect("sent");
        let mut window = Self {
            lines: BufReader::new(stream),
        };
        assert_eq!(window.line(), "HTTP/1.1 200 OK");
        while !window.line().is_empty() {}
        window
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.lines.read_line(&mut line).expect("a line in time");
        assert_ne!(read, 0, "the agent hung up");
        line.trim_end().to_owned()
    }

    /// The next prompt; what frames the pieces is skipped.
    pub(crate) fn prompt(&mut self) -> Value {
        loop {
            let line = self.line();
            if line.starts_with('{') {
                return serde_json::from_str(&line).expect("a prompt");
            }
        }
    }
}

pub(crate) fn answer(home: &TestHome, prompt: &Value, password: &str) -> Answer {
    let body = json!({"prompt": prompt["number"], "user": ADMIN, "password": password});
    call(
        &home.agent(),
        Request::new("POST", "/agent/v1/sign-in").json(&body),
    )
}

#[test]
fn twenty_applications_wait_one_question_is_put_and_one_sign_in_serves_them_all() {
    let (home, server) = signed_out();
    let mut terminal = offering(&home);
    let before = server.metrics().sign_ins();
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..20)
            .map(|_| scope.spawn(|| list(&home, "if-needed").status))
            .collect();
        terminal.wait_for("calls itself “Mail”; nobody checked that");
        terminal.wait_for(QUESTION);
        assert_eq!(home.state(), "signing-in");
        terminal.type_in("not the password\n");
        terminal.wait_for("Check both and try again.");
        terminal.wait_for(QUESTION);
        assert!(callers.iter().all(|caller| !caller.is_finished()));
        terminal.type_in(&format!("{PASSWORD}\n"));
        let statuses: Vec<u16> = callers.into_iter().map(ended).collect();
        assert_eq!(statuses, [200; 20]);
    });
    terminal.wait_for("Connected to");
    assert_eq!(server.metrics().sign_ins() - before, 1.0);
    let shown = terminal.shown();
    assert_eq!(shown.matches("Application").count(), 1, "{shown}");
    assert!(!shown.contains(PASSWORD), "{shown}");
    assert_eq!(home.state(), "connected");
}

#[test]
fn a_no_reaches_everybody_and_the_person_is_not_asked_at_once_again() {
    let (home, server) = signed_out();
    let mut terminal = offering(&home);
    let before = server.metrics().sign_ins();
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..5)
            .map(|_| scope.spawn(|| list(&home, "if-needed")))
            .collect();
        terminal.wait_for(QUESTION);
        terminal.type_in("\u{4}");
        for caller in callers {
            let answer = ended(caller);
            assert_eq!(refused(&answer), needs_user());
            assert!(said(&answer).contains("and declined."), "{}", answer.text());
        }
    });
    terminal.wait_for("Declined.");
    assert_eq!(home.state(), "needs-user");
    assert_eq!(refused(&list(&home, "if-needed")), needs_user());
    let shown = terminal.shown();
    assert_eq!(shown.matches("Application").count(), 1, "{shown}");
    // Whoever insists may.
    std::thread::scope(|scope| {
        let caller = scope.spawn(|| list(&home, "force").status);
        terminal.wait_for(QUESTION);
        terminal.type_in(&format!("{PASSWORD}\n"));
        assert_eq!(ended(caller), 200);
    });
    assert_eq!(server.metrics().sign_ins() - before, 1.0);
}

#[test]
fn a_prompter_that_is_killed_hands_over_and_the_last_one_leaves_nobody_waiting() {
    let (home, _server) = signed_out();
    let (mut first, mut last) = (offering(&home), offering(&home));
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..5)
            .map(|_| scope.spawn(|| list(&home, "if-needed")))
            .collect();
        last.wait_for(QUESTION);
        assert!(!first.shown().contains(QUESTION), "{}", first.shown());
        assert!(!last.kill().success());
        first.wait_for(QUESTION);
        assert!(callers.iter().all(|caller| !caller.is_finished()));
        let killed = Instant::now();
        assert!(!first.kill().success());
        for caller in callers {
            assert_eq!(refused(&ended(caller)), needs_user());
        }
        assert!(
            killed.elapsed() < Duration::from_secs(30),
            "that is no hang"
        );
    });
    assert_eq!(home.state(), "needs-user");
}

/// What a desktop shows: title and text of each notification.
fn desktop(address: &str) -> Receiver<(String, String)> {
    let (told, heard) = mpsc::channel();
    let (ready, is_ready) = mpsc::channel();
    let address = address.to_owned();
    std::thread::spawn(move || {
        let mut channel = Channel::open_private(&address).expect("the bus answers");
        channel.register().expect("let in");
        let connection = Connection::from(channel);
        connection
            .request_name("org.freedesktop.Notifications", false, true, true)
            .expect("the name is free");
        connection.start_receive(
            MatchRule::new_method_call(),
            Box::new(move |call, connection| {
                let reply = call.method_return();
                let reply = if call
                    .member()
                    .is_some_and(|name| &*name == "GetCapabilities")
                {
                    reply.append1(vec!["body"])
                } else {
                    let texts: Vec<String> = call
                        .iter_init()
                        .filter_map(|argument| argument.as_str().map(str::to_owned))
                        .collect();
                    let _gone = told.send((texts[2].clone(), texts[3].clone()));
                    reply.append1(7_u32)
                };
                connection.send(reply).expect("sent");
                true
            }),
        );
        ready.send(()).expect("somebody waits");
        while connection.process(Duration::from_secs(60)).is_ok() {}
    });
    is_ready.recv().expect("the desktop is there");
    heard
}

#[test]
fn where_nobody_can_be_asked_the_answer_comes_at_once_and_the_desktop_says_so_once() {
    let (home, server) = (TestHome::with_bus(), TestServer::start());
    needs_person(&home, &server);
    let heard = desktop(home.bus().expect("a bus").address());
    let begun = Instant::now();
    for _ in 0..3 {
        assert_eq!(refused(&list(&home, "if-needed")), needs_user());
    }
    assert!(begun.elapsed() < Duration::from_secs(30), "that is no hang");
    let (title, text) = heard
        .recv_timeout(Duration::from_secs(30))
        .expect("a notification");
    let name = server.address().to_string();
    assert_eq!(title, format!("Sign in to {name}"));
    assert!(text.contains("“chancery sign-in”"), "{text}");
    assert_eq!(refused(&list(&home, "force")), needs_user());
    // The agent has ended: what it had to say is said.
    let _ = home.chancery(&["agent", "stop"]).done();
    assert_eq!(heard.try_iter().count(), 0, "once is enough");
}

#[test]
fn nobody_is_asked_for_a_call_that_did_not_allow_it() {
    let (home, _server) = signed_out();
    let mut window = Window::open(&home);
    let path = format!("{API}/workspaces");
    let never = [
        Request::get(&path),
        Request::get(&path).header("Chancery-Interaction", "never"),
        Request::new("POST", "/agent/v1/sign-in").json(&json!({"interaction": "never"})),
        Request::new("POST", "/agent/v1/sign-in").header("Chancery-Background", "1"),
    ];
    for request in never {
        assert_eq!(refused(&call(&home.agent(), request)), needs_user());
    }
    for path in [path.as_str(), "/api"] {
        let request = Request::get(path).header("Chancery-Interaction", "sometimes");
        let answer = call(&home.agent(), request);
        assert_eq!(answer.status, 400);
        assert!(
            said(&answer).contains("Chancery-Interaction"),
            "{}",
            answer.text()
        );
    }
    let background = Request::get(&path)
        .header("Chancery-Interaction", "force")
        .header("Chancery-Background", "1");
    let background = call(&home.agent(), background);
    assert_eq!(background.error_code(), "CHANCERY_NO_BACKGROUND");
    // The first prompt that ever comes is that of the first who allowed one.
    let body = json!({"user": "somebody"});
    let request = || Request::new("POST", "/agent/v1/sign-in").json(&body);
    std::thread::scope(|scope| {
        let caller = scope.spawn(|| call(&home.agent(), request()));
        let prompt = window.prompt();
        assert_eq!(
            (&prompt["user"], &prompt["reason"]),
            (&json!("somebody"), &json!("expired"))
        );
        let path = format!("/agent/v1/prompts/{}", prompt["number"]);
        let decline = || call(&home.agent(), Request::new("DELETE", &path));
        assert_eq!(decline().status, 200);
        assert_eq!(decline().error_code(), "CHANCERY_PROMPT_OVER");
        assert_eq!(refused(&ended(caller)), needs_user());
        let late = answer(&home, &prompt, PASSWORD);
        assert_eq!(
            (late.status, late.error_code().as_str()),
            (409, "CHANCERY_PROMPT_OVER")
        );
    });
}

#[test]
fn a_window_is_asked_before_a_terminal_and_force_asks_although_a_session_lives() {
    let (home, server) = (TestHome::without_keyring(), TestServer::start());
    home.connect(&server);
    let (mut window, terminal) = (Window::open(&home), offering(&home));
    let before = server.metrics().sign_ins();
    std::thread::scope(|scope| {
        let caller = scope.spawn(|| list(&home, "force").status);
        let prompt = window.prompt();
        assert_eq!(prompt["server"]["address"], server.url());
        assert_eq!(
            (&prompt["user"], &prompt["reason"]),
            (&json!(ADMIN), &Value::Null)
        );
        // The session that lives serves everybody else meanwhile.
        assert_eq!(list(&home, "if-needed").status, 200);
        assert!(!caller.is_finished());
        let wrong = answer(&home, &prompt, "not the password");
        assert_eq!(
            (wrong.status, wrong.error_code().as_str()),
            (401, "CHANCERY_LOGIN_FAILED")
        );
        let right = answer(&home, &prompt, PASSWORD).expect(200);
        assert_eq!(right.json()["state"], "connected");
        assert_eq!(ended(caller), 200);
        let over = window.prompt();
        assert_eq!(
            (&over["number"], &over["over"]),
            (&prompt["number"], &json!(true))
        );
    });
    assert_eq!(server.metrics().sign_ins() - before, 1.0);
    assert!(!terminal.shown().contains(QUESTION), "{}", terminal.shown());
}

#[test]
fn signing_in_or_disconnecting_elsewhere_ends_the_question() {
    let (home, server) = signed_out();
    let mut terminal = offering(&home);
    let before = server.metrics().sign_ins();
    std::thread::scope(|scope| {
        let caller = scope.spawn(|| list(&home, "if-needed").status);
        terminal.wait_for(QUESTION);
        let words = ["sign-in", "--user", ADMIN, "--password-stdin"];
        let _ = home
            .chancery_reading(&words, &format!("{PASSWORD}\n"))
            .done();
        assert_eq!(ended(caller), 200);
    });
    terminal.wait_for("answered elsewhere or waits no longer");
    assert_eq!(server.metrics().sign_ins() - before, 1.0);

    std::thread::scope(|scope| {
        let caller = scope.spawn(|| list(&home, "force"));
        terminal.wait_for(QUESTION);
        let _ = home.chancery(&["disconnect"]).done();
        let answer = ended(caller);
        assert_eq!(
            (answer.status, answer.error_code().as_str()),
            (409, "CHANCERY_DISCONNECTED")
        );
    });
    terminal.wait_for("answered elsewhere or waits no longer");
    assert_eq!(home.state(), "disconnected");
}

#[test]
fn a_caller_that_goes_away_leaves_no_question_behind() {
    let (home, _server) = signed_out();
    let mut window = Window::open(&home);
    let mut stream = UnixStream::connect(home.socket()).expect("the agent listens");
    let request = format!(
        "GET {API}/workspaces HTTP/1.1\r\nHost: chancery\r\nChancery-Interaction: if-needed\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let prompt = window.prompt();
    assert_eq!(home.state(), "signing-in");
    drop(stream);
    let over = window.prompt();
    assert_eq!(
        (&over["number"], &over["over"]),
        (&prompt["number"], &json!(true))
    );
    eventually("the state is what it was", || {
        (home.state() == "needs-user").then_some(())
    });
}

#[test]
fn a_sign_in_at_a_terminal_asks_there_and_one_in_a_script_asks_whoever_offered() {
    let (home, _server) = signed_out();
    let mut offering = offering(&home);
    let mut command = home.command(&program("chancery"));
    command.arg("sign-in");
    let mut own = Screen::run(command);
    own.wait_for(&format!("Password of {ADMIN} at"));
    own.type_in(&format!("{PASSWORD}\n"));
    own.wait_for("Connected to");
    assert!(own.ended().success());
    assert!(!offering.shown().contains(QUESTION), "{}", offering.shown());
    std::thread::scope(|scope| {
        let script = scope.spawn(|| home.chancery(&["sign-in", "--force"]));
        offering.wait_for("although you may still be signed in there");
        offering.wait_for(QUESTION);
        offering.type_in(&format!("{PASSWORD}\n"));
        assert!(ended(script).done().starts_with("Connected to"));
    });
}

#[test]
fn an_agent_that_ends_leaves_nobody_waiting() {
    let (home, _server) = signed_out();
    let mut terminal = offering(&home);
    std::thread::scope(|scope| {
        let caller = scope.spawn(|| list(&home, "if-needed"));
        terminal.wait_for(QUESTION);
        let _ = home.chancery(&["agent", "stop"]).done();
        assert_eq!(refused(&ended(caller)), needs_user());
    });
    terminal.wait_for("The agent has ended.");
    assert!(terminal.ended().success());
}

/// An administrator's own session.
fn administrator(server: &TestServer) -> String {
    let body = json!({
        "user_id": ADMIN, "password": PASSWORD, "persona": "admin", "application_name": "service"
    });
    let answer = server.call(Request::new("PUT", "/api/v1/session/login").json(&body));
    let token = answer.expect(200).json()["X-Auth-Token"].clone();
    token.as_str().expect("a token").to_owned()
}

/// What an administrator does when a machine was lost.
fn end_sessions(server: &TestServer, token: &str) {
    let path = "/api/v2/customers/1/sessions";
    let all = Request::get(&format!("{path}?all=true")).token(token);
    let all = server.call(all).expect(200).json();
    let all = all["data"].as_array().expect("a list").iter();
    let of_the_agent: Vec<_> = all
        .filter(|session| session["application"] == "desktop")
        .filter_map(|session| session["id"].as_str())
        .collect();
    assert_eq!(of_the_agent.len(), 1);
    for id in of_the_agent {
        let end = Request::new("DELETE", &format!("{path}/{id}")).token(token);
        let _ = server.call(end).expect(200);
    }
}

#[test]
fn a_call_whose_session_was_ended_on_its_way_goes_on_after_the_answer() {
    let (home, server) = (TestHome::without_keyring(), TestServer::start());
    let admin = administrator(&server);
    let workspace = server.workspace(&admin, "Matter");
    let folder = server.folder(&admin, &workspace, "Letters");
    home.connect(&server);
    let mut window = Window::open(&home);
    end_sessions(&server, &admin);
    std::thread::scope(|scope| {
        let caller = scope.spawn(|| {
            let path = format!("{API}/workspaces/{workspace}/folders");
            let request = Request::new("POST", &path)
                .header("Chancery-Interaction", "if-needed")
                .json(&json!({"name": "Notes"}));
            call(&home.agent(), request).status
        });
        let prompt = window.prompt();
        assert_eq!(prompt["reason"], "ended");
        let _ = answer(&home, &prompt, PASSWORD).expect(200);
        assert_eq!(ended(caller), 201);
        assert_eq!(window.prompt()["over"], true);
    });
    // What was streamed has to come once more, from whoever has it.
    end_sessions(&server, &admin);
    std::thread::scope(|scope| {
        let caller = scope.spawn(|| {
            let upload = Upload::named("Large", "bin");
            let bytes = vec![7_u8; 1024 * 1024];
            let (body, length) = upload.around(bytes.as_slice(), bytes.len() as u64);
            let request = Request::new("POST", &format!("{API}/folders/{folder}/documents"))
                .header("Chancery-Interaction", "if-needed")
                .stream(Upload::CONTENT_TYPE, body, length);
            let answer = call(&home.agent(), request);
            (answer.status, answer.error_code())
        });
        let prompt = window.prompt();
        let _ = answer(&home, &prompt, PASSWORD).expect(200);
        let outcome = ended(caller);
        // Where the agent looked before the body began, nothing was lost.
        let lost = (503, "CHANCERY_SEND_AGAIN".to_owned());
        assert!(outcome.0 == 201 || outcome == lost, "{outcome:?}");
    });
}
