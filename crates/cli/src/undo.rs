//! What has to be undone when a command fails or is interrupted.

use chancery_client::local::{Agent, empty_body};
use http::{HeaderMap, Method};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Undoing takes no longer than this: somebody pressed Ctrl-C.
const PATIENCE: Duration = Duration::from_secs(5);

/// A call that is made when the command does not come to its end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Undo(Arc<Mutex<Option<(Agent, String)>>>);

impl Undo {
    /// From now on a failure ends with `DELETE path`.
    pub(crate) fn set(&self, agent: &Agent, path: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((agent.clone(), path.to_owned()));
    }

    /// Nothing has to be undone any more.
    pub(crate) fn clear(&self) {
        let _ = self.take();
    }

    fn take(&self) -> Option<(Agent, String)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Undoes what there is; gives the path that could not be deleted.
    pub(crate) async fn carry_out(&self) -> Result<(), String> {
        let Some((agent, path)) = self.take() else {
            return Ok(());
        };
        let call = async {
            let answer = agent.call(Method::DELETE, &path, HeaderMap::new(), empty_body());
            answer.await?.success().await.map(drop)
        };
        match tokio::time::timeout(PATIENCE, call).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(path),
        }
    }
}
