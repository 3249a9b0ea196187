//! The configuration: a TOML file, and what the command line puts over it.

pub(crate) use crate::config_error::ConfigError;
use crate::session_store::Sessions;
use chancery_proto::level::ApiLevel;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where the server listens unless it is told otherwise.
pub(crate) const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8480);

/// Everything that can be configured. An unknown name is a mistake.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Where to listen, `127.0.0.1:8480` by default.
    pub(crate) listen: Option<SocketAddr>,
    /// Where health and metrics are, when the main listener is not on loopback.
    pub(crate) admin_listen: Option<SocketAddr>,
    /// The data directory.
    pub(crate) data: Option<PathBuf>,
    /// Certificate and key.
    pub(crate) tls: Tls,
    /// Trusted sign-in.
    pub(crate) kerberos: Option<Kerberos>,
    /// The ways to sign in.
    pub(crate) sign_in: SignIn,
    /// Where sessions live.
    pub(crate) sessions: Sessions,
    /// What one person may take.
    pub(crate) limits: Limits,
    /// Behaving like an older server.
    pub(crate) compat: Compat,
}

/// What one person may take of the server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    /// So many requests a minute; 0 is no limit.
    pub(crate) requests_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_minute: 6_000_000,
        }
    }
}

/// Trusted sign-in: people with a ticket of a realm sign in without a password.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kerberos {
    /// The file with the keys of this server's services.
    pub(crate) keytab: PathBuf,
    /// The realms whose people are this server's users of the same name.
    pub(crate) realms: Vec<String>,
    /// The services for which tickets are accepted, like `HTTP/docs.example.com`;
    /// where none is named, every `HTTP/` service of the keytab.
    #[serde(default)]
    pub(crate) services: Vec<String>,
}

/// The ways to sign in that applications are told of.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SignIn {
    /// In the order of preference. A ticket is only offered where `kerberos` is
    /// configured.
    pub(crate) methods: Vec<Method>,
}

impl Default for SignIn {
    fn default() -> Self {
        Self {
            methods: vec![Method::Kerberos, Method::Password, Method::Browser],
        }
    }
}

/// A way to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Method {
    /// With a ticket: nobody is asked.
    Kerberos,
    /// On this server's page in the browser.
    Browser,
    /// With a password in the application.
    Password,
}

impl Method {
    /// The word that travels.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Kerberos => "kerberos",
            Self::Browser => "browser",
            Self::Password => "password",
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Tls {
    /// PEM file with the certificate and those above it, the server's own first.
    pub(crate) cert: Option<PathBuf>,
    /// PEM file with the private key.
    pub(crate) key: Option<PathBuf>,
    /// Something in front of the server speaks TLS, so that it may listen
    /// without it where others can reach it.
    pub(crate) terminated_in_front: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Compat {
    /// The level to answer as, for example `10.3.4`.
    pub(crate) api_level: Level,
}

/// An API level as it is configured.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Level(pub(crate) ApiLevel);

impl Default for Level {
    fn default() -> Self {
        Self(ApiLevel::CURRENT)
    }
}

impl TryFrom<String> for Level {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match ApiLevel::parse(&text) {
            Some(level) if level <= ApiLevel::CURRENT => Ok(Self(level)),
            Some(_) => Err(format!(
                "this server speaks level {} at most",
                ApiLevel::CURRENT
            )),
            None => Err("a level is written like 10.3.4".to_owned()),
        }
    }
}

impl Config {
    /// Reads the file, if there is one.
    pub(crate) fn read(path: Option<&Path>) -> Result<Self, ConfigError> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Unreadable(path.to_owned(), error))?;
        let mut config: Self = toml::from_str(&text)
            .map_err(|error| ConfigError::Mistake(path.to_owned(), Box::new(error)))?;
        // Paths in the file are meant from where the file is.
        let base = path.parent().unwrap_or(Path::new("."));
        let keytab = config
            .kerberos
            .as_mut()
            .map(|kerberos| &mut kerberos.keytab);
        for inside in [&mut config.data, &mut config.tls.cert, &mut config.tls.key]
            .into_iter()
            .flatten()
            .chain(keytab)
            .chain(config.sessions.paths())
        {
            *inside = base.join(&*inside);
        }
        Ok(config)
    }

    pub(crate) fn listen(&self) -> SocketAddr {
        self.listen.unwrap_or(DEFAULT_LISTEN)
    }

    /// Certificate and key, both or neither.
    pub(crate) fn certificate(&self) -> Result<Option<(&Path, &Path)>, ConfigError> {
        match (&self.tls.cert, &self.tls.key) {
            (Some(cert), Some(key)) => Ok(Some((cert, key))),
            (None, None) => Ok(None),
            _ => Err(ConfigError::Contradiction(
                "tls.cert and tls.key belong together: set both, or neither.".to_owned(),
            )),
        }
    }

    /// Whether callers reach this server with TLS.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.tls.cert.is_some() || self.tls.terminated_in_front
    }

    /// What must not be: passwords in clear where others can listen, and
    /// operation's pages where everybody can read them.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let listen = self.listen();
        self.certificate()?;
        if !listen.ip().is_loopback() && !self.is_encrypted() {
            return Err(ConfigError::Contradiction(format!(
                "{listen} can be reached from other machines, and without TLS passwords would cross the network in clear. \
                 Set tls.cert and tls.key, or listen on 127.0.0.1; if a proxy in front speaks TLS, set tls.terminated_in_front = true."
            )));
        }
        self.sessions.check()?;
        let methods = &self.sign_in.methods;
        for (index, method) in methods.iter().enumerate() {
            if methods[..index].contains(method) {
                return Err(ConfigError::Contradiction(format!(
                    "sign_in.methods names {} twice. Name each way once, the preferred one first.",
                    method.as_str()
                )));
            }
        }
        if !methods.iter().any(|method| *method != Method::Kerberos) {
            return Err(ConfigError::Contradiction(
                "sign_in.methods leaves no way in for whoever has no ticket. Name password or browser, or both.".to_owned(),
            ));
        }
        for service in self.kerberos.iter().flat_map(|kerberos| &kerberos.services) {
            let host = service.strip_prefix("HTTP/").unwrap_or_default();
            if host.is_empty() || host.contains(['/', '@']) {
                return Err(ConfigError::Contradiction(format!(
                    "kerberos.services: “{service}” is no web service. It is written like HTTP/docs.example.com, without a realm."
                )));
            }
        }
        if let Some(admin) = self.admin_listen
            && !admin.ip().is_loopback()
            && !self.tls.terminated_in_front
        {
            return Err(ConfigError::Contradiction(format!(
                "admin_listen {admin} can be reached from other machines. Health and metrics have no sign-in; listen on 127.0.0.1."
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Config;
    use chancery_proto::level::ApiLevel;

    fn read(text: &str) -> Result<Config, String> {
        let config: Config = toml::from_str(text).map_err(|error| error.to_string())?;
        config.check().map_err(|error| error.to_string())?;
        Ok(config)
    }

    #[test]
    fn the_level_and_the_certificate_are_read() {
        let config = read("[compat]\napi_level = '10.3.4'\n").expect("a configuration");
        assert_eq!(config.compat.api_level.0, ApiLevel(10, 3, 4));
        assert_eq!(
            read("").expect("empty").compat.api_level.0,
            ApiLevel::CURRENT
        );
    }

    #[test]
    fn mistakes_are_said_with_the_name() {
        for (text, part) in [
            ("lisen = '127.0.0.1:1'", "lisen"),
            ("[compat]\napi_level = 'ten'", "10.3.4"),
            ("[compat]\napi_level = '11.0.0'", "10.4.5"),
            ("[tls]\ncert = 'a.pem'", "tls.key"),
            ("listen = '0.0.0.0:80'", "passwords"),
            ("admin_listen = '0.0.0.0:80'", "admin_listen"),
            ("[sign_in]\nmethods = ['passwort']", "passwort"),
            ("[sign_in]\nmethods = ['kerberos']", "sign_in.methods"),
            (
                "[sign_in]\nmethods = ['password', 'password']",
                "sign_in.methods",
            ),
            ("[kerberos]\nrealms = ['A']", "keytab"),
            ("[kerberos]\nkeytab = 'k'", "realms"),
            (
                "[kerberos]\nkeytab = 'k'\nrealms = ['A']\nservices = ['HTTP/a@A']",
                "kerberos.services",
            ),
        ] {
            let error = read(text).expect_err("a mistake");
            assert!(error.contains(part), "{error}");
        }
    }
}
