//! Knowing when the network of this machine changes, to ask again at once when
//! it comes back instead of at the next turn of a timer.

use std::io;

#[cfg(target_os = "linux")]
mod linux;

/// Tells when links, addresses or routes of the machine change.
///
/// It may also tell when nothing changed that matters: it says that asking is
/// worth while, not that the network is there. Other systems than Linux are
/// not listened to yet: there it never tells anything.
#[derive(Debug)]
pub struct NetworkWatch {
    #[cfg(target_os = "linux")]
    messages: linux::Messages,
}

impl NetworkWatch {
    /// Begins to watch. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// The system does not let this process listen, as some sandboxes do.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            #[cfg(target_os = "linux")]
            messages: linux::Messages::open()?,
        })
    }

    /// Resolves when something changed since the last call, or since the watch
    /// began. Many changes in one go are told once.
    pub async fn changed(&mut self) {
        #[cfg(target_os = "linux")]
        self.messages.next().await;
        #[cfg(not(target_os = "linux"))]
        std::future::pending::<()>().await;
    }
}
