//! Libraries: each numbers its own documents and containers.

use crate::audit::{self, AuditEntry};
use crate::{Store, StoreError};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::LibraryAlias;
use rusqlite::{Connection, OptionalExtension, params};

/// A library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    /// What the other tables refer to.
    pub id: i64,
    /// For example `ACTIVE`.
    pub alias: LibraryAlias,
    /// What it is for.
    pub description: String,
    /// Left out of lists by clients.
    pub is_hidden: bool,
}

fn library_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<Library>> {
    let alias: String = row.get(1)?;
    let (id, description, is_hidden) = (row.get(0)?, row.get(2)?, row.get(3)?);
    Ok(alias.parse().ok().map(|alias| Library {
        id,
        alias,
        description,
        is_hidden,
    }))
}

pub(crate) fn find(connection: &Connection, alias: &LibraryAlias) -> Result<Library, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, alias, description, is_hidden FROM libraries WHERE alias = ?1",
    )?;
    statement
        .query_row([alias.as_str()], library_of)
        .optional()?
        .flatten()
        .ok_or(StoreError::NotFound("library"))
}

/// The next number of a library: never given twice.
pub(crate) fn take_number(connection: &Connection, library: i64) -> Result<u64, StoreError> {
    let mut statement = connection
        .prepare_cached("UPDATE libraries SET next_number = next_number + 1 WHERE id = ?1 RETURNING next_number - 1")?;
    Ok(statement.query_row([library], |row| row.get(0))?)
}

impl Store {
    /// Every library, in the order of their aliases.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn libraries(&self) -> Result<Vec<Library>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, alias, description, is_hidden FROM libraries ORDER BY alias",
            )?;
            let found: Vec<Option<Library>> = statement
                .query_map([], library_of)?
                .collect::<Result<_, _>>()?;
            Ok(found.into_iter().flatten().collect())
        })
    }

    /// The library of that alias.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn library(&self, alias: &LibraryAlias) -> Result<Library, StoreError> {
        self.read(|connection| find(connection, alias))
    }

    /// Adds a library.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the alias is taken.
    pub async fn add_library(
        &self,
        alias: LibraryAlias,
        description: String,
        now: Timestamp,
        entry: AuditEntry,
    ) -> Result<Library, StoreError> {
        self.write(move |connection| {
            if find(connection, &alias).is_ok() {
                return Err(StoreError::Conflict(format!("There is already a library {alias}.")));
            }
            connection.execute(
                "INSERT INTO libraries (alias, description, is_hidden, next_number, created) VALUES (?1, ?2, 0, 1, ?3)",
                params![alias.as_str(), description, now.0],
            )?;
            audit::add(connection, &entry)?;
            find(connection, &alias)
        })
        .await
    }
}
