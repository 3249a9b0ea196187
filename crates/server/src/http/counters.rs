//! What is counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// Requests since the start, by the first digit of the answer's status.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    requests: [AtomicU64; 5],
}

impl Counters {
    pub(crate) fn count_answer(&self, status: http::StatusCode) {
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        if let Some(counter) = self.requests.get(class) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Requests by class of status, 1xx first.
    pub(crate) fn requests(&self) -> impl Iterator<Item = u64> {
        self.requests
            .iter()
            .map(|counter| counter.load(Ordering::Relaxed))
    }
}
