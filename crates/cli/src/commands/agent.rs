//! `chancery agent`: be it, start it, end it, have the system start it.

use crate::arguments::{AgentAction, OnOff};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use chancery_agent::{RunOptions, run_blocking};
use chancery_client::local::LocalError;
use chancery_platform::autostart::{self, AutostartError};
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

/// What is to be done with the agent, but for being it.
pub(super) async fn carry_out(context: &Context, action: AgentAction) -> Result<Exit, Failure> {
    match action {
        // It brings its own runtime, and never comes here: see `lib.rs`.
        AgentAction::Run => run(),
        AgentAction::Start => start(context).await,
        AgentAction::Stop => stop(context).await,
        AgentAction::Autostart { to } => autostart(context, to).await,
    }
}

async fn start(context: &Context) -> Result<Exit, Failure> {
    context.refuse_server_view("There is one agent for all servers.")?;
    let hello = context.own_agent().await?.hello().await?;
    if context.output.json {
        context.output.json(&json!({"pid": hello.pid}))?;
    } else {
        context
            .output
            .confirm(&format!("The agent runs (process {}).", hello.pid))?;
    }
    Ok(Exit::Done)
}

async fn autostart(context: &Context, to: Option<OnOff>) -> Result<Exit, Failure> {
    context.refuse_server_view("There is one agent for all servers.")?;
    let failed = |error: AutostartError| Failure::new(Exit::Failed, "AUTOSTART", error.to_string());
    let directories = Directories::from_environment()?;
    if to == Some(OnOff::On) {
        let program = std::env::current_exe()
            .map_err(|error| Failure::new(Exit::Failed, "AUTOSTART", error.to_string()))?;
        autostart::is_possible().map_err(failed)?;
        // The system opens the socket itself, so that nobody may have it.
        end(context).await?;
        autostart::turn_on(&directories, &program).map_err(failed)?;
    } else if to == Some(OnOff::Off) {
        autostart::turn_off(&directories).map_err(failed)?;
    }
    let is_on = autostart::is_on(&directories).map_err(failed)?;
    if context.output.json {
        context.output.json(&json!({"autostart": is_on}))?;
    } else if is_on {
        context
            .output
            .confirm("The system starts the agent for you.")?;
    } else {
        context.output.confirm(
            "The system does not start the agent; the first application that needs it does.",
        )?;
    }
    Ok(Exit::Done)
}

/// Ends the agent and waits until it has ended; none running is fine.
async fn stop(context: &Context) -> Result<Exit, Failure> {
    context.refuse_server_view("There is one agent for all servers.")?;
    told(context, &end(context).await?)
}

async fn end(context: &Context) -> Result<Stopped, Failure> {
    let Some((agent, hello)) = context.running_agent().await? else {
        return Ok(Stopped::None);
    };
    let ending = Ending::of(hello.pid);
    match agent.stop().await {
        // It may be gone before its answer is read.
        Ok(()) | Err(LocalError::Broken(_) | LocalError::NotRunning { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    if ending.comes_within(PATIENCE).await {
        Ok(Stopped::Ended(hello.pid))
    } else {
        Ok(Stopped::Ending(hello.pid))
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
