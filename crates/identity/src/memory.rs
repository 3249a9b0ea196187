//! Sessions in this process's memory, found by the hash of their token.

use crate::session::Session;
use chancery_store::grants::TokenHash;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// So many locks, so that checks on different cores do not meet.
const SHARDS: usize = 16;

/// The keys are hashes already: eight of their bytes are as good as any hash.
#[derive(Debug, Default)]
pub(crate) struct FirstBytes(u64);

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

/// A table by the hash of a token.
pub(crate) type ByToken<T> = HashMap<TokenHash, T, BuildHasherDefault<FirstBytes>>;

/// Such tables, under locks of their own.
#[derive(Debug)]
pub(crate) struct Shards<T>([RwLock<ByToken<T>>; SHARDS]);

impl<T> Default for Shards<T> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| RwLock::default()))
    }
}

impl<T: Clone> Shards<T> {
    fn shard(&self, hash: &TokenHash) -> &RwLock<ByToken<T>> {
        &self.0[usize::from(hash[31]) % SHARDS]
    }

    pub(crate) fn get(&self, hash: &TokenHash) -> Option<T> {
        let shard = self.shard(hash).read();
        let shard = shard.unwrap_or_else(PoisonError::into_inner);
        shard.get(hash).cloned()
    }

    pub(crate) fn change<A>(
        &self,
        hash: &TokenHash,
        change: impl FnOnce(&mut ByToken<T>) -> A,
    ) -> A {
        let shard = self.shard(hash).write();
        change(&mut shard.unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn remove(&self, hash: &TokenHash) {
        self.change(hash, |shard| shard.remove(hash));
    }

    pub(crate) fn retain(&self, mut keep: impl FnMut(&T) -> bool) {
        for shard in &self.0 {
            let shard = shard.write();
            shard
                .unwrap_or_else(PoisonError::into_inner)
                .retain(|_, one| keep(one));
        }
    }

    pub(crate) fn all(&self) -> Vec<T> {
        let mut all = Vec::new();
        for shard in &self.0 {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            all.extend(shard.values().cloned());
        }
        all
    }

    pub(crate) fn count(&self) -> usize {
        self.0
            .iter()
            .map(|shard| shard.read().map_or(0, |shard| shard.len()))
            .sum()
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The sessions, and which uses wait to be written.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    sessions: Shards<Arc<Session>>,
    unwritten: Mutex<Vec<Arc<Session>>>,
}

impl Memory {
    pub(crate) fn get(&self, hash: &TokenHash) -> Option<Arc<Session>> {
        self.sessions.get(hash)
    }

    /// Puts a session in, unless it is there; answers the one that is.
    pub(crate) fn insert(&self, session: Arc<Session>) -> Arc<Session> {
        let hash = session.hash;
        self.sessions.change(&hash, |shard| {
            Arc::clone(shard.entry(hash).or_insert(session))
        })
    }

    pub(crate) fn remove(&self, hash: &TokenHash) {
        self.sessions.remove(hash);
    }

    pub(crate) fn retain(&self, mut keep: impl FnMut(&Session) -> bool) {
        self.sessions.retain(|session| keep(session));
    }

    pub(crate) fn all(&self) -> Vec<Arc<Session>> {
        self.sessions.all()
    }

    pub(crate) fn count(&self) -> usize {
        self.sessions.count()
    }

    pub(crate) fn note_use(&self, session: Arc<Session>) {
        lock(&self.unwritten).push(session);
    }

    pub(crate) fn take_unwritten(&self) -> Vec<Arc<Session>> {
        std::mem::take(&mut *lock(&self.unwritten))
    }
}
