//! Tables of a library that values of a profile are taken from: classes and
//! their subclasses, and the custom fields that stand for a name.
//!
//! A field whose table is empty takes any text; from the first entry on it takes
//! what the table has. What a profile had before stays, whatever the table says.

mod profiles;

pub use profiles::Descriptions;
pub(crate) use profiles::{describe, of_profile, of_version, settle_container, settle_version};

use crate::audit::{self, AuditEntry};
use crate::listing::{Listed, Page, like_pattern};
use crate::names::name_key;
use crate::{Store, StoreError, libraries};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::LibraryAlias;
use rusqlite::{Connection, Row, params};

/// The fields with a table, and the one that each belongs under.
const FIELDS: [(&str, Option<usize>); 17] = [
    ("class", None),
    ("subclass", Some(0)),
    ("custom1", None),
    ("custom2", Some(2)),
    ("custom3", None),
    ("custom4", None),
    ("custom5", None),
    ("custom6", None),
    ("custom7", None),
    ("custom8", None),
    ("custom9", None),
    ("custom10", None),
    ("custom11", None),
    ("custom12", None),
    ("custom29", None),
    ("custom30", Some(14)),
    ("custom31", None),
];

/// The class of documents that say none. It is there without an entry.
pub const USUAL_CLASS: &str = "DOC";

/// A field that has a table.
///
/// ```
/// use chancery_store::lookups::Lookup;
/// let matter = Lookup::of_field("Custom2").expect("a table");
/// assert_eq!(matter.field(), "custom2");
/// assert_eq!(matter.parent().map(Lookup::field), Some("custom1"));
/// assert!(Lookup::of_field("custom17").is_none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lookup(usize);

impl Lookup {
    /// Of documents.
    pub const CLASS: Self = Self(0);
    /// Below a class.
    pub const SUBCLASS: Self = Self(1);

    /// The table of a field, in whatever case its name is written.
    #[must_use]
    pub fn of_field(name: &str) -> Option<Self> {
        let found = FIELDS
            .iter()
            .position(|(field, _)| field.eq_ignore_ascii_case(name));
        found.map(Self)
    }

    /// The field's name as it travels.
    #[must_use]
    pub fn field(self) -> &'static str {
        FIELDS.get(self.0).map_or("", |(name, _)| name)
    }

    /// The field that this one belongs under.
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        FIELDS.get(self.0).and_then(|(_, parent)| *parent).map(Self)
    }

    fn child(self) -> Option<Self> {
        let below = |(_, parent): &(&str, Option<usize>)| *parent == Some(self.0);
        FIELDS.iter().position(below).map(Self)
    }

    fn all() -> impl Iterator<Item = Self> {
        (0..FIELDS.len()).map(Self)
    }
}

/// An entry of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What profiles hold.
    pub id: String,
    /// What people read.
    pub description: String,
    /// Whether it may be chosen.
    pub enabled: bool,
    /// Whether what carries it is about somebody's health.
    pub is_hipaa: bool,
    /// The entry above it: its id and description.
    pub parent: Option<(String, String)>,
}

/// What is to change of an entry; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryChanges {
    /// Another description.
    pub description: Option<String>,
    /// Whether it may be chosen.
    pub enabled: Option<bool>,
    /// Whether what carries it is about somebody's health.
    pub is_hipaa: Option<bool>,
}

/// Which entries of a table are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// Part of an id or description; `*` stands for anything.
    pub text: Option<String>,
    /// Part of an id.
    pub id: Option<String>,
    /// Part of a description.
    pub description: Option<String>,
    /// Those that may be chosen, or those that may not.
    pub enabled: Option<bool>,
    /// Those under the entry with that id.
    pub parent: Option<String>,
}

const COLUMNS: &str = "x.id, x.description, x.enabled, x.is_hipaa, p.id, p.description";
/// `?1` is the library, `?2` the field, `?3` the field above.
const FROM: &str = "lookups x LEFT JOIN lookups p
    ON p.library = x.library AND p.field = ?3 AND p.parent = '' AND p.key = x.parent AND x.parent <> ''
    WHERE x.library = ?1 AND x.field = ?2";

fn of_row(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let parent: Option<String> = row.get(4)?;
    Ok(Entry {
        id: row.get(0)?,
        description: row.get(1)?,
        enabled: row.get(2)?,
        is_hipaa: row.get(3)?,
        parent: match parent {
            Some(id) => Some((id, row.get(5)?)),
            None => None,
        },
    })
}

/// Finds one; without the parent's id where it is the only one of its id.
fn find(
    connection: &Connection,
    library: i64,
    table: Lookup,
    id: &str,
    parent: Option<&str>,
) -> Result<Option<Entry>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {FROM} AND x.key = ?4 AND (?5 IS NULL OR x.parent = ?5) LIMIT 2"
    );
    let above = table.parent().map_or("", Lookup::field);
    let parent = parent.map(name_key);
    let found: Vec<Entry> = connection
        .prepare_cached(&sql)?
        .query_map(
            params![library, table.field(), above, name_key(id), parent],
            of_row,
        )?
        .collect::<Result<_, _>>()?;
    if found.len() > 1 {
        return Err(StoreError::invalid(
            "parent_alias",
            format!("“{id}” is there more than once; say under which"),
        ));
    }
    Ok(found.into_iter().next())
}

fn has_any(connection: &Connection, library: i64, table: Lookup) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM lookups WHERE library = ?1 AND field = ?2)")?
        .query_row(params![library, table.field()], |row| row.get(0))?)
}

fn check_texts(id: Option<&str>, description: Option<&str>) -> Result<(), StoreError> {
    for (field, text, longest) in [("id", id, 64), ("description", description, 255)] {
        let Some(text) = text else { continue };
        if text.chars().count() > longest || text.chars().any(char::is_control) {
            return Err(StoreError::invalid(
                field,
                format!("it has at most {longest} characters and no control characters"),
            ));
        }
        if field == "id" && text.trim().is_empty() {
            return Err(StoreError::invalid(
                field,
                "it has at least one character that can be seen",
            ));
        }
    }
    Ok(())
}

/// The key of the entry above, which has to be there where the table has one above.
fn key_above(
    connection: &Connection,
    library: i64,
    table: Lookup,
    parent: Option<&str>,
) -> Result<String, StoreError> {
    match (table.parent(), parent) {
        (None, None) => Ok(String::new()),
        (None, Some(_)) => Err(StoreError::invalid(
            "parent",
            format!("{} belongs under no other field", table.field()),
        )),
        (Some(above), None) => Err(StoreError::invalid(
            "parent",
            format!(
                "it is missing: {} belongs under {}",
                table.field(),
                above.field()
            ),
        )),
        (Some(above), Some(id)) => {
            let is_usual = above == Lookup::CLASS && id.eq_ignore_ascii_case(USUAL_CLASS);
            if is_usual || find(connection, library, above, id, None)?.is_some() {
                Ok(name_key(id))
            } else {
                Err(StoreError::invalid(
                    "parent",
                    format!("{} has no entry “{id}”", above.field()),
                ))
            }
        }
    }
}

fn insert(
    connection: &Connection,
    library: i64,
    table: Lookup,
    entry: &Entry,
    now: Timestamp,
) -> Result<bool, StoreError> {
    check_texts(Some(&entry.id), Some(&entry.description))?;
    let parent = entry.parent.as_ref().map(|(id, _)| id.as_str());
    let above = key_above(connection, library, table, parent)?;
    let added = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO lookups VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            library,
            table.field(),
            above,
            name_key(&entry.id),
            entry.id,
            entry.description,
            entry.enabled,
            entry.is_hipaa,
            now.0
        ])?;
    Ok(added > 0)
}

fn change(
    connection: &Connection,
    library: i64,
    table: Lookup,
    entry: &Entry,
    changes: &EntryChanges,
    now: Timestamp,
) -> Result<(), StoreError> {
    check_texts(None, changes.description.as_deref())?;
    let parent = entry.parent.as_ref().map(|(id, _)| name_key(id));
    connection
        .prepare_cached(
            "UPDATE lookups SET description = COALESCE(?5, description), enabled = COALESCE(?6, enabled),
             is_hipaa = COALESCE(?7, is_hipaa), edited = ?8
             WHERE library = ?1 AND field = ?2 AND parent = ?3 AND key = ?4",
        )?
        .execute(params![
            library,
            table.field(),
            parent.unwrap_or_default(),
            name_key(&entry.id),
            changes.description,
            changes.enabled,
            changes.is_hipaa,
            now.0
        ])?;
    Ok(())
}

impl Store {
    /// Entries of a table, by id; never more than the page asks for.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the library.
    pub fn lookups(
        &self,
        library: &LibraryAlias,
        table: Lookup,
        filter: &EntryFilter,
        page: &Page,
    ) -> Result<Listed<Entry>, StoreError> {
        self.read(|connection| {
            let library = libraries::find(connection, library)?.id;
            let conditions = "AND (?4 IS NULL OR x.parent = ?4) AND (?5 IS NULL OR x.enabled = ?5)
                AND (?6 IS NULL OR x.id LIKE ?6 ESCAPE '\\' OR x.description LIKE ?6 ESCAPE '\\')
                AND (?7 IS NULL OR x.id LIKE ?7 ESCAPE '\\')
                AND (?8 IS NULL OR x.description LIKE ?8 ESCAPE '\\')";
            let above = table.parent().map_or("", Lookup::field);
            let pattern = |text: &Option<String>| text.as_deref().map(like_pattern);
            let (parent, text) = (filter.parent.as_deref().map(name_key), pattern(&filter.text));
            let (id, description) = (pattern(&filter.id), pattern(&filter.description));
            let total = if page.total {
                let sql = format!("SELECT COUNT(*) FROM {FROM} {conditions}");
                let asked = params![library, table.field(), above, parent, filter.enabled, text, id, description];
                Some(connection.prepare_cached(&sql)?.query_row(asked, |row| row.get(0))?)
            } else {
                None
            };
            let sql = format!(
                "SELECT {COLUMNS} FROM {FROM} {conditions} ORDER BY x.key, x.parent LIMIT ?9 OFFSET ?10"
            );
            let offset = i64::try_from(page.offset).unwrap_or(i64::MAX);
            let asked = params![
                library, table.field(), above, parent, filter.enabled, text, id, description, page.limit, offset
            ];
            let items = connection
                .prepare_cached(&sql)?
                .query_map(asked, of_row)?
                .collect::<Result<_, _>>()?;
            Ok(Listed { items, total, cursor: None })
        })
    }

    /// One entry; without its parent's id where it is the only one of its id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the library or the entry, [`StoreError::Invalid`]
    /// where it has to be said under which.
    pub fn lookup(
        &self,
        library: &LibraryAlias,
        table: Lookup,
        id: &str,
        parent: Option<&str>,
    ) -> Result<Entry, StoreError> {
        self.read(|connection| {
            let library = libraries::find(connection, library)?.id;
            find(connection, library, table, id, parent)?.ok_or(StoreError::NotFound("entry"))
        })
    }

    /// Adds an entry to a table.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the library, [`StoreError::Conflict`] when it is
    /// there, [`StoreError::Invalid`].
    pub async fn add_lookup(
        &self,
        library: LibraryAlias,
        table: Lookup,
        entry: Entry,
        now: Timestamp,
        audit: AuditEntry,
    ) -> Result<Entry, StoreError> {
        self.write(move |connection| {
            let library = libraries::find(connection, &library)?.id;
            if !insert(connection, library, table, &entry, now)? {
                return Err(StoreError::Conflict(format!(
                    "{} has an entry “{}” already.",
                    table.field(),
                    entry.id
                )));
            }
            audit::add(connection, &audit)?;
            let parent = entry.parent.as_ref().map(|(id, _)| id.as_str());
            find(connection, library, table, &entry.id, parent)?
                .ok_or(StoreError::NotFound("entry"))
        })
        .await
    }

    /// Adds what is not there and changes what is: all of it or nothing. Answers
    /// how many were added, and how many changed.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the library, [`StoreError::Invalid`].
    pub async fn import_lookups(
        &self,
        library: LibraryAlias,
        table: Lookup,
        entries: Vec<Entry>,
        now: Timestamp,
        audit: AuditEntry,
    ) -> Result<(u64, u64), StoreError> {
        self.write(move |connection| {
            let library = libraries::find(connection, &library)?.id;
            let (mut added, mut changed) = (0, 0);
            for entry in entries {
                if insert(connection, library, table, &entry, now)? {
                    added += 1;
                    continue;
                }
                let parent = entry.parent.as_ref().map(|(id, _)| id.as_str());
                let before = find(connection, library, table, &entry.id, parent)?
                    .ok_or(StoreError::NotFound("entry"))?;
                if before.description != entry.description || before.enabled != entry.enabled {
                    let changes = EntryChanges {
                        description: Some(entry.description),
                        enabled: Some(entry.enabled),
                        is_hipaa: None,
                    };
                    change(connection, library, table, &before, &changes, now)?;
                    changed += 1;
                }
            }
            audit::add(connection, &audit)?;
            Ok((added, changed))
        })
        .await
    }

    /// Changes an entry. What carries it shows the new description at once.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Invalid`].
    pub async fn change_lookup(
        &self,
        library: LibraryAlias,
        table: Lookup,
        (id, parent): (String, Option<String>),
        changes: EntryChanges,
        now: Timestamp,
        audit: AuditEntry,
    ) -> Result<Entry, StoreError> {
        self.write(move |connection| {
            let library = libraries::find(connection, &library)?.id;
            let parent = parent.as_deref();
            let missing = || StoreError::NotFound("entry");
            let entry = find(connection, library, table, &id, parent)?.ok_or_else(missing)?;
            change(connection, library, table, &entry, &changes, now)?;
            audit::add(connection, &audit)?;
            find(connection, library, table, &id, parent)?.ok_or_else(missing)
        })
        .await
    }

    /// Takes an entry out of its table. What carries it keeps its id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] while entries are under it.
    pub async fn remove_lookup(
        &self,
        library: LibraryAlias,
        table: Lookup,
        (id, parent): (String, Option<String>),
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            let library = libraries::find(connection, &library)?.id;
            let entry = find(connection, library, table, &id, parent.as_deref())?
                .ok_or(StoreError::NotFound("entry"))?;
            let key = name_key(&entry.id);
            if let Some(below) = table.child() {
                let has_below: bool = connection
                    .prepare_cached(
                        "SELECT EXISTS (SELECT 1 FROM lookups WHERE library = ?1 AND field = ?2 AND parent = ?3)",
                    )?
                    .query_row(params![library, below.field(), key], |row| row.get(0))?;
                if has_below {
                    return Err(StoreError::Conflict(format!(
                        "Entries of {} are under “{}”. Remove them first, or disable “{}”.",
                        below.field(),
                        entry.id,
                        entry.id
                    )));
                }
            }
            let above = entry.parent.map(|(id, _)| name_key(&id)).unwrap_or_default();
            connection
                .prepare_cached(
                    "DELETE FROM lookups WHERE library = ?1 AND field = ?2 AND parent = ?3 AND key = ?4",
                )?
                .execute(params![library, table.field(), above, key])?;
            audit::add(connection, &audit)
        })
        .await
    }
}
