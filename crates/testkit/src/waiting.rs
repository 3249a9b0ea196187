//! Waiting for what has no event of its own, with a deadline.

use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

/// How long anything may take in a test on a busy machine of two cores.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Asks until there is an answer.
///
/// # Panics
/// When there is none after [`PATIENCE`]; `what` says what was waited for.
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(
            Instant::now() < deadline,
            "waited {PATIENCE:?} in vain: {what}"
        );
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// Waits until a child has ended.
///
/// # Panics
/// When it has not after [`PATIENCE`].
pub fn ended(what: &str, child: &mut Child) -> ExitStatus {
    eventually(what, || child.try_wait().ok().flatten())
}
