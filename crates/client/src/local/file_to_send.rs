//! A file that is to be sent: as it was when it was looked at, so that a
//! change in the middle is seen.

use chancery_proto::clock::Timestamp;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Why a file could not be sent.
#[derive(Debug, Clone, thiserror::Error)]
pub enum UploadError {
    /// Reading it failed.
    #[error("“{}” cannot be read: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// It is a directory, a pipe or a device.
    #[error("“{}” is not a file", path.display())]
    NotAFile {
        /// Which it is.
        path: PathBuf,
    },
    /// Somebody wrote to it while it was being sent.
    #[error("“{}” changed while it was being sent", path.display())]
    Changed {
        /// Which file.
        path: PathBuf,
    },
}

impl UploadError {
    pub(super) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read {
            path: path.to_owned(),
            source: Arc::new(source),
        }
    }
}

/// A file as it was when it was looked at.
#[derive(Debug, Clone)]
pub struct FileToSend {
    path: PathBuf,
    size: u64,
    modified: Option<SystemTime>,
    created: Option<SystemTime>,
}

impl FileToSend {
    /// Looks at a file and at whether it can be read.
    ///
    /// # Errors
    /// When it is not there, not a file, or may not be read.
    pub fn look_at(path: impl Into<PathBuf>) -> Result<Self, UploadError> {
        let path = path.into();
        let metadata = std::fs::metadata(&path).map_err(|error| UploadError::read(&path, error))?;
        if !metadata.is_file() {
            return Err(UploadError::NotAFile { path });
        }
        File::open(&path).map_err(|error| UploadError::read(&path, error))?;
        Ok(Self {
            path,
            size: metadata.len(),
            modified: metadata.modified().ok(),
            created: metadata.created().ok(),
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes it has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// When it was last changed, where the file system keeps that.
    #[must_use]
    pub fn modified(&self) -> Option<Timestamp> {
        self.modified.and_then(timestamp)
    }

    /// When it was made, where the file system keeps that.
    #[must_use]
    pub fn created(&self) -> Option<Timestamp> {
        self.created.and_then(timestamp)
    }

    pub(super) fn is_same(&self, metadata: &Metadata) -> bool {
        metadata.len() == self.size && metadata.modified().ok() == self.modified
    }
}

fn timestamp(time: SystemTime) -> Option<Timestamp> {
    let millis = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).ok()?,
        Err(before) => i64::try_from(before.duration().as_millis())
            .ok()?
            .checked_neg()?,
    };
    Some(Timestamp(millis))
}
