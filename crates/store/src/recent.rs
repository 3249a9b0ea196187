//! What somebody worked with lately: documents, and the workspaces they are in.

use crate::access::{CONTAINER_IS_READABLE, Principal, VERSION_IS_READABLE};
use crate::containers::{self, Container};
use crate::documents::{self, Version};
use crate::{Store, StoreError, libraries, lookups};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::LibraryAlias;
use rusqlite::{Connection, params};

const DOCUMENT: i64 = 1;
const WORKSPACE: i64 = 2;
/// Of each kind so many are kept for each person.
const KEPT: u32 = 200;

/// Somebody worked with a document.
pub(crate) fn note(
    connection: &Connection,
    library: i64,
    version: &Version,
    who: &Principal,
    now: Timestamp,
) -> Result<(), StoreError> {
    for (kind, number) in [(DOCUMENT, version.number), (WORKSPACE, version.workspace)] {
        connection
            .prepare_cached("INSERT OR REPLACE INTO recent VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![who.user, kind, library, number, now.0])?;
    }
    Ok(())
}

/// The library's number, where one is named.
fn narrowed(
    connection: &Connection,
    library: Option<&LibraryAlias>,
) -> Result<Option<i64>, StoreError> {
    let found = library.map(|alias| libraries::find(connection, alias));
    Ok(found.transpose()?.map(|library| library.id))
}

impl Store {
    /// The documents that `who` worked with lately and may still see, the last
    /// first: their latest versions, up to `most`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the library.
    pub fn recent_documents(
        &self,
        library: Option<&LibraryAlias>,
        who: &Principal,
        most: u32,
    ) -> Result<Vec<Version>, StoreError> {
        self.read(|connection| {
            let library = narrowed(connection, library)?;
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {} FROM recent r CROSS JOIN {} WHERE r.user = ?1 AND r.kind = {DOCUMENT}
                 AND v.library = r.library AND v.number = r.number AND v.version = d.latest AND v.deleted IS NULL
                 AND (?4 IS NULL OR r.library = ?4) AND {VERSION_IS_READABLE} ORDER BY r.at DESC, r.number DESC LIMIT ?5",
                documents::columns(),
                documents::from()
            ))?;
            let asked = params![who.user, who.external, who.standing(), library, most];
            let mut found: Vec<Version> = statement
                .query_map(asked, documents::of_row)?
                .collect::<Result<_, _>>()?;
            lookups::describe(connection, &mut found)?;
            Ok(found)
        })
    }

    /// The workspaces whose documents `who` worked with lately, the last first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the library.
    pub fn recent_workspaces(
        &self,
        library: Option<&LibraryAlias>,
        who: &Principal,
        most: u32,
    ) -> Result<Vec<Container>, StoreError> {
        self.read(|connection| {
            let library = narrowed(connection, library)?;
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {} FROM recent r CROSS JOIN {} WHERE r.user = ?1 AND r.kind = {WORKSPACE}
                 AND c.library = r.library AND c.number = r.number AND (?4 IS NULL OR r.library = ?4)
                 AND {CONTAINER_IS_READABLE} ORDER BY r.at DESC, r.number DESC LIMIT ?5",
                containers::columns(),
                containers::FROM
            ))?;
            let asked = params![who.user, who.external, who.standing(), library, most];
            let mut found: Vec<Container> = statement
                .query_map(asked, containers::of_row)?
                .collect::<Result<_, _>>()?;
            lookups::describe(connection, &mut found)?;
            Ok(found)
        })
    }

    /// Lets go of what nobody looks so far back for. To be called now and then.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn forget_old_recent(&self) -> Result<(), StoreError> {
        self.write(|connection| {
            connection.execute(
                "DELETE FROM recent WHERE at < (SELECT r.at FROM recent r
                 WHERE r.user = recent.user AND r.kind = recent.kind ORDER BY r.at DESC LIMIT 1 OFFSET ?1)",
                [KEPT - 1],
            )?;
            Ok(())
        })
        .await
    }
}
