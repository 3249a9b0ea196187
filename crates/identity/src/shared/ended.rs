//! What ended lately.

use crate::memory::{ByToken, lock};
use chancery_store::grants::TokenHash;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// It is remembered for so long after it was carried out, whatever Redis says.
const ENDED_LIFE: Duration = Duration::from_secs(60);

/// The tokens of sessions that ended lately, and when that was heard, by the clock
/// that never goes back.
#[derive(Debug, Default)]
pub(super) struct Ended {
    tokens: Mutex<ByToken<Duration>>,
    count: AtomicUsize,
}

impl Ended {
    pub(super) fn add(&self, hash: TokenHash, now: Duration) {
        let mut tokens = lock(&self.tokens);
        tokens.insert(hash, now);
        self.count.store(tokens.len(), Ordering::Release);
    }

    pub(super) fn has(&self, hash: &TokenHash) -> bool {
        self.count.load(Ordering::Acquire) > 0 && lock(&self.tokens).contains_key(hash)
    }

    /// Some are not carried out yet: all are remembered from now on as long as if
    /// they had been heard of now.
    pub(super) fn keep_on(&self, now: Duration) {
        lock(&self.tokens).values_mut().for_each(|at| *at = now);
    }

    pub(super) fn forget_old(&self, now: Duration) {
        let mut tokens = lock(&self.tokens);
        tokens.retain(|_, at| now.saturating_sub(*at) < ENDED_LIFE);
        self.count.store(tokens.len(), Ordering::Release);
    }
}
