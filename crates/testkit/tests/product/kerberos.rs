//! Trusted sign-in against a real realm: MIT's key distribution centre, real
//! tickets, and `curl` as a client that we did not write.

mod directory;
mod office;
mod server;
mod windows;

use chancery_testkit::{Realm, TestHome, TestServer};
use std::path::PathBuf;

const ANN: &str = "ann";
const ANNS_PASSWORD: &str = "nine boats in the fog";

/// A realm with a server in it and a person who is known in both.
struct Office {
    realm: Realm,
    server: TestServer,
}

impl Office {
    fn open() -> Self {
        Self::with("")
    }

    /// `more` stands in the server's section `[kerberos]`.
    fn with(more: &str) -> Self {
        let realm = Realm::start();
        realm.add_person(ANN, ANNS_PASSWORD);
        let keytab = realm.add_service("HTTP/localhost", "http.keytab");
        let server = trusting(&realm, &keytab, more);
        let _ = server.add_person(ANN);
        Self { realm, server }
    }

    /// The server by the name that tickets are for.
    fn url(&self) -> String {
        format!("http://localhost:{}", self.server.address().port())
    }

    /// A person's home on a machine of the realm; nobody is logged on yet.
    fn home(&self) -> TestHome {
        let mut home = TestHome::without_keyring();
        let tickets = tickets(&home);
        for (name, value) in self.realm.settings(&tickets) {
            home.set(name, &value);
        }
        home
    }
}

/// Where a home's tickets are.
fn tickets(home: &TestHome) -> PathBuf {
    home.path().join("tickets")
}

/// A server that trusts the realm.
fn trusting(realm: &Realm, keytab: &std::path::Path, more: &str) -> TestServer {
    let configuration = format!(
        "[kerberos]\nkeytab = '{}'\nrealms = ['{}']\n{more}\n",
        keytab.display(),
        chancery_testkit::realm::REALM
    );
    let conf = realm.configuration();
    let memory = realm.configuration().with_file_name("used-tickets");
    let memory = PathBuf::from(format!("file2:{}", memory.display()));
    let settings = [
        ("KRB5_CONFIG", conf.as_path()),
        ("KRB5RCACHENAME", memory.as_path()),
    ];
    TestServer::surrounded(&configuration, &settings)
}
