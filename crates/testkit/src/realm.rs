//! A Kerberos realm of its own: MIT's key distribution centre on loopback.

use crate::waiting::eventually;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// The realm's name.
pub const REALM: &str = "CHANCERY.TEST";

/// A realm with its centre; ends with its value.
#[derive(Debug)]
pub struct Realm {
    directory: TempDir,
    address: SocketAddr,
    centre: Option<Child>,
}

impl Realm {
    /// A realm with nobody in it.
    ///
    /// # Panics
    /// When the centre does not start (packages `krb5-kdc`,
    /// `krb5-admin-server` and `krb5-user`).
    #[must_use]
    pub fn start() -> Self {
        let directory = tempfile::Builder::new()
            .prefix("chancery-realm-")
            .tempdir()
            .expect("a temporary directory");
        let place = directory.path();
        // Free now, and nobody else is given it within this moment.
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let centre = format!(
            "[kdcdefaults]\n kdc_listen = {address}\n kdc_tcp_listen = {address}\n\
             [realms]\n {REALM} = {{\n  database_name = {0}/principal\n  key_stash_file = {0}/stash\n  \
             acl_file = {0}/acl\n  max_life = 10h\n  max_renewable_life = 0s\n }}\n\
             [logging]\n kdc = FILE:{0}/kdc.log\n",
            place.display()
        );
        std::fs::write(place.join("kdc.conf"), centre).expect("a file can be written");
        let mut realm = Self {
            directory,
            address,
            centre: None,
        };
        realm.configure("krb5.conf", "");
        let made = realm.tool(
            "kdb5_util",
            &["create", "-s", "-P", "a master key", "-r", REALM],
        );
        assert!(made.status.success(), "{made:?}");
        realm.begin();
        realm
    }

    /// Writes what programs of the realm read, with `more` among the defaults,
    /// and gives its path (for `KRB5_CONFIG`).
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn configure(&self, name: &str, more: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        write_configuration(&path, REALM, self.address, more);
        path
    }

    /// What programs of the realm read.
    #[must_use]
    pub fn configuration(&self) -> PathBuf {
        self.directory.path().join("krb5.conf")
    }

    /// Starts the centre again.
    ///
    /// # Panics
    /// When it does not start.
    pub fn begin(&mut self) {
        let child = Command::new("/usr/sbin/krb5kdc")
            .args(["-n", "-r", REALM])
            .env("KRB5_CONFIG", self.configuration())
            .env("KRB5_KDC_PROFILE", self.directory.path().join("kdc.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("krb5kdc can be run; it comes with the package krb5-kdc");
        self.centre = Some(child);
        eventually("the realm's centre answers", || {
            TcpStream::connect(self.address).ok().map(drop)
        });
    }

    /// Ends the centre: nobody gets a ticket any more.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.centre.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Adds a person.
    ///
    /// # Panics
    /// When that fails.
    pub fn add_person(&self, name: &str, password: &str) {
        self.administer(&format!("addprinc -pw \"{password}\" {name}"));
    }

    /// Adds a service, and its key to a keytab, whose path this gives.
    ///
    /// # Panics
    /// When that fails.
    #[must_use]
    pub fn add_service(&self, service: &str, keytab: &str) -> PathBuf {
        let path = self.directory.path().join(keytab);
        self.administer(&format!("addprinc -randkey {service}"));
        self.administer(&format!("ktadd -k {} {service}", path.display()));
        path
    }

    fn administer(&self, query: &str) {
        let done = self.tool("kadmin.local", &["-r", REALM, "-q", query]);
        let said = String::from_utf8_lossy(&done.stderr);
        // It says that it went wrong, and ends well all the same.
        let is_good = done.status.success() && !said.contains("while ");
        assert!(is_good, "{query}: {said}");
    }

    fn tool(&self, name: &str, words: &[&str]) -> Output {
        Command::new(Path::new("/usr/sbin").join(name))
            .args(words)
            .env("KRB5_CONFIG", self.configuration())
            .env("KRB5_KDC_PROFILE", self.directory.path().join("kdc.conf"))
            .stdin(Stdio::null())
            .output()
            .expect("it comes with the packages krb5-kdc and krb5-admin-server")
    }

    /// What a program needs around it to use the tickets in that file.
    #[must_use]
    pub fn settings(&self, tickets: &Path) -> [(&'static str, PathBuf); 2] {
        let cache = PathBuf::from(format!("FILE:{}", tickets.display()));
        [("KRB5_CONFIG", self.configuration()), ("KRB5CCNAME", cache)]
    }

    /// Logs a person on: their ticket is in that file then, for as long
    /// (`kinit -l`: `10h`, `2s`).
    ///
    /// # Panics
    /// When that fails.
    pub fn log_on(&self, name: &str, password: &str, tickets: &Path, life: &str) {
        kinit(name, password, life, &self.settings(tickets));
    }

    /// Whether the tickets in that file are good still.
    #[must_use]
    pub fn is_logged_on(&self, tickets: &Path) -> bool {
        let shown = Command::new("klist")
            .arg("-s")
            .envs(self.settings(tickets))
            .status();
        shown.is_ok_and(|status| status.success())
    }
}

impl Drop for Realm {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What programs of a realm read, with `more` among the defaults.
pub(crate) fn write_configuration(path: &Path, realm: &str, centre: SocketAddr, more: &str) {
    let mut text = format!(
        "[libdefaults]\n default_realm = {realm}\n dns_lookup_kdc = false\n dns_lookup_realm = false\n \
         rdns = false\n dns_canonicalize_hostname = false\n udp_preference_limit = 1\n"
    );
    if !more.is_empty() {
        let _ = writeln!(text, " {more}");
    }
    let _ = write!(
        text,
        "[realms]\n {realm} = {{\n  kdc = {centre}\n }}\n[domain_realm]\n localhost = {realm}\n .localhost = {realm}\n"
    );
    std::fs::write(path, text).expect("a file can be written");
}

/// Logs a person on, with these surroundings.
pub(crate) fn kinit(name: &str, password: &str, life: &str, settings: &[(&str, PathBuf)]) {
    let mut kinit = Command::new("kinit")
        .args(["-l", life, name])
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kinit can be run; it comes with the package krb5-user");
    let mut stdin = kinit.stdin.take().expect("piped");
    writeln!(stdin, "{password}").expect("it reads its input");
    drop(stdin);
    let done = kinit.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
}
