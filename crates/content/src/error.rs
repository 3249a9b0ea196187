//! What can go wrong with bytes, by what a caller can do about it.

use std::io;

/// Why the bytes could not be kept or read. Nothing is left half done.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// The bytes are not where they have to be: damage, to be restored from a backup.
    #[error("the content is missing or shorter than recorded")]
    Missing,
    /// The disk is full: make room, then send it again.
    #[error("the disk that holds the documents is full")]
    Full,
    /// The disk refuses: try again when it is back.
    #[error("the documents' disk cannot be used: {0}")]
    Unavailable(#[source] io::Error),
}

impl From<io::Error> for ContentError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Unavailable(error),
        }
    }
}

impl From<tokio::task::JoinError> for ContentError {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Unavailable(io::Error::other(error))
    }
}
