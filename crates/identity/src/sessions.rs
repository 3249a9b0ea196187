//! Every session in memory, found by the hash of its token.

use crate::session::{Grant, Session};
use chancery_store::grants::TokenHash;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, RwLock};

/// So many locks, so that checks on different cores do not meet.
const SHARDS: usize = 16;

/// The keys are hashes already: eight of their bytes are as good as any hash.
#[derive(Default)]
struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk::<8>() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    fn write_usize(&mut self, _: usize) {}
}

type Shard = HashMap<TokenHash, Arc<Session>, BuildHasherDefault<FirstBytes>>;

/// The sessions, their grants, and which uses wait to be written.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    shards: [RwLock<Shard>; SHARDS],
    grants: Mutex<HashMap<String, Arc<Grant>>>,
    unwritten: Mutex<Vec<Arc<Session>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    match mutex.lock() {
        Ok(guard) => guard,
        Err(poisoned) => poisoned.into_inner(),
    }
}

impl Sessions {
    fn shard(&self, hash: &TokenHash) -> &RwLock<Shard> {
        &self.shards[usize::from(hash[31]) % SHARDS]
    }

    pub(crate) fn get(&self, hash: &TokenHash) -> Option<Arc<Session>> {
        match self.shard(hash).read() {
            Ok(shard) => shard.get(hash).cloned(),
            Err(poisoned) => poisoned.into_inner().get(hash).cloned(),
        }
    }

    /// Puts a session in, unless it is there.
    pub(crate) fn insert(&self, session: Arc<Session>) {
        let mut shard = match self.shard(&session.hash).write() {
            Ok(shard) => shard,
            Err(poisoned) => poisoned.into_inner(),
        };
        shard.entry(session.hash).or_insert(session);
    }

    pub(crate) fn remove(&self, hash: &TokenHash) {
        match self.shard(hash).write() {
            Ok(mut shard) => shard.remove(hash),
            Err(poisoned) => poisoned.into_inner().remove(hash),
        };
    }

    pub(crate) fn all(&self) -> Vec<Arc<Session>> {
        let mut all = Vec::new();
        for shard in &self.shards {
            match shard.read() {
                Ok(shard) => all.extend(shard.values().cloned()),
                Err(poisoned) => all.extend(poisoned.into_inner().values().cloned()),
            }
        }
        all
    }

    pub(crate) fn count(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.read().map_or(0, |shard| shard.len()))
            .sum()
    }

    /// The one grant of that id: the first that was made wins.
    pub(crate) fn grant(&self, id: &str, make: impl FnOnce() -> Grant) -> Arc<Grant> {
        let mut grants = lock(&self.grants);
        if let Some(grant) = grants.get(id) {
            return Arc::clone(grant);
        }
        let grant = Arc::new(make());
        grants.insert(id.to_owned(), Arc::clone(&grant));
        grant
    }

    /// Forgets a grant that is over, with all its sessions.
    pub(crate) fn end(&self, grant_id: &str) {
        let ended = lock(&self.grants).remove(grant_id);
        if let Some(grant) = ended {
            grant.ended.store(true, Ordering::Release);
        }
        for session in self.all() {
            if session.grant.row.id == grant_id {
                session.grant.ended.store(true, Ordering::Release);
                self.remove(&session.hash);
            }
        }
    }

    /// Forgets grants that no session hangs on any more.
    pub(crate) fn forget_empty_grants(&self) {
        lock(&self.grants).retain(|_, grant| Arc::strong_count(grant) > 1);
    }

    pub(crate) fn note_use(&self, session: Arc<Session>) {
        lock(&self.unwritten).push(session);
    }

    pub(crate) fn take_unwritten(&self) -> Vec<Arc<Session>> {
        std::mem::take(&mut *lock(&self.unwritten))
    }
}
