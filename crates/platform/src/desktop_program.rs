//! Starting the desktop program, which shows the window and asks the person.
//!
//! It is one program for each person: a second start passes its wish on to the
//! first and ends. Whoever starts it may wait until it can ask: it is handed a
//! pipe as its standard output, and writes one line there when it reads the
//! agent's prompts ([`announce_ready`]), or ends because another one does.

use crate::programs::{self, MissingProgram};
use chancery_proto::local::Show;
use std::io::{self, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// What it is called.
pub const NAME: &str = "chancery-desktop";
/// The variable that names another one.
pub const VARIABLE: &str = "CHANCERY_DESKTOP";
/// Set for a desktop program that somebody waits for.
const AWAITED: &str = "CHANCERY_DESKTOP_AWAITED";
const READY: &str = "ready";

/// Why there is no desktop program.
#[derive(Debug, thiserror::Error)]
pub enum DesktopError {
    /// It is not there.
    #[error(transparent)]
    Missing(#[from] MissingProgram),
    /// The system does not run it.
    #[error("“{}” cannot be started: {source}.", path.display())]
    Spawn {
        /// Its path.
        path: std::path::PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A desktop program that was started. It goes on when this value is dropped.
#[derive(Debug)]
pub struct Started {
    child: Child,
}

/// Starts the desktop program apart from this one, to show something or, without
/// it, to be there and ask when somebody is needed. Must be called inside a tokio
/// runtime.
///
/// # Errors
/// [`DesktopError`].
pub fn start(show: Option<Show>) -> Result<Started, DesktopError> {
    start_program(&programs::find(NAME, VARIABLE)?, show)
}

fn start_program(path: &Path, show: Option<Show>) -> Result<Started, DesktopError> {
    let mut command = Command::new(path);
    programs::apart(&mut command);
    // What ends the application must not end the window.
    #[cfg(unix)]
    command.process_group(0);
    let child = command
        .args(arguments(show))
        .env(AWAITED, "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(false)
        .spawn()
        .map_err(|source| DesktopError::Spawn {
            path: path.to_owned(),
            source,
        })?;
    Ok(Started { child })
}

fn arguments(show: Option<Show>) -> Vec<&'static str> {
    match show {
        Some(show) => vec!["--show", show.as_str()],
        None => vec!["--hidden"],
    }
}

impl Started {
    /// Waits until the desktop program can ask somebody, or has ended because
    /// another one can; at most `patience`. Says whether that came about.
    pub async fn is_ready(mut self, patience: Duration) -> bool {
        let Some(said) = self.child.stdout.take() else {
            return false;
        };
        let heard = async {
            let mut line = String::new();
            let mut reader = BufReader::new(said);
            match reader.read_line(&mut line).await {
                Ok(0) => self.child.wait().await.is_ok_and(|ended| ended.success()),
                Ok(_) => line.trim_end() == READY,
                Err(_) => false,
            }
        };
        tokio::time::timeout(patience, heard).await.unwrap_or(false)
    }
}

/// Said by the desktop program when it reads the agent's prompts: whoever
/// started it may go on.
pub fn announce_ready() {
    if std::env::var_os(AWAITED).is_none() {
        return;
    }
    let mut out = io::stdout().lock();
    // Whoever started it may have left already; that is no fault.
    if let Err(error) = writeln!(out, "{READY}").and_then(|()| out.flush()) {
        tracing::debug!(%error, "nobody waits for the desktop program to be ready");
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::{DesktopError, start_program};
    use chancery_proto::local::Show;
    use std::ffi::OsStr;
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// A program that writes its arguments down and then does `rest`.
    fn program(place: &Path, rest: &str) -> PathBuf {
        let path = place.join("desktop");
        let script = format!(
            "#!/bin/sh\necho \"$@\" > '{}'\n{rest}\n",
            place.join("told").display()
        );
        // Written by another process: a program that this one still has open
        // for writing cannot be run, and a test beside it may fork meanwhile.
        let written = std::process::Command::new("/bin/sh")
            .args(["-c", "printf %s \"$1\" > \"$2\" && chmod 755 \"$2\"", "sh"])
            .args([OsStr::new(&script), path.as_os_str()])
            .status();
        assert!(written.expect("a shell").success());
        path
    }

    fn told(place: &Path) -> String {
        std::fs::read_to_string(place.join("told")).expect("it ran")
    }

    #[tokio::test]
    async fn whoever_starts_it_goes_on_when_it_is_ready_and_it_lives_on() {
        let place = tempfile::tempdir().expect("made");
        let path = program(place.path(), "echo ready; exec sleep 5");
        let started = start_program(&path, Some(Show::Login)).expect("started");
        assert!(started.is_ready(PATIENCE).await);
        assert_eq!(told(place.path()), "--show login\n");
    }

    #[tokio::test]
    async fn one_that_passes_its_wish_on_and_ends_is_ready_too() {
        let place = tempfile::tempdir().expect("made");
        let started = start_program(&program(place.path(), ""), None).expect("started");
        assert!(started.is_ready(PATIENCE).await);
        assert_eq!(told(place.path()), "--hidden\n");
    }

    #[tokio::test]
    async fn one_that_fails_is_not_ready() {
        let place = tempfile::tempdir().expect("made");
        let path = program(place.path(), "exit 1");
        let started = start_program(&path, None).expect("started");
        assert!(!started.is_ready(PATIENCE).await);
    }

    #[tokio::test]
    async fn one_that_says_nothing_is_not_waited_for_longer_than_that() {
        let place = tempfile::tempdir().expect("made");
        let path = program(place.path(), "exec sleep 5");
        let started = start_program(&path, Some(Show::Window)).expect("started");
        assert!(!started.is_ready(Duration::from_millis(100)).await);
    }

    #[tokio::test]
    async fn one_that_cannot_be_run_is_named() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("missing");
        let error = start_program(&path, Some(Show::Window)).expect_err("missing");
        assert!(matches!(&error, DesktopError::Spawn { .. }));
        assert!(error.to_string().contains("missing"), "{error}");
    }
}
