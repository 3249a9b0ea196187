//! The kernel's own news of a directory (`inotify(7)`).

use crate::descriptor;
use rustix::fd::OwnedFd;
use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
use rustix::io::{Errno, read};
use std::io;
use std::path::Path;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The longest notice is a header and a name of 255 bytes: many fit.
const ROOM: usize = 4_096;

#[derive(Debug)]
pub(super) struct Notices {
    queue: AsyncFd<OwnedFd>,
}

impl Notices {
    pub(super) fn of(directory: &Path) -> io::Result<Self> {
        let queue = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let what = WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVE
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR;
        let _number = add_watch(&queue, directory, what)?;
        descriptor::readable(queue).map(|queue| Self { queue })
    }

    pub(super) async fn next(&self) {
        if let Err(error) = self.queue.async_io(Interest::READABLE, drain).await {
            tracing::debug!(%error, "a directory cannot be watched");
            std::future::pending::<()>().await;
        }
    }
}

/// Takes every notice that is there. What they say does not matter: whoever is
/// told looks for himself.
fn drain(queue: &OwnedFd) -> io::Result<()> {
    let mut told = false;
    let mut room = [0_u8; ROOM];
    loop {
        match read(queue, &mut room) {
            Ok(_) => told = true,
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) if told => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::directory_watch::DirectoryWatch;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    /// Whether it is told by now; the kernel queues a notice at once.
    async fn told(watch: &DirectoryWatch) -> bool {
        // Lets the runtime ask the kernel.
        tokio::task::yield_now().await;
        let mut context = Context::from_waker(Waker::noop());
        pin!(watch.changed()).as_mut().poll(&mut context) == Poll::Ready(())
    }

    #[tokio::test]
    async fn what_comes_and_goes_is_told_and_what_is_written_is_not() {
        let place = tempfile::tempdir().expect("made");
        let (one, other) = (place.path().join("one"), place.path().join("other"));
        let watch = DirectoryWatch::new(place.path()).expect("watched");
        assert!(!told(&watch).await);
        std::fs::write(&one, b"1").expect("written");
        watch.changed().await;
        std::fs::write(&one, b"2").expect("written");
        assert!(!told(&watch).await);
        std::fs::rename(&one, &other).expect("renamed");
        watch.changed().await;
        std::fs::remove_file(&other).expect("removed");
        watch.changed().await;
        assert!(!told(&watch).await);
        drop(place);
        watch.changed().await;
    }

    #[tokio::test]
    async fn what_is_no_directory_cannot_be_watched() {
        let place = tempfile::tempdir().expect("made");
        let file = place.path().join("file");
        std::fs::write(&file, b"").expect("written");
        for path in [file, place.path().join("nothing")] {
            assert!(DirectoryWatch::new(&path).is_err(), "{}", path.display());
        }
    }
}
