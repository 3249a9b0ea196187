//! The stream of states: the whole state first, then every change.

use super::answer::Answer;
use super::error::LocalError;
use super::lines::JsonLines;
use chancery_proto::local::WatchEvent;

/// A running `GET /agent/v1/watch`. Dropping it ends it.
#[derive(Debug)]
pub struct Watch(JsonLines<WatchEvent>);

impl Watch {
    pub(super) fn new(answer: Answer) -> Self {
        Self(JsonLines::new(answer))
    }

    /// The next event; waits for it. `None` when the agent ended the stream,
    /// because it stops.
    ///
    /// # Errors
    /// [`LocalError::Broken`] when the connection broke, and
    /// [`LocalError::BadAnswer`] for a line that is no event.
    pub async fn next(&mut self) -> Result<Option<WatchEvent>, LocalError> {
        self.0.next().await
    }
}
