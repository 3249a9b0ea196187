//! Sign-ins with tickets of a real realm.

use crate::load::ratio;
use crate::report::{Part, Row, median};
use crate::{Fault, RUNS};
use bytes::Bytes;
use chancery_kerberos::Initiator;
use chancery_testkit::realm::REALM;
use chancery_testkit::{Realm, TestHome, TestServer};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tokio::net::TcpStream;

/// As the first argument: this process makes tokens.
pub(crate) const WORD: &str = "--tokens";
const COUNT: usize = 2_000;
const CONNECTIONS: usize = 16;
const PATH: &str = "/api/v1/session/network-login";

pub(crate) fn measure() -> Result<Vec<Row>, Fault> {
    let realm = Realm::start();
    realm.add_person("ann", "nine boats in the fog");
    let keytab = realm.add_service("HTTP/localhost", "http.keytab");
    let configuration = format!(
        "[kerberos]\nkeytab = '{}'\nrealms = ['{REALM}']\n",
        keytab.display()
    );
    // Used tickets are remembered, as everywhere; here in a file of the run.
    let used = PathBuf::from(format!("file2:{}", keytab.with_extension("used").display()));
    let conf = realm.configuration();
    let settings = [
        ("KRB5_CONFIG", conf.as_path()),
        ("KRB5RCACHENAME", used.as_path()),
    ];
    let server = TestServer::surrounded(&configuration, &settings);
    let _ = server.add_person("ann");
    let mut home = TestHome::without_keyring();
    let tickets = home.path().join("tickets");
    for (name, value) in realm.settings(&tickets) {
        home.set(name, &value);
    }
    realm.log_on("ann", "nine boats in the fog", &tickets, "10h");
    let mut rates = Vec::new();
    for _ in 0..RUNS {
        let tokens = made(&home)?;
        rates.push(rate(server.address(), tokens)?);
    }
    let found = median(rates);
    Ok(vec![Row {
        part: Part::Server,
        what: "Kerberos sign-ins, 16 connections".to_owned(),
        target: "≥ 500/s",
        found: format!("{found:.0}/s, each with a session of its own, durable"),
        reference: "–".to_owned(),
        met: found >= 500.0,
    }])
}

/// Tokens of the person who is logged on, made by a process that has their
/// surroundings.
fn made(home: &TestHome) -> Result<Vec<String>, Fault> {
    let output = home
        .command(&std::env::current_exe()?)
        .args([WORD, &COUNT.to_string()])
        .output()?;
    let tokens: Vec<String> = String::from_utf8(output.stdout)?
        .lines()
        .map(str::to_owned)
        .collect();
    if tokens.len() != COUNT {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("only {} tokens were made: {said}", tokens.len()).into());
    }
    Ok(tokens)
}

/// Prints so many tokens for the server on this machine.
pub(crate) fn tokens(count: &str) -> Result<(), Fault> {
    let count: usize = count.parse()?;
    for _ in 0..count {
        let pending = Initiator.begin("localhost")?;
        crate::report::say(&base64(pending.token()));
    }
    Ok(())
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Sign-ins in a second.
fn rate(server: SocketAddr, tokens: Vec<String>) -> Result<f64, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let count = tokens.len();
    let (tokens, next) = (Arc::new(tokens), Arc::new(AtomicUsize::new(0)));
    let began = Instant::now();
    runtime.block_on(async {
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..CONNECTIONS {
            workers.spawn(worker(server, Arc::clone(&tokens), Arc::clone(&next)));
        }
        while let Some(worker) = workers.join_next().await {
            worker??;
        }
        Ok::<(), Fault>(())
    })?;
    Ok(ratio(count, began.elapsed().as_secs_f64()))
}

async fn worker(
    server: SocketAddr,
    tokens: Arc<Vec<String>>,
    next: Arc<AtomicUsize>,
) -> Result<(), Fault> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    while let Some(token) = tokens.get(next.fetch_add(1, Ordering::Relaxed)) {
        let request = Request::builder()
            .method("PUT")
            .uri(PATH)
            .header(header::HOST, server.to_string())
            .header(header::AUTHORIZATION, format!("Negotiate {token}"))
            .body(Full::<Bytes>::default())?;
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if status != StatusCode::OK {
            return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
        }
    }
    driver.abort();
    Ok(())
}
