//! A firm's own authority, and a server that it vouches for.

use chancery_testkit::TestHome;
use chancery_testkit::home::Said;
use chancery_testkit::programs::program;
use chancery_testkit::server::{ADMIN, PASSWORD, TestServer};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

/// Files of a firm's own authority, and of a server it vouches for.
pub(crate) struct Papers {
    directory: tempfile::TempDir,
}

impl Papers {
    /// For a server on this machine.
    pub(crate) fn drawn_up() -> Self {
        Self::drawn_up_for("localhost")
    }

    /// For a server on this machine, until the beginning of a day written as
    /// `2027-02-28`.
    pub(crate) fn good_until(day: &str) -> Self {
        Self::drawn("localhost", Some(day))
    }

    /// For a server of that name.
    pub(crate) fn drawn_up_for(name: &str) -> Self {
        Self::drawn(name, None)
    }

    fn drawn(name: &str, until: Option<&str>) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let mut firm = CertificateParams::default();
        firm.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let firm = CertifiedIssuer::self_signed(firm, key).expect("an authority");
        let mut server = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        if let Some(day) = until {
            let part = |from, to| -> u8 { day[from..to].parse().expect("a number") };
            let year = day[..4].parse().expect("a year");
            server.not_after = rcgen::date_time_ymd(year, part(5, 7), part(8, 10));
        }
        let key = KeyPair::generate().expect("a key");
        let certificate = server.signed_by(&key, &firm).expect("a certificate");
        let papers = Self { directory };
        std::fs::write(papers.path("firm.pem"), firm.pem()).expect("written");
        std::fs::write(papers.path("server.pem"), certificate.pem()).expect("written");
        std::fs::write(papers.path("server.key"), key.serialize_pem()).expect("written");
        papers
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The authority's certificate, for `SSL_CERT_FILE`.
    pub(crate) fn firm(&self) -> String {
        self.path("firm.pem").display().to_string()
    }

    pub(crate) fn server(&self) -> TestServer {
        TestServer::configured(&format!(
            "[tls]\ncert = {:?}\nkey = {:?}\n",
            self.path("server.pem"),
            self.path("server.key")
        ))
    }
}

/// `chancery connect`, as the administrator, in a home whose system has these
/// settings. They are the agent's from then on.
pub(crate) fn connect(home: &TestHome, settings: &[(&str, &str)], address: &str) -> Said {
    let mut child = home
        .command(&program("chancery"))
        .args([
            "connect",
            address,
            "--user",
            ADMIN,
            "--password-stdin",
            "--json",
        ])
        .envs(settings.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("chancery runs");
    if let Some(mut input) = child.stdin.take() {
        writeln!(input, "{PASSWORD}").expect("written");
    }
    let output = child.wait_with_output().expect("chancery ends");
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
