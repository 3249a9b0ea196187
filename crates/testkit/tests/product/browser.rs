//! A page in a real browser (Chromium) cannot use the agent, not even where
//! something lets TCP through to its socket.
//!
//! The agent has no TCP listener. Here somebody carelessly relays one to its
//! socket, and a page of another origin tries whatever a page can: fetches of
//! each mode, a form, an image, a script, a frame, a web socket, and a name
//! that was made to point here (DNS rebinding).

use chancery_testkit::lying::{LyingServer, Says};
use chancery_testkit::server::API;
use chancery_testkit::waiting::eventually;
use chancery_testkit::{Request, TestHome};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

/// What went through the relay: each connection's bytes, there and back.
type Passed = Arc<Mutex<Vec<(Vec<u8>, Vec<u8>)>>>;

/// Relays TCP to the agent's socket.
fn relay(socket: PathBuf) -> (SocketAddr, Passed) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let passed = Passed::default();
    let log = Arc::clone(&passed);
    std::thread::spawn(move || {
        while let Ok((browser, _)) = listener.accept() {
            let (socket, log) = (socket.clone(), Arc::clone(&log));
            std::thread::spawn(move || {
                let agent = UnixStream::connect(&socket).expect("connected");
                let (asked, told) = carry(&browser, &agent);
                let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                log.push((asked, told));
            });
        }
    });
    (address, passed)
}

fn carry(browser: &TcpStream, agent: &UnixStream) -> (Vec<u8>, Vec<u8>) {
    std::thread::scope(|scope| {
        let there = scope.spawn(|| {
            let asked = copy(browser, agent);
            let _ = agent.shutdown(std::net::Shutdown::Write);
            asked
        });
        let told = copy(agent, browser);
        let _ = browser.shutdown(std::net::Shutdown::Both);
        (there.join().unwrap_or_default(), told)
    })
}

fn copy(mut from: impl Read, mut to: impl Write) -> Vec<u8> {
    let (mut seen, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = from.read(&mut piece) {
        seen.extend_from_slice(&piece[..read]);
        if to.write_all(&piece[..read]).is_err() {
            break;
        }
    }
    seen
}

/// What the page tries, one after the other; its title tells when it is done.
fn page(at: SocketAddr) -> String {
    let port = at.port();
    format!(
        r#"<!doctype html><title>trying</title><iframe name="frame"></iframe><script>
const bases = ["http://127.0.0.1:{port}", "http://localhost:{port}", "http://chancery:{port}", "http://rebound.example:{port}"];
const paths = ["/agent/v1/status", "/agent/v1/disconnect", "{API}/workspaces"];
const took = [];
async function attempt(what, does) {{
  const late = new Promise(done => setTimeout(() => done("late"), 1500));
  try {{ took.push(what + ": " + await Promise.race([does(), late])); }} catch (error) {{ took.push(what + ": refused"); }}
}}
async function loaded(tag, url) {{
  return new Promise(done => {{
    const element = document.createElement(tag); element.referrerPolicy = "no-referrer";
    element.onload = () => done("loaded"); element.onerror = () => done("failed");
    element.src = url; document.body.append(element);
  }});
}}
async function all() {{
  for (const base of bases) for (const path of paths) {{
    const url = base + path;
    for (const mode of ["cors", "no-cors"]) for (const method of ["GET", "POST"])
      await attempt(mode + " " + method + " " + url, async () => (await fetch(url, {{mode, method}})).type);
    await attempt("plain " + url, async () => (await fetch(url, {{referrerPolicy: "no-referrer"}})).text());
    await attempt("image " + url, () => loaded("img", url));
    await attempt("script " + url, () => loaded("script", url));
    const form = document.createElement("form");
    form.action = url; form.method = "POST"; form.target = "frame"; form.enctype = "text/plain";
    form.innerHTML = "<input name='x' value='y'>"; document.body.append(form); form.submit();
    await attempt("socket " + url, () => new Promise(done => {{
      const socket = new WebSocket(url.replace("http", "ws"));
      socket.onopen = () => done("open"); socket.onerror = () => done("failed");
    }}));
  }}
  document.title = "done";
  await fetch("/done", {{method: "POST", body: took.join("\n")}});
}}
onload = all;
</script><body></body>"#
    )
}

fn browser(at: &str, home: &TestHome) -> io::Result<std::process::Child> {
    Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--host-resolver-rules=MAP rebound.example 127.0.0.1, MAP chancery 127.0.0.1",
        ])
        .arg(format!(
            "--user-data-dir={}",
            home.path().join("browser").display()
        ))
        .arg(at)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

#[test]
#[ignore = "needs Chromium; “cargo xtask test --long” installs and runs it"]
fn a_page_in_a_real_browser_gets_nothing_from_the_agent() {
    let (home, work) = (TestHome::with_keyring(), LyingServer::start());
    home.connect_to(&work.url());
    let calls = |work: &LyingServer| work.asked_for(API);
    let _ = home
        .agent()
        .call(Request::get(&format!("{API}/workspaces")));
    let before = calls(&work);
    assert_eq!(before, 1);
    let (relayed, passed) = relay(home.socket());
    // The page, from an origin of its own.
    let pages = LyingServer::start();
    let html = page(relayed);
    pages.lie(move |asked| match asked.path.as_str() {
        "/" => Says::answer("200 OK", "Content-Type: text/html\r\n", &html),
        _ => Says::answer("200 OK", "", "{}"),
    });
    let mut chromium = browser(&pages.url(), &home)
        .expect("chromium can be run; it comes with the package chromium");
    let tried = eventually("the page has tried everything", || {
        let heard = pages.heard();
        let done = heard.iter().find(|asked| asked.path == "/done")?;
        Some(done.body.clone())
    });
    let _ = chromium.kill();
    let _ = chromium.wait();
    assert!(tried.lines().count() > 50, "{tried}");
    for line in tried.lines() {
        let got = line.rsplit(": ").next().unwrap_or_default();
        assert!(
            matches!(got, "refused" | "failed" | "opaque" | "late"),
            "{line}"
        );
    }
    let passed = passed.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(passed.len() > 10, "the relay was used: {tried}");
    for (asked, told) in passed.iter() {
        let (asked, told) = (
            String::from_utf8_lossy(asked),
            String::from_utf8_lossy(told),
        );
        for answer in told.split("HTTP/1.1 ").skip(1) {
            assert!(
                answer.starts_with("403") || answer.starts_with("400"),
                "{asked}\n{told}"
            );
        }
    }
    assert_eq!(calls(&work), before, "nothing reached the server");
    assert_eq!(home.state(), "connected");
}
