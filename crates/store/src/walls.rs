//! Ethical walls: whoever is not inside has no access to the workspaces behind
//! one, whatever else says so; administrators neither.

use crate::audit::{self, AuditEntry};
use crate::entries::Trustee;
use crate::names::name_key;
use crate::{Store, StoreError, containers, groups, libraries, users};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::ContainerId;
use rusqlite::{Connection, OptionalExtension, params};

/// A wall, with who is inside and what is behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wall {
    /// Its name, which no other has.
    pub name: String,
    /// Who may pass.
    pub insiders: Vec<Trustee>,
    /// The workspaces behind it.
    pub workspaces: Vec<ContainerId>,
}

/// What is to change about a wall.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WallChanges {
    /// Who may pass from now on.
    pub admit: Vec<Trustee>,
    /// Who may pass no longer.
    pub expel: Vec<Trustee>,
    /// Workspaces that are behind it from now on.
    pub enclose: Vec<ContainerId>,
    /// Workspaces that are behind it no longer.
    pub free: Vec<ContainerId>,
}

fn number_of(connection: &Connection, name: &str) -> Result<i64, StoreError> {
    let found = connection
        .prepare_cached("SELECT id FROM walls WHERE name_key = ?1")?
        .query_row([name_key(name)], |row| row.get(0))
        .optional()?;
    found.ok_or(StoreError::NotFound("wall"))
}

fn check(connection: &Connection, trustee: &Trustee) -> Result<(), StoreError> {
    let (what, key, is_there) = match trustee {
        Trustee::User(key) => ("user", key, users::find(connection, key)?.is_some()),
        Trustee::Group(key) => ("group", key, groups::find(connection, key)?.is_some()),
    };
    if is_there {
        return Ok(());
    }
    Err(StoreError::invalid(
        "insiders",
        format!("there is no {what} “{key}”"),
    ))
}

impl Store {
    /// Every wall, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn walls(&self) -> Result<Vec<Wall>, StoreError> {
        self.read(|connection| {
            let walls: Vec<(i64, String)> = connection
                .prepare_cached("SELECT id, name FROM walls ORDER BY name_key")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?;
            let mut all = Vec::with_capacity(walls.len());
            for (number, name) in walls {
                let insiders: Vec<String> = connection
                    .prepare_cached("SELECT trustee FROM insiders WHERE wall = ?1 ORDER BY trustee")?
                    .query_map([number], |row| row.get(0))?
                    .collect::<Result<_, _>>()?;
                let workspaces: Vec<String> = connection
                    .prepare_cached(
                        "SELECT l.alias || '!' || w.workspace FROM walled w JOIN libraries l ON l.id = w.library
                         WHERE w.wall = ?1 ORDER BY l.alias, w.workspace",
                    )?
                    .query_map([number], |row| row.get(0))?
                    .collect::<Result<_, _>>()?;
                all.push(Wall {
                    name,
                    insiders: insiders.iter().filter_map(|text| Trustee::of_text(text)).collect(),
                    workspaces: workspaces.iter().filter_map(|id| id.parse().ok()).collect(),
                });
            }
            Ok(all)
        })
    }

    /// Builds a wall that nothing is behind yet.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when there is one of that name, [`StoreError::Invalid`].
    pub async fn add_wall(
        &self,
        name: String,
        now: Timestamp,
        entry: AuditEntry,
    ) -> Result<(), StoreError> {
        containers::check_name(&name)?;
        self.write(move |connection| {
            let key = name_key(&name);
            let added = connection.execute(
                "INSERT OR IGNORE INTO walls (name, name_key, created) VALUES (?1, ?2, ?3)",
                params![name, key, now.0],
            )?;
            if added == 0 {
                return Err(StoreError::Conflict(format!(
                    "There is already a wall “{name}”."
                )));
            }
            audit::add(connection, &entry)
        })
        .await
    }

    /// Changes who may pass a wall and what is behind it: all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the wall or a workspace, [`StoreError::Invalid`].
    pub async fn change_wall(
        &self,
        name: &str,
        changes: WallChanges,
        entry: AuditEntry,
    ) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.write(move |connection| {
            let wall = number_of(connection, &name)?;
            for trustee in &changes.admit {
                check(connection, trustee)?;
                connection
                    .prepare_cached("INSERT OR IGNORE INTO insiders VALUES (?1, ?2)")?
                    .execute(params![wall, trustee.text()])?;
            }
            for trustee in &changes.expel {
                connection
                    .prepare_cached("DELETE FROM insiders WHERE wall = ?1 AND trustee = ?2")?
                    .execute(params![wall, trustee.text()])?;
            }
            for id in &changes.enclose {
                let library = libraries::find(connection, &id.library)?.id;
                let is_workspace: bool = connection
                    .prepare_cached(
                        "SELECT EXISTS (SELECT 1 FROM containers WHERE library = ?1 AND number = ?2 AND kind = 1)",
                    )?
                    .query_row(params![library, id.number], |row| row.get(0))?;
                if !is_workspace {
                    return Err(StoreError::NotFound("workspace"));
                }
                connection
                    .prepare_cached("INSERT OR IGNORE INTO walled VALUES (?1, ?2, ?3)")?
                    .execute(params![library, id.number, wall])?;
            }
            for id in &changes.free {
                let library = libraries::find(connection, &id.library)?.id;
                connection
                    .prepare_cached(
                        "DELETE FROM walled WHERE library = ?1 AND workspace = ?2 AND wall = ?3",
                    )?
                    .execute(params![library, id.number, wall])?;
            }
            audit::add(connection, &entry)
        })
        .await
    }

    /// Takes a wall down: what was behind it has its own security again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn remove_wall(&self, name: &str, entry: AuditEntry) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.write(move |connection| {
            let wall = number_of(connection, &name)?;
            for from in [
                "DELETE FROM walled WHERE wall = ?1",
                "DELETE FROM insiders WHERE wall = ?1",
                "DELETE FROM walls WHERE id = ?1",
            ] {
                connection.execute(from, [wall])?;
            }
            audit::add(connection, &entry)
        })
        .await
    }
}
