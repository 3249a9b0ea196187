#![doc = include_str!("../README.md")]

mod copying;
mod discard;
mod error;
mod reader;
mod sweep;
mod upload;

pub use copying::{Copied, Held};
pub use discard::Discarded;
pub use error::ContentError;
pub use reader::Reader;
pub use sweep::Swept;
pub use upload::{Landed, Upload};

use chancery_proto::ids::LibraryAlias;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// SHA-256 of an object's bytes: its name.
pub type ContentHash = [u8; 32];

/// The door to the bytes. Cheap to clone.
///
/// ```
/// # use chancery_content::Content;
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let directory = tempfile::tempdir()?;
/// let content = Content::open(directory.path())?;
/// let library = "ACTIVE".parse()?;
/// let mut upload = content.begin(&library);
/// upload.write("Dear ".into()).await?;
/// upload.write("Ms Example".into()).await?;
/// let landed = upload.finish().await?; // durable from here on
/// let (hash, size) = (landed.hash(), landed.size());
/// // … record hash and size, then:
/// landed.settle();
///
/// let mut reader = content.read(&library, &hash, 5..size).await?;
/// assert_eq!(reader.next().await.expect("bytes")?, "Ms Example");
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Content {
    root: Arc<PathBuf>,
}

impl Content {
    /// Opens the store of bytes at `root`, making it where needed.
    ///
    /// # Errors
    /// When the directory cannot be made or written.
    pub fn open(root: &Path) -> Result<Self, ContentError> {
        fs::create_dir_all(root.join("incoming"))?;
        fs::create_dir_all(root.join("objects"))?;
        sync_directory(root)?;
        Ok(Self {
            root: Arc::new(root.to_owned()),
        })
    }

    /// Begins an upload. Nothing touches the disk before the first bytes are many enough.
    #[must_use]
    pub fn begin(&self, library: &LibraryAlias) -> Upload {
        Upload::new(self.clone(), library.clone())
    }

    /// Opens an object for reading the bytes of `range`.
    ///
    /// # Errors
    /// [`ContentError::Missing`] when there is no such object, or it is shorter than the range.
    pub async fn read(
        &self,
        library: &LibraryAlias,
        hash: &ContentHash,
        range: std::ops::Range<u64>,
    ) -> Result<Reader, ContentError> {
        Reader::open(self.object(library, hash), range).await
    }

    /// Reads a whole object and says whether its bytes are still those that
    /// were hashed when it came. For checks; blocks the thread.
    ///
    /// # Errors
    /// When the object is there and cannot be read.
    pub fn verify(
        &self,
        library: &LibraryAlias,
        hash: &ContentHash,
        size: u64,
    ) -> Result<bool, ContentError> {
        match sweep::hash_of(&self.object(library, hash)) {
            Ok((found, length)) => Ok(found == *hash && length == size),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads a whole object and says whether its bytes are still those that were
    /// hashed when it came, whatever their number. Blocks the thread.
    ///
    /// # Errors
    /// When the object is there and cannot be read.
    pub fn is_sound(
        &self,
        library: &LibraryAlias,
        hash: &ContentHash,
    ) -> Result<bool, ContentError> {
        match sweep::hash_of(&self.object(library, hash)) {
            Ok((found, _)) => Ok(found == *hash),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn incoming(&self, library: &LibraryAlias) -> PathBuf {
        self.root.join("incoming").join(library.as_str())
    }

    fn objects(&self, library: &LibraryAlias) -> PathBuf {
        self.root.join("objects").join(library.as_str())
    }

    fn object(&self, library: &LibraryAlias, hash: &ContentHash) -> PathBuf {
        let name = hex(hash);
        let shard = name.get(..2).unwrap_or("00");
        self.objects(library).join(shard).join(&name)
    }
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Makes a directory's entries durable.
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Makes a directory that is there after a crash too.
fn make_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_directory(parent)?;
    }
    match fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    path.parent().map_or(Ok(()), sync_directory)
}
