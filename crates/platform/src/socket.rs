//! The agent's door on this machine: only this user, by the word of the kernel.
//!
//! A Unix socket, or on Windows a named pipe. Both sides check each other: the
//! agent hears callers of its own user alone and learns which program calls,
//! and a caller tells nothing to what somebody else put in the agent's place.

use std::io;
use std::path::PathBuf;

#[cfg(unix)]
mod peer;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::{OwnListener, Stream, connect};
#[cfg(windows)]
use windows::peer;
#[cfg(windows)]
pub use windows::{OwnListener, Stream, connect};

/// Who is at the other end, as far as the system tells.
///
/// A process id alone is no name: it is given away again. Together with
/// `started` it means one process on this machine since it was switched on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Peer {
    /// The process that opened the connection.
    pub pid: Option<u32>,
    /// The program it runs; none where the process has ended already.
    pub program: Option<PathBuf>,
    /// When it was started, in the system's own unit: only ever compared.
    pub started: Option<u64>,
}

impl Peer {
    /// Whether that very process lives still. Of one that the system told
    /// nothing about it is assumed.
    #[must_use]
    pub fn lives(&self) -> bool {
        match (self.pid, self.started) {
            (Some(pid), Some(started)) => peer::started(pid) == Some(started),
            _ => true,
        }
    }
}

/// Why the agent's door could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Something answers there already.
    #[error("Something already answers at “{}”.", .0.display())]
    Answered(PathBuf),
    /// Something that is no socket stands there.
    #[error("“{}” is in the way and is no socket. Remove it and start again.", .0.display())]
    InTheWay(PathBuf),
    /// The socket that the service manager handed over is another one.
    #[error(
        "The socket that was handed over is at “{found}”, and applications look for the agent at “{}”. Set “ListenStream” to that.", expected.display()
    )]
    Elsewhere {
        /// Where it is, as far as it can be told.
        found: String,
        /// Where it has to be.
        expected: PathBuf,
    },
    /// The system refused.
    #[error("The socket “{}” cannot be opened: {source}.", path.display())]
    Io {
        /// The socket's path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Why the agent could not be reached.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody listens there: the agent can be started.
    #[error("No agent listens at “{}”.", socket.display())]
    NotRunning {
        /// Where it was looked for.
        socket: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something is there that cannot be used, for example for lack of permission.
    #[error("The agent's socket “{}” cannot be used: {source}.", socket.display())]
    Unusable {
        /// Where it is.
        socket: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody else listens there, who must not be told anything.
    #[error("What listens there is not this person's agent: {why}.")]
    Stranger {
        /// Who it is.
        why: String,
    },
}
