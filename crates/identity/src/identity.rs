//! The door: everything about who somebody is goes through [`Identity`].

use crate::attempts::Attempts;
use crate::clients::Clients;
use crate::counters::{SignInCount, SignIns};
use crate::lifetimes::AllLifetimes;
use crate::memory::{Memory, lock};
use crate::people::People;
use crate::session::{Live, NoSession, Record, Session};
use crate::shared::{RedisSettings, Shared};
use crate::{IdentityError, Passwords, tokens};
use chancery_proto::clock::SharedClock;
use chancery_store::Store;
use chancery_store::applications::ApplicationSettings;
use chancery_store::grants::TokenHash;
use chancery_store::users::User;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What may be lost of a use beside the worthwhile part: uses are written once a second.
const WRITE_DELAY: Duration = Duration::from_secs(2);
const CLEAN_SHUTDOWN: &str = "identity.clean_shutdown";
const SUCCESSOR_KEY: &str = "identity.successor_key";
const INSTALLATION: &str = "identity.installation";
/// Ends that are read at once.
const ENDS_AT_ONCE: u32 = 1_000;

/// Sign-ins that are looked at at once, whether they are long over.
const LOOKED_AT_AT_ONCE: u32 = 200;

/// Where sessions live.
#[derive(Debug, Clone, Default)]
pub enum Keeping {
    /// In this process, written down in the database: for one server process.
    #[default]
    Embedded,
    /// In Redis or Valkey: for several server processes that share a database.
    Redis(Box<RedisSettings>),
}

/// How it is with the store of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreState {
    /// Sessions are in this process.
    Embedded,
    /// The shared store can be reached.
    Up,
    /// The shared store cannot be reached.
    Down,
}

/// Where sessions are.
#[derive(Debug)]
pub(crate) enum Sessions {
    Memory(Box<Memory>),
    Shared(Box<Shared>),
}

/// Who is this, and are they still. One per server process; share it in an [`Arc`].
#[derive(Debug)]
pub struct Identity {
    pub(crate) store: Store,
    pub(crate) clock: SharedClock,
    pub(crate) passwords: Passwords,
    pub(crate) people: People,
    pub(crate) lifetimes: AllLifetimes,
    pub(crate) clients: Clients,
    pub(crate) sessions: Sessions,
    pub(crate) sign_ins: SignIns,
    /// Wrong passwords, and who has to wait for it.
    pub(crate) attempts: Arc<Mutex<Attempts>>,
    pub(crate) key: Vec<u8>,
    /// What is kept in memory of people, applications and lifetimes. Whoever reads
    /// them anew holds the lock: what is older never comes last.
    pub(crate) facts_version: AtomicI64,
    pub(crate) facts: Mutex<()>,
    /// The last end that was looked at, while sessions are in memory.
    seen_end: AtomicI64,
    /// Writes of uses, while sessions are in memory.
    writes: AtomicU64,
}

impl Identity {
    /// Opens the door; embedded it takes up every session that the database
    /// knows. Redis may be away: everything that needs it then fails until it
    /// is there.
    ///
    /// ```
    /// # use chancery_identity::{Identity, Keeping, Passwords};
    /// # use chancery_proto::clock::SystemClock;
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # let directory = tempfile::tempdir()?;
    /// let store = chancery_store::Store::open(&directory.path().join("chancery.db"))?;
    /// let passwords = Passwords::start(2)?;
    /// let identity = Identity::open(store, SystemClock::shared(), passwords, Keeping::Embedded).await?;
    /// assert!(identity.check("no token", false).await.is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the database or the machine's random numbers cannot be used.
    pub async fn open(
        store: Store,
        clock: SharedClock,
        passwords: Passwords,
        keeping: Keeping,
    ) -> Result<Self, IdentityError> {
        let identity = Self::begun(store, clock, passwords, keeping).await?;
        let clean = identity.store.meta(CLEAN_SHUTDOWN)?.as_deref() == Some(b"1");
        identity.take_up_all(clean)?;
        identity
            .store
            .set_meta(CLEAN_SHUTDOWN, b"0".to_vec())
            .await?;
        Ok(identity)
    }

    /// For whoever looks at sessions beside a running server, and no more.
    /// Embedded, the last uses are those that were written down: up to a minute
    /// old.
    ///
    /// # Errors
    /// As [`Identity::open`].
    pub async fn beside(
        store: Store,
        clock: SharedClock,
        passwords: Passwords,
        keeping: Keeping,
    ) -> Result<Self, IdentityError> {
        let identity = Self::begun(store, clock, passwords, keeping).await?;
        identity.take_up_all(true)?;
        Ok(identity)
    }

    async fn begun(
        store: Store,
        clock: SharedClock,
        passwords: Passwords,
        keeping: Keeping,
    ) -> Result<Self, IdentityError> {
        let mut fresh = vec![0_u8; 32];
        getrandom::fill(&mut fresh)?;
        let key = store.meta_or_insert(SUCCESSOR_KEY, fresh).await?;
        let attempts: Arc<Mutex<Attempts>> = Arc::default();
        let seen_end = AtomicI64::new(store.last_end()?);
        let sessions = match keeping {
            Keeping::Embedded => Sessions::Memory(Box::default()),
            Keeping::Redis(settings) => {
                let installation = installation(&store).await?;
                let (clock, attempts) = (Arc::clone(&clock), Arc::clone(&attempts));
                let shared =
                    Shared::begin(*settings, &installation, store.clone(), clock, attempts).await?;
                Sessions::Shared(Box::new(shared))
            }
        };
        let identity = Self {
            store,
            clock,
            passwords,
            people: People::default(),
            lifetimes: AllLifetimes::default(),
            clients: Clients::default(),
            sessions,
            sign_ins: SignIns::default(),
            attempts,
            key,
            facts_version: AtomicI64::default(),
            facts: Mutex::default(),
            seen_end,
            writes: AtomicU64::default(),
        };
        identity.load_facts()?;
        Ok(identity)
    }

    /// Takes every session that the database knows into memory.
    fn take_up_all(&self, clean: bool) -> Result<(), IdentityError> {
        let Sessions::Memory(memory) = &self.sessions else {
            return Ok(());
        };
        let now = self.clock.now();
        for (grant, session) in self.store.living_sessions(now)? {
            let Some(session) = self.session_of(Record::of(&grant, &session))? else {
                continue;
            };
            // A use that was not written down may have come after the lifetimes
            // were changed, but hardly just then.
            if !clean && !session.had_run_out() {
                session.allow_for(session.lifetimes.worthwhile() + WRITE_DELAY);
            }
            if session.left(now).is_ok() {
                memory.insert(Arc::new(session));
            }
        }
        Ok(())
    }

    /// A session with its person and lifetimes. Another server may have added
    /// them a moment ago.
    pub(crate) fn session_of(&self, record: Record) -> Result<Option<Session>, IdentityError> {
        let is_known = self.people.get(&record.user).is_some()
            && self.lifetimes.find(&record.application).is_some();
        if !is_known {
            self.load_facts()?;
        }
        let Some(person) = self.people.get(&record.user) else {
            return Ok(None);
        };
        // An application that is struck from the register has no lifetimes of
        // its own; its sessions ended with it.
        let lifetimes = self.lifetimes.of(&record.application);
        Ok(Some(Session::new(record, person, lifetimes)))
    }

    /// Checks a token. Unless it is `background`, that counts as use.
    ///
    /// # Errors
    /// [`NoSession`], and what the caller hears.
    pub async fn check(&self, token: &str, background: bool) -> Result<Live, NoSession> {
        let hash = tokens::hash_of(token);
        match &self.sessions {
            Sessions::Memory(memory) => {
                let session = memory.get(&hash).ok_or(NoSession::Unknown)?;
                let now = self.clock.now();
                session.left(now)?;
                if !background {
                    session.use_at(now);
                    if session.claim_writing(now).is_some() {
                        memory.note_use(Arc::clone(&session));
                    }
                }
                session.live(now)
            }
            Sessions::Shared(shared) => {
                let deadline = Shared::deadline();
                let found = shared.find(&hash, deadline, |record| self.session_of(record));
                let session = found.await.map_err(|_| NoSession::Unavailable)?;
                let session = session.ok_or(NoSession::Unknown)?;
                let now = self.clock.now();
                session.left(now)?;
                if !background {
                    shared.note_use(&session, now, deadline).await;
                }
                session.live(now)
            }
        }
    }

    /// What needs the store of sessions fails early, and before anything is
    /// used up, when it cannot be reached.
    pub(crate) fn must_be_up(&self) -> Result<(), IdentityError> {
        match self.store_state() {
            StoreState::Down => Err(IdentityError::SessionsUnavailable),
            StoreState::Embedded | StoreState::Up => Ok(()),
        }
    }

    /// Forgets sessions that the database has ended.
    pub(crate) async fn forget(&self, hashes: &[TokenHash]) {
        match &self.sessions {
            Sessions::Memory(memory) => hashes.iter().for_each(|hash| memory.remove(hash)),
            Sessions::Shared(shared) => shared.forget(hashes).await,
        }
    }

    /// The person of that key, to show a name.
    #[must_use]
    pub fn person(&self, key: &str) -> Option<Arc<User>> {
        self.people.get(key).map(|person| person.facts())
    }

    /// The lifetimes of every kind of application and every registered one.
    #[must_use]
    pub fn applications(&self) -> Vec<ApplicationSettings> {
        self.lifetimes.all()
    }

    /// The lifetimes of one kind of application, or of a registered one.
    #[must_use]
    pub fn application(&self, name: &str) -> Option<ApplicationSettings> {
        self.lifetimes.find(name).map(|found| found.settings())
    }

    /// Sets the lifetimes of a kind or a registered application: durable, and at the next check of every
    /// living session in force. What has run out before stays so.
    ///
    /// # Errors
    /// [`IdentityError::Store`] with the field at fault.
    pub async fn set_application(
        &self,
        settings: ApplicationSettings,
    ) -> Result<(), IdentityError> {
        let now = self.clock.now();
        self.store.set_application(settings, now).await?;
        self.facts_changed()
    }

    /// What only this server can have made of a text: a seal for what somebody
    /// else keeps for it and brings back, for one purpose.
    #[must_use]
    pub fn seal(&self, purpose: &str, text: &str) -> chancery_proto::secret::Secret {
        tokens::successor(&self.key, purpose, text)
    }

    /// Hashes a new password in the pool.
    ///
    /// # Errors
    /// [`IdentityError::PasswordRule`], [`IdentityError::Busy`].
    pub async fn hash_password(
        &self,
        password: chancery_proto::secret::Secret,
    ) -> Result<String, IdentityError> {
        self.passwords.hash(password).await
    }

    /// How many sessions are in memory; where they are shared, how many copies.
    #[must_use]
    pub fn session_count(&self) -> usize {
        match &self.sessions {
            Sessions::Memory(memory) => memory.count(),
            Sessions::Shared(shared) => shared.count(),
        }
    }

    /// How it is with the store of sessions.
    #[must_use]
    pub fn store_state(&self) -> StoreState {
        match &self.sessions {
            Sessions::Memory(_) => StoreState::Embedded,
            Sessions::Shared(shared) if shared.is_up() => StoreState::Up,
            Sessions::Shared(_) => StoreState::Down,
        }
    }

    /// How often the store of sessions was asked or written to since the start.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        match &self.sessions {
            Sessions::Memory(_) => self.writes.load(Ordering::Relaxed),
            Sessions::Shared(shared) => shared.trips(),
        }
    }

    /// Sign-ins since the start, by method and outcome.
    #[must_use]
    pub fn sign_in_counts(&self) -> Vec<SignInCount> {
        self.sign_ins.all()
    }

    /// Writes down the uses that are worth it. To be called once a second.
    ///
    /// # Errors
    /// [`IdentityError::Store`]; the uses are then kept for the next time.
    pub async fn write_uses(&self) -> Result<(), IdentityError> {
        let Sessions::Memory(memory) = &self.sessions else {
            // They are written as they happen.
            return Ok(());
        };
        let sessions = memory.take_unwritten();
        if sessions.is_empty() {
            return Ok(());
        }
        let used = sessions
            .iter()
            .map(|session| (session.hash, session.last_use()))
            .collect();
        let outcome = self.store.write_uses(used).await;
        if outcome.is_err() {
            for session in sessions {
                memory.note_use(session);
            }
        }
        self.writes.fetch_add(1, Ordering::Relaxed);
        Ok(outcome?)
    }

    /// Lets go of sessions that ran out; the database keeps which sign-in they
    /// belong to, so that it can still be ended with their token. To be called
    /// once a minute.
    pub fn forget_expired(&self) {
        match &self.sessions {
            Sessions::Memory(memory) => {
                let now = self.clock.now();
                memory.retain(|session| session.left(now).is_ok());
            }
            Sessions::Shared(shared) => shared.forget_old(),
        }
    }

    /// Lets go of what is long over in the database. To be called now and then.
    ///
    /// # Errors
    /// [`IdentityError::Store`].
    pub async fn forget_old(&self) -> Result<(), IdentityError> {
        let now = self.clock.now();
        let mut after = String::new();
        while let Some(last) = self
            .store
            .forget_old_sign_ins(now, &after, LOOKED_AT_AT_ONCE)
            .await?
        {
            after = last;
            // Others have their turn between two.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Takes over what another process changed in the database: people,
    /// applications, lifetimes, ended sign-ins. To be called a few times a
    /// second, and when [`Identity::hear`] says so.
    ///
    /// # Errors
    /// [`IdentityError::Store`].
    pub async fn follow_changes(&self) -> Result<(), IdentityError> {
        if self.store.facts_version()? != self.facts_version.load(Ordering::Acquire) {
            self.load_facts()?;
        }
        match &self.sessions {
            Sessions::Shared(shared) => shared.follow().await,
            Sessions::Memory(memory) => {
                let mut seen = self.seen_end.load(Ordering::Acquire);
                loop {
                    let ends = self.store.ends_after(seen, ENDS_AT_ONCE)?;
                    let Some(last) = ends.last() else { break };
                    for end in &ends {
                        match (end.dies, memory.get(&end.hash)) {
                            (Some(dies), Some(session)) => session.dies_at(dies),
                            (None, Some(_)) => memory.remove(&end.hash),
                            (_, None) => {}
                        }
                    }
                    seen = last.seq;
                    self.seen_end.fetch_max(seen, Ordering::AcqRel);
                }
                Ok(())
            }
        }
    }

    /// Waits until another server says that it changed something; embedded,
    /// for ever.
    pub async fn hear(&self) {
        match &self.sessions {
            Sessions::Shared(shared) => shared.hear_of_facts().await,
            Sessions::Memory(_) => std::future::pending().await,
        }
    }

    /// A password, or a code, was tried.
    pub(crate) fn note_try(&self, account: &str, address: &str, is_right: bool) {
        lock(&self.attempts).note(account, address, is_right, self.clock.now());
        if let Sessions::Shared(shared) = &self.sessions {
            shared.tell_try(account, address, is_right);
        }
    }

    /// Writes everything down before the process ends in good order.
    ///
    /// # Errors
    /// [`IdentityError::Store`]; the next start then allows for what was not written.
    pub async fn close(&self) -> Result<(), IdentityError> {
        let Sessions::Memory(memory) = &self.sessions else {
            return Ok(());
        };
        let used = memory
            .all()
            .iter()
            .map(|session| (session.hash, session.last_use()))
            .collect();
        self.store.write_uses(used).await?;
        Ok(self.store.set_meta(CLEAN_SHUTDOWN, b"1".to_vec()).await?)
    }
}

/// What this installation's keys begin with where others use the same Redis.
async fn installation(store: &Store) -> Result<String, IdentityError> {
    let fresh: String = tokens::random_id()?.chars().take(6).collect();
    let kept = store
        .meta_or_insert(INSTALLATION, fresh.into_bytes())
        .await?;
    Ok(String::from_utf8_lossy(&kept).into_owned())
}
