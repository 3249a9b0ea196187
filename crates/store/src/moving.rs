//! Moving and copying: documents between folders, folders between containers.
//!
//! A document has one home, the folder that it was filed in or moved to: it
//! inherits from there, and belongs to its workspace. Further filings change
//! neither.

use crate::access::{Access, Principal, security_number};
use crate::containers::{self, Container, ContainerKind};
use crate::documents::{self, Version};
use crate::events::{self, Action};
use crate::filing;
use crate::history::{self, Activity};
use crate::inheritance::{Held, above_document, pass_on};
use crate::names::name_key;
use crate::{Store, StoreError, holds, libraries, locks};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::{ContainerId, DocumentId, LibraryAlias};
use chancery_proto::work::DefaultSecurity;
use rusqlite::{Connection, OptionalExtension, params};

/// What is behind a wall stays behind it.
pub(crate) fn walls_hold(
    connection: &Connection,
    library: i64,
    from: u64,
    to: u64,
    who: &Principal,
) -> Result<(), StoreError> {
    if from == to || who.server {
        return Ok(());
    }
    let gets_out: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM walled f WHERE f.library = ?1 AND f.workspace = ?2 AND NOT EXISTS (
                SELECT 1 FROM walled t WHERE t.library = ?1 AND t.workspace = ?3 AND t.wall = f.wall))",
        )?
        .query_row(params![library, from, to], |row| row.get(0))?;
    if gets_out {
        return Err(StoreError::NoAccess(
            "It is behind a wall, and the destination is not. Ask an administrator.",
        ));
    }
    Ok(())
}

fn same_library(one: &ContainerId, library: &str, field: &'static str) -> Result<(), StoreError> {
    if one.library.as_str() == library {
        return Ok(());
    }
    Err(StoreError::invalid(
        field,
        "it has to be in the same library; between libraries download and file again",
    ))
}

/// The folder that something is to go into.
fn destination(
    connection: &Connection,
    id: &ContainerId,
    who: &Principal,
    field: &'static str,
) -> Result<Container, StoreError> {
    let found = containers::find_for(connection, id, who, Access::ReadWrite)?;
    if found.kind == ContainerKind::Workspace {
        return Err(StoreError::invalid(
            field,
            "a workspace holds folders only; name one of its folders",
        ));
    }
    Ok(found)
}

/// Brings the security of every version of a document in line with its home.
fn settle_all(connection: &Connection, library: i64, number: u64) -> Result<(), StoreError> {
    let above = above_document(connection, library, number)?;
    let owns: Vec<i64> = connection
        .prepare_cached(
            "SELECT DISTINCT own_entries FROM versions WHERE library = ?1 AND number = ?2 AND default_security = 0",
        )?
        .query_map(params![library, number], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for own in owns {
        let held = Held::below(connection, above, DefaultSecurity::Inherit, own)?;
        connection
            .prepare_cached(
                "UPDATE versions SET effective_security = ?3, entries = ?4
                 WHERE library = ?1 AND number = ?2 AND default_security = 0 AND own_entries = ?5",
            )?
            .execute(params![
                library,
                number,
                security_number(held.security),
                held.entries,
                own
            ])?;
    }
    Ok(())
}

/// Gives a document its home.
pub(crate) fn settle_in(
    connection: &Connection,
    library: i64,
    number: u64,
    home: &Container,
) -> Result<(), StoreError> {
    holds::go_along(connection, library, number, home.workspace)?;
    connection
        .prepare_cached(
            "UPDATE documents SET home = ?3, workspace = ?4 WHERE library = ?1 AND number = ?2",
        )?
        .execute(params![library, number, home.number, home.workspace])?;
    settle_all(connection, library, number)
}

/// Files a document in a folder, where it is not yet.
pub(crate) fn file(
    connection: &Connection,
    library: i64,
    folder: u64,
    number: u64,
) -> Result<(), StoreError> {
    let name: String = connection
        .prepare_cached(
            "SELECT v.name FROM versions v JOIN documents d ON d.library = v.library AND d.number = v.number
             WHERE v.library = ?1 AND v.number = ?2 AND v.version = d.latest",
        )?
        .query_row(params![library, number], |row| row.get(0))?;
    connection
        .prepare_cached("INSERT OR IGNORE INTO filings VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![library, folder, name_key(&name), number])?;
    Ok(())
}

fn unfile(
    connection: &Connection,
    library: i64,
    folder: u64,
    number: u64,
) -> Result<(), StoreError> {
    let removed = connection
        .prepare_cached("DELETE FROM filings WHERE library = ?1 AND folder = ?2 AND number = ?3")?
        .execute(params![library, folder, number])?;
    if removed == 0 {
        return Err(StoreError::NotFound("document in that folder"));
    }
    Ok(())
}

impl Store {
    /// Moves a document from one folder to another. Where it leaves its home, the
    /// other is its home from then on.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also where it is not in that folder;
    /// [`StoreError::NoAccess`]: that takes as much as deleting it there;
    /// [`StoreError::Conflict`] while somebody else has it; [`StoreError::Invalid`].
    pub async fn move_document(
        &self,
        id: DocumentId,
        from: ContainerId,
        to: ContainerId,
        who: Principal,
        now: Timestamp,
    ) -> Result<Version, StoreError> {
        self.write(move |connection| {
            let version = documents::find_for(connection, &id, &who, Access::Full)?;
            locks::must_be_free(connection, &version, &who)?;
            same_library(&to, &version.library, "destination_folder_id")?;
            let source = containers::find_for(connection, &from, &who, Access::ReadWrite)?;
            let target = destination(connection, &to, &who, "destination_folder_id")?;
            let library = libraries::find(connection, &id.library)?.id;
            walls_hold(
                connection,
                library,
                version.workspace,
                target.workspace,
                &who,
            )?;
            unfile(connection, library, source.number, id.number)?;
            file(connection, library, target.number, id.number)?;
            let home: u64 = connection
                .prepare_cached("SELECT home FROM documents WHERE library = ?1 AND number = ?2")?
                .query_row(params![library, id.number], |row| row.get(0))?;
            if home == source.number {
                settle_in(connection, library, id.number, &target)?;
            }
            let comment = format!("from “{}” to “{}”", source.name, target.name);
            history::add(
                connection,
                library,
                &version,
                Activity::Move,
                &comment,
                &who,
                now,
            )?;
            let out = Some(source.number);
            events::of_version(
                connection,
                library,
                &version,
                Action::DocumentUnlink,
                out,
                now,
            )?;
            let moved = documents::find(connection, &id, &who.beyond_walls())?;
            let filed = Some(target.number);
            events::of_version(
                connection,
                library,
                &moved,
                Action::DocumentLink,
                filed,
                now,
            )?;
            Ok(moved)
        })
        .await
    }

    /// Takes a document out of a folder, and leaves the document as it is. One
    /// that leaves its home for no other folder is its owners' alone.
    ///
    /// # Errors
    /// As [`Store::move_document`].
    pub async fn unfile_document(
        &self,
        id: DocumentId,
        folder: ContainerId,
        who: Principal,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            let version = documents::find_for(connection, &id, &who, Access::Full)?;
            locks::must_be_free(connection, &version, &who)?;
            let source = containers::find_for(connection, &folder, &who, Access::ReadWrite)?;
            let library = libraries::find(connection, &id.library)?.id;
            unfile(connection, library, source.number, id.number)?;
            let other: Option<u64> = connection
                .prepare_cached(
                    "SELECT MIN(folder) FROM filings WHERE library = ?1 AND number = ?2",
                )?
                .query_row(params![library, id.number], |row| row.get(0))?;
            let home: u64 = connection
                .prepare_cached("SELECT home FROM documents WHERE library = ?1 AND number = ?2")?
                .query_row(params![library, id.number], |row| row.get(0))?;
            if home == source.number {
                // Its workspace stays what it was where there is no other folder.
                connection
                    .prepare_cached(
                        "UPDATE documents SET home = ?3 WHERE library = ?1 AND number = ?2",
                    )?
                    .execute(params![library, id.number, other.unwrap_or(0)])?;
                settle_all(connection, library, id.number)?;
            }
            let out = Some(source.number);
            events::of_version(
                connection,
                library,
                &version,
                Action::DocumentUnlink,
                out,
                now,
            )?;
            let comment = format!("out of “{}”", source.name);
            history::add(
                connection,
                library,
                &version,
                Activity::Move,
                &comment,
                &who,
                now,
            )
        })
        .await
    }

    /// Copies a version into a folder: a new document with the same bytes and
    /// profile, that inherits from there.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NoAccess`], [`StoreError::Invalid`].
    pub async fn copy_document(
        &self,
        id: DocumentId,
        folder: ContainerId,
        who: Principal,
        now: Timestamp,
    ) -> Result<Version, StoreError> {
        self.write(move |connection| {
            let original = documents::find(connection, &id, &who)?;
            same_library(&folder, &original.library, "folder_id")?;
            let target = destination(connection, &folder, &who, "folder_id")?;
            let library = libraries::find(connection, &id.library)?.id;
            walls_hold(
                connection,
                library,
                original.workspace,
                target.workspace,
                &who,
            )?;
            let mut copy = original.clone();
            copy.number = libraries::take_number(connection, library)?;
            copy.version = 1;
            copy.latest = 1;
            copy.workspace = target.workspace;
            copy.operator.clone_from(&who.user);
            copy.last_user.clone_from(&who.user);
            copy.created = now;
            copy.edited = now;
            copy.profile_edited = now;
            copy.default_security = DefaultSecurity::Inherit;
            copy.own_entries = crate::entries::NONE;
            copy.lock = None;
            filing::insert_new(connection, library, &mut copy, &target)?;
            let (from, to) = (
                format!("to {}!{}", copy.library, copy.number),
                format!("copy of {}!{}.{}", id.library, id.number, id.version),
            );
            history::add(
                connection,
                library,
                &original,
                Activity::Copy,
                &from,
                &who,
                now,
            )?;
            history::add(connection, library, &copy, Activity::Create, &to, &who, now)?;
            let filed = Some(target.number);
            events::of_version(connection, library, &copy, Action::DocumentLink, filed, now)?;
            filing::written(connection, &copy, who)
        })
        .await
    }

    /// Moves a folder, with all that is in it, into another folder or workspace.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NoAccess`]: that takes as much as
    /// deleting it there; [`StoreError::Invalid`], also for one into itself.
    pub async fn move_folder(
        &self,
        id: ContainerId,
        to: ContainerId,
        who: Principal,
        now: Timestamp,
    ) -> Result<Container, StoreError> {
        self.write(move |connection| {
            let folder = containers::find_for(connection, &id, &who, Access::Full)?;
            if folder.kind != ContainerKind::Folder {
                return Err(StoreError::NotFound("folder"));
            }
            same_library(&to, &folder.library, "destination_id")?;
            let target = containers::find_for(connection, &to, &who, Access::ReadWrite)?;
            let library = libraries::find(connection, &id.library)?.id;
            let mut above = Some(target.number);
            while let Some(number) = above {
                if number == folder.number {
                    return Err(StoreError::invalid(
                        "destination_id",
                        "a folder does not go into itself or into what is in it",
                    ));
                }
                above = connection
                    .prepare_cached("SELECT parent FROM containers WHERE library = ?1 AND number = ?2")?
                    .query_row(params![library, number], |row| row.get(0))?;
            }
            walls_hold(connection, library, folder.workspace, target.workspace, &who)?;
            connection
                .prepare_cached(
                    "UPDATE containers SET parent = ?3, last_user = ?4, edited = ?5 WHERE library = ?1 AND number = ?2",
                )?
                .execute(params![library, folder.number, target.number, who.user, now.0])?;
            if folder.workspace != target.workspace {
                let below = "WITH RECURSIVE below(number) AS (
                    SELECT ?2 UNION ALL SELECT c.number FROM containers c JOIN below ON c.parent = below.number
                    WHERE c.library = ?1) SELECT number FROM below";
                holds::all_go_along(connection, library, folder.number, below)?;
                for what in [
                    format!("UPDATE containers SET workspace = ?3 WHERE library = ?1 AND number IN ({below})"),
                    format!("UPDATE documents SET workspace = ?3 WHERE library = ?1 AND home IN ({below})"),
                ] {
                    connection
                        .prepare_cached(&what)?
                        .execute(params![library, folder.number, target.workspace])?;
                }
            }
            if folder.default_security == DefaultSecurity::Inherit {
                let held = Held::below(
                    connection,
                    target.held(),
                    DefaultSecurity::Inherit,
                    folder.own_entries,
                )?;
                if held != folder.held() {
                    connection
                        .prepare_cached(
                            "UPDATE containers SET effective_security = ?3, entries = ?4 WHERE library = ?1 AND number = ?2",
                        )?
                        .execute(params![
                            library,
                            folder.number,
                            security_number(held.security),
                            held.entries
                        ])?;
                    pass_on(connection, library, folder.number, held)?;
                }
            }
            let moved = containers::find(connection, &id, &who.beyond_walls())?;
            events::of_container(connection, library, &moved, Action::ContainerMove, now)?;
            Ok(moved)
        })
        .await
    }

    /// The paths to a document, each from the workspace down to a folder that it
    /// is filed in, as far as `who` may see them; that of its home first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the document is not there for `who`.
    pub fn document_paths(
        &self,
        id: &DocumentId,
        who: &Principal,
    ) -> Result<Vec<Vec<Container>>, StoreError> {
        self.read(|connection| {
            documents::find(connection, id, who)?;
            let library = libraries::find(connection, &id.library)?.id;
            let folders: Vec<u64> = connection
                .prepare_cached(
                    "SELECT f.folder FROM filings f JOIN documents d ON d.library = f.library AND d.number = f.number
                     WHERE f.library = ?1 AND f.number = ?2 ORDER BY f.folder <> d.home, f.folder",
                )?
                .query_map(params![library, id.number], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let mut paths = Vec::new();
            for number in folders {
                let folder = ContainerId {
                    library: id.library.clone(),
                    number,
                };
                match containers::path(connection, &folder, who) {
                    Ok(path) => paths.push(path),
                    // A path that somebody may not see all of is none.
                    Err(StoreError::NotFound(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(paths)
        })
    }

    /// The folders that each of those documents is in, as far as `who` may see both.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the library.
    pub fn folders_of_documents(
        &self,
        library: &LibraryAlias,
        numbers: &[u64],
        who: &Principal,
    ) -> Result<Vec<(u64, Container)>, StoreError> {
        self.read(|connection| {
            let id = libraries::find(connection, library)?.id;
            let mut all = Vec::new();
            for number in numbers {
                let latest: Option<u32> = connection
                    .prepare_cached("SELECT latest FROM documents WHERE library = ?1 AND number = ?2")?
                    .query_row(params![id, number], |row| row.get(0))
                    .optional()?;
                let Some(version) = latest else { continue };
                let document = DocumentId {
                    library: library.clone(),
                    number: *number,
                    version,
                };
                match documents::find(connection, &document, who) {
                    Err(StoreError::NotFound(_)) => continue,
                    other => other.map(drop)?,
                }
                let folders: Vec<u64> = connection
                    .prepare_cached(
                        "SELECT folder FROM filings WHERE library = ?1 AND number = ?2 ORDER BY folder",
                    )?
                    .query_map(params![id, number], |row| row.get(0))?
                    .collect::<Result<_, _>>()?;
                for folder in folders {
                    let folder = ContainerId {
                        library: library.clone(),
                        number: folder,
                    };
                    match containers::find(connection, &folder, who) {
                        Ok(found) => all.push((*number, found)),
                        Err(StoreError::NotFound(_)) => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            Ok(all)
        })
    }
}
