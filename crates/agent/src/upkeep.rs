//! What happens by itself: telling who watches, and looking after a server
//! that is offline. Nothing ticks: the agent sleeps until something changes
//! or a known time comes.

use crate::administration;
use crate::agent::SharedAgent;
use crate::prompting;
use chancery_platform::alarm::{ClockWatch, sleep_until};
use chancery_platform::network::NetworkWatch;
use std::io;
use std::time::Duration;

/// Never wakes more often than this for a time that is just about to come.
const SHORTEST: Duration = Duration::from_millis(100);
/// After the network changed it has so long to settle: links come and go many
/// times while a machine joins one.
const SETTLE: Duration = Duration::from_millis(500);

/// Publishes changes until the agent stops.
pub(crate) async fn run(agent: SharedAgent) {
    let mut stopping = agent.stopping.subscribe();
    let mut world = World::watch();
    loop {
        prompting::look(&agent);
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
        administration::end_due(&agent);
        // A session that runs out changes the state without anybody's doing.
        let end = view
            .as_ref()
            .and_then(|view| view.life)
            .filter(|life| life.lives(now))
            .and_then(|life| life.end());
        let wake = [probe, end, administration::next_end(&agent)]
            .into_iter()
            .flatten()
            .min();
        let asleep = async {
            match wake {
                Some(wake) => sleep_until(wake.max(now.saturating_add(SHORTEST))).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = agent.surroundings.changed.notified() => {}
            () = asleep => {}
            () = world.changed() => {
                sleep_until(agent.surroundings.clock.monotonic() + SETTLE).await;
                tracing::info!("the network or the clock changed");
                agent.http.forget_connections();
                for seat in agent.all_seats() {
                    seat.network_changed();
                }
            }
            _ = stopping.changed() => return,
        }
    }
}

/// What may bring a server back, or make a time that was told wrong.
struct World {
    network: Option<NetworkWatch>,
    clock: Option<ClockWatch>,
}

impl World {
    fn watch() -> Self {
        Self {
            network: there("the network", NetworkWatch::new()),
            clock: there("the clock", ClockWatch::new()),
        }
    }

    /// Resolves when the network changed, the machine woke up, or somebody set
    /// its clock.
    async fn changed(&mut self) {
        tokio::select! {
            () = told(self.network.as_mut().map(NetworkWatch::changed)) => {}
            () = told(self.clock.as_mut().map(ClockWatch::changed)) => {}
        }
    }
}

async fn told(change: Option<impl Future<Output = ()>>) {
    match change {
        Some(change) => change.await,
        None => std::future::pending().await,
    }
}

fn there<T>(what: &str, watch: io::Result<T>) -> Option<T> {
    watch
        .inspect_err(|error| tracing::info!(%error, what, "it is not told when this changes"))
        .ok()
}
