//! Opening a file with the person's own application for it, and a web address
//! with their browser.

use std::io;
use std::path::Path;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

/// Opens the file or directory at `path` with the application that this person
/// has chosen for its kind. No shell reads the path. What would be run instead
/// of opened is refused: a document comes from elsewhere.
///
/// Returns when the application is on its way, at the latest after two seconds.
/// May block so long: call from a blocking thread.
///
/// # Errors
/// There is nothing at `path`, it is a program, there is no application for
/// it, or the system's opener is missing.
pub fn open(path: &Path) -> io::Result<()> {
    // A full path is never taken for an option or an address.
    let path = std::path::absolute(path)?;
    if !path.metadata()?.is_dir() || is_bundle(&path) {
        refuse_programs(&path)?;
    }
    #[cfg(unix)]
    return unix::open_with(Path::new(unix::OPENER), &path);
    #[cfg(windows)]
    return windows::open(&path);
}

/// Opens a web address with the browser that this person has chosen. Only
/// `https`, and `http` on this machine itself.
///
/// Returns as [`open`] does; may block as long.
///
/// # Errors
/// It is no such address, there is no browser, or the system's opener is missing.
pub fn open_address(address: &str) -> io::Result<()> {
    let is_web = address.starts_with("https://")
        || address.starts_with("http://127.0.0.1")
        || address.starts_with("http://[::1]")
        || address.starts_with("http://localhost");
    if !is_web || address.contains(|one: char| one.is_whitespace() || one.is_control()) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("“{address}” is no web address that is opened"),
        ));
    }
    #[cfg(unix)]
    return unix::open_with(Path::new(unix::OPENER), Path::new(address));
    #[cfg(windows)]
    return windows::open(Path::new(address));
}

/// Whether whoever sits here would see a browser that opens on this machine:
/// there is a display, and nobody came by a remote shell.
#[must_use]
pub fn is_seen() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let has_display =
        cfg!(any(windows, target_os = "macos")) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
    has_display && !is_set("SSH_CONNECTION")
}

/// What the desktop of this system runs instead of opening it.
#[cfg(target_os = "macos")]
const PROGRAMS: &[&str] = &[
    "app", "command", "tool", "terminal", "workflow", "scpt", "pkg", "mpkg", "inetloc", "fileloc",
];
#[cfg(all(unix, not(target_os = "macos")))]
const PROGRAMS: &[&str] = &["desktop", "appimage", "run", "flatpakref"];

/// On macOS a program is a directory.
fn is_bundle(path: &Path) -> bool {
    cfg!(target_os = "macos") && path.extension().is_some()
}

#[cfg(unix)]
fn refuse_programs(path: &Path) -> io::Result<()> {
    let is_program = path
        .extension()
        .and_then(|kind| kind.to_str())
        .is_some_and(|kind| {
            PROGRAMS
                .iter()
                .any(|other| kind.eq_ignore_ascii_case(other))
        });
    if is_program {
        Err(program(path))
    } else {
        Ok(())
    }
}

#[cfg(windows)]
fn refuse_programs(path: &Path) -> io::Result<()> {
    if windows::is_dangerous(path) {
        Err(program(path))
    } else {
        Ok(())
    }
}

fn program(path: &Path) -> io::Error {
    io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!(
            "“{}” would be run and not opened. Look at it in a file manager instead",
            path.display()
        ),
    )
}
