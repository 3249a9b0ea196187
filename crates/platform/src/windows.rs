//! What the Windows halves of the doors share.

pub(crate) mod process;
pub(crate) mod run_key;
pub(crate) mod security;
pub(crate) mod text;

use std::io;
use std::path::Path;

/// A short hash for the name of an object that belongs to `path`. Letters that
/// differ in case alone name the same file.
pub(crate) fn name_of(path: &Path) -> String {
    use sha2::{Digest, Sha256};
    let path = path.to_string_lossy().to_lowercase();
    Sha256::digest(path.as_bytes())
        .iter()
        .take(10)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What a call that answers zero for failure said.
pub(crate) fn checked(answer: i32) -> io::Result<()> {
    if answer == 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// What a call that answers an error's number said.
pub(crate) fn told(answer: u32) -> io::Result<()> {
    match i32::try_from(answer) {
        Ok(0) => Ok(()),
        Ok(number) => Err(io::Error::from_raw_os_error(number)),
        Err(_) => Err(io::Error::other(format!("error {answer:#x}"))),
    }
}
