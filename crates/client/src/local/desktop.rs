//! What the desktop program alone needs of the agent.

use super::agent::{Agent, PROMPT_ANSWER};
use super::answer::Answer;
use super::connection::empty_body;
use super::error::LocalError;
use super::lines::JsonLines;
use chancery_proto::local::{PolicyReport, PreferencesRequest, Show, WindowEvent, WindowRequest};
use http::{HeaderMap, Method};

/// A running `GET /agent/v1/window`. Dropping it ends it: the agent has no
/// window then.
#[derive(Debug)]
pub struct WindowEvents(JsonLines<WindowEvent>);

impl WindowEvents {
    fn new(answer: Answer) -> Self {
        Self(JsonLines::new(answer))
    }

    /// The next change or wish; waits for it. `None` when the agent ended the
    /// stream, because it stops.
    ///
    /// # Errors
    /// [`LocalError::Broken`] when the connection broke, and
    /// [`LocalError::BadAnswer`] for a line that is no event.
    pub async fn next(&mut self) -> Result<Option<WindowEvent>, LocalError> {
        self.0.next().await
    }
}

impl Agent {
    /// Becomes the window: hears of every server's state, and what to show.
    ///
    /// # Errors
    /// As every call; [`LocalError::Refused`] also by an agent that is too old
    /// to have a window.
    pub async fn window_events(&self) -> Result<WindowEvents, LocalError> {
        let answer = self
            .call(
                Method::GET,
                "/agent/v1/window",
                HeaderMap::new(),
                empty_body(),
            )
            .await?;
        Ok(WindowEvents::new(answer.success().await?))
    }

    /// Asks the desktop's window to show something.
    ///
    /// # Errors
    /// [`LocalError::Refused`] with 404 where there is no window.
    pub async fn show(&self, show: Show) -> Result<(), LocalError> {
        self.tell(
            Method::POST,
            "/agent/v1/window",
            Some(&WindowRequest { show }),
            PROMPT_ANSWER,
        )
        .await
    }

    /// Changes what the person prefers; the answer is what holds then.
    ///
    /// # Errors
    /// [`LocalError::Refused`] for what the policy decides, and where the
    /// person's file cannot be used or written.
    pub async fn prefer(&self, asked: &PreferencesRequest) -> Result<PolicyReport, LocalError> {
        self.ask(
            Method::POST,
            "/agent/v1/preferences",
            Some(asked),
            PROMPT_ANSWER,
        )
        .await
    }
}
