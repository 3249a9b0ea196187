//! A file that only this user reads, replaced in one step.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(unix)]
pub(crate) use unix::same_file;
#[cfg(windows)]
use windows as system;

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
    let file = create_new(Path::new(&beside))?;
    let placed = fill(file, content).and_then(|()| std::fs::rename(&beside, path));
    if placed.is_err() {
        // Half of it is of no use to anybody.
        let _gone = std::fs::remove_file(&beside);
    }
    placed?;
    system::make_durable(directory)
}

fn fill(mut file: File, content: &[u8]) -> io::Result<()> {
    file.write_all(content)?;
    file.sync_all()
}

/// Writes `content` over what stands at `path`, in the room that it has: for
/// what must go although there is no room for a second file. A crash meanwhile
/// leaves a part of either.
///
/// # Errors
/// What the file system said.
pub fn overwrite(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(content)?;
    file.set_len(content.len() as u64)?;
    file.sync_all()
}

/// Makes a file that only this user reads, where there is none yet.
///
/// # Errors
/// What the file system said; something that is there already is
/// [`io::ErrorKind::AlreadyExists`].
pub fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    system::for_own_user(&mut options);
    options.write(true).create_new(true).open(path)
}

/// What stands at a path, and who may use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What it is.
    pub kind: Kind,
    /// Whether it belongs to this user.
    pub is_own: bool,
    /// Whether others may read or change it, administrators aside.
    pub is_shared: bool,
    /// The rights for people who know the system: its mode, or its owner.
    pub rights: String,
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A socket.
    Socket,
    /// A link, which is not followed.
    Link,
    /// Something else.
    Other,
}

/// Looks at what stands at `path`, without following a link.
///
/// # Errors
/// It cannot be looked at; nothing there is [`io::ErrorKind::NotFound`]. A
/// Windows pipe is not looked at but called.
pub fn standing(path: &Path) -> io::Result<Standing> {
    system::standing(path)
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
