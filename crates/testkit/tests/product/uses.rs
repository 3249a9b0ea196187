//! Who uses the connection: each program by the word of the system, and a stop
//! for any of them.

use chancery_testkit::caller::Caller;
use chancery_testkit::memory::resident_kib;
use chancery_testkit::server::{API, TestServer};
use chancery_testkit::waiting::eventually;
use chancery_testkit::{Request, TestHome};
use serde_json::{Value, json};

fn workspaces() -> String {
    format!("{API}/workspaces")
}

/// The row of that process, if it has one.
fn row(home: &TestHome, pid: u32) -> Option<Value> {
    let uses = home.chancery(&["uses", "--json"]).json();
    let rows = uses["uses"].as_array().expect("a list").clone();
    rows.into_iter().find(|row| row["pid"] == pid)
}

fn id(home: &TestHome, pid: u32) -> String {
    let row = row(home, pid).expect("its row");
    row["id"].as_str().expect("an id").to_owned()
}

#[test]
fn each_program_is_shown_with_what_the_system_says_of_it() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let mut mail = Caller::start(&home.socket());
    let call = json!({"method": "GET", "path": workspaces(), "headers": {
        "Chancery-Application": "  Harbour\u{a0}Mail  ",
    }});
    assert_eq!(mail.call(&call).status, Some(200));
    assert_eq!(mail.get(&workspaces()).status, Some(200));
    mail.open_idle(3);
    let shown = eventually("three idle connections", || {
        row(&home, mail.pid()).filter(|row| row["connections"] == 4)
    });
    let program = shown["program"].as_str().expect("a program");
    assert!(program.contains("python"), "{shown}");
    assert_eq!(
        (&shown["calls"], &shown["under_way"]),
        (&json!(2), &json!(0))
    );
    assert!(shown["last_call"].is_string(), "{shown}");
    let pid = mail.pid();
    drop(mail);
    eventually("a program that ended is forgotten", || {
        row(&home, pid).is_none().then_some(())
    });
}

#[test]
fn a_program_that_was_stopped_is_hung_up_on_and_told_so_and_others_go_on() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let (mut bad, mut good) = (Caller::start(&home.socket()), Caller::start(&home.socket()));
    assert_eq!(bad.get(&workspaces()).status, Some(200));
    assert_eq!(good.get(&workspaces()).status, Some(200));
    let said = home
        .chancery(&["uses", "stop", &id(&home, bad.pid())])
        .done();
    assert!(said.contains(&bad.pid().to_string()), "{said}");
    assert_eq!(bad.get(&workspaces()).status, None, "it was hung up on");
    for _ in 0..3 {
        let asked = json!({"method": "GET", "path": workspaces(), "anew": true});
        let told = bad.call(&asked);
        assert_eq!((told.status, told.closes), (Some(403), true), "{told:?}");
        assert_eq!(told.code(), "CHANCERY_STOPPED");
    }
    let status = json!({"method": "GET", "path": "/agent/v1/status", "anew": true});
    assert_eq!(bad.call(&status).code(), "CHANCERY_STOPPED");
    assert_eq!(good.get(&workspaces()).status, Some(200));
    assert_eq!(row(&home, bad.pid()).expect("its row")["stopped"], true);
    let shown = home.chancery(&["uses"]).done();
    assert!(shown.contains("stopped"), "{shown}");
    // Until the agent ends.
    let _ = home.chancery(&["agent", "stop"]).done();
    assert_eq!(home.state(), "deferred");
    let asked = json!({"method": "GET", "path": workspaces(), "anew": true});
    assert_eq!(bad.call(&asked).status, Some(200));
}

#[test]
fn a_stop_in_the_middle_of_an_upload_makes_no_document() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let token = server.sign_in();
    let workspace = server.workspace(&token, "Matter");
    let folder = server.folder(&token, &workspace, "Letters");
    let mut sender = Caller::start(&home.socket());
    assert_eq!(sender.get(&workspaces()).status, Some(200));
    let stopped = id(&home, sender.pid());
    let path = format!("{API}/folders/{folder}/documents");
    let socket = home.socket();
    std::thread::scope(|scope| {
        // A body that never ends, from the program that is then stopped.
        let asked = json!({"method": "POST", "path": path, "headers": {
            "Content-Type": "multipart/form-data; boundary=b", "Content-Length": "50000000",
        }, "body": "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhalf"});
        let upload = scope.spawn(move || sender.call(&asked));
        let under_way = || {
            let uses = home.chancery(&["uses", "--json"]).json();
            let rows = uses["uses"].as_array().expect("a list").clone();
            rows.iter().any(|row| row["under_way"] == 1).then_some(())
        };
        eventually("the upload is under way", under_way);
        let _ = home.chancery(&["uses", "stop", &stopped]).done();
        assert_eq!(upload.join().expect("ended").status, None);
    });
    let listed = server.call(Request::get(&path).token(&token)).expect(200);
    let text = listed.text();
    assert!(!text.contains("a.txt"), "{text}");
    let told = Caller::start(&socket).get(&workspaces());
    assert_eq!(told.status, Some(200));
}

#[test]
fn nobody_is_stopped_by_a_number_that_is_nobodys() {
    let (home, server) = (TestHome::without_keyring(), TestServer::start());
    home.connect(&server);
    for id in ["4711", "x", "%20", "1/2"] {
        let path = format!("/agent/v1/uses/{id}");
        let answer = home.agent().call(Request::new("DELETE", &path));
        let answer = answer.expect("answered");
        assert_eq!(answer.status, 404, "{}", answer.text());
        assert_eq!(answer.error_code(), "CHANCERY_NO_USE");
    }
}

#[test]
fn a_program_with_a_thousand_idle_connections_keeps_nobody_out() {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let mut hoarder = Caller::start(&home.socket());
    let before = resident_kib(home.agent_pid()).expect("it runs");
    hoarder.open_idle(1_000);
    assert_eq!(
        Caller::start(&home.socket()).get(&workspaces()).status,
        Some(200)
    );
    let after = resident_kib(home.agent_pid()).expect("it runs");
    // Their buffers are not made before they say something.
    assert!(after < before + 8 * 1024, "{before} KiB, then {after} KiB");
}

mod heavy {
    use super::{Caller, TestHome, TestServer, eventually, resident_kib, row, workspaces};

    #[test]
    fn ten_thousand_idle_connections_are_nobodys_trouble() {
        let (home, server) = (TestHome::with_keyring(), TestServer::start());
        home.connect(&server);
        let mut quiet = Caller::start(&home.socket());
        assert_eq!(quiet.get(&workspaces()).status, Some(200));
        let before = resident_kib(home.agent_pid()).expect("it runs");
        let mut hoarder = Caller::start(&home.socket());
        for _ in 0..10 {
            hoarder.open_idle(1_000);
            assert_eq!(quiet.get(&workspaces()).status, Some(200));
        }
        let shown = row(&home, hoarder.pid()).expect("its row");
        let open = shown["connections"].as_u64().expect("a number");
        assert!((100..=2_048).contains(&open), "{shown}");
        let after = resident_kib(home.agent_pid()).expect("it runs");
        assert!(after < before + 16 * 1024, "{before} KiB, then {after} KiB");
        assert_eq!(
            Caller::start(&home.socket()).get(&workspaces()).status,
            Some(200)
        );
        drop(hoarder);
        eventually("they are all gone", || {
            let files = std::fs::read_dir(format!("/proc/{}/fd", home.agent_pid()));
            (files.expect("listed").count() < 100).then_some(())
        });
    }

    #[test]
    fn an_agent_that_may_open_few_files_still_serves_whoever_works() {
        use std::process::Command;
        let (home, server) = (TestHome::with_keyring(), TestServer::start());
        // The agent that is started on demand has the limit of whoever needs it.
        let mut connect = home.command("sh".as_ref());
        connect.args(["-c", "ulimit -n 256; exec \"$@\"", "sh"]);
        connect.arg(chancery_testkit::programs::program("chancery"));
        connect.args([
            "connect",
            &server.url(),
            "--user",
            "admin",
            "--password-stdin",
        ]);
        let mut child = Command::stdin(&mut connect, std::process::Stdio::piped())
            .spawn()
            .expect("started");
        let mut typed = child.stdin.take().expect("piped");
        let password = format!("{}\n", chancery_testkit::server::PASSWORD);
        std::io::Write::write_all(&mut typed, password.as_bytes()).expect("written");
        drop(typed);
        assert!(child.wait().expect("ended").success());
        let mut quiet = Caller::start(&home.socket());
        let mut hoarder = Caller::start(&home.socket());
        for _ in 0..5 {
            hoarder.open_idle(100);
            assert_eq!(quiet.get(&workspaces()).status, Some(200));
            assert_eq!(
                Caller::start(&home.socket()).get(&workspaces()).status,
                Some(200)
            );
        }
        assert_eq!(home.state(), "connected");
    }
}
