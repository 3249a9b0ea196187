//! An Active Directory of its own: Samba as the domain's controller, on
//! loopback. Its ports are fixed and below 1024, so it runs as root, and one at
//! a time.

use crate::realm::{kinit, write_configuration};
use crate::waiting::{PATIENCE, eventually};
use std::fs::File;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The domain's realm.
pub const REALM: &str = "FIRM.TEST";
const DOMAIN: &str = "FIRM";
/// Where every controller has its key distribution centre.
const CENTRE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 88);
/// Good enough for the rules of a domain.
const ADMINISTRATOR: &str = "Seven-lamps-1";

/// A domain with its controller; ends with its value.
#[derive(Debug)]
pub struct Directory {
    place: TempDir,
    controller: Child,
    /// Held as long as it runs.
    _turn: File,
}

impl Directory {
    /// A domain with nobody in it but its administrator.
    ///
    /// # Panics
    /// When this is not root, or the controller does not start (packages
    /// `samba`, `samba-ad-dc`, `samba-ad-provision`, `samba-dsdb-modules`,
    /// `samba-vfs-modules` and `winbind`).
    #[must_use]
    pub fn start() -> Self {
        let turn = File::create(std::env::temp_dir().join("chancery-directory.turn"))
            .expect("a file can be made");
        turn.lock().expect("the ports are free in the end");
        let place = tempfile::Builder::new()
            .prefix("chancery-directory-")
            .tempdir()
            .expect("a temporary directory");
        let made = Command::new("samba-tool")
            .args([
                "domain",
                "provision",
                "--server-role=dc",
                "--dns-backend=NONE",
            ])
            .args([&format!("--realm={REALM}"), &format!("--domain={DOMAIN}")])
            .arg(format!("--adminpass={ADMINISTRATOR}"))
            .arg(format!("--targetdir={}", place.path().display()))
            .args([
                "--option=interfaces=lo",
                "--option=bind interfaces only=yes",
            ])
            .stdin(Stdio::null())
            .output()
            .expect("samba-tool can be run; it comes with the package samba");
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{said}");
        write_configuration(&place.path().join("krb5.conf"), REALM, CENTRE, "");
        let controller = Command::new("samba")
            .args(["--interactive", "--model=single", "--configfile"])
            .arg(place.path().join("etc/smb.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("samba can be run; it comes with the package samba-ad-dc");
        let directory = Self {
            place,
            controller,
            _turn: turn,
        };
        eventually("the domain's controller answers", || {
            let short = Duration::from_secs(1).min(PATIENCE);
            TcpStream::connect_timeout(&CENTRE, short).ok().map(drop)
        });
        directory
    }

    /// Adds a person.
    ///
    /// # Panics
    /// When that fails.
    pub fn add_person(&self, name: &str, password: &str) {
        self.done(&["user", "create", name, password]);
    }

    /// Adds a service with an account of its own, and its key to a keytab,
    /// whose path this gives.
    ///
    /// # Panics
    /// When that fails.
    #[must_use]
    pub fn add_service(&self, service: &str, account: &str) -> PathBuf {
        let path = self.place.path().join("service.keytab");
        self.done(&["user", "create", account, "--random-password"]);
        self.done(&["spn", "add", service, account]);
        let keytab = path.display().to_string();
        let principal = format!("--principal={service}");
        self.done(&["domain", "exportkeytab", &keytab, &principal]);
        path
    }

    /// What programs of the domain read.
    #[must_use]
    pub fn configuration(&self) -> PathBuf {
        self.place.path().join("krb5.conf")
    }

    /// What a program needs around it to use the tickets in that file.
    #[must_use]
    pub fn settings(&self, tickets: &Path) -> [(&'static str, PathBuf); 2] {
        let cache = PathBuf::from(format!("FILE:{}", tickets.display()));
        [("KRB5_CONFIG", self.configuration()), ("KRB5CCNAME", cache)]
    }

    /// Logs a person on: their ticket is in that file then.
    ///
    /// # Panics
    /// When that fails.
    pub fn log_on(&self, name: &str, password: &str, tickets: &Path) {
        kinit(name, password, "10h", &self.settings(tickets));
    }

    #[track_caller]
    fn done(&self, words: &[&str]) {
        let output: Output = Command::new("samba-tool")
            .args(words)
            .arg(format!(
                "--configfile={}",
                self.place.path().join("etc/smb.conf").display()
            ))
            .stdin(Stdio::null())
            .output()
            .expect("samba-tool can be run");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {said}");
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = Command::new("kill")
            .arg(self.controller.id().to_string())
            .status();
        // It has programs of its own to end.
        let ended = eventually_ended(&mut self.controller);
        if !ended {
            let _ = self.controller.kill();
            let _ = self.controller.wait();
        }
    }
}

fn eventually_ended(child: &mut Child) -> bool {
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while std::time::Instant::now() < deadline {
        if matches!(child.try_wait(), Ok(Some(_)) | Err(_)) {
            return true;
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
    false
}
