//! A second start: what it was to show is shown by the first one.

use crate::trouble::Trouble;
use crate::words::say_with;
use chancery_client::local::{Agent, LocalError};
use chancery_platform::directories::Directories;
use chancery_platform::singleton::SingletonLock;
use chancery_proto::local::Show;
use std::path::Path;
use std::time::Duration;

/// The first one may be just about to begin: it is asked again, so many times
/// and so long after each other.
const TRIES: u32 = 100;
const BETWEEN: Duration = Duration::from_millis(100);

/// What became of it.
pub(super) enum Passed {
    /// The first one has heard it.
    On,
    /// The first one has ended: this is the first one now.
    Over(SingletonLock),
}

/// Asks the first one, by way of the agent. Without anything to show it is
/// waited for until it is there to ask somebody.
pub(super) fn pass_on(
    directories: &Directories,
    lock: &Path,
    show: Option<Show>,
) -> Result<Passed, String> {
    let show = show.unwrap_or(Show::Nothing);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| say_with("trouble-other", &[("why", &error.to_string())]))?;
    let agent = Agent::at(directories.socket());
    let mut last = None;
    for _ in 0..TRIES {
        match runtime.block_on(agent.show(show)) {
            Ok(()) => return Ok(Passed::On),
            Err(error) if is_too_soon(&error) => last = Some(error),
            Err(error) => return Err(Trouble::of(&error).sentence),
        }
        if let Ok(lock) = SingletonLock::acquire(lock) {
            return Ok(Passed::Over(lock));
        }
        runtime.block_on(tokio::time::sleep(BETWEEN));
    }
    Err(last.map_or_else(String::new, |error| Trouble::of(&error).sentence))
}

/// Neither the agent nor the window need be there yet.
fn is_too_soon(error: &LocalError) -> bool {
    match error {
        LocalError::NotRunning { .. } | LocalError::Broken(_) => true,
        LocalError::Refused(refusal) => refusal.code == "CHANCERY_NO_WINDOW",
        _ => false,
    }
}
