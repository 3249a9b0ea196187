//! The data directory: database, bytes, and who holds it.

use chancery_content::{Content, ContentError};
use chancery_store::{Store, StoreError};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataError {
    /// Nowhere to put it.
    #[error("There is no home directory to keep data in. Say where with --data DIRECTORY.")]
    Nowhere,
    /// It cannot be made or opened.
    #[error(
        "The data directory {0} cannot be used: {1}. Make it writable for this user, or name another one with --data."
    )]
    Unusable(PathBuf, #[source] io::Error),
    /// A server has it.
    #[error(
        "Another chancery-server already serves {0}. Stop it first, or name another directory with --data. Several may serve it together when each of them keeps sessions in Redis (sessions.redis in the configuration)."
    )]
    InUse(PathBuf),
    /// There is nothing in it.
    #[error("There is no server's data in {0}. Name the directory that “serve” uses with --data.")]
    Empty(PathBuf),
    /// The database in it cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bytes in it cannot be used.
    #[error(transparent)]
    Content(#[from] ContentError),
}

/// A data directory that is there.
#[derive(Debug, Clone)]
pub(crate) struct DataDirectory {
    path: PathBuf,
}

impl DataDirectory {
    /// The directory that is meant.
    pub(crate) fn find(named: Option<PathBuf>) -> Result<PathBuf, DataError> {
        if let Some(path) = named {
            return Ok(path);
        }
        let absolute = |name: &str| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let base = absolute("XDG_DATA_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
            .ok_or(DataError::Nowhere)?;
        Ok(base.join("chancery-server"))
    }

    /// Makes it, readable for this user alone.
    pub(crate) fn make(path: &Path) -> Result<Self, DataError> {
        let unusable = |error| DataError::Unusable(path.to_owned(), error);
        fs::create_dir_all(path).map_err(unusable)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(unusable)?;
        }
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// Opens one that a server has used before.
    pub(crate) fn open(path: &Path) -> Result<Self, DataError> {
        let directory = Self {
            path: path.to_owned(),
        };
        if directory.database().is_file() {
            Ok(directory)
        } else {
            Err(DataError::Empty(path.to_owned()))
        }
    }

    fn database(&self) -> PathBuf {
        self.path.join("chancery.db")
    }

    /// Holds it for one server, or for several that share it. The lock goes with
    /// the file, also when the process is killed.
    pub(crate) fn hold(&self, is_shared: bool) -> Result<File, DataError> {
        let path = self.path.join("serve.lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| DataError::Unusable(self.path.clone(), error))?;
        let locked = if is_shared {
            file.try_lock_shared()
        } else {
            file.try_lock()
        };
        match locked {
            Ok(()) => Ok(file),
            Err(fs::TryLockError::WouldBlock) => Err(DataError::InUse(self.path.clone())),
            Err(fs::TryLockError::Error(error)) => {
                Err(DataError::Unusable(self.path.clone(), error))
            }
        }
    }

    pub(crate) fn store(&self) -> Result<Store, DataError> {
        Ok(Store::open(&self.database())?)
    }

    pub(crate) fn content(&self) -> Result<Content, DataError> {
        Ok(Content::open(&self.path.join("content"))?)
    }
}
