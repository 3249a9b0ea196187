//! Workspaces and folders.

use crate::access::{
    Access, CONTAINER_FACTS, Facts, Principal, effective, refusal, security_number, security_of,
};
use crate::audit;
use crate::entries;
use crate::events::{self, Action};
use crate::inheritance::{Held, held_by_container, pass_on};
use crate::lookups::{self, Descriptions};
use crate::names::name_key;
use crate::{Store, StoreError, libraries};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::{ContainerId, LibraryAlias};
use chancery_proto::work::DefaultSecurity;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::sync::LazyLock;

/// What a container is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContainerKind {
    /// Usually a matter.
    Workspace,
    /// A folder in a workspace, or in another folder.
    Folder,
}

/// A workspace or folder as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// The library's alias.
    pub library: String,
    /// The number in the library.
    pub number: u64,
    /// Workspace or folder.
    pub kind: ContainerKind,
    /// The container above; none for a workspace.
    pub parent: Option<u64>,
    /// The workspace it belongs to; its own number for a workspace.
    pub workspace: u64,
    /// That workspace's name.
    pub workspace_name: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Key of the person it belongs to.
    pub owner: String,
    /// Key of the person who last changed it.
    pub last_user: String,
    /// As it was set.
    pub default_security: DefaultSecurity,
    /// As it holds, after inheritance.
    pub effective_security: DefaultSecurity,
    /// Further profile fields, as a JSON object.
    pub extra: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub edited: Timestamp,
    /// Whether a folder is in it.
    pub has_subfolders: bool,
    /// Whether a document is filed in it.
    pub has_documents: bool,
    /// The set of its own entries.
    pub(crate) own_entries: i64,
    /// The set of entries that hold, after inheritance.
    pub(crate) entries: i64,
    /// What an entry gives whoever asked.
    granted: Option<Access>,
    /// Whether a wall is before it, for whoever asked.
    walled: bool,
    /// What the library's tables say about its values.
    pub descriptions: Descriptions,
}

impl Container {
    /// What whoever asked for it may do with it.
    #[must_use]
    pub fn access(&self, who: &Principal) -> Access {
        effective(
            who,
            Facts {
                walled: self.walled,
                owners: [&self.owner, &self.owner],
                granted: self.granted,
                security: self.effective_security,
            },
        )
    }

    pub(crate) fn held(&self) -> Held {
        Held {
            security: self.effective_security,
            entries: self.entries,
        }
    }

    /// Its id as it travels.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}!{}", self.library, self.number)
    }
}

const COLUMNS: &str = "c.number, c.kind, c.parent, c.workspace, c.name, c.description, c.owner, \
     c.last_user, c.default_security, c.effective_security, c.extra, c.created, c.edited, l.alias, w.name, \
     EXISTS (SELECT 1 FROM containers x WHERE x.library = c.library AND x.parent = c.number), \
     EXISTS (SELECT 1 FROM filings f WHERE f.library = c.library AND f.folder = c.number), \
     c.own_entries, c.entries, ";

pub(crate) const FROM: &str = "containers c JOIN libraries l ON l.id = c.library \
     JOIN containers w ON w.library = c.library AND w.number = c.workspace";

/// What is read of a container `c`, for the user `?1`.
pub(crate) fn columns() -> String {
    format!("{COLUMNS}{CONTAINER_FACTS}")
}

/// Reads a row of [`columns`].
pub(crate) fn of_row(row: &Row<'_>) -> rusqlite::Result<Container> {
    Ok(Container {
        number: row.get(0)?,
        kind: if row.get::<_, i64>(1)? == 1 {
            ContainerKind::Workspace
        } else {
            ContainerKind::Folder
        },
        parent: row.get(2)?,
        workspace: row.get(3)?,
        name: row.get(4)?,
        description: row.get(5)?,
        owner: row.get(6)?,
        last_user: row.get(7)?,
        default_security: security_of(row.get(8)?),
        effective_security: security_of(row.get(9)?),
        extra: row.get(10)?,
        created: Timestamp(row.get(11)?),
        edited: Timestamp(row.get(12)?),
        library: row.get(13)?,
        workspace_name: row.get(14)?,
        has_subfolders: row.get(15)?,
        has_documents: row.get(16)?,
        own_entries: row.get(17)?,
        entries: row.get(18)?,
        granted: row.get::<_, Option<i64>>(19)?.map(Access::from_number),
        walled: row.get(20)?,
        descriptions: Descriptions::new(),
    })
}

/// A workspace or folder to be made.
#[derive(Debug, Clone)]
pub struct NewContainer {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Key of the person it belongs to.
    pub owner: String,
    /// As it is set; a workspace cannot inherit.
    pub default_security: DefaultSecurity,
    /// Further profile fields, as a JSON object.
    pub extra: String,
}

/// What is to change; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct ContainerChanges {
    /// A new name.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<String>,
    /// Key of a new owner.
    pub owner: Option<String>,
    /// A new default security.
    pub default_security: Option<DefaultSecurity>,
    /// Further profile fields, as a whole.
    pub extra: Option<String>,
}

/// Names of workspaces, folders and documents: 1 to 255 characters, no
/// control characters, not `.` or `..`.
pub(crate) fn check_name(name: &str) -> Result<(), StoreError> {
    let reason = if name.trim().is_empty() {
        "a name has at least one character that can be seen"
    } else if name.chars().count() > 255 {
        "a name has at most 255 characters"
    } else if name.chars().any(char::is_control) {
        "a name has no control characters, such as NUL or a line break"
    } else if name == "." || name == ".." {
        "a name is not “.” or “..”"
    } else {
        return Ok(());
    };
    Err(StoreError::invalid("name", reason))
}

/// One container: read so often that the question is written once.
static ONE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {} FROM {FROM} WHERE l.alias = ?2 AND c.number = ?3",
        columns()
    )
});

/// The container, if the principal may know that it is there.
pub(crate) fn find(
    connection: &Connection,
    id: &ContainerId,
    who: &Principal,
) -> Result<Container, StoreError> {
    let mut statement = connection.prepare_cached(&ONE)?;
    let found = statement
        .query_row(params![who.user, id.library.as_str(), id.number], of_row)
        .optional()?;
    match found {
        Some(mut container) if container.access(who) >= Access::Read => {
            lookups::describe(connection, [&mut container])?;
            Ok(container)
        }
        _ => Err(StoreError::NotFound("container")),
    }
}

/// The containers from the workspace down to this one.
pub(crate) fn path(
    connection: &Connection,
    id: &ContainerId,
    who: &Principal,
) -> Result<Vec<Container>, StoreError> {
    let mut path = vec![find(connection, id, who)?];
    while let Some(above) = path.last().and_then(|last| last.parent) {
        let above = ContainerId {
            library: id.library.clone(),
            number: above,
        };
        path.push(find(connection, &above, who)?);
    }
    path.reverse();
    Ok(path)
}

/// The container, if the principal may do that much with it.
pub(crate) fn find_for(
    connection: &Connection,
    id: &ContainerId,
    who: &Principal,
    needed: Access,
) -> Result<Container, StoreError> {
    let container = find(connection, id, who)?;
    if container.access(who) >= needed {
        Ok(container)
    } else {
        Err(refusal(needed))
    }
}

fn insert(
    connection: &Connection,
    library: i64,
    parent: Option<&Container>,
    new: &NewContainer,
    who: &Principal,
    now: Timestamp,
) -> Result<u64, StoreError> {
    check_name(&new.name)?;
    let mut extra = new.extra.clone();
    lookups::settle_container(connection, library, "{}", &mut extra)?;
    let number = libraries::take_number(connection, library)?;
    let kind = if parent.is_some() { 2 } else { 1 };
    let above = above(
        connection,
        library,
        parent.map(|parent| parent.number),
        new.default_security,
    )?;
    let held = Held::below(connection, above, new.default_security, entries::NONE)?;
    connection
        .prepare_cached(
            "INSERT INTO containers VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?14,0,?15)",
        )?
        .execute(params![
            library,
            number,
            kind,
            parent.map(|parent| parent.number),
            parent.map_or(number, |parent| parent.workspace),
            new.name,
            name_key(&new.name),
            new.description,
            new.owner,
            who.user,
            security_number(new.default_security),
            security_number(held.security),
            extra,
            now.0,
            held.entries
        ])?;
    Ok(number)
}

/// What a container below `parent` inherits; a workspace has nothing to inherit.
pub(crate) fn above(
    connection: &Connection,
    library: i64,
    parent: Option<u64>,
    security: DefaultSecurity,
) -> Result<Held, StoreError> {
    match (parent, security) {
        (Some(parent), _) => held_by_container(connection, library, parent),
        (None, DefaultSecurity::Inherit) => Err(StoreError::invalid(
            "default_security",
            "a workspace is public, view or private",
        )),
        (None, security) => Ok(Held {
            security,
            entries: entries::NONE,
        }),
    }
}

impl Store {
    /// The workspace or folder with that id, if `who` may know of it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not there for `who`.
    pub fn container(&self, id: &ContainerId, who: &Principal) -> Result<Container, StoreError> {
        self.read(|connection| find(connection, id, who))
    }

    /// The containers from the workspace down to this one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not there for `who`.
    pub fn container_path(
        &self,
        id: &ContainerId,
        who: &Principal,
    ) -> Result<Vec<Container>, StoreError> {
        self.read(|connection| path(connection, id, who))
    }

    /// Makes a workspace.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the library, [`StoreError::Invalid`] for a field.
    pub async fn add_workspace(
        &self,
        library: LibraryAlias,
        new: NewContainer,
        who: Principal,
        now: Timestamp,
    ) -> Result<Container, StoreError> {
        self.write(move |connection| {
            if who.external {
                return Err(StoreError::NoAccess(
                    "External users cannot make workspaces.",
                ));
            }
            let kept = libraries::find(connection, &library)?;
            let number = insert(connection, kept.id, None, &new, &who, now)?;
            // Whoever makes it for somebody else still gets to see the answer.
            let id = ContainerId { library, number };
            let made = find(connection, &id, &who.beyond_walls())?;
            events::of_container(connection, kept.id, &made, Action::Insert, now)?;
            Ok(made)
        })
        .await
    }

    /// Makes a folder in a workspace or folder.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NoAccess`] for the container above,
    /// [`StoreError::Invalid`] for a field.
    pub async fn add_folder(
        &self,
        parent: ContainerId,
        new: NewContainer,
        who: Principal,
        now: Timestamp,
    ) -> Result<Container, StoreError> {
        self.write(move |connection| {
            let above = find_for(connection, &parent, &who, Access::ReadWrite)?;
            let library = libraries::find(connection, &parent.library)?;
            let number = insert(connection, library.id, Some(&above), &new, &who, now)?;
            let id = ContainerId {
                library: parent.library,
                number,
            };
            let made = find(connection, &id, &who.beyond_walls())?;
            events::of_container(connection, library.id, &made, Action::Insert, now)?;
            Ok(made)
        })
        .await
    }

    /// Changes a workspace or folder; a changed security reaches what inherits it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NoAccess`], [`StoreError::Invalid`].
    pub async fn update_container(
        &self,
        id: ContainerId,
        changes: ContainerChanges,
        who: Principal,
        now: Timestamp,
    ) -> Result<Container, StoreError> {
        self.write(move |connection| {
            let security_changes = changes.default_security.is_some() || changes.owner.is_some();
            let needed = if security_changes { Access::ChangeSecurity } else { Access::ReadWrite };
            let kept = find_for(connection, &id, &who, needed)?;
            let library = libraries::find(connection, &id.library)?;
            let before = kept.held();
            let name = changes.name.unwrap_or(kept.name);
            check_name(&name)?;
            let mut extra = changes.extra.unwrap_or_else(|| kept.extra.clone());
            lookups::settle_container(connection, library.id, &kept.extra, &mut extra)?;
            let security = changes.default_security.unwrap_or(kept.default_security);
            let above = above(connection, library.id, kept.parent, security)?;
            let held = Held::below(connection, above, security, kept.own_entries)?;
            connection
                .prepare_cached(
                    "UPDATE containers SET name = ?3, name_key = ?4, description = ?5, owner = ?6, last_user = ?7,
                     default_security = ?8, effective_security = ?9, extra = ?10, edited = ?11, entries = ?12
                     WHERE library = ?1 AND number = ?2",
                )?
                .execute(params![
                    library.id,
                    id.number,
                    name,
                    name_key(&name),
                    changes.description.unwrap_or(kept.description),
                    changes.owner.unwrap_or(kept.owner),
                    who.user,
                    security_number(security),
                    security_number(held.security),
                    extra,
                    now.0,
                    held.entries
                ])?;
            if held != before {
                pass_on(connection, library.id, id.number, held)?;
            }
            if security_changes {
                audit::did(connection, format!("security changed of {id}"), &who, now)?;
            }
            let changed = find(connection, &id, &who.beyond_walls())?;
            events::of_container(connection, library.id, &changed, Action::Update, now)?;
            if security_changes {
                events::of_container(connection, library.id, &changed, Action::SecurityUpdate, now)?;
            }
            Ok(changed)
        })
        .await
    }

    /// Deletes an empty workspace or folder.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] while something is in it; otherwise as for a change.
    pub async fn delete_container(
        &self,
        id: ContainerId,
        kind: ContainerKind,
        who: Principal,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            let kept = find_for(connection, &id, &who, Access::Full)?;
            if kept.kind != kind {
                return Err(StoreError::NotFound("container"));
            }
            if kept.has_subfolders || kept.has_documents {
                return Err(StoreError::Conflict(format!(
                    "“{}” is not empty. Move or delete what is in it first.",
                    kept.name
                )));
            }
            let library = libraries::find(connection, &id.library)?;
            // What was deleted in it stays behind its walls.
            for from in [
                "DELETE FROM containers WHERE library = ?1 AND number = ?2",
                "DELETE FROM pairs WHERE library = ?1 AND number = ?2 AND version = 0",
                "DELETE FROM shortcuts WHERE target_library = ?1 AND target = ?2 AND kind = 2",
            ] {
                connection.execute(from, params![library.id, id.number])?;
            }
            events::of_container(connection, library.id, &kept, Action::Delete, now)?;
            events::container_is_gone(connection, library.id, &kept)?;
            audit::did(
                connection,
                format!("deleted {id}, “{}”", kept.name),
                &who,
                now,
            )
        })
        .await
    }
}
