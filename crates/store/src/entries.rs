//! Who has what access beside owners and the default. Each set of entries is
//! kept once, and items name their set: what thousands of documents inherit is
//! written in one place.

use crate::StoreError;
use crate::access::Access;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;

/// Somebody who may be given access.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trustee {
    /// A person, by key.
    User(String),
    /// A group, by key.
    Group(String),
}

impl Trustee {
    /// As it is kept.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::User(key) => format!("u:{key}"),
            Self::Group(key) => format!("g:{key}"),
        }
    }

    pub(crate) fn of_text(text: &str) -> Option<Self> {
        match text.split_at_checked(2)? {
            ("u:", key) => Some(Self::User(key.to_owned())),
            ("g:", key) => Some(Self::Group(key.to_owned())),
            _ => None,
        }
    }
}

/// What each trustee is given.
pub type Entries = BTreeMap<Trustee, Access>;

/// The number of the empty set.
pub(crate) const NONE: i64 = 0;

/// An item has so many entries at most.
pub const MOST_ENTRIES: usize = 1_000;

/// The entries of a set.
pub(crate) fn read(connection: &Connection, set: i64) -> Result<Entries, StoreError> {
    if set == NONE {
        return Ok(Entries::new());
    }
    let mut statement =
        connection.prepare_cached("SELECT trustee, level FROM entries WHERE set_id = ?1")?;
    let rows = statement.query_map([set], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
    })?;
    let mut entries = Entries::new();
    for row in rows {
        let (trustee, level) = row?;
        if let Some(trustee) = Trustee::of_text(&trustee) {
            entries.insert(trustee, Access::from_number(level));
        }
    }
    Ok(entries)
}

/// The number of that set, which is written down where it is new.
pub(crate) fn keep(connection: &Connection, entries: &Entries) -> Result<i64, StoreError> {
    if entries.is_empty() {
        return Ok(NONE);
    }
    // Keys have no line breaks, and the map is in order.
    let lines: Vec<String> = entries
        .iter()
        .map(|(trustee, level)| format!("{} {}", level.number(), trustee.text()))
        .collect();
    let text = lines.join("\n");
    let known: Option<i64> = connection
        .prepare_cached("SELECT id FROM entry_sets WHERE text = ?1")?
        .query_row([&text], |row| row.get(0))
        .optional()?;
    if let Some(known) = known {
        return Ok(known);
    }
    connection
        .prepare_cached("INSERT INTO entry_sets (text) VALUES (?1)")?
        .execute([&text])?;
    let set = connection.last_insert_rowid();
    for (trustee, level) in entries {
        connection
            .prepare_cached("INSERT INTO entries VALUES (?1, ?2, ?3)")?
            .execute(params![set, trustee.text(), level.number()])?;
    }
    Ok(set)
}

/// What an item that inherits has: the entries from above, and its own over them.
pub(crate) fn laid_over(connection: &Connection, above: i64, own: i64) -> Result<i64, StoreError> {
    if own == NONE || above == NONE || own == above {
        return Ok(if own == NONE { above } else { own });
    }
    let mut entries = read(connection, above)?;
    entries.extend(read(connection, own)?);
    keep(connection, &entries)
}
