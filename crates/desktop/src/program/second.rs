//! A second start: what it was to show is shown by the first one.

use crate::trouble::Trouble;
use crate::words::say_with;
use chancery_client::local::{Agent, LocalError};
use chancery_platform::directories::Directories;
use chancery_proto::local::Show;
use std::time::Duration;

/// The first one may be just about to begin: it is asked again, so many times
/// and so long after each other.
const TRIES: u32 = 100;
const BETWEEN: Duration = Duration::from_millis(100);

/// Asks the first one, by way of the agent.
pub(super) fn pass_on(directories: &Directories, show: Option<Show>) -> Result<(), String> {
    let Some(show) = show else {
        return Ok(());
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| say_with("trouble-other", &[("why", &error.to_string())]))?;
    let agent = Agent::at(directories.socket());
    let shown = runtime.block_on(async {
        let mut last = agent.show(show).await;
        for _ in 1..TRIES {
            match &last {
                Err(error) if is_too_soon(error) => {}
                _ => break,
            }
            tokio::time::sleep(BETWEEN).await;
            last = agent.show(show).await;
        }
        last
    });
    shown.map_err(|error| Trouble::of(&error).sentence)
}

/// Neither the agent nor the window need be there yet.
fn is_too_soon(error: &LocalError) -> bool {
    match error {
        LocalError::NotRunning { .. } | LocalError::Broken(_) => true,
        LocalError::Refused(refusal) => refusal.code == "CHANCERY_NO_WINDOW",
        _ => false,
    }
}
