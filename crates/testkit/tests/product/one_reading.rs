//! What one program may read in this way and the next in that: it passes in
//! one reading only, in both directions, or it does not pass.

use chancery_testkit::lying::{LyingServer, Says};
use chancery_testkit::programs::is_long;
use chancery_testkit::server::API;
use chancery_testkit::{Answer, Request, TestHome};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

fn stage() -> (TestHome, LyingServer) {
    let (home, server) = (TestHome::with_keyring(), LyingServer::start());
    home.connect_to(&server.url());
    (home, server)
}

fn path() -> String {
    format!("{API}/workspaces")
}

fn call(home: &TestHome) -> Answer {
    let get = Request::get(&path());
    home.agent().call(get).expect("the agent answers")
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    let found = (answer.status, answer.error_code());
    assert_eq!(found, (status, code.to_owned()), "{}", answer.text());
    let message = answer.json()["error"]["message"].clone();
    assert!(
        message.as_str().is_some_and(|text| text.ends_with('.')),
        "{message}"
    );
}

#[test]
fn no_method_that_shows_the_token_or_gives_the_connection_away_is_passed_on() {
    let (home, server) = stage();
    let before = server.heard().len();
    for method in [
        "TRACE", "CONNECT", "TRACK", "DEBUG", "trace", "get", "PROPFIND", "X",
    ] {
        let odd = Request::new(method, &path());
        let answer = home.agent().call(odd).expect("the agent answers");
        refused(&answer, 403, "CHANCERY_FORBIDDEN");
    }
    assert_eq!(server.heard().len(), before);
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"] {
        let usual = Request::new(method, &path());
        let answer = home.agent().call(usual).expect("the agent answers");
        assert_eq!(answer.status, 200, "{method}");
        assert_eq!(server.heard().last().expect("heard").method, method);
    }
}

#[test]
fn no_header_names_another_path_or_looks_like_the_token() {
    let (home, server) = stage();
    let names = [
        "X-Original-URL",
        "X-Rewrite-URL",
        "x-rewrite-url",
        "X_Auth_Token",
        "X-Auth_Token",
        "Proxy_Authorization",
        "X_Original_URL",
        "Transfer_Encoding",
    ];
    let mut odd = Request::get(&path()).header("X-Kept_As_It_Is", "yes");
    for name in names {
        odd = odd.header(name, "/auth/oauth2/token");
    }
    let answer = home.agent().call(odd).expect("the agent answers");
    assert_eq!(answer.status, 200);
    let heard = server.heard();
    let heard = heard.last().expect("heard");
    assert_eq!(heard.header("x-kept_as_it_is"), Some("yes"));
    for name in names {
        assert_eq!(heard.header(&name.to_ascii_lowercase()), None, "{name}");
    }
}

#[test]
fn a_body_that_is_coded_twice_is_refused_and_its_coding_is_not_lost() {
    let (home, server) = stage();
    let before = server.heard().len();
    for codings in [
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    ] {
        for path in [path(), "/agent/v1/servers".to_owned()] {
            let whole = format!(
                "POST {path} HTTP/1.1\r\nHost: chancery\r\n{codings}\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"
            );
            let answer = home.agent().raw(whole.as_bytes()).expect("an answer");
            refused(&answer, 400, "CHANCERY_BAD_REQUEST");
        }
    }
    assert_eq!(server.heard().len(), before);
}

#[test]
fn a_length_beside_chunks_cuts_no_request_short() {
    let (home, server) = stage();
    let (length, chunked) = ("Content-Length: 2\r\n", "Transfer-Encoding: Chunked\r\n");
    for lines in [format!("{length}{chunked}"), format!("{chunked}{length}")] {
        let whole = format!(
            "POST {} HTTP/1.1\r\nHost: chancery\r\n{lines}\r\nb;x=y\r\nhello world\r\n0\r\n\r\n",
            path()
        );
        let told = until_closed(&home, &[&whole]);
        assert_eq!(told.get(9..12), Some("200"), "{told}");
        let heard = server.heard();
        let heard = heard.last().expect("heard");
        assert_eq!(heard.body, "hello world");
        assert_eq!(heard.header("content-length"), None);
    }
}

/// All that comes back until the agent hangs up, which it has to.
#[track_caller]
fn until_closed(home: &TestHome, sent: &[&str]) -> String {
    let mut stream = UnixStream::connect(home.socket()).expect("connected");
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).expect("set");
    for piece in sent {
        // It may have had enough before all is sent.
        let _ = stream.write_all(piece.as_bytes());
    }
    let mut told = Vec::new();
    if let Err(error) = stream.read_to_end(&mut told) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
    }
    String::from_utf8_lossy(&told).into_owned()
}

#[test]
fn what_is_no_request_is_refused_and_hung_up_on() {
    let (home, server) = stage();
    let before = server.heard().len();
    let host = "Host: chancery\r\n";
    let get = format!("GET {} HTTP/1.1\r\n{host}", path());
    let post = format!("POST {} HTTP/1.1\r\n{host}", path());
    let long = "x".repeat(1024 * 1024);
    let many = "X-Many: 1\r\n".repeat(1_000);
    let cases: [(&[&str], &str); 14] = [
        (&[&get, "No colon\r\n\r\n"], "400"),
        (&[&get, "X-Nul: a\0b\r\n\r\n"], "400"),
        (&[&get, "X-Bare: a\rb\r\n\r\n"], "400"),
        (&[&get, "X-Folded: a\r\n b\r\n\r\n"], "400"),
        (&[&get, "Host : chancery\r\n\r\n"], "400"),
        (&[&get, "X-Long: ", &long], "431"),
        (&[&get, &many, "\r\n"], "431"),
        (&["GET /", &long], "431"),
        (
            &["GET /", &long[..100_000], " HTTP/1.1\r\n", host, "\r\n"],
            "414",
        ),
        (
            &[&post, "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"],
            "400",
        ),
        (&[&post, "Content-Length: +2\r\n\r\n{}"], "400"),
        (&[&post, "Transfer-Encoding: xchunked\r\n\r\n"], "400"),
        (&["GET /work/api HTTP/3.0\r\n", host, "\r\n"], "400"),
        (&["\u{16}\u{3}\u{1}\r\n\r\n"], "400"),
    ];
    for (sent, status) in cases {
        let told = until_closed(&home, sent);
        let shown: String = sent.concat().chars().take(120).collect();
        assert_eq!(told.get(9..12), Some(status), "{shown:?}: {told}");
        assert_eq!(told.matches("HTTP/1.").count(), 1, "{shown:?}: {told}");
    }
    // Who speaks another protocol is told nothing at all.
    let other = until_closed(&home, &["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]);
    assert_eq!(other, "");
    assert_eq!(server.heard().len(), before);
    assert_eq!(call(&home).status, 200);
}

#[test]
fn a_length_beside_chunks_cuts_no_answer_short() {
    let (home, server) = stage();
    for (lines, is_before) in [
        ("Content-Length: 2\r\n", true),
        ("Content-Length: 2\r\n", false),
    ] {
        let chunked = "Transfer-Encoding: chunked\r\n";
        let lines = if is_before {
            format!("{lines}{chunked}")
        } else {
            format!("{chunked}{lines}")
        };
        server.lie_to_calls(Says::This(
            format!("HTTP/1.1 200 OK\r\n{lines}\r\nb\r\nhello world\r\n0\r\n\r\n").into_bytes(),
        ));
        let answer = call(&home);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.text(), "hello world");
        assert_eq!(answer.header("content-length"), None);
    }
}

#[test]
fn a_length_that_is_said_twice_is_said_once() {
    let (home, server) = stage();
    for lines in [
        "Content-Length: 2\r\nContent-Length: 2\r\n",
        "Content-Length: 2, 2\r\n",
    ] {
        server.lie_to_calls(Says::This(
            format!("HTTP/1.1 200 OK\r\n{lines}\r\n{{}}").into_bytes(),
        ));
        let answer = call(&home);
        assert_eq!((answer.status, answer.text().as_str()), (200, "{}"));
        let lengths: Vec<_> = answer
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map(|(_, value)| value.as_str())
            .collect();
        assert_eq!(lengths, ["2"]);
    }
}

#[test]
fn an_answer_in_a_coding_that_nobody_undoes_is_a_clear_error() {
    let (home, server) = stage();
    for coding in ["gzip, chunked", "gzip", "chunked, gzip", "x"] {
        server.lie_to_calls(Says::This(
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n")
                .into_bytes(),
        ));
        refused(&call(&home), 502, "CHANCERY_BAD_ANSWER");
    }
    server.repent();
    assert_eq!(call(&home).status, 200);
    assert_eq!(home.state(), "connected");
}

#[test]
fn what_is_no_http_is_the_servers_fault_and_not_the_networks() {
    let (home, server) = stage();
    for nonsense in [
        "SSH-2.0-OpenSSH_9.2p1\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nNo colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    ] {
        server.lie_to_calls(Says::This(nonsense.into()));
        refused(&call(&home), 502, "CHANCERY_BAD_ANSWER");
        assert_eq!(home.state(), "connected", "{nonsense}");
    }
    // Typed by mistake, the address of something else is told as that.
    let ssh = LyingServer::start();
    ssh.lie(|_| Says::This(b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec()));
    let address = serde_json::json!({ "address": ssh.url() });
    let connect = Request::new("POST", "/agent/v1/connect").json(&address);
    let answer = home.agent().call(connect).expect("the agent answers");
    refused(&answer, 422, "CHANCERY_NOT_A_WORK_SERVER");
    assert_eq!(home.state(), "connected");
}

#[test]
fn discovery_is_asked_for_in_a_form_that_can_be_read() {
    let (home, server) = stage();
    for path in ["/api", "/work/api"] {
        let squeezed = Request::get(path)
            .header("Accept-Encoding", "gzip, deflate, br")
            .header("Range", "bytes=0-9");
        let answer = home.agent().call(squeezed).expect("the agent answers");
        let url = answer.expect(200).json()["data"]["versions"][0]["url"].clone();
        assert_eq!(url, "http://chancery/work/api/v2");
        let heard = server.heard();
        let heard = heard.last().expect("heard");
        assert_eq!(heard.header("accept-encoding"), Some("identity"));
        assert_eq!(heard.header("range"), None);
    }
    // What somebody else reads may come as they like it.
    let squeezed = Request::get(&path()).header("Accept-Encoding", "gzip");
    let _ = home.agent().call(squeezed).expect("an answer").expect(200);
    let heard = server.heard();
    let heard = heard.last().expect("heard");
    assert_eq!(heard.header("accept-encoding"), Some("gzip"));
}

#[test]
fn a_head_keeps_the_length_that_the_server_told() {
    let (home, server) = stage();
    for (lines, told) in [
        ("Content-Length: 12345\r\n", Some("12345")),
        ("Transfer-Encoding: chunked\r\n", None),
    ] {
        let says = format!("HTTP/1.1 200 OK\r\n{lines}\r\n");
        server.lie_to_calls(Says::This(says.into_bytes()));
        let head = Request::new("HEAD", &path());
        let answer = home.agent().call(head).expect("an answer").expect(200);
        assert_eq!(answer.header("content-length"), told);
    }
}

/// Takes as long as the agent is patient: only with the long tests.
#[test]
fn a_discovery_that_stops_halfway_keeps_nobody_for_ever() {
    if !is_long() {
        return;
    }
    let (home, server) = stage();
    server.lie(|asked| match asked.path.as_str() {
        "/work/api" => Says::Half(b"HTTP/1.1 200 OK\r\n\r\n{\"data\":".to_vec()),
        _ => Says::Honestly,
    });
    let began = Instant::now();
    let answer = home.agent().call(Request::get("/work/api"));
    refused(&answer.expect("an answer"), 502, "CHANCERY_BAD_ANSWER");
    assert!(began.elapsed() < Duration::from_secs(25));
    assert_eq!(home.state(), "connected");
}
