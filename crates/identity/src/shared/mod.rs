//! Sessions that several servers share, in Redis.
//!
//! The database says what ended, Redis says what lives. Ends are numbered in
//! the database; Redis keeps the number of the last one that it has heard of,
//! in the same stream of writes as everything else. Whatever a failover or a
//! restart loses, it loses that number too: on every new connection the ends
//! after it are carried out again before anybody is checked against it.

mod ended;
mod keeper;
mod lengthening;
mod messages;
mod record;
mod redis;

pub use self::redis::{
    RedisAddress, RedisFacts, RedisLogin, RedisSentinels, RedisSettings, RedisTls, RedisTrouble,
};

use self::ended::Ended;
use self::keeper::{CannotCarryOut, keep};
use self::messages::Message;
use self::redis::{Connection, DEADLINE, Gone, Keys, Noted};
use crate::attempts::Attempts;
use crate::memory::{ByToken, Shards, lock};
use crate::session::{Record, Session};
use crate::{IdentityError, tokens};
use chancery_proto::clock::{SharedClock, Timestamp};
use chancery_store::Store;
use chancery_store::grants::TokenHash;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, OnceCell};
use tokio::time::{Instant, timeout};

/// Ends that are read at once.
const ENDS_AT_ONCE: u32 = 1_000;
/// A copy of a checked session is used for so long.
const COPY_LIFE: Duration = Duration::from_secs(1);
/// A session is written for so long before the database has it, or until the
/// database was asked once more whether its sign-in goes on.
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
    /// Whether Redis has yet to carry out ends that are known here.
    is_behind: AtomicBool,
    told: UnboundedSender<String>,
    heard_of_facts: Notify,
    /// Tells this server's messages from others'.
    name: String,
}

/// A connection that may be used: every end that there was when it was made has
/// been carried out on it. Later ones are remembered here until they are.
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
            is_behind: AtomicBool::default(),
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

    /// By when everything that a check needs has to be done.
    pub(crate) fn deadline() -> Instant {
        Instant::now() + DEADLINE
    }

    /// The session of a token. `make` finds its person and lifetimes.
    pub(crate) async fn find(
        &self,
        hash: &TokenHash,
        deadline: Instant,
        make: impl Fn(Record) -> Made,
    ) -> Result<Option<Arc<Session>>, Gone> {
        let inner = &*self.inner;
        if inner.ended.has(hash) {
            return Ok(None);
        }
        let connection = self.connection()?.until(deadline);
        // A copy that has run out may have been used elsewhere meanwhile.
        if let Some(copy) = inner.copies.get(hash)
            && inner.clock.monotonic().saturating_sub(copy.asked) < COPY_LIFE
            && copy.session.left(inner.clock.now()).is_ok()
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
        make: impl Fn(Record) -> Made,
    ) -> Result<Option<Arc<Session>>, Gone> {
        let inner = &*self.inner;
        let asked = inner.clock.monotonic();
        let found = connection.get(hash).await?;
        let is_announced = match found {
            Some(line) if !line.is_announced => {
                return self.copied(hash, asked, make(line.record));
            }
            found => found.is_some(),
        };
        // Redis may have lost it, and then the database has it still; or it is about
        // to be there, and the database says whether it is.
        let Some(session) = self.kept(hash, &make)? else {
            return Ok(None);
        };
        if session.left(inner.clock.now()).is_err() {
            // What has run out is told as such.
            return Ok(Some(Arc::new(session)));
        }
        let record = session.record();
        if !is_announced && !connection.put(&record, BRIEFLY).await? {
            // Somebody was faster, and may know of a later use.
            let asked = inner.clock.monotonic();
            match connection.get(hash).await? {
                Some(line) if !line.is_announced => {
                    return self.copied(hash, asked, make(line.record));
                }
                Some(_) => {}
                // It is gone again, or cannot be read.
                None => connection.put_over(&record, BRIEFLY).await?,
            }
        }
        // Whoever ended it, or took over from it, since it was read has looked for it
        // before it was there: look again.
        let Some(session) = self.kept(hash, &make)? else {
            self.forget(&[*hash]).await;
            return Ok(None);
        };
        let now = inner.clock.now();
        if let Some(at) = session.record().dies {
            connection.let_die(&[(*hash, at)], now).await?;
        }
        let life = session.life(now);
        connection.live_on(hash, life, session.was_used()).await?;
        Ok(Some(Arc::new(session)))
    }

    /// The session of a token as the database has it, unless its sign-in ended.
    fn kept(
        &self,
        hash: &TokenHash,
        make: impl Fn(Record) -> Made,
    ) -> Result<Option<Session>, Gone> {
        let kept = self.inner.store.session_of_token(*hash);
        let Some((grant, row)) = kept.map_err(|error| cannot_ask(&error.into()))? else {
            return Ok(None);
        };
        make(Record::of(&grant, &row)).map_err(|error| cannot_ask(&error))
    }

    /// Keeps a copy of what Redis said when it was asked.
    fn copied(
        &self,
        hash: &TokenHash,
        asked: Duration,
        made: Made,
    ) -> Result<Option<Arc<Session>>, Gone> {
        let session = made.map_err(|error| cannot_ask(&error))?.map(Arc::new);
        if let Some(session) = &session {
            // Redis may not have heard that another took over.
            if let Some(at) = self.inner.ended.dies(hash) {
                session.dies_at(at);
            }
            let session = Arc::clone(session);
            let copy = Copy { session, asked };
            let copies = &self.inner.copies;
            copies.change(hash, |shard| shard.insert(*hash, copy));
        }
        Ok(session)
    }

    /// Takes a session in for a moment, which the database is to have next, until
    /// [`Shared::live_on`]. Where that fails nothing has happened.
    pub(crate) async fn put(&self, record: &Record) -> Result<(), Gone> {
        let put = self.connection()?.put(record, BRIEFLY).await;
        put.map(drop).inspect_err(|why| self.hesitate(*why))
    }

    /// Lets a session that was taken in, and that the database has by now, live as
    /// long as it may. Where Redis does not do that, the database gives the
    /// session back to it later.
    pub(crate) async fn live_on(&self, session: &Session) {
        let life = session.life(self.inner.clock.now());
        if let Ok(connection) = self.connection()
            && let Err(why) = connection
                .live_on(&session.hash, life, session.was_used())
                .await
        {
            self.hesitate(why);
        }
    }

    /// Counts a use, where that moves the session's end by a worthwhile part.
    /// A use that cannot be written down does not count. Nobody is refused for it at
    /// once; where Redis takes nothing for longer than the time that a session may
    /// go unused, it runs out though it was used.
    pub(crate) async fn note_use(&self, session: &Session, now: Timestamp, deadline: Instant) {
        let first = !session.was_used();
        let claimed = session.claim_writing(now);
        if claimed.is_none() && !first {
            return;
        }
        let life = session.life_when_used(now);
        let Ok(connection) = self.connection() else {
            return;
        };
        let connection = connection.until(deadline);
        match connection.note_use(&session.hash, now, life).await {
            Ok(Noted::Written) => return session.use_at(now),
            // It is there no longer, or not yet: the next check finds out.
            Ok(Noted::NotThere | Noted::Announced) => self.inner.copies.remove(&session.hash),
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
        Ok(found.is_some_and(|line| line.record.was_used))
    }

    /// What is known of the sessions of those tokens that live.
    pub(crate) async fn records(&self, hashes: &[TokenHash]) -> Result<Vec<Record>, Gone> {
        let found = self.connection()?.get_all(hashes).await;
        found.inspect_err(|why| self.hesitate(*why))
    }

    /// Lets sessions live no longer than until then. What Redis does not hear of now
    /// it hears of later.
    pub(crate) async fn let_die(&self, hashes: &[TokenHash], at: Timestamp) {
        let dying: Vec<_> = hashes.iter().map(|hash| (*hash, at)).collect();
        self.inner.drop_dying(&dying);
        if let Ok(connection) = self.connection()
            && let Err(why) = connection.let_die(&dying, self.inner.clock.now()).await
        {
            self.hesitate(why);
        }
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
        let followed = self.catch_up().await;
        let is_behind = !matches!(followed, Ok(true));
        self.inner.is_behind.store(is_behind, Ordering::Release);
        if is_behind {
            self.inner.ended.keep_on(self.inner.clock.monotonic());
        }
        followed.map(drop)
    }

    /// Answers whether Redis has heard of every end.
    async fn catch_up(&self) -> Result<bool, IdentityError> {
        let inner = &*self.inner;
        let mut seen = inner.seen.load(Ordering::Acquire);
        loop {
            let ends = inner.store.ends_after(seen, ENDS_AT_ONCE)?;
            let Some(last) = ends.last() else { break };
            let over = ends.iter().filter(|end| end.dies.is_none());
            let over: Vec<_> = over.map(|end| end.hash).collect();
            inner.drop_ended(&over);
            let dying = ends.iter().filter_map(|end| Some((end.hash, end.dies?)));
            inner.drop_dying(&dying.collect::<Vec<_>>());
            seen = last.seq;
            inner.seen.fetch_max(seen, Ordering::AcqRel);
        }
        let Some(up) = inner.up() else {
            return Ok(false);
        };
        let from = up.carried_out.load(Ordering::Acquire);
        if from < seen {
            match inner.carry_out(&up.connection, from).await {
                Ok(last) => up.carried_out.store(last, Ordering::Release),
                Err(CannotCarryOut::Gone(why)) => {
                    self.hesitate(why);
                    return Ok(false);
                }
                Err(CannotCarryOut::Database(error)) => return Err(error.into()),
            }
        }
        Ok(true)
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
        if self.inner.is_behind.load(Ordering::Acquire) {
            self.inner.ended.keep_on(now);
        } else {
            self.inner.ended.forget_old(now);
        }
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

/// A session with its person and lifetimes, where there are such.
pub(crate) type Made = Result<Option<Session>, IdentityError>;

/// Nobody knows: that is told as if Redis was away.
fn cannot_ask(error: &IdentityError) -> Gone {
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
