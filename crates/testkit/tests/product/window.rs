//! What the desktop's window needs of the agent: every server's state as it
//! changes, wishes to show something, the order of the list, preferences.

use chancery_testkit::server::TestServer;
use chancery_testkit::{Answer, Request, TestHome};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// A window, as far as the agent can tell.
struct Window {
    lines: BufReader<UnixStream>,
}

impl Window {
    fn open(home: &TestHome) -> Self {
        let mut stream = UnixStream::connect(home.socket()).expect("the agent listens");
        let deadline = Some(Duration::from_secs(30));
        stream.set_read_timeout(deadline).expect("set");
        stream
            .write_all(b"GET /agent/v1/window HTTP/1.1\r\nHost: chancery\r\n\r\n")
            .expect("sent");
        Self {
            lines: BufReader::new(stream),
        }
    }

    /// The next event; what frames the pieces is skipped.
    fn event(&mut self) -> Value {
        loop {
            let mut line = String::new();
            let read = self.lines.read_line(&mut line).expect("a line in time");
            assert_ne!(read, 0, "the agent hung up");
            if line.starts_with('{') {
                return serde_json::from_str(&line).expect("an event");
            }
        }
    }

    /// The names and states of all servers, once they are those.
    fn until(&mut self, expected: &[(&str, &str)]) {
        loop {
            let event = self.event();
            let servers = event["servers"].as_array().cloned().unwrap_or_default();
            let shown: Vec<(String, String)> = servers
                .iter()
                .map(|one| {
                    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                    (text(&one["server"]["name"]), text(&one["state"]))
                })
                .collect();
            let wanted = expected
                .iter()
                .map(|(name, state)| ((*name).to_owned(), (*state).to_owned()));
            if shown == wanted.collect::<Vec<_>>() {
                return;
            }
        }
    }
}

fn post(home: &TestHome, path: &str, body: &Value) -> Answer {
    let request = Request::new("POST", path).json(body);
    home.agent().call(request).expect("the agent answers")
}

#[test]
fn a_window_hears_of_every_server_and_of_what_it_is_to_show() {
    let home = TestHome::without_keyring();
    let (first, second) = (TestServer::start(), TestServer::start());
    home.connect(&first);
    assert_eq!(
        post(&home, "/agent/v1/window", &json!({"show": "login"})).error_code(),
        "CHANCERY_NO_WINDOW"
    );

    let mut window = Window::open(&home);
    let names = [&first, &second].map(|server| server.address().to_string());
    window.until(&[(&names[0], "connected")]);
    home.connect(&second);
    window.until(&[(&names[0], "connected"), (&names[1], "connected")]);

    // The last one is moved to the front, and stays there.
    let moved = json!({"address": second.url(), "position": 0});
    assert_eq!(post(&home, "/agent/v1/servers", &moved).status, 200);
    window.until(&[(&names[1], "connected"), (&names[0], "connected")]);
    let _ = home.chancery(&["disconnect"]).done();
    window.until(&[(&names[1], "disconnected"), (&names[0], "connected")]);

    for word in ["login", "list", "preferences", "window"] {
        let shown = post(&home, "/agent/v1/window", &json!({"show": word}));
        assert_eq!(shown.status, 202);
        // A state may come between.
        while window.event()["show"] != word {}
    }
    let refused = post(&home, "/agent/v1/window", &json!({"show": "door"}));
    assert_eq!(refused.error_code(), "CHANCERY_BAD_REQUEST");
    let refused = post(
        &home,
        "/agent/v1/servers",
        &json!({"address": second.url(), "position": -1}),
    );
    assert_eq!(refused.error_code(), "CHANCERY_BAD_REQUEST");

    // The order is the person's, and outlives the agent.
    let _ = home.chancery(&["agent", "stop"]).done();
    let list = home.chancery(&["servers", "--json"]).json();
    assert_eq!(list["servers"][0]["name"], names[1].as_str());
}

#[test]
fn preferences_change_in_the_persons_own_file_unless_the_policy_decides() {
    let home = TestHome::without_keyring();
    home.set_preferences("# mine\n[sign_in]\nwhen = \"at-start\" # early bird\n");
    let _ = home.chancery(&["status"]).done();
    let asked =
        json!({"theme": "dark", "start": true, "applications": {"Mail client": "first-use"}});
    let report = post(&home, "/agent/v1/preferences", &asked)
        .expect(200)
        .json();
    let settings = report["settings"].as_array().expect("settings").clone();
    let value = |name: &str| {
        let found = settings.iter().find(|one| one["name"] == name);
        found.unwrap_or_else(|| panic!("{name}: {report}"))["value"].clone()
    };
    assert_eq!(value("desktop.theme"), "\"dark\"");
    assert_eq!(value("desktop.start"), "true");
    assert_eq!(value("sign_in.when"), "\"at-start\"");
    let file = report["preferences"].as_str().expect("a path");
    let text = std::fs::read_to_string(file).expect("the file");
    assert!(
        text.starts_with("# mine\n[sign_in]\nwhen = \"at-start\" # early bird\n"),
        "{text}"
    );

    home.set_policy("[desktop]\ntheme = \"light\"\n");
    let refused = post(&home, "/agent/v1/preferences", &json!({"theme": "dark"}));
    assert_eq!(
        (refused.status, refused.error_code().as_str()),
        (403, "CHANCERY_POLICY")
    );
    let refused = post(&home, "/agent/v1/preferences", &json!({"theme": "pink"}));
    assert_eq!(refused.error_code(), "CHANCERY_BAD_REQUEST");

    home.set_preferences("[nonsense]\n");
    let refused = post(&home, "/agent/v1/preferences", &json!({"start": false}));
    assert_eq!(refused.error_code(), "CHANCERY_BAD_REQUEST");
    assert_eq!(
        std::fs::read_to_string(file).expect("the file"),
        "[nonsense]\n"
    );
}
