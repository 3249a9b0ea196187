//! The service manager listens at the agent's socket and starts the agent with
//! the first caller, as systemd does for its users.

use chancery_testkit::programs::program;
use chancery_testkit::server::{API, TestServer};
use chancery_testkit::waiting::{ended, eventually};
use chancery_testkit::{Request, TestHome};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::{Child, Stdio};

/// Listens there as systemd would, and becomes the agent with the first caller.
fn listening(home: &TestHome, socket: &Path) -> Child {
    let directory = socket.parent().expect("a directory");
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .expect("made");
    let mut command = home.command("systemd-socket-activate".as_ref());
    command.arg("--listen").arg(socket);
    for name in [
        "CHANCERY_HOME",
        "CHANCERY_POLICY",
        "DBUS_SESSION_BUS_ADDRESS",
    ] {
        command.arg("-E").arg(name);
    }
    command
        .arg(program("chancery"))
        .args(["agent", "run"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let child = command
        .spawn()
        .expect("systemd-socket-activate can be run; it comes with the package systemd");
    eventually("it listens", || listens(socket).then_some(()));
    child
}

/// Without calling, which would start the agent (`unix(7)`, `/proc/net/unix`).
fn listens(socket: &Path) -> bool {
    const ACCEPTS: &str = "00010000";
    let path = socket.to_string_lossy();
    let table = std::fs::read_to_string("/proc/net/unix").expect("readable");
    table.lines().any(|line| {
        let mut fields = line.split_whitespace();
        let flags = fields.nth(3);
        line.ends_with(&*path) && flags == Some(ACCEPTS)
    })
}

#[test]
fn the_first_caller_starts_the_agent_at_the_socket_that_was_handed_over() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    let mut child = listening(&home, &home.socket());
    home.connect(&server);
    assert_eq!(home.agent_pid(), child.id());
    let path = format!("{API}/workspaces");
    let answer = home.agent().call(Request::get(&path));
    assert_eq!(answer.expect("an answer").status, 200);
    let _ = home.chancery(&["agent", "stop"]).done();
    assert!(ended("the agent", &mut child).success());
    // The socket is the service manager's, who listens on.
    assert!(home.socket().exists());
    // Here nobody does any more: the next command starts an agent of its own.
    assert_eq!(home.state(), "deferred");
}

#[test]
fn a_socket_at_another_place_is_refused_with_both_places() {
    let home = TestHome::without_keyring();
    let elsewhere = home.path().join("other/agent.sock");
    let mut child = listening(&home, &elsewhere);
    let stream = std::os::unix::net::UnixStream::connect(&elsewhere).expect("connected");
    let status = ended("the agent", &mut child);
    drop(stream);
    assert!(!status.success());
    let mut said = String::new();
    let mut told = child.stderr.take().expect("piped");
    std::io::Read::read_to_string(&mut told, &mut said).expect("text");
    let (found, expected) = (elsewhere.display(), home.socket());
    for words in [
        format!("handed over is at “{found}”"),
        format!("look for the agent at “{}”", expected.display()),
        "ListenStream".to_owned(),
    ] {
        assert!(said.contains(&words), "{said}");
    }
}

#[test]
fn where_no_systemd_runs_for_the_person_that_is_said_and_nothing_is_written() {
    let home = TestHome::without_keyring();
    let _ = home.chancery(&["agent", "start"]).done();
    let pid = home.agent_pid();
    let autostart = |to: &str, with_home: bool| {
        let mut command = home.command(&program("chancery"));
        if with_home {
            command.env_remove("CHANCERY_HOME");
            command.env("XDG_RUNTIME_DIR", home.path().join("run"));
        }
        let output = command.args(["agent", "autostart", to]).output();
        let output = output.expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), said)
    };
    let (code, said) = autostart("on", true);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("No systemd runs for you here"), "{said}");
    assert!(said.contains("started all the same"), "{said}");
    let (code, said) = autostart("on", false);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("With CHANCERY_HOME set"), "{said}");
    assert!(!home.path().join(".config/systemd").exists());
    assert_eq!(home.agent_pid(), pid, "nor is the agent ended");
    let (code, said) = autostart("off", true);
    assert_eq!(code, Some(0), "{said}");
}
