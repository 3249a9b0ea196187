//! What the settings make the agent do by itself: signing in ahead of the
//! first use, and following a file that has changed.

use crate::agent::SharedAgent;
use crate::callers::Line;
use crate::core::policy::{Keeping, Settings, When};
use crate::refusal::Refusal;
use crate::said;
use crate::seat::Seat;
use chancery_proto::error::agent_codes;
use chancery_proto::local::State;
use http::HeaderMap;
use std::sync::Arc;

/// Looks whether the policy or the preferences have changed, and follows.
pub(crate) fn look(agent: &SharedAgent) {
    if let Some(settings) = agent.settings.look() {
        agent.follow(&settings);
        tidy(agent, &settings);
    }
}

/// At the agent's own start.
pub(crate) fn start(agent: &SharedAgent) {
    let settings = agent.settings.settings();
    tidy(agent, &settings);
    if settings.signs_in() == When::AtStart {
        sign_in(agent);
    }
}

/// A caller names its application. If that one signs in when it starts, the
/// first call of each of its processes does.
pub(crate) fn heard(agent: &SharedAgent, line: &Line, headers: &HeaderMap) {
    // What is not understood is refused a moment later.
    if !matches!(said::is_background(headers), Ok(false)) {
        return;
    }
    if let Some(name) = agent.callers.first_named(line, headers)
        && agent.settings.settings().signs_in_for(&name) == When::AtStart
    {
        sign_in(agent);
    }
}

/// Signs in to the active server if that takes nobody: never asks, and what
/// fails is seen in the state. While the server is away, that is waited for.
fn sign_in(agent: &SharedAgent) {
    let agent = Arc::clone(agent);
    tokio::spawn(async move {
        let mut states = agent.watch();
        let mut stopping = agent.stopping.subscribe();
        while let Some(seat) = wanted(&agent) {
            match seat.ensure(None).await {
                Err(refusal) if is_offline(&refusal) => {}
                _ => return,
            }
            // A server that answers but is busy is left to the first use.
            if agent.status().state != State::Offline {
                return;
            }
            agent.publish();
            let back = states.wait_for(|status| status.state != State::Offline);
            tokio::select! {
                found = back => if found.is_err() { return },
                _ = stopping.changed() => return,
            }
        }
    });
}

/// The active server, if the person wants to be connected.
fn wanted(agent: &SharedAgent) -> Option<Arc<Seat>> {
    let entry = agent.active().filter(|_| agent.wants_connection())?;
    agent.permit(&entry.address).ok()?;
    agent.seat(&entry).ok()
}

fn is_offline(refusal: &Refusal) -> bool {
    refusal.body.code == agent_codes::OFFLINE
}

/// Removes what may not be kept any more, and ends sessions at servers that
/// may not be used any more.
fn tidy(agent: &SharedAgent, settings: &Settings) {
    let keeps_less = matches!(settings.keeping(), Keeping::InKeyring | Keeping::Nothing);
    let entries = agent.list().servers.clone();
    for entry in entries.iter().filter(|entry| entry.user.is_some()) {
        let is_permitted = settings.permits(&entry.address);
        if is_permitted && !keeps_less {
            continue;
        }
        let Ok(seat) = agent.seat(entry) else {
            continue;
        };
        tokio::spawn(async move {
            if keeps_less {
                seat.stop_keeping().await;
            }
            if !is_permitted {
                seat.leave().await;
            }
        });
    }
}
