//! Where this person's things live.
//!
//! `$CHANCERY_HOME` moves everything into one directory. Without it: the XDG
//! directories, and for the socket `$XDG_RUNTIME_DIR/chancery`, else
//! `/run/user/UID/chancery`, else a directory of the user's own under the
//! temporary directory. On Windows `%APPDATA%` and `%LOCALAPPDATA%`, and a pipe
//! named for the user.

use std::ffi::OsString;
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

pub use system::{Environment, LONGEST_SOCKET_PATH};
use system::{HOME, ROOT};

/// Makes a directory for this user only, with whatever is missing above it, or
/// checks the one that is there: no link, and this user's own.
///
/// # Errors
/// [`DirectoryError::NotOurs`] or [`DirectoryError::Io`].
pub fn make_own(path: &Path) -> Result<(), DirectoryError> {
    system::make_own(path)
}

/// The policy file of this machine: what an administrator decided for everybody
/// on it. `$CHANCERY_POLICY` names another one, by its full path. Whether it
/// counts is for [`crate::private_file::is_administrators`] to say.
#[must_use]
pub fn policy_file() -> PathBuf {
    policy_named(std::env::var_os("CHANCERY_POLICY").as_ref())
        .unwrap_or_else(system::policy_of_machine)
}

/// The policy file that the person named, if it is a full path.
pub(crate) fn policy_named(variable: Option<&OsString>) -> Option<PathBuf> {
    set(variable).filter(|path| path.is_absolute())
}

/// The directories of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directories {
    config: PathBuf,
    state: PathBuf,
    runtime: PathBuf,
    socket: PathBuf,
}

/// Why a directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Neither `CHANCERY_HOME` nor `HOME` says where to begin.
    #[error(
        "Neither CHANCERY_HOME nor {HOME} is set, so there is no place for the Connect list. Set one of them to a directory of your own."
    )]
    NoHome,
    /// `CHANCERY_HOME` does not begin at the root.
    #[error("CHANCERY_HOME is “{}”, which is not a full path. Set it to one that begins with “{ROOT}”.", .0.display())]
    NotAbsolute(PathBuf),
    /// The socket's path is longer than the system allows.
    #[error(
        "The path of the agent's socket is {length} bytes long, and the system allows {LONGEST_SOCKET_PATH}: “{}”. Set CHANCERY_HOME or XDG_RUNTIME_DIR to a shorter path.", path.display()
    )]
    TooLong {
        /// The path.
        path: PathBuf,
        /// Its length in bytes.
        length: usize,
    },
    /// Something else than a directory of the user's own stands there.
    #[error("“{}” cannot be used: {why}. Remove it, or set CHANCERY_HOME to a directory of your own.", path.display())]
    NotOurs {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The system refused.
    #[error("“{}” cannot be made or read: {source}.", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Directories {
    /// The directories of whoever runs this process. Nothing is made yet.
    ///
    /// # Errors
    /// [`DirectoryError::NoHome`], [`DirectoryError::NotAbsolute`] or
    /// [`DirectoryError::TooLong`].
    pub fn from_environment() -> Result<Self, DirectoryError> {
        Self::find(&Environment::of_this_process())
    }

    /// Everything under one directory, as `CHANCERY_HOME` does.
    ///
    /// # Errors
    /// [`DirectoryError::NotAbsolute`] or [`DirectoryError::TooLong`].
    pub fn under(home: &Path) -> Result<Self, DirectoryError> {
        Self::find(&Environment {
            chancery_home: Some(home.as_os_str().to_owned()),
            ..Environment::of_this_process()
        })
    }

    /// The directories that `environment` leads to. Nothing is made yet.
    ///
    /// # Errors
    /// [`DirectoryError::NoHome`], [`DirectoryError::NotAbsolute`] or
    /// [`DirectoryError::TooLong`].
    pub fn find(environment: &Environment) -> Result<Self, DirectoryError> {
        let home = set(environment.chancery_home.as_ref());
        if let Some(home) = home.filter(|home| !home.is_absolute()) {
            return Err(DirectoryError::NotAbsolute(home));
        }
        let found = system::find(environment)?;
        let length = found.socket.as_os_str().len();
        if length > LONGEST_SOCKET_PATH {
            return Err(DirectoryError::TooLong {
                path: found.socket,
                length,
            });
        }
        Ok(found)
    }

    /// Where settings and the Connect list are.
    #[must_use]
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Where logs are.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Where the socket and the lock are.
    #[must_use]
    pub fn runtime(&self) -> &Path {
        &self.runtime
    }

    /// The agent's socket; on Windows the name of its pipe.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.socket.clone()
    }

    /// The lock that makes the agent the only one.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.runtime.join("agent.lock")
    }

    /// What an agent that was started on demand has to say.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.state.join("agent.log")
    }

    /// Makes the runtime directory, for this user only, and checks that it is
    /// a directory (no symbolic link) of this user's own. Permissions that
    /// others have on it are taken away.
    ///
    /// # Errors
    /// [`DirectoryError::NotOurs`] or [`DirectoryError::Io`].
    pub fn prepare_runtime(&self) -> Result<(), DirectoryError> {
        system::make_own(&self.runtime)
    }

    /// Makes the configuration and state directories, for this user only.
    ///
    /// # Errors
    /// [`DirectoryError::NotOurs`] or [`DirectoryError::Io`].
    pub fn prepare_kept(&self) -> Result<(), DirectoryError> {
        system::make_own(&self.config)?;
        system::make_own(&self.state)
    }
}

/// An empty variable counts as one that is not set.
fn set(variable: Option<&OsString>) -> Option<PathBuf> {
    variable
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}
