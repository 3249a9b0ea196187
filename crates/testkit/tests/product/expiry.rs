//! A session that ends while a thousand callers wait.

/// Many callers at once: one such test after the other.
mod heavy {
    use crate::sessions::{
        administrator, desktop_sessions, end_sessions, ended, list, needs_user, renewals, set_idle,
    };
    use chancery_testkit::chaos::Weather;
    use chancery_testkit::programs;
    use chancery_testkit::server::TestServer;
    use chancery_testkit::waiting::eventually;
    use chancery_testkit::{Answer, ChaosProxy, TestHome};
    use std::process::Stdio;

    const CALLS: usize = 1000;

    /// A thousand calls that the server has not seen yet, what happens
    /// meanwhile, and what became of them.
    fn while_calls_wait(
        home: &TestHome,
        proxy: &ChaosProxy,
        meanwhile: impl FnOnce(),
    ) -> Vec<Answer> {
        proxy.set(Weather::Held);
        std::thread::scope(|scope| {
            let callers: Vec<_> = (0..CALLS).map(|_| scope.spawn(|| list(home))).collect();
            eventually("all calls wait", || (proxy.held() >= CALLS).then_some(()));
            meanwhile();
            proxy.set(Weather::Fair);
            callers.into_iter().map(ended).collect()
        })
    }

    #[test]
    fn a_limit_lowered_under_a_thousand_waiting_calls_costs_one_renewal_and_none_fails() {
        let (home, server) = (TestHome::with_keyring(), TestServer::start());
        let proxy = ChaosProxy::before(server.address());
        home.connect_to(&proxy.url());
        let admin = administrator(&server);
        let before = renewals(&server);
        let answers = while_calls_wait(&home, &proxy, || {
            set_idle(&server, &admin, 3);
            eventually("the session ran out", || {
                desktop_sessions(&server, &admin).is_empty().then_some(())
            });
        });
        let failed: Vec<_> = answers
            .iter()
            .filter(|answer| answer.status != 200)
            .map(Answer::text)
            .collect();
        assert!(
            failed.is_empty(),
            "{} failed: {:?}",
            failed.len(),
            failed.first()
        );
        assert_eq!(renewals(&server) - before, 1.0);
        assert_eq!(desktop_sessions(&server, &admin).len(), 1);
        assert_eq!(home.state(), "connected");
    }

    #[test]
    fn a_session_ended_under_a_thousand_waiting_calls_gives_every_caller_the_one_right_answer() {
        let (home, server) = (TestHome::with_keyring(), TestServer::start());
        let proxy = ChaosProxy::before(server.address());
        home.connect_to(&proxy.url());
        let admin = administrator(&server);
        let answers = while_calls_wait(&home, &proxy, || end_sessions(&server, &admin));
        let expected = (401, "CHANCERY_NEEDS_USER".to_owned(), "ended".to_owned());
        let other = answers.iter().find(|answer| needs_user(answer) != expected);
        assert!(other.is_none(), "{:?}", other.map(Answer::text));
        assert!(desktop_sessions(&server, &admin).is_empty());
        assert_eq!(home.state(), "needs-user");
    }

    #[test]
    fn fifty_programs_make_their_first_call_together_and_one_sign_in_serves_them_all() {
        let (home, server) = (TestHome::with_keyring(), TestServer::start());
        home.connect(&server);
        let before = (server.metrics().sign_ins(), renewals(&server));
        let _ = home.chancery(&["agent", "stop"]).done();
        // Nor does an agent run: the first of them starts it.
        let programs: Vec<_> = (0..50)
            .map(|_| {
                let mut program = home.command(&programs::program("chancery"));
                let program = program.args(["api", "GET", "/work/api"]);
                let piped = program.stdin(Stdio::null()).stdout(Stdio::piped());
                piped.stderr(Stdio::piped()).spawn().expect("it starts")
            })
            .collect();
        for program in programs {
            let output = program.wait_with_output().expect("it ends");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{said}");
            assert!(String::from_utf8_lossy(&output.stdout).contains("dms_version"));
        }
        assert_eq!(renewals(&server) - before.1, 1.0);
        assert_eq!(server.metrics().sign_ins() - before.0, 1.0);
        assert_eq!(home.state(), "connected");
    }
}
