//! Profiles and the tables: what is written is held to them, what is read is
//! described by them.

use super::{FIELDS, Lookup, USUAL_CLASS, find, has_any};
use crate::StoreError;
use crate::containers::Container;
use crate::documents::Version;
use crate::names::name_key;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Map, Value};

/// What a table may say about, of a profile: the value of each field.
pub(crate) type Values = [Option<String>; FIELDS.len()];

fn values(class: Option<&str>, subclass: Option<&str>, extra: &str) -> Values {
    let mut values: Values = Default::default();
    let extra: Map<String, Value> = if extra == "{}" {
        Map::new()
    } else {
        serde_json::from_str(extra).unwrap_or_default()
    };
    for (place, (name, _)) in values.iter_mut().zip(FIELDS) {
        let kept = extra.get(name).and_then(Value::as_str);
        let value = match name {
            "class" => class.or(kept),
            "subclass" => subclass.or(kept),
            _ => kept,
        };
        *place = value.filter(|text| !text.is_empty()).map(str::to_owned);
    }
    values
}

/// Refuses what a table does not have, and writes ids as the table does. What is
/// as it was before is not looked at.
fn settle(
    connection: &Connection,
    library: i64,
    before: &Values,
    now: &mut Values,
) -> Result<(), StoreError> {
    for table in Lookup::all() {
        let value = |values: &Values, one: Lookup| values.get(one.0).cloned().flatten();
        let Some(text) = value(now, table) else {
            continue;
        };
        let above = table.parent().and_then(|above| value(now, above));
        let above_before = table.parent().and_then(|above| value(before, above));
        let same = |one: &Option<String>, other: &Option<String>| {
            one.as_deref().map(name_key) == other.as_deref().map(name_key)
        };
        if same(&value(before, table), &Some(text.clone())) && same(&above, &above_before) {
            continue;
        }
        let is_usual = table == Lookup::CLASS && text.eq_ignore_ascii_case(USUAL_CLASS);
        if is_usual || !has_any(connection, library, table)? {
            continue;
        }
        let found = find(connection, library, table, &text, above.as_deref());
        let entry = match found {
            Ok(Some(entry)) => entry,
            // There more than once, with nothing above said: any will do.
            Err(StoreError::Invalid { .. }) => continue,
            Err(error) => return Err(error),
            Ok(None) => {
                let reason = match above {
                    Some(above) => format!("“{text}” is not one of those under “{above}”"),
                    None => format!("“{text}” is not in the library's table"),
                };
                return Err(StoreError::invalid(table.field(), reason));
            }
        };
        if !entry.enabled {
            return Err(StoreError::invalid(
                table.field(),
                format!("“{}” may not be chosen any longer", entry.id),
            ));
        }
        if let Some(place) = now.get_mut(table.0) {
            *place = Some(entry.id);
        }
    }
    Ok(())
}

fn library_has_tables(connection: &Connection, library: i64) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM lookups WHERE library = ?1)")?
        .query_row([library], |row| row.get(0))?)
}

/// Writes the values of custom fields back where they differ only in case.
fn write_back(extra: &mut String, now: &Values) {
    let mut kept: Map<String, Value> = serde_json::from_str(extra).unwrap_or_default();
    let mut differs = false;
    for (value, (name, _)) in now.iter().zip(FIELDS) {
        if let (Some(Value::String(old)), Some(value)) = (kept.get_mut(name), value)
            && old != value
        {
            old.clone_from(value);
            differs = true;
        }
    }
    if differs {
        *extra = Value::Object(kept).to_string();
    }
}

/// What a version has of what tables may say about.
pub(crate) fn of_version(version: &Version) -> Values {
    values(
        Some(&version.class),
        Some(&version.subclass),
        &version.extra,
    )
}

/// What a profile, as a JSON object, has of what tables may say about.
pub(crate) fn of_profile(profile: &str) -> Values {
    values(None, None, profile)
}

/// Holds a version's profile to the library's tables; what it had before, or has
/// from its folder, stays.
///
/// # Errors
/// [`StoreError::Invalid`] with the field.
pub(crate) fn settle_version(
    connection: &Connection,
    library: i64,
    before: impl FnOnce() -> Values,
    version: &mut Version,
) -> Result<(), StoreError> {
    if !library_has_tables(connection, library)? {
        return Ok(());
    }
    let mut now = of_version(version);
    settle(connection, library, &before(), &mut now)?;
    write_back(&mut version.extra, &now);
    let [class, subclass, ..] = now;
    version.class = class.unwrap_or_else(|| USUAL_CLASS.to_owned());
    version.subclass = subclass.unwrap_or_default();
    Ok(())
}

/// Holds a container's profile to the library's tables.
///
/// # Errors
/// [`StoreError::Invalid`] with the field.
pub(crate) fn settle_container(
    connection: &Connection,
    library: i64,
    before: &str,
    extra: &mut String,
) -> Result<(), StoreError> {
    if extra == before || !library_has_tables(connection, library)? {
        return Ok(());
    }
    let mut now = of_profile(extra);
    settle(connection, library, &of_profile(before), &mut now)?;
    write_back(extra, &now);
    // What documents in it begin with is held to the same tables.
    let mut kept: Map<String, Value> = serde_json::from_str(extra).unwrap_or_default();
    let Some(given) = kept.get("profile").map(Value::to_string) else {
        return Ok(());
    };
    let before: Map<String, Value> = serde_json::from_str(before).unwrap_or_default();
    let before = before.get("profile").map(Value::to_string);
    let mut settled = given.clone();
    let mut now = of_profile(&given);
    let before = before.as_deref().map(of_profile).unwrap_or_default();
    settle(connection, library, &before, &mut now)?;
    write_back(&mut settled, &now);
    if settled != given
        && let Ok(settled) = serde_json::from_str(&settled)
    {
        kept.insert("profile".to_owned(), settled);
        *extra = Value::Object(kept).to_string();
    }
    Ok(())
}

/// What tables say about the values of an item: field and description.
pub type Descriptions = Vec<(&'static str, String)>;

/// What has values that tables describe.
pub(crate) trait Described {
    fn library(&self) -> &str;
    fn values(&self) -> Values;
    fn set(&mut self, descriptions: Descriptions);
}

impl Described for Version {
    fn library(&self) -> &str {
        &self.library
    }

    fn values(&self) -> Values {
        values(Some(&self.class), Some(&self.subclass), &self.extra)
    }

    fn set(&mut self, descriptions: Descriptions) {
        self.descriptions = descriptions;
    }
}

impl Described for Container {
    fn library(&self) -> &str {
        &self.library
    }

    fn values(&self) -> Values {
        values(None, None, &self.extra)
    }

    fn set(&mut self, descriptions: Descriptions) {
        self.descriptions = descriptions;
    }
}

/// Has every item know what the tables say about its values.
pub(crate) fn describe<'a, T: Described + 'a>(
    connection: &Connection,
    items: impl IntoIterator<Item = &'a mut T>,
) -> Result<(), StoreError> {
    let has_tables: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM lookups)")?
        .query_row([], |row| row.get(0))?;
    if !has_tables {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(
        "SELECT x.description FROM lookups x JOIN libraries l ON l.id = x.library
         WHERE l.alias = ?1 AND x.field = ?2 AND x.key = ?3 AND (?4 IS NULL OR x.parent = ?4) LIMIT 1",
    )?;
    for item in items {
        let values = item.values();
        let mut descriptions = Vec::new();
        for (table, value) in Lookup::all().zip(&values) {
            let Some(value) = value else { continue };
            let above = table.parent().and_then(|above| values.get(above.0));
            let parent = above.and_then(Option::as_deref).map(name_key);
            let asked = params![item.library(), table.field(), name_key(value), parent];
            let found: Option<String> = statement.query_row(asked, |row| row.get(0)).optional()?;
            if let Some(description) = found.filter(|text| !text.is_empty()) {
                descriptions.push((table.field(), description));
            }
        }
        item.set(descriptions);
    }
    Ok(())
}
