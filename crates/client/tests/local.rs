//! `client::local` against a real socket with a scripted peer behind it.

use chancery_client::local::{
    Agent, FileToSend, LocalError, RefusalKind, empty_body, file_body, full_body,
};
use chancery_proto::local::{Interaction, State};
use http::{HeaderMap, Method};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

fn socket() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("agent.sock");
    (directory, path)
}

/// Reads up to the end of one request's head.
async fn read_head(stream: &mut UnixStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a head"));
    }
    String::from_utf8(head).expect("text")
}

async fn answer(stream: &mut UnixStream, status: &str, body: &str) {
    let text = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).await.expect("written");
}

const STATUS: &str = r#"{"state":"no-server","sentence":"There is no server in the list yet.","keyring":"unknown","a_newer_field":1}"#;
const HELLO: &str =
    r#"{"name":"chancery-agent","version":"9.0.0","protocol":3,"oldest_protocol":1,"pid":1}"#;

#[tokio::test]
async fn nobody_at_the_socket_and_a_stale_socket_are_not_running() {
    let (_directory, path) = socket();
    let error = Agent::at(&path).hello().await.expect_err("nobody");
    assert!(matches!(error, LocalError::NotRunning { .. }), "{error}");

    drop(UnixListener::bind(&path).expect("bound"));
    let error = Agent::at(&path).hello().await.expect_err("stale");
    assert!(matches!(error, LocalError::NotRunning { .. }), "{error}");
}

#[tokio::test]
async fn a_call_names_the_host_the_caller_and_the_server_view() {
    let (_directory, path) = socket();
    let listener = UnixListener::bind(&path).expect("bound");
    let peer = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a caller");
        let head = read_head(&mut stream).await;
        answer(&mut stream, "200 OK", STATUS).await;
        head
    });
    let agent = Agent::at(&path)
        .as_application("chancery")
        .and_then(|agent| agent.viewing("Büro"))
        .expect("headers")
        .allowing(Interaction::IfNeeded);
    let status = agent.status().await.expect("a status");
    assert_eq!(status.state, State::NoServer);
    let head = peer.await.expect("a head");
    assert!(head.starts_with("GET /agent/v1/status HTTP/1.1\r\n"));
    for line in [
        "host: chancery\r\n",
        "chancery-application: chancery\r\n",
        "chancery-server: Büro\r\n",
        "chancery-interaction: if-needed\r\n",
    ] {
        assert!(head.contains(line), "{line} is missing in {head}");
    }
}

#[tokio::test]
async fn two_calls_use_one_connection_and_a_closed_one_is_opened_anew() {
    let (_directory, path) = socket();
    let listener = UnixListener::bind(&path).expect("bound");
    let peer = tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.expect("a caller");
        for _ in 0..2 {
            read_head(&mut first).await;
            answer(&mut first, "200 OK", STATUS).await;
        }
        drop(first);
        let (mut second, _) = listener.accept().await.expect("a caller");
        read_head(&mut second).await;
        answer(&mut second, "200 OK", STATUS).await;
    });
    let agent = Agent::at(&path);
    for _ in 0..3 {
        agent.status().await.expect("a status");
    }
    peer.await.expect("three answers");
}

#[tokio::test]
async fn an_agent_of_another_protocol_is_a_stranger_and_a_neighbour_is_not() {
    let (_directory, path) = socket();
    let listener = UnixListener::bind(&path).expect("bound");
    let peer = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a caller");
        read_head(&mut stream).await;
        answer(&mut stream, "200 OK", HELLO).await;
        read_head(&mut stream).await;
        let too_new = HELLO.replace("\"oldest_protocol\":1", "\"oldest_protocol\":2");
        answer(&mut stream, "200 OK", &too_new).await;
        read_head(&mut stream).await;
        answer(&mut stream, "200 OK", "<html>").await;
    });
    let agent = Agent::at(&path);
    assert_eq!(agent.hello().await.expect("a neighbour").version, "9.0.0");
    for _ in 0..2 {
        let error = agent.hello().await.expect_err("too new");
        assert!(matches!(error, LocalError::Stranger { .. }), "{error}");
    }
    peer.await.expect("three answers");
}

#[tokio::test]
async fn a_refusal_before_the_upload_is_read_is_still_understood() {
    let (directory, path) = socket();
    let listener = UnixListener::bind(&path).expect("bound");
    let peer = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a caller");
        read_head(&mut stream).await;
        // Closed with most of the body unread: the caller's writes fail.
        answer(
            &mut stream,
            "503 Service Unavailable",
            r#"{"error":{"code":"CHANCERY_SEND_AGAIN","message":"Send it again."}}"#,
        )
        .await;
    });
    let large = directory.path().join("large");
    std::fs::write(&large, vec![7; 8 * 1024 * 1024]).expect("written");
    let file = FileToSend::look_at(&large).expect("a file");
    let error = Agent::at(&path)
        .call(
            Method::POST,
            "/work/api/v2/x",
            HeaderMap::new(),
            file_body(&file, Arc::new(|_| {})),
        )
        .await
        .expect("an answer")
        .success()
        .await
        .expect_err("refused");
    let refusal = error.refusal().expect("a refusal");
    assert_eq!(refusal.kind, RefusalKind::SendAgain);
    peer.await.expect("answered");
}

#[tokio::test]
async fn a_refusal_in_the_middle_of_the_upload_is_still_understood() {
    let (directory, path) = socket();
    let listener = UnixListener::bind(&path).expect("bound");
    let peer = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a caller");
        read_head(&mut stream).await;
        let mut first = vec![0; 3 * 1024 * 1024];
        stream.read_exact(&mut first).await.expect("a part");
        answer(
            &mut stream,
            "507 Insufficient Storage",
            r#"{"error":{"code":"NRC_LIMIT","message":"The disk is full."}}"#,
        )
        .await;
        first.iter().all(|byte| *byte == 7)
    });
    let large = directory.path().join("large");
    std::fs::write(&large, vec![7; 16 * 1024 * 1024]).expect("written");
    let file = FileToSend::look_at(&large).expect("a file");
    let agent = Agent::at(&path);
    let error = agent
        .call(
            Method::POST,
            "/work/api/v2/x",
            HeaderMap::new(),
            file_body(&file, Arc::new(|_| {})),
        )
        .await
        .expect("an answer")
        .success()
        .await
        .expect_err("refused");
    let refusal = error.refusal().expect("a refusal");
    assert_eq!(
        (refusal.status.as_u16(), refusal.code.as_str()),
        (507, "NRC_LIMIT")
    );
    assert!(peer.await.expect("answered"));
    // The connection that was given up half way is not used again.
    let error = agent.status().await.expect_err("nobody listens any more");
    assert!(matches!(error, LocalError::NotRunning { .. }), "{error:?}");
}

/// Only root can play another user; elsewhere there is nothing to see.
#[tokio::test]
async fn a_socket_of_another_user_is_a_stranger_and_is_told_nothing() {
    const LISTENER: &str = "use IO::Socket::UNIX; $| = 1;
        my $s = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 1) or die;
        print qq(listening\n); my $c = $s->accept(); print sysread($c, my $b, 1), qq(\n);";
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let open = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(directory.path(), open).expect("set");
    let path = directory.path().join("agent.sock");
    let mut stranger = tokio::process::Command::new("setpriv")
        .args([
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "perl",
            "-e",
            LISTENER,
        ])
        .arg(&path)
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("setpriv runs");
    let mut said = BufReader::new(stranger.stdout.take().expect("a pipe")).lines();
    assert_eq!(
        said.next_line().await.expect("a line").as_deref(),
        Some("listening")
    );
    let error = Agent::at(&path).hello().await.expect_err("a stranger");
    assert!(
        matches!(&error, LocalError::Stranger { why, .. } if why.contains("another user")),
        "{error:?}"
    );
    assert_eq!(
        said.next_line().await.expect("a line").as_deref(),
        Some("0")
    );
}

#[tokio::test]
async fn a_file_that_changed_under_the_upload_is_named_as_the_cause() {
    let (directory, path) = socket();
    let listener = UnixListener::bind(&path).expect("bound");
    let peer = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a caller");
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all).await;
    });
    let changing = directory.path().join("changing");
    std::fs::write(&changing, b"before").expect("written");
    let file = FileToSend::look_at(&changing).expect("a file");
    std::fs::write(&changing, b"afterwards").expect("written");
    let error = Agent::at(&path)
        .call(
            Method::POST,
            "/work/api/v2/x",
            HeaderMap::new(),
            file_body(&file, Arc::new(|_| {})),
        )
        .await
        .expect_err("must not be sent");
    assert!(matches!(error, LocalError::Upload(_)), "{error:?}");
    peer.await.expect("ended");
}

#[tokio::test]
async fn an_answer_that_ends_early_is_broken_not_short() {
    let (_directory, path) = socket();
    let listener = UnixListener::bind(&path).expect("bound");
    let peer = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a caller");
        read_head(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            .await
            .expect("written");
    });
    let answer = Agent::at(&path)
        .call(Method::GET, "/work/api", HeaderMap::new(), empty_body())
        .await
        .expect("a head");
    assert_eq!(answer.length(), Some(10));
    let error = answer.bytes().await.expect_err("half");
    assert!(matches!(error, LocalError::Broken(_)), "{error}");
    peer.await.expect("ended");
}

#[tokio::test]
async fn a_watch_gives_the_state_then_the_changes_then_its_end() {
    let (_directory, path) = socket();
    let listener = UnixListener::bind(&path).expect("bound");
    let peer = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a caller");
        read_head(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            .await
            .expect("written");
        for number in 0..2 {
            let line = format!("{{\"number\":{number},\"status\":{STATUS}}}\n");
            let (one, two) = line.split_at(9);
            for half in [one, two] {
                let chunk = format!("{:x}\r\n{half}\r\n", half.len());
                stream.write_all(chunk.as_bytes()).await.expect("written");
            }
        }
        stream.write_all(b"0\r\n\r\n").await.expect("written");
    });
    let mut watch = Agent::at(&path).watch().await.expect("a stream");
    for number in 0..2 {
        let event = watch.next().await.expect("a line").expect("an event");
        assert_eq!(event.number, number);
    }
    assert!(watch.next().await.expect("an end").is_none());
    peer.await.expect("ended");
}

#[tokio::test]
async fn what_cannot_stand_in_a_request_is_refused_before_it_is_sent() {
    let (_directory, path) = socket();
    let error = Agent::at(&path).viewing("a\nb").expect_err("a line break");
    assert!(matches!(error, LocalError::Request(_)), "{error}");
    let error = Agent::at(&path)
        .call(Method::GET, "/with space", HeaderMap::new(), full_body("x"))
        .await
        .expect_err("no path");
    assert!(matches!(error, LocalError::Request(_)), "{error}");
}
