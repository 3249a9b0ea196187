//! The trash: what was deleted comes back until it is purged.

use crate::access::{Access, Principal, VERSION_IS_READABLE};
use crate::containers::{self, ContainerKind};
use crate::documents::{self, ContentHash, Version};
use crate::events::{self, Action};
use crate::history::{self, Activity};
use crate::{Store, StoreError, holds, libraries, lookups, moving};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::{ContainerId, DocumentId, LibraryAlias};
use rusqlite::{Connection, OptionalExtension, params};

/// A deleted version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// As it was.
    pub version: Version,
    /// When it was deleted.
    pub at: Timestamp,
}

fn find(
    connection: &Connection,
    id: &DocumentId,
    who: &Principal,
    needed: Access,
) -> Result<Version, StoreError> {
    let found = connection
        .prepare_cached(&format!(
            "SELECT {} FROM {} WHERE l.alias = ?2 AND v.number = ?3 AND v.version = ?4 AND v.deleted IS NOT NULL",
            documents::columns(),
            documents::from()
        ))?
        .query_row(
            params![who.user, id.library.as_str(), id.number, id.version],
            documents::of_row,
        )
        .optional()?;
    let found = found.filter(|version| version.access(who) >= Access::Read);
    let found = found.ok_or(StoreError::NotFound("deleted document"))?;
    if found.access(who) >= needed {
        Ok(found)
    } else {
        Err(crate::access::refusal(needed))
    }
}

impl Store {
    /// What was deleted in a library and `who` may see, the last deleted first:
    /// up to `most`, of one document where `number` says so.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the library.
    pub fn trash(
        &self,
        library: &LibraryAlias,
        number: Option<u64>,
        who: &Principal,
        most: u32,
    ) -> Result<Vec<Deleted>, StoreError> {
        self.read(|connection| {
            let library = libraries::find(connection, library)?.id;
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {}, v.deleted FROM {} WHERE {VERSION_IS_READABLE} AND v.library = ?4 AND v.deleted IS NOT NULL
                 AND (?5 IS NULL OR v.number = ?5) ORDER BY v.deleted DESC, v.number, v.version DESC LIMIT ?6",
                documents::columns(),
                documents::from()
            ))?;
            let asked = params![
                who.user,
                who.external,
                who.standing(),
                library,
                number,
                most
            ];
            let mut deleted: Vec<Deleted> = statement
                .query_map(asked, |row| {
                    Ok(Deleted {
                        version: documents::of_row(row)?,
                        at: Timestamp(row.get("deleted")?),
                    })
                })?
                .collect::<Result<_, _>>()?;
            let versions = deleted.iter_mut().map(|one| &mut one.version);
            lookups::describe(connection, versions)?;
            Ok(deleted)
        })
    }

    /// Brings a deleted version back, into its folder or into those that are named.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NoAccess`]; [`StoreError::Invalid`]
    /// for `folder_ids` where its folder is gone and none is named.
    pub async fn restore(
        &self,
        id: DocumentId,
        folders: Vec<ContainerId>,
        comment: String,
        who: Principal,
        now: Timestamp,
    ) -> Result<Version, StoreError> {
        self.write(move |connection| {
            let version = find(connection, &id, &who, Access::Full)?;
            let library = libraries::find(connection, &id.library)?.id;
            connection
                .prepare_cached(
                    "UPDATE versions SET deleted = NULL, last_user = ?4 WHERE library = ?1 AND number = ?2 AND version = ?3",
                )?
                .execute(params![library, id.number, id.version, who.user])?;
            connection
                .prepare_cached(
                    "UPDATE documents SET latest = (SELECT MAX(version) FROM versions
                     WHERE library = ?1 AND number = ?2 AND deleted IS NULL) WHERE library = ?1 AND number = ?2",
                )?
                .execute(params![library, id.number])?;
            let (home, filed): (u64, bool) = connection
                .prepare_cached(
                    "SELECT home, EXISTS (SELECT 1 FROM filings f WHERE f.library = ?1 AND f.number = ?2)
                     FROM documents WHERE library = ?1 AND number = ?2",
                )?
                .query_row(params![library, id.number], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let mut targets = Vec::new();
            for folder in &folders {
                if folder.library != id.library {
                    return Err(StoreError::invalid("folder_ids", "they have to be in the same library"));
                }
                let found = containers::find_for(connection, folder, &who, Access::ReadWrite)?;
                if found.kind == ContainerKind::Workspace {
                    return Err(StoreError::invalid("folder_ids", "a workspace holds folders only"));
                }
                targets.push(found);
            }
            if targets.is_empty() && !filed {
                let place = ContainerId {
                    library: id.library.clone(),
                    number: home,
                };
                match containers::find_for(connection, &place, &who, Access::ReadWrite) {
                    Ok(found) => targets.push(found),
                    Err(StoreError::NotFound(_)) => {
                        return Err(StoreError::invalid(
                            "folder_ids",
                            "the folder it was in is gone; name one to restore it to",
                        ));
                    }
                    Err(error) => return Err(error),
                }
            }
            for target in &targets {
                moving::walls_hold(connection, library, version.workspace, target.workspace, &who)?;
                moving::file(connection, library, target.number, id.number)?;
            }
            if let Some(first) = targets.first()
                && !filed
            {
                moving::settle_in(connection, library, id.number, first)?;
            }
            history::add(connection, library, &version, Activity::Restore, &comment, &who, now)?;
            let restored = documents::find(connection, &id, &who.beyond_walls())?;
            for target in &targets {
                let filed = Some(target.number);
                events::of_version(connection, library, &restored, Action::DocumentLink, filed, now)?;
            }
            Ok(restored)
        })
        .await
    }

    /// Bytes that were purged and may still be on the disk. Whether a version
    /// needs them is [`Store::content_is_needed`].
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn purged_content(&self) -> Result<Vec<(LibraryAlias, ContentHash)>, StoreError> {
        self.read(|connection| {
            let found: Vec<(String, ContentHash)> = connection
                .prepare_cached(
                    "SELECT l.alias, p.hash FROM purged p JOIN libraries l ON l.id = p.library",
                )?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?;
            let known = |(alias, hash): (String, ContentHash)| Some((alias.parse().ok()?, hash));
            Ok(found.into_iter().filter_map(known).collect())
        })
    }

    /// Those bytes are off the disk, or needed again.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn forget_purged(
        &self,
        library: &LibraryAlias,
        hash: ContentHash,
    ) -> Result<(), StoreError> {
        let library = library.clone();
        self.write(move |connection| {
            let library = libraries::find(connection, &library)?.id;
            connection
                .prepare_cached("DELETE FROM purged WHERE library = ?1 AND hash = ?2")?
                .execute(params![library, hash])?;
            Ok(())
        })
        .await
    }

    /// Purges a deleted version: nothing brings it back. Its bytes are among
    /// [`Store::purged_content`] from then on.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::NoAccess`] for whoever is no
    /// administrator; [`StoreError::Conflict`] under a legal hold.
    pub async fn purge(
        &self,
        id: DocumentId,
        who: Principal,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            let version = find(connection, &id, &who, Access::Read)?;
            if !who.administrator {
                return Err(StoreError::NoAccess(
                    "Only an administrator may delete this for good. Sign in as one (persona “admin”).",
                ));
            }
            let library = libraries::find(connection, &id.library)?.id;
            holds::must_not_hold(connection, library, &version)?;
            history::add(connection, library, &version, Activity::Purge, &version.name, &who, now)?;
            let mut hashes: Vec<ContentHash> = connection
                .prepare_cached("SELECT hash FROM replaced WHERE library = ?1 AND number = ?2 AND version = ?3")?
                .query_map(params![library, id.number, id.version], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            hashes.push(version.hash);
            for hash in &hashes {
                connection
                    .prepare_cached("INSERT OR IGNORE INTO purged VALUES (?1, ?2)")?
                    .execute(params![library, hash])?;
            }
            for from in [
                "DELETE FROM replaced WHERE library = ?1 AND number = ?2 AND version = ?3",
                "DELETE FROM pairs WHERE library = ?1 AND number = ?2 AND version = ?3",
                "DELETE FROM versions WHERE library = ?1 AND number = ?2 AND version = ?3",
            ] {
                connection
                    .prepare_cached(from)?
                    .execute(params![library, id.number, id.version])?;
            }
            events::version_is_gone(connection, library, &version)?;
            let is_left: bool = connection
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM versions WHERE library = ?1 AND number = ?2)")?
                .query_row(params![library, id.number], |row| row.get(0))?;
            if !is_left {
                // Nothing leads to what is gone for good.
                for from in [
                    "DELETE FROM shortcuts WHERE target_library = ?1 AND target = ?2 AND kind = 1",
                    "DELETE FROM related WHERE library = ?1 AND number = ?2",
                    "DELETE FROM related WHERE other_library = ?1 AND other_number = ?2",
                ] {
                    connection.prepare_cached(from)?.execute(params![library, id.number])?;
                }
            }
            Ok(())
        })
        .await
    }
}
