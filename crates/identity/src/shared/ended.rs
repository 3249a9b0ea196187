//! What ended lately, or is about to.

use crate::memory::{ByToken, lock};
use chancery_proto::clock::Timestamp;
use chancery_store::grants::TokenHash;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// It is remembered for so long after it was carried out, whatever Redis says.
const ENDED_LIFE: Duration = Duration::from_secs(60);

/// What is remembered of a session.
#[derive(Debug, Clone, Copy)]
struct One {
    /// When that was heard, by the clock that never goes back.
    heard: Duration,
    /// When it ends because another took over; None where it was ended.
    dies: Option<Timestamp>,
}

/// The tokens of sessions that ended lately, or that others took over from.
#[derive(Debug, Default)]
pub(super) struct Ended {
    tokens: Mutex<ByToken<One>>,
    count: AtomicUsize,
}

impl Ended {
    /// It was ended.
    pub(super) fn add(&self, hash: TokenHash, heard: Duration) {
        let mut tokens = lock(&self.tokens);
        tokens.insert(hash, One { heard, dies: None });
        self.count.store(tokens.len(), Ordering::Release);
    }

    /// Another took over from it. That does not outweigh an end.
    pub(super) fn add_dying(&self, hash: TokenHash, dies: Timestamp, heard: Duration) {
        let mut tokens = lock(&self.tokens);
        let dies = Some(dies);
        tokens.entry(hash).or_insert(One { heard, dies });
        self.count.store(tokens.len(), Ordering::Release);
    }

    fn get(&self, hash: &TokenHash) -> Option<One> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        lock(&self.tokens).get(hash).copied()
    }

    /// Whether it was ended.
    pub(super) fn has(&self, hash: &TokenHash) -> bool {
        self.get(hash).is_some_and(|one| one.dies.is_none())
    }

    /// When it ends because another took over, as far as that is remembered.
    pub(super) fn dies(&self, hash: &TokenHash) -> Option<Timestamp> {
        self.get(hash)?.dies
    }

    /// Some are not carried out yet: all are remembered from now on as long as if
    /// they had been heard of now.
    pub(super) fn keep_on(&self, now: Duration) {
        let mut tokens = lock(&self.tokens);
        tokens.values_mut().for_each(|one| one.heard = now);
    }

    pub(super) fn forget_old(&self, now: Duration) {
        let mut tokens = lock(&self.tokens);
        tokens.retain(|_, one| now.saturating_sub(one.heard) < ENDED_LIFE);
        self.count.store(tokens.len(), Ordering::Release);
    }
}
