//! Who is the window.

use chancery_proto::local::Show;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// A window that has so many wishes unread does not read.
const UNREAD: usize = 8;

/// Every window that is there, the last one last.
#[derive(Debug, Default)]
pub(crate) struct Windows(Mutex<Vec<mpsc::Sender<Show>>>);

impl Windows {
    fn all(&self) -> MutexGuard<'_, Vec<mpsc::Sender<Show>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn join(&self) -> mpsc::Receiver<Show> {
        let (sender, wishes) = mpsc::channel(UNREAD);
        let mut all = self.all();
        all.retain(|window| !window.is_closed());
        all.push(sender);
        wishes
    }

    /// Passes a wish on; whether anybody took it.
    pub(super) fn ask(&self, show: Show) -> bool {
        let all = self.all();
        all.iter().rev().any(|window| window.try_send(show).is_ok())
    }
}
