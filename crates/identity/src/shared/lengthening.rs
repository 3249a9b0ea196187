//! Lifetimes that were made longer, for sessions that nobody uses just now.
//!
//! Redis lets go of a session when it has run out by the lifetimes of its last
//! use. Where they are longer now, it has to be told of every session.

use super::{Inner, Shared};
use crate::lifetimes::Lifetimes;
use chancery_store::StoreError;
use chancery_store::grants::TokenHash;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// So many are told of at once: a moment's work for Redis.
const AT_ONCE: u32 = 128;
/// How long to wait while Redis cannot be told.
const LATER: Duration = Duration::from_secs(1);

impl Shared {
    /// Tells Redis of longer lifetimes, for every session that they hold for. That
    /// goes on beside everything else, and outlasts a Redis that is away.
    pub(crate) fn lengthen(&self, lifetimes: Arc<Lifetimes>) {
        let inner = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            let mut after = [0; 32];
            // Ends with the server.
            while let Some(inner) = inner.upgrade() {
                match inner.lengthen_some(&lifetimes, &after).await {
                    Ok(Some(last)) => after = last,
                    Ok(None) => return,
                    Err(Later) => {
                        drop(inner);
                        sleep(LATER).await;
                    }
                }
            }
        });
    }
}

/// Redis, or the database, did not do it just now.
struct Later;

impl From<StoreError> for Later {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "sessions could not be read to let them live longer");
        Self
    }
}

impl Inner {
    /// Answers the last one that it was told of, or none when all are done.
    async fn lengthen_some(
        &self,
        lifetimes: &Lifetimes,
        after: &TokenHash,
    ) -> Result<Option<TokenHash>, Later> {
        let connection = self.up().ok_or(Later)?.connection;
        let name = lifetimes.name();
        let now = self.clock.now();
        let tokens = self
            .store
            .tokens_of_application(name, now, after, AT_ONCE)?;
        let Some(last) = tokens.last() else {
            return Ok(None);
        };
        let (idle, absolute) = (lifetimes.idle(), lifetimes.absolute());
        let told = connection.lengthen(&tokens, now, idle, absolute).await;
        told.map_err(|_| Later)?;
        Ok(Some(*last))
    }
}
