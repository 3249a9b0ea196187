//! What makes an agent the one that callers find: its lock and its socket.
//!
//! Both are files, and what cleans up old files may take them away under a
//! living agent. Then callers would find nobody, and a new agent could not
//! start, or there would be two.

use crate::run_error::RunError;
use chancery_platform::directories::Directories;
use chancery_platform::directory_watch::DirectoryWatch;
use chancery_platform::singleton::SingletonLock;
use chancery_platform::socket::OwnListener;

/// The lock and the socket, held together.
#[derive(Debug)]
pub(crate) struct Door<'a> {
    directories: &'a Directories,
    lock: SingletonLock,
    pub(crate) listener: OwnListener,
    /// None where the system lets nobody watch.
    watch: Option<DirectoryWatch>,
}

impl<'a> Door<'a> {
    pub(crate) async fn open(
        directories: &'a Directories,
        lock: SingletonLock,
    ) -> Result<Self, RunError> {
        let socket = directories.socket();
        let listener = match OwnListener::handed_over(&socket)? {
            Some(listener) => listener,
            None => OwnListener::open(&socket).await?,
        };
        Ok(Self {
            directories,
            lock,
            listener,
            watch: watch(directories),
        })
    }

    fn is_in_place(&self) -> bool {
        self.lock.is_in_place() && self.listener.is_in_place()
    }

    /// Resolves when callers do not find this agent any more, or another one
    /// could start beside it.
    pub(crate) async fn lost(&self) {
        let Some(watch) = &self.watch else {
            return std::future::pending().await;
        };
        while self.is_in_place() {
            watch.changed().await;
        }
    }

    /// Takes the place again.
    ///
    /// # Errors
    /// Another agent has it by now, or the directory cannot be used.
    pub(crate) async fn restore(&mut self) -> Result<(), RunError> {
        self.directories.prepare_runtime()?;
        if !self.lock.is_in_place() {
            self.lock = SingletonLock::acquire(&self.directories.lock())?;
        }
        if !self.listener.is_in_place() {
            self.listener = OwnListener::open(&self.directories.socket()).await?;
        }
        self.watch = watch(self.directories);
        Ok(())
    }

    /// Nobody new gets in; the lock is still held.
    pub(crate) fn close(self) -> SingletonLock {
        self.lock
    }
}

fn watch(directories: &Directories) -> Option<DirectoryWatch> {
    let lock = directories.lock();
    let watch = DirectoryWatch::new(lock.parent()?);
    watch
        .inspect_err(|error| tracing::info!(%error, "the agent's own place cannot be watched"))
        .ok()
}
