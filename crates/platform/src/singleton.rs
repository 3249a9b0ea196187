//! One agent per user, by an operating-system lock.
//!
//! The lock ends with the process that holds it, however it ends; what the
//! file says (the process id) is for people, never for decisions.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Held as long as this process is the only one of its kind.
#[derive(Debug)]
pub struct SingletonLock {
    _file: File,
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
    /// Takes the lock, without waiting, and writes this process's id into it.
    ///
    /// # Errors
    /// [`SingletonError::Held`] when another process has it.
    pub fn acquire(path: &Path) -> Result<Self, SingletonError> {
        let io = |source| SingletonError::Io {
            path: path.to_owned(),
            source,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let pid = file
                    .read_to_string(&mut text)
                    .ok()
                    .and_then(|_| text.trim().parse().ok());
                return Err(SingletonError::Held { pid });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(std::process::id().to_string().as_bytes()))
            .map_err(io)?;
        Ok(Self { _file: file })
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

    #[test]
    fn a_lock_left_by_a_process_that_is_gone_is_free() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("agent.lock");
        std::fs::write(&path, b"4194304").expect("written");
        SingletonLock::acquire(&path).expect("nobody holds it");
    }
}
