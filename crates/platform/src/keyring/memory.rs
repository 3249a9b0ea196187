//! No keyring: everything lives in memory, and says so.

use super::{Found, Key, SecretStore, StoreError};
use chancery_proto::secret::Secret;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// A store in this process's memory. Two uses: a machine without a keyring
/// (every call answers *unavailable*, and the agent keeps the session in its
/// own memory), and tests that choose how the keyring is found.
#[derive(Debug)]
pub struct MemoryStore {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    secrets: BTreeMap<Key, Secret>,
    mood: Mood,
}

#[derive(Debug)]
enum Mood {
    Open,
    Locked,
    Unavailable(String),
}

impl MemoryStore {
    /// A store that keeps what it is given, until the process ends.
    #[must_use]
    pub fn open() -> Self {
        Self::with(Mood::Open)
    }

    /// A store that is not there.
    #[must_use]
    pub fn unavailable(why: &str) -> Self {
        Self::with(Mood::Unavailable(why.to_owned()))
    }

    fn with(mood: Mood) -> Self {
        Self {
            inner: Mutex::new(Inner {
                secrets: BTreeMap::new(),
                mood,
            }),
        }
    }

    /// Locks the store, as a person or a screen lock would.
    pub fn lock(&self) {
        self.inner().mood = Mood::Locked;
    }

    /// Unlocks the store.
    pub fn unlock(&self) {
        self.inner().mood = Mood::Open;
    }

    /// How many secrets it holds.
    #[must_use]
    pub fn count(&self) -> usize {
        self.inner().secrets.len()
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn refusal(&self) -> Result<(), StoreError> {
        match &self.mood {
            Mood::Open => Ok(()),
            Mood::Locked => Err(StoreError::Locked),
            Mood::Unavailable(why) => Err(StoreError::Unavailable { why: why.clone() }),
        }
    }
}

impl SecretStore for MemoryStore {
    fn read(&self, key: &Key) -> Found {
        let inner = self.inner();
        match &inner.mood {
            Mood::Locked => Found::Locked,
            Mood::Unavailable(why) => Found::Unavailable { why: why.clone() },
            Mood::Open => inner
                .secrets
                .get(key)
                .map_or(Found::Absent, |secret| Found::Secret(secret.clone())),
        }
    }

    fn write(&self, key: &Key, secret: &Secret) -> Result<(), StoreError> {
        let mut inner = self.inner();
        inner.refusal()?;
        inner.secrets.insert(key.clone(), secret.clone());
        Ok(())
    }

    fn delete(&self, key: &Key) -> Result<(), StoreError> {
        let mut inner = self.inner();
        inner.refusal()?;
        inner.secrets.remove(key);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::MemoryStore;
    use crate::keyring::{Found, Key, SecretStore, StoreError};
    use chancery_proto::secret::Secret;

    #[test]
    fn a_locked_store_forgets_nothing() {
        let store = MemoryStore::open();
        let key = Key {
            place: "here".into(),
            server: "https://work.example.com".into(),
            user: "ada".into(),
        };
        assert_eq!(store.read(&key), Found::Absent);
        store.write(&key, &Secret::from("s")).expect("written");
        store.lock();
        assert_eq!(store.read(&key), Found::Locked);
        assert_eq!(store.delete(&key), Err(StoreError::Locked));
        store.unlock();
        assert_eq!(store.read(&key), Found::Secret(Secret::from("s")));
        store.delete(&key).expect("removed");
        assert_eq!(store.read(&key), Found::Absent);
    }
}
