//! How many requests one person may make: a bucket for each, that holds a
//! minute's worth and fills steadily.

use chancery_proto::clock::Timestamp;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

/// Buckets are in so many maps, so that requests seldom wait for each other.
const SHARDS: usize = 16;
/// A map with more buckets lets go of those that are full.
const MANY: usize = 4_096;
const MINUTE: u64 = 60_000;

/// Where somebody stands after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// So many more requests at once.
    pub(crate) remaining: u64,
    /// Seconds until the bucket is full again.
    pub(crate) reset: u64,
    /// Seconds until the next request is taken; 0 when it is now.
    pub(crate) retry_after: u64,
    /// Whether this one was.
    pub(crate) is_taken: bool,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// Requests, in parts of a minute: a request is [`MINUTE`] of them.
    held: u64,
    at: Timestamp,
}

/// The buckets of everybody.
#[derive(Debug)]
pub(crate) struct Limits {
    per_minute: u64,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Debug)]
struct Shard {
    buckets: HashMap<String, Bucket>,
    /// With so many it lets go of those that are full.
    most: usize,
}

impl Default for Shard {
    fn default() -> Self {
        Self {
            buckets: HashMap::new(),
            most: MANY,
        }
    }
}

impl Limits {
    /// So many requests a minute for each person; 0 is no limit.
    pub(crate) fn new(per_minute: u32) -> Self {
        Self {
            per_minute: per_minute.into(),
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }

    /// Takes a request of somebody's. Nothing where there is no limit.
    pub(crate) fn take(&self, user: &str, now: Timestamp) -> Option<Standing> {
        if self.per_minute == 0 {
            return None;
        }
        let place = self.hasher.hash_one(user) % (SHARDS as u64);
        let shard = self.shards.get(usize::try_from(place).unwrap_or(0))?;
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let Shard { buckets, most } = &mut *shard;
        let whole = self.per_minute * MINUTE;
        if buckets.len() >= *most && !buckets.contains_key(user) {
            buckets.retain(|_, bucket| self.filled(bucket, now).held < whole);
            *most = MANY.max(buckets.len() * 2);
        }
        let full = Bucket {
            held: whole,
            at: now,
        };
        if !buckets.contains_key(user) {
            buckets.insert(user.to_owned(), full);
        }
        let bucket = buckets.get_mut(user)?;
        *bucket = self.filled(bucket, now);
        let is_taken = bucket.held >= MINUTE;
        if is_taken {
            bucket.held -= MINUTE;
        }
        let seconds = |parts: u64| parts.div_ceil(self.per_minute).div_ceil(1_000);
        Some(Standing {
            remaining: bucket.held / MINUTE,
            reset: seconds(whole - bucket.held),
            retry_after: seconds(MINUTE.saturating_sub(bucket.held)),
            is_taken,
        })
    }

    /// As it is after the time that has passed. A clock that goes back gives nothing.
    fn filled(&self, bucket: &Bucket, now: Timestamp) -> Bucket {
        let passed = u64::try_from(now.0 - bucket.at.0).unwrap_or(0).min(MINUTE);
        let held = bucket.held + passed * self.per_minute;
        Bucket {
            held: held.min(self.per_minute * MINUTE),
            at: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Limits, MANY, SHARDS};
    use chancery_proto::clock::Timestamp;

    #[test]
    fn a_minutes_worth_is_taken_at_once_and_comes_back_steadily() {
        let limits = Limits::new(60);
        let at = |seconds: i64| Timestamp(1_000_000 + seconds * 1_000);
        for left in (0..60).rev() {
            let standing = limits.take("ann", at(0)).expect("a limit");
            assert_eq!((standing.remaining, standing.is_taken), (left, true));
        }
        let refused = limits.take("ann", at(0)).expect("a limit");
        assert_eq!(
            (refused.is_taken, refused.retry_after, refused.reset),
            (false, 1, 60)
        );
        assert!(
            limits
                .take("bob", at(0))
                .is_some_and(|standing| standing.is_taken)
        );
        assert!(
            limits
                .take("ann", at(1))
                .is_some_and(|standing| standing.is_taken)
        );
        assert!(
            limits
                .take("ann", at(1))
                .is_some_and(|standing| !standing.is_taken)
        );
        // A clock that goes back neither gives nor takes.
        assert!(
            limits
                .take("ann", at(-100))
                .is_some_and(|standing| !standing.is_taken)
        );
        let later = limits.take("ann", at(500)).expect("a limit");
        assert_eq!((later.remaining, later.reset), (59, 1));
        assert!(Limits::new(0).take("ann", at(0)).is_none());
        let most = Limits::new(u32::MAX).take("ann", at(0)).expect("a limit");
        assert_eq!(most.remaining, u64::from(u32::MAX) - 1);
    }

    #[test]
    fn whoever_rests_is_forgotten_when_there_are_many() {
        let limits = Limits::new(60);
        for number in 0..MANY * SHARDS * 3 {
            limits.take(&format!("user {number}"), Timestamp(0));
        }
        let kept = || -> usize {
            let count = |shard: &std::sync::Mutex<super::Shard>| {
                shard.lock().expect("unharmed").buckets.len()
            };
            limits.shards.iter().map(count).sum()
        };
        assert!(
            kept() > MANY * SHARDS,
            "nobody who still waits is forgotten"
        );
        for number in 0..MANY * SHARDS * 2 {
            limits.take(&format!("later {number}"), Timestamp(120_000));
        }
        assert!(kept() < MANY * SHARDS * 3);
    }
}
