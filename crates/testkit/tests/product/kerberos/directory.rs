//! The same against an Active Directory: Samba as the domain's controller,
//! whose tickets carry what a domain knows of a person (PAC).

use super::{ANN, tickets};
use chancery_testkit::directory::REALM;
use chancery_testkit::{Directory, TestHome, TestServer};

const ANNS_PASSWORD: &str = "Nine-boats-9";

#[test]
#[ignore = "needs root and Samba, whose ports are fixed; “cargo xtask test --long” installs and runs it"]
fn a_ticket_of_an_active_directory_signs_in_and_only_people_are_users() {
    let directory = Directory::start();
    directory.add_person(ANN, ANNS_PASSWORD);
    let keytab = directory.add_service("HTTP/localhost", "svc-chancery");
    let configuration = format!(
        "[kerberos]\nkeytab = '{}'\nrealms = ['{REALM}']\n",
        keytab.display()
    );
    let conf = directory.configuration();
    let server = TestServer::surrounded(&configuration, &[("KRB5_CONFIG", &conf)]);
    let _ = server.add_person(ANN);
    let mut home = TestHome::without_keyring();
    let file = tickets(&home);
    for (name, value) in directory.settings(&file) {
        home.set(name, &value);
    }
    let url = format!("http://localhost:{}", server.address().port());

    directory.log_on(ANN, ANNS_PASSWORD, &file);
    let said = home.chancery(&["connect", &url]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let status = home.chancery(&["status", "--json"]).json();
    assert_eq!(status["user"]["id"], ANN);
    let by_ticket = server.metrics().sum(
        "chancery_sign_ins_total",
        &[("method", "kerberos"), ("outcome", "success")],
    );
    assert_eq!(by_ticket, 1.0);
    let told = home.chancery(&["doctor"]).out;
    assert!(
        told.contains("You are logged on as ann@FIRM.TEST"),
        "{told}"
    );

    // Somebody of the domain who is no user here.
    directory.add_person("bob", ANNS_PASSWORD);
    let mut other = TestHome::without_keyring();
    let file = tickets(&other);
    for (name, value) in directory.settings(&file) {
        other.set(name, &value);
    }
    directory.log_on("bob", ANNS_PASSWORD, &file);
    let refused = other.chancery(&["connect", &url, "--no-input"]);
    assert_eq!(refused.code, 3, "{}", refused.err);
    assert!(
        other.agent_log().contains("no user of that name"),
        "{}",
        other.agent_log()
    );
}
