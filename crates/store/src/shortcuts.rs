//! What people keep at hand: favourites, and the matters they work on. A
//! shortcut leads to something and gives nobody access to it.

use crate::access::{CONTAINER_IS_READABLE, Principal, VERSION_IS_READABLE};
use crate::containers::{self, Container, ContainerKind};
use crate::documents::{self, Version};
use crate::names::name_key;
use crate::{Store, StoreError, libraries, lookups, users};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::{ContainerId, DocumentId, LibraryAlias};
use rusqlite::{Connection, OptionalExtension, params};

/// Each list has so many at most.
const MOST: u64 = 1_000;
const DOCUMENT: i64 = 1;
const CONTAINER: i64 = 2;

/// A list of somebody's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Documents, folders and workspaces.
    Favorites,
    /// Workspaces.
    Matters,
}

impl List {
    fn number(self) -> i64 {
        match self {
            Self::Favorites => 1,
            Self::Matters => 2,
        }
    }
}

/// What a shortcut leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A document, by its latest version.
    Document(Box<Version>),
    /// A workspace or folder.
    Container(Box<Container>),
}

impl Target {
    fn name(&self) -> &str {
        match self {
            Self::Document(version) => &version.name,
            Self::Container(container) => &container.name,
        }
    }
}

/// Where a shortcut is to lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetId {
    /// To a document, whichever version is named.
    Document(DocumentId),
    /// To a workspace or folder.
    Container(ContainerId),
}

/// A shortcut in somebody's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortcut {
    /// Its own number in the library.
    pub number: u64,
    /// When it was put there.
    pub created: Timestamp,
    /// What it leads to.
    pub target: Target,
}

fn shortcuts(
    connection: &Connection,
    library: i64,
    (list, user): (List, &str),
    who: &Principal,
) -> Result<Vec<Shortcut>, StoreError> {
    let place = "s.library = ?4 AND s.list = ?5 AND s.user = ?6";
    let asked = params![
        who.user,
        who.external,
        who.standing(),
        library,
        list.number(),
        user
    ];
    let mut found: Vec<Shortcut> = connection
        .prepare_cached(&format!(
            "SELECT {}, s.number AS shortcut, s.at AS since FROM shortcuts s CROSS JOIN {}
             WHERE {place} AND s.kind = {DOCUMENT} AND v.library = s.target_library AND v.number = s.target
             AND v.version = d.latest AND v.deleted IS NULL AND {VERSION_IS_READABLE}",
            documents::columns(),
            documents::from()
        ))?
        .query_map(asked, |row| {
            Ok(Shortcut {
                number: row.get("shortcut")?,
                created: Timestamp(row.get("since")?),
                target: Target::Document(Box::new(documents::of_row(row)?)),
            })
        })?
        .collect::<Result<_, _>>()?;
    let containers: Vec<Shortcut> = connection
        .prepare_cached(&format!(
            "SELECT {}, s.number AS shortcut, s.at AS since FROM shortcuts s CROSS JOIN {}
             WHERE {place} AND s.kind = {CONTAINER} AND c.library = s.target_library AND c.number = s.target
             AND {CONTAINER_IS_READABLE}",
            containers::columns(),
            containers::FROM
        ))?
        .query_map(asked, |row| {
            Ok(Shortcut {
                number: row.get("shortcut")?,
                created: Timestamp(row.get("since")?),
                target: Target::Container(Box::new(containers::of_row(row)?)),
            })
        })?
        .collect::<Result<_, _>>()?;
    found.extend(containers);
    found.sort_by_key(|one| (name_key(one.target.name()), one.number));
    for one in &mut found {
        match &mut one.target {
            Target::Document(version) => lookups::describe(connection, [&mut **version])?,
            Target::Container(container) => lookups::describe(connection, [&mut **container])?,
        }
    }
    Ok(found)
}

impl Store {
    /// A list of somebody's, by name: what of it `who` may see.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the library or the person.
    pub fn shortcuts(
        &self,
        library: &LibraryAlias,
        list: List,
        user: &str,
        who: &Principal,
    ) -> Result<Vec<Shortcut>, StoreError> {
        self.read(|connection| {
            users::find(connection, user)?.ok_or(StoreError::NotFound("user"))?;
            let library = libraries::find(connection, library)?.id;
            shortcuts(connection, library, (list, user), who)
        })
    }

    /// Puts something that `who` may see into somebody's list. What is in it
    /// already stays as it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Invalid`] for what a list does not
    /// take; [`StoreError::Conflict`] where it is full.
    pub async fn add_shortcut(
        &self,
        library: LibraryAlias,
        (list, user): (List, String),
        target: TargetId,
        who: Principal,
        now: Timestamp,
    ) -> Result<Shortcut, StoreError> {
        self.write(move |connection| {
            users::find(connection, &user)?.ok_or(StoreError::NotFound("user"))?;
            let kept = libraries::find(connection, &library)?.id;
            let (kind, of, number) = match &target {
                TargetId::Document(id) => {
                    documents::find(connection, id, &who)?;
                    (DOCUMENT, &id.library, id.number)
                }
                TargetId::Container(id) => {
                    let found = containers::find(connection, id, &who)?;
                    if list == List::Matters && found.kind != ContainerKind::Workspace {
                        return Err(StoreError::invalid("target_id", "it has to be a workspace"));
                    }
                    (CONTAINER, &id.library, id.number)
                }
            };
            if list == List::Matters && kind == DOCUMENT {
                return Err(StoreError::invalid("target_id", "it has to be a workspace"));
            }
            let of = libraries::find(connection, of)?.id;
            let place = params![user, list.number(), kept, kind, of, number];
            let there: Option<u64> = connection
                .prepare_cached(
                    "SELECT number FROM shortcuts WHERE user = ?1 AND list = ?2 AND library = ?3 AND kind = ?4
                     AND target_library = ?5 AND target = ?6",
                )?
                .query_row(place, |row| row.get(0))
                .optional()?;
            let shortcut = if let Some(number) = there {
                number
            } else {
                let count: u64 = connection
                    .prepare_cached(
                        "SELECT COUNT(*) FROM shortcuts WHERE user = ?1 AND list = ?2 AND library = ?3",
                    )?
                    .query_row(params![user, list.number(), kept], |row| row.get(0))?;
                if count >= MOST {
                    return Err(StoreError::Conflict(format!(
                        "The list has {MOST} entries already. Remove some first."
                    )));
                }
                let own = libraries::take_number(connection, kept)?;
                connection
                    .prepare_cached("INSERT INTO shortcuts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
                    .execute(params![kept, own, user, list.number(), kind, of, number, now.0])?;
                own
            };
            let all = shortcuts(connection, kept, (list, &user), &who)?;
            let found = all.into_iter().find(|one| one.number == shortcut);
            found.ok_or(StoreError::NotFound("shortcut"))
        })
        .await
    }

    /// Takes a shortcut out of somebody's list. What it leads to stays.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn remove_shortcut(
        &self,
        id: ContainerId,
        (list, user): (List, String),
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            let library = libraries::find(connection, &id.library)?.id;
            let removed = connection
                .prepare_cached(
                    "DELETE FROM shortcuts WHERE library = ?1 AND number = ?2 AND user = ?3 AND list = ?4",
                )?
                .execute(params![library, id.number, user, list.number()])?;
            if removed == 0 {
                return Err(StoreError::NotFound("shortcut"));
            }
            Ok(())
        })
        .await
    }
}
