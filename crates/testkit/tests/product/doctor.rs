//! What the agent finds when it looks around, and the state of a server that
//! is only looked at.

use chancery_proto::clock::{SystemClock, Timestamp};
use chancery_testkit::papers::Papers;
use chancery_testkit::server::{ADMIN, PASSWORD, TestServer};
use chancery_testkit::waiting::eventually;
use chancery_testkit::web_proxy::{Manner, WebProxy};
use chancery_testkit::{Request, TestHome};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The outcome and the sentence of one check.
fn found(examination: &Value, check: &str) -> (String, String) {
    let findings = examination["findings"].as_array().expect("a list");
    let found: Vec<_> = findings
        .iter()
        .filter(|finding| finding["check"] == check)
        .collect();
    assert_eq!(found.len(), 1, "{check} in {examination}");
    let text = |name: &str| found[0][name].as_str().expect("text").to_owned();
    (text("outcome"), text("sentence"))
}

fn examine(home: &TestHome, viewed: Option<&str>) -> Value {
    let mut request = Request::get("/agent/v1/doctor");
    if let Some(viewed) = viewed {
        request = request.header("Chancery-Server", viewed);
    }
    let answer = home.agent().call(request).expect("an answer");
    answer.expect(200).json()
}

fn says(examination: &Value, check: &str, outcome: &str, sentence: &str) {
    let (was, told) = found(examination, check);
    assert!(told.contains(sentence), "{check}: {told}");
    assert_eq!(was, outcome, "{check}: {told}");
}

/// A server with what it says as its own time, in seconds from ours, or one
/// that says nothing at all.
struct Odd {
    address: SocketAddr,
    manner: Arc<Mutex<Option<i64>>>,
}

impl Odd {
    fn at(ahead: i64, level: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let manner = Arc::new(Mutex::new(Some(ahead)));
        let own = Arc::clone(&manner);
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let manner = *own.lock().expect("not poisoned");
                std::thread::spawn(move || answer(stream, manner, level));
            }
        });
        Self { address, manner }
    }

    fn becomes(&self, manner: Option<i64>) {
        *self.manner.lock().expect("not poisoned") = manner;
    }

    /// Puts it on the list; answers its id.
    fn on_the_list_of(&self, home: &TestHome) -> String {
        let body = json!({"address": format!("http://{}", self.address)});
        let call = Request::new("POST", "/agent/v1/servers").json(&body);
        let list = home.agent().call(call).expect("an answer").expect(200);
        let list = list.json();
        let mut entries = list["servers"].as_array().expect("a list").iter();
        let address = body["address"].clone();
        let own = entries.find(|entry| entry["address"] == address);
        own.expect("it is there")["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    }
}

fn answer(mut stream: TcpStream, manner: Option<i64>, level: &str) {
    let mut lines = BufReader::new(stream.try_clone().expect("a handle")).lines();
    while lines
        .next()
        .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
    {}
    let Some(ahead) = manner else {
        // Until the other side has had enough.
        let _ = stream.read(&mut [0; 1]);
        return;
    };
    let now = Timestamp(SystemClock::shared().now().0 + ahead * 1000);
    let body = json!({"data": {
        "dms_version": level,
        "versions": [{"name": "v2", "url": "http://127.0.0.1/api/v2"}],
    }})
    .to_string();
    let text = format!(
        "HTTP/1.1 200 OK\r\nDate: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        http_date(now),
        body.len()
    );
    let _ = stream.write_all(text.as_bytes());
}

/// As RFC 9110, section 5.6.7 writes it.
fn http_date(time: Timestamp) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    // The first day of all was a Thursday.
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let day = usize::try_from(time.0 / 86_400_000 % 7).expect("a day");
    let text = time.to_rfc3339();
    let month: usize = text[5..7].parse().expect("a month");
    format!(
        "{}, {} {} {} {} GMT",
        DAYS[day],
        &text[8..10],
        MONTHS[month - 1],
        &text[..4],
        &text[11..19]
    )
}

/// Starts the agent with these settings.
fn started(home: &TestHome, settings: &[(&str, &str)]) {
    let said = home
        .command(&chancery_testkit::programs::program("chancery"))
        .args(["status", "--json"])
        .envs(settings.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("chancery runs");
    assert!(said.status.success(), "{said:?}");
}

#[test]
fn where_there_is_no_server_yet_the_rest_is_looked_at() {
    let home = TestHome::with_keyring();
    started(&home, &[]);
    let examination = examine(&home, None);
    says(&examination, "agent", "good", "knows no server yet.");
    says(&examination, "keyring", "good", "The keyring is open.");
    for check in ["connection", "server", "tls", "clock", "proxy", "version"] {
        assert_eq!(found(&examination, check).0, "skipped", "{check}");
    }
    let shown = home.chancery(&["doctor"]).done();
    assert!(shown.contains("Everything"), "{shown}");
}

#[test]
fn a_server_is_looked_at_from_its_certificate_to_its_version() {
    let (papers, home) = (Papers::drawn_up(), TestHome::with_keyring());
    let server = papers.server();
    let address = format!("https://localhost:{}", server.address().port());
    let firm = papers.firm();
    let _ = home
        .connect_with(&[("SSL_CERT_FILE", &firm)], &address)
        .done();
    let examination = examine(&home, None);
    says(&examination, "connection", "good", "Connected to");
    says(&examination, "server", "good", "answers after ");
    says(
        &examination,
        "tls",
        "good",
        "it holds until 4096-01-01, for ",
    );
    says(&examination, "clock", "good", "agree to a minute");
    says(&examination, "proxy", "good", "to which no proxy leads");
    says(&examination, "keyring", "good", "keeps your sign-in at");
    says(
        &examination,
        "version",
        "good",
        "at level 10.4.5: everything works there.",
    );
    // The system no longer trusts the firm's authority.
    home.kill_agent();
    let others = Papers::drawn_up().firm();
    started(&home, &[("SSL_CERT_FILE", &others)]);
    let examination = examine(&home, None);
    says(
        &examination,
        "server",
        "bad",
        "its certificate cannot be verified",
    );
    says(
        &examination,
        "tls",
        "bad",
        "This system does not trust the certificate",
    );
    says(&examination, "clock", "skipped", "did not tell the time");
    // It was seen before, and is still known.
    says(&examination, "version", "good", "at level 10.4.5");
    assert_eq!(home.chancery(&["doctor"]).code, 1);
}

#[test]
fn a_certificate_that_ends_soon_is_worth_a_word() {
    let days = Duration::from_secs(5 * 86_400);
    let end = SystemClock::shared().now().plus(days).to_rfc3339();
    let (papers, home) = (Papers::good_until(&end[..10]), TestHome::with_keyring());
    let server = papers.server();
    let address = format!("https://localhost:{}", server.address().port());
    let _ = home
        .connect_with(&[("SSL_CERT_FILE", &papers.firm())], &address)
        .done();
    let examination = examine(&home, None);
    let sentence = format!("it holds until {}, for 4 days. Tell", &end[..10]);
    says(&examination, "tls", "warning", &sentence);
}

#[test]
fn the_proxy_that_applies_is_named_without_its_password() {
    let (papers, home) = (
        Papers::drawn_up_for("work.example.test"),
        TestHome::without_keyring(),
    );
    let server = papers.server();
    let proxy = WebProxy::to(server.address(), Manner::Opens);
    let (place, firm) = (proxy.address(), papers.firm());
    let named = format!("http://ann:secretword@{place}");
    let settings = [("SSL_CERT_FILE", firm.as_str()), ("https_proxy", &named)];
    let _ = home
        .connect_with(&settings, "https://work.example.test")
        .done();
    let examination = examine(&home, None);
    let through = format!("leads through the proxy http://{place},");
    says(&examination, "proxy", "good", &through);
    says(
        &examination,
        "keyring",
        "warning",
        "There is no keyring on this machine",
    );
    proxy.set(Manner::Answers("403 Forbidden".to_owned()));
    let examination = examine(&home, None);
    says(
        &examination,
        "server",
        "bad",
        "it answers 403 Forbidden. Ask your administrator",
    );
    assert!(!examination.to_string().contains("secretword"));
}

#[test]
fn clocks_that_differ_are_told_by_how_much_they_do() {
    let home = TestHome::without_keyring();
    started(&home, &[]);
    let odd = Odd::at(0, "10.3.4");
    let id = odd.on_the_list_of(&home);
    for (ahead, outcome, sentence) in [
        (0, "good", "agree to a minute"),
        (-40, "good", "agree to a minute"),
        (150, "warning", "clock is 2 minutes behind the server's."),
        (-150, "warning", "clock is 2 minutes ahead of the server's."),
        (
            2 * 3600 + 60,
            "bad",
            "clock is 2 hours behind the server's.",
        ),
        (
            -800 * 86_400 - 60,
            "bad",
            "clock is 800 days ahead of the server's.",
        ),
    ] {
        odd.becomes(Some(ahead));
        says(&examine(&home, Some(&id)), "clock", outcome, sentence);
    }
    // The same server is too old for some of it.
    let examination = examine(&home, Some(&id));
    says(
        &examination,
        "version",
        "warning",
        "at level 10.3.4, older than 10.4.0. ",
    );
    says(&examination, "tls", "good", "nothing is encrypted");
}

#[test]
fn a_server_that_hangs_or_is_gone_does_not_hold_up_the_rest() {
    let home = TestHome::without_keyring();
    started(&home, &[]);
    let odd = Odd::at(0, "10.4.5");
    let id = odd.on_the_list_of(&home);
    odd.becomes(None);
    let began = Instant::now();
    let examination = examine(&home, Some(&id));
    let took = began.elapsed();
    assert!(took < Duration::from_secs(9), "{took:?}");
    says(&examination, "server", "bad", "no answer within 5 seconds");
    says(&examination, "version", "good", "at level 10.4.5");

    let server = TestServer::start();
    home.connect(&server);
    drop(server);
    let examination = examine(&home, None);
    says(
        &examination,
        "server",
        "bad",
        "cannot be reached (nothing listens there)",
    );
    // That is also so for everybody else from now on.
    says(&examination, "connection", "warning", "cannot be reached");
    assert_eq!(home.state(), "offline");
    let said = home.chancery(&["doctor"]);
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.out.contains("X BAD"), "{}", said.out);
}

/// The one place where a token lies open is the file that the person asked for.
#[test]
fn no_secret_is_in_what_is_found_nor_in_the_report() {
    let (home, server) = (TestHome::without_keyring(), TestServer::start());
    let said = home.chancery_reading(
        &[
            "connect",
            &server.url(),
            "--user",
            ADMIN,
            "--password-stdin",
            "--store-in-file",
        ],
        &format!("{PASSWORD}\n"),
    );
    let _ = said.done();
    let secrets = secrets(&home);
    assert!(!secrets.is_empty());
    let examination = examine(&home, None);
    says(&examination, "keyring", "warning", "in a file of your own");
    let shown = home.chancery(&["doctor", "--report", "report.txt"]).done();
    let report = std::fs::read_to_string(home.path().join("report.txt")).expect("there");
    let all = format!("{examination}{shown}{report}{}", home.agent_log());
    assert!(!all.contains(PASSWORD));
    for secret in secrets {
        assert!(!all.contains(&secret), "a secret is told");
    }
}

/// Every long word in the file of sessions: one of them is the token.
fn secrets(home: &TestHome) -> Vec<String> {
    let mut words = Vec::new();
    let mut places = vec![home.path().join("state/sessions")];
    while let Some(place) = places.pop() {
        if let Ok(inside) = std::fs::read_dir(&place) {
            places.extend(inside.filter_map(Result::ok).map(|entry| entry.path()));
            continue;
        }
        let text = std::fs::read(&place).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let parts = text.split(|one: char| !(one.is_ascii_alphanumeric() || "-_".contains(one)));
        words.extend(parts.filter(|part| part.len() >= 30).map(str::to_owned));
    }
    words
}

#[test]
fn a_server_that_is_only_looked_at_tells_its_own_state() {
    let home = TestHome::without_keyring();
    let (first, second) = (TestServer::start(), TestServer::start());
    home.connect(&first);
    home.connect(&second);
    let servers = home.chancery(&["servers", "--json"]).json();
    let list = servers["servers"].as_array().or(servers.as_array());
    let first_id = list
        .expect("a list")
        .iter()
        .find(|entry| entry["address"] == first.url())
        .expect("it is there")["id"]
        .as_str()
        .expect("an id")
        .to_owned();

    let viewed = home
        .chancery(&["--server", &first_id, "status", "--json"])
        .json();
    assert_eq!(viewed["state"], "connected");
    assert_eq!(viewed["server"]["address"], first.url());
    assert_eq!(viewed["server"]["active"], false);
    let own = home.chancery(&["status", "--json"]).json();
    assert_eq!(own["server"]["address"], second.url());

    // Whoever watches the one hears of it, and of nothing else.
    let mut watching = home
        .command(&chancery_testkit::programs::program("chancery"))
        .args(["--server", &first_id, "watch", "--json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("chancery runs");
    let (sender, lines) = mpsc::channel::<Value>();
    let out = watching.stdout.take().expect("a pipe");
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            let _ = sender.send(serde_json::from_str(&line).expect("JSON"));
        }
    });
    let next = || lines.recv_timeout(Duration::from_secs(30)).expect("a line");
    let before = next();
    assert_eq!(before["status"]["server"]["address"], first.url());
    assert_eq!(before["status"]["state"], "connected");

    let left = home
        .agent()
        .call(Request::new("POST", "/agent/v1/disconnect").header("Chancery-Server", &first_id))
        .expect("an answer")
        .expect(200)
        .json();
    assert_eq!(left["server"]["address"], first.url());
    assert_ne!(left["state"], "connected");
    let after = next();
    assert_eq!(after["number"], 1);
    assert_eq!(after["status"]["server"]["address"], first.url());
    assert_ne!(after["status"]["state"], "connected");
    // The active one is as it was.
    assert_eq!(home.state(), "connected");

    let unknown = Request::get("/agent/v1/watch").header("Chancery-Server", "nowhere");
    let refused = home.agent().call(unknown).expect("an answer").expect(404);
    assert_eq!(refused.error_code(), "CHANCERY_UNKNOWN_SERVER");
    // Off the list, there is nothing to tell any more.
    let gone = Request::new("DELETE", &format!("/agent/v1/servers/{first_id}"));
    let _ = home.agent().call(gone).expect("an answer").expect(200);
    let ended = eventually("the stream ends", || watching.try_wait().ok().flatten());
    assert!(ended.success());
}
