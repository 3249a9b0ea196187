//! The agent under everything at once, for a while: neither its memory nor its
//! handles grow.

mod heavy {
    use crate::sessions::{administrator, end_sessions, set_idle};
    use chancery_testkit::chaos::Weather;
    use chancery_testkit::memory::resident_kib;
    use chancery_testkit::programs::is_long;
    use chancery_testkit::server::{API, TestServer};
    use chancery_testkit::waiting::eventually;
    use chancery_testkit::{ChaosProxy, Request, TestHome};

    /// What the allocator may keep of rounds that are over.
    const ROOM_KIB: u64 = 4 * 1024;

    fn handles(home: &TestHome) -> usize {
        let files = std::fs::read_dir(format!("/proc/{}/fd", home.agent_pid()));
        files.expect("listed").count()
    }

    fn workspaces(home: &TestHome) -> u16 {
        let call = Request::get(&format!("{API}/workspaces"));
        home.agent().call(call).map_or(0, |answer| answer.status)
    }

    /// Calls of many, callers that leave, connections that are cut, a session
    /// that runs out, one that is ended, watchers, and a view of the other server.
    fn round(home: &TestHome, one: &(TestServer, String), proxy: &ChaosProxy, other: &TestServer) {
        let (server, admin) = one;
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..25 {
                        assert_eq!(workspaces(home), 200);
                    }
                });
            }
        });
        for _ in 0..10 {
            let mut sink = Leaves;
            let watch = Request::get("/agent/v1/watch");
            assert!(home.agent().call_into(watch, &mut sink).is_err());
        }
        proxy.cut();
        assert_eq!(workspaces(home), 200);
        proxy.set(Weather::Closed);
        proxy.cut();
        assert_eq!(workspaces(home), 503);
        proxy.set(Weather::Fair);
        eventually("the agent is back", || {
            (workspaces(home) == 200).then_some(())
        });
        set_idle(server, admin, 1);
        eventually("the session ran out", || {
            let sessions = crate::sessions::desktop_sessions(server, admin);
            sessions.is_empty().then_some(())
        });
        set_idle(server, admin, 3_600);
        assert_eq!(workspaces(home), 200);
        end_sessions(server, admin);
        assert_eq!(workspaces(home), 401);
        home.connect_to(&proxy.url());
        let view = Request::get("/work/api").header("Chancery-Server", &other.url());
        let viewed = home.agent().call(view).expect("answered");
        assert_eq!(viewed.status, 200, "{}", viewed.text());
    }

    /// Has enough at the first byte.
    struct Leaves;

    impl std::io::Write for Leaves {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("enough"))
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn after_many_rounds_the_agent_holds_no_more_than_after_the_first_ones() {
        let (home, server, other) = (
            TestHome::with_keyring(),
            TestServer::start(),
            TestServer::start(),
        );
        let proxy = ChaosProxy::before(server.address());
        home.connect(&other);
        home.connect_to(&proxy.url());
        let admin = administrator(&server);
        let one = (server, admin);
        let rounds = if is_long() { 60 } else { 4 };
        for _ in 0..3 {
            round(&home, &one, &proxy, &other);
        }
        let (memory, open) = (
            resident_kib(home.agent_pid()).expect("it runs"),
            handles(&home),
        );
        for _ in 0..rounds {
            round(&home, &one, &proxy, &other);
        }
        let now = resident_kib(home.agent_pid()).expect("it runs");
        assert!(now < memory + ROOM_KIB, "{memory} KiB, then {now} KiB");
        eventually("as many handles as before", || {
            (handles(&home) <= open + 4).then_some(())
        });
    }
}
