//! One session, and whether it still lives.

use crate::lifetimes::Lifetimes;
use crate::people::Person;
use crate::persona::Persona;
use chancery_proto::clock::Timestamp;
use chancery_store::access::{Principal, Via};
use chancery_store::grants::{GrantRow, SessionRow, TokenHash};
use chancery_store::users::User;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

/// What is kept of a session, wherever sessions live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) hash: TokenHash,
    /// What people name it by.
    pub(crate) id: String,
    /// Its sign-in.
    pub(crate) grant_id: String,
    /// Key of the person.
    pub(crate) user: String,
    /// Whose lifetimes hold.
    pub(crate) application: String,
    pub(crate) persona: Persona,
    pub(crate) signed_in: Timestamp,
    pub(crate) last_use: Timestamp,
    pub(crate) was_used: bool,
    /// When it ends because another took its place.
    pub(crate) dies: Option<Timestamp>,
}

impl Record {
    /// As the database has it.
    pub(crate) fn of(grant: &GrantRow, session: &SessionRow) -> Self {
        Self {
            hash: session.hash,
            id: session.id.clone(),
            grant_id: grant.id.clone(),
            user: grant.user.clone(),
            application: grant.application.clone(),
            persona: Persona::from_name(&grant.persona).unwrap_or(Persona::User),
            signed_in: grant.created,
            last_use: session.last_use,
            was_used: session.last_use > session.created,
            dies: session.dies,
        }
    }
}

/// A session as it is checked.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) hash: TokenHash,
    pub(crate) id: String,
    pub(crate) grant_id: String,
    user: String,
    pub(crate) persona: Persona,
    pub(crate) person: Arc<Person>,
    pub(crate) lifetimes: Arc<Lifetimes>,
    signed_in: Timestamp,
    last_use: AtomicI64,
    /// The last use as it is written down where sessions are kept, or will be in
    /// a moment.
    written: AtomicI64,
    dies: AtomicI64,
    was_used: AtomicBool,
}

/// A session that was checked and lives.
#[derive(Debug, Clone)]
pub struct Live {
    /// Who it is.
    pub user: Arc<User>,
    /// What the store asks about them.
    pub principal: Principal,
    /// As what they signed in.
    pub persona: Persona,
    /// The kind of application, or the registered one, whose lifetimes hold.
    pub application: Arc<str>,
    /// The session's public id.
    pub session_id: String,
    /// Left until it ends for lack of use.
    pub idle_left: Duration,
    /// Left until it ends whatever happens.
    pub absolute_left: Duration,
}

/// Why there is no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoSession {
    /// No such token, or its sign-in was ended. The caller hears 401.
    Unknown,
    /// It was not used for too long, or another took its place: a refresh may
    /// follow. The caller hears 401.
    Expired,
    /// Where sessions are kept cannot be reached: nobody knows. The caller hears
    /// 503 and keeps the session.
    Unavailable,
}

const FOR_EVER: i64 = i64::MAX;

impl Session {
    pub(crate) fn new(record: Record, person: Arc<Person>, lifetimes: Arc<Lifetimes>) -> Self {
        Self {
            hash: record.hash,
            id: record.id,
            grant_id: record.grant_id,
            user: record.user,
            persona: record.persona,
            person,
            lifetimes,
            signed_in: record.signed_in,
            last_use: AtomicI64::new(record.last_use.0),
            written: AtomicI64::new(record.last_use.0),
            dies: AtomicI64::new(record.dies.map_or(FOR_EVER, |dies| dies.0)),
            was_used: AtomicBool::new(record.was_used),
        }
    }

    /// What is to be kept of it.
    pub(crate) fn record(&self) -> Record {
        let dies = self.dies.load(Ordering::Relaxed);
        Record {
            hash: self.hash,
            id: self.id.clone(),
            grant_id: self.grant_id.clone(),
            user: self.user.clone(),
            application: self.lifetimes.name().to_string(),
            persona: self.persona,
            signed_in: self.signed_in,
            last_use: self.last_use(),
            was_used: self.was_used(),
            dies: (dies != FOR_EVER).then_some(Timestamp(dies)),
        }
    }

    /// Allows for uses that may not have been written down.
    pub(crate) fn allow_for(&self, slack: Duration) {
        let allowed = self.last_use().plus(slack);
        self.last_use.fetch_max(allowed.0, Ordering::Relaxed);
    }

    pub(crate) fn last_use(&self) -> Timestamp {
        Timestamp(self.last_use.load(Ordering::Relaxed))
    }

    pub(crate) fn was_used(&self) -> bool {
        self.was_used.load(Ordering::Relaxed)
    }

    /// Lets it live no longer than until then.
    pub(crate) fn dies_at(&self, when: Timestamp) {
        self.dies.fetch_min(when.0, Ordering::Relaxed);
    }

    /// When it ends whatever happens.
    fn end(&self) -> Timestamp {
        let absolute = self.signed_in.plus(self.lifetimes.absolute());
        absolute.min(Timestamp(self.dies.load(Ordering::Relaxed)))
    }

    /// Whether it had run out before its lifetimes were changed.
    pub(crate) fn had_run_out(&self) -> bool {
        self.lifetimes.had_run_out(self.last_use(), self.signed_in)
    }

    /// What is left of it, without counting as use.
    pub(crate) fn left(&self, now: Timestamp) -> Result<(Duration, Duration), NoSession> {
        let facts = self.person.facts();
        if !facts.enabled || self.signed_in < facts.not_before {
            return Err(NoSession::Unknown);
        }
        let absolute_left = self.end().since(now);
        let idle_end = self.last_use().plus(self.lifetimes.idle());
        let idle_left = idle_end.since(now).min(absolute_left);
        if idle_left.is_zero() || self.had_run_out() {
            return Err(NoSession::Expired);
        }
        Ok((idle_left, absolute_left))
    }

    /// How long it lives from `now` on unless it is used.
    pub(crate) fn life(&self, now: Timestamp) -> Duration {
        self.left(now).map_or(Duration::ZERO, |(idle, _)| idle)
    }

    /// How long it would live if it was used at `now`.
    pub(crate) fn life_when_used(&self, now: Timestamp) -> Duration {
        self.lifetimes.idle().min(self.end().since(now))
    }

    /// It was used.
    pub(crate) fn use_at(&self, now: Timestamp) {
        self.was_used.store(true, Ordering::Relaxed);
        self.last_use.fetch_max(now.0, Ordering::Relaxed);
    }

    /// Whether a use at `now` is worth writing down. Of many callers at once one
    /// hears yes, with what to take back to where it could not be written.
    pub(crate) fn claim_writing(&self, now: Timestamp) -> Option<Timestamp> {
        let written = Timestamp(self.written.load(Ordering::Relaxed));
        if now.since(written) < self.lifetimes.worthwhile() {
            return None;
        }
        self.written
            .compare_exchange(written.0, now.0, Ordering::Relaxed, Ordering::Relaxed)
            .ok()
            .map(Timestamp)
    }

    /// It could not be written down.
    pub(crate) fn take_back(&self, written: Timestamp) {
        self.written.store(written.0, Ordering::Relaxed);
    }

    /// What a caller is told, if it lives.
    pub(crate) fn live(&self, now: Timestamp) -> Result<Live, NoSession> {
        let (idle_left, absolute_left) = self.left(now)?;
        let user = self.person.facts();
        let administrator = self.persona == Persona::Administrator && user.is_admin;
        let principal = Principal {
            user: self.user.clone(),
            administrator,
            external: user.is_external,
            server: false,
            via: Via {
                application: Arc::clone(self.lifetimes.name()),
                ..Via::default()
            },
        };
        Ok(Live {
            user,
            principal,
            persona: self.persona,
            application: Arc::clone(self.lifetimes.name()),
            session_id: self.id.clone(),
            idle_left,
            absolute_left,
        })
    }
}
