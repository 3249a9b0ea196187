//! A file that only this user reads, replaced in one step.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;
#[cfg(windows)]
pub(crate) use windows::ADMINISTRATORS;

/// Replaces `path` by `content`: written beside it for this user only, made
/// durable, then renamed over it, so that a reader sees the old or the new
/// content and never a part.
///
/// # Errors
/// What the file system said; the old content then still stands.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let directory = path
        .parent()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a file needs a directory"))?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    // What a crash left behind may have another mode: it is made anew.
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    system::for_own_user(&mut options);
    let mut file = options.write(true).create_new(true).open(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&beside, path)?;
    system::make_durable(directory)
}

/// What a file that is not private is made with: for everybody, less what the
/// person's own mask takes away. None where the directory decides.
#[must_use]
pub fn usual_permissions() -> Option<std::fs::Permissions> {
    system::usual_permissions()
}

/// Whether an administrator alone decides what `path` says: it belongs to root
/// (on Windows to the administrators or the system), or to this user where
/// `CHANCERY_POLICY` names it, and nobody else can write to it or put another
/// file in its place.
///
/// # Errors
/// The file or its directory cannot be looked at; none there is
/// [`io::ErrorKind::NotFound`].
pub fn is_administrators(path: &Path) -> io::Result<bool> {
    let named = crate::directories::policy_named(std::env::var_os("CHANCERY_POLICY").as_ref());
    system::belongs_to_administrators(path, named.as_deref() == Some(path))
}
