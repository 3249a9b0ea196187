//! A whole morning: the real agent and real servers, and all of this program
//! but its window. At each step what everybody sees and what it cost is
//! asserted: the icon, the sentence, the questions asked, the sign-ins.

use chancery_desktop::link::Link;
use chancery_desktop::model::login::Step;
use chancery_desktop::model::{Choice, Event, Model, Wish};
use chancery_desktop::script::plain;
use chancery_platform::agent_process::AgentCommand;
use chancery_proto::local::{Show, State};
use chancery_testkit::chaos::Weather;
use chancery_testkit::page::{AUTHORIZE, Browser};
use chancery_testkit::programs::program;
use chancery_testkit::server::{ADMIN, API, PASSWORD, TestServer};
use chancery_testkit::waiting::{PATIENCE, eventually};
use chancery_testkit::{ChaosProxy, Request, Target, TestHome};
use serde_json::json;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// The person at the desktop: the model, and the line to the agent.
struct Desk {
    model: Model,
    link: Link,
    mail: Receiver<Event>,
    /// How often the dialog was put before the person.
    questions: usize,
}

impl Desk {
    /// Logs on: the program starts with its icon alone.
    fn log_on(home: &TestHome) -> Self {
        let (sender, mail) = channel();
        let sender = Mutex::new(sender);
        let hear = Arc::new(move |event| {
            // A test that is over does not listen.
            let _ = sender.lock().expect("whole").send(event);
        });
        // The agent in this home, as the program would start it.
        let sample = home.command(&program("chancery"));
        let mut arguments: Vec<OsString> = Vec::new();
        for (name, value) in sample.get_envs() {
            let mut setting = name.to_owned();
            setting.push("=");
            match value {
                Some(value) => {
                    setting.push(value);
                    arguments.push(setting);
                }
                None => arguments
                    .splice(0..0, ["-u".into(), name.to_owned()])
                    .for_each(drop),
            }
        }
        arguments.extend([program("chancery").into(), "agent".into(), "run".into()]);
        let command = AgentCommand {
            program: PathBuf::from("/usr/bin/env"),
            arguments,
            log: home.path().join("agent.log"),
            deadline: PATIENCE,
        };
        let link = Link::open(home.socket(), command, hear).expect("a line");
        Self {
            model: Model::default(),
            link,
            mail,
            questions: 0,
        }
    }

    fn take_in(&mut self, event: Event) {
        let before = self.model.login.is_some();
        for wish in self.model.apply(event) {
            assert!(!matches!(wish, Wish::Quit));
            self.link.wish(wish);
        }
        if !before && self.model.login.is_some() {
            self.questions += 1;
        }
    }

    fn choose(&mut self, choice: Choice) {
        self.take_in(Event::Chosen(choice));
    }

    /// Hears on until that is so.
    #[track_caller]
    fn until(&mut self, what: &str, is_so: impl Fn(&Model) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(&self.model) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.mail.recv_timeout(left) {
                Ok(event) => self.take_in(event),
                Err(_) => panic!(
                    "{what}: {:?} “{}”, {:?}",
                    self.model.state(),
                    self.model.sentence(),
                    self.model.login
                ),
            }
        }
    }

    /// The icon, the sentence and the questions so far.
    #[track_caller]
    fn sees(&mut self, state: State, sentence: &str, questions: usize) {
        self.until(sentence, |model| {
            model.state() == state && plain(&model.sentence()) == sentence
        });
        assert_eq!(self.questions, questions, "questions at “{sentence}”");
    }

    /// Types a web address, then who signs in and how.
    fn connects(&mut self, address: &str, password: &str) {
        self.take_in(Event::Show(Show::Login));
        let login = self.model.login.as_mut().expect("the dialog");
        login.address.push_str(address);
        self.choose(Choice::Press);
        self.until("the server asks for a password", |model| {
            model
                .login
                .as_ref()
                .is_some_and(|login| login.step == Step::Password)
        });
        self.types(password);
        self.until("the dialog is done", |model| model.login.is_none());
    }

    fn types(&mut self, password: &str) {
        let login = self.model.login.as_mut().expect("the dialog");
        if login.user.is_empty() {
            login.user.push_str(ADMIN);
        }
        login.password.edit().push_str(password);
        self.choose(Choice::Press);
    }
}

/// Signs in at the page that the browser was sent to, and goes where that leads.
fn at_the_page(server: &TestServer, page: &str) {
    let mut browser = Browser::new(server);
    let path = page.strip_prefix(&server.url()).expect("its own page");
    let asked = browser.send(Request::get(path)).expect(200);
    let fields = [
        ("username", ADMIN),
        ("password", PASSWORD),
        ("step", "sign-in"),
    ];
    let sent = browser.fill(AUTHORIZE, &asked, &fields).expect(303);
    let back = sent.header("location").expect("a place");
    let (authority, path) = back
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .expect("a loopback address");
    let to = Target::Tcp(authority.parse().expect("an address"));
    let _ = to
        .call(Request::get(&format!("/{path}")))
        .expect("the agent waits")
        .expect(200);
}

#[test]
fn where_the_server_prefers_its_page_the_dialog_leads_there_and_every_application_goes_on() {
    let home = TestHome::without_keyring();
    let server = TestServer::configured("[sign_in]\nmethods = [\"browser\", \"password\"]\n");
    home.connect(&server);
    let name = server.address().to_string();
    let ended = server.command(&["session", "end", "--all"]);
    assert!(ended.status.success());
    let mut desk = Desk::log_on(&home);
    // The server hears of it from its database within a second.
    let asked = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| {
            eventually("somebody is asked", || {
                let status = call(&home);
                asked.load(Ordering::SeqCst).then_some(status)
            })
        });
        desk.until("the dialog", |model| model.login.is_some());
        asked.store(true, Ordering::SeqCst);
        let step = |model: &Model| model.login.as_ref().map(|login| login.step.clone());
        assert_eq!(step(&desk.model), Some(Step::Page));
        desk.choose(Choice::Press);
        desk.until("the browser", |model| {
            matches!(step(model), Some(Step::Browser(_)))
        });
        let Some(Step::Browser(page)) = step(&desk.model) else {
            panic!("{:?}", desk.model.login);
        };
        at_the_page(&server, &page);
        desk.until("the dialog is done", |model| model.login.is_none());
        assert_eq!(first.join().expect("well"), 200);
    });
    let connected = format!("Connected to {name} as First administrator.");
    desk.sees(State::Connected, &connected, 1);
}

/// An application's call on behalf of the person.
fn call(home: &TestHome) -> u16 {
    let request = Request::get(&format!("{API}/workspaces"))
        .header("Chancery-Interaction", "if-needed")
        .header("Chancery-Application", "Mail client");
    home.agent().call(request).expect("an answer").status
}

/// An administrator's token, of a kind whose limits nobody changes here.
fn administrator(server: &TestServer) -> String {
    let body = json!({
        "user_id": ADMIN, "password": PASSWORD, "persona": "admin", "application_name": "service"
    });
    let answer = server.call(Request::new("PUT", "/api/v1/session/login").json(&body));
    let token = answer.expect(200).json()["X-Auth-Token"].clone();
    token.as_str().expect("a token").to_owned()
}

/// How long desktop sessions live without use.
fn limit(server: &TestServer, token: &str, seconds: u64) {
    let change = Request::new("PATCH", "/api/v2/customers/1/applications/desktop")
        .token(token)
        .json(&json!({ "idle_seconds": seconds }));
    let _ = server.call(change).expect(200);
}

/// Lets the time of every desktop session run out, as hours without use would:
/// the limit is lowered to three seconds until they are over.
fn hours_pass(server: &TestServer, token: &str) {
    limit(server, token, 3);
    eventually("the sessions ran out", || {
        let list = Request::get("/api/v2/customers/1/sessions?all=true").token(token);
        let list = server.call(list).expect(200).json();
        let all = list["data"].as_array().expect("a list").clone();
        let lives = all.iter().any(|one| one["application"] == "desktop");
        (!lives).then_some(())
    });
}

#[test]
fn a_morning_costs_one_question_for_each_password_and_no_call_that_nobody_made() {
    let home = TestHome::without_keyring();
    let mut server = TestServer::start();
    let other = TestServer::start();
    let admin = administrator(&server);
    let before = [&server, &other].map(|server| server.metrics().sign_ins());
    let signed_in = |server: &TestServer, at: usize| server.metrics().sign_ins() - before[at];

    // The server is in the list from a day before; the session ended with it.
    let proxy = ChaosProxy::before(server.address());
    home.connect_to(&proxy.url());
    let _ = home.chancery(&["agent", "stop"]).done();
    let name = proxy.address().to_string();
    let mut signs_in = signed_in(&server, 0);

    // Log on: nothing connects, nothing asks.
    let mut desk = Desk::log_on(&home);
    let chosen = format!("{name} is chosen. The first use signs in.");
    desk.sees(State::Deferred, &chosen, 0);
    assert_eq!(signed_in(&server, 0), signs_in);

    // The first use in any application asks once, and waits for the answer.
    let connected = format!("Connected to {name} as First administrator.");
    std::thread::scope(|scope| {
        let first = scope.spawn(|| call(&home));
        desk.until("the dialog", |model| model.login.is_some());
        desk.sees(State::SigningIn, &format!("Signing in to {name}."), 1);
        desk.types(PASSWORD);
        desk.until("the dialog is done", |model| model.login.is_none());
        assert_eq!(first.join().expect("well"), 200);
    });
    desk.sees(State::Connected, &connected, 1);
    signs_in += 1.0;
    assert_eq!(signed_in(&server, 0), signs_in);

    // Four hours pass; the first use reconnects by itself.
    hours_pass(&server, &admin);
    assert_eq!(call(&home), 200);
    limit(&server, &admin, 14_400);
    // Its answer tells how long the new session lives from now on.
    assert_eq!(call(&home), 200);
    desk.sees(State::Connected, &connected, 1);
    signs_in += 1.0;
    assert_eq!(signed_in(&server, 0), signs_in);

    // The laptop sleeps and wakes where the server is not reached.
    proxy.set(Weather::Closed);
    proxy.cut();
    assert_eq!(call(&home), 503);
    let away = format!("{name} cannot be reached. It is tried again by itself.");
    desk.sees(State::Offline, &away, 1);
    // And on another network it is, without anybody's doing.
    proxy.set(Weather::Fair);
    desk.sees(State::Connected, &connected, 1);
    assert_eq!(call(&home), 200);
    assert_eq!(signed_in(&server, 0), signs_in);

    // The server restarts: nobody is signed out.
    server.stop();
    assert_eq!(call(&home), 503);
    desk.sees(State::Offline, &away, 1);
    server.begin();
    desk.sees(State::Connected, &connected, 1);
    assert_eq!(call(&home), 200);
    assert_eq!(server.metrics().sign_ins(), 0.0, "since it began anew");

    // The password is changed: the next use asks, says what is wrong, goes on.
    let changed = server.command(&["user", "password", ADMIN, "--random"]);
    let said = String::from_utf8_lossy(&changed.stdout).into_owned();
    let new = said.lines().find_map(|line| line.split_once("Password: "));
    let new_password = new
        .unwrap_or_else(|| panic!("no password in: {said}"))
        .1
        .trim();
    // The server hears of it from its database within a second.
    let asked = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let next = scope.spawn(|| {
            eventually("the person is asked", || {
                let status = call(&home);
                asked.load(Ordering::SeqCst).then_some(status)
            })
        });
        desk.until("the dialog", |model| model.login.is_some());
        asked.store(true, Ordering::SeqCst);
        desk.types(PASSWORD);
        desk.until("the old password is refused", |model| {
            model
                .login
                .as_ref()
                .is_some_and(|login| login.step == Step::Password && login.trouble.is_some())
        });
        desk.types(new_password);
        desk.until("the dialog is done", |model| model.login.is_none());
        assert_eq!(next.join().expect("well"), 200);
    });
    desk.sees(State::Connected, &connected, 2);
    assert_eq!(server.metrics().sign_ins(), 1.0);

    // A second server is added by its web address, and becomes the active one.
    desk.connects(&other.url(), PASSWORD);
    let there = other.address().to_string();
    let elsewhere = format!("Connected to {there} as First administrator.");
    desk.sees(State::Connected, &elsewhere, 3);
    assert_eq!(signed_in(&other, 1), 1.0);

    // Back to the first and to the second again: nobody asks, nobody signs in.
    let ids: Vec<String> = desk
        .model
        .servers
        .iter()
        .filter_map(|status| Some(status.server.as_ref()?.id.clone()))
        .collect();
    desk.choose(Choice::Connect(ids[0].clone()));
    desk.sees(State::Connected, &connected, 3);
    desk.choose(Choice::Connect(ids[1].clone()));
    desk.sees(State::Connected, &elsewhere, 3);
    assert_eq!(server.metrics().sign_ins(), 1.0);
    assert_eq!(signed_in(&other, 1), 1.0);

    // Signed out: it stays so, and calls are told.
    desk.choose(Choice::Disconnect);
    let gone = format!("Disconnected from {there}. Connect when you want to work there again.");
    desk.sees(State::Disconnected, &gone, 3);
    assert_eq!(call(&home), 409);
    desk.sees(State::Disconnected, &gone, 3);
    let _ = home.chancery(&["agent", "stop"]).done();
}
