//! What an add-on gets by way of `chancery-native-messaging`.

use crate::desktop::{end_desktop, pid_of_desktop};
use crate::prompts::{Window, answer, needs_person};
use chancery_testkit::programs::program;
use chancery_testkit::server::PASSWORD;
use chancery_testkit::waiting::{PATIENCE, ended, eventually};
use chancery_testkit::{Display, Request, TestHome, TestServer};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{self, Receiver};

const ID: &str = "thunderbird@addons.chancery";

/// The program as Thunderbird runs it, and the add-on in front of it.
struct AddOn {
    child: Child,
    say: Option<ChildStdin>,
    hear: Receiver<Value>,
    /// Heard while something else was waited for.
    kept: VecDeque<Value>,
    number: u64,
}

impl AddOn {
    fn start(home: &TestHome) -> Self {
        Self::start_with(home, "/bin/true")
    }

    /// `desktop` stands for the desktop program: one that ends at once has
    /// passed its wish on to the one that runs.
    fn start_with(home: &TestHome, desktop: &str) -> Self {
        Self::start_among(home, &[("CHANCERY_DESKTOP", desktop)])
    }

    fn start_among(home: &TestHome, settings: &[(&str, &str)]) -> Self {
        let mut child = home
            .command(&program("chancery-native-messaging"))
            .args(["/somewhere/chancery.json", ID])
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program can be run");
        let mut output = child.stdout.take().expect("a pipe");
        let (told, hear) = mpsc::channel();
        std::thread::spawn(move || {
            let mut length = [0; 4];
            while output.read_exact(&mut length).is_ok() {
                let mut message = vec![0; u32::from_ne_bytes(length) as usize];
                output.read_exact(&mut message).expect("a whole message");
                let message = serde_json::from_slice(&message).expect("JSON");
                if told.send(message).is_err() {
                    return;
                }
            }
        });
        Self {
            say: child.stdin.take(),
            child,
            hear,
            kept: VecDeque::new(),
            number: 0,
        }
    }

    fn say(&mut self, message: &[u8]) {
        let length = u32::try_from(message.len()).expect("short");
        let say = self.say.as_mut().expect("open");
        say.write_all(&length.to_ne_bytes()).expect("said");
        say.write_all(message).expect("said");
    }

    fn begin(&mut self, mut request: Value) -> u64 {
        self.number += 1;
        request["id"] = json!(self.number);
        self.say(request.to_string().as_bytes());
        self.number
    }

    /// The next message that is wanted; the others are kept.
    #[track_caller]
    fn wait(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.kept.iter().position(&wanted) {
            return self.kept.remove(at).expect("there");
        }
        loop {
            let message = self.hear.recv_timeout(PATIENCE);
            let message = message.unwrap_or_else(|_| panic!("in vain; kept: {:?}", self.kept));
            if wanted(&message) {
                return message;
            }
            self.kept.push_back(message);
        }
    }

    #[track_caller]
    fn answer(&mut self, number: u64) -> Value {
        self.wait(|message| message["id"] == number)
    }

    #[track_caller]
    fn done(&mut self, request: Value) -> Value {
        let number = self.begin(request);
        let answer = self.answer(number);
        assert!(answer["error"].is_null(), "{answer}");
        answer["done"].clone()
    }

    #[track_caller]
    fn refused(&mut self, request: Value) -> (String, String) {
        let number = self.begin(request);
        told(&self.answer(number))
    }

    /// The event of the next state that is this one.
    #[track_caller]
    fn state(&mut self, state: &str) -> Value {
        self.wait(|message| message["state"]["state"] == state)
    }

    fn ended(mut self) -> bool {
        drop(self.say.take());
        ended("the program ends with the add-on", &mut self.child).success()
    }
}

/// The code and the sentence of a refusal.
fn told(answer: &Value) -> (String, String) {
    let text = |name: &str| {
        answer["error"][name]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    (text("code"), text("message"))
}

fn id_of(home: &TestHome, server: &TestServer) -> String {
    let list = home.chancery(&["servers", "--json"]).json();
    let all = list["servers"].as_array().expect("a list");
    let entry = all.iter().find(|entry| entry["address"] == server.url());
    let id = entry.expect("in the list")["id"].as_str().expect("a text");
    id.to_owned()
}

#[test]
fn an_add_on_sees_the_state_and_its_one_sign_in_serves_everybody() {
    let (home, server) = (TestHome::without_keyring(), TestServer::start());
    home.connect(&server);
    let _ = home.chancery(&["agent", "stop"]).done();
    let before = server.metrics().sign_ins();
    let mut add_on = AddOn::start(&home);
    // To watch starts the agent and nothing else.
    assert_eq!(add_on.done(json!({"do": "watch"})), json!({}));
    let seen = add_on.state("deferred");
    assert_eq!(seen["event"], "state");
    assert_eq!(seen["servers"][0]["active"], true);
    assert_eq!(seen["state"]["server"], server.address().to_string());
    assert_eq!(home.state(), "deferred");
    assert_eq!(server.metrics().sign_ins(), before);

    let mut window = Window::open(&home);
    for _ in 0..2 {
        let sign_in = add_on.begin(json!({"do": "sign-in"}));
        let prompt = window.prompt();
        assert_eq!(prompt["application"], "Thunderbird");
        add_on.state("signing-in");
        let _ = answer(&home, &prompt, PASSWORD).expect(200);
        let done = add_on.answer(sign_in);
        assert_eq!(done["done"]["state"]["state"], "connected", "{done}");
        assert_eq!(
            add_on.state("connected")["state"]["person"],
            "First administrator"
        );
        assert_eq!(home.state(), "connected");
        let _ = home.chancery(&["ls"]).done();
        // Already signed in, nobody is asked.
        let again = add_on.done(json!({"do": "sign-in"}));
        assert_eq!(again["state"]["state"], "connected");
        assert_eq!(window.prompt()["over"], true);
        let left = add_on.done(json!({"do": "disconnect"}));
        assert_eq!(left["state"]["state"], "disconnected");
        add_on.state("disconnected");
    }
    assert_eq!(server.metrics().sign_ins() - before, 2.0);
    // Nothing that only the agent may know has come along.
    let all = format!("{:?}", add_on.kept);
    assert!(!all.contains("token") && !all.contains(PASSWORD), "{all}");
    assert!(add_on.ended());
}

#[test]
fn a_switch_asks_at_the_other_server_and_leaves_the_first_only_when_that_was_answered() {
    let home = TestHome::without_keyring();
    let [first, second, third] = [(); 3].map(|()| TestServer::start());
    home.connect(&first);
    for server in [&second, &third] {
        let _ = home.chancery(&["servers", "add", &server.url()]).done();
    }
    let (second_id, third_id) = (id_of(&home, &second), id_of(&home, &third));
    let mut window = Window::open(&home);
    let mut add_on = AddOn::start(&home);

    let switch = add_on.begin(json!({"do": "switch", "server": second_id}));
    let prompt = window.prompt();
    assert_eq!(prompt["server"]["address"], second.url());
    assert_eq!(home.state(), "connected", "the first meanwhile");
    let path = format!("/agent/v1/prompts/{}", prompt["number"]);
    let declined = home.agent().call(Request::new("DELETE", &path));
    let _ = declined.expect("answered").expect(200);
    let (code, sentence) = told(&add_on.answer(switch));
    assert_eq!(code, "CHANCERY_NEEDS_USER");
    assert!(sentence.contains("declined"), "{sentence}");
    assert_eq!(window.prompt()["over"], true);
    let active = |home: &TestHome| {
        let status = home.chancery(&["status", "--json"]).json();
        (status["state"].clone(), status["server"]["address"].clone())
    };
    assert_eq!(active(&home), (json!("connected"), json!(first.url())));

    let switch = add_on.begin(json!({"do": "switch", "server": third_id}));
    let prompt = window.prompt();
    let _ = answer(&home, &prompt, PASSWORD).expect(200);
    let done = add_on.answer(switch);
    assert_eq!(done["done"]["servers"][2]["active"], true, "{done}");
    assert_eq!(active(&home), (json!("connected"), json!(third.url())));
    assert_eq!(third.metrics().sign_ins(), 1.0);
    // Back to where a session lives, nobody is asked.
    let first_id = id_of(&home, &first);
    let back = add_on.done(json!({"do": "connect", "server": first_id}));
    assert_eq!(back["servers"][0]["active"], true);
    assert_eq!(active(&home), (json!("connected"), json!(first.url())));
    assert_eq!(
        (first.metrics().sign_ins(), second.metrics().sign_ins()),
        (1.0, 0.0)
    );

    // An address is the dialog's to choose, not an add-on's.
    for server in [second.url().as_str(), "elsewhere", "../../api"] {
        let (code, _) = add_on.refused(json!({"do": "switch", "server": server}));
        assert_eq!(code, "CHANCERY_UNKNOWN_SERVER", "{server}");
    }
}

#[test]
fn an_agent_that_ends_is_left_in_peace_and_one_that_comes_back_is_found() {
    let (home, server) = (TestHome::without_keyring(), TestServer::start());
    needs_person(&home, &server);
    let mut add_on = AddOn::start(&home);
    let _ = add_on.done(json!({"do": "watch"}));
    add_on.state("needs-user");
    for _ in 0..2 {
        let _ = home.chancery(&["agent", "stop"]).done();
        add_on.wait(|message| message["event"] == "no-agent");
        assert!(home.agent().call(Request::get("/agent/v1/hello")).is_err());
        let _ = home.chancery(&["agent", "start"]).done();
        add_on.state("deferred");
    }
    // A killed one leaves its socket behind; whoever asks starts another.
    home.kill_agent();
    add_on.wait(|message| message["event"] == "no-agent");
    assert_eq!(
        add_on.done(json!({"do": "status"}))["state"]["state"],
        "deferred"
    );
    add_on.state("deferred");
}

#[test]
fn where_the_policy_says_so_the_application_signs_in_when_it_starts() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    for (when, state) in [("first-use", "deferred"), ("at-start", "connected")] {
        let _ = home.chancery(&["agent", "stop"]).done();
        home.set_policy(&format!(
            "[application.\"Thunderbird\"]\nsign_in = \"{when}\"\n"
        ));
        let mut add_on = AddOn::start(&home);
        let _ = add_on.done(json!({"do": "watch"}));
        add_on.state(state);
        assert_eq!(home.state(), state);
    }
}

#[test]
#[ignore = "needs a display; “cargo xtask test --long” installs and runs it"]
fn the_real_desktop_program_is_started_and_waited_for_until_it_asks() {
    let (home, server) = (TestHome::with_bus(), TestServer::start());
    let display = Display::start();
    needs_person(&home, &server);
    let desktop = program("chancery-desktop");
    let settings = [
        ("CHANCERY_DESKTOP", desktop.to_str().expect("text")),
        ("DISPLAY", display.name()),
    ];
    let mut add_on = AddOn::start_among(&home, &settings);
    let _ = add_on.done(json!({"do": "watch"}));
    let sign_in = add_on.begin(json!({"do": "sign-in"}));
    let pid = eventually("the desktop program is there", || pid_of_desktop(&home));
    // Nobody could ask before it was there; had that been tried, the answer
    // would have come at once, and nobody would be asked now.
    eventually("somebody is being asked", || {
        (home.state() == "signing-in").then_some(())
    });
    assert!(
        add_on
            .hear
            .try_iter()
            .all(|message| message["id"] != sign_in)
    );
    assert_eq!(home.state(), "signing-in");
    // With the last who could ask goes the question.
    end_desktop(pid);
    let (code, sentence) = told(&add_on.answer(sign_in));
    assert_eq!(code, "CHANCERY_NEEDS_USER", "{sentence}");
}

#[test]
fn where_nobody_can_ask_the_add_on_is_told_why_at_once() {
    let (home, server) = (TestHome::without_keyring(), TestServer::start());
    needs_person(&home, &server);
    let missing = home.path().join("missing");
    let mut add_on = AddOn::start_with(&home, &missing.to_string_lossy());
    let (code, sentence) = add_on.refused(json!({"do": "sign-in"}));
    assert_eq!(code, "CHANCERY_NEEDS_USER");
    assert!(
        sentence.contains("Sign in again.") && sentence.contains("CHANCERY_DESKTOP"),
        "{sentence}"
    );
    for shown in ["window", "login"] {
        let (code, sentence) = add_on.refused(json!({"do": "show", "show": shown}));
        assert_eq!(code, "DESKTOP");
        assert!(sentence.contains("missing"), "{sentence}");
    }
}

#[test]
fn what_is_no_request_is_answered_and_what_is_no_message_ends_the_conversation() {
    let home = TestHome::without_keyring();
    let mut add_on = AddOn::start(&home);
    for request in [
        json!({}),
        json!({"do": "api", "path": "/work/api"}),
        json!({"do": "agent/v1/stop"}),
        json!({"do": "show", "show": "hidden"}),
        json!({"do": {"do": {}}}),
    ] {
        let (code, sentence) = add_on.refused(request);
        assert_eq!(code, "BAD_REQUEST");
        assert!(sentence.ends_with('.'), "{sentence}");
    }
    for message in [&b"\xff\xfe"[..], b"", b"[]", b"{\"id\":1,"] {
        add_on.say(message);
        let answer = add_on.wait(|message| message["error"].is_object());
        assert_eq!(answer["id"], Value::Null);
    }
    // None of that was worth an agent.
    assert!(home.agent().call(Request::get("/agent/v1/hello")).is_err());
    let say = add_on.say.as_mut().expect("open");
    say.write_all(&u32::MAX.to_ne_bytes()).expect("said");
    let (code, sentence) = told(&add_on.wait(|message| message["error"].is_object()));
    assert_eq!(code, "BAD_REQUEST");
    assert!(sentence.contains("4294967295"), "{sentence}");
    assert!(!ended("it ends", &mut add_on.child).success());
}

#[test]
fn nobody_but_an_add_on_of_ours_is_served() {
    let home = TestHome::without_keyring();
    for words in [&["/x.json", "other@example.com"][..], &[]] {
        let mut command = home.command(&program("chancery-native-messaging"));
        let output = command
            .args(words)
            .stdin(Stdio::null())
            .output()
            .expect("run");
        assert!(!output.status.success());
        assert!(output.stdout.is_empty());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("“chancery”"), "{said}");
    }
}
