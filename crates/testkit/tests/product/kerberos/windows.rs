//! The agent's side on Windows: tickets by SSPI, under Wine, which asks the
//! same realm.

use super::{ANN, ANNS_PASSWORD, Office};
use chancery_testkit::WindowsHome;

#[test]
#[ignore = "needs Wine and the programs for Windows; “cargo xtask test --long” makes and runs them"]
fn on_windows_too_a_ticket_signs_in_without_a_password() {
    let office = Office::open();
    let mut home = WindowsHome::new();
    let tickets = home.path().join("tickets");
    for (name, value) in office.realm.settings(&tickets) {
        home.set(name, &value);
    }
    // Nobody is logged on to the domain.
    let url = office.url();
    let words = ["connect", url.as_str(), "--no-input"];
    let refused = home.chancery(&words);
    assert_ne!(refused.code, 0, "{}", refused.out);

    office.realm.log_on(ANN, ANNS_PASSWORD, &tickets, "10h");
    let connected = home.chancery(&words);
    assert_eq!(connected.code, 0, "{}{}", connected.out, connected.err);
    assert_eq!(home.status()["user"]["id"], ANN);
    let by_ticket = office.server.metrics().sum(
        "chancery_sign_ins_total",
        &[("method", "kerberos"), ("outcome", "success")],
    );
    assert_eq!(by_ticket, 1.0);
    let told = home.chancery(&["doctor"]).out;
    assert!(told.contains("by your log-on to this machine"), "{told}");
}
