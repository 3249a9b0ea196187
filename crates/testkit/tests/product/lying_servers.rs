//! Servers that lie: the agent stays up, flat in memory, and says one clear
//! thing; and what is only odd reaches the caller as it is.

use chancery_testkit::lying::{LyingServer, Says};
use chancery_testkit::memory::{core_time, forget_peak, peak_kib, resident_kib};
use chancery_testkit::server::API;
use chancery_testkit::{Answer, Request, TestHome};
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// What a lie may cost in memory.
const ROOM_KIB: u64 = 16 * 1024;

/// An agent that is connected to a server which is honest so far.
fn stage() -> (TestHome, LyingServer) {
    let (home, server) = (TestHome::with_keyring(), LyingServer::start());
    home.connect_to(&server.url());
    assert_eq!(call(&home).status, 200);
    (home, server)
}

fn call(home: &TestHome) -> Answer {
    try_call(home).expect("the agent answers")
}

fn try_call(home: &TestHome) -> io::Result<Answer> {
    home.agent()
        .call(Request::get(&format!("{API}/workspaces")))
}

/// One clear thing: an error with a code of the agent's and a sentence.
#[track_caller]
fn clear(answer: &Answer) -> (u16, String) {
    let error = answer.json()["error"].clone();
    let sentence = error["message"].as_str().unwrap_or_default();
    assert!(sentence.len() > 20 && sentence.ends_with('.'), "{error}");
    (answer.status, answer.error_code())
}

/// When the server is honest again, so is everything.
#[track_caller]
fn well_after(home: &TestHome, server: &LyingServer) {
    server.repent();
    chancery_testkit::waiting::eventually("the agent is well", || {
        (call(home).status == 200).then_some(())
    });
    assert_eq!(home.state(), "connected");
}

/// How much more the agent held at any time meanwhile.
fn grown(home: &TestHome, work: impl FnOnce()) -> u64 {
    let pid = home.agent_pid();
    let before = resident_kib(pid).expect("it runs");
    assert!(forget_peak(pid), "the kernel counts anew");
    work();
    peak_kib(pid).expect("it runs").saturating_sub(before)
}

#[test]
fn a_server_that_says_401_for_ever_is_signed_in_to_once_and_then_a_person_is_needed() {
    let (home, server) = stage();
    let before = server.asked_for("/auth/oauth2/token");
    server.lie(|asked| {
        if asked.has_session() {
            Says::no_session()
        } else {
            Says::Honestly
        }
    });
    for _ in 0..20 {
        let expected = (401, "CHANCERY_NEEDS_USER".to_owned());
        assert_eq!(clear(&call(&home)), expected);
    }
    assert_eq!(server.asked_for("/auth/oauth2/token") - before, 1);
    assert_eq!(home.state(), "needs-user");
    server.repent();
    home.connect_to(&server.url());
    assert_eq!(call(&home).status, 200);
}

#[test]
fn a_path_that_says_401_for_ever_says_so_to_its_callers_and_costs_nobody_the_session() {
    let (home, server) = stage();
    let before = server.asked_for("/auth/oauth2/token");
    server.lie_to_calls(Says::no_session());
    for _ in 0..20 {
        let answer = call(&home);
        assert_eq!(answer.status, 401, "{}", answer.text());
        assert_eq!(answer.error_code(), "NRC_NO_SESSION", "the server's own");
    }
    let renewed = server.asked_for("/auth/oauth2/token") - before;
    assert!(renewed <= 1, "{renewed} sign-ins");
    assert_eq!(home.state(), "connected");
    well_after(&home, &server);
}

#[test]
fn a_server_that_is_busy_for_a_hundred_years_is_passed_on_and_nobody_waits_for_it() {
    let (home, server) = stage();
    for (status, wait) in [
        ("503 Service Unavailable", "3153600000"),
        ("429 Too Many Requests", "99999999999999999999999"),
        ("503 Service Unavailable", "-1"),
        ("429 Too Many Requests", "soon"),
        ("503 Service Unavailable", "Fri, 31 Dec 9999 23:59:59 GMT"),
    ] {
        server.lie_to_calls(Says::answer(
            status,
            &format!("Retry-After: {wait}\r\n"),
            "{}",
        ));
        let began = Instant::now();
        let answer = call(&home);
        assert!(status.starts_with(&answer.status.to_string()), "{status}");
        assert_eq!(answer.header("retry-after"), Some(wait));
        assert!(began.elapsed() < Duration::from_secs(5));
    }
    well_after(&home, &server);
}

#[test]
fn a_sign_in_that_is_put_off_for_a_hundred_years_is_offered_again_to_the_person() {
    let (home, server) = stage();
    server.lie(|asked| match asked.path.as_str() {
        "/auth/oauth2/token" => Says::answer(
            "503 Service Unavailable",
            "Retry-After: 3153600000\r\n",
            "{}",
        ),
        _ if asked.has_session() => Says::no_session(),
        _ => Says::Honestly,
    });
    let began = Instant::now();
    for _ in 0..3 {
        assert_eq!(clear(&call(&home)), (503, "CHANCERY_OFFLINE".to_owned()));
    }
    assert!(began.elapsed() < Duration::from_secs(30), "nobody waits");
    server.repent();
    // The person does not wait for what the server said.
    home.connect_to(&server.url());
    assert_eq!(call(&home).status, 200);
}

#[test]
fn an_answer_of_the_wrong_length_is_never_taken_for_a_whole_one() {
    let (home, server) = stage();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    server.lie_to_calls(Says::This(
        format!("{head}Content-Length: 1000\r\n\r\n{{}}").into_bytes(),
    ));
    assert!(try_call(&home).is_err(), "half an answer is none");
    server.lie_to_calls(Says::This(
        format!("{head}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n").into_bytes(),
    ));
    assert!(try_call(&home).is_err(), "half an answer is none");
    server.lie_to_calls(Says::This(
        format!("{head}Transfer-Encoding: chunked\r\n\r\nnonsense\r\n").into_bytes(),
    ));
    assert!(try_call(&home).is_err(), "nonsense is no answer");
    well_after(&home, &server);
}

#[test]
fn what_follows_an_answer_unasked_is_nobodys_answer() {
    let (home, server) = stage();
    let evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    for first in [
        format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{{}}{evil}"),
        format!("HTTP/1.1 204 No Content\r\n\r\n{evil}"),
        format!("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n{evil}"),
    ] {
        server.lie_to_calls(Says::This(first.into_bytes()));
        assert!(call(&home).status < 400);
        server.repent();
        for _ in 0..3 {
            let answer = call(&home);
            assert_eq!(answer.status, 200);
            assert!(answer.text().contains("results"), "{}", answer.text());
        }
    }
}

#[test]
fn an_answer_that_says_two_things_about_its_length_is_a_clear_error() {
    let (home, server) = stage();
    for lines in [
        "Content-Length: 2\r\nContent-Length: 40\r\n",
        "Content-Length: 2, 40\r\n",
        "Content-Length: -2\r\n",
        "Content-Length: 99999999999999999999999999\r\n",
    ] {
        server.lie_to_calls(Says::This(
            format!("HTTP/1.1 200 OK\r\n{lines}\r\n{{}}").into_bytes(),
        ));
        let (status, _) = clear(&call(&home));
        assert!(matches!(status, 502 | 503), "{lines}");
    }
    well_after(&home, &server);
}

#[test]
fn what_is_no_answer_at_all_is_a_clear_error() {
    let (home, server) = stage();
    for says in [
        Says::Nothing,
        Says::This(b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec()),
        Says::This(b"HTTP/1.1 abc\r\n\r\n".to_vec()),
        Says::This(b"HTTP/1.1 200 OK\r\nNo colon here\r\n\r\n".to_vec()),
        Says::This(b"HTTP/1.1 200 OK\r\nNul: a\0b\r\n\r\n".to_vec()),
        Says::This(vec![0; 100_000]),
        Says::answer(
            "101 Switching Protocols",
            "Upgrade: x\r\nConnection: upgrade\r\n",
            "",
        ),
    ] {
        server.lie_to_calls(says.clone());
        let (status, _) = clear(&call(&home));
        assert!(matches!(status, 502 | 503), "{says:?}");
    }
    well_after(&home, &server);
}

/// Takes so much and has enough then.
struct Enough(u64);

impl Write for Enough {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self
            .0
            .saturating_sub(u64::try_from(bytes.len()).unwrap_or(0));
        if self.0 == 0 {
            return Err(io::Error::other("enough"));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_body_without_end_streams_in_flat_memory_and_ends_when_the_caller_leaves() {
    let (home, server) = stage();
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n".to_vec();
    server.lie_to_calls(Says::WithoutEnd(head, vec![b'x'; 64 * 1024]));
    let growth = grown(&home, || {
        let mut enough = Enough(128 * 1024 * 1024);
        let request = Request::get(&format!("{API}/workspaces"));
        let outcome = home.agent().call_into(request, &mut enough);
        assert!(outcome.is_err() && enough.0 == 0, "{outcome:?}");
    });
    assert!(growth < ROOM_KIB, "{growth} KiB");
    well_after(&home, &server);
    rests(&home);
}

/// Nothing goes on behind anybody's back.
#[track_caller]
fn rests(home: &TestHome) {
    let pid = home.agent_pid();
    chancery_testkit::waiting::eventually("the agent rests", || {
        let before = core_time(pid).expect("it runs");
        std::thread::park_timeout(Duration::from_millis(200));
        let spent = core_time(pid).expect("it runs") - before;
        (spent < Duration::from_millis(20)).then_some(())
    });
}

#[test]
fn a_head_without_end_is_not_read_to_its_end() {
    let (home, server) = stage();
    let growth = grown(&home, || {
        for (first, again) in [
            ("HTTP/1.1 200 OK\r\nX-Long: ", "x".repeat(64 * 1024)),
            ("HTTP/1.1 200 OK\r\n", "X-Many: 1\r\n".repeat(1_000)),
        ] {
            let says = Says::WithoutEnd(first.as_bytes().to_vec(), again.into_bytes());
            server.lie_to_calls(says);
            let (status, _) = clear(&call(&home));
            assert!(matches!(status, 502 | 503), "{first}");
        }
    });
    assert!(growth < ROOM_KIB, "{growth} KiB");
    well_after(&home, &server);
}

#[test]
fn a_flood_of_interim_answers_holds_nobody_up_who_leaves() {
    let (home, server) = stage();
    let interim = "HTTP/1.1 102 Processing\r\n\r\n";
    let honest = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    let after = |count| Says::This(format!("{}{honest}", interim.repeat(count)).into_bytes());
    server.lie_to_calls(after(100));
    assert_eq!(call(&home).text(), "{}");
    server.lie_to_calls(after(20_000));
    let expected = (502, "CHANCERY_BAD_ANSWER".to_owned());
    assert_eq!(clear(&call(&home)), expected);
    let interim = interim.repeat(2_000);
    server.lie_to_calls(Says::WithoutEnd(Vec::new(), interim.into_bytes()));
    let growth = grown(&home, || {
        let stream = std::os::unix::net::UnixStream::connect(home.socket());
        let mut stream = stream.expect("connected");
        let request = format!("GET {API}/workspaces HTTP/1.1\r\nHost: chancery\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("sent");
        std::thread::park_timeout(Duration::from_millis(500));
        // Meanwhile others are served, and then the caller leaves.
        assert_eq!(home.state(), "connected");
    });
    assert!(growth < ROOM_KIB, "{growth} KiB");
    well_after(&home, &server);
    rests(&home);
}

#[test]
fn discovery_that_is_nonsense_is_a_clear_error() {
    let (home, server) = stage();
    for body in [
        "<html>Welcome</html>",
        "",
        "[]",
        "{\"data\": 7}",
        "\u{0}",
        "null",
    ] {
        let says = Says::answer("200 OK", "Content-Type: application/json\r\n", body);
        server.lie(move |asked| {
            if asked.path == "/work/api" {
                says.clone()
            } else {
                Says::Honestly
            }
        });
        let answer = home.agent().call(Request::get("/work/api"));
        let answer = answer.expect("an answer");
        // JSON that is no discovery has no addresses to rewrite.
        if answer.status == 200 {
            let same: serde_json::Value = serde_json::from_str(body).expect("JSON");
            assert_eq!(answer.json(), same);
        } else {
            assert_eq!(clear(&answer), (502, "CHANCERY_BAD_ANSWER".to_owned()));
        }
    }
    let endless = vec![b' '; 64 * 1024];
    server.lie(move |asked| {
        if asked.path == "/work/api" {
            let head = b"HTTP/1.1 200 OK\r\n\r\n{\"data\": {".to_vec();
            Says::WithoutEnd(head, endless.clone())
        } else {
            Says::Honestly
        }
    });
    let growth = grown(&home, || {
        let answer = home.agent().call(Request::get("/work/api"));
        let expected = (502, "CHANCERY_BAD_ANSWER".to_owned());
        assert_eq!(clear(&answer.expect("an answer")), expected);
    });
    assert!(growth < ROOM_KIB, "{growth} KiB");
    well_after(&home, &server);
}

#[test]
fn a_server_whose_sign_in_is_nonsense_does_not_join_the_list() {
    let (home, server) = (TestHome::without_keyring(), LyingServer::start());
    for says in [
        Says::answer("200 OK", "", "<html>Signed in</html>"),
        Says::answer("200 OK", "", "{\"access_token\": 7}"),
        Says::answer("200 OK", "", "{}"),
        Says::answer("500 Oh", "", ""),
        Says::answer(
            "200 OK",
            "",
            "{\"access_token\": \"a\\nb\", \"expires_in\": 1}",
        ),
        Says::WithoutEnd(b"HTTP/1.1 200 OK\r\n\r\n{".to_vec(), vec![b' '; 64 * 1024]),
        Says::Nothing,
    ] {
        let lie = says.clone();
        server.lie(move |asked| {
            if asked.path == "/auth/oauth2/token" {
                lie.clone()
            } else {
                Says::Honestly
            }
        });
        let words = [
            "connect",
            &server.url(),
            "--user",
            "ann",
            "--password-stdin",
        ];
        let said = home.chancery_reading(&words, "secret\n");
        assert_ne!(said.code, 0, "{says:?}");
        assert!(said.err.trim().ends_with('.'), "{says:?}: {}", said.err);
        let servers = home.chancery(&["servers", "--json"]).json();
        assert_eq!(servers["servers"], serde_json::json!([]), "{says:?}");
    }
    server.repent();
    home.connect_to(&server.url());
    assert_eq!(call(&home).status, 200);
}

#[test]
fn a_redirect_reaches_the_caller_and_a_password_goes_nowhere_else() {
    let (home, server) = stage();
    let other = LyingServer::start();
    let location = format!("{}/elsewhere", other.url());
    server.lie_to_calls(Says::answer(
        "307 Temporary Redirect",
        &format!("Location: {location}\r\n"),
        "",
    ));
    let answer = call(&home);
    assert_eq!(answer.status, 307);
    assert_eq!(answer.header("location"), Some(location.as_str()));
    server.lie(move |asked| {
        if asked.path == "/auth/oauth2/token" {
            let lines = format!("Location: {location}\r\n");
            Says::answer("307 Temporary Redirect", &lines, "")
        } else {
            Says::Honestly
        }
    });
    let words = [
        "connect",
        &server.url(),
        "--user",
        "ann",
        "--password-stdin",
    ];
    let said = home.chancery_reading(&words, "secret\n");
    assert_ne!(said.code, 0, "{}", said.out);
    assert!(other.heard().is_empty(), "{:?}", other.heard());
    server.repent();
    home.connect_to(&server.url());
    assert_eq!(call(&home).status, 200);
}

#[test]
fn neither_cookies_nor_tokens_nor_what_belongs_to_one_connection_reaches_a_caller() {
    let (home, server) = stage();
    let lines = "Set-Cookie: a=b\r\nSet-Cookie2: c=d\r\nX-Auth-Token: secret\r\n\
        Connection: keep-alive, X-Mine\r\nKeep-Alive: timeout=5\r\nX-Mine: 1\r\n\
        Proxy-Authenticate: Basic\r\nTrailer: X-T\r\nUpgrade: h2c\r\nX-Kept: yes\r\n";
    server.lie(move |_| Says::Adding(lines.to_owned()));
    let answer = call(&home);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-kept"), Some("yes"));
    for name in [
        "set-cookie",
        "set-cookie2",
        "x-auth-token",
        "keep-alive",
        "x-mine",
        "proxy-authenticate",
        "trailer",
        "upgrade",
    ] {
        assert_eq!(answer.header(name), None, "{name}");
    }
    well_after(&home, &server);
}

#[test]
fn trailers_harm_nobody() {
    let (home, server) = stage();
    server.lie_to_calls(Says::This(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Set-Cookie\r\n\r\n\
          2\r\n{}\r\n0\r\nSet-Cookie: a=b\r\nX-Auth-Token: secret\r\n\r\n"
            .to_vec(),
    ));
    let answer = call(&home);
    assert_eq!((answer.status, answer.text().as_str()), (200, "{}"));
    well_after(&home, &server);
}

#[test]
fn a_clock_that_is_years_off_ends_no_session() {
    let (home, server) = stage();
    let before = server.asked_for("/auth/oauth2/token");
    for date in [
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Fri, 31 Dec 2199 23:59:59 GMT",
        "yesterday",
        "",
    ] {
        server.lie(move |_| Says::Adding(format!("Date: {date}\r\n")));
        for _ in 0..3 {
            assert_eq!(call(&home).status, 200, "{date}");
        }
        assert_eq!(home.state(), "connected", "{date}");
    }
    assert_eq!(server.asked_for("/auth/oauth2/token"), before);
}

#[test]
fn lifetimes_that_cannot_be_fail_no_call() {
    let (home, server) = stage();
    for told in ["0", "-5", "18446744073709551615", "1e9", "for ever", ""] {
        server.lie(move |_| {
            Says::Adding(format!(
                "Chancery-Session-Idle: {told}\r\nChancery-Session-Absolute: {told}\r\n"
            ))
        });
        for _ in 0..3 {
            assert_eq!(call(&home).status, 200, "{told}");
        }
        let status = home.chancery(&["status", "--json"]);
        assert_eq!(status.code, 0, "{told}: {}", status.err);
    }
    well_after(&home, &server);
}
