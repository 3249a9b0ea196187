//! What a new document begins with: the profile that its folder has for it, and
//! what the workspace above is about.

use crate::access::Principal;
use crate::containers;
use crate::filing::Profile;
use crate::lookups::Lookup;
use crate::{Store, StoreError, libraries};
use chancery_proto::ids::ContainerId;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Map, Value};

/// Where a folder keeps what documents begin with.
const OWN: &str = "profile";
/// Deeper than that nobody files.
const DEEPEST: u32 = 1_000;

fn is_custom(name: &str) -> bool {
    let number = name.strip_prefix("custom").map(str::parse::<u8>);
    matches!(number, Some(Ok(1..=31)))
}

/// Lays what a container gives under what is there already: what is nearer wins.
fn lay_under(found: &mut Map<String, Value>, given: Map<String, Value>) {
    let has = |found: &Map<String, Value>, table: Lookup| found.contains_key(table.field());
    for (name, value) in given {
        // What belongs under another value goes with it or not at all.
        let above = Lookup::of_field(&name).and_then(Lookup::parent);
        let is_split = above.is_some_and(|above| has(found, above));
        if !found.contains_key(&name) && !is_split {
            found.insert(name, value);
        }
    }
}

/// What documents in a container begin with.
pub(crate) fn of_container(
    connection: &Connection,
    library: i64,
    number: u64,
) -> Result<Map<String, Value>, StoreError> {
    let mut found = Map::new();
    let mut next = Some(number);
    let mut statement = connection.prepare_cached(
        "SELECT parent, extra FROM containers WHERE library = ?1 AND number = ?2",
    )?;
    for _ in 0..DEEPEST {
        let Some(number) = next else { break };
        let row: Option<(Option<u64>, String)> = statement
            .query_row(params![library, number], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let Some((parent, extra)) = row else { break };
        next = parent;
        if extra == "{}" {
            continue;
        }
        let mut extra: Map<String, Value> = serde_json::from_str(&extra).unwrap_or_default();
        if let Some(Value::Object(own)) = extra.remove(OWN) {
            // Children first: the value above must not be there yet.
            let (below, rest): (Map<_, _>, Map<_, _>) =
                own.into_iter().partition(|(name, _)| is_below(name));
            lay_under(&mut found, below);
            lay_under(&mut found, rest);
        }
        extra.retain(|name, _| is_custom(name));
        let (below, rest): (Map<_, _>, Map<_, _>) =
            extra.into_iter().partition(|(name, _)| is_below(name));
        lay_under(&mut found, below);
        lay_under(&mut found, rest);
    }
    Ok(found)
}

fn is_below(name: &str) -> bool {
    Lookup::of_field(name).is_some_and(|table| table.parent().is_some())
}

/// Completes a profile with what its folder has for it, but for the fields that
/// the profile names itself. Answers what was taken, as a JSON object.
pub(crate) fn complete(
    connection: &Connection,
    library: i64,
    folder: u64,
    profile: &mut Profile,
) -> Result<String, StoreError> {
    let Some(named) = profile.inherits_except.take() else {
        return Ok("{}".to_owned());
    };
    let mut given = of_container(connection, library, folder)?;
    given.retain(|name, _| {
        let above = Lookup::of_field(name).and_then(Lookup::parent);
        let is_named = |field: &str| named.iter().any(|one| one == field);
        !is_named(name) && !above.is_some_and(|above| is_named(above.field()))
    });
    let taken = Value::Object(given.clone()).to_string();
    let mut text = |name: &str| match given.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    for (name, place) in [
        ("class", &mut profile.class),
        ("subclass", &mut profile.subclass),
        ("author", &mut profile.author),
        ("operator", &mut profile.operator),
    ] {
        let inherited = text(name);
        if place.is_none() {
            *place = inherited;
        }
    }
    given.retain(|name, _| is_custom(name));
    if given.is_empty() {
        return Ok(taken);
    }
    let extra = profile.extra.as_deref().unwrap_or("{}");
    let own: Map<String, Value> = serde_json::from_str(extra).unwrap_or_default();
    given.extend(own);
    profile.extra = Some(Value::Object(given).to_string());
    Ok(taken)
}

impl Store {
    /// What documents in a folder begin with, as a JSON object of profile fields.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the folder is not there for `who`.
    pub fn defaults(
        &self,
        folder: &ContainerId,
        who: &Principal,
    ) -> Result<Map<String, Value>, StoreError> {
        self.read(|connection| {
            containers::find(connection, folder, who)?;
            let library = libraries::find(connection, &folder.library)?.id;
            of_container(connection, library, folder.number)
        })
    }
}
