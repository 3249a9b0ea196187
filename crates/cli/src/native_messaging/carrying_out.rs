//! Carries out what an add-on asks for.

use super::reply::{Done, Picture, Told};
use super::request::Wanted;
use crate::reach;
use crate::sign_in::asks_for_password;
use chancery_client::local::{Agent, LocalError};
use chancery_platform::agent_process::AgentCommand;
use chancery_platform::desktop_program::{self, DesktopError};
use chancery_proto::error::agent_codes;
use chancery_proto::local::{ConnectRequest, Interaction, SignInRequest, Status};
use std::time::Duration;

/// So long a desktop program that was just started may take until it can ask.
/// Whoever takes longer is not waited for: the agent says then that nobody can
/// be asked.
const WINDOW: Duration = Duration::from_secs(5);

/// The agent, started if need be.
pub(super) async fn agent(application: &str) -> Result<Agent, Told> {
    Ok(reach::started(application, AgentCommand::of_this_installation).await?)
}

/// Does it. Watching is begun elsewhere: here the agent is only made sure of.
pub(super) async fn carry_out(application: &str, wanted: Wanted) -> Result<Done, Told> {
    if let Wanted::Show(show) = wanted {
        desktop_program::start(Some(show)).map_err(|error| no_desktop(&error))?;
        return Ok(Done::Nothing {});
    }
    let agent = agent(application).await?;
    let status = match wanted {
        Wanted::Watch | Wanted::Show(_) => return Ok(Done::Nothing {}),
        Wanted::Servers => {
            let servers = agent.servers().await?.into_iter().map(Into::into).collect();
            return Ok(Done::Servers { servers });
        }
        Wanted::Status => agent.status().await?,
        Wanted::SignIn => sign_in(&agent).await?,
        Wanted::Disconnect => agent.disconnect().await?,
        Wanted::Switch { server } => enter(&agent, server, Way::Switch).await?,
        Wanted::Connect { server } => enter(&agent, server, Way::Connect).await?,
    };
    Ok(Done::Picture(Picture::with(&agent, status).await?))
}

/// Silently, else by asking the person.
async fn sign_in(agent: &Agent) -> Result<Status, Told> {
    let silently = agent.sign_in(&allowing(Interaction::Never)).await;
    match silently {
        Err(error) if asks_for_password(&error) => ask(agent).await,
        other => Ok(other?),
    }
}

/// How a known server becomes the active one.
#[derive(Clone, Copy)]
enum Way {
    Switch,
    Connect,
}

impl Way {
    async fn go(self, agent: &Agent, request: &ConnectRequest) -> Result<Status, LocalError> {
        match self {
            Self::Switch => agent.switch(request).await,
            Self::Connect => agent.connect(request).await,
        }
    }
}

/// Enters a known server: silently, else after the person was asked. Until
/// then the connection there is stays as it is.
async fn enter(agent: &Agent, server: String, way: Way) -> Result<Status, Told> {
    // An address would do for the agent, but not from here.
    if !agent
        .servers()
        .await?
        .iter()
        .any(|known| known.id == server)
    {
        return Err(Told {
            code: agent_codes::UNKNOWN_SERVER.to_owned(),
            message: "That server is not in the list any more. Choose another one.".to_owned(),
        });
    }
    let request = ConnectRequest {
        address: Some(server.clone()),
        ..ConnectRequest::default()
    };
    match way.go(agent, &request).await {
        Err(error) if asks_for_password(&error) => {
            ask(&agent.clone().viewing(&server)?).await?;
            Ok(way.go(agent, &request).await?)
        }
        other => Ok(other?),
    }
}

/// Has the agent ask the person, with a desktop program there to do so.
async fn ask(agent: &Agent) -> Result<Status, Told> {
    let missing = match desktop_program::start(None) {
        Ok(started) => {
            started.is_ready(WINDOW).await;
            None
        }
        Err(error) => Some(no_desktop(&error)),
    };
    // A terminal may have offered itself, so that this may well do.
    let asked = agent.sign_in(&allowing(Interaction::IfNeeded)).await;
    asked.map_err(|error| {
        let mut told = Told::from(error);
        if let Some(missing) = missing {
            told.message = format!("{} {}", told.message, missing.message);
        }
        told
    })
}

fn allowing(interaction: Interaction) -> SignInRequest {
    SignInRequest {
        interaction: Some(interaction),
        ..SignInRequest::default()
    }
}

fn no_desktop(error: &DesktopError) -> Told {
    Told {
        code: "DESKTOP".to_owned(),
        message: error.to_string(),
    }
}
