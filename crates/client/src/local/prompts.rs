//! Being the prompter: whoever reads this stream asks the person.

use super::agent::{Agent, NOTHING, PROMPT_ANSWER};
use super::answer::Answer;
use super::connection::empty_body;
use super::error::LocalError;
use super::lines::JsonLines;
use chancery_proto::local::{Prompt, PrompterKind};
use http::{HeaderMap, Method};

/// A running `GET /agent/v1/prompts`. Dropping it ends it: somebody else is
/// the prompter then.
#[derive(Debug)]
pub struct Prompts(JsonLines<Prompt>);

impl Prompts {
    fn new(answer: Answer) -> Self {
        Self(JsonLines::new(answer))
    }

    /// The next prompt, or the end of one; waits for it. `None` when the agent
    /// ended the stream, because it stops. Nothing is lost when the wait is
    /// given up and begun again.
    ///
    /// # Errors
    /// [`LocalError::Broken`] when the connection broke, and
    /// [`LocalError::BadAnswer`] for a line that is no prompt.
    pub async fn next(&mut self) -> Result<Option<Prompt>, LocalError> {
        self.0.next().await
    }
}

impl Agent {
    /// Offers to ask the person, and hears what is to be asked. The answer to
    /// a prompt is [`Agent::sign_in`] with its number, or [`Agent::decline`].
    ///
    /// # Errors
    /// As every call; [`LocalError::Refused`] also by an agent that is too old
    /// to ask anybody.
    pub async fn prompts(&self, kind: PrompterKind) -> Result<Prompts, LocalError> {
        let path = match kind {
            PrompterKind::Window => "/agent/v1/prompts?kind=window",
            PrompterKind::Terminal => "/agent/v1/prompts?kind=terminal",
        };
        let answer = self
            .call(Method::GET, path, HeaderMap::new(), empty_body())
            .await?;
        Ok(Prompts::new(answer.success().await?))
    }

    /// The person does not want to sign in now.
    ///
    /// # Errors
    /// As every call; [`LocalError::Refused`] when the prompt is over already.
    pub async fn decline(&self, prompt: u64) -> Result<(), LocalError> {
        let path = format!("/agent/v1/prompts/{prompt}");
        self.tell(Method::DELETE, &path, NOTHING, PROMPT_ANSWER)
            .await
    }
}
