//! Whoever does not take what comes is not sent more, and the agent does not
//! keep it for them, in either direction.

use chancery_testkit::chaos::Weather;
use chancery_testkit::lying::{LyingServer, Says};
use chancery_testkit::memory::{core_time, forget_peak, peak_kib, resident_kib};
use chancery_testkit::server::{API, TestServer};
use chancery_testkit::waiting::eventually;
use chancery_testkit::{ChaosProxy, TestHome};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// What somebody who does not take what comes may cost.
const ROOM_KIB: u64 = 8 * 1024;

fn open(home: &TestHome) -> UnixStream {
    let stream = UnixStream::connect(home.socket()).expect("connected");
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).expect("set");
    stream
}

/// How much more the agent held at any time meanwhile.
fn grown(home: &TestHome, work: impl FnOnce()) -> u64 {
    let pid = home.agent_pid();
    let before = resident_kib(pid).expect("it runs");
    assert!(forget_peak(pid), "the kernel counts anew");
    work();
    peak_kib(pid).expect("it runs").saturating_sub(before)
}

fn rests(home: &TestHome) {
    let pid = home.agent_pid();
    eventually("the agent rests", || {
        let before = core_time(pid).expect("it runs");
        std::thread::park_timeout(Duration::from_millis(200));
        let spent = core_time(pid).expect("it runs") - before;
        (spent < Duration::from_millis(20)).then_some(())
    });
}

#[test]
fn a_caller_that_does_not_read_is_not_read_for() {
    let (home, server) = (TestHome::with_keyring(), LyingServer::start());
    home.connect_to(&server.url());
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n".to_vec();
    server.lie_to_calls(Says::WithoutEnd(head, vec![b'x'; 64 * 1024]));
    let request = format!("GET {API}/workspaces HTTP/1.1\r\nHost: chancery\r\n\r\n");
    let mut callers = Vec::new();
    let growth = grown(&home, || {
        for _ in 0..5 {
            let mut caller = open(&home);
            caller.write_all(request.as_bytes()).expect("sent");
            // The flood has begun; nobody takes more of it.
            let mut first = [0; 1_024];
            caller.read_exact(&mut first).expect("an answer begins");
            callers.push(caller);
        }
        rests(&home);
    });
    assert!(growth < ROOM_KIB, "{growth} KiB");
    assert_eq!(home.state(), "connected");
    // Whoever reads on still gets what comes.
    for caller in &mut callers {
        let mut more = vec![0; 4 * 1024 * 1024];
        caller.read_exact(&mut more).expect("it goes on");
    }
    drop(callers);
    rests(&home);
}

#[test]
fn an_upload_that_the_server_does_not_take_waits_with_its_sender() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    let proxy = ChaosProxy::before(server.address());
    home.connect_to(&proxy.url());
    proxy.set(Weather::Held);
    let mut caller = open(&home);
    let moment = Some(Duration::from_secs(1));
    caller.set_write_timeout(moment).expect("set");
    let growth = grown(&home, || {
        let head = format!(
            "POST {API}/folders/x/documents HTTP/1.1\r\nHost: chancery\r\nContent-Length: 1073741824\r\n\r\n"
        );
        caller.write_all(head.as_bytes()).expect("sent");
        let piece = vec![b'x'; 64 * 1024];
        let mut sent = 0_u32;
        while sent < 1_024 && caller.write_all(&piece).is_ok() {
            sent += 1;
        }
        assert!(sent < 1_024, "64 MiB were taken that nobody takes");
    });
    assert!(growth < ROOM_KIB, "{growth} KiB");
    drop(caller);
    proxy.set(Weather::Fair);
    eventually("the agent is well", || {
        (home.state() == "connected").then_some(())
    });
    rests(&home);
}
