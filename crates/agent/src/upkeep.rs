//! What happens by itself: telling who watches, and looking after a server
//! that is offline. Nothing ticks: the agent sleeps until something changes
//! or a known time comes.

use crate::agent::SharedAgent;
use std::time::Duration;

/// Publishes changes until the agent stops.
pub(crate) async fn run(agent: SharedAgent) {
    let mut stopping = agent.stopping.subscribe();
    loop {
        agent.publish();
        let now = agent.surroundings.clock.monotonic();
        let active = if agent.wants_connection() {
            agent.active().and_then(|entry| agent.seat(&entry).ok())
        } else {
            None
        };
        let view = active.as_ref().map(|seat| seat.view());
        let probe = view.as_ref().and_then(|view| view.next_probe);
        if let (Some(seat), Some(probe)) = (&active, probe)
            && probe <= now
        {
            seat.probe().await;
            continue;
        }
        // A session that runs out changes the state without anybody's doing.
        let end = view
            .as_ref()
            .and_then(|view| view.life)
            .filter(|life| life.lives(now))
            .and_then(|life| life.end());
        let wake = [probe, end].into_iter().flatten().min();
        let asleep = async {
            match wake {
                Some(wake) => tokio::time::sleep(wake.saturating_sub(now).max(SHORTEST)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = agent.surroundings.changed.notified() => {}
            () = asleep => {}
            _ = stopping.changed() => return,
        }
    }
}

/// Never wakes more often than this for a time that is just about to come.
const SHORTEST: Duration = Duration::from_millis(100);
