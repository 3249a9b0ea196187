//! Bytes on their way in.
//!
//! No thread is held while a client is slow: bytes are gathered into batches,
//! and one batch is hashed and written while the next one arrives.

use crate::{Content, ContentError, ContentHash, hex, make_directory, sync_directory};
use bytes::Bytes;
use chancery_proto::ids::LibraryAlias;
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use tokio::task::JoinHandle;

/// What is gathered before it is written; twice as much is held at most.
const BATCH: usize = 1024 * 1024;
/// The disk begins with its work after so many bytes, and does not get it all at the end.
const FLUSH_EVERY: u64 = 64 * 1024 * 1024;

/// An upload under way. Dropped before [`Upload::finish`], it leaves nothing.
#[derive(Debug)]
pub struct Upload {
    content: Content,
    library: LibraryAlias,
    gathered: Vec<Bytes>,
    gathered_length: usize,
    size: u64,
    writing: Option<JoinHandle<Result<Incoming, ContentError>>>,
}

/// Bytes that are durable and wait to be recorded. Dropped unsettled, they are
/// looked at by the next sweep.
#[must_use = "record the content and then settle it"]
#[derive(Debug)]
pub struct Landed {
    hash: ContentHash,
    size: u64,
    name: PathBuf,
    /// Held so that a sweep in another process keeps its hands off.
    _lock: File,
}

/// The file in `incoming`; removed when dropped before it landed.
#[derive(Debug)]
struct Incoming {
    file: Option<File>,
    path: PathBuf,
    hasher: Sha256,
    written: u64,
    flusher: Option<SyncSender<()>>,
}

impl Upload {
    pub(crate) fn new(content: Content, library: LibraryAlias) -> Self {
        Self {
            content,
            library,
            gathered: Vec::new(),
            gathered_length: 0,
            size: 0,
            writing: None,
        }
    }

    /// How many bytes came so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes more bytes; waits while the disk is slower than the caller.
    ///
    /// # Errors
    /// When the disk is full or refuses; the upload is then over.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), ContentError> {
        self.size += bytes.len() as u64;
        self.gathered_length += bytes.len();
        self.gathered.push(bytes);
        if self.gathered_length >= BATCH {
            let mut incoming = self.written().await?;
            let batch = std::mem::take(&mut self.gathered);
            self.gathered_length = 0;
            let (content, library) = (self.content.clone(), self.library.clone());
            self.writing = Some(tokio::task::spawn_blocking(move || {
                let mut file = match incoming.take() {
                    Some(file) => file,
                    None => Incoming::create(&content.incoming(&library))?,
                };
                file.write(&batch)?;
                Ok(file)
            }));
        }
        Ok(())
    }

    /// The file, once the batch before is in it; none before the first batch.
    async fn written(&mut self) -> Result<Option<Incoming>, ContentError> {
        match self.writing.take() {
            Some(writing) => Ok(Some(writing.await??)),
            None => Ok(None),
        }
    }

    /// Makes the bytes durable under their hash.
    ///
    /// # Errors
    /// When the disk is full or refuses; nothing is left then.
    pub async fn finish(mut self) -> Result<Landed, ContentError> {
        let incoming = self.written().await?;
        let batch = std::mem::take(&mut self.gathered);
        let (content, library) = (self.content.clone(), self.library.clone());
        tokio::task::spawn_blocking(move || {
            let mut file = match incoming {
                Some(file) => file,
                None => Incoming::create(&content.incoming(&library))?,
            };
            file.write(&batch)?;
            file.land(&content, &library)
        })
        .await?
    }
}

/// A file that nobody has, under a name that nobody had.
fn create_new(directory: &Path) -> Result<(File, PathBuf), ContentError> {
    let mut name = [0_u8; 16];
    getrandom::fill(&mut name).map_err(io::Error::other)?;
    let path = directory.join(hex(&name));
    let open = || OpenOptions::new().write(true).create_new(true).open(&path);
    let file = match open() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_directory(directory)?;
            open()?
        }
        other => other?,
    };
    Ok((file, path))
}

impl Incoming {
    fn create(directory: &Path) -> Result<Self, ContentError> {
        let (file, path) = loop {
            let (file, path) = create_new(directory)?;
            // Whoever looks whether it is under way holds it for a moment.
            file.lock()?;
            // A sweep that was quicker has taken it for one that nobody writes.
            if file.metadata()?.nlink() > 0 {
                break (file, path);
            }
        };
        Ok(Self {
            file: Some(file),
            path,
            hasher: Sha256::new(),
            written: 0,
            flusher: None,
        })
    }

    fn write(&mut self, batch: &[Bytes]) -> Result<(), ContentError> {
        let Some(file) = self.file.as_mut() else {
            return Ok(());
        };
        write_all(file, batch)?;
        let before = self.written;
        for bytes in batch {
            self.hasher.update(bytes);
            self.written += bytes.len() as u64;
        }
        if before / FLUSH_EVERY != self.written / FLUSH_EVERY {
            self.flush_soon()?;
        }
        Ok(())
    }

    /// Lets the disk work while more bytes come. Only a head start: whether
    /// they are durable is decided at the end.
    fn flush_soon(&mut self) -> Result<(), ContentError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        if self.flusher.is_none() {
            let handle = file.try_clone()?;
            let (sender, receiver) = sync_channel::<()>(1);
            std::thread::Builder::new()
                .name("content-flush".to_owned())
                .spawn(move || {
                    while receiver.recv().is_ok() {
                        let _ = handle.sync_data();
                    }
                })?;
            self.flusher = Some(sender);
        }
        if let Some(flusher) = &self.flusher {
            let _ = flusher.try_send(());
        }
        Ok(())
    }

    fn land(mut self, content: &Content, library: &LibraryAlias) -> Result<Landed, ContentError> {
        self.flusher = None;
        let Some(file) = self.file.take() else {
            return Err(ContentError::Missing);
        };
        // Permissions and times are of no interest, length and bytes are.
        if let Err(error) = file.sync_data() {
            self.file = Some(file);
            return Err(error.into());
        }
        let hash: ContentHash = self.hasher.finalize_reset().into();
        let object = content.object(library, &hash);
        let Some(shard) = object.parent() else {
            return Err(ContentError::Missing);
        };
        let outcome = link(&self.path, &object, shard);
        if let Err(error) = outcome {
            self.file = Some(file);
            return Err(error.into());
        }
        Ok(Landed {
            hash,
            size: self.written,
            name: std::mem::take(&mut self.path),
            _lock: file,
        })
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Landed {
    /// SHA-256 of the bytes.
    #[must_use]
    pub fn hash(&self) -> ContentHash {
        self.hash
    }

    /// How many bytes there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Says that the content is recorded, durably.
    pub fn settle(self) {
        if let Err(error) = fs::remove_file(&self.name) {
            // The next sweep finds the name and that its bytes are needed.
            tracing::warn!(%error, "a settled upload keeps its temporary name until the next sweep");
        }
    }
}

/// Gives the bytes their name. The same bytes may be there already; whoever
/// put them there may not have made the directory durable yet.
fn link(from: &Path, object: &Path, shard: &Path) -> io::Result<()> {
    let first = fs::hard_link(from, object);
    let outcome = match first {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_directory(shard)?;
            fs::hard_link(from, object)
        }
        other => other,
    };
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    sync_directory(shard)
}

fn write_all(file: &mut File, batch: &[Bytes]) -> io::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = batch.iter().map(|bytes| IoSlice::new(bytes)).collect();
    let mut rest = slices.as_mut_slice();
    IoSlice::advance_slices(&mut rest, 0);
    while !rest.is_empty() {
        match file.write_vectored(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => IoSlice::advance_slices(&mut rest, count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
