//! A connection to the master, and what is asked on it. Every command has a
//! deadline.

use super::DEADLINE;
use crate::memory::lock;
use crate::session::Record;
use crate::shared::record::{self, Line, digits};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chancery_proto::clock::Timestamp;
use chancery_store::grants::TokenHash;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, ErrorKind, Pipeline, RedisError, ServerErrorKind, Value};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// So many sessions go into one command at most.
const AT_ONCE: usize = 512;
/// The same complaint is written into the log once in that time.
const COMPLAINT: Duration = Duration::from_secs(30);

/// A command that begins so much after its check has all of its time.
const MOMENT: Duration = Duration::from_millis(20);

/// By when a command has to be answered.
struct Limit {
    at: Instant,
    /// Whether that is all the time that a command has.
    is_whole: bool,
}

/// Redis did not do it: it cannot be reached, or refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    /// It answered, and refused: for example because its memory is full. Or it had
    /// too little time to answer.
    Refused,
    /// It did not answer, or is the master no longer.
    Away,
}

/// What became of a use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noted {
    /// It was written down.
    Written,
    /// The session is only announced: nobody knows yet whether it goes on.
    Announced,
    /// There is no such session.
    NotThere,
}

/// A connection to the master. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Connection {
    redis: MultiplexedConnection,
    keys: Arc<Keys>,
    trips: Arc<AtomicU64>,
    is_broken: Arc<AtomicBool>,
    /// All that is asked on this clone is answered by then, or has failed.
    until: Option<Instant>,
    complaint: Arc<Mutex<Option<(String, Instant)>>>,
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
    pub(super) fn told(&self) -> String {
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
/// lives from now on. Nothing where there is no session any more, or where it is
/// only announced.
const USE: &str = "local v = redis.pcall('GET', KEYS[1])
if type(v) ~= 'string' then return 0 end
if string.sub(v, 14, 14) == '*' then return 2 end
local last = string.match(string.sub(v, 1, 13), '^%d+$')
if not last then return 0 end
redis.call('SETRANGE', KEYS[1], 13, 'u')
if tonumber(ARGV[1]) > tonumber(last) then
redis.call('SETRANGE', KEYS[1], 0, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1";

/// Lets a session that was announced live for so long from now on. Nothing where
/// there is none, and nothing where it lives already: whoever read the
/// announcement earlier may come later. Its time comes first: Redis refuses a
/// script that has written nothing yet when its memory is full, and a time it takes.
const LIVE_ON: &str = "local v = redis.pcall('GET', KEYS[1])
if type(v) ~= 'string' then return 0 end
if string.sub(v, 14, 14) ~= '*' then return 1 end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('SETRANGE', KEYS[1], 13, ARGV[2])
return 1";

/// Lets a session live as long as its lifetimes say now, where that is longer:
/// they were changed. Time now, and how long it may go unused and live at most.
const LENGTHEN: &str = "local v = redis.pcall('GET', KEYS[1])
if type(v) ~= 'string' then return 0 end
if string.sub(v, 14, 14) == '*' then return 0 end
local function at(from) return tonumber(string.match(string.sub(v, from, from + 12), '^%d+$') or '') end
if not (at(1) and at(15) and at(28)) then return 0 end
local till = math.min(at(1) + ARGV[2], at(28) + ARGV[3])
if at(15) > 0 then till = math.min(till, at(15)) end
local left = till - ARGV[1]
if left > redis.call('PTTL', KEYS[1]) then redis.call('PEXPIRE', KEYS[1], string.format('%.0f', left)) end
return 1";

/// Lets a session live no longer than until then; its time comes first, as above.
const LET_DIE: &str = "local v = redis.pcall('GET', KEYS[1])
if type(v) ~= 'string' then return 0 end
local dies = tonumber(string.match(string.sub(v, 15, 27), '^%d+$') or '')
if not dies then return 0 end
if dies == 0 or dies > tonumber(ARGV[1]) then
local left = redis.call('PTTL', KEYS[1])
if left < 0 or left > tonumber(ARGV[2]) then left = tonumber(ARGV[2]) end
redis.call('PEXPIRE', KEYS[1], left)
redis.call('SETRANGE', KEYS[1], 14, ARGV[1])
end
return 1";

fn millis(life: Duration) -> u64 {
    u64::try_from(life.as_millis()).unwrap_or(u64::MAX).max(1)
}

impl Connection {
    pub(super) fn new(
        redis: MultiplexedConnection,
        keys: &Arc<Keys>,
        trips: &Arc<AtomicU64>,
    ) -> Self {
        Self {
            redis,
            keys: Arc::clone(keys),
            trips: Arc::clone(trips),
            is_broken: Arc::default(),
            until: None,
            complaint: Arc::default(),
        }
    }

    /// The same one, on which everything together takes until then at most.
    pub(crate) fn until(self, when: Instant) -> Self {
        Self {
            until: Some(when),
            ..self
        }
    }

    /// Says what went wrong, and not again and again.
    fn complain(&self, what: String) {
        let now = Instant::now();
        let mut last = lock(&self.complaint);
        let is_known = last
            .as_ref()
            .is_some_and(|(said, at)| *said == what && now.duration_since(*at) < COMPLAINT);
        if !is_known {
            tracing::warn!("{what}");
            *last = Some((what, now));
        }
    }

    /// Whether it is of no use any more, and another one has to be made.
    pub(crate) fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::Relaxed)
    }

    fn failed(&self, error: &RedisError) -> Gone {
        // A command that was refused leaves the connection as good as it was,
        // unless it is to a Redis that is the master no longer.
        let refused = match error.kind() {
            ErrorKind::Server(kind) => !matches!(
                kind,
                ServerErrorKind::ReadOnly
                    | ServerErrorKind::MasterDown
                    | ServerErrorKind::BusyLoading
            ),
            ErrorKind::Extension => true,
            _ => false,
        };
        self.complain(format!(
            "the session store did not carry out a command: {error}"
        ));
        if refused {
            return Gone::Refused;
        }
        self.is_broken.store(true, Ordering::Relaxed);
        Gone::Away
    }

    /// It did not answer. Whether it is silent can be told only where it had all of
    /// its time: what was left of a check's may have been too short.
    fn too_late(&self, limit: &Limit) -> Gone {
        if !limit.is_whole {
            return Gone::Refused;
        }
        self.complain("the session store did not answer in time".to_owned());
        Gone::Away
    }

    fn limit(&self) -> Limit {
        let usual = Instant::now() + DEADLINE;
        // A check's first command has all of its time but for the moment before it.
        let whole = usual.checked_sub(MOMENT).unwrap_or(usual);
        let at = self.until.map_or(usual, |until| until.min(usual));
        Limit {
            at,
            is_whole: at >= whole,
        }
    }

    async fn ask<T: redis::FromRedisValue>(&self, command: &Cmd) -> Result<T, Gone> {
        self.trips.fetch_add(1, Ordering::Relaxed);
        let mut redis = self.redis.clone();
        let limit = self.limit();
        match timeout_at(limit.at, command.query_async(&mut redis)).await {
            Ok(answer) => answer.map_err(|error| self.failed(&error)),
            Err(_) => Err(self.too_late(&limit)),
        }
    }

    async fn ask_all(&self, commands: &Pipeline) -> Result<(), Gone> {
        self.trips.fetch_add(1, Ordering::Relaxed);
        let mut redis = self.redis.clone();
        let limit = self.limit();
        match timeout_at(limit.at, commands.exec_async(&mut redis)).await {
            Ok(answer) => answer.map_err(|error| self.failed(&error)),
            Err(_) => Err(self.too_late(&limit)),
        }
    }

    /// The session of a token.
    pub(crate) async fn get(&self, hash: &TokenHash) -> Result<Option<Line>, Gone> {
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
            let found = found.filter_map(|(hash, text)| record::decode(*hash, &text?));
            all.extend(found.map(|line| line.record));
        }
        Ok(all)
    }

    /// Announces a session for so long, unless it is there. Answers whether it was
    /// written.
    pub(crate) async fn put(&self, record: &Record, life: Duration) -> Result<bool, Gone> {
        let done: Option<String> = self.ask(self.set(record, life).arg("NX")).await?;
        Ok(done.is_some())
    }

    /// Announces a session for so long, whatever is in its place.
    pub(crate) async fn put_over(&self, record: &Record, life: Duration) -> Result<(), Gone> {
        self.ask(&self.set(record, life)).await
    }

    fn set(&self, record: &Record, life: Duration) -> Cmd {
        let mut command = redis::cmd("SET");
        command
            .arg(self.keys.session(&record.hash))
            .arg(record::encode_announced(record))
            .arg("PX")
            .arg(millis(life));
        command
    }

    /// Lets a session that was announced live for so long from now on.
    pub(crate) async fn live_on(
        &self,
        hash: &TokenHash,
        life: Duration,
        was_used: bool,
    ) -> Result<(), Gone> {
        let mut command = redis::cmd("EVAL");
        command
            .arg(LIVE_ON)
            .arg(1)
            .arg(self.keys.session(hash))
            .arg(millis(life))
            .arg(record::flag(was_used).to_string());
        self.ask(&command).await
    }

    /// Writes down that a session was used.
    pub(crate) async fn note_use(
        &self,
        hash: &TokenHash,
        at: Timestamp,
        life: Duration,
    ) -> Result<Noted, Gone> {
        let mut command = redis::cmd("EVAL");
        command
            .arg(USE)
            .arg(1)
            .arg(self.keys.session(hash))
            .arg(digits(at))
            .arg(millis(life));
        let noted: i64 = self.ask(&command).await?;
        Ok(match noted {
            1 => Noted::Written,
            2 => Noted::Announced,
            _ => Noted::NotThere,
        })
    }

    /// Lets sessions live no longer than until their times.
    pub(crate) async fn let_die(
        &self,
        sessions: &[(TokenHash, Timestamp)],
        now: Timestamp,
    ) -> Result<(), Gone> {
        for some in sessions.chunks(AT_ONCE) {
            let mut commands = Pipeline::new();
            for (hash, at) in some {
                commands
                    .cmd("EVAL")
                    .arg(LET_DIE)
                    .arg(1)
                    .arg(self.keys.session(hash))
                    .arg(digits(*at))
                    .arg(millis(at.since(now)))
                    .ignore();
            }
            self.ask_all(&commands).await?;
        }
        Ok(())
    }

    /// Lets sessions live as long as those lifetimes say, where that is longer.
    pub(crate) async fn lengthen(
        &self,
        hashes: &[TokenHash],
        now: Timestamp,
        idle: Duration,
        absolute: Duration,
    ) -> Result<(), Gone> {
        let mut commands = Pipeline::new();
        for hash in hashes {
            commands
                .cmd("EVAL")
                .arg(LENGTHEN)
                .arg(1)
                .arg(self.keys.session(hash))
                .arg(now.0)
                .arg(millis(idle))
                .arg(millis(absolute))
                .ignore();
        }
        self.ask_all(&commands).await
    }

    /// Forgets sessions, and tells every server by what `say` makes of the
    /// tokens, if anything.
    pub(crate) async fn forget(
        &self,
        hashes: &[TokenHash],
        say: impl Fn(&[TokenHash]) -> Option<String>,
    ) -> Result<(), Gone> {
        for some in hashes.chunks(AT_ONCE) {
            let mut commands = Pipeline::new();
            let unlink = commands.cmd("UNLINK");
            for hash in some {
                unlink.arg(self.keys.session(hash));
            }
            unlink.ignore();
            if let Some(message) = say(some) {
                let publish = commands.cmd("PUBLISH");
                publish.arg(self.keys.told()).arg(message).ignore();
            }
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

#[cfg(test)]
mod tests;
