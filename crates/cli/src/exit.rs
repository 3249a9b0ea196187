//! What a script learns from the exit code. Stable: documented in
//! `docs/guide/command-line.md`, and never given another meaning.

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// It failed, and none of the codes below fits.
    Failed = 1,
    /// The command was not written as it has to be.
    Usage = 2,
    /// A person has to sign in, confirm or choose.
    NeedsUser = 3,
    /// The server or the network cannot be reached.
    Offline = 4,
    /// What was asked for is not there.
    NotFound = 5,
    /// This user may not do that.
    NoAccess = 6,
    /// Disconnected, or no server was ever chosen.
    Disconnected = 7,
    /// The server cannot be connected to (no work server, too old, or its
    /// certificate cannot be verified), or does not serve what was asked.
    ServerRefused = 8,
    /// The server is busy: the same again later.
    TryLater = 9,
    /// The agent cannot be started or talked to.
    Agent = 10,
    /// Ctrl-C.
    Interrupted = 130,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
