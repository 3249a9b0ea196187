//! `chancery agent run` and `chancery agent stop`.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use chancery_agent::{RunOptions, run_blocking};
use chancery_client::local::LocalError;
use chancery_platform::directories::Directories;

/// Is the agent until it is stopped. Brings its own runtime.
pub(crate) fn run() -> Result<Exit, Failure> {
    let directories = Directories::from_environment()?;
    run_blocking(RunOptions { directories })
        .map_err(|error| Failure::new(Exit::Agent, "AGENT", error.to_string()))?;
    Ok(Exit::Done)
}

/// Ends the agent; none running is fine.
pub(super) async fn stop(context: &Context) -> Result<Exit, Failure> {
    let Some(agent) = context.running_agent().await? else {
        context.output.confirm("No agent is running.")?;
        return Ok(Exit::Done);
    };
    match agent.stop().await {
        // It may be gone before its answer is read.
        Ok(()) | Err(LocalError::Broken(_) | LocalError::NotRunning { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    context.output.confirm(
        "The agent has been told to end. The next command that needs it starts it again.",
    )?;
    Ok(Exit::Done)
}
