//! Finding the master and connecting to it. A connection is only ever to a
//! master: a replica lags behind, and loses what is written to it.

use super::connection::{Connection, Heard, Keys};
use super::{
    DEADLINE, RedisAddress, RedisFacts, RedisLogin, RedisSentinels, RedisSettings, RedisTrouble,
};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, ErrorKind,
    IntoConnectionInfo as _, ProtocolVersion, PushInfo, PushKind, RedisConnectionInfo, RedisError,
    TlsCertificates, Value,
};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::timeout;

/// A connection is there within that time.
const CONNECTING: Duration = Duration::from_millis(500);

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
    Ok((Connection::new(redis, keys, trips), facts))
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

/// What Redis said, as it said it, without a full stop.
fn said(error: &RedisError) -> String {
    let text = match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        _ => error.to_string(),
    };
    text.trim_end_matches('.').to_owned()
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
        RedisTrouble::Refused(address.clone(), said(error))
    } else {
        RedisTrouble::NotReached(address.clone(), said(error))
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
