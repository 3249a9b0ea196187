//! Where one small secret per (place, server, user) is kept between two starts.
//!
//! Four answers are told apart, because they lead to different things: only
//! *absent* lets anybody be asked to sign in; *locked* asks to unlock the
//! keyring; *unavailable* means that the session lives in memory. A read that
//! fails deletes nothing. Every call may block: call from a blocking thread.

use chancery_proto::secret::Secret;
use std::fmt::Debug;

#[cfg(windows)]
mod credential_manager;
mod file;
#[cfg(target_os = "macos")]
mod keychain;
mod memory;
#[cfg(target_os = "linux")]
mod secret_service;

#[cfg(windows)]
pub use credential_manager::CredentialManagerStore;
pub use file::FileStore;
#[cfg(target_os = "macos")]
pub use keychain::KeychainStore;
pub use memory::MemoryStore;
#[cfg(target_os = "linux")]
pub use secret_service::SecretServiceStore;

/// What a secret is kept under.
///
/// Older versions named no place. Such a secret is found once by whoever looks
/// for it first, and belongs to that place from there on; removing a secret
/// removes one without a place too, so that it does not come back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Whose Chancery on which machine: [`crate::machine::place`]. Two of them
    /// must not share one refresh token, which is good for one use.
    pub place: String,
    /// The server's address: scheme, host and port.
    pub server: String,
    /// The user's id there.
    pub user: String,
}

/// What a look into the store found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The secret.
    Secret(Secret),
    /// The store is there and has nothing under that key.
    Absent,
    /// The store is there and locked.
    Locked,
    /// There is no store, or it did not answer.
    Unavailable {
        /// What the system said, for the log.
        why: String,
    },
}

/// Why a secret could not be written or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The keyring is locked.
    #[error("The keyring is locked.")]
    Locked,
    /// There is no keyring, or it did not answer.
    #[error("There is no keyring that answers: {why}.")]
    Unavailable {
        /// What the system said, for the log.
        why: String,
    },
}

/// A place for secrets. Nothing here ever shows a prompt.
pub trait SecretStore: Send + Sync + Debug {
    /// Looks for the secret under `key`.
    fn read(&self, key: &Key) -> Found;

    /// Puts `secret` under `key`, in place of what was there.
    ///
    /// # Errors
    /// [`StoreError`]; what was there before may still be there.
    fn write(&self, key: &Key, secret: &Secret) -> Result<(), StoreError>;

    /// Removes what is under `key`; nothing there is no error.
    ///
    /// # Errors
    /// [`StoreError`]; the secret may still be there.
    fn delete(&self, key: &Key) -> Result<(), StoreError>;
}

/// The keyring of this system.
#[must_use]
pub fn of_this_system() -> Box<dyn SecretStore> {
    #[cfg(target_os = "linux")]
    return Box::new(SecretServiceStore::new());
    #[cfg(target_os = "macos")]
    return Box::new(KeychainStore::new());
    #[cfg(windows)]
    return Box::new(CredentialManagerStore::new());
}
