//! Bytes that were purged leave the disk, while uploads go on.

use crate::{Content, ContentError, ContentHash};
use chancery_proto::ids::LibraryAlias;
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// What became of bytes that nobody needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discarded {
    /// They are gone.
    Gone,
    /// Somebody needs them after all.
    Needed,
    /// An upload is under way that may have found them there, or a backup: ask
    /// again later.
    Later,
}

impl Content {
    /// Removes an object that `is_needed` says no version needs. An upload of the
    /// same bytes that has landed, and is not recorded yet, loses nothing: the
    /// object is put aside first, so that whatever lands later brings its own, and
    /// comes back where an upload is under way. Blocks the thread.
    ///
    /// # Errors
    /// The caller's own, or that the disk refuses.
    pub fn discard<E: From<ContentError>>(
        &self,
        library: &LibraryAlias,
        hash: &ContentHash,
        mut is_needed: impl FnMut() -> Result<bool, E>,
    ) -> Result<Discarded, E> {
        let hold = self.hold_file().map_err(ContentError::from)?;
        if hold.try_lock().is_err() {
            // A backup is being made of what was there before.
            return Ok(Discarded::Later);
        }
        let object = self.object(library, hash);
        let aside = object.with_extension("aside");
        if is_needed()? {
            back(&aside, &object)?;
            return Ok(Discarded::Needed);
        }
        match fs::rename(&object, &aside) {
            Ok(()) => {}
            // It is gone already, or the last try came no further than here.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(ContentError::from(error).into()),
        }
        let under_way = self.is_under_way(library)?;
        if is_needed()? {
            back(&aside, &object)?;
            return Ok(Discarded::Needed);
        }
        if under_way {
            back(&aside, &object)?;
            return Ok(Discarded::Later);
        }
        remove(&aside)?;
        Ok(Discarded::Gone)
    }

    /// Whether any process takes an upload for that library just now.
    fn is_under_way(&self, library: &LibraryAlias) -> Result<bool, ContentError> {
        let entries = match fs::read_dir(self.incoming(library)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            other => other?,
        };
        for entry in entries {
            match File::open(entry?.path()) {
                Ok(file) if file.try_lock().is_err() => return Ok(true),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(false)
    }
}

/// Puts an object back, unless another one has come in its place.
fn back(aside: &Path, object: &Path) -> Result<(), ContentError> {
    match fs::hard_link(aside, object) {
        Ok(()) => {}
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists
            ) => {}
        Err(error) => return Err(error.into()),
    }
    remove(aside)
}

fn remove(path: &Path) -> Result<(), ContentError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
