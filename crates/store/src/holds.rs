//! Legal holds: what is under one stays in the database and on the disk, whoever
//! deletes it. Deleting into the trash goes on as ever: nobody has to be told.

use crate::audit::{self, AuditEntry};
use crate::documents::Version;
use crate::names::name_key;
use crate::{Store, StoreError, containers, libraries};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::{ContainerId, DocumentId, IdError};
use rusqlite::{Connection, OptionalExtension, params};

/// A hold, with what is under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its name, which no other has.
    pub name: String,
    /// What it is for, up to 2,000 characters.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// Workspaces, with every document that belongs to them, and single documents
    /// (`LIB!number`), with all of their versions.
    pub items: Vec<ContainerId>,
}

/// What is to change about a hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HoldChanges {
    /// Workspaces and documents that are under it from now on.
    pub enclose: Vec<ContainerId>,
    /// Those that are under it no longer.
    pub free: Vec<ContainerId>,
}

/// What is meant by the id of a workspace or of a document, for a hold: of a
/// version the document, as a hold has all of its versions.
///
/// # Errors
/// [`IdError`] for what is neither.
///
/// ```
/// use chancery_store::holds::item_of;
/// assert_eq!(item_of("ACTIVE!34.1"), item_of("ACTIVE!34"));
/// assert!(item_of("ACTIVE").is_err());
/// ```
pub fn item_of(text: &str) -> Result<ContainerId, IdError> {
    match text.parse::<DocumentId>() {
        Ok(DocumentId {
            library, number, ..
        }) => Ok(ContainerId { library, number }),
        Err(_) => text.parse(),
    }
}

fn number_of(connection: &Connection, name: &str) -> Result<i64, StoreError> {
    let found = connection
        .prepare_cached("SELECT id FROM holds WHERE name_key = ?1")?
        .query_row([name_key(name)], |row| row.get(0))
        .optional()?;
    found.ok_or(StoreError::NotFound("hold"))
}

/// Nothing that is under a hold goes for good.
pub(crate) fn must_not_hold(
    connection: &Connection,
    library: i64,
    version: &Version,
) -> Result<(), StoreError> {
    let hold: Option<String> = connection
        .prepare_cached(
            "SELECT h.name FROM held d JOIN holds h ON h.id = d.hold
             WHERE d.library = ?1 AND d.number IN (?2, ?3) ORDER BY h.name_key LIMIT 1",
        )?
        .query_row(params![library, version.number, version.workspace], |row| {
            row.get(0)
        })
        .optional()?;
    match hold {
        None => Ok(()),
        Some(name) => Err(StoreError::Conflict(format!(
            "It is under the legal hold “{name}” and stays in the trash until that is lifted."
        ))),
    }
}

/// A document that leaves a workspace under a hold stays under it.
pub(crate) fn go_along(
    connection: &Connection,
    library: i64,
    number: u64,
    to: u64,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO held SELECT h.library, ?2, h.hold FROM held h
             JOIN documents d ON d.library = h.library AND d.workspace = h.number
             WHERE d.library = ?1 AND d.number = ?2 AND d.workspace <> ?3",
        )?
        .execute(params![library, number, to])?;
    Ok(())
}

/// The same for every document whose home is in one of those folders: a query of
/// their numbers, below the folder `?2` of the library `?1`.
pub(crate) fn all_go_along(
    connection: &Connection,
    library: i64,
    folder: u64,
    below: &str,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(&format!(
            "INSERT OR IGNORE INTO held SELECT h.library, d.number, h.hold FROM documents d
             JOIN held h ON h.library = d.library AND h.number = d.workspace
             WHERE d.library = ?1 AND d.home IN ({below})"
        ))?
        .execute(params![library, folder])?;
    Ok(())
}

impl Store {
    /// Every hold, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn holds(&self) -> Result<Vec<Hold>, StoreError> {
        self.read(|connection| {
            let holds: Vec<(i64, Hold)> = connection
                .prepare_cached("SELECT id, name, reason, created FROM holds ORDER BY name_key")?
                .query_map([], |row| {
                    let hold = Hold {
                        name: row.get(1)?,
                        reason: row.get(2)?,
                        since: Timestamp(row.get(3)?),
                        items: Vec::new(),
                    };
                    Ok((row.get(0)?, hold))
                })?
                .collect::<Result<_, _>>()?;
            let mut all = Vec::with_capacity(holds.len());
            for (id, mut hold) in holds {
                let items: Vec<String> = connection
                    .prepare_cached(
                        "SELECT l.alias || '!' || d.number FROM held d JOIN libraries l ON l.id = d.library
                         WHERE d.hold = ?1 ORDER BY l.alias, d.number",
                    )?
                    .query_map([id], |row| row.get(0))?
                    .collect::<Result<_, _>>()?;
                hold.items = items.iter().filter_map(|id| id.parse().ok()).collect();
                all.push(hold);
            }
            Ok(all)
        })
    }

    /// Makes a hold that nothing is under yet.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when there is one of that name, [`StoreError::Invalid`].
    pub async fn add_hold(
        &self,
        name: String,
        reason: String,
        now: Timestamp,
        entry: AuditEntry,
    ) -> Result<(), StoreError> {
        containers::check_name(&name)?;
        if reason.chars().count() > 2_000 {
            return Err(StoreError::invalid(
                "reason",
                "it has at most 2000 characters",
            ));
        }
        if reason.contains('\0') {
            return Err(StoreError::invalid("reason", "it has no NUL character"));
        }
        self.write(move |connection| {
            let added = connection.execute(
                "INSERT OR IGNORE INTO holds (name, name_key, reason, created) VALUES (?1, ?2, ?3, ?4)",
                params![name, name_key(&name), reason, now.0],
            )?;
            if added == 0 {
                return Err(StoreError::Conflict(format!(
                    "There is already a legal hold “{name}”."
                )));
            }
            audit::add(connection, &entry)
        })
        .await
    }

    /// Changes what is under a hold: all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the hold, a workspace or a document.
    pub async fn change_hold(
        &self,
        name: &str,
        changes: HoldChanges,
        entry: AuditEntry,
    ) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.write(move |connection| {
            let hold = number_of(connection, &name)?;
            for id in &changes.enclose {
                let library = libraries::find(connection, &id.library)?.id;
                // A document in the trash counts: it above all.
                let is_there: bool = connection
                    .prepare_cached(
                        "SELECT EXISTS (SELECT 1 FROM containers WHERE library = ?1 AND number = ?2 AND kind = 1)
                         OR EXISTS (SELECT 1 FROM versions WHERE library = ?1 AND number = ?2)",
                    )?
                    .query_row(params![library, id.number], |row| row.get(0))?;
                if !is_there {
                    return Err(StoreError::NotFound("workspace or document"));
                }
                connection
                    .prepare_cached("INSERT OR IGNORE INTO held VALUES (?1, ?2, ?3)")?
                    .execute(params![library, id.number, hold])?;
            }
            for id in &changes.free {
                let library = libraries::find(connection, &id.library)?.id;
                connection
                    .prepare_cached(
                        "DELETE FROM held WHERE library = ?1 AND number = ?2 AND hold = ?3",
                    )?
                    .execute(params![library, id.number, hold])?;
            }
            audit::add(connection, &entry)
        })
        .await
    }

    /// Lifts a hold: what was under it, and under no other, may go for good again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn lift_hold(&self, name: &str, entry: AuditEntry) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.write(move |connection| {
            let hold = number_of(connection, &name)?;
            connection.execute("DELETE FROM held WHERE hold = ?1", [hold])?;
            connection.execute("DELETE FROM holds WHERE id = ?1", [hold])?;
            audit::add(connection, &entry)
        })
        .await
    }
}
