//! What outlives the server's process.

use chancery_testkit::Request;
use chancery_testkit::server::{API, TestServer};

#[test]
fn a_session_survives_a_crash_and_an_ended_one_stays_dead() {
    let mut server = TestServer::start();
    let (living, ended) = (server.sign_in(), server.sign_in());
    let out = Request::new("PUT", "/api/v1/session/logout").token(&ended);
    let _ = server.call(out).expect(200);
    for crash in [true, false] {
        if crash {
            server.kill();
        } else {
            server.stop();
        }
        server.begin();
        let list = |token: &str| {
            server
                .call(Request::get(&format!("{API}/workspaces")).token(token))
                .status
        };
        assert_eq!((list(&living), list(&ended)), (200, 401));
    }
}

#[test]
fn tokens_are_not_in_the_data_directory() {
    let mut server = TestServer::start();
    let token = server.sign_in();
    server.stop();
    let mut directories = vec![server.data()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory)
            .expect("readable")
            .map_while(Result::ok)
        {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                directories.push(entry.path());
            } else {
                let bytes = std::fs::read(entry.path()).expect("readable");
                let found = bytes
                    .windows(token.len())
                    .any(|window| window == token.as_bytes());
                assert!(!found, "the token stands in {}", entry.path().display());
            }
        }
    }
}
