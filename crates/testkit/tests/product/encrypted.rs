//! TLS, and another user: who may listen, and who may speak.

use chancery_testkit::papers::Papers;
use chancery_testkit::programs::program;
use chancery_testkit::waiting::eventually;
use chancery_testkit::{Request, Target, TestHome};
use serde_json::Value;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::{Child, Command, Stdio};

#[test]
fn a_certificate_of_the_firms_own_authority_is_believed_where_the_system_believes_it() {
    let (papers, home) = (Papers::drawn_up(), TestHome::without_keyring());
    let server = papers.server();
    let address = format!("https://localhost:{}", server.address().port());
    let status = home
        .connect_with(&[("SSL_CERT_FILE", &papers.firm())], &address)
        .json();
    assert_eq!(status["state"], "connected");
    let listed = home.agent().call(Request::get("/api")).expect("an answer");
    let url = listed.expect(200).json()["data"]["versions"][0]["url"].clone();
    assert_eq!(url, "http://chancery/work/api/v2");
}

#[test]
fn nothing_is_sent_where_the_certificate_cannot_be_verified() {
    let (papers, others) = (Papers::drawn_up(), Papers::drawn_up());
    let home = TestHome::without_keyring();
    let server = papers.server();
    let port = server.address().port();
    // Another authority, and then a name that the certificate does not have.
    for (trusted, host) in [(&others, "localhost"), (&papers, "127.0.0.1")] {
        let address = format!("https://{host}:{port}");
        let said = home.connect_with(&[("SSL_CERT_FILE", &trusted.firm())], &address);
        assert_ne!(said.code, 0);
        let error: Value = serde_json::from_str(&said.err).expect("JSON");
        assert_eq!(
            error["error"]["code"], "CHANCERY_CERTIFICATE",
            "{}",
            said.err
        );
        home.kill_agent();
    }
}

/// The user that nobody is.
const NOBODY: u32 = 65_534;

fn is_root(home: &TestHome) -> bool {
    std::fs::metadata(home.path()).expect("a directory").uid() == 0
}

fn as_nobody(program: &Path, home: &Path, words: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .arg(program)
        .args(words)
        .env("CHANCERY_HOME", home)
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
        .env_remove("XDG_RUNTIME_DIR")
        .current_dir("/")
        .stdin(Stdio::null());
    command
}

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Only root can be two users at once; elsewhere the rule itself is tested by
/// the socket's own tests.
#[test]
fn root_is_another_user_and_is_not_let_in() {
    let home = TestHome::without_keyring();
    if !is_root(&home) {
        return;
    }
    let place = home.path().join("n");
    std::fs::create_dir(&place).expect("made");
    chown(&place, Some(NOBODY), Some(NOBODY)).expect("given away");
    for directory in [home.path(), place.as_path()] {
        std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o755)).expect("set");
    }
    // Where the build is may be out of the other user's reach.
    let copy = home.path().join("chancery");
    std::fs::copy(program("chancery"), &copy).expect("copied");
    let agent = as_nobody(&copy, &place, &["agent", "run"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the other user's agent runs");
    let _agent = Ended(agent);
    let socket = place.join("run/agent.sock");
    let status = || as_nobody(&copy, &place, &["status", "--json"]).output();
    let own = eventually("the other user is served", || {
        let output = status().ok().filter(|output| output.status.success())?;
        socket.exists().then_some(output)
    });
    let own: Value = serde_json::from_slice(&own.stdout).expect("JSON");
    assert_eq!(own["state"], "no-server");
    // Root passes every permission of files, and is hung up on all the same.
    let answer = Target::Unix(socket).call(Request::get("/agent/v1/status"));
    assert!(answer.is_err(), "{answer:?}");
}
