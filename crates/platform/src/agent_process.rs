//! Starting the agent on demand, and knowing when it is ready.
//!
//! The one who starts it hands it a pipe as its standard output; the agent
//! writes one line there when it answers callers. Nobody waits by sleeping,
//! and two applications that start it at once both end up with the same agent:
//! the second process waits for the first to answer and then says ready too.

use crate::programs::{self, MissingProgram, apart};
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// Set for an agent that was started on demand.
const ON_DEMAND: &str = "CHANCERY_AGENT_ON_DEMAND";
const READY: &str = "ready";
/// An agent is ready in a small part of that, also on a busy machine.
const DEADLINE: Duration = Duration::from_secs(10);

/// How the agent is started.
#[derive(Debug, Clone)]
pub struct AgentCommand {
    /// The program, usually this very executable.
    pub program: PathBuf,
    /// Its arguments, usually `agent run`.
    pub arguments: Vec<OsString>,
    /// What it has to say goes here, behind what is there already.
    pub log: PathBuf,
    /// How long it may take.
    pub deadline: Duration,
}

/// Why the agent could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// This executable does not know its own path, or cannot be run.
    #[error("The agent cannot be started: {0}.")]
    Spawn(#[source] io::Error),
    /// The agent's program is not there.
    #[error(transparent)]
    Missing(#[from] MissingProgram),
    /// The log cannot be written.
    #[error("The agent's log “{}” cannot be written: {source}.", path.display())]
    Log {
        /// The log's path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It ended before it was ready.
    #[error("The agent ended before it was ready. What it said is in “{}”.", log.display())]
    Ended {
        /// The log's path.
        log: PathBuf,
    },
    /// It did not get ready in time.
    #[error("The agent is not ready after {} seconds. What it said is in “{}”.", deadline.as_secs(), log.display())]
    Late {
        /// The log's path.
        log: PathBuf,
        /// How long was waited.
        deadline: Duration,
    },
}

impl AgentCommand {
    /// This executable as `agent run`, with its log in the state directory.
    ///
    /// # Errors
    /// [`StartError::Spawn`] when the executable does not know its own path.
    pub fn this_executable(
        directories: &crate::directories::Directories,
    ) -> Result<Self, StartError> {
        Ok(Self {
            program: std::env::current_exe().map_err(StartError::Spawn)?,
            arguments: vec!["agent".into(), "run".into()],
            log: directories.log(),
            deadline: DEADLINE,
        })
    }

    /// The `chancery` beside this executable, else the one on the `PATH`, as
    /// `agent run`: for programs that are not the agent's own.
    /// `CHANCERY_PROGRAM` names another one.
    ///
    /// # Errors
    /// [`StartError::Missing`].
    pub fn of_this_installation(
        directories: &crate::directories::Directories,
    ) -> Result<Self, StartError> {
        Ok(Self {
            program: programs::find("chancery", "CHANCERY_PROGRAM")?,
            arguments: vec!["agent".into(), "run".into()],
            log: directories.log(),
            deadline: DEADLINE,
        })
    }

    /// Starts the agent and waits until it answers callers. Harmless when one
    /// runs already. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(&self) -> Result<(), StartError> {
        let log = |source| StartError::Log {
            path: self.log.clone(),
            source,
        };
        let mut command = Command::new(&self.program);
        // The agent leaves the terminal itself.
        apart(&mut command);
        let mut child = command
            .args(&self.arguments)
            .env(ON_DEMAND, "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(open_log(&self.log).map_err(log)?)
            .kill_on_drop(false)
            .spawn()
            .map_err(StartError::Spawn)?;
        let ended = || StartError::Ended {
            log: self.log.clone(),
        };
        let pipe = child.stdout.take().ok_or_else(ended)?;
        let mut line = String::new();
        let mut reader = BufReader::new(pipe);
        match tokio::time::timeout(self.deadline, reader.read_line(&mut line)).await {
            Ok(Ok(_)) if line.trim_end() == READY => Ok(()),
            Ok(_) => Err(ended()),
            Err(_) => Err(StartError::Late {
                log: self.log.clone(),
                deadline: self.deadline,
            }),
        }
    }
}

fn open_log(path: &std::path::Path) -> io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    if let Some(directory) = path.parent() {
        crate::directories::make_own(directory).map_err(|error| match error {
            crate::directories::DirectoryError::Io { source, .. } => source,
            other => io::Error::other(other),
        })?;
    }
    options.append(true).create(true).open(path)
}

/// Whether this process is an agent that was started on demand.
#[must_use]
pub fn is_on_demand() -> bool {
    std::env::var_os(ON_DEMAND).is_some()
}

/// Tells whoever started this agent that it answers callers.
pub fn announce_ready() {
    let mut out = io::stdout().lock();
    // Whoever started it may have left already; that is no fault.
    if let Err(error) = writeln!(out, "{READY}").and_then(|()| out.flush()) {
        tracing::debug!(%error, "nobody waits for the agent to be ready");
    }
}

#[cfg(test)]
mod tests {
    use super::{AgentCommand, StartError};
    use std::time::Duration;

    fn command(place: &tempfile::TempDir, script: &str) -> AgentCommand {
        AgentCommand {
            program: if cfg!(windows) { "cmd" } else { "/bin/sh" }.into(),
            arguments: vec![
                if cfg!(windows) { "/c" } else { "-c" }.into(),
                script.into(),
            ],
            log: place.path().join("state/agent.log"),
            deadline: Duration::from_secs(20),
        }
    }

    #[tokio::test]
    async fn a_start_returns_when_the_agent_says_ready() {
        let place = tempfile::tempdir().expect("made");
        command(&place, "echo ready&& echo noted>&2")
            .start()
            .await
            .expect("ready");
    }

    #[tokio::test]
    async fn an_agent_that_ends_at_once_is_an_error_that_names_the_log() {
        let place = tempfile::tempdir().expect("made");
        let error = command(&place, "echo broken>&2&& exit 3")
            .start()
            .await
            .expect_err("ended");
        assert!(matches!(error, StartError::Ended { .. }));
        let said = std::fs::read_to_string(place.path().join("state/agent.log")).expect("there");
        assert_eq!(said.trim_end(), "broken");
    }
}
