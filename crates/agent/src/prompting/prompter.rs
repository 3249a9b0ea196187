//! The prompter's side: the stream of prompts, and the answers.

use super::act;
use crate::agent::SharedAgent;
use crate::core::prompts::NotTried;
use crate::refusal::Refusal;
use bytes::Bytes;
use chancery_client::local::{Body, BoxError};
use chancery_proto::local::{Prompt, PrompterKind};
use futures_util::stream;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, Uri};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// A prompter that has so many lines unread does not read.
const UNREAD: usize = 64;

/// Somebody who offers to ask the person, until this is dropped.
struct Offer {
    agent: SharedAgent,
    id: u64,
    lines: mpsc::Receiver<Prompt>,
    stopping: watch::Receiver<bool>,
}

impl Offer {
    fn new(agent: &SharedAgent, kind: PrompterKind) -> Self {
        let (sender, lines) = mpsc::channel(UNREAD);
        let id = act(agent, |inner, _| {
            let id = inner.prompts.offer(kind);
            inner.prompters.insert(id, sender);
            id
        });
        Self {
            agent: Arc::clone(agent),
            id,
            lines,
            stopping: agent.stopping.subscribe(),
        }
    }

    /// The next line; none when the agent ends, or has given this prompter up.
    async fn next(&mut self) -> Option<Prompt> {
        tokio::select! {
            prompt = self.lines.recv() => prompt,
            _ = self.stopping.wait_for(|stops| *stops) => None,
        }
    }
}

impl Drop for Offer {
    fn drop(&mut self) {
        let id = self.id;
        act(&self.agent, |inner, now| {
            inner.prompters.remove(&id);
            inner.prompts.withdraw(id, now);
        });
    }
}

/// `GET /agent/v1/prompts`: whoever reads this is a prompter.
pub(crate) fn offer(agent: &SharedAgent, uri: &Uri) -> Result<Response<Body>, Refusal> {
    let offer = Offer::new(agent, kind(uri)?);
    let lines = stream::unfold(offer, |mut offer| async move {
        let prompt = offer.next().await?;
        let mut line = serde_json::to_vec(&prompt).ok()?;
        line.push(b'\n');
        Some((Ok::<_, BoxError>(Frame::data(Bytes::from(line))), offer))
    });
    let mut response = Response::new(StreamBody::new(lines).boxed_unsync());
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-ndjson"),
    );
    Ok(response)
}

fn kind(uri: &Uri) -> Result<PrompterKind, Refusal> {
    let query = uri.query().unwrap_or_default();
    let named = query.split('&').find_map(|pair| pair.strip_prefix("kind="));
    match named {
        Some("window") => Ok(PrompterKind::Window),
        Some("terminal") => Ok(PrompterKind::Terminal),
        _ => Err(Refusal::bad_request(
            "The parameter kind is “window” or “terminal”. Say what asks the person.",
        )),
    }
}

/// `DELETE /agent/v1/prompts/NUMBER`: the person does not want to sign in now.
pub(crate) fn decline(agent: &SharedAgent, number: &str) -> Result<(), Refusal> {
    let is_open = number
        .parse()
        .is_ok_and(|number| act(agent, |inner, now| inner.prompts.decline(number, now)));
    is_open.then_some(()).ok_or_else(Refusal::prompt_over)
}

/// An answer that is being tried, until this is dropped.
pub(crate) struct Attempt {
    agent: SharedAgent,
    number: u64,
    /// The server that the prompt is about.
    pub(crate) server: String,
}

/// Takes an answer to a prompt, unless it is over or another one is being
/// tried: one prompt leads to one sign-in.
pub(crate) fn attempt(agent: &SharedAgent, number: u64) -> Result<Attempt, Refusal> {
    let tried = act(agent, |inner, _| inner.prompts.try_answer(number));
    match tried {
        Ok(server) => Ok(Attempt {
            agent: Arc::clone(agent),
            number,
            server,
        }),
        Err(NotTried::Over) => Err(Refusal::prompt_over()),
        Err(NotTried::Busy) => Err(Refusal::prompt_busy()),
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let number = self.number;
        act(&self.agent, |inner, _| inner.prompts.tried(number));
    }
}
