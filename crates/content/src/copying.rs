//! Objects copied from one store of bytes to another, and kept meanwhile.

use crate::{Content, ContentError, ContentHash, hex, make_directory};
use chancery_proto::ids::LibraryAlias;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};

/// While somebody has this, nothing leaves the store of bytes.
#[must_use = "nothing is held once it is dropped"]
#[derive(Debug)]
pub struct Held {
    _lock: File,
}

/// What became of an object that was to be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// So many bytes were.
    New(u64),
    /// It was there.
    There,
}

const PIECE: usize = 1024 * 1024;

impl Content {
    pub(crate) fn hold_file(&self) -> io::Result<File> {
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.root.join("hold.lock"))
    }

    /// Has nothing leave, in whichever process, until what it answers is dropped.
    /// Waits for a purge that is under way; blocks the thread.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn hold(&self) -> Result<Held, ContentError> {
        let file = self.hold_file()?;
        file.lock_shared()?;
        Ok(Held { _lock: file })
    }

    /// Copies an object, hashing it on its way. It is durable after the next
    /// [`Content::sync`]. Blocks the thread.
    ///
    /// # Errors
    /// [`ContentError::Missing`] when it is not there or its bytes are not those that
    /// were hashed when it came; otherwise what a disk says.
    pub fn copy_to(
        &self,
        other: &Self,
        library: &LibraryAlias,
        hash: &ContentHash,
    ) -> Result<Copied, ContentError> {
        let object = other.object(library, hash);
        if object.is_file() {
            return Ok(Copied::There);
        }
        let mut from = match File::open(self.object(library, hash)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ContentError::Missing);
            }
            other => other?,
        };
        let directory = other.incoming(library);
        make_directory(&directory)?;
        let place = directory.join(format!("copy-{}", hex(hash)));
        let outcome = copy(&mut from, &place, hash);
        let length = match outcome {
            Ok(length) => length,
            Err(error) => {
                let _ = fs::remove_file(&place);
                return Err(error);
            }
        };
        if let Some(shard) = object.parent() {
            make_directory(shard)?;
        }
        fs::rename(&place, &object)?;
        Ok(Copied::New(length))
    }

    /// Makes everything that was copied here durable. Blocks the thread.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sync(&self) -> Result<(), ContentError> {
        let root = File::open(self.root.as_path())?;
        rustix::fs::syncfs(&root).map_err(io::Error::from)?;
        Ok(())
    }

    /// Removes an object that nobody needs. Nothing is done where it is gone.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove(&self, library: &LibraryAlias, hash: &ContentHash) -> Result<(), ContentError> {
        match fs::remove_file(self.object(library, hash)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn copy(from: &mut File, place: &std::path::Path, hash: &ContentHash) -> Result<u64, ContentError> {
    let mut into = File::create(place)?;
    let (mut digest, mut length) = (Sha256::new(), 0_u64);
    let mut piece = vec![0; PIECE];
    loop {
        let count = from.read(&mut piece)?;
        let Some(bytes) = piece.get(..count).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        digest.update(bytes);
        into.write_all(bytes)?;
        length += count as u64;
    }
    if ContentHash::from(digest.finalize()) == *hash {
        Ok(length)
    } else {
        Err(ContentError::Missing)
    }
}
