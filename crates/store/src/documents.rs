//! Documents and their versions, as they are kept and read.

use crate::access::{
    Access, Facts, Principal, VERSION_FACTS, VERSION_IS_READABLE, effective, refusal, security_of,
};
use crate::locks::{self, Lock};
use crate::lookups::{self, Descriptions};
use crate::{Store, StoreError};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::{DocumentId, LibraryAlias};
use chancery_proto::work::DefaultSecurity;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::sync::LazyLock;

/// SHA-256 of a version's bytes.
pub type ContentHash = [u8; 32];

/// One version of a document with its whole profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The library's alias.
    pub library: String,
    /// The document's number in the library.
    pub number: u64,
    /// This version, from 1.
    pub version: u32,
    /// The document's latest version.
    pub latest: u32,
    /// The name, without extension.
    pub name: String,
    /// The extension, in lower case and without a dot.
    pub extension: String,
    /// For example `WORDX`.
    pub kind: String,
    /// The class.
    pub class: String,
    /// The subclass, or nothing.
    pub subclass: String,
    /// Key of the author.
    pub author: String,
    /// Key of the operator.
    pub operator: String,
    /// Key of the person who last changed it.
    pub last_user: String,
    /// The comment.
    pub comment: String,
    /// As it was set.
    pub default_security: DefaultSecurity,
    /// As it holds, after inheritance.
    pub effective_security: DefaultSecurity,
    /// In bytes.
    pub size: u64,
    /// Of the bytes.
    pub hash: ContentHash,
    /// When this version was made.
    pub created: Timestamp,
    /// When its content was last changed.
    pub edited: Timestamp,
    /// When its profile was last changed.
    pub profile_edited: Timestamp,
    /// When the file was made, where it came from.
    pub file_created: Timestamp,
    /// When the file was last changed, where it came from.
    pub file_edited: Timestamp,
    /// Further profile fields, as a JSON object.
    pub extra: String,
    /// Number of the workspace it belongs to.
    pub workspace: u64,
    /// That workspace's name; empty where it is gone.
    pub workspace_name: String,
    /// The set of its own entries.
    pub(crate) own_entries: i64,
    /// The set of entries that hold, after inheritance.
    pub(crate) entries: i64,
    /// What an entry gives whoever asked.
    pub(crate) granted: Option<Access>,
    /// Whether a wall is before it, for whoever asked.
    pub(crate) walled: bool,
    /// Who has it, if somebody does.
    pub lock: Option<Box<Lock>>,
    /// What the library's tables say about its values.
    pub descriptions: Descriptions,
    /// Whether other documents belong to it.
    pub is_related: bool,
}

impl Version {
    /// What whoever asked for it may do with it.
    #[must_use]
    pub fn access(&self, who: &Principal) -> Access {
        effective(
            who,
            Facts {
                walled: self.walled,
                owners: [&self.author, &self.operator],
                granted: self.granted,
                security: self.effective_security,
            },
        )
    }
}

const COLUMNS: &str = "v.number, v.version, v.name, v.extension, v.type, v.class, v.subclass, v.author, \
     v.operator, v.last_user, v.comment, v.default_security, v.effective_security, v.size, v.hash, v.created, \
     v.edited, v.profile_edited, v.file_created, v.file_edited, v.extra, d.latest, d.workspace, COALESCE(w.name, ''), l.alias, l.id, \
     v.own_entries, v.entries, ";

const FROM: &str = "versions v \
     JOIN documents d ON d.library = v.library AND d.number = v.number \
     JOIN libraries l ON l.id = v.library \
     LEFT JOIN containers w ON w.library = d.library AND w.number = d.workspace ";

/// Where [`columns`] are read from.
pub(crate) fn from() -> String {
    format!("{FROM}{}", locks::FROM)
}

const IS_RELATED: &str = "EXISTS (SELECT 1 FROM related re WHERE re.library = v.library AND re.number = v.number) AS related";

/// The column of [`columns`] that is the library's number.
pub(crate) const LIBRARY: usize = 25;

/// What is read of a version `v`, for the user `?1`.
pub(crate) fn columns() -> String {
    format!("{COLUMNS}{VERSION_FACTS}, {}, {IS_RELATED}", locks::COLUMNS)
}

/// Reads a row of [`columns`].
pub(crate) fn of_row(row: &Row<'_>) -> rusqlite::Result<Version> {
    Ok(Version {
        number: row.get(0)?,
        version: row.get(1)?,
        name: row.get(2)?,
        extension: row.get(3)?,
        kind: row.get(4)?,
        class: row.get(5)?,
        subclass: row.get(6)?,
        author: row.get(7)?,
        operator: row.get(8)?,
        last_user: row.get(9)?,
        comment: row.get(10)?,
        default_security: security_of(row.get(11)?),
        effective_security: security_of(row.get(12)?),
        size: row.get(13)?,
        hash: row.get(14)?,
        created: Timestamp(row.get(15)?),
        edited: Timestamp(row.get(16)?),
        profile_edited: Timestamp(row.get(17)?),
        file_created: Timestamp(row.get(18)?),
        file_edited: Timestamp(row.get(19)?),
        extra: row.get(20)?,
        latest: row.get(21)?,
        workspace: row.get(22)?,
        workspace_name: row.get(23)?,
        library: row.get(24)?,
        own_entries: row.get(26)?,
        entries: row.get(27)?,
        granted: row.get::<_, Option<i64>>(28)?.map(Access::from_number),
        walled: row.get(29)?,
        lock: locks::of_row(row, 30)?,
        descriptions: Descriptions::new(),
        is_related: row.get("related")?,
    })
}

/// One version: read so often that the question is written once.
static ONE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {} FROM {} WHERE l.alias = ?2 AND v.number = ?3 AND v.version = ?4 AND v.deleted IS NULL",
        columns(),
        from()
    )
});

/// The version, if the principal may know that it is there.
pub(crate) fn find(
    connection: &Connection,
    id: &DocumentId,
    who: &Principal,
) -> Result<Version, StoreError> {
    let mut statement = connection.prepare_cached(&ONE)?;
    let asked = params![who.user, id.library.as_str(), id.number, id.version];
    let found = statement.query_row(asked, of_row).optional()?;
    match found {
        Some(mut version) if version.access(who) >= Access::Read => {
            lookups::describe(connection, [&mut version])?;
            Ok(version)
        }
        _ => Err(StoreError::NotFound("document")),
    }
}

/// The version, if the principal may do that much with it.
pub(crate) fn find_for(
    connection: &Connection,
    id: &DocumentId,
    who: &Principal,
    needed: Access,
) -> Result<Version, StoreError> {
    let version = find(connection, id, who)?;
    if version.access(who) >= needed {
        Ok(version)
    } else {
        Err(refusal(needed))
    }
}

impl Store {
    /// One version with its profile, if `who` may know of it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not there for `who`.
    pub fn version(&self, id: &DocumentId, who: &Principal) -> Result<Version, StoreError> {
        self.read(|connection| find(connection, id, who))
    }

    /// Every version of a document that `who` may see, newest first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the version named is not there for `who`.
    pub fn versions(&self, id: &DocumentId, who: &Principal) -> Result<Vec<Version>, StoreError> {
        self.read(|connection| {
            find(connection, id, who)?;
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {} FROM {} WHERE {VERSION_IS_READABLE} AND l.alias = ?4 AND v.number = ?5
                 AND v.deleted IS NULL ORDER BY v.version DESC",
                columns(),
                from()
            ))?;
            let asked = params![
                who.user,
                who.external,
                who.standing(),
                id.library.as_str(),
                id.number
            ];
            let mut all: Vec<Version> = statement
                .query_map(asked, of_row)?
                .collect::<Result<_, _>>()?;
            lookups::describe(connection, &mut all)?;
            Ok(all)
        })
    }

    /// Whether any version, replaced ones included, still needs these bytes.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn content_is_needed(
        &self,
        library: &LibraryAlias,
        hash: &ContentHash,
    ) -> Result<bool, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM versions v JOIN libraries l ON l.id = v.library
                                WHERE l.alias = ?1 AND v.hash = ?2)
                     OR EXISTS (SELECT 1 FROM replaced r JOIN libraries l ON l.id = r.library
                                WHERE l.alias = ?1 AND r.hash = ?2)",
            )?;
            Ok(statement.query_row(params![library.as_str(), hash], |row| row.get(0))?)
        })
    }

    /// Which content the versions of a library have, deleted ones included.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn recorded_content(
        &self,
        library: &LibraryAlias,
    ) -> Result<Vec<RecordedContent>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT v.number, v.version, v.hash, v.size FROM versions v
                 JOIN libraries l ON l.id = v.library WHERE l.alias = ?1",
            )?;
            let recorded = statement
                .query_map([library.as_str()], |row| {
                    Ok(RecordedContent {
                        number: row.get(0)?,
                        version: row.get(1)?,
                        hash: row.get(2)?,
                        size: row.get(3)?,
                    })
                })?
                .collect::<Result<_, _>>()?;
            Ok(recorded)
        })
    }

    /// What is wrong with the database file itself; empty when nothing is.
    ///
    /// # Errors
    /// When the database cannot be read at all.
    pub fn integrity(&self) -> Result<Vec<String>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare("PRAGMA integrity_check")?;
            let lines: Vec<String> = statement
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            Ok(lines.into_iter().filter(|line| line != "ok").collect())
        })
    }
}

/// The content of one version, as it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordedContent {
    /// The document's number.
    pub number: u64,
    /// The version.
    pub version: u32,
    /// SHA-256 of the bytes.
    pub hash: ContentHash,
    /// In bytes.
    pub size: u64,
}
