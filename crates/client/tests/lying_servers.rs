//! Servers that lie, stall or flood: each gets a clear error within its time,
//! and none gets the client to hold more than it would of an honest one.

use chancery_client::local::{BoxError, empty_body};
use chancery_client::remote::{Address, HttpClient, Remote, RemoteError, RemoteErrorKind, Renewal};
use chancery_proto::secret::Secret;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A server that says the same on every connection: once as it is, or again
/// and again until nobody listens.
struct Liar {
    server: Remote,
    /// How many bytes it got rid of.
    written: Arc<AtomicU64>,
    connections: Arc<AtomicU64>,
}

impl Liar {
    /// Says this and hangs up; says nothing at all if this is nothing.
    async fn saying(text: impl Into<Vec<u8>>) -> Self {
        Self::listening(text.into(), Vec::new()).await
    }

    /// Says this, and then that without end.
    async fn going_on(text: impl Into<Vec<u8>>, again: impl Into<Vec<u8>>) -> Self {
        Self::listening(text.into(), again.into()).await
    }

    /// Says a whole answer with that status and body.
    async fn answering(status: &str, body: &str) -> Self {
        let length = body.len();
        Self::saying(format!(
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
        .await
    }

    async fn listening(text: Vec<u8>, again: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (written, connections) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let (count, came) = (Arc::clone(&written), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                came.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(speak(
                    stream,
                    text.clone(),
                    again.clone(),
                    Arc::clone(&count),
                ));
            }
        });
        let address: Address = format!("http://{address}").parse().expect("an address");
        Self {
            server: Remote::at(HttpClient::new(), address),
            written,
            connections,
        }
    }

    /// What each way to ask it comes to: proving it, a session, a renewal, a
    /// sign-in of either kind, and signing out.
    async fn all(&self) -> Vec<(&'static str, RemoteError)> {
        let (secret, server) = (Secret::from("x".to_owned()), &self.server);
        let (proved, told, renewed, by_oauth, by_session, left) = tokio::join!(
            server.prove(None),
            server.discovery(&secret),
            server.renew(&secret, "desk"),
            server.sign_in("ann", &secret, "desk", true),
            server.sign_in("ann", &secret, "desk", false),
            server.sign_out(Some(&secret), None),
        );
        vec![
            ("prove", proved.expect_err("no server")),
            ("discovery", told.expect_err("no discovery")),
            ("renew", renewed.expect_err("no renewal")),
            ("oauth", by_oauth.expect_err("no session")),
            ("session", by_session.expect_err("no session")),
            ("sign out", left.expect_err("no farewell")),
        ]
    }
}

async fn speak(mut stream: TcpStream, text: Vec<u8>, again: Vec<u8>, count: Arc<AtomicU64>) {
    let mut head = Vec::new();
    let mut piece = [0; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut piece).await {
            Ok(read) if read > 0 => head.extend_from_slice(&piece[..read]),
            _ => return,
        }
    }
    let mut next = &text;
    while !next.is_empty() && stream.write_all(next).await.is_ok() {
        count.fetch_add(u64::try_from(next.len()).unwrap_or(0), Ordering::Relaxed);
        next = &again;
    }
    if again.is_empty() && !text.is_empty() {
        let _ = stream.shutdown().await;
    }
    // Until the other side hangs up too, so that nothing is reset.
    while stream.read(&mut piece).await.is_ok_and(|read| read > 0) {}
}

/// Something answered, and it was no HTTP: that is no matter of the network.
#[track_caller]
fn no_http(what: &str, error: &RemoteError, why: &str) {
    let kind = match what {
        "prove" => RemoteErrorKind::NotAWorkServer,
        _ => RemoteErrorKind::Nonsense,
    };
    assert_eq!(error.kind, kind, "{what}: {error}");
    assert!(error.why.contains(why), "{what}: {error}");
}

fn told(errors: &[(&str, RemoteError)]) -> String {
    let lines: Vec<_> = errors
        .iter()
        .map(|(what, error)| format!("{what}: {:?}: {error}", error.kind))
        .collect();
    lines.join("\n")
}

#[tokio::test]
async fn a_head_that_is_too_long_or_has_too_many_headers_is_not_read() {
    let mut many = String::from("HTTP/1.1 200 OK\r\n");
    for number in 0..101 {
        many.push_str(&format!("X-{number}: 1\r\n"));
    }
    many.push_str("Content-Length: 2\r\n\r\n{}");
    let errors = Liar::saying(many).await.all().await;
    for (what, error) in &errors {
        no_http(what, error, "message head is too large");
    }

    let liar = Liar::going_on("HTTP/1.1 200 OK\r\nX-Long: ", "x".repeat(64 * 1024)).await;
    let errors = liar.all().await;
    for (what, error) in &errors {
        no_http(what, error, "message head is too large");
    }
    let written = liar.written.load(Ordering::Relaxed);
    assert!(written < 64 * 1024 * 1024, "{written} bytes were taken");
}

#[tokio::test]
async fn an_answer_without_end_is_read_to_its_limit_only() {
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000));
    let liar = Liar::going_on(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        chunk.clone(),
    )
    .await;
    let errors = told(&liar.all().await);
    assert_eq!(
        errors,
        "prove: NotAWorkServer: the answer is longer than 1048576 bytes\n\
         discovery: Nonsense: the answer is longer than 1048576 bytes\n\
         renew: Nonsense: the answer is longer than 1048576 bytes\n\
         oauth: Nonsense: the answer is longer than 1048576 bytes\n\
         session: Nonsense: the answer is longer than 1048576 bytes\n\
         sign out: Nonsense: the answer is longer than 1048576 bytes"
    );
    // A refusal is read to no other limit.
    let liar = Liar::going_on(
        "HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n",
        chunk,
    )
    .await;
    for (what, error) in liar.all().await {
        assert!(error.why.contains("longer than"), "{what}: {error}");
    }
}

#[tokio::test]
async fn a_length_that_is_not_kept_is_an_answer_that_broke_off() {
    let short = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"data\":";
    for (what, error) in Liar::saying(short).await.all().await {
        assert_eq!(error.kind, RemoteErrorKind::Unreachable, "{what}");
        assert!(
            error.why.starts_with("the answer broke off"),
            "{what}: {error}"
        );
    }
    for lie in ["-1", "1, 2", "99999999999999999999999", "x"] {
        let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {lie}\r\n\r\n{{}}");
        for (what, error) in Liar::saying(text).await.all().await {
            no_http(what, &error, "invalid content-length");
        }
    }
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
    for (what, error) in Liar::saying(chunked).await.all().await {
        assert!(
            error.why.starts_with("the answer broke off"),
            "{what}: {error}"
        );
    }
}

/// More than it announced: what is left over is not taken for the next answer.
#[tokio::test]
async fn what_comes_behind_an_answer_is_nobodys_answer() {
    let second =
        r#"{"access_token":"stolen","refresh_token":"","expires_in":1,"token_type":"Bearer"}"#;
    let text = format!(
        "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{{}}HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{second}",
        second.len()
    );
    let liar = Liar::saying(text).await;
    for _ in 0..3 {
        let secret = Secret::from("x".to_owned());
        let error = liar.server.renew(&secret, "").await.expect_err("refused");
        let status = StatusCode::UNAUTHORIZED;
        assert_eq!(error.kind, RemoteErrorKind::Refused { status });
    }
    assert_eq!(liar.connections.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_after_a_time_that_is_told() {
    let liar = Liar::saying("").await;
    let connections = Arc::clone(&liar.connections);
    let asking = tokio::spawn(async move { told(&liar.all().await) });
    while connections.load(Ordering::Relaxed) < 6 {
        tokio::task::yield_now().await;
    }
    // From here on the clock runs to the next deadline when nobody has work.
    tokio::time::pause();
    assert_eq!(
        asking.await.expect("not lost"),
        "prove: Unreachable: no answer within 15 seconds\n\
         discovery: Unreachable: no answer within 15 seconds\n\
         renew: Unreachable: no answer within 25 seconds\n\
         oauth: Unreachable: no answer within 25 seconds\n\
         session: Unreachable: no answer within 25 seconds\n\
         sign out: Unreachable: no answer within 25 seconds"
    );
}

#[tokio::test]
async fn announcements_without_end_are_not_waited_for() {
    let liar = Liar::going_on(
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
    )
    .await;
    for (what, error) in liar.all().await {
        assert_eq!(error.kind, RemoteErrorKind::Nonsense, "{what}: {error}");
        assert!(error.why.contains("goes on announcing"), "{what}: {error}");
    }
}

#[tokio::test]
async fn a_cheerful_answer_without_sense_is_no_work_server() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep = format!(r#"{{"data":{{"versions":{deep}}}}}"#);
    let nothing = r#"{"data":{"versions":[]}}"#;
    for body in [
        "",
        "hello",
        "{",
        "null",
        "[]",
        "{}",
        "\u{feff}{}",
        nothing,
        &deep,
    ] {
        let liar = Liar::answering("200 OK", body).await;
        let shown: String = body.chars().take(20).collect();
        let error = liar.server.prove(None).await.expect_err("no server");
        assert_eq!(error.kind, RemoteErrorKind::NotAWorkServer, "{shown}");
        assert_eq!(
            error.why, "what it answers is not a work server's",
            "{shown}"
        );
        let secret = Secret::from("x".to_owned());
        let error = liar.server.discovery(&secret).await.expect_err("nothing");
        assert_eq!(error.kind, RemoteErrorKind::Nonsense, "{shown}");
        for by_oauth in [true, false] {
            let signed_in = liar.server.sign_in("ann", &secret, "", by_oauth).await;
            let error = signed_in.expect_err("no session");
            assert_eq!(error.kind, RemoteErrorKind::Nonsense, "{shown}: {error}");
        }
        let error = liar.server.renew(&secret, "").await.expect_err("nothing");
        assert_eq!(error.kind, RemoteErrorKind::Nonsense, "{shown}: {error}");
    }
}

/// Only the word of RFC 6749 takes a refresh token away.
#[tokio::test]
async fn a_refresh_token_is_over_only_by_the_servers_own_word() {
    let secret = Secret::from("x".to_owned());
    let liar = Liar::answering("400 Bad Request", r#"{"error":"invalid_grant"}"#).await;
    let renewal = liar.server.renew(&secret, "").await.expect("an answer");
    assert!(matches!(renewal, Renewal::Refused), "{renewal:?}");
    for (status, body) in [
        ("400 Bad Request", "<html>invalid_grant</html>"),
        ("401 Unauthorized", "{}"),
        ("403 Forbidden", r#"{"error":"access_denied"}"#),
        ("404 Not Found", ""),
        ("500 Internal Server Error", r#"{"error":{}}"#),
    ] {
        let liar = Liar::answering(status, body).await;
        let error = liar.server.renew(&secret, "").await.expect_err("kept");
        assert!(
            matches!(error.kind, RemoteErrorKind::Refused { .. }),
            "{status}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_busy_server_may_say_anything_about_how_long() {
    for (said, meant) in [
        ("3", Some(Duration::from_secs(3))),
        ("18446744073709551615", Some(Duration::from_secs(3600))),
        ("99999999999999999999999", None),
        ("-1", None),
        ("soon", None),
    ] {
        let text = format!(
            "HTTP/1.1 503 Service Unavailable\r\nRetry-After: {said}\r\nContent-Length: 0\r\n\r\n"
        );
        for (what, error) in Liar::saying(text).await.all().await {
            let retry_after = meant;
            assert_eq!(error.kind, RemoteErrorKind::Busy { retry_after }, "{what}");
        }
    }
}

async fn head(server: &Remote) -> Result<http::Response<hyper::body::Incoming>, RemoteError> {
    let request = Request::get("/api").body(empty_body()).expect("a request");
    server.send(request).await
}

#[tokio::test]
async fn forgotten_connections_are_not_used_again_and_calls_under_way_go_on() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let http = HttpClient::new();
    let address = format!("http://{address}").parse().expect("an address");
    let server = Remote::at(http.clone(), address);
    // The first connection gives half of its answer.
    let asked = tokio::spawn({
        let server = server.clone();
        async move { head(&server).await }
    });
    let (mut first, _) = listener.accept().await.expect("a caller");
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab";
    first.write_all(half).await.expect("written");
    let under_way = asked.await.expect("not lost").expect("a head");

    http.forget_connections();

    first.write_all(b"cd").await.expect("written");
    let whole = under_way.into_body().collect().await;
    let whole = whole.map_err(BoxError::from).expect("whole");
    assert_eq!(whole.to_bytes().as_ref(), b"abcd");
    // The next call does not come by that way, though it is free and open.
    let asked = tokio::spawn(async move { head(&server).await });
    let (mut second, _) = listener.accept().await.expect("another connection");
    second
        .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
        .await
        .expect("written");
    let answer = asked.await.expect("not lost").expect("a head");
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
}
