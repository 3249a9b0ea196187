//! Redis, and Valkey, which speaks the same: connections and the few commands
//! that sessions need. The only room that names the library.

mod connecting;
mod connection;

pub(crate) use connecting::connect;
pub(crate) use connection::{Connection, Gone, Heard, Keys, Noted};

use chancery_proto::secret::Secret;
use std::fmt;
use std::time::Duration;

/// Every command is answered within that time, or has failed.
pub(crate) const DEADLINE: Duration = Duration::from_millis(300);

/// Where Redis is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisAddress {
    /// Name or IP address.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Who this server is to Redis.
#[derive(Debug, Clone, Default)]
pub struct RedisLogin {
    /// The ACL user; Redis's default user where there is none.
    pub user: Option<String>,
    /// Their password.
    pub password: Option<Secret>,
}

/// Sentinels that know which Redis is the master.
#[derive(Debug, Clone)]
pub struct RedisSentinels {
    /// What the Sentinels call the master.
    pub master: String,
    /// Who this server is to them.
    pub login: RedisLogin,
}

/// TLS to Redis, and to the Sentinels.
#[derive(Debug, Clone, Default)]
pub struct RedisTls {
    /// PEM with the authorities that are believed, instead of the system's.
    pub authorities: Option<Vec<u8>>,
    /// PEM with this server's own certificate and key, where Redis asks for them.
    pub own: Option<(Vec<u8>, Secret)>,
}

/// How Redis is reached.
#[derive(Debug, Clone)]
pub struct RedisSettings {
    /// Redis's address, or several of which one is the master; with `sentinels`
    /// those of the Sentinels.
    pub addresses: Vec<RedisAddress>,
    /// Whom to ask which Redis is the master.
    pub sentinels: Option<RedisSentinels>,
    /// Who this server is to Redis.
    pub login: RedisLogin,
    /// Where TLS is spoken.
    pub tls: Option<RedisTls>,
    /// The number of the database in Redis, 0 unless configured.
    pub database: u16,
    /// What every key begins with.
    pub prefix: String,
}

/// Why there is no connection; for the administrator.
#[derive(Debug, thiserror::Error)]
pub enum RedisTrouble {
    /// Nobody answers, or the TLS handshake fails.
    #[error("{0} cannot be reached: {1}")]
    NotReached(RedisAddress, String),
    /// It answers, and refuses.
    #[error("{0} refuses: {1}")]
    Refused(RedisAddress, String),
    /// It is a replica.
    #[error("{0} is a replica, and not the master")]
    NoMaster(RedisAddress),
    /// It is too old.
    #[error("{0} is version {1}; it has to be Redis 6.2 or Valkey 7.2 at least")]
    TooOld(RedisAddress, String),
    /// A Sentinel does not know the master.
    #[error("the Sentinel {0} knows no master called “{1}”")]
    UnknownMaster(RedisAddress, String),
    /// A PEM file is none.
    #[error("the certificates for Redis cannot be used: {0}")]
    Certificates(String),
    /// No address was given.
    #[error("no address of Redis is configured")]
    Nowhere,
}

/// What Redis says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisFacts {
    /// Where it is.
    pub address: RedisAddress,
    /// `Redis 7.0.15` or `Valkey 8.0.1`.
    pub version: String,
    /// What it does when its memory is full, for example `noeviction`.
    pub when_full: String,
}

impl RedisFacts {
    /// What an administrator has to know, if anything: sessions are thrown out
    /// when memory is full.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        (self.when_full != "noeviction").then(|| {
            format!(
                "maxmemory-policy is {}: when its memory is full Redis throws sessions out, and people have to sign in again. Set it to noeviction.",
                self.when_full
            )
        })
    }
}
