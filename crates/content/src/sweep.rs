//! After a crash: what landed and was never recorded goes.

use crate::{Content, ContentError, ContentHash};
use chancery_proto::ids::LibraryAlias;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Uploads that never landed.
    pub unfinished: u64,
    /// Bytes that landed and that nobody needs.
    pub orphans: u64,
    /// Names that were left of uploads that are recorded.
    pub settled: u64,
    /// Uploads of another process, left alone.
    pub under_way: u64,
}

impl Content {
    /// Looks at every upload that was under way, and removes what is not
    /// needed. `is_needed` says whether a version has these bytes. Blocks the
    /// thread; call it before uploads are let in.
    ///
    /// # Errors
    /// The caller's own, or that the disk refuses.
    pub fn sweep<E: From<ContentError>>(
        &self,
        mut is_needed: impl FnMut(&LibraryAlias, &ContentHash) -> Result<bool, E>,
    ) -> Result<Swept, E> {
        let mut swept = Swept::default();
        for library in entries(&self.root.join("incoming"))? {
            let Some(alias) = library
                .file_name()
                .and_then(|name| name.to_str())
                .and_then(|name| name.parse::<LibraryAlias>().ok())
            else {
                continue;
            };
            for path in entries(&library)? {
                let file = match File::open(&path) {
                    Ok(file) => file,
                    // Given up meanwhile by the process that began it.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(ContentError::from(error).into()),
                };
                if file.try_lock().is_err() {
                    swept.under_way += 1;
                    continue;
                }
                let links = file.metadata().map_err(ContentError::from)?.nlink();
                if links == 0 {
                    continue;
                }
                if links == 1 {
                    // It never landed, or the same bytes were there before it.
                    swept.unfinished += 1;
                } else {
                    let (hash, _) = hash_of(&path).map_err(ContentError::from)?;
                    if is_needed(&alias, &hash)? {
                        swept.settled += 1;
                    } else {
                        remove(&self.object(&alias, &hash))?;
                        swept.orphans += 1;
                    }
                }
                remove(&path)?;
            }
        }
        Ok(swept)
    }

    /// Calls `see` with every object of a library. For checks; blocks the thread.
    ///
    /// # Errors
    /// The caller's own, or that the disk refuses.
    pub fn each_object<E: From<ContentError>>(
        &self,
        library: &LibraryAlias,
        mut see: impl FnMut(ContentHash) -> Result<(), E>,
    ) -> Result<(), E> {
        let root = self.objects(library);
        if !root.is_dir() {
            return Ok(());
        }
        for shard in entries(&root)? {
            for object in entries(&shard)? {
                if let Some(hash) = object
                    .file_name()
                    .and_then(|name| name.to_str())
                    .and_then(read_hex)
                {
                    see(hash)?;
                }
            }
        }
        Ok(())
    }
}

fn entries(directory: &Path) -> Result<Vec<std::path::PathBuf>, ContentError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        found.push(entry?.path());
    }
    Ok(found)
}

fn remove(path: &Path) -> Result<(), ContentError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

pub(crate) fn hash_of(path: &Path) -> io::Result<(ContentHash, u64)> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; 256 * 1024];
    let mut length = 0;
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok((hasher.finalize().into(), length));
        }
        length += count as u64;
        hasher.update(buffer.get(..count).unwrap_or_default());
    }
}

fn read_hex(text: &str) -> Option<ContentHash> {
    let mut hash = ContentHash::default();
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(hash)
}
