//! One session, and whether it still lives.

use crate::lifetimes::Lifetimes;
use crate::people::Person;
use crate::persona::Persona;
use chancery_proto::clock::Timestamp;
use chancery_store::access::Principal;
use chancery_store::grants::{GrantRow, SessionRow, TokenHash};
use chancery_store::users::User;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

/// A sign-in that goes on, shared by its sessions.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) row: GrantRow,
    pub(crate) persona: Persona,
    pub(crate) person: Arc<Person>,
    pub(crate) lifetimes: Arc<Lifetimes>,
    pub(crate) ended: AtomicBool,
}

/// A session in memory.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) hash: TokenHash,
    pub(crate) id: String,
    pub(crate) grant: Arc<Grant>,
    pub(crate) created: Timestamp,
    pub(crate) address: String,
    last_use: AtomicI64,
    /// The last use as the database has it, or will have in a moment.
    written: AtomicI64,
    /// When it ends because another took its place.
    dies: AtomicI64,
    used: AtomicBool,
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

/// Why there is no session. The caller hears 401 for each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoSession {
    /// No such token, or its sign-in was ended.
    Unknown,
    /// It was not used for too long, or another took its place: a refresh may follow.
    Expired,
}

const FOR_EVER: i64 = i64::MAX;

impl Session {
    /// `slack` is added to the last use: what may not have been written down.
    pub(crate) fn new(row: SessionRow, grant: Arc<Grant>, slack: Duration) -> Self {
        Self {
            hash: row.hash,
            id: row.id,
            grant,
            created: row.created,
            address: row.address,
            last_use: AtomicI64::new(row.last_use.plus(slack).0),
            written: AtomicI64::new(row.last_use.0),
            dies: AtomicI64::new(row.dies.map_or(FOR_EVER, |dies| dies.0)),
            used: AtomicBool::new(row.last_use > row.created),
        }
    }

    pub(crate) fn last_use(&self) -> Timestamp {
        Timestamp(self.last_use.load(Ordering::Relaxed))
    }

    pub(crate) fn was_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// Lets it live no longer than until then.
    pub(crate) fn dies_at(&self, when: Timestamp) {
        self.dies.fetch_min(when.0, Ordering::Relaxed);
    }

    /// When it ends whatever happens.
    fn end(&self) -> Timestamp {
        let absolute = self.grant.row.created.plus(self.grant.lifetimes.absolute());
        absolute.min(Timestamp(self.dies.load(Ordering::Relaxed)))
    }

    /// What is left of it, without counting as use.
    pub(crate) fn left(&self, now: Timestamp) -> Result<(Duration, Duration), NoSession> {
        let facts = self.grant.person.facts();
        if self.grant.ended.load(Ordering::Acquire)
            || !facts.enabled
            || self.grant.row.created < facts.not_before
        {
            return Err(NoSession::Unknown);
        }
        let absolute_left = self.end().since(now);
        let idle_end = self.last_use().plus(self.grant.lifetimes.idle());
        let idle_left = idle_end.since(now).min(absolute_left);
        if idle_left.is_zero() {
            return Err(NoSession::Expired);
        }
        Ok((idle_left, absolute_left))
    }

    /// Checks it; a check that is not background counts as use. Says whether
    /// the use is worth writing down now.
    pub(crate) fn check(
        &self,
        now: Timestamp,
        background: bool,
    ) -> Result<(Live, bool), NoSession> {
        let (mut idle_left, absolute_left) = self.left(now)?;
        let mut worth_writing = false;
        if !background {
            self.used.store(true, Ordering::Relaxed);
            self.last_use.fetch_max(now.0, Ordering::Relaxed);
            idle_left = self.grant.lifetimes.idle().min(absolute_left);
            let written = Timestamp(self.written.load(Ordering::Relaxed));
            if now.since(written) >= self.grant.lifetimes.worthwhile() {
                worth_writing = self
                    .written
                    .compare_exchange(written.0, now.0, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok();
            }
        }
        let user = self.grant.person.facts();
        let administrator = self.grant.persona == Persona::Administrator && user.is_admin;
        let principal = Principal {
            user: self.grant.row.user.clone(),
            administrator,
            external: user.is_external,
        };
        let live = Live {
            user,
            principal,
            persona: self.grant.persona,
            application: Arc::clone(self.grant.lifetimes.name()),
            session_id: self.id.clone(),
            idle_left,
            absolute_left,
        };
        Ok((live, worth_writing))
    }
}
