//! One agent per user, by an operating-system lock.
//!
//! The lock ends with the process that holds it, however it ends; what the
//! file says (the process id) is for people, never for decisions.

use std::io;
use std::path::{Path, PathBuf};

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// Held as long as this process is the only one of its kind.
#[derive(Debug)]
pub struct SingletonLock {
    path: PathBuf,
    lock: system::Lock,
}

/// Why the lock could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SingletonError {
    /// Somebody else holds it.
    #[error("The agent is already running{}. Use that one, or end it first with “chancery agent stop”.", named(*pid))]
    Held {
        /// The holder's process id, if it wrote it down already.
        pid: Option<u32>,
    },
    /// The system refused.
    #[error("The lock “{}” cannot be used: {source}.", path.display())]
    Io {
        /// The lock's path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn named(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" as process {pid}"))
        .unwrap_or_default()
}

impl SingletonLock {
    /// Takes the lock, without waiting, and writes this process's id into the
    /// file at `path`.
    ///
    /// # Errors
    /// [`SingletonError::Held`] when another process has it.
    pub fn acquire(path: &Path) -> Result<Self, SingletonError> {
        Ok(Self {
            path: path.to_owned(),
            lock: system::acquire(path)?,
        })
    }

    /// Whether the lock still keeps others out: on Unix another process that
    /// finds no file at the path, or another one, locks that.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        system::is_in_place(&self.lock, &self.path)
    }
}

/// What the holder wrote down.
fn holder(text: &str) -> SingletonError {
    SingletonError::Held {
        pid: text.trim().parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::{SingletonError, SingletonLock};

    #[test]
    fn a_second_holder_is_told_who_the_first_is() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("agent.lock");
        let first = SingletonLock::acquire(&path).expect("free");
        let error = SingletonLock::acquire(&path).expect_err("held");
        assert!(
            matches!(error, SingletonError::Held { pid } if pid == Some(std::process::id())),
            "{error}"
        );
        drop(first);
        SingletonLock::acquire(&path).expect("free again");
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_whose_file_was_taken_away_keeps_nobody_out() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("agent.lock");
        let first = SingletonLock::acquire(&path).expect("free");
        assert!(first.is_in_place());
        std::fs::remove_file(&path).expect("removed");
        assert!(!first.is_in_place());
        let second = SingletonLock::acquire(&path).expect("nobody holds this one");
        assert!(second.is_in_place() && !first.is_in_place());
    }

    #[test]
    fn a_lock_left_by_a_process_that_is_gone_is_free() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("agent.lock");
        std::fs::write(&path, b"4194304").expect("written");
        SingletonLock::acquire(&path).expect("nobody holds it");
    }
}
