//! Having the system start the agent, beside the first application that needs
//! it: nobody has to, but the first answer comes sooner and the agent lives
//! under the system's care.
//!
//! systemd listens at the agent's socket and starts it with the first caller
//! (`systemd.socket(5)`); Windows starts it when the person signs in, and so
//! does macOS (`launchd.plist(5)`).

use crate::directories::Directories;
use std::path::{Path, PathBuf};

#[cfg(target_os = "macos")]
#[path = "autostart/macos.rs"]
mod system;
#[cfg(all(unix, not(target_os = "macos")))]
#[path = "autostart/systemd.rs"]
mod system;
#[cfg(windows)]
#[path = "autostart/windows.rs"]
mod system;

/// Why that could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum AutostartError {
    /// What would do it is not here.
    #[error("{0} The agent is started all the same by the first application that needs it.")]
    NotHere(String),
    /// The system refused.
    #[error("“{what}” failed: {why}")]
    Refused {
        /// What was tried.
        what: String,
        /// What the system said.
        why: String,
    },
    /// A file could not be written or removed.
    #[error("“{}” cannot be changed: {source}.", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Whether the system starts the agent of this person.
///
/// # Errors
/// [`AutostartError`].
pub fn is_on(directories: &Directories) -> Result<bool, AutostartError> {
    system::is_on(directories)
}

/// Whether there is anything here that could do it.
///
/// # Errors
/// [`AutostartError::NotHere`], with the reason.
pub fn is_possible() -> Result<(), AutostartError> {
    system::is_possible()
}

/// From now on the system starts `program` as the agent of this person. No
/// agent may be running. May block: call from a blocking thread.
///
/// # Errors
/// [`AutostartError`]; nothing is left half done.
pub fn turn_on(directories: &Directories, program: &Path) -> Result<(), AutostartError> {
    system::turn_on(directories, program)
}

/// From now on it does not. May block: call from a blocking thread.
///
/// # Errors
/// [`AutostartError`].
pub fn turn_off(directories: &Directories) -> Result<(), AutostartError> {
    system::turn_off(directories)
}
