//! Who may depend on whom: the table of `docs/ARCHITECTURE.md` is the rule,
//! `cargo metadata` says what is so.

use crate::cargo::Workspace;
use crate::failure::Failure;
use crate::systems;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Libraries that one room alone may name, and what it is for there.
const SOLE: [(&str, &str, &str); 4] = [
    ("rusqlite", "store", "the database library"),
    ("axum", "server", "the HTTP framework"),
    ("argon2", "identity", "the password hash"),
    ("redis", "identity", "the shared session store"),
];

/// What a room may use.
#[derive(Debug, PartialEq, Eq)]
enum May {
    /// Everything: for tests, measuring and building only.
    Any,
    /// These rooms.
    Only(BTreeSet<String>),
}

/// Checks every crate; tells how many there are.
pub(crate) fn check() -> Result<usize, Failure> {
    let workspace = Workspace::read()?;
    let path = workspace.root.join("docs/ARCHITECTURE.md");
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Failure::new(format!("{} cannot be read: {error}.", path.display())))?;
    let mut faults = faults(&table(&text), &workspace.packages);
    faults.extend(systems::faults(&workspace.root));
    if faults.is_empty() {
        return Ok(workspace.packages.len());
    }
    Err(Failure::new(format!(
        "The crates and docs/ARCHITECTURE.md disagree. Change the one that is wrong:\n- {}",
        faults.join("\n- ")
    )))
}

/// The rows of the table of rooms: name, then what it may use.
fn table(text: &str) -> BTreeMap<String, May> {
    let mut rooms = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, name, _, uses, _] = cells.as_slice() else {
            continue;
        };
        let Some(name) = name
            .strip_prefix('`')
            .and_then(|name| name.strip_suffix('`'))
        else {
            continue;
        };
        let may = if *uses == "any" {
            May::Any
        } else {
            May::Only(
                uses.split(',')
                    .map(|word| word.trim().trim_matches('`'))
                    .filter(|word| !word.is_empty() && *word != "–")
                    .map(str::to_owned)
                    .collect(),
            )
        };
        rooms.insert(name.to_owned(), may);
    }
    rooms
}

fn faults(rooms: &BTreeMap<String, May>, packages: &[Value]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for package in packages {
        let room = short(package["name"].as_str().unwrap_or_default());
        seen.insert(room.to_owned());
        let Some(may) = rooms.get(room) else {
            faults.push(format!("`{room}` has no row in the table."));
            continue;
        };
        let May::Only(allowed) = may else { continue };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let name = dependency["name"].as_str().unwrap_or_default();
            let for_tests = dependency["kind"].as_str() == Some("dev");
            if dependency["path"].is_string() {
                let other = short(name);
                let testing = for_tests && matches!(rooms.get(other), Some(May::Any));
                if !allowed.contains(other) && !testing {
                    faults.push(format!(
                        "`{room}` uses `{other}`, which its row does not allow."
                    ));
                }
            } else if let Some((library, owner, what)) = SOLE
                .iter()
                .find(|(library, owner, _)| *library == name && *owner != room)
            {
                faults.push(format!(
                    "`{room}` names {library}; {what} belongs to `{owner}` alone."
                ));
            }
        }
    }
    for room in rooms.keys() {
        if !seen.contains(room) {
            faults.push(format!(
                "`{room}` has a row in the table, but there is no such crate."
            ));
        }
    }
    faults
}

/// The room's name: the package's, without the product's.
fn short(package: &str) -> &str {
    package.strip_prefix("chancery-").unwrap_or(package)
}

#[cfg(test)]
mod tests {
    use super::{faults, table};
    use serde_json::json;

    const TABLE: &str = "\
| crate | what it is | may use |
|---|---|---|
| `proto` | what travels | – |
| `store` | metadata | proto |
| `server` | routes | proto, store |
| `testkit` | for tests | any |
";

    fn package(name: &str, uses: &[(&str, Option<&str>, bool)]) -> serde_json::Value {
        let dependencies: Vec<_> = uses
            .iter()
            .map(|(name, kind, ours)| json!({"name": name, "kind": kind, "path": ours.then_some("/x")}))
            .collect();
        json!({"name": name, "dependencies": dependencies})
    }

    fn house() -> Vec<serde_json::Value> {
        vec![
            package("chancery-proto", &[("serde", None, false)]),
            package(
                "chancery-store",
                &[("chancery-proto", None, true), ("rusqlite", None, false)],
            ),
            package(
                "chancery-server",
                &[
                    ("chancery-store", None, true),
                    ("chancery-testkit", Some("dev"), true),
                ],
            ),
            package(
                "chancery-testkit",
                &[("chancery-server", None, true), ("rusqlite", None, false)],
            ),
        ]
    }

    #[test]
    fn a_house_that_keeps_to_its_table_has_no_faults() {
        assert_eq!(faults(&table(TABLE), &house()), Vec::<String>::new());
    }

    #[test]
    fn a_forbidden_door_is_named() {
        let mut house = house();
        house[1] = package("chancery-store", &[("chancery-server", None, true)]);
        assert_eq!(
            faults(&table(TABLE), &house),
            ["`store` uses `server`, which its row does not allow."]
        );
    }

    #[test]
    fn a_tool_for_tests_must_not_travel_with_the_product() {
        let mut house = house();
        house[2] = package("chancery-server", &[("chancery-testkit", None, true)]);
        assert_eq!(
            faults(&table(TABLE), &house),
            ["`server` uses `testkit`, which its row does not allow."]
        );
    }

    #[test]
    fn a_library_of_one_room_is_not_named_by_another() {
        let mut house = house();
        house[2] = package("chancery-server", &[("rusqlite", None, false)]);
        assert_eq!(
            faults(&table(TABLE), &house),
            ["`server` names rusqlite; the database library belongs to `store` alone."]
        );
    }

    #[test]
    fn a_room_without_a_row_and_a_row_without_a_room_are_faults() {
        let mut house = house();
        house[0] = package("chancery-attic", &[]);
        assert_eq!(
            faults(&table(TABLE), &house),
            [
                "`attic` has no row in the table.",
                "`proto` has a row in the table, but there is no such crate.",
            ]
        );
    }
}
