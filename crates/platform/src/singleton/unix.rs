//! A lock on a file.

use super::{SingletonError, holder};
use crate::private_file::same_file;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The file is locked as long as this lives.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // A program that this process is starting just now has the file open
        // as well, until it really is that program: closing is not enough.
        if let Err(error) = self.0.unlock() {
            tracing::debug!(%error, "the lock ends with the process");
        }
    }
}

pub(super) fn is_in_place(lock: &Lock, path: &Path) -> bool {
    let (ours, found) = (lock.0.metadata(), std::fs::symlink_metadata(path));
    ours.is_ok_and(|ours| found.is_ok_and(|found| same_file(&ours, &found)))
}

pub(super) fn acquire(path: &Path) -> Result<Lock, SingletonError> {
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
            let read = file.read_to_string(&mut text);
            return Err(holder(read.map_or("", |_| &text)));
        }
        Err(TryLockError::Error(source)) => return Err(io(source)),
    }
    file.set_len(0)
        .and_then(|()| file.seek(SeekFrom::Start(0)))
        .and_then(|_| file.write_all(std::process::id().to_string().as_bytes()))
        .map_err(io)?;
    Ok(Lock(file))
}
