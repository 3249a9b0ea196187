//! What is counted for the metrics.

use std::collections::BTreeMap;
use std::sync::Mutex;

/// How many sign-ins of a method ended in a way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInCount {
    /// `password` or `refresh`.
    pub method: &'static str,
    /// `success`, `refused`, `busy` or `failed`.
    pub outcome: &'static str,
    /// Since the server started.
    pub count: u64,
}

#[derive(Debug, Default)]
pub(crate) struct SignIns {
    counts: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
}

impl SignIns {
    pub(crate) fn add(&self, method: &'static str, outcome: &'static str) {
        if let Ok(mut counts) = self.counts.lock() {
            *counts.entry((method, outcome)).or_default() += 1;
        }
    }

    pub(crate) fn all(&self) -> Vec<SignInCount> {
        // Shown from the start, so that a graph begins at zero.
        let mut all = BTreeMap::from([
            (("password", "success"), 0),
            (("password", "refused"), 0),
            (("refresh", "success"), 0),
            (("refresh", "refused"), 0),
        ]);
        if let Ok(counts) = self.counts.lock() {
            all.extend(counts.iter().map(|(key, count)| (*key, *count)));
        }
        all.into_iter()
            .map(|((method, outcome), count)| SignInCount {
                method,
                outcome,
                count,
            })
            .collect()
    }
}
