//! Sessions that several servers share, in Redis.
//!
//! The database says what ended, Redis says what lives. Ends are numbered in
//! the database; Redis keeps the number of the last one that it has heard of,
//! in the same stream of writes as everything else. Whatever a failover or a
//! restart loses, it loses that number too: on every new connection the ends
//! after it are carried out again before anybody is checked against it.

mod ended;
mod keeper;
mod messages;
mod record;
mod redis;

pub use self::redis::{
    RedisAddress, RedisFacts, RedisLogin, RedisSentinels, RedisSettings, RedisTls, RedisTrouble,
};

use self::ended::Ended;
use self::keeper::{CannotCarryOut, keep};
use self::messages::Message;
use self::redis::{Connection, Gone, Keys};
use crate::attempts::Attempts;
use crate::memory::{ByToken, Shards, lock};
use crate::session::{Record, Session};
use crate::{IdentityError, tokens};
use chancery_proto::clock::{SharedClock, Timestamp};
use chancery_store::Store;
use chancery_store::grants::TokenHash;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, OnceCell};
use tokio::time::timeout;

/// Ends that are read at once.
const ENDS_AT_ONCE: u32 = 1_000;
/// A copy of a checked session is used for so long.
const COPY_LIFE: Duration = Duration::from_secs(1);
/// A session is written for so long until the database was asked once more
/// whether its sign-in goes on.
const BRIEFLY: Duration = Duration::from_secs(10);
/// A starting server waits so long for Redis before it answers without it.
const AT_START: Duration = Duration::from_secs(2);
/// What is told of an attempt is no longer than that.
const LONGEST_NAME: usize = 256;

/// What sessions are shared through.
#[derive(Debug)]
pub(crate) struct Shared {
    inner: Arc<Inner>,
    keeper: tokio::task::JoinHandle<()>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

#[derive(Debug)]
struct Inner {
    store: Store,
    clock: SharedClock,
    attempts: Arc<Mutex<Attempts>>,
    keys: Arc<Keys>,
    trips: Arc<AtomicU64>,
    /// None while Redis cannot be reached.
    up: RwLock<Option<Up>>,
    came_up: Notify,
    trouble: Notify,
    copies: Shards<Copy>,
    flights: Mutex<ByToken<Flight>>,
    ended: Ended,
    /// The last end that was looked at here.
    seen: AtomicI64,
    told: UnboundedSender<String>,
    heard_of_facts: Notify,
    /// Tells this server's messages from others'.
    name: String,
}

/// A connection that may be used: every end was carried out on it.
#[derive(Debug, Clone)]
struct Up {
    connection: Connection,
    /// The last end that was carried out.
    carried_out: Arc<AtomicI64>,
}

#[derive(Debug, Clone)]
struct Copy {
    session: Arc<Session>,
    /// When Redis was asked for it, by the clock that never goes back.
    asked: Duration,
}

/// One question to Redis for all who ask the same.
type Flight = Arc<OnceCell<Result<Option<Arc<Session>>, Gone>>>;

/// Leaves a flight, and takes it away with the last one who does.
struct Aboard<'a> {
    inner: &'a Inner,
    hash: &'a TokenHash,
    flight: Flight,
}

impl Drop for Aboard<'_> {
    fn drop(&mut self) {
        let mut flights = lock(&self.inner.flights);
        if let Entry::Occupied(entry) = flights.entry(*self.hash)
            && Arc::ptr_eq(entry.get(), &self.flight)
            // Landed, or nobody else is aboard: the table and this one.
            && (self.flight.initialized() || Arc::strong_count(&self.flight) == 2)
        {
            entry.remove();
        }
    }
}

impl Shared {
    /// Begins to keep sessions in Redis, and waits a moment until it is there.
    /// Where it is not, everything that needs it fails until it is.
    pub(crate) async fn begin(
        settings: RedisSettings,
        installation: &str,
        store: Store,
        clock: SharedClock,
        attempts: Arc<Mutex<Attempts>>,
    ) -> Result<Self, IdentityError> {
        let (told, telling) = unbounded_channel();
        let inner = Arc::new(Inner {
            seen: AtomicI64::new(store.last_end()?),
            store,
            clock,
            attempts,
            keys: Arc::new(Keys::new(&settings.prefix, installation)),
            trips: Arc::default(),
            up: RwLock::default(),
            came_up: Notify::new(),
            trouble: Notify::new(),
            copies: Shards::default(),
            flights: Mutex::default(),
            ended: Ended::default(),
            told,
            heard_of_facts: Notify::new(),
            name: tokens::random_id()?,
        });
        let came_up = inner.came_up.notified();
        let keeper = tokio::spawn(keep(Arc::clone(&inner), settings, telling));
        let _ = timeout(AT_START, came_up).await;
        Ok(Self {
            inner: Arc::clone(&inner),
            keeper,
        })
    }

    fn connection(&self) -> Result<Connection, Gone> {
        self.inner.up().map(|up| up.connection).ok_or(Gone::Away)
    }

    /// Whether Redis can be reached.
    pub(crate) fn is_up(&self) -> bool {
        self.inner.up().is_some()
    }

    /// Commands that were sent to Redis.
    pub(crate) fn trips(&self) -> u64 {
        self.inner.trips.load(Ordering::Relaxed)
    }

    /// Copies that are kept here for a moment.
    pub(crate) fn count(&self) -> usize {
        self.inner.copies.count()
    }

    /// The session of a token. `make` finds its person and lifetimes.
    pub(crate) async fn find(
        &self,
        hash: &TokenHash,
        make: impl Fn(Record) -> Option<Session>,
    ) -> Result<Option<Arc<Session>>, Gone> {
        let inner = &*self.inner;
        if inner.ended.has(hash) {
            return Ok(None);
        }
        let connection = self.connection()?;
        if let Some(copy) = inner.copies.get(hash)
            && inner.clock.monotonic().saturating_sub(copy.asked) < COPY_LIFE
        {
            return Ok(Some(copy.session));
        }
        let aboard = Aboard {
            flight: Arc::clone(lock(&inner.flights).entry(*hash).or_default()),
            inner,
            hash,
        };
        let fetched = aboard
            .flight
            .get_or_init(|| self.fetch(&connection, hash, make));
        let found = fetched
            .await
            .clone()
            .inspect_err(|why| self.hesitate(*why))?;
        Ok(found.filter(|_| !inner.ended.has(hash)))
    }

    async fn fetch(
        &self,
        connection: &Connection,
        hash: &TokenHash,
        make: impl Fn(Record) -> Option<Session>,
    ) -> Result<Option<Arc<Session>>, Gone> {
        let inner = &*self.inner;
        let asked = inner.clock.monotonic();
        if let Some(record) = connection.get(hash).await? {
            let session = make(record).map(Arc::new);
            if let Some(session) = &session {
                let session = Arc::clone(session);
                let copy = Copy { session, asked };
                inner.copies.change(hash, |shard| shard.insert(*hash, copy));
            }
            return Ok(session);
        }
        // Redis may have lost it, and then the database has it still.
        let kept = inner
            .store
            .session_of_token(*hash)
            .map_err(|error| cannot_ask(&error))?;
        let Some((grant, row)) = kept else {
            return Ok(None);
        };
        let Some(session) = make(Record::of(&grant, &row)).map(Arc::new) else {
            return Ok(None);
        };
        if session.left(inner.clock.now()).is_ok() {
            self.write(connection, &session).await?;
            let over = inner
                .store
                .grant_is_over(&grant.id)
                .map_err(|error| cannot_ask(&error))?;
            if over {
                self.forget(&[*hash]).await;
                return Ok(None);
            }
            self.live_on(&session).await?;
        }
        // What has run out is told as such.
        Ok(Some(session))
    }

    /// Takes a session in for a moment, until [`Shared::live_on`].
    pub(crate) async fn put(&self, session: &Arc<Session>) -> Result<(), Gone> {
        let connection = self.connection()?;
        self.write(&connection, session).await
    }

    async fn write(&self, connection: &Connection, session: &Session) -> Result<(), Gone> {
        let put = connection.put(&session.record(), BRIEFLY).await;
        put.inspect_err(|why| self.hesitate(*why))
    }

    /// Lets a session that was taken in live as long as it may.
    pub(crate) async fn live_on(&self, session: &Session) -> Result<(), Gone> {
        let life = session.life(self.inner.clock.now());
        let lives = self.connection()?.live_on(&session.hash, life).await;
        lives.inspect_err(|why| self.hesitate(*why))
    }

    /// Counts a use, where that moves the session's end by a worthwhile part.
    /// A use that cannot be written down does not count; nobody is refused for it.
    pub(crate) async fn note_use(&self, session: &Session, now: Timestamp) {
        let first = !session.was_used();
        let claimed = session.claim_writing(now);
        if claimed.is_none() && !first {
            return;
        }
        let life = session.life_when_used(now);
        let Ok(connection) = self.connection() else {
            return;
        };
        match connection.note_use(&session.hash, now, life).await {
            Ok(true) => return session.use_at(now),
            // It is there no longer: the next check finds out why.
            Ok(false) => self.inner.copies.remove(&session.hash),
            // It takes nothing at this moment: asked again by and by.
            Err(Gone::Refused) => return,
            Err(Gone::Away) => self.hesitate(Gone::Away),
        }
        if let Some(written) = claimed {
            session.take_back(written);
        }
    }

    /// Whether a session was used anywhere.
    pub(crate) async fn was_used(&self, hash: &TokenHash) -> Result<bool, Gone> {
        let found = self.connection()?.get(hash).await;
        let found = found.inspect_err(|why| self.hesitate(*why))?;
        Ok(found.is_some_and(|record| record.was_used))
    }

    /// What is known of the sessions of those tokens that live.
    pub(crate) async fn records(&self, hashes: &[TokenHash]) -> Result<Vec<Record>, Gone> {
        let found = self.connection()?.get_all(hashes).await;
        found.inspect_err(|why| self.hesitate(*why))
    }

    /// Lets sessions live no longer than until then.
    pub(crate) async fn let_die(&self, hashes: &[TokenHash], at: Timestamp) -> Result<(), Gone> {
        let away = at.since(self.inner.clock.now());
        let done = self.connection()?.let_die(hashes, at, away).await;
        done.inspect_err(|why| self.hesitate(*why))?;
        for hash in hashes {
            if let Some(copy) = self.inner.copies.get(hash) {
                copy.session.dies_at(at);
            }
        }
        Ok(())
    }

    /// Forgets sessions that the database has ended, here and everywhere. What
    /// Redis does not hear of now it hears of later.
    pub(crate) async fn forget(&self, hashes: &[TokenHash]) {
        if hashes.is_empty() {
            return;
        }
        self.inner.drop_ended(hashes);
        let say = |some: &[TokenHash]| {
            let ended = Message::Ended(some.to_vec());
            Some(ended.write(&self.inner.name))
        };
        if let Ok(connection) = self.connection()
            && let Err(why) = connection.forget(hashes, say).await
        {
            self.hesitate(why);
        }
    }

    /// Hears of ends that other processes wrote into the database, and sees to
    /// it that Redis has heard of all. To be called a few times a second.
    pub(crate) async fn follow(&self) -> Result<(), IdentityError> {
        let inner = &*self.inner;
        let mut seen = inner.seen.load(Ordering::Acquire);
        loop {
            let ends = inner.store.ends_after(seen, ENDS_AT_ONCE)?;
            let Some(last) = ends.last() else { break };
            let hashes: Vec<_> = ends.iter().map(|end| end.hash).collect();
            inner.drop_ended(&hashes);
            seen = last.seq;
            inner.seen.fetch_max(seen, Ordering::AcqRel);
        }
        if let Some(up) = inner.up() {
            let from = up.carried_out.load(Ordering::Acquire);
            if from < seen {
                match inner.carry_out(&up.connection, from).await {
                    Ok(last) => up.carried_out.store(last, Ordering::Release),
                    Err(CannotCarryOut::Gone(why)) => self.hesitate(why),
                    Err(CannotCarryOut::Database(error)) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// Other servers have to look at people, applications and lifetimes anew.
    pub(crate) fn tell_facts(&self) {
        self.inner.tell(&Message::Facts);
    }

    /// Other servers count the try too.
    pub(crate) fn tell_try(&self, account: &str, address: &str, is_right: bool) {
        if account.len() <= LONGEST_NAME && address.len() <= LONGEST_NAME {
            let tried = Message::Tried(account.to_owned(), address.to_owned(), is_right);
            self.inner.tell(&tried);
        }
    }

    /// Waits until another server says that facts changed.
    pub(crate) async fn hear_of_facts(&self) {
        self.inner.heard_of_facts.notified().await;
    }

    /// Lets go of what is of no use any more.
    pub(crate) fn forget_old(&self) {
        let now = self.inner.clock.monotonic();
        let is_fresh = |copy: &Copy| now.saturating_sub(copy.asked) < COPY_LIFE;
        self.inner.copies.retain(is_fresh);
        self.inner.ended.forget_old(now);
    }

    /// Something failed: unless it was refused, no copy is good while nobody
    /// knows, and the keeper has to look.
    fn hesitate(&self, why: Gone) {
        if why == Gone::Refused {
            return;
        }
        self.inner.copies.retain(|_| false);
        self.inner.trouble.notify_one();
    }
}

fn cannot_ask(error: &chancery_store::StoreError) -> Gone {
    tracing::error!(%error, "the database did not say whether a session goes on");
    Gone::Away
}

/// Connects once, to say how Redis is.
///
/// # Errors
/// Why it cannot be used.
pub async fn look_at_redis(settings: &RedisSettings) -> Result<RedisFacts, RedisTrouble> {
    let (hearing, _heard) = unbounded_channel();
    let keys = Arc::new(Keys::new(&settings.prefix, "check"));
    let (_, facts) = redis::connect(settings, &keys, &Arc::default(), hearing).await?;
    Ok(facts)
}
