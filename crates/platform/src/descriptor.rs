//! Waiting on a file descriptor of the system's.

#![expect(unsafe_code, reason = "the runtime is handed descriptors")]

use rustix::fd::OwnedFd;
use std::io;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Lets the runtime wake whoever waits until `descriptor` can be read. It has
/// to be one that never blocks. Must be called inside a tokio runtime.
pub(crate) fn readable(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` owns its descriptor: it answers the same open one
    // for as long as it lives, and it is never taken out of the `AsyncFd`.
    unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) }
        .map_err(io::Error::from)
}
