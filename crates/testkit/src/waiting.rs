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

/// Whether that process has ended, whoever its parent is.
#[must_use]
pub fn is_gone(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return true;
    };
    let is_zombie = stat
        .rsplit_once(") ")
        .is_some_and(|(_, rest)| rest.starts_with('Z'));
    // A zombie waits for its parent only. Its first thread may be one while
    // others still end: until then socket and lock are held.
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    is_zombie && threads <= 1
}
