//! A query as it grows, and the pages that it is read in.

use crate::StoreError;
use crate::access::Principal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::LibraryAlias;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// At most so many, 1 to 9,999.
    pub limit: u32,
    /// Left out at the beginning; past the end is an empty page.
    pub offset: u64,
    /// Where to go on, as [`Listed::cursor`] told; wins over the offset.
    pub cursor: Option<String>,
    /// The other way round.
    pub descending: bool,
    /// Whether to count them all.
    pub total: bool,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            limit: 500,
            offset: 0,
            cursor: None,
            descending: false,
            total: false,
        }
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The items.
    pub items: Vec<T>,
    /// How many there are in all, where it was asked.
    pub total: Option<u64>,
    /// Where the next page begins, where there is one.
    pub cursor: Option<String>,
}

/// A query as it grows. `?1` to `?3` are always the principal.
pub(super) struct Query {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Query {
    pub(super) fn by(who: &Principal, readable: &str) -> Self {
        Self {
            conditions: vec![readable.to_owned()],
            values: vec![
                Value::from(who.user.clone()),
                Value::from(i64::from(who.external)),
                Value::from(who.standing()),
            ],
        }
    }

    pub(super) fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    pub(super) fn add(&mut self, condition: impl Into<String>) {
        self.conditions.push(condition.into());
    }

    pub(super) fn equal(&mut self, column: &str, value: Option<&str>) {
        if let Some(value) = value {
            let place = self.value(value.to_owned());
            self.add(format!("{column} = {place}"));
        }
    }

    pub(super) fn same_letters(&mut self, column: &str, value: Option<&str>) {
        if let Some(value) = value {
            let place = self.value(value.to_owned());
            self.add(format!("{column} = {place} COLLATE NOCASE"));
        }
    }

    /// A part of any of the columns, without regard to case; `*` stands for anything.
    pub(super) fn part_of(&mut self, columns: &[&str], value: Option<&str>) {
        if let Some(value) = value {
            let place = self.value(like_pattern(value));
            let any: Vec<String> = columns
                .iter()
                .map(|column| format!("{column} LIKE {place} ESCAPE '\\'"))
                .collect();
            self.add(format!("({})", any.join(" OR ")));
        }
    }

    pub(super) fn any_of(&mut self, column: &str, values: Vec<Value>) {
        if !values.is_empty() {
            let places: Vec<String> = values.into_iter().map(|value| self.value(value)).collect();
            self.add(format!("{column} IN ({})", places.join(",")));
        }
    }

    pub(super) fn libraries(&mut self, column: &str, aliases: &[LibraryAlias]) {
        self.any_of(
            column,
            aliases
                .iter()
                .map(|alias| Value::from(alias.as_str().to_owned()))
                .collect(),
        );
    }

    pub(super) fn between(&mut self, column: &str, from: Option<Timestamp>, to: Option<Timestamp>) {
        for (time, sign) in [(from, ">="), (to, "<=")] {
            if let Some(time) = time {
                let place = self.value(time.0);
                self.add(format!("{column} {sign} {place}"));
            }
        }
    }

    /// Carries it out. `keys` are the columns of the order, which must name
    /// every row once; `key_of` gives their values for a row that was read.
    pub(super) fn page<T>(
        mut self,
        connection: &Connection,
        select: (&str, &str),
        keys: &[&str],
        page: &Page,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
        key_of: impl Fn(&T) -> Vec<Value>,
    ) -> Result<Listed<T>, StoreError> {
        let (columns, from) = select;
        let total = if page.total {
            let sql = format!(
                "SELECT COUNT(*) FROM {from} WHERE {}",
                self.conditions.join(" AND ")
            );
            let count: i64 = connection
                .prepare_cached(&sql)?
                .query_row(params_from_iter(self.values.iter()), |row| row.get(0))?;
            u64::try_from(count).ok()
        } else {
            None
        };
        if let Some(cursor) = &page.cursor {
            let values = read_cursor(cursor, keys.len())?;
            let places: Vec<String> = values.into_iter().map(|value| self.value(value)).collect();
            let sign = if page.descending { "<" } else { ">" };
            self.add(format!(
                "({}) {sign} ({})",
                keys.join(","),
                places.join(",")
            ));
        }
        let direction = if page.descending { " DESC" } else { "" };
        let order: Vec<String> = keys.iter().map(|key| format!("{key}{direction}")).collect();
        let limit = self.value(i64::from(page.limit) + 1);
        let offset = if page.cursor.is_some() {
            0
        } else {
            i64::try_from(page.offset).unwrap_or(i64::MAX)
        };
        let offset = self.value(offset);
        let sql = format!(
            "SELECT {columns} FROM {from} WHERE {} ORDER BY {} LIMIT {limit} OFFSET {offset}",
            self.conditions.join(" AND "),
            order.join(",")
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut items: Vec<T> = statement
            .query_map(params_from_iter(self.values.iter()), read)?
            .collect::<Result<_, _>>()?;
        let wanted = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let more = items.len() > wanted;
        items.truncate(wanted);
        let cursor = if more {
            items.last().map(|last| write_cursor(key_of(last)))
        } else {
            None
        };
        Ok(Listed {
            items,
            total,
            cursor,
        })
    }
}

pub(crate) fn like_pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.chars() {
        match character {
            '*' => pattern.push('%'),
            '%' | '_' | '\\' => {
                pattern.push('\\');
                pattern.push(character);
            }
            other => pattern.extend(other.to_lowercase()),
        }
    }
    pattern.push('%');
    pattern
}

fn write_cursor(values: Vec<Value>) -> String {
    let parts: Vec<String> = values
        .into_iter()
        .map(|value| match value {
            Value::Integer(number) => format!("i{number}"),
            Value::Text(text) => format!("t{text}"),
            _ => String::new(),
        })
        .collect();
    URL_SAFE_NO_PAD.encode(parts.join("\0"))
}

fn read_cursor(cursor: &str, count: usize) -> Result<Vec<Value>, StoreError> {
    let wrong = || {
        StoreError::invalid(
            "cursor",
            "it is not one that this list gave; begin again without it",
        )
    };
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| wrong())?;
    let text = String::from_utf8(bytes).map_err(|_| wrong())?;
    let values: Vec<Value> = text
        .split('\0')
        .map(|part| match part.split_at_checked(1) {
            Some(("i", number)) => number.parse::<i64>().map(Value::from).map_err(|_| wrong()),
            Some(("t", text)) => Ok(Value::from(text.to_owned())),
            _ => Err(wrong()),
        })
        .collect::<Result<_, _>>()?;
    if values.len() == count {
        Ok(values)
    } else {
        Err(wrong())
    }
}

pub(super) fn number_value(number: u64) -> Value {
    Value::from(i64::try_from(number).unwrap_or(i64::MAX))
}
