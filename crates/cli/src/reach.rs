//! The way to the agent of whoever runs this program.

use crate::exit::Exit;
use crate::failure::Failure;
use chancery_client::local::{Agent, LocalError};
use chancery_platform::agent_process::{AgentCommand, StartError};
use chancery_platform::directories::Directories;
use chancery_proto::local::Hello;

/// The agent if it runs, and what it says of itself; `application` is how the
/// caller calls itself there.
pub(crate) async fn running(application: &str) -> Result<Option<(Agent, Hello)>, Failure> {
    let directories = Directories::from_environment()?;
    // Nobody else can have put a socket of theirs into a directory of ours.
    directories.prepare_runtime()?;
    let agent = Agent::at(directories.socket()).as_application(application)?;
    match agent.hello().await {
        Ok(hello) => Ok(Some((agent, hello))),
        Err(LocalError::NotRunning { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The agent, started with `command` if none runs.
pub(crate) async fn started(
    application: &str,
    command: impl FnOnce(&Directories) -> Result<AgentCommand, StartError>,
) -> Result<Agent, Failure> {
    if let Some((agent, _)) = running(application).await? {
        return Ok(agent);
    }
    command(&Directories::from_environment()?)?.start().await?;
    match running(application).await? {
        Some((agent, _)) => Ok(agent),
        None => Err(Failure::new(
            Exit::Agent,
            "AGENT_START",
            "The agent was started and ended at once. Run “chancery agent run” in a terminal to see why.",
        )),
    }
}
