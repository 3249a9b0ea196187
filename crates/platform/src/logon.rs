//! Having the desktop program started when the person logs on.
//!
//! Linux: an entry by the Desktop Application Autostart Specification 0.5.
//! Windows: an entry among the programs that are run when the person logs on.
//! With `CHANCERY_HOME` the entry stays in that directory, where nothing reads
//! it: whoever moves everything into one place starts it from there.

use crate::directories::Directories;
use std::io;
use std::path::Path;

#[cfg(windows)]
#[path = "logon/windows.rs"]
mod system;
#[cfg(all(unix, not(target_os = "macos")))]
#[path = "logon/xdg.rs"]
mod system;

/// From now on `program` is started at log-on, with `--hidden`, or it is not. What is so already stays untouched.
///
/// # Errors
/// The entry cannot be written or removed, or this system has none.
pub fn set(directories: &Directories, program: &Path, starts: bool) -> io::Result<()> {
    #[cfg(target_os = "macos")]
    {
        let _nowhere = (directories, program);
        if starts {
            return Err(io::Error::other("nothing here starts it"));
        }
        Ok(())
    }
    #[cfg(not(target_os = "macos"))]
    if starts {
        system::turn_on(directories, program)
    } else {
        system::turn_off(directories)
    }
}
