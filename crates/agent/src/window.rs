//! What the desktop's window hears: every known server as it is, and what it
//! is asked to show. Whoever reads this stream is the window; of several the
//! one that came last is asked.

pub(crate) mod board;

use crate::agent::{SharedAgent, same_to_a_person};
use crate::core::policy::Settings;
use crate::refusal::Refusal;
use bytes::Bytes;
use chancery_client::local::{Body, BoxError};
use chancery_platform::alarm::sleep_until;
use chancery_proto::clock::Timestamp;
use chancery_proto::local::{Show, Status, WindowEvent, WindowRequest};
use futures_util::stream;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// `POST /agent/v1/window`.
pub(crate) fn show(agent: &SharedAgent, asked: WindowRequest) -> Result<(), Refusal> {
    if agent.windows.ask(asked.show) {
        return Ok(());
    }
    Err(Refusal::no_window())
}

/// One window, until this is dropped.
struct Listening {
    agent: SharedAgent,
    wishes: mpsc::Receiver<Show>,
    changes: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    told: Option<Vec<Status>>,
    settings: Option<Arc<Settings>>,
}

impl Listening {
    /// The next line; none when the agent ends.
    async fn next(&mut self) -> Option<WindowEvent> {
        loop {
            self.changes.borrow_and_update();
            let settings = self.agent.settings.settings();
            let is_known = |told: &Arc<Settings>| Arc::ptr_eq(told, &settings);
            if !self.settings.as_ref().is_some_and(is_known) {
                self.settings = Some(settings);
                return Some(WindowEvent {
                    settings: Some(self.agent.settings.report()),
                    ..WindowEvent::default()
                });
            }
            let now = self.agent.all_statuses();
            let is_news = self.told.as_ref().is_none_or(|told| !same(told, &now));
            if is_news {
                self.told = Some(now.clone());
                return Some(WindowEvent {
                    servers: Some(now),
                    ..WindowEvent::default()
                });
            }
            tokio::select! {
                biased;
                _ = self.stopping.wait_for(|stops| *stops) => return None,
                wish = self.wishes.recv() => return Some(WindowEvent {
                    show: Some(wish?),
                    ..WindowEvent::default()
                }),
                changed = self.changes.changed() => changed.ok()?,
                () = self.agent.next_end() => {}
            }
        }
    }
}

/// Until when a session lives is shown to the minute, and every call moves it.
const NOTICEABLE: Duration = Duration::from_secs(60);

fn same(told: &[Status], now: &[Status]) -> bool {
    let pairs = || told.iter().zip(now);
    told.len() == now.len()
        && pairs().all(|(told, now)| same_to_a_person(told, now))
        && pairs().all(|(told, now)| match (end(told), end(now)) {
            (Some(told), Some(now)) => {
                now.0.saturating_sub(told.0).unsigned_abs() < NOTICEABLE.as_millis() as u64
            }
            _ => true,
        })
}

fn end(status: &Status) -> Option<Timestamp> {
    status.session.as_ref()?.idle_expires
}

/// `GET /agent/v1/window`.
pub(crate) fn listen(agent: &SharedAgent) -> Response<Body> {
    let listening = Listening {
        agent: Arc::clone(agent),
        wishes: agent.windows.join(),
        changes: agent.changes.subscribe(),
        stopping: agent.stopping.subscribe(),
        told: None,
        settings: None,
    };
    let lines = stream::unfold(listening, |mut listening| async move {
        let event = listening.next().await?;
        let mut line = serde_json::to_vec(&event).ok()?;
        line.push(b'\n');
        Some((Ok::<_, BoxError>(Frame::data(Bytes::from(line))), listening))
    });
    let mut response = Response::new(StreamBody::new(lines).boxed_unsync());
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-ndjson"),
    );
    response
}

impl crate::agent::Agent {
    /// Every known server with the state it would have as the active one.
    fn all_statuses(&self) -> Vec<Status> {
        let entries = self.list().servers.clone();
        let statuses = entries
            .iter()
            .filter_map(|entry| self.status_for(Some(&entry.id)).ok());
        statuses.collect()
    }

    /// Resolves when the next session runs out, which changes a state without
    /// anybody's doing.
    async fn next_end(&self) {
        let now = self.surroundings.clock.monotonic();
        let ends = self.all_seats().into_iter().filter_map(|seat| {
            let life = seat.view().life?;
            life.lives(now).then(|| life.end()).flatten()
        });
        match ends.min() {
            Some(end) => sleep_until(end).await,
            None => std::future::pending().await,
        }
    }
}
