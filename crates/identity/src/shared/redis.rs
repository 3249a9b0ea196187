//! Redis, and Valkey, which speaks the same: connections and the few commands
//! that sessions need. The only file that names the library.
//!
//! Every command has a deadline. A connection is only ever to a master: that of
//! a replica could lag behind, and lose what is written to it.

use crate::session::Record;
use crate::shared::record::{self, digits};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chancery_proto::clock::Timestamp;
use chancery_proto::secret::Secret;
use chancery_store::grants::TokenHash;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, Cmd, ConnectionAddr, ErrorKind,
    IntoConnectionInfo as _, Pipeline, ProtocolVersion, PushInfo, PushKind, RedisConnectionInfo,
    RedisError, ServerErrorKind, TlsCertificates, Value,
};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::timeout;

/// Every command is answered within that time, or has failed.
const DEADLINE: Duration = Duration::from_millis(300);
/// A connection is there within that time.
const CONNECTING: Duration = Duration::from_millis(500);
/// So many sessions go into one command at most.
const AT_ONCE: usize = 512;

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

/// Redis did not do it: it cannot be reached, or refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

/// A connection to the master. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Connection {
    redis: MultiplexedConnection,
    keys: Arc<Keys>,
    trips: Arc<AtomicU64>,
    is_broken: Arc<AtomicBool>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("prefix", &self.keys.prefix)
            .field("is_broken", &self.is_broken)
            .finish_non_exhaustive()
    }
}

/// What keys are called.
#[derive(Debug)]
pub(crate) struct Keys {
    prefix: String,
}

impl Keys {
    /// Keys of one installation: others may use the same Redis.
    pub(crate) fn new(prefix: &str, installation: &str) -> Self {
        Self {
            prefix: format!("{prefix}:{installation}:"),
        }
    }

    fn session(&self, hash: &TokenHash) -> String {
        let mut key = String::with_capacity(self.prefix.len() + 43);
        key.push_str(&self.prefix);
        URL_SAFE_NO_PAD.encode_string(hash, &mut key);
        key
    }

    /// The number of the last end that this Redis has heard of.
    fn ends(&self) -> String {
        format!("{}ends", self.prefix)
    }

    /// Where servers tell each other what happened.
    fn told(&self) -> String {
        format!("{}told", self.prefix)
    }
}

/// What came without being asked for.
#[derive(Debug)]
pub(crate) enum Heard {
    /// Another server told something, or this one did.
    Message(String),
    /// The connection is gone.
    Gone,
}

/// Writes a use down: its time, that there was one, and how long the session
/// lives from now on. Nothing where there is no session any more.
const USE: &str = "local v = redis.call('GET', KEYS[1])
if not v then return 0 end
redis.call('SETRANGE', KEYS[1], 13, 'u')
if tonumber(ARGV[1]) > tonumber(string.sub(v, 1, 13)) then
redis.call('SETRANGE', KEYS[1], 0, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1";

/// Lets a session live no longer than until then.
const LET_DIE: &str = "local v = redis.call('GET', KEYS[1])
if not v then return 0 end
local dies = tonumber(string.sub(v, 15, 27))
if dies == 0 or dies > tonumber(ARGV[1]) then
redis.call('SETRANGE', KEYS[1], 14, ARGV[1])
if redis.call('PTTL', KEYS[1]) > tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
end
return 1";

fn millis(life: Duration) -> u64 {
    u64::try_from(life.as_millis()).unwrap_or(u64::MAX).max(1)
}

impl Connection {
    /// Whether it is of no use any more, and another one has to be made.
    pub(crate) fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::Relaxed)
    }

    fn failed(&self, error: &RedisError) -> Gone {
        // A command that was refused leaves the connection as good as it was,
        // unless it is to a Redis that is the master no longer.
        let refused = matches!(
            error.kind(),
            ErrorKind::Server(kind) if !matches!(
                kind,
                ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown | ServerErrorKind::BusyLoading
            )
        );
        if !refused {
            self.is_broken.store(true, Ordering::Relaxed);
        }
        tracing::warn!(%error, "the session store did not carry out a command");
        Gone
    }

    fn too_late(&self) -> Gone {
        tracing::warn!("the session store did not answer in time");
        Gone
    }

    async fn ask<T: redis::FromRedisValue>(&self, command: &Cmd) -> Result<T, Gone> {
        self.trips.fetch_add(1, Ordering::Relaxed);
        let mut redis = self.redis.clone();
        match timeout(DEADLINE, command.query_async(&mut redis)).await {
            Ok(answer) => answer.map_err(|error| self.failed(&error)),
            Err(_) => Err(self.too_late()),
        }
    }

    async fn ask_all(&self, commands: &Pipeline) -> Result<(), Gone> {
        self.trips.fetch_add(1, Ordering::Relaxed);
        let mut redis = self.redis.clone();
        match timeout(DEADLINE, commands.exec_async(&mut redis)).await {
            Ok(answer) => answer.map_err(|error| self.failed(&error)),
            Err(_) => Err(self.too_late()),
        }
    }

    /// The session of a token.
    pub(crate) async fn get(&self, hash: &TokenHash) -> Result<Option<Record>, Gone> {
        let command = Cmd::get(self.keys.session(hash));
        let found: Option<Vec<u8>> = self.ask(&command).await?;
        Ok(found.and_then(|text| record::decode(*hash, &text)))
    }

    /// The sessions of tokens, as far as there are any.
    pub(crate) async fn get_all(&self, hashes: &[TokenHash]) -> Result<Vec<Record>, Gone> {
        let mut all = Vec::with_capacity(hashes.len());
        for some in hashes.chunks(AT_ONCE) {
            let mut command = redis::cmd("MGET");
            for hash in some {
                command.arg(self.keys.session(hash));
            }
            let found: Vec<Option<Vec<u8>>> = self.ask(&command).await?;
            let found = some.iter().zip(found);
            all.extend(found.filter_map(|(hash, text)| record::decode(*hash, &text?)));
        }
        Ok(all)
    }

    /// Writes a session for so long.
    pub(crate) async fn put(&self, record: &Record, life: Duration) -> Result<(), Gone> {
        let mut command = redis::cmd("SET");
        command
            .arg(self.keys.session(&record.hash))
            .arg(record::encode(record))
            .arg("PX")
            .arg(millis(life));
        self.ask(&command).await
    }

    /// Lets a session that is there live for so long from now on.
    pub(crate) async fn live_on(&self, hash: &TokenHash, life: Duration) -> Result<(), Gone> {
        let mut command = redis::cmd("PEXPIRE");
        command.arg(self.keys.session(hash)).arg(millis(life));
        self.ask(&command).await
    }

    /// Writes down that a session was used. Answers whether it is there.
    pub(crate) async fn note_use(
        &self,
        hash: &TokenHash,
        at: Timestamp,
        life: Duration,
    ) -> Result<bool, Gone> {
        let mut command = redis::cmd("EVAL");
        command
            .arg(USE)
            .arg(1)
            .arg(self.keys.session(hash))
            .arg(digits(at))
            .arg(millis(life));
        self.ask(&command).await
    }

    /// Lets sessions live no longer than until then, which is so far away.
    pub(crate) async fn let_die(
        &self,
        hashes: &[TokenHash],
        at: Timestamp,
        away: Duration,
    ) -> Result<(), Gone> {
        for some in hashes.chunks(AT_ONCE) {
            let mut commands = Pipeline::new();
            for hash in some {
                commands
                    .cmd("EVAL")
                    .arg(LET_DIE)
                    .arg(1)
                    .arg(self.keys.session(hash))
                    .arg(digits(at))
                    .arg(millis(away))
                    .ignore();
            }
            self.ask_all(&commands).await?;
        }
        Ok(())
    }

    /// Forgets sessions, and tells every server by `say`, which is handed the
    /// tokens' names.
    pub(crate) async fn forget(
        &self,
        hashes: &[TokenHash],
        say: impl Fn(&[TokenHash]) -> String,
    ) -> Result<(), Gone> {
        for some in hashes.chunks(AT_ONCE) {
            let mut commands = Pipeline::new();
            let unlink = commands.cmd("UNLINK");
            for hash in some {
                unlink.arg(self.keys.session(hash));
            }
            unlink.ignore();
            commands
                .cmd("PUBLISH")
                .arg(self.keys.told())
                .arg(say(some))
                .ignore();
            self.ask_all(&commands).await?;
        }
        Ok(())
    }

    /// The number of the last end that this Redis has heard of.
    pub(crate) async fn heard_of(&self) -> Result<Option<i64>, Gone> {
        self.ask(&Cmd::get(self.keys.ends())).await
    }

    /// Writes down that it has heard of every end up to that one.
    pub(crate) async fn set_heard_of(&self, seq: i64) -> Result<(), Gone> {
        let mut command = redis::cmd("SET");
        command.arg(self.keys.ends()).arg(seq);
        self.ask(&command).await
    }

    /// Tells every server something.
    pub(crate) async fn tell(&self, message: &str) -> Result<(), Gone> {
        let mut command = redis::cmd("PUBLISH");
        command.arg(self.keys.told()).arg(message);
        self.ask(&command).await
    }

    /// Whether it is there and still the master.
    pub(crate) async fn is_master(&self) -> bool {
        let role: Result<Vec<Value>, Gone> = self.ask(&redis::cmd("ROLE")).await;
        role.is_ok_and(|role| role.first().is_some_and(|word| is_word(word, "master")))
    }
}

fn is_word(value: &Value, word: &str) -> bool {
    match value {
        Value::BulkString(bytes) => bytes == word.as_bytes(),
        Value::SimpleString(text) => text == word,
        _ => false,
    }
}

/// Connects to the master.
///
/// # Errors
/// What the last address that was tried said.
pub(crate) async fn connect(
    settings: &RedisSettings,
    keys: &Arc<Keys>,
    trips: &Arc<AtomicU64>,
    heard: UnboundedSender<Heard>,
) -> Result<(Connection, RedisFacts), RedisTrouble> {
    let mut trouble = RedisTrouble::Nowhere;
    for address in &settings.addresses {
        let master = match &settings.sentinels {
            None => Ok(address.clone()),
            Some(sentinels) => ask_sentinel(settings, sentinels, address).await,
        };
        let connected = match master {
            Ok(master) => connect_to(settings, &master, keys, trips, heard.clone()).await,
            Err(error) => Err(error),
        };
        match connected {
            Ok(connected) => return Ok(connected),
            Err(error) => trouble = error,
        }
    }
    Err(trouble)
}

async fn connect_to(
    settings: &RedisSettings,
    address: &RedisAddress,
    keys: &Arc<Keys>,
    trips: &Arc<AtomicU64>,
    heard: UnboundedSender<Heard>,
) -> Result<(Connection, RedisFacts), RedisTrouble> {
    let info = logged_in(&settings.login)
        .set_db(i64::from(settings.database))
        .set_protocol(ProtocolVersion::RESP3);
    let config = patient().set_push_sender(move |push: PushInfo| {
        let _ = match push.kind {
            PushKind::Message => match push.data.get(1) {
                Some(Value::BulkString(text)) => {
                    heard.send(Heard::Message(String::from_utf8_lossy(text).into_owned()))
                }
                _ => Ok(()),
            },
            PushKind::Disconnection => heard.send(Heard::Gone),
            _ => Ok(()),
        };
        Ok::<(), redis::aio::SendError>(())
    });
    let mut redis = open(settings, address, info, &config).await?;
    let refused = |error: RedisError| trouble_of(address, &error);
    let said: String = in_time(address, redis::cmd("INFO").query_async(&mut redis)).await?;
    let facts = facts(address, &said)?;
    let subscribed = timeout(DEADLINE, redis.subscribe(keys.told())).await;
    subscribed.map_err(|_| slow(address))?.map_err(refused)?;
    let connection = Connection {
        redis,
        keys: Arc::clone(keys),
        trips: Arc::clone(trips),
        is_broken: Arc::default(),
    };
    Ok((connection, facts))
}

/// Asks a Sentinel where the master is.
async fn ask_sentinel(
    settings: &RedisSettings,
    sentinels: &RedisSentinels,
    address: &RedisAddress,
) -> Result<RedisAddress, RedisTrouble> {
    let info = logged_in(&sentinels.login);
    let mut sentinel = open(settings, address, info, &patient()).await?;
    let mut command = redis::cmd("SENTINEL");
    command
        .arg("GET-MASTER-ADDR-BY-NAME")
        .arg(&sentinels.master);
    let found: Option<(String, u16)> = in_time(address, command.query_async(&mut sentinel)).await?;
    let (host, port) = found
        .ok_or_else(|| RedisTrouble::UnknownMaster(address.clone(), sentinels.master.clone()))?;
    Ok(RedisAddress { host, port })
}

fn patient() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECTING))
        .set_response_timeout(Some(DEADLINE))
}

fn logged_in(login: &RedisLogin) -> RedisConnectionInfo {
    let mut info = RedisConnectionInfo::default().set_skip_set_lib_name();
    if let Some(user) = &login.user {
        info = info.set_username(user);
    }
    if let Some(password) = &login.password {
        info = info.set_password(password.reveal());
    }
    info
}

async fn open(
    settings: &RedisSettings,
    address: &RedisAddress,
    info: RedisConnectionInfo,
    config: &AsyncConnectionConfig,
) -> Result<MultiplexedConnection, RedisTrouble> {
    let refused = |error: RedisError| trouble_of(address, &error);
    let client = match &settings.tls {
        None => {
            let place = ConnectionAddr::Tcp(address.host.clone(), address.port);
            Client::open(
                place
                    .into_connection_info()
                    .map_err(refused)?
                    .set_redis_settings(info),
            )
        }
        Some(tls) => {
            // The process may have chosen already.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let place = ConnectionAddr::TcpTls {
                host: address.host.clone(),
                port: address.port,
                insecure: false,
                tls_params: None,
            };
            let certificates = TlsCertificates {
                client_tls: tls.own.as_ref().map(|(certificate, key)| ClientTlsConfig {
                    client_cert: certificate.clone(),
                    client_key: key.reveal().as_bytes().to_vec(),
                }),
                root_cert: tls.authorities.clone(),
            };
            let info = place
                .into_connection_info()
                .map_err(refused)?
                .set_redis_settings(info);
            Client::build_with_tls(info, certificates)
        }
    };
    let client = client.map_err(|error| RedisTrouble::Certificates(error.to_string()))?;
    let opened = client.get_multiplexed_async_connection_with_config(config);
    // The library's own limit is for the connection alone, and not for what is
    // said on it first.
    timeout(CONNECTING * 2, opened)
        .await
        .map_err(|_| slow(address))?
        .map_err(refused)
}

fn slow(address: &RedisAddress) -> RedisTrouble {
    RedisTrouble::NotReached(address.clone(), "it does not answer in time".to_owned())
}

fn trouble_of(address: &RedisAddress, error: &RedisError) -> RedisTrouble {
    let refuses = matches!(
        error.kind(),
        ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::AuthenticationFailed
    );
    if refuses {
        RedisTrouble::Refused(address.clone(), error.to_string())
    } else {
        RedisTrouble::NotReached(address.clone(), error.to_string())
    }
}

async fn in_time<T>(
    address: &RedisAddress,
    answer: impl Future<Output = redis::RedisResult<T>>,
) -> Result<T, RedisTrouble> {
    timeout(DEADLINE, answer)
        .await
        .map_err(|_| slow(address))?
        .map_err(|error| trouble_of(address, &error))
}

/// Reads what `INFO` says.
fn facts(address: &RedisAddress, said: &str) -> Result<RedisFacts, RedisTrouble> {
    let word = |name: &str| {
        said.lines()
            .filter_map(|line| line.trim_end().split_once(':'))
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value.to_owned())
    };
    let spoken = word("redis_version").unwrap_or_default();
    let mut numbers = spoken
        .split('.')
        .map(|number| number.parse().unwrap_or(0_u32));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version < (6, 2) {
        return Err(RedisTrouble::TooOld(address.clone(), spoken));
    }
    if word("role").is_some_and(|role| role != "master") {
        return Err(RedisTrouble::NoMaster(address.clone()));
    }
    Ok(RedisFacts {
        address: address.clone(),
        version: match word("valkey_version") {
            Some(valkey) => format!("Valkey {valkey}"),
            None => format!("Redis {spoken}"),
        },
        when_full: word("maxmemory_policy").unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::{RedisAddress, RedisTrouble, facts};

    fn here() -> RedisAddress {
        RedisAddress {
            host: "::1".to_owned(),
            port: 6379,
        }
    }

    #[test]
    fn what_redis_says_of_itself_is_read_with_either_end_of_line() {
        let said =
            "# Server\r\nredis_version:7.0.15\r\nrole:master\r\nmaxmemory_policy:allkeys-lru\r\n";
        let read = facts(&here(), said).expect("good enough");
        assert_eq!(
            (read.version.as_str(), read.when_full.as_str()),
            ("Redis 7.0.15", "allkeys-lru")
        );
        assert!(
            read.warning()
                .is_some_and(|text| text.contains("noeviction"))
        );
        let said =
            "redis_version:7.2.4\nvalkey_version:8.0.1\nrole:master\nmaxmemory_policy:noeviction\n";
        let read = facts(&here(), said).expect("good enough");
        assert_eq!(
            (read.version.as_str(), read.warning()),
            ("Valkey 8.0.1", None)
        );
    }

    #[test]
    fn what_is_too_old_or_no_master_is_said_with_its_address() {
        let told = |said| facts(&here(), said).expect_err("of no use").to_string();
        assert_eq!(
            told("redis_version:6.0.16\nrole:master\n"),
            "[::1]:6379 is version 6.0.16; it has to be Redis 6.2 or Valkey 7.2 at least"
        );
        assert_eq!(
            told("redis_version:7.0.15\nrole:slave\n"),
            "[::1]:6379 is a replica, and not the master"
        );
        assert!(matches!(facts(&here(), ""), Err(RedisTrouble::TooOld(..))));
    }
}
