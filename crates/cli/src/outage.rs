//! A server that goes away in the middle of a transfer, and comes back.

use crate::context::Context;
use chancery_client::local::{Agent, LocalError, RefusalKind, empty_body};
use chancery_proto::local::State;
use http::{HeaderMap, Method};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a transfer waits for a server to come back.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two questions, where the agent tells nothing shorter or longer.
const PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Whether the server could not be reached.
pub(crate) fn is_offline(error: &LocalError) -> bool {
    error
        .refusal()
        .is_some_and(|refusal| refusal.kind == RefusalKind::Offline)
}

/// Waits, after `error`, until it makes sense to ask again; false where it
/// never will. The server asked is the one that `agent` looks at, whether it
/// is the active one or not.
pub(crate) async fn is_over(context: &Context, agent: &Agent, error: &LocalError) -> bool {
    if !is_offline(error) {
        return true;
    }
    context
        .output
        .note("The server cannot be reached; this goes on when it is back.");
    if context.server_typed().is_none() {
        // The agent looks for the active server; this only listens to it.
        return tokio::time::timeout(PATIENCE, back(agent))
            .await
            .unwrap_or(false);
    }
    let end = Instant::now() + PATIENCE;
    let mut pause = pause_after(error);
    while Instant::now() + pause < end {
        sleep(pause).await;
        match is_there(agent).await {
            Ok(()) => return true,
            Err(error) if is_offline(&error) => pause = pause_after(&error),
            Err(_) => return false,
        }
    }
    false
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

/// As long as the agent says it takes until it looks again.
fn pause_after(error: &LocalError) -> Duration {
    error
        .refusal()
        .and_then(|refusal| refusal.retry_after)
        .unwrap_or(PAUSE)
        .clamp(Duration::from_millis(200), LONGEST_PAUSE)
}

async fn is_there(agent: &Agent) -> Result<(), LocalError> {
    agent
        .call(Method::GET, "/work/api", HeaderMap::new(), empty_body())
        .await?
        .success()
        .await
        .map(drop)
}
