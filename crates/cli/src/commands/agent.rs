//! `chancery agent run` and `chancery agent stop`.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use chancery_agent::{RunOptions, run_blocking};
use chancery_client::local::LocalError;
use chancery_platform::directories::Directories;
use chancery_platform::process_end::Ending;
use serde_json::json;
use std::time::Duration;

/// Is the agent until it is stopped. Brings its own runtime.
pub(crate) fn run() -> Result<Exit, Failure> {
    let directories = Directories::from_environment()?;
    run_blocking(RunOptions { directories })
        .map_err(|error| Failure::new(Exit::Agent, "AGENT", error.to_string()))?;
    Ok(Exit::Done)
}

/// Ends the agent and waits until it has ended; none running is fine.
pub(super) async fn stop(context: &Context) -> Result<Exit, Failure> {
    context.refuse_server_view("There is one agent for all servers.")?;
    let Some((agent, hello)) = context.running_agent().await? else {
        return told(context, &Stopped::None);
    };
    let ending = Ending::of(hello.pid);
    match agent.stop().await {
        // It may be gone before its answer is read.
        Ok(()) | Err(LocalError::Broken(_) | LocalError::NotRunning { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    if ending.comes_within(PATIENCE).await {
        told(context, &Stopped::Ended(hello.pid))
    } else {
        told(context, &Stopped::Ending(hello.pid))
    }
}

/// What became of the agent.
enum Stopped {
    None,
    Ended(u32),
    Ending(u32),
}

fn told(context: &Context, stopped: &Stopped) -> Result<Exit, Failure> {
    let (pid, ended, sentence) = match stopped {
        Stopped::None => (None, true, "No agent is running."),
        Stopped::Ended(pid) => (
            Some(*pid),
            true,
            "The agent has ended. The next command that needs it starts it again.",
        ),
        Stopped::Ending(pid) => (
            Some(*pid),
            false,
            "The agent ends when the calls under way are done.",
        ),
    };
    if context.output.json {
        context.output.json(&json!({"pid": pid, "ended": ended}))?;
    } else {
        context.output.confirm(sentence)?;
    }
    Ok(Exit::Done)
}

/// The agent finishes what it is doing first, and takes no longer than this.
const PATIENCE: Duration = Duration::from_secs(15);
