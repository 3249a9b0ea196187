//! Name-value pairs: what applications keep beside a document, workspace or
//! folder.

use crate::access::{Access, Principal};
use crate::{Store, StoreError, containers, documents, libraries, locks};
use chancery_proto::ids::{ContainerId, DocumentId};
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// An item has so many pairs at most.
const MOST: usize = 200;
/// Containers have no versions.
const NO_VERSION: u32 = 0;

/// Names and values.
pub type Pairs = BTreeMap<String, String>;

fn read(
    connection: &Connection,
    library: i64,
    number: u64,
    version: u32,
) -> Result<Pairs, StoreError> {
    let pairs = connection
        .prepare_cached(
            "SELECT name, value FROM pairs WHERE library = ?1 AND number = ?2 AND version = ?3",
        )?
        .query_map(params![library, number, version], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    Ok(pairs)
}

fn check(changes: &BTreeMap<String, Option<String>>) -> Result<(), StoreError> {
    for (name, value) in changes {
        let length = name.chars().count();
        if !(1..=255).contains(&length) || name.chars().any(char::is_control) {
            return Err(StoreError::invalid(
                "name",
                "the name of a pair has 1 to 255 characters, and no control characters",
            ));
        }
        if let Some(value) = value
            && (value.chars().count() > 4_000 || value.contains('\0'))
        {
            return Err(StoreError::invalid(
                "value",
                format!("that of “{name}” has at most 4000 characters, and no NUL"),
            ));
        }
    }
    Ok(())
}

fn change(
    connection: &Connection,
    library: i64,
    number: u64,
    version: u32,
    changes: &BTreeMap<String, Option<String>>,
) -> Result<Pairs, StoreError> {
    for (name, value) in changes {
        match value {
            Some(value) => connection
                .prepare_cached("INSERT OR REPLACE INTO pairs VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![library, number, version, name, value])?,
            None => connection
                .prepare_cached(
                    "DELETE FROM pairs WHERE library = ?1 AND number = ?2 AND version = ?3 AND name = ?4",
                )?
                .execute(params![library, number, version, name])?,
        };
    }
    let pairs = read(connection, library, number, version)?;
    if pairs.len() > MOST {
        return Err(StoreError::invalid(
            "name",
            format!("there are at most {MOST} pairs"),
        ));
    }
    Ok(pairs)
}

impl Store {
    /// The pairs of a document's version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not there for `who`.
    pub fn document_pairs(&self, id: &DocumentId, who: &Principal) -> Result<Pairs, StoreError> {
        self.read(|connection| {
            documents::find(connection, id, who)?;
            let library = libraries::find(connection, &id.library)?.id;
            read(connection, library, id.number, id.version)
        })
    }

    /// The pairs of a workspace or folder.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not there for `who`.
    pub fn container_pairs(&self, id: &ContainerId, who: &Principal) -> Result<Pairs, StoreError> {
        self.read(|connection| {
            containers::find(connection, id, who)?;
            let library = libraries::find(connection, &id.library)?.id;
            read(connection, library, id.number, NO_VERSION)
        })
    }

    /// Sets pairs of a document's version, and takes those without a value away.
    /// Answers what is there then.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NoAccess`], [`StoreError::Invalid`];
    /// [`StoreError::Conflict`] while somebody else has it.
    pub async fn set_document_pairs(
        &self,
        id: DocumentId,
        changes: BTreeMap<String, Option<String>>,
        who: Principal,
    ) -> Result<Pairs, StoreError> {
        check(&changes)?;
        self.write(move |connection| {
            let version = documents::find_for(connection, &id, &who, Access::ReadWrite)?;
            locks::must_be_free(connection, &version, &who)?;
            let library = libraries::find(connection, &id.library)?.id;
            change(connection, library, id.number, id.version, &changes)
        })
        .await
    }

    /// The same of a workspace or folder.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NoAccess`], [`StoreError::Invalid`].
    pub async fn set_container_pairs(
        &self,
        id: ContainerId,
        changes: BTreeMap<String, Option<String>>,
        who: Principal,
    ) -> Result<Pairs, StoreError> {
        check(&changes)?;
        self.write(move |connection| {
            containers::find_for(connection, &id, &who, Access::ReadWrite)?;
            let library = libraries::find(connection, &id.library)?.id;
            change(connection, library, id.number, NO_VERSION, &changes)
        })
        .await
    }
}
