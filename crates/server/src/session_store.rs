//! Where sessions live, as it is configured.

use crate::config_error::ConfigError;
use chancery_identity::{
    Keeping, RedisAddress, RedisLogin, RedisSentinels, RedisSettings, RedisTls,
};
use chancery_proto::secret::Secret;
use serde::Deserialize;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Redis's port unless another one is named.
const PORT: u16 = 6379;
/// The Sentinels'.
const SENTINEL_PORT: u16 = 26379;

/// Where sessions live.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Sessions {
    /// In Redis or Valkey; without it in this process.
    pub(crate) redis: Option<Redis>,
}

/// A shared store of sessions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Redis {
    /// Redis's address, or several of which one is the master; with
    /// `sentinel_master` those of the Sentinels.
    addresses: Vec<String>,
    /// What the Sentinels call the master.
    sentinel_master: Option<String>,
    /// The ACL user, and the file with their password.
    user: Option<String>,
    password_file: Option<PathBuf>,
    /// The same for the Sentinels.
    sentinel_user: Option<String>,
    sentinel_password_file: Option<PathBuf>,
    /// TLS, to the Sentinels too.
    #[serde(default)]
    tls: bool,
    /// PEM files: the authorities that are believed instead of the system's, and
    /// this server's own certificate where Redis asks for one.
    tls_authorities: Option<PathBuf>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    /// The number of the database in Redis.
    #[serde(default)]
    database: u16,
    /// What every key begins with.
    #[serde(default = "usual_prefix")]
    prefix: String,
}

fn usual_prefix() -> String {
    "chancery".to_owned()
}

fn contradiction(text: impl Into<String>) -> ConfigError {
    ConfigError::Contradiction(text.into())
}

/// `host`, `host:port`, `[address]:port` or an address of IPv6 alone.
fn address(text: &str, port: u16) -> Option<RedisAddress> {
    let here = |host: &str, port| {
        let fits = !host.is_empty() && !host.contains(['/', '@', ' ', '[', ']']);
        fits.then(|| RedisAddress {
            host: host.to_owned(),
            port,
        })
    };
    if text.parse::<IpAddr>().is_ok() {
        return here(text, port);
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok().filter(|port| *port > 0)?),
        None => (text, port),
    };
    match host.strip_prefix('[') {
        Some(six) => here(six.strip_suffix(']')?, port),
        None if host.contains(':') => None,
        None => here(host, port),
    }
}

impl Sessions {
    /// The paths that are meant from where the configuration is.
    pub(crate) fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        self.redis.iter_mut().flat_map(|redis| {
            [
                &mut redis.password_file,
                &mut redis.sentinel_password_file,
                &mut redis.tls_authorities,
                &mut redis.tls_cert,
                &mut redis.tls_key,
            ]
            .into_iter()
            .flatten()
        })
    }

    /// What must not be.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        match &self.redis {
            Some(redis) => redis.check(),
            None => Ok(()),
        }
    }

    /// Whether several servers may share the data.
    pub(crate) fn are_shared(&self) -> bool {
        self.redis.is_some()
    }

    /// As `identity` wants it; reads the files.
    pub(crate) fn keeping(&self) -> Result<Keeping, ConfigError> {
        match &self.redis {
            Some(redis) => Ok(Keeping::Redis(Box::new(redis.settings()?))),
            None => Ok(Keeping::Embedded),
        }
    }
}

impl Redis {
    fn parsed(&self) -> Result<Vec<RedisAddress>, ConfigError> {
        let port = if self.sentinel_master.is_some() {
            SENTINEL_PORT
        } else {
            PORT
        };
        let parsed = self.addresses.iter().map(|text| {
            address(text, port).ok_or_else(|| {
                contradiction(format!(
                    "sessions.redis.addresses: “{text}” is no address. It is written like redis.example.com:{port}."
                ))
            })
        });
        parsed.collect()
    }

    fn check(&self) -> Result<(), ConfigError> {
        if self.addresses.is_empty() {
            return Err(contradiction(
                "sessions.redis.addresses is empty. Name Redis's address, for example [\"127.0.0.1:6379\"].",
            ));
        }
        self.parsed()?;
        let fits = |letter: char| letter.is_ascii_alphanumeric() || ".-_".contains(letter);
        if !(1..=32).contains(&self.prefix.len()) || !self.prefix.chars().all(fits) {
            return Err(contradiction(
                "sessions.redis.prefix has 1 to 32 letters, digits, dots, hyphens and underscores.",
            ));
        }
        for (user, password, name) in [
            (&self.user, &self.password_file, ""),
            (
                &self.sentinel_user,
                &self.sentinel_password_file,
                "sentinel_",
            ),
        ] {
            if user.is_some() && password.is_none() {
                return Err(contradiction(format!(
                    "sessions.redis.{name}user needs sessions.redis.{name}password_file: the file with their password."
                )));
            }
        }
        let of_sentinels = self.sentinel_user.is_some() || self.sentinel_password_file.is_some();
        if of_sentinels && self.sentinel_master.is_none() {
            return Err(contradiction(
                "sessions.redis.sentinel_password_file is of no use without sessions.redis.sentinel_master.",
            ));
        }
        let of_tls = [&self.tls_authorities, &self.tls_cert, &self.tls_key];
        if !self.tls && of_tls.into_iter().any(Option::is_some) {
            return Err(contradiction(
                "sessions.redis.tls_authorities, tls_cert and tls_key are of no use without sessions.redis.tls = true.",
            ));
        }
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            return Err(contradiction(
                "sessions.redis.tls_cert and sessions.redis.tls_key belong together: set both, or neither.",
            ));
        }
        Ok(())
    }

    fn settings(&self) -> Result<RedisSettings, ConfigError> {
        let login = |user: &Option<String>, file: &Option<PathBuf>| {
            let password = file.as_deref().map(read_password).transpose()?;
            Ok::<_, ConfigError>(RedisLogin {
                user: user.clone(),
                password,
            })
        };
        let sentinels = match &self.sentinel_master {
            Some(master) => Some(RedisSentinels {
                master: master.clone(),
                login: login(&self.sentinel_user, &self.sentinel_password_file)?,
            }),
            None => None,
        };
        let own = match (&self.tls_cert, &self.tls_key) {
            (Some(cert), Some(key)) => Some((read(cert)?, read_text(key)?)),
            _ => None,
        };
        let tls = RedisTls {
            authorities: self.tls_authorities.as_deref().map(read).transpose()?,
            own,
        };
        let addresses = self.parsed()?;
        let is_near = |address: &RedisAddress| {
            address.host == "localhost"
                || address
                    .host
                    .parse::<IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        };
        if !self.tls && !addresses.iter().all(is_near) {
            tracing::warn!(
                "sessions.redis: Redis is on another machine and TLS is off; its password crosses the network in clear"
            );
        }
        Ok(RedisSettings {
            addresses,
            sentinels,
            login: login(&self.user, &self.password_file)?,
            tls: self.tls.then_some(tls),
            database: self.database,
            prefix: self.prefix.clone(),
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ConfigError> {
    std::fs::read(path).map_err(|error| ConfigError::Unreadable(path.to_owned(), error))
}

fn read_text(path: &Path) -> Result<Secret, ConfigError> {
    let text = std::fs::read_to_string(path);
    text.map(Secret::from)
        .map_err(|error| ConfigError::Unreadable(path.to_owned(), error))
}

/// The first line.
fn read_password(path: &Path) -> Result<Secret, ConfigError> {
    let text = read_text(path)?;
    let line = text.reveal().lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(contradiction(format!(
            "{} has no password in its first line.",
            path.display()
        )));
    }
    Ok(Secret::from(line))
}

#[cfg(test)]
mod tests {
    use super::{PORT, Sessions, address};

    #[test]
    fn addresses_are_read_as_people_write_them() {
        let told = |text| address(text, PORT).map(|address| address.to_string());
        for (text, read) in [
            ("redis.example.com", "redis.example.com:6379"),
            ("redis.example.com:7000", "redis.example.com:7000"),
            ("10.0.0.5", "10.0.0.5:6379"),
            ("::1", "[::1]:6379"),
            ("[::1]:7000", "[::1]:7000"),
        ] {
            assert_eq!(told(text).as_deref(), Some(read));
        }
        for text in [
            "",
            ":6379",
            "a:0",
            "a:b",
            "a:70000",
            "redis://a",
            "a b",
            "[::1",
            "a:1:2",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
    }

    #[test]
    fn mistakes_are_said_with_the_name() {
        for (text, part) in [
            ("addresses = []", "addresses is empty"),
            ("addresses = ['redis://a']", "redis://a"),
            ("addresses = ['a']\nprefix = 'a b'", "prefix"),
            ("addresses = ['a']\nuser = 'u'", "redis.password_file"),
            (
                "addresses = ['a']\nsentinel_user = 'u'",
                "sentinel_password_file",
            ),
            (
                "addresses = ['a']\nsentinel_password_file = 'u'",
                "sentinel_master",
            ),
            (
                "addresses = ['a']\ntls_authorities = 'ca.pem'",
                "tls = true",
            ),
            (
                "addresses = ['a']\ntls = true\ntls_cert = 'c.pem'",
                "tls_key",
            ),
            ("adresses = ['a']", "adresses"),
            ("addresses = ['a']\ndatabase = -1", "database"),
        ] {
            let read = toml::from_str::<Sessions>(&format!("[redis]\n{text}"));
            let error = match read {
                Ok(sessions) => sessions.check().expect_err("a mistake").to_string(),
                Err(error) => error.to_string(),
            };
            assert!(error.contains(part), "{error}");
        }
        let good: Sessions =
            toml::from_str("[redis]\naddresses = ['a', '10.0.0.5:1']").expect("reads");
        good.check().expect("nothing to say");
    }
}
