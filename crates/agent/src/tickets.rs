//! The person's Kerberos tickets, asked for on threads that may wait: the
//! library talks to the network, and the agent has one thread for everybody.

use chancery_kerberos::{Initiator, NoTicket, Pending, Ticket};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Nobody waits longer for a ticket. What was asked goes on meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);
/// So many may be asked at a time, those included that nobody waits for.
const AT_ONCE: usize = 4;

/// See the module.
#[derive(Debug)]
pub(crate) struct Tickets {
    asking: Arc<Semaphore>,
}

impl Default for Tickets {
    fn default() -> Self {
        Self {
            asking: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl Tickets {
    /// Begins a sign-in to that host's web service.
    pub(crate) async fn begin(&self, host: &str) -> Result<Pending, NoTicket> {
        let host = host.to_owned();
        self.ask(move || Initiator.begin(&host)).await
    }

    /// The ticket there is.
    pub(crate) async fn shown(&self) -> Result<Ticket, NoTicket> {
        self.ask(|| Initiator.ticket()).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, NoTicket> + Send + 'static,
    ) -> Result<T, NoTicket> {
        // Those before still wait for a centre that does not answer.
        let Ok(turn) = Arc::clone(&self.asking).try_acquire_owned() else {
            return Err(NoTicket::Unreachable);
        };
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => Err(NoTicket::Other(error.to_string())),
            Err(_) => Err(NoTicket::Unreachable),
        }
    }
}
