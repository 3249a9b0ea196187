//! What an add-on is told: of the state and the list, what it shows.

use crate::failure::Failure;
use chancery_client::local::{Agent, LocalError};
use chancery_proto::local::{NeedsUserReason, ServerEntry, State, Status};
use serde::Serialize;

/// One message to the add-on.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Reply {
    /// A request was carried out.
    Done { id: u32, done: Done },
    /// It was not; without a number where the message had none.
    Error {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<u32>,
        error: Told,
    },
    /// Something has changed.
    Event(Event),
}

/// What became of a request.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Done {
    Picture(Picture),
    Servers { servers: Vec<Server> },
    Nothing {},
}

/// Why a request came to nothing.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Told {
    /// A stable code.
    pub(super) code: String,
    /// One or more sentences for a person.
    pub(super) message: String,
}

/// Something that changed.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum Event {
    /// The state or the list is another one.
    State(Picture),
    /// The agent has ended, and is started by the next request.
    NoAgent,
}

/// The state and the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Picture {
    pub(super) state: Shown,
    pub(super) servers: Vec<Server>,
}

/// The state, as far as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Shown {
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<NeedsUserReason>,
    sentence: String,
    /// The name of the active server.
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    /// The name of whoever is signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
}

/// A known server, as far as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Server {
    id: String,
    name: String,
    address: String,
    active: bool,
}

impl Reply {
    /// As it travels.
    pub(super) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl Picture {
    /// The state `status` with the list that goes with it.
    pub(super) async fn with(agent: &Agent, status: Status) -> Result<Self, LocalError> {
        let servers = agent.servers().await?;
        Ok(Self {
            state: Shown {
                state: status.state,
                reason: status.reason,
                sentence: status.sentence,
                server: status.server.map(|server| server.name),
                person: status.user.map(|person| person.name),
            },
            servers: servers.into_iter().map(Server::from).collect(),
        })
    }
}

impl From<ServerEntry> for Server {
    fn from(entry: ServerEntry) -> Self {
        Self {
            id: entry.id,
            name: entry.name,
            address: entry.address,
            active: entry.active,
        }
    }
}

impl From<LocalError> for Told {
    fn from(error: LocalError) -> Self {
        match error {
            // The agent says what to do next itself; the command line's advice
            // is for a terminal.
            LocalError::Refused(refusal) if !refusal.message.is_empty() => Self {
                code: refusal.code,
                message: refusal.message,
            },
            other => Failure::from(other).into(),
        }
    }
}

impl From<Failure> for Told {
    fn from(failure: Failure) -> Self {
        let hint = failure.hint.as_deref();
        Self {
            code: failure.code.into(),
            message: hint.map_or(failure.sentence.clone(), |hint| {
                format!("{} {hint}", failure.sentence)
            }),
        }
    }
}
