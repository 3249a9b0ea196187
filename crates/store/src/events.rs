//! What changed, in its order: a feed with a cursor.
//!
//! A line is written in the transaction that it tells of. It is read by whoever
//! may see the item then; what is gone keeps who could have seen it.

use crate::access::{
    CONTAINER_IS_READABLE, GONE_IS_READABLE, Principal, VERSION_IS_READABLE, security_number,
};
use crate::containers::{Container, ContainerKind};
use crate::documents::Version;
use crate::history::Activity;
use crate::{Store, StoreError, libraries};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::LibraryAlias;
use rusqlite::{Connection, OptionalExtension, params};

/// So many lines are looked at for one answer.
const LOOKED_AT: i64 = 20_000;
/// So many old lines leave the database at once.
const FORGOTTEN_AT_ONCE: i64 = 10_000;
const FORGOTTEN: &str = "events-forgotten";

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is there from now on.
    Insert,
    /// Its bytes changed, or a container's fields.
    Update,
    /// It is not there any more.
    Delete,
    /// Its profile changed, or who has it.
    ProfileUpdate,
    /// Who may see it changed; of all that inherits from it, too.
    SecurityUpdate,
    /// It was filed in a folder.
    DocumentLink,
    /// It was taken out of a folder.
    DocumentUnlink,
    /// A folder went elsewhere, with all that is in it.
    ContainerMove,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Insert,
        Self::Update,
        Self::Delete,
        Self::ProfileUpdate,
        Self::SecurityUpdate,
        Self::DocumentLink,
        Self::DocumentUnlink,
        Self::ContainerMove,
    ];

    fn number(self) -> i64 {
        match self {
            Self::Insert => 1,
            Self::Update => 2,
            Self::Delete => 3,
            Self::ProfileUpdate => 4,
            Self::SecurityUpdate => 5,
            Self::DocumentLink => 6,
            Self::DocumentUnlink => 7,
            Self::ContainerMove => 8,
        }
    }

    /// The word that travels.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::ProfileUpdate => "profile_update",
            Self::SecurityUpdate => "security_update",
            Self::DocumentLink => "document_link",
            Self::DocumentUnlink => "document_unlink",
            Self::ContainerMove => "container_move",
        }
    }
}

/// What it was done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    /// A version of a document.
    Document,
    /// A workspace.
    Workspace,
    /// A folder.
    Folder,
}

impl ItemKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Document, Self::Workspace, Self::Folder];

    fn number(self) -> i64 {
        match self {
            Self::Document => 1,
            Self::Workspace => 2,
            Self::Folder => 3,
        }
    }

    /// The word that travels.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Workspace => "workspace",
            Self::Folder => "folder",
        }
    }
}

/// One line of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its number: the cursor behind it.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// What was done; None where a newer server wrote it.
    pub action: Option<Action>,
    /// To what; None where a newer server wrote it.
    pub kind: Option<ItemKind>,
    /// Its number in the library.
    pub number: u64,
    /// Its version; 0 for a container.
    pub version: u32,
    /// The folder that it went into or out of, or the container that it is in,
    /// where the reader may see it.
    pub related: Option<u64>,
    /// Its workspace.
    pub root: u64,
}

/// Which lines are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of these actions; all of them when empty.
    pub actions: Vec<Action>,
    /// Of these kinds; all of them when empty.
    pub kinds: Vec<ItemKind>,
}

/// A part of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fed {
    /// The lines, in their order.
    pub events: Vec<Event>,
    /// Where to go on.
    pub cursor: i64,
    /// Whether there is more already.
    pub overflow: bool,
}

fn add(
    connection: &Connection,
    library: i64,
    now: Timestamp,
    action: Action,
    (kind, number, version): (ItemKind, u64, u32),
    related: Option<u64>,
    root: u64,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO events (library, at, action, kind, number, version, related, root)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            library,
            now.0,
            action.number(),
            kind.number(),
            number,
            version,
            related,
            root
        ])?;
    Ok(())
}

/// Tells of what was done with a document, where it is a change.
pub(crate) fn of_activity(
    connection: &Connection,
    library: i64,
    version: &Version,
    activity: Activity,
    now: Timestamp,
) -> Result<(), StoreError> {
    let action = match activity {
        Activity::Create | Activity::NewVersion | Activity::Restore => Action::Insert,
        Activity::Replace | Activity::CheckIn => Action::Update,
        Activity::Profile | Activity::Lock | Activity::Unlock | Activity::CheckOut => {
            Action::ProfileUpdate
        }
        Activity::Security => Action::SecurityUpdate,
        Activity::Delete => Action::Delete,
        // What moved says so itself; the copy is a new document; what is deleted
        // for good was deleted before.
        Activity::View | Activity::Export | Activity::Move | Activity::Copy | Activity::Purge => {
            return Ok(());
        }
    };
    of_version(connection, library, version, action, None, now)
}

/// Tells of a version, and of the folder that it went into or out of.
pub(crate) fn of_version(
    connection: &Connection,
    library: i64,
    version: &Version,
    action: Action,
    folder: Option<u64>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let what = (ItemKind::Document, version.number, version.version);
    add(
        connection,
        library,
        now,
        action,
        what,
        folder,
        version.workspace,
    )
}

/// Tells of a workspace or folder.
pub(crate) fn of_container(
    connection: &Connection,
    library: i64,
    container: &Container,
    action: Action,
    now: Timestamp,
) -> Result<(), StoreError> {
    let kind = match container.kind {
        ContainerKind::Workspace => ItemKind::Workspace,
        ContainerKind::Folder => ItemKind::Folder,
    };
    add(
        connection,
        library,
        now,
        action,
        (kind, container.number, 0),
        container.parent,
        container.workspace,
    )
}

/// A version is gone for good: its lines keep who could have seen it.
pub(crate) fn version_is_gone(
    connection: &Connection,
    library: i64,
    version: &Version,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE events SET owner = ?4, operator = ?5, effective_security = ?6, entries = ?7, root = ?8
             WHERE library = ?1 AND number = ?2 AND version = ?3",
        )?
        .execute(params![
            library,
            version.number,
            version.version,
            version.author,
            version.operator,
            security_number(version.effective_security),
            version.entries,
            version.workspace
        ])?;
    Ok(())
}

/// A workspace or folder is gone: its lines keep who could have seen it.
pub(crate) fn container_is_gone(
    connection: &Connection,
    library: i64,
    container: &Container,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE events SET owner = ?3, operator = ?3, effective_security = ?4, entries = ?5, root = ?6
             WHERE library = ?1 AND number = ?2 AND version = 0",
        )?
        .execute(params![
            library,
            container.number,
            container.owner,
            security_number(container.effective_security),
            container.entries,
            container.workspace
        ])?;
    Ok(())
}

fn newest(connection: &Connection) -> Result<i64, StoreError> {
    let found: Option<i64> = connection
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'events'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(0))
}

/// The number of the last line that left the database.
fn forgotten(connection: &Connection) -> Result<i64, StoreError> {
    let found: Option<i64> = connection
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([FORGOTTEN], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(0))
}

/// Numbers that may have been given elsewhere are passed over.
const LEAP: i64 = 1_000_000;

/// Has a numbered table go on a long way behind its newest number.
pub(crate) fn leap(connection: &Connection, table: &str) -> Result<(), StoreError> {
    let changed = connection.execute(
        "UPDATE sqlite_sequence SET seq = seq + ?2 WHERE name = ?1",
        params![table, LEAP],
    )?;
    if changed == 0 {
        connection.execute(
            "INSERT INTO sqlite_sequence VALUES (?1, ?2)",
            params![table, LEAP],
        )?;
    }
    Ok(())
}

/// Begins the feed anew: a cursor from before is refused.
pub(crate) fn begin_anew(connection: &Connection) -> Result<(), StoreError> {
    connection.execute("DELETE FROM events", [])?;
    leap(connection, "events")?;
    let end = newest(connection)?;
    connection.execute(
        "INSERT OR REPLACE INTO meta VALUES (?1, ?2)",
        params![FORGOTTEN, end],
    )?;
    Ok(())
}

/// A condition like `e.action IN (1,4)`, or nothing where all are wanted. The
/// numbers are ours.
fn among(column: &str, numbers: &[i64]) -> String {
    if numbers.is_empty() {
        return String::new();
    }
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    format!("AND {column} IN ({})", numbers.join(","))
}

impl Store {
    /// The number of the newest line: where somebody begins who wants what comes.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn newest_event(&self) -> Result<i64, StoreError> {
        self.read(newest)
    }

    /// What changed in a library after `cursor`, as far as `who` may see it: up to
    /// `most` lines. Without a cursor from the oldest line that is kept.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the library; [`StoreError::Invalid`] for a cursor
    /// that is no cursor, or so old that what follows it is not kept any more.
    pub fn events(
        &self,
        library: &LibraryAlias,
        cursor: Option<i64>,
        filter: &EventFilter,
        who: &Principal,
        most: u32,
    ) -> Result<Fed, StoreError> {
        self.read(|connection| {
            let library = libraries::find(connection, library)?.id;
            let (oldest, newest) = (forgotten(connection)?, newest(connection)?);
            let cursor = cursor.unwrap_or(oldest);
            if cursor < oldest {
                return Err(StoreError::invalid(
                    "cursor",
                    "what follows it is not kept any more; read what you need anew, and go on with cursor=now",
                ));
            }
            if cursor > newest {
                return Err(StoreError::invalid("cursor", "it is not one that this feed gave"));
            }
            let end = newest.min(cursor.saturating_add(LOOKED_AT));
            let actions: Vec<i64> = filter.actions.iter().map(|one| one.number()).collect();
            let kinds: Vec<i64> = filter.kinds.iter().map(|one| one.number()).collect();
            let sql = format!(
                "SELECT e.seq, e.at, e.action, e.kind, e.number, e.version, e.root,
                    CASE WHEN EXISTS (SELECT 1 FROM containers c WHERE c.library = e.library AND c.number = e.related
                        AND {CONTAINER_IS_READABLE}) THEN e.related END
                 FROM events e
                 LEFT JOIN versions v ON e.version > 0 AND v.library = e.library AND v.number = e.number
                    AND v.version = e.version
                 LEFT JOIN documents d ON d.library = v.library AND d.number = v.number
                 LEFT JOIN containers c ON e.version = 0 AND c.library = e.library AND c.number = e.number
                 WHERE e.library = ?4 AND e.seq > ?5 AND e.seq <= ?6 {} {}
                    AND CASE WHEN v.number IS NOT NULL THEN {VERSION_IS_READABLE}
                        WHEN c.number IS NOT NULL THEN {CONTAINER_IS_READABLE}
                        ELSE e.owner IS NOT NULL AND {GONE_IS_READABLE} END
                 ORDER BY e.seq LIMIT ?7",
                among("e.action", &actions),
                among("e.kind", &kinds)
            );
            let asked = params![
                who.user,
                who.external,
                who.standing(),
                library,
                cursor,
                end,
                i64::from(most) + 1
            ];
            let mut events: Vec<Event> = connection
                .prepare_cached(&sql)?
                .query_map(asked, |row| {
                    let (action, kind): (i64, i64) = (row.get(2)?, row.get(3)?);
                    Ok(Event {
                        seq: row.get(0)?,
                        at: Timestamp(row.get(1)?),
                        action: Action::ALL.into_iter().find(|one| one.number() == action),
                        kind: ItemKind::ALL.into_iter().find(|one| one.number() == kind),
                        number: row.get(4)?,
                        version: row.get(5)?,
                        related: row.get(7)?,
                        root: row.get(6)?,
                    })
                })?
                .collect::<Result<_, _>>()?;
            let wanted = usize::try_from(most).unwrap_or(usize::MAX);
            let is_cut = events.len() > wanted;
            events.truncate(wanted);
            let last = events.last().map(|event| event.seq);
            Ok(Fed {
                events,
                cursor: last.filter(|_| is_cut).unwrap_or(end),
                overflow: is_cut || end < newest,
            })
        })
    }

    /// Lets go of lines from before `before`, some at a time; whether there may be
    /// more of them. To be called now and then.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn forget_old_events(&self, before: Timestamp) -> Result<bool, StoreError> {
        self.write(move |connection| {
            // Times may go back where a clock does; numbers do not.
            let kept: Option<i64> = connection.query_row(
                "SELECT MIN(seq) FROM events WHERE at >= ?1",
                [before.0],
                |row| row.get(0),
            )?;
            let upto = match kept {
                Some(seq) => seq - 1,
                None => newest(connection)?,
            };
            let from = forgotten(connection)?;
            if upto <= from {
                return Ok(false);
            }
            let end = upto.min(from + FORGOTTEN_AT_ONCE);
            connection.execute("DELETE FROM events WHERE seq <= ?1", [end])?;
            connection.execute(
                "INSERT OR REPLACE INTO meta VALUES (?1, ?2)",
                params![FORGOTTEN, end],
            )?;
            Ok(end < upto)
        })
        .await
    }
}
