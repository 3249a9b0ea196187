//! What an item inherits, and bringing what inherits in line, in the transaction
//! that changes it.

use crate::access::{security_number, security_of};
use crate::{StoreError, entries};
use chancery_proto::work::DefaultSecurity;
use rusqlite::{Connection, OptionalExtension, params};

/// What holds of an item, or of the container that it inherits from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    /// Never `inherit`.
    pub(crate) security: DefaultSecurity,
    /// The set of entries.
    pub(crate) entries: i64,
}

impl Held {
    /// What holds of an item with these settings below `above`.
    pub(crate) fn below(
        connection: &Connection,
        above: Self,
        security: DefaultSecurity,
        own_entries: i64,
    ) -> Result<Self, StoreError> {
        Ok(match security {
            DefaultSecurity::Inherit => Self {
                security: above.security,
                entries: entries::laid_over(connection, above.entries, own_entries)?,
            },
            security => Self {
                security,
                entries: own_entries,
            },
        })
    }
}

/// What holds of a container, in whatever way it is kept.
pub(crate) fn held_by_container(
    connection: &Connection,
    library: i64,
    number: u64,
) -> Result<Held, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT effective_security, entries FROM containers WHERE library = ?1 AND number = ?2",
        )?
        .query_row(params![library, number], |row| {
            Ok(Held {
                security: security_of(row.get(0)?),
                entries: row.get(1)?,
            })
        })
        .optional()?;
    found.ok_or(StoreError::NotFound("container"))
}

/// What a document inherits: what holds of its home. One without a home is
/// private.
pub(crate) fn above_document(
    connection: &Connection,
    library: i64,
    number: u64,
) -> Result<Held, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT c.effective_security, c.entries FROM documents d
             JOIN containers c ON c.library = d.library AND c.number = d.home
             WHERE d.library = ?1 AND d.number = ?2",
        )?
        .query_row(params![library, number], |row| {
            Ok(Held {
                security: security_of(row.get(0)?),
                entries: row.get(1)?,
            })
        })
        .optional()?;
    Ok(found.unwrap_or(Held {
        security: DefaultSecurity::Private,
        entries: entries::NONE,
    }))
}

/// Brings what inherits from a container in line with what holds of it.
pub(crate) fn pass_on(
    connection: &Connection,
    library: i64,
    number: u64,
    held: Held,
) -> Result<(), StoreError> {
    let mut waiting = vec![(number, held)];
    while let Some((number, held)) = waiting.pop() {
        pass_on_to_documents(connection, library, number, held)?;
        let children: Vec<(u64, i64, i64, i64)> = connection
            .prepare_cached(
                "SELECT number, own_entries, effective_security, entries FROM containers
                 WHERE library = ?1 AND parent = ?2 AND default_security = 0",
            )?
            .query_map(params![library, number], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?
            .collect::<Result<_, _>>()?;
        for (child, own, security, entries) in children {
            let now = Held::below(connection, held, DefaultSecurity::Inherit, own)?;
            let before = Held {
                security: security_of(security),
                entries,
            };
            if now == before {
                continue;
            }
            connection
                .prepare_cached(
                    "UPDATE containers SET effective_security = ?3, entries = ?4 WHERE library = ?1 AND number = ?2",
                )?
                .execute(params![library, child, security_number(now.security), now.entries])?;
            waiting.push((child, now));
        }
    }
    Ok(())
}

/// Versions of the documents whose home is that folder.
const AT_HOME: &str =
    "number IN (SELECT d.number FROM documents d WHERE d.library = ?1 AND d.home = ?2)";

fn pass_on_to_documents(
    connection: &Connection,
    library: i64,
    folder: u64,
    held: Held,
) -> Result<(), StoreError> {
    let owns: Vec<i64> = connection
        .prepare_cached(&format!(
            "SELECT DISTINCT own_entries FROM versions WHERE library = ?1 AND default_security = 0 AND {AT_HOME}"
        ))?
        .query_map(params![library, folder], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for own in owns {
        let now = Held::below(connection, held, DefaultSecurity::Inherit, own)?;
        connection
            .prepare_cached(&format!(
                "UPDATE versions SET effective_security = ?3, entries = ?4
                 WHERE library = ?1 AND default_security = 0 AND own_entries = ?5 AND {AT_HOME}"
            ))?
            .execute(params![
                library,
                folder,
                security_number(now.security),
                now.entries,
                own
            ])?;
    }
    Ok(())
}
