//! The marks that bind what happened together: each line of a log is marked with
//! a digest of itself and of the mark before it. Whoever changes, removes or puts
//! in a line changes every mark behind it.

use crate::StoreError;
use rusqlite::{Connection, OptionalExtension, Row};
use sha2::{Digest as _, Sha256};

/// The mark of a line.
pub type Mark = [u8; 32];

/// Before the first line of a log.
const BEGINNING: Mark = [0; 32];

/// A log whose lines are bound together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// Sign-ins and administration.
    Audit,
    /// What was done with documents.
    History,
}

impl Log {
    /// Its name as it travels.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::History => "history",
        }
    }

    /// The columns that are marked, in their order; the first is the id.
    #[must_use]
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Audit => &[
                "id",
                "at",
                "user",
                "activity",
                "outcome",
                "method",
                "application",
                "address",
            ],
            Self::History => &[
                "id",
                "library",
                "number",
                "version",
                "at",
                "user",
                "activity",
                "application",
                "location",
                "comment",
            ],
        }
    }
}

/// A value of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// A number, or a time in milliseconds since 1970.
    Number(i64),
    /// A text.
    Text(String),
}

/// A line as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Later ones have higher numbers.
    pub id: i64,
    /// What is marked, in the order of [`Log::columns`].
    pub fields: Vec<Field>,
    /// What binds it to the line before.
    pub mark: Mark,
}

/// The mark of a line behind that one: SHA-256 over the log's name, the mark
/// before, and each value with its kind and length.
///
/// ```
/// use chancery_store::audit::{Field, Log, mark};
/// let first = mark(Log::Audit, &[0; 32], &[Field::Number(1), Field::Text("ann".to_owned())]);
/// let other = mark(Log::Audit, &[0; 32], &[Field::Number(1), Field::Text("bob".to_owned())]);
/// assert_ne!(first, other);
/// ```
#[must_use]
pub fn mark(log: Log, before: &Mark, fields: &[Field]) -> Mark {
    let mut digest = Sha256::new();
    digest.update(b"chancery ");
    digest.update(log.name());
    digest.update([0]);
    digest.update(before);
    for field in fields {
        match field {
            Field::Number(number) => {
                digest.update(b"n");
                digest.update(number.to_be_bytes());
            }
            Field::Text(text) => {
                digest.update(b"t");
                digest.update((text.len() as u64).to_be_bytes());
                digest.update(text.as_bytes());
            }
        }
    }
    digest.finalize().into()
}

/// The last line's id and mark.
pub(crate) fn head(connection: &Connection, log: Log) -> Result<(i64, Mark), StoreError> {
    let found = connection
        .prepare_cached(&format!(
            "SELECT id, mark FROM {} ORDER BY id DESC LIMIT 1",
            log.name()
        ))?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.unwrap_or((0, BEGINNING)))
}

/// Reads the marked columns of a line, from column 0 on.
fn fields_of(log: Log, row: &Row<'_>) -> rusqlite::Result<Vec<Field>> {
    use rusqlite::types::ValueRef;
    (0..log.columns().len())
        .map(|index| {
            Ok(match row.get_ref(index)? {
                ValueRef::Integer(number) => Field::Number(number),
                other => Field::Text(
                    String::from_utf8_lossy(other.as_bytes().unwrap_or_default()).into_owned(),
                ),
            })
        })
        .collect()
}

/// Marks the lines that were there before there were marks.
pub(crate) fn mark_all(connection: &Connection) -> Result<(), StoreError> {
    for log in [Log::Audit, Log::History] {
        let (name, columns) = (log.name(), log.columns().join(", "));
        let mut before = BEGINNING;
        let mut read = connection.prepare(&format!("SELECT {columns} FROM {name} ORDER BY id"))?;
        let mut write =
            connection.prepare(&format!("UPDATE {name} SET mark = ?2 WHERE id = ?1"))?;
        let mut rows = read.query([])?;
        while let Some(row) = rows.next()? {
            let fields = fields_of(log, row)?;
            before = mark(log, &before, &fields);
            write.execute(rusqlite::params![row.get::<_, i64>(0)?, before])?;
        }
    }
    Ok(())
}

/// What was found when a log was looked through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// How many lines there are.
    pub lines: u64,
    /// The id of the last one.
    pub last: i64,
    /// Its mark.
    pub head: Mark,
    /// The first line whose mark is not what it has to be.
    pub broken: Option<i64>,
}

fn line_of(log: Log, row: &Row<'_>) -> rusqlite::Result<LogLine> {
    let mark: Option<Mark> = row.get(log.columns().len())?;
    Ok(LogLine {
        id: row.get(0)?,
        fields: fields_of(log, row)?,
        mark: mark.unwrap_or(BEGINNING),
    })
}

/// Lines in their order.
pub(crate) fn lines(
    connection: &Connection,
    log: Log,
    after: i64,
    most: u32,
) -> Result<Vec<LogLine>, StoreError> {
    let (name, columns) = (log.name(), log.columns().join(", "));
    let lines = connection
        .prepare_cached(&format!(
            "SELECT {columns}, mark FROM {name} WHERE id > ?1 ORDER BY id LIMIT ?2"
        ))?
        .query_map(rusqlite::params![after, most], |row| line_of(log, row))?
        .collect::<Result<_, _>>()?;
    Ok(lines)
}

/// Looks through a whole log.
pub(crate) fn look(
    connection: &Connection,
    log: Log,
    mut see: impl FnMut(&LogLine),
) -> Result<Looked, StoreError> {
    let (name, columns) = (log.name(), log.columns().join(", "));
    let mut looked = Looked {
        lines: 0,
        last: 0,
        head: BEGINNING,
        broken: None,
    };
    let mut read =
        connection.prepare(&format!("SELECT {columns}, mark FROM {name} ORDER BY id"))?;
    let mut rows = read.query([])?;
    while let Some(row) = rows.next()? {
        let line = line_of(log, row)?;
        if line.mark != mark(log, &looked.head, &line.fields) {
            looked.broken.get_or_insert(line.id);
        }
        see(&line);
        looked.lines += 1;
        looked.last = line.id;
        looked.head = line.mark;
    }
    Ok(looked)
}

#[cfg(test)]
mod tests {
    use super::{BEGINNING, Field, Log, mark};

    #[test]
    fn a_mark_depends_on_the_log_the_mark_before_and_every_value() {
        let text = |text: &str| Field::Text(text.to_owned());
        let one = [Field::Number(1), text("ab"), text("c")];
        let marks = [
            mark(Log::Audit, &BEGINNING, &one),
            mark(Log::History, &BEGINNING, &one),
            mark(Log::Audit, &[1; 32], &one),
            mark(
                Log::Audit,
                &BEGINNING,
                &[Field::Number(2), text("ab"), text("c")],
            ),
            // The same letters, divided otherwise.
            mark(
                Log::Audit,
                &BEGINNING,
                &[Field::Number(1), text("a"), text("bc")],
            ),
            mark(Log::Audit, &BEGINNING, &[text("1"), text("ab"), text("c")]),
        ];
        for (index, mark) in marks.iter().enumerate() {
            assert!(!marks[index + 1..].contains(mark), "{index}");
        }
    }
}
