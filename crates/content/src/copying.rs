//! Objects copied from one store of bytes to another, and kept meanwhile.

use crate::{Content, ContentError, ContentHash, hex, make_directory};
use chancery_proto::ids::LibraryAlias;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

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

/// What a copy is called until it has landed.
const COPY: &str = "copy-";
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

    /// Copies an object, hashing it on its way. It is there, and durable, from the
    /// next [`Content::land_copies`] on. Blocks the thread.
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
        let place = directory.join(format!("{COPY}{}", hex(hash)));
        match copy(&mut from, &place, hash) {
            Ok(length) => Ok(Copied::New(length)),
            Err(error) => {
                let _ = fs::remove_file(&place);
                Err(error)
            }
        }
    }

    /// Gives everything that was copied here its name, once its bytes are on the
    /// disk: what has an object's name is never half there. Blocks the thread.
    ///
    /// # Errors
    /// When the disk refuses; what has no name yet is copied again.
    pub fn land_copies(&self) -> Result<(), ContentError> {
        self.sync()?;
        self.each_copy(|library, place, name| {
            let shard = self.objects(library).join(name.get(..2).unwrap_or("00"));
            make_directory(&shard)?;
            fs::rename(place, shard.join(name))
        })?;
        self.sync()
    }

    /// Removes what was copied here and never landed. Blocks the thread.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn forget_copies(&self) -> Result<(), ContentError> {
        self.each_copy(|_, place, _| fs::remove_file(place))
    }

    fn each_copy(
        &self,
        see: impl Fn(&LibraryAlias, &Path, &str) -> io::Result<()>,
    ) -> Result<(), ContentError> {
        for directory in fs::read_dir(self.root.join("incoming"))? {
            let directory = directory?;
            let alias = directory.file_name();
            let Some(library) = alias.to_str().and_then(|alias| alias.parse().ok()) else {
                continue;
            };
            for file in fs::read_dir(directory.path())? {
                let file = file?;
                let name = file.file_name();
                if let Some(name) = name.to_str().and_then(|name| name.strip_prefix(COPY)) {
                    see(&library, &file.path(), name)?;
                }
            }
        }
        Ok(())
    }

    /// Makes everything that was written here durable. Blocks the thread.
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

fn copy(from: &mut File, place: &Path, hash: &ContentHash) -> Result<u64, ContentError> {
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
