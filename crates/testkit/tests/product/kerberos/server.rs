//! The server's side.

use super::{ANN, ANNS_PASSWORD, Office, tickets, trusting};
use chancery_testkit::waiting::eventually;
use chancery_testkit::{Answer, Realm, Request, TestHome};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;

const LOGIN: &str = "/api/v1/session/network-login";

/// `curl --negotiate`: the status and what came with it.
fn curl(home: &TestHome, url: &str, more: &[&str]) -> (u16, Value, String) {
    let output = home
        .command(Path::new("curl"))
        .args(["--silent", "--negotiate", "--user", ":", "--request", "PUT"])
        .args(["--dump-header", "-", "--max-time", "20"])
        .args(more)
        .arg(format!("{url}{LOGIN}"))
        .output()
        .expect("curl can be run");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    // The last answer counts: curl asks first whether a ticket is wanted.
    let last = said
        .rfind("HTTP/1.1 ")
        .unwrap_or_else(|| panic!("no answer: {output:?}"));
    let (head, body) = said[last..].split_once("\r\n\r\n").expect("a head");
    let status = head[9..12].parse().expect("a status");
    let body = serde_json::from_str(body).unwrap_or(Value::Null);
    (status, body, head.to_owned())
}

/// The token that `curl` would send to that address, and to nobody else.
fn token_for(home: &TestHome, host: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let asking = std::thread::scope(|scope| {
        let curl = scope.spawn(|| {
            home.command(Path::new("curl"))
                .args(["--silent", "--negotiate", "--user", ":", "--max-time", "20"])
                .args(["--resolve", &format!("{host}:{port}:127.0.0.1")])
                .arg(format!("http://{host}:{port}/"))
                .output()
        });
        let mut head = String::new();
        while !head.contains("Authorization: Negotiate ") {
            let (mut stream, _) = listener.accept().expect("curl comes");
            head.clear();
            let mut piece = [0; 4096];
            while !head.contains("\r\n\r\n") {
                let count = stream.read(&mut piece).expect("it sends");
                assert!(count > 0, "{head}");
                head.push_str(&String::from_utf8_lossy(&piece[..count]));
            }
            let answer = "HTTP/1.1 401 No\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(answer.as_bytes()).expect("it reads");
        }
        let _ = curl.join();
        head
    });
    let line = asking
        .lines()
        .find_map(|line| line.strip_prefix("Authorization: Negotiate "));
    line.expect("a token").trim().to_owned()
}

/// A call with that in its head.
fn sent(office: &Office, authorization: &str) -> Answer {
    let request = Request::new("PUT", LOGIN).header("Authorization", authorization);
    office.server.call(request)
}

/// What the server says of it, which is never a session.
#[track_caller]
fn refused(office: &Office, authorization: &str) -> String {
    let answer = sent(office, authorization);
    assert_eq!(answer.status, 401, "{}", answer.text());
    let said = answer.json()["error"]["code_message"].clone();
    said.as_str().expect("a sentence").to_owned()
}

fn audited(office: &Office, outcome: &str) -> f64 {
    let metrics = office.server.metrics();
    metrics.sum(
        "chancery_sign_ins_total",
        &[("method", "kerberos"), ("outcome", outcome)],
    )
}

#[test]
fn a_ticket_signs_in_without_a_password_and_the_server_proves_itself() {
    let office = Office::open();
    let home = office.home();

    // Nobody is logged on: told that a ticket would do.
    let (status, body, head) = curl(&home, &office.url(), &[]);
    assert_eq!(status, 401, "{body}");
    assert!(head.contains("www-authenticate: Negotiate"), "{head}");

    office
        .realm
        .log_on(ANN, ANNS_PASSWORD, &tickets(&home), "10h");
    let (status, body, head) = curl(&home, &office.url(), &[]);
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["user"]["user_id"], ANN);
    assert_eq!(body["persona"], "user");
    let proof = head
        .lines()
        .find(|line| line.starts_with("www-authenticate: Negotiate "));
    assert!(proof.is_some_and(|line| line.len() > 60), "{head}");
    let token = body["X-Auth-Token"].as_str().expect("a token");
    let mine = Request::get("/api/v2/customers/1/sessions").token(token);
    let mine = office.server.call(mine).expect(200).json();
    assert_eq!(mine["data"][0]["method"], "kerberos");
    assert_eq!(audited(&office, "success"), 1.0);

    // What discovery offers first.
    let told = office.server.call(Request::get("/api")).expect(200).json();
    let methods = told["data"]["sign_in_methods"].as_array().expect("methods");
    let kinds: Vec<_> = methods.iter().map(|method| &method["kind"]).collect();
    assert_eq!(kinds, ["kerberos", "password", "browser"]);

    // A password is as good as before, at the same address too.
    let body = json!({"user_id": "admin", "password": chancery_testkit::server::PASSWORD});
    let by_password = Request::new("PUT", LOGIN).json(&body);
    let _ = office.server.call(by_password).expect(200);
}

#[test]
fn a_token_lets_in_once_and_nobody_else() {
    let office = Office::open();
    let home = office.home();
    office
        .realm
        .log_on(ANN, ANNS_PASSWORD, &tickets(&home), "10h");
    let token = token_for(&home, "localhost");
    assert_eq!(sent(&office, &format!("Negotiate {token}")).status, 200);
    let said = refused(&office, &format!("Negotiate {token}"));
    assert!(said.contains("shown before"), "{said}");
    // Any other bytes in it.
    let fresh = token_for(&home, "localhost");
    let mut bytes = fresh.clone().into_bytes();
    let middle = bytes.len() / 2;
    bytes[middle] = if bytes[middle] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(bytes).expect("letters");
    refused(&office, &format!("Negotiate {forged}"));
    assert_eq!(audited(&office, "refused"), 2.0);
    assert_eq!(sent(&office, &format!("negotiate {fresh}")).status, 200);
}

#[test]
fn only_tickets_for_this_service_and_of_people_of_the_realm_let_in() {
    let office = Office::open();
    let home = office.home();
    let realm = &office.realm;
    // Another service of the realm, whose key this server does not have, and
    // one whose key is in the keytab and is no web service.
    let _ = realm.add_service("HTTP/other.localhost", "other.keytab");
    realm.log_on(ANN, ANNS_PASSWORD, &tickets(&home), "10h");
    let token = token_for(&home, "other.localhost");
    let said = refused(&office, &format!("Negotiate {token}"));
    assert!(said.contains("for another server"), "{said}");

    // In the realm, and not here.
    realm.add_person("bob", "a word of bob");
    realm.log_on("bob", "a word of bob", &tickets(&home), "10h");
    let (status, body, _) = curl(&home, &office.url(), &[]);
    assert_eq!(status, 401);
    assert!(
        body["error"]["code_message"]
            .as_str()
            .expect("words")
            .contains("no user of that name")
    );
    // Known here, and not a person's name in the realm.
    realm.add_person("ann/admin", "a third word");
    realm.log_on("ann/admin", "a third word", &tickets(&home), "10h");
    let (status, body, _) = curl(&home, &office.url(), &[]);
    assert_eq!(status, 401);
    assert!(
        body["error"]["code_message"]
            .as_str()
            .expect("words")
            .contains("not of a realm")
    );

    // A person who was disabled.
    let disabled = office.server.command(&["user", "disable", ANN]);
    assert!(disabled.status.success(), "{disabled:?}");
    realm.log_on(ANN, ANNS_PASSWORD, &tickets(&home), "10h");
    eventually("the server has heard of it", || {
        let (status, ..) = curl(&home, &office.url(), &[]);
        (status == 401).then_some(())
    });
}

#[test]
fn a_realm_that_is_not_named_is_another_firms() {
    // The same realm and keys, and a server that names another one.
    let realm = Realm::start();
    realm.add_person(ANN, ANNS_PASSWORD);
    let keytab = realm.add_service("HTTP/localhost", "http.keytab");
    let conf = realm.configuration();
    let text = format!(
        "[kerberos]\nkeytab = '{}'\nrealms = ['OTHER.TEST']\n",
        keytab.display()
    );
    let server = chancery_testkit::TestServer::surrounded(&text, &[("KRB5_CONFIG", &conf)]);
    let _ = server.add_person(ANN);
    let office = Office { realm, server };
    let home = office.home();
    office
        .realm
        .log_on(ANN, ANNS_PASSWORD, &tickets(&home), "10h");
    let (status, body, _) = curl(&home, &office.url(), &[]);
    assert_eq!(status, 401);
    assert!(
        body["error"]["code_message"]
            .as_str()
            .expect("words")
            .contains("not of a realm")
    );
}

#[test]
fn several_service_names_are_accepted_where_they_are_named_and_no_more() {
    let realm = Realm::start();
    realm.add_person(ANN, ANNS_PASSWORD);
    let keytab = realm.add_service("HTTP/localhost", "http.keytab");
    for more in ["HTTP/docs.localhost", "HTTP/old.localhost"] {
        let _ = realm.add_service(more, "http.keytab");
    }
    let server = trusting(
        &realm,
        &keytab,
        "services = ['HTTP/localhost', 'HTTP/docs.localhost']",
    );
    let _ = server.add_person(ANN);
    let office = Office { realm, server };
    let home = office.home();
    office
        .realm
        .log_on(ANN, ANNS_PASSWORD, &tickets(&home), "10h");
    for host in ["localhost", "docs.localhost"] {
        let token = token_for(&home, host);
        let answer = sent(&office, &format!("Negotiate {token}"));
        assert_eq!(answer.status, 200, "{host}: {}", answer.text());
    }
    let token = token_for(&home, "old.localhost");
    let said = refused(&office, &format!("Negotiate {token}"));
    assert!(said.contains("for another server"), "{said}");
}

#[test]
fn a_page_of_another_site_signs_nobody_in_with_a_browsers_ticket() {
    let office = Office::open();
    let home = office.home();
    office
        .realm
        .log_on(ANN, ANNS_PASSWORD, &tickets(&home), "10h");
    let elsewhere = ["--header", "Origin: https://evil.test"];
    let (status, body, _) = curl(&home, &office.url(), &elsewhere);
    assert_eq!(status, 403, "{body}");
    assert_eq!(audited(&office, "success"), 0.0);
    let own = format!("Origin: {}", office.url());
    let (status, body, _) = curl(&home, &office.url(), &["--header", &own]);
    assert_eq!(status, 200, "{body}");
}

#[test]
fn what_is_no_ticket_is_refused_each_with_its_reason() {
    let office = Office::open();
    // What Windows sends without a domain: NTLM, by itself.
    let ntlm = refused(
        &office,
        "Negotiate TlRMTVNTUAABAAAAl4II4gAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw==",
    );
    assert!(ntlm.starts_with("Only a Kerberos ticket"), "{ntlm}");
    for odd in [
        "Negotiate",
        "Negotiate ====",
        "Negotiate not base64 at all",
        "Negotiate YIIBAAYGKwYBBQUC",
        "Negotiate oRQwEqADCgEBoQsGCSqGSIL3EgECAg==",
    ] {
        let said = refused(&office, odd);
        assert!(said.contains("cannot be read"), "{odd}: {said}");
    }
    let huge = format!("Negotiate {}", "A".repeat(100_000));
    let said = refused(&office, &huge);
    assert!(said.contains("cannot be read"), "{said}");
    assert_eq!(audited(&office, "success"), 0.0);
    // Nobody else is locked out by all that.
    let _ = office.server.sign_in();
}

#[test]
fn a_clock_that_is_wrong_is_called_by_its_name() {
    let realm = Realm::start();
    realm.add_person(ANN, ANNS_PASSWORD);
    let keytab = realm.add_service("HTTP/localhost", "http.keytab");
    // A server that allows one second, and a token that lies for longer.
    let strict = realm.configure("strict.conf", "clockskew = 1");
    let text = format!(
        "[kerberos]\nkeytab = '{}'\nrealms = ['{}']\n",
        keytab.display(),
        chancery_testkit::realm::REALM
    );
    let server = chancery_testkit::TestServer::surrounded(&text, &[("KRB5_CONFIG", &strict)]);
    let _ = server.add_person(ANN);
    let office = Office { realm, server };
    let home = office.home();
    office
        .realm
        .log_on(ANN, ANNS_PASSWORD, &tickets(&home), "10h");
    let token = token_for(&home, "localhost");
    let taken = std::time::Instant::now();
    let said = eventually("the token is too old for that server", || {
        (taken.elapsed() > std::time::Duration::from_millis(2_500))
            .then(|| refused(&office, &format!("Negotiate {token}")))
    });
    assert!(said.contains("clocks"), "{said}");
}

#[test]
fn a_server_says_what_is_wrong_with_its_keytab_and_does_not_start() {
    let directory = tempfile::tempdir().expect("a directory");
    let started = |text: &str| {
        let file = directory.path().join("server.toml");
        std::fs::write(&file, text).expect("written");
        let output =
            std::process::Command::new(chancery_testkit::programs::program("chancery-server"))
                .args(["serve", "--listen", "127.0.0.1:0", "--config"])
                .arg(&file)
                .arg("--data")
                .arg(directory.path().join("data"))
                .output()
                .expect("it can be run");
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let missing = started("[kerberos]\nkeytab = 'missing.keytab'\nrealms = ['A.TEST']\n");
    assert!(
        missing.contains("missing.keytab") && missing.contains("No such file"),
        "{missing}"
    );
    std::fs::write(directory.path().join("odd.keytab"), b"no keys").expect("written");
    let odd = started("[kerberos]\nkeytab = 'odd.keytab'\nrealms = ['A.TEST']\n");
    assert!(odd.contains("odd.keytab"), "{odd}");
    let small = started("[kerberos]\nkeytab = 'odd.keytab'\nrealms = ['a.test']\n");
    assert!(
        small.contains("kerberos.realms") && small.contains("capitals"),
        "{small}"
    );
}
