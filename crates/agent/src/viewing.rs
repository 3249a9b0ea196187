//! The state of a server that somebody looks at, which need not be the active
//! one (`Chancery-Server`).

use crate::agent::{Agent, SharedAgent, same_to_a_person};
use crate::refusal::Refusal;
use chancery_platform::alarm::sleep_until;
use chancery_proto::local::Status;
use std::sync::Arc;
use tokio::sync::watch;

impl Agent {
    /// The state of the server that is viewed, else of the active one.
    pub(crate) fn status_for(&self, viewed: Option<&str>) -> Result<Status, Refusal> {
        let Some(viewed) = viewed else {
            return Ok(self.status());
        };
        let entry = self.meant(Some(viewed))?;
        if self.active().is_some_and(|active| active.id == entry.id) {
            return Ok(self.status());
        }
        let seat = self.seat(&entry)?;
        Ok(self.status_at(&entry, &seat))
    }

    /// Follows that state from now on, as long as the server is in the list.
    pub(crate) fn watch_for(
        self: &Arc<Self>,
        viewed: Option<&str>,
    ) -> Result<watch::Receiver<Status>, Refusal> {
        let Some(viewed) = viewed else {
            return Ok(self.watch());
        };
        // Under its id: somebody may rename it meanwhile.
        let id = self.meant(Some(viewed))?.id;
        let changes = self.changes.subscribe();
        let (states, watched) = watch::channel(self.status_for(Some(&id))?);
        tokio::spawn(follow(Arc::clone(self), id, changes, states));
        Ok(watched)
    }
}

async fn follow(
    agent: SharedAgent,
    id: String,
    mut changes: watch::Receiver<u64>,
    states: watch::Sender<Status>,
) {
    loop {
        let life = agent
            .meant(Some(&id))
            .and_then(|entry| agent.seat(&entry))
            .ok()
            .and_then(|seat| seat.view().life);
        let now = agent.surroundings.clock.monotonic();
        // A session that runs out changes the state without anybody's doing.
        let end = life
            .filter(|life| life.lives(now))
            .and_then(|life| life.end());
        let runs_out = async {
            match end {
                Some(end) => sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return },
            () = runs_out => {}
            () = states.closed() => return,
        }
        let Ok(now) = agent.status_for(Some(&id)) else {
            return;
        };
        states.send_if_modified(|before| {
            let differs = !same_to_a_person(before, &now);
            if differs {
                before.clone_from(&now);
            }
            differs
        });
    }
}
