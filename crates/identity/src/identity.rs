//! The door: everything about who somebody is goes through [`Identity`].

use crate::attempts::Attempts;
use crate::clients::Clients;
use crate::counters::{SignInCount, SignIns};
use crate::lifetimes::AllLifetimes;
use crate::people::People;
use crate::persona::Persona;
use crate::session::{Grant, Live, NoSession, Session};
use crate::sessions::Sessions;
use crate::{IdentityError, Passwords, tokens};
use chancery_proto::clock::SharedClock;
use chancery_store::Store;
use chancery_store::applications::ApplicationSettings;
use chancery_store::grants::GrantRow;
use chancery_store::users::User;
use std::collections::HashSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What may be lost of a use beside the worthwhile part: uses are written once a second.
const WRITE_DELAY: Duration = Duration::from_secs(2);
const CLEAN_SHUTDOWN: &str = "identity.clean_shutdown";
const SUCCESSOR_KEY: &str = "identity.successor_key";

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
    pub(crate) attempts: Mutex<Attempts>,
    pub(crate) key: Vec<u8>,
}

impl Identity {
    /// Takes up every session that the database knows.
    ///
    /// # Errors
    /// When the database or the machine's random numbers cannot be used.
    pub async fn open(
        store: Store,
        clock: SharedClock,
        passwords: Passwords,
    ) -> Result<Self, IdentityError> {
        let mut fresh = vec![0_u8; 32];
        getrandom::fill(&mut fresh)?;
        let key = store.meta_or_insert(SUCCESSOR_KEY, fresh).await?;
        let clean = store.meta(CLEAN_SHUTDOWN)?.as_deref() == Some(b"1");
        let identity = Self {
            store,
            clock,
            passwords,
            people: People::default(),
            lifetimes: AllLifetimes::default(),
            clients: Clients::default(),
            sessions: Sessions::default(),
            sign_ins: SignIns::default(),
            attempts: Mutex::default(),
            key,
        };
        identity.load_facts()?;
        let now = identity.clock.now();
        for (grant, session) in identity.store.living_sessions()? {
            let slack = if clean {
                Duration::ZERO
            } else {
                identity.lifetimes.of(&grant.application).worthwhile() + WRITE_DELAY
            };
            if let Some(grant) = identity.grant_of(grant) {
                let session = Session::new(session, grant, slack);
                if session.left(now).is_ok() {
                    identity.sessions.insert(Arc::new(session));
                }
            }
        }
        identity
            .store
            .set_meta(CLEAN_SHUTDOWN, b"0".to_vec())
            .await?;
        Ok(identity)
    }

    pub(crate) fn load_facts(&self) -> Result<(), IdentityError> {
        self.people.load(self.store.users()?);
        self.lifetimes.replace(&self.store.applications()?);
        self.clients.load(self.store.clients()?);
        Ok(())
    }

    pub(crate) fn grant_of(&self, row: GrantRow) -> Option<Arc<Grant>> {
        let person = self.people.get(&row.user)?;
        let id = row.id.clone();
        Some(self.sessions.grant(&id, || Grant {
            persona: Persona::from_name(&row.persona).unwrap_or(Persona::User),
            person,
            lifetimes: self.lifetimes.of(&row.application),
            ended: AtomicBool::new(false),
            row,
        }))
    }

    /// Checks a token. Unless it is `background`, that counts as use.
    ///
    /// # Errors
    /// [`NoSession`]: the caller hears 401.
    pub fn check(&self, token: &str, background: bool) -> Result<Live, NoSession> {
        let session = self
            .sessions
            .get(&tokens::hash_of(token))
            .ok_or(NoSession::Unknown)?;
        let (live, worth_writing) = session.check(self.clock.now(), background)?;
        if worth_writing {
            self.sessions.note_use(session);
        }
        Ok(live)
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
        self.bury_expired().await?;
        let now = self.clock.now();
        self.store.set_application(settings.clone(), now).await?;
        self.lifetimes.load(&[settings]);
        Ok(())
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

    /// How many sessions are in memory.
    #[must_use]
    pub fn session_count(&self) -> usize {
        self.sessions.count()
    }

    /// Sign-ins since the start, by method and outcome.
    #[must_use]
    pub fn sign_in_counts(&self) -> Vec<SignInCount> {
        self.sign_ins.all()
    }

    /// Writes down the uses that are worth it; says whether there were any. To
    /// be called once a second.
    ///
    /// # Errors
    /// [`IdentityError::Store`]; the uses are then kept for the next time.
    pub async fn write_uses(&self) -> Result<bool, IdentityError> {
        let sessions = self.sessions.take_unwritten();
        if sessions.is_empty() {
            return Ok(false);
        }
        let used = sessions
            .iter()
            .map(|session| (session.hash, session.last_use()))
            .collect();
        let outcome = self.store.write_uses(used).await;
        if outcome.is_err() {
            for session in sessions {
                self.sessions.note_use(session);
            }
        }
        outcome?;
        Ok(true)
    }

    /// Lets go of sessions that ran out; the database keeps which sign-in they
    /// belong to, so that it can still be ended with their token. To be called
    /// once a minute.
    pub fn forget_expired(&self) {
        let now = self.clock.now();
        for session in self.sessions.all() {
            if session.left(now).is_err() {
                self.sessions.remove(&session.hash);
            }
        }
        self.sessions.forget_empty_grants();
    }

    /// Sessions that have run out are over for good, whatever lifetimes are set
    /// from now on.
    async fn bury_expired(&self) -> Result<(), IdentityError> {
        let now = self.clock.now();
        let expired: Vec<_> = self
            .sessions
            .all()
            .into_iter()
            .filter(|session| session.left(now) == Err(NoSession::Expired))
            .collect();
        if expired.is_empty() {
            return Ok(());
        }
        for session in &expired {
            session.dies_at(now);
        }
        let hashes = expired.iter().map(|session| session.hash).collect();
        Ok(self.store.let_die(hashes, now).await?)
    }

    /// Takes over what another process changed in the database: people,
    /// lifetimes, ended sign-ins. To be called a few times a second.
    ///
    /// # Errors
    /// [`IdentityError::Store`].
    pub async fn follow_changes(&self) -> Result<(), IdentityError> {
        if !self.store.changed_elsewhere().await? {
            return Ok(());
        }
        // First who is in memory, then what the database says: a session made
        // in between is not mistaken for one that was ended.
        let known = self.sessions.all();
        self.bury_expired().await?;
        self.load_facts()?;
        let living: HashSet<_> = self
            .store
            .living_sessions()?
            .into_iter()
            .map(|(_, session)| session.hash)
            .collect();
        for session in known {
            if !living.contains(&session.hash) {
                self.sessions.remove(&session.hash);
            }
        }
        Ok(())
    }

    /// Writes everything down before the process ends in good order.
    ///
    /// # Errors
    /// [`IdentityError::Store`]; the next start then allows for what was not written.
    pub async fn close(&self) -> Result<(), IdentityError> {
        let used = self
            .sessions
            .all()
            .iter()
            .map(|session| (session.hash, session.last_use()))
            .collect();
        self.store.write_uses(used).await?;
        Ok(self.store.set_meta(CLEAN_SHUTDOWN, b"1".to_vec()).await?)
    }
}
