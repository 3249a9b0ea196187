//! `cargo xtask package`: packages of the desktop's programs.

mod debian;
mod installer;
mod portable;

use crate::failure::Failure;
use crate::say;
use std::path::{Path, PathBuf};

/// The package for Debian.
pub(crate) fn deb(release: bool) -> Result<(), Failure> {
    let made = debian::make(release)?;
    say::line(&made.display().to_string());
    Ok(())
}

/// The installer for Windows.
pub(crate) fn windows(release: bool) -> Result<(), Failure> {
    let made = installer::make(release)?;
    say::line(&made.display().to_string());
    Ok(())
}

/// The archive to unpack and run; with a runtime, the AppImage too.
pub(crate) fn portable(release: bool, runtime: Option<&Path>) -> Result<(), Failure> {
    for made in portable::make(release, runtime)? {
        say::line(&made.display().to_string());
    }
    Ok(())
}

/// Tells the tests where the packages are.
pub(crate) const PLACE: &str = "CHANCERY_PACKAGES_DIR";

/// All of them, of the builds of tests; gives where they are.
pub(crate) fn prepare_for_tests() -> Result<PathBuf, Failure> {
    debian::make(false)?;
    portable::make(false, None)?;
    let mut made = installer::make(false)?;
    made.pop();
    Ok(made)
}

/// An empty directory, whatever was there.
fn fresh(directory: &Path) -> Result<(), Failure> {
    if directory.exists() {
        std::fs::remove_dir_all(directory).map_err(|error| cannot(directory, &error))?;
    }
    std::fs::create_dir_all(directory).map_err(|error| cannot(directory, &error))
}

/// Copies a file to where it is to be, and makes the directories above.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    if let Some(above) = to.parent() {
        std::fs::create_dir_all(above).map_err(|error| cannot(above, &error))?;
    }
    std::fs::copy(from, to)
        .map(|_| ())
        .map_err(|error| cannot(from, &error))
}

fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), Failure> {
    if let Some(above) = path.parent() {
        std::fs::create_dir_all(above).map_err(|error| cannot(above, &error))?;
    }
    std::fs::write(path, text).map_err(|error| cannot(path, &error))
}

fn cannot(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!(
        "{} cannot be copied or written: {error}.",
        path.display()
    ))
}
