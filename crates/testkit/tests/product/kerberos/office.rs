//! The agent's side: on a machine with a ticket nobody is asked for anything.

use super::{ANN, ANNS_PASSWORD, Office, tickets};
use crate::sessions::{administrator, desktop_sessions};
use chancery_testkit::server::{API, TestServer};
use chancery_testkit::waiting::eventually;
use chancery_testkit::{Answer, Request, TestHome};

/// Sign-ins by ticket that ended well.
fn by_ticket(server: &TestServer) -> f64 {
    server.metrics().sum(
        "chancery_sign_ins_total",
        &[("method", "kerberos"), ("outcome", "success")],
    )
}

/// A call as an application makes it, without leave to ask anybody.
fn call(home: &TestHome) -> Answer {
    let call = Request::get(&format!("{API}/workspaces"));
    home.agent().call(call).expect("the agent answers")
}

fn log_on(office: &Office, home: &TestHome) {
    office
        .realm
        .log_on(ANN, ANNS_PASSWORD, &tickets(home), "10h");
}

fn connected(home: &TestHome, office: &Office) {
    let said = home.chancery(&["connect", &office.url()]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert_eq!(home.state(), "connected");
}

#[test]
fn with_a_ticket_nobody_is_asked_from_a_cold_start_and_after_the_session_ran_out() {
    let office = Office::open();
    let home = office.home();
    log_on(&office, &home);
    // No agent, no list, no password.
    connected(&home, &office);
    let status = home.chancery(&["status", "--json"]).json();
    assert_eq!(status["user"]["id"], ANN);
    assert_eq!(by_ticket(&office.server), 1.0);
    assert_eq!(call(&home).status, 200);

    // The session is ended by the administrator: the grant and its refresh with it.
    let admin = office.server.sign_in();
    let ended = Request::new("DELETE", "/api/v2/customers/1/sessions?user=ann").token(&admin);
    let ended = office.server.call(ended);
    assert_eq!(
        ended.status, 403,
        "the ordinary session administers nothing"
    );
    let ended = office.server.command(&["session", "end", "--user", ANN]);
    assert!(ended.status.success(), "{ended:?}");
    eventually("a call goes through again by itself", || {
        (call(&home).status == 200 && by_ticket(&office.server) == 2.0).then_some(())
    });

    // Cold: no keyring here, so nothing was kept when the agent ends.
    let _ = home.chancery(&["agent", "stop"]).done();
    let _ = home.chancery(&["ls"]).done();
    assert_eq!(by_ticket(&office.server), 3.0);
}

#[test]
fn fifty_calls_together_are_one_sign_in() {
    let office = Office::open();
    let home = office.home();
    log_on(&office, &home);
    connected(&home, &office);
    let _ = home.chancery(&["agent", "stop"]).done();
    let _ = home.chancery(&["agent", "start"]).done();
    let before = by_ticket(&office.server);
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..50)
            .map(|_| scope.spawn(|| call(&home).status))
            .collect();
        calls
            .into_iter()
            .map(|call| call.join().expect("it ends"))
            .collect()
    });
    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
    assert_eq!(by_ticket(&office.server) - before, 1.0);
}

#[test]
fn who_signed_out_stays_out_and_comes_back_without_a_password() {
    let office = Office::open();
    let home = office.home();
    log_on(&office, &home);
    connected(&home, &office);
    let _ = home.chancery(&["disconnect"]).done();
    assert_eq!(call(&home).status, 409);
    assert_eq!(home.state(), "disconnected");
    assert_eq!(by_ticket(&office.server), 1.0);
    connected(&home, &office);
    assert_eq!(home.state(), "connected");
    assert_eq!(by_ticket(&office.server), 2.0);
}

#[test]
fn a_ticket_that_comes_later_is_used_and_one_that_ran_out_is_called_so() {
    let office = Office::open();
    let home = office.home();
    let refused = home.chancery(&["connect", &office.url(), "--no-input"]);
    assert_ne!(refused.code, 0);
    log_on(&office, &home);
    connected(&home, &office);
    let told = home.chancery(&["doctor"]).out;
    assert!(
        told.contains("by your log-on to this machine")
            && told.contains("You are logged on as ann@CHANCERY.TEST, for "),
        "{told}"
    );

    // A machine that takes the time as it is: usual are five minutes more.
    let mut short = office.home();
    short.set(
        "KRB5_CONFIG",
        &office.realm.configure("exact.conf", "clockskew = 1"),
    );
    office
        .realm
        .log_on(ANN, ANNS_PASSWORD, &tickets(&short), "2s");
    connected(&short, &office);
    eventually("the ticket runs out", || {
        (!office.realm.is_logged_on(&tickets(&short))).then_some(())
    });
    // The session lives on; only a new one would take a ticket.
    assert_eq!(call(&short).status, 200);
    eventually("a new agent gets in no more", || {
        let _ = short.chancery(&["agent", "stop"]).done();
        let _ = short.chancery(&["agent", "start"]).done();
        (call(&short).status == 401).then_some(())
    });
    assert_eq!(short.state(), "needs-user");
    let told = short.chancery(&["doctor"]).out;
    assert!(told.contains("Your log-on to the domain ran out"), "{told}");
    // A new one is found by itself, without anybody who says so.
    log_on(&office, &short);
    eventually("the new ticket is used", || {
        (call(&short).status == 200).then_some(())
    });
}

#[test]
fn where_the_centre_is_away_a_session_lives_on_and_a_person_can_still_sign_in() {
    let mut office = Office::open();
    let home = office.home();
    log_on(&office, &home);
    connected(&home, &office);
    office.realm.stop();
    // The ticket for the server is there already: that is enough.
    let _ = home.chancery(&["agent", "stop"]).done();
    let _ = home.chancery(&["ls"]).done();

    // A machine that has only its first ticket gets none for the server.
    office.realm.begin();
    let other = office.home();
    log_on(&office, &other);
    office.realm.stop();
    let refused = other.chancery(&["connect", &office.url(), "--no-input"]);
    assert_ne!(refused.code, 0);
    // With a password all the same.
    let password = "seven lamps in the harbour\n";
    let words = [
        "connect",
        &office.url(),
        "--user",
        "admin",
        "--password-stdin",
    ];
    let said = other.chancery_reading(&words, password);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
}

#[test]
fn nobody_becomes_somebody_else_by_a_ticket() {
    let office = Office::open();
    let home = office.home();
    // The administrator works here, and a ticket of Ann's lies on the machine.
    home.connect_to(&office.url());
    log_on(&office, &home);
    let _ = home.chancery(&["agent", "stop"]).done();
    let _ = home.chancery(&["agent", "start"]).done();
    assert_eq!(call(&home).status, 401);
    assert_eq!(home.state(), "needs-user");
    // What the ticket gave was given back.
    let admin = administrator(&office.server);
    let all = desktop_sessions(&office.server, &admin);
    let by_ticket = all.iter().filter(|one| one["method"] == "kerberos");
    assert_eq!(by_ticket.count(), 0, "{all:?}");
}
