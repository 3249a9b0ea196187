//! Telling an add-on the state, as long as it listens. An agent that ends is
//! not started again for that; one that comes back is found.

use super::reply::{Event, Picture, Reply};
use crate::reach;
use chancery_client::local::{Agent, LocalError};
use chancery_platform::directories::Directories;
use chancery_platform::directory_watch::DirectoryWatch;
use std::sync::Arc;
use tokio::sync::{Notify, mpsc};

/// Tells every change until the add-on hangs up. `agent_used` is told when
/// something else has reached an agent.
pub(super) async fn watch(
    application: &'static str,
    outgoing: mpsc::Sender<Reply>,
    agent_used: Arc<Notify>,
) {
    loop {
        // Before the look, so that an agent that comes after it is not missed.
        let coming = Coming::listen();
        let mut has_told = false;
        if let Ok(Some((agent, _))) = reach::running(application).await {
            match follow(&agent, &outgoing, &mut has_told).await {
                Ok(Told::NobodyListens) => return,
                Ok(Told::AgentEnded) | Err(_) => {}
            }
            if outgoing.send(Reply::Event(Event::NoAgent)).await.is_err() {
                return;
            }
        }
        if has_told {
            continue;
        }
        tokio::select! {
            () = coming.changed() => {}
            () = agent_used.notified() => {}
            () = outgoing.closed() => return,
        }
    }
}

/// How following one agent ended.
enum Told {
    AgentEnded,
    NobodyListens,
}

/// Tells what this agent says, and each thing once: a session that was only
/// used goes on being the same to look at.
async fn follow(
    agent: &Agent,
    outgoing: &mpsc::Sender<Reply>,
    has_told: &mut bool,
) -> Result<Told, LocalError> {
    let mut states = agent.watch().await?;
    let mut last = None;
    loop {
        let event = tokio::select! {
            event = states.next() => event?,
            () = outgoing.closed() => return Ok(Told::NobodyListens),
        };
        let Some(event) = event else {
            return Ok(Told::AgentEnded);
        };
        let picture = Picture::with(agent, event.status).await?;
        if last.as_ref() == Some(&picture) {
            continue;
        }
        last = Some(picture.clone());
        *has_told = true;
        let event = Reply::Event(Event::State(picture));
        if outgoing.send(event).await.is_err() {
            return Ok(Told::NobodyListens);
        }
    }
}

/// Something that may be an agent's coming.
struct Coming(Option<DirectoryWatch>);

impl Coming {
    fn listen() -> Self {
        let directories = Directories::from_environment().ok();
        Self(directories.and_then(|directories| {
            // Made by the agent as well as by whoever looks for it.
            directories.prepare_runtime().ok()?;
            DirectoryWatch::new(directories.runtime()).ok()
        }))
    }

    /// Where nothing can be listened to, the next request finds the agent.
    async fn changed(&self) {
        match &self.0 {
            Some(watch) => watch.changed().await,
            None => std::future::pending().await,
        }
    }
}
