//! Knowing when something is put into a directory or taken out of it.

use std::io;
use std::path::Path;

#[cfg(target_os = "linux")]
mod linux;

/// Tells when an entry of a directory comes, goes or is replaced, or when the
/// directory itself goes. What is written into files is not told.
///
/// Other systems than Linux are not listened to yet: there it never tells
/// anything.
#[derive(Debug)]
pub struct DirectoryWatch {
    #[cfg(target_os = "linux")]
    notices: linux::Notices,
}

impl DirectoryWatch {
    /// Begins to watch. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// The directory is not there, or the system watches no more of them for
    /// this user.
    pub fn new(directory: &Path) -> io::Result<Self> {
        #[cfg(not(target_os = "linux"))]
        let _there = std::fs::metadata(directory)?;
        Ok(Self {
            #[cfg(target_os = "linux")]
            notices: linux::Notices::of(directory)?,
        })
    }

    /// Resolves when something changed since the last call, or since the watch
    /// began. Many changes in one go are told once.
    pub async fn changed(&self) {
        #[cfg(target_os = "linux")]
        self.notices.next().await;
        #[cfg(not(target_os = "linux"))]
        std::future::pending::<()>().await;
    }
}
