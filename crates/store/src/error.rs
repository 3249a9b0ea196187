//! What can go wrong behind the door, by what a caller can do about it.

/// Why the store could not do what it was asked. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is not there, or the caller may not know that it is.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The caller may see it but not do this.
    #[error("{0}")]
    NoAccess(&'static str),
    /// A field has a value that it cannot have.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field's name as it travels.
        field: &'static str,
        /// Why not.
        reason: String,
    },
    /// It would break something that is there.
    #[error("{0}")]
    Conflict(String),
    /// The disk is full: make room, then try again.
    #[error("the disk that holds the database is full")]
    Full,
    /// Another process holds the database, or the disk refuses: try again later.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// The database was made by a newer version.
    #[error(
        "the database has schema {found}, and this version knows up to {known}; run the newer chancery-server"
    )]
    NewerSchema {
        /// What the file says.
        found: i64,
        /// What this version knows.
        known: i64,
    },
    /// The database's own fault, or ours.
    #[error("the database failed: {0}")]
    Database(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen,
            ) => Self::Unavailable(error.to_string()),
            _ => Self::Database(error),
        }
    }
}

impl StoreError {
    /// An invalid field.
    pub fn invalid(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid {
            field,
            reason: reason.into(),
        }
    }
}
