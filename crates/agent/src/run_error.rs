//! Why there is no agent.

use crate::list::ListError;
use chancery_platform::directories::DirectoryError;
use chancery_platform::singleton::SingletonError;
use chancery_platform::socket::ListenError;
use std::io;

/// Why the agent cannot run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Another one of this user runs.
    #[error(transparent)]
    Running(#[from] SingletonError),
    /// Its directories cannot be used.
    #[error(transparent)]
    Directories(#[from] DirectoryError),
    /// Its socket cannot be opened.
    #[error(transparent)]
    Socket(#[from] ListenError),
    /// The list of servers cannot be used.
    #[error(transparent)]
    List(#[from] ListError),
    /// The system gives no threads or no signals.
    #[error("The agent cannot start: {0}.")]
    System(#[from] io::Error),
}
