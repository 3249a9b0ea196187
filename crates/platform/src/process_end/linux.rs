//! A process as a file descriptor.

use crate::descriptor;
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::io;
use std::time::Duration;
use tokio::io::unix::AsyncFd;

pub(super) type Handle = AsyncFd<OwnedFd>;

/// None where there is no such process.
pub(super) fn open(pid: u32) -> io::Result<Option<Handle>> {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return Ok(None);
    };
    match pidfd_open(pid, PidfdFlags::NONBLOCK) {
        Ok(handle) => descriptor::readable(handle).map(Some),
        Err(Errno::SRCH) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn wait(handle: Handle, patience: Duration) -> bool {
    // It can be “read” from its end on, and there is nothing to take from it.
    let ended = tokio::time::timeout(patience, handle.readable()).await;
    matches!(ended, Ok(Ok(_)))
}
