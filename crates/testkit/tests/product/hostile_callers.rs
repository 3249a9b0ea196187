//! Callers that mean harm: what they send is refused in one clear sentence or
//! not at all, nothing of it reaches the server, and others are served.

use chancery_testkit::lying::LyingServer;
use chancery_testkit::memory::resident_kib;
use chancery_testkit::server::{API, TestServer, Upload};
use chancery_testkit::{Answer, Request, TestHome};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// An agent that is connected to a server which tells what it hears.
fn stage() -> (TestHome, LyingServer) {
    let (home, server) = (TestHome::with_keyring(), LyingServer::start());
    home.connect_to(&server.url());
    (home, server)
}

fn open(home: &TestHome) -> UnixStream {
    let stream = UnixStream::connect(home.socket()).expect("connected");
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).expect("set");
    stream.set_write_timeout(patience).expect("set");
    stream
}

/// Sends these bytes and gives all that comes back, until the agent hangs up or
/// waits for more.
fn exchange(home: &TestHome, bytes: &[u8]) -> String {
    let mut stream = open(home);
    let patience = Some(Duration::from_secs(1));
    stream.set_read_timeout(patience).expect("set");
    // The agent may have had enough before all is sent.
    let _ = stream.write_all(bytes);
    let mut told = Vec::new();
    let _ = stream.read_to_end(&mut told);
    String::from_utf8_lossy(&told).into_owned()
}

/// Sends these bytes, and that there will be no more.
fn cut_off(home: &TestHome, bytes: &[u8]) -> String {
    let mut stream = open(home);
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut told = Vec::new();
    let _ = stream.read_to_end(&mut told);
    String::from_utf8_lossy(&told).into_owned()
}

fn statuses(told: &str) -> Vec<u16> {
    told.split("HTTP/1.")
        .skip(1)
        .filter_map(|answer| answer.get(2..5)?.parse().ok())
        .collect()
}

#[track_caller]
fn well(home: &TestHome) {
    let answer = home
        .agent()
        .call(Request::get(&format!("{API}/workspaces")));
    let _ = answer.expect("answered").expect(200);
}

/// What reached the server but for sign-ins and discovery.
fn calls(server: &LyingServer) -> Vec<String> {
    let heard = server.heard();
    let calls = heard.iter().filter(|asked| asked.is_call());
    calls
        .map(|asked| format!("{} {}", asked.method, asked.path))
        .collect()
}

#[test]
fn a_request_that_can_be_read_in_two_ways_is_not_passed_on() {
    let (home, server) = stage();
    let path = format!("{API}/documents");
    let smuggled = "GET /work/api/v2/smuggled HTTP/1.1\r\nHost: chancery\r\n\r\n";
    for lines in [
        "Content-Length: 0\r\nContent-Length: 50\r\n",
        "Content-Length: 0, 50\r\n",
        "Content-Length: +0\r\n",
        "Content-Length: 0x10\r\n",
        "Content-Length : 0\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        " Folded: line\r\n",
        "X-Folded: one\r\n two\r\n",
        "No colon\r\n",
        "X-Nul: a\0b\r\n",
        "X-Bare: a\rb\r\n",
    ] {
        let request = format!("POST {path} HTTP/1.1\r\nHost: chancery\r\n{lines}\r\n{smuggled}");
        let told = exchange(&home, request.as_bytes());
        let found = statuses(&told);
        assert!(
            found.first().is_none_or(|first| *first >= 400) && found.len() <= 1,
            "{lines:?}: {told}"
        );
    }
    assert_eq!(calls(&server), Vec::<String>::new());
    well(&home);
}

#[test]
fn a_length_beside_chunks_smuggles_nothing() {
    let (home, server) = stage();
    let path = format!("{API}/documents");
    let smuggled = "GET /work/api/v2/smuggled HTTP/1.1\r\nHost: chancery\r\n\r\n";
    for lines in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: CHUNKED\r\nContent-Length: 500\r\n",
    ] {
        // Whole by its chunks, which is how RFC 9112, section 6.3 wants it read.
        let request =
            format!("POST {path} HTTP/1.1\r\nHost: chancery\r\n{lines}\r\n0\r\n\r\n{smuggled}");
        let told = exchange(&home, request.as_bytes());
        assert!(statuses(&told).len() <= 2, "{told}");
    }
    for asked in server.heard().iter().filter(|asked| asked.is_call()) {
        let lengths = [
            asked.header("content-length").is_some(),
            asked.header("transfer-encoding").is_some(),
        ];
        assert_ne!(lengths, [true, true], "{asked:?}");
        assert!(!asked.body.contains("smuggled"), "{asked:?}");
        assert!(
            asked.path == path || asked.path == "/work/api/v2/smuggled",
            "{asked:?}"
        );
    }
    well(&home);
}

#[test]
fn what_has_no_end_is_cut_off_and_costs_no_memory() {
    let (home, server) = stage();
    let pid = home.agent_pid();
    let before = resident_kib(pid).expect("it runs");
    let flood = "x".repeat(64 * 1024);
    for first in [
        "GET /".to_owned(),
        "GET /work/api HTTP/1.1\r\nHost: chancery\r\nX-Long: ".to_owned(),
        "GET /work/api HTTP/1.1\r\n".to_owned(),
        format!(
            "POST {API}/documents HTTP/1.1\r\nHost: chancery\r\nTransfer-Encoding: chunked\r\n\r\n5;"
        ),
        "POST /agent/v1/connect HTTP/1.1\r\nHost: chancery\r\nContent-Length: 9999999999\r\n\r\n"
            .to_owned(),
        "POST /agent/v1/connect HTTP/1.1\r\nHost: chancery\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n"
            .to_owned(),
    ] {
        let mut stream = open(&home);
        stream.write_all(first.as_bytes()).expect("sent");
        let again = if first.ends_with("1.1\r\n") {
            "X-Many: 1\r\n".repeat(6_000)
        } else {
            flood.clone()
        };
        let mut sent = 0;
        while sent < 512 && stream.write_all(again.as_bytes()).is_ok() {
            sent += 1;
        }
        assert!(sent < 512, "32 MiB were taken: {first:?}");
        let mut told = String::new();
        let _ = stream.read_to_string(&mut told);
        assert!(
            statuses(&told).iter().all(|status| *status >= 400),
            "{first:?}: {told}"
        );
        well(&home);
    }
    let after = resident_kib(pid).expect("it runs");
    assert!(after < before + 8 * 1024, "{before} KiB, then {after} KiB");
    let passed: Vec<_> = calls(&server)
        .into_iter()
        .filter(|call| call.contains("documents"))
        .collect();
    assert!(passed.len() <= 1, "{passed:?}");
}

#[test]
fn whoever_says_nothing_to_the_end_keeps_nobody_waiting() {
    let (home, _server) = stage();
    let halves: Vec<_> = (0..200)
        .map(|_| {
            let mut stream = open(&home);
            stream
                .write_all(b"GET /work/api HTTP/1.1\r\nHost: chan")
                .expect("sent");
            stream
        })
        .collect();
    for _ in 0..10 {
        well(&home);
    }
    assert_eq!(halves.len(), 200);
}

#[test]
fn a_body_that_stops_early_makes_no_document() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let token = server.sign_in();
    let workspace = server.workspace(&token, "Matter");
    let folder = server.folder(&token, &workspace, "Letters");
    let path = format!("{API}/folders/{folder}/documents");
    let upload = Upload::named("Half", "txt");
    for size in [100_u64, 200_000] {
        let text = vec![b'x'; usize::try_from(size).expect("small")];
        let (mut body, length) = upload.around(text.as_slice(), size);
        let mut bytes = Vec::new();
        body.read_to_end(&mut bytes).expect("in memory");
        for missing in [1, 60, bytes.len() - 10] {
            let mut request = format!(
                "POST {path} HTTP/1.1\r\nHost: chancery\r\nContent-Type: {}\r\nContent-Length: {length}\r\n\r\n",
                Upload::CONTENT_TYPE
            )
            .into_bytes();
            request.extend_from_slice(bytes.get(..bytes.len() - missing).expect("a part"));
            let told = cut_off(&home, &request);
            let found = statuses(&told);
            assert!(
                found.first().is_none_or(|first| *first >= 400),
                "{missing} missing: {told}"
            );
        }
    }
    let listed = server.call(Request::get(&path).token(&token)).expect(200);
    assert!(!listed.text().contains("Half"), "{}", listed.text());
    assert_eq!(home.state(), "connected");
}

fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.error_code(), code);
    let message = answer.json()["error"]["message"].clone();
    let message = message.as_str().expect("a sentence");
    assert!(message.ends_with('.'), "{message}");
}

#[test]
fn what_the_agents_own_routes_cannot_read_is_a_clear_error() {
    let (home, _server) = stage();
    let post = |path: &str, body: &[u8]| {
        let request = Request::new("POST", path).body("application/json", body);
        home.agent().call(request).expect("answered")
    };
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    let long = format!("{{\"address\": \"{}\"}}", "a".repeat(100_000));
    for path in [
        "/agent/v1/connect",
        "/agent/v1/switch",
        "/agent/v1/sign-in",
        "/agent/v1/servers",
        "/agent/v1/administration",
    ] {
        for body in [
            b"{".as_slice(),
            b"nonsense",
            b"{\"address\": 7, \"user\": 7}",
            b"\"text\"",
            b"{\"address\": \"\xff\xfe\", \"user\": \"\xff\"}",
            b"\0\0\0\0",
            b"[]",
            b"[\"127.0.0.1\", \"ann\", \"secret\"]",
            b"null",
            deep.as_bytes(),
        ] {
            refused(&post(path, body), 400, "CHANCERY_BAD_REQUEST");
        }
        refused(&post(path, long.as_bytes()), 413, "CHANCERY_BAD_REQUEST");
    }
    // Whoever switches says where to.
    for body in [
        &b"{}"[..],
        b"",
        b"{\"address\": null}",
        b"{\"server\": \"work\"}",
    ] {
        let answer = post("/agent/v1/switch", body);
        refused(&answer, 400, "CHANCERY_BAD_REQUEST");
        assert!(answer.text().contains("“address”"), "{}", answer.text());
    }
    for address in [
        "http://\u{0}/",
        "file:///etc/passwd",
        "https://",
        "a b",
        "//",
    ] {
        let body = serde_json::json!({ "address": address }).to_string();
        let answer = post("/agent/v1/connect", body.as_bytes());
        assert_eq!(answer.status, 400, "{address:?}: {}", answer.text());
    }
    well(&home);
    assert_eq!(home.state(), "connected");
}

#[test]
fn a_header_for_the_agent_that_can_be_read_in_two_ways_is_refused() {
    let (home, server) = stage();
    let before = server.heard().len();
    for (name, values) in [
        ("Chancery-Server", &["work", "other"][..]),
        ("Chancery-Interaction", &["never", "force"]),
        ("Chancery-Interaction", &["always"]),
        ("Chancery-Background", &["1", "0"]),
        ("Chancery-Background", &["yes"]),
        ("Chancery-Background", &["0"]),
    ] {
        let mut odd = Request::get(&format!("{API}/workspaces"));
        for value in values {
            odd = odd.header(name, value);
        }
        let answer = home.agent().call(odd).expect("answered");
        refused(&answer, 400, "CHANCERY_BAD_REQUEST");
        assert!(
            answer.text().to_lowercase().contains(&name.to_lowercase()),
            "{}",
            answer.text()
        );
    }
    assert_eq!(server.heard().len(), before);
    well(&home);
}

#[test]
fn who_somebody_says_they_are_never_reaches_the_server() {
    let (home, server) = stage();
    let request = format!(
        "GET {API}/workspaces HTTP/1.1\r\nHost: chancery\r\n\
         Authorization: Bearer mine\r\nX-Auth-Token: mine\r\nCookie: session=mine\r\n\
         X-XSRF-TOKEN: mine\r\nProxy-Authorization: Basic mine\r\nTE: trailers\r\n\
         Connection: close, X-Private, X-Auth-Token\r\nX-Private: mine\r\n\
         Chancery-Application: mine\r\nChancery-Interaction: never\r\n\
         Upgrade: websocket\r\nExpect: 100-continue\r\nX-Kept: yes\r\n\r\n"
    );
    let told = exchange(&home, request.as_bytes());
    assert_eq!(statuses(&told).last(), Some(&200), "{told}");
    let heard = server.heard();
    let call = heard.iter().find(|asked| asked.is_call()).expect("heard");
    assert_eq!(call.header("x-kept"), Some("yes"));
    assert_eq!(call.header("x-auth-token"), Some("token-0"));
    let mine: Vec<_> = call
        .headers
        .iter()
        .filter(|(_, value)| value.contains("mine"))
        .collect();
    assert!(mine.is_empty(), "{mine:?}");
    for name in ["upgrade", "te", "expect", "connection", "cookie"] {
        assert_eq!(call.header(name), None, "{name}");
    }
}

#[test]
fn only_the_fixed_host_is_answered_and_no_web_page_is() {
    let (home, server) = stage();
    let ask = |first: &str, lines: &str| {
        let told = exchange(
            &home,
            format!("{first}\r\n{lines}Connection: close\r\n\r\n").as_bytes(),
        );
        statuses(&told)
    };
    let path = format!("{API}/workspaces");
    let plain = format!("GET {path} HTTP/1.1");
    for lines in [
        "",
        "Host: \r\n",
        "Host: localhost\r\n",
        "Host: chancery:80\r\n",
        "Host: CHANCERY\r\n",
        "Host: chancery.example.com\r\n",
        "Host: 127.0.0.1\r\n",
        "Host: chancery\r\nHost: chancery\r\n",
        "Host: chancery\r\nHost: evil.example.com\r\n",
        "Host: chancery\r\nOrigin: https://evil.example.com\r\n",
        "Host: chancery\r\nOrigin: null\r\n",
        "Host: chancery\r\nOrigin: http://chancery\r\n",
        "Host: chancery\r\nReferer: https://evil.example.com/\r\n",
    ] {
        let found = ask(&plain, lines);
        assert!(
            matches!(found.as_slice(), [403 | 400]),
            "{lines:?}: {found:?}"
        );
    }
    let elsewhere = format!("GET http://evil.example.com{path} HTTP/1.1");
    assert_eq!(ask(&elsewhere, "Host: chancery\r\n"), [403]);
    let old = format!("GET {path} HTTP/1.0");
    assert_eq!(ask(&old, ""), [403]);
    assert_eq!(calls(&server), Vec::<String>::new());
    let absolute = format!("GET http://chancery{path} HTTP/1.1");
    assert_eq!(ask(&absolute, "Host: chancery\r\n"), [200]);
}

#[test]
fn no_path_reaches_a_sign_in_or_anything_but_the_work_api() {
    let (home, server) = stage();
    let before = server.heard().len();
    for path in [
        "/auth/oauth2/token",
        "/auth/",
        "/login/terminate",
        "/api/v1/session/login",
        "/work/api/v1/session/login",
        "/work/api/../../auth/oauth2/token",
        "/work/api/%2e%2e/%2e%2e/auth/oauth2/token",
        "/work/api/%2E%2E%2Fauth",
        "/work/api/..%2fauth",
        "/work/api/..;/auth",
        "/work/api/v2/;/session/login",
        "/work/api/v2/session;x=1/login",
        "/work/api/v2/SESSION/login",
        "/work/api/v2/%73ession/login",
        "/work/api/v2/%2573ession/login",
        "/work/api/v2/sessio%6E/login",
        "/work/api//v1/session/login",
        "/work/api/./v1/session/login",
        "/work/api\\..\\auth",
        "/work/api/%5c..%5cauth",
        "/work/api/v2/a%00b",
        "//evil.example.com/work/api/v2/x",
        "/metrics",
        "/health",
        "/",
        "/work",
        "/work/web",
        "/WORK/API/../../AUTH/",
        "*",
        "/work/api/v2/\u{7f}",
    ] {
        let told = exchange(
            &home,
            format!("GET {path} HTTP/1.1\r\nHost: chancery\r\nConnection: close\r\n\r\n")
                .as_bytes(),
        );
        let found = statuses(&told);
        assert!(
            matches!(found.as_slice(), [400 | 403 | 404]),
            "{path}: {told}"
        );
    }
    let heard = server.heard();
    let beyond: Vec<_> = heard.iter().skip(before).map(|asked| &asked.path).collect();
    assert!(beyond.is_empty(), "{beyond:?}");
    well(&home);
}

#[test]
fn nobody_gets_a_tunnel_and_requests_in_a_row_get_their_own_answers() {
    let (home, server) = stage();
    for first in [
        "CONNECT evil.example.com:443 HTTP/1.1",
        "CONNECT chancery HTTP/1.1",
        "TRACE /work/api HTTP/1.1",
        "PRI * HTTP/2.0",
        "GET /work/api HTTP/3.0",
        "GET /work/api",
        "\u{16}\u{3}\u{1}\u{2}",
    ] {
        let told = exchange(
            &home,
            format!("{first}\r\nHost: chancery\r\nConnection: close\r\n\r\n").as_bytes(),
        );
        assert!(
            statuses(&told).iter().all(|status| *status >= 400),
            "{first}: {told}"
        );
    }
    assert_eq!(calls(&server), Vec::<String>::new());
    let hello = "GET /agent/v1/hello HTTP/1.1\r\nHost: chancery\r\n\r\n";
    let call = format!("GET {API}/workspaces HTTP/1.1\r\nHost: chancery\r\n\r\n");
    let told = exchange(&home, format!("{hello}{call}{hello}{call}").as_bytes());
    assert_eq!(statuses(&told), [200; 4], "{told}");
    let order: Vec<_> = told
        .match_indices("chancery-agent")
        .map(|(at, _)| at)
        .collect();
    let results: Vec<_> = told.match_indices("results").map(|(at, _)| at).collect();
    assert!(order[0] < results[0] && results[0] < order[1] && order[1] < results[1]);
}

#[test]
fn the_agent_listens_on_its_socket_and_nowhere_else() {
    let (home, _server) = stage();
    well(&home);
    let pid = home.agent_pid();
    let held: Vec<String> = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .expect("listed")
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .map(|link| link.to_string_lossy().into_owned())
        .collect();
    assert!(held.iter().any(|link| link.starts_with("socket:")));
    for table in ["tcp", "tcp6", "udp", "udp6", "raw", "raw6"] {
        let text = std::fs::read_to_string(format!("/proc/{pid}/net/{table}"));
        for line in text.unwrap_or_default().lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (state, inode) = (fields[3], fields[9]);
            let mine = held.contains(&format!("socket:[{inode}]"));
            // 0A is a socket that listens; the others are on their way out.
            let waits = state == "0A" || !table.starts_with("tcp");
            assert!(!(mine && waits), "{table}: {line}");
        }
    }
}
