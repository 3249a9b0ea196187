//! A firm's own authority, and a server that it vouches for.

use crate::server::TestServer;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use std::path::PathBuf;

/// Files of a firm's own authority, and of a server it vouches for.
#[derive(Debug)]
pub struct Papers {
    directory: tempfile::TempDir,
}

impl Papers {
    /// For a server on this machine.
    ///
    /// # Panics
    /// When they cannot be written.
    #[must_use]
    pub fn drawn_up() -> Self {
        Self::drawn_up_for("localhost")
    }

    /// For a server on this machine, until the beginning of a day written as
    /// `2027-02-28`.
    ///
    /// # Panics
    /// When they cannot be written.
    #[must_use]
    pub fn good_until(day: &str) -> Self {
        Self::drawn("localhost", Some(day))
    }

    /// For a server of that name.
    ///
    /// # Panics
    /// When they cannot be written.
    #[must_use]
    pub fn drawn_up_for(name: &str) -> Self {
        Self::drawn(name, None)
    }

    fn drawn(name: &str, until: Option<&str>) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let mut firm = CertificateParams::default();
        // Whose papers have the same name as the firm's are taken for the firm's own.
        firm.distinguished_name
            .push(DnType::CommonName, "The firm's own authority");
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
    #[must_use]
    pub fn firm(&self) -> String {
        self.path("firm.pem").display().to_string()
    }

    /// The certificate and the key of the server that is vouched for.
    #[must_use]
    pub fn of_server(&self) -> (String, String) {
        let path = |name| self.path(name).display().to_string();
        (path("server.pem"), path("server.key"))
    }

    /// A server with these papers, started.
    ///
    /// # Panics
    /// As [`TestServer::start`].
    #[must_use]
    pub fn server(&self) -> TestServer {
        TestServer::configured(&format!(
            "[tls]\ncert = {:?}\nkey = {:?}\n",
            self.path("server.pem"),
            self.path("server.key")
        ))
    }
}
