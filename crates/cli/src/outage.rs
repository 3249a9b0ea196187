//! A server that goes away in the middle of a transfer, and comes back.

use crate::context::Context;
use chancery_client::local::{Agent, LocalError, RefusalKind};
use chancery_proto::local::State;
use std::time::Duration;

/// How long a transfer waits for a server to come back.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether the server could not be reached.
pub(crate) fn is_offline(error: &LocalError) -> bool {
    error
        .refusal()
        .is_some_and(|refusal| refusal.kind == RefusalKind::Offline)
}

/// Waits, after `error`, until it makes sense to ask again; false where it
/// never will. The agent looks for the server; this only listens to it.
pub(crate) async fn is_over(context: &Context, agent: &Agent, error: &LocalError) -> bool {
    if !is_offline(error) {
        return true;
    }
    if context.views_a_server() {
        // What the agent tells is about the active server.
        return false;
    }
    context
        .output
        .note("The server cannot be reached; this goes on when it is back.");
    tokio::time::timeout(PATIENCE, back(agent))
        .await
        .unwrap_or(false)
}

async fn back(agent: &Agent) -> bool {
    let Ok(mut watch) = agent.watch().await else {
        return false;
    };
    while let Ok(Some(event)) = watch.next().await {
        match event.status.state {
            State::Connected | State::Deferred => return true,
            State::Disconnected | State::NoServer | State::NeedsUser => return false,
            State::Starting | State::SigningIn | State::Offline => {}
        }
    }
    false
}
