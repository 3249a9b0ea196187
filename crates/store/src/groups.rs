//! Groups of people, who are given access together.

use crate::audit::{self, AuditEntry};
use crate::users::{self, User, key_of};
use crate::{Store, StoreError};
use chancery_proto::clock::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The id as it was first written.
    pub id: String,
    /// The name to show.
    pub full_name: String,
    /// Whether it counts: one that does not gives nobody access.
    pub enabled: bool,
    /// For people from outside the firm.
    pub is_external: bool,
}

impl Group {
    /// What is compared.
    #[must_use]
    pub fn key(&self) -> String {
        key_of(&self.id)
    }
}

const COLUMNS: &str = "id, full_name, enabled, is_external";

fn group_of(row: &Row<'_>) -> rusqlite::Result<Group> {
    Ok(Group {
        id: row.get(0)?,
        full_name: row.get(1)?,
        enabled: row.get(2)?,
        is_external: row.get(3)?,
    })
}

pub(crate) fn find(connection: &Connection, key: &str) -> Result<Option<Group>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM groups WHERE key = ?1"))?;
    Ok(statement.query_row([key], group_of).optional()?)
}

fn existing(connection: &Connection, key: &str) -> Result<Group, StoreError> {
    find(connection, key)?.ok_or(StoreError::NotFound("group"))
}

/// What is to change about a group; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupChanges {
    /// The name to show.
    pub full_name: Option<String>,
    /// Whether it counts.
    pub enabled: Option<bool>,
}

impl Store {
    /// The group with that id, whatever its case.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn group(&self, id: &str) -> Result<Option<Group>, StoreError> {
        self.read(|connection| find(connection, &key_of(id)))
    }

    /// Every group, in the order of their ids.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn groups(&self) -> Result<Vec<Group>, StoreError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached(&format!("SELECT {COLUMNS} FROM groups ORDER BY key"))?;
            let groups = statement
                .query_map([], group_of)?
                .collect::<Result<_, _>>()?;
            Ok(groups)
        })
    }

    /// Adds a group without members.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the id is taken, [`StoreError::Invalid`] when it cannot be one.
    pub async fn add_group(
        &self,
        group: Group,
        now: Timestamp,
        entry: AuditEntry,
    ) -> Result<Group, StoreError> {
        users::check_id(&group.id)?;
        users::check_name(&group.full_name)?;
        self.write(move |connection| {
            let key = group.key();
            if find(connection, &key)?.is_some() {
                return Err(StoreError::Conflict(format!(
                    "There is already a group “{}”.",
                    group.id
                )));
            }
            connection.execute(
                "INSERT INTO groups VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
                params![
                    key,
                    group.id,
                    group.full_name,
                    group.enabled,
                    group.is_external,
                    now.0
                ],
            )?;
            audit::add(connection, &entry)?;
            Ok(group)
        })
        .await
    }

    /// Changes a group.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Invalid`].
    pub async fn set_group(
        &self,
        id: &str,
        changes: GroupChanges,
        now: Timestamp,
        entry: AuditEntry,
    ) -> Result<Group, StoreError> {
        let key = key_of(id);
        if let Some(name) = &changes.full_name {
            users::check_name(name)?;
        }
        self.write(move |connection| {
            let kept = existing(connection, &key)?;
            connection.execute(
                "UPDATE groups SET full_name = ?2, enabled = ?3, edited = ?4 WHERE key = ?1",
                params![
                    key,
                    changes.full_name.unwrap_or(kept.full_name),
                    changes.enabled.unwrap_or(kept.enabled),
                    now.0
                ],
            )?;
            audit::add(connection, &entry)?;
            existing(connection, &key)
        })
        .await
    }

    /// The people in a group, in the order of their ids.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn members(&self, id: &str) -> Result<Vec<User>, StoreError> {
        self.read(|connection| {
            let key = key_of(id);
            existing(connection, &key)?;
            let keys: Vec<String> = connection
                .prepare_cached("SELECT user FROM members WHERE grp = ?1 ORDER BY user")?
                .query_map([key], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let mut members = Vec::with_capacity(keys.len());
            for key in keys {
                members.extend(users::find(connection, &key)?);
            }
            Ok(members)
        })
    }

    /// The groups that somebody is in, in the order of their ids.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when nobody has that id.
    pub fn groups_of(&self, user: &str) -> Result<Vec<Group>, StoreError> {
        self.read(|connection| {
            let key = key_of(user);
            users::find(connection, &key)?.ok_or(StoreError::NotFound("user"))?;
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM groups JOIN members ON grp = key WHERE user = ?1 ORDER BY key"
            ))?;
            let groups = statement
                .query_map([key], group_of)?
                .collect::<Result<_, _>>()?;
            Ok(groups)
        })
    }

    /// Puts people into a group, and takes others out: all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the group, [`StoreError::Invalid`] for somebody
    /// who is not there.
    pub async fn change_members(
        &self,
        id: &str,
        added: Vec<String>,
        removed: Vec<String>,
        entry: AuditEntry,
    ) -> Result<(), StoreError> {
        let key = key_of(id);
        self.write(move |connection| {
            existing(connection, &key)?;
            for user in added {
                let user = key_of(&user);
                if users::find(connection, &user)?.is_none() {
                    return Err(StoreError::invalid(
                        "members",
                        format!("there is no user “{user}”"),
                    ));
                }
                connection
                    .prepare_cached("INSERT OR IGNORE INTO members VALUES (?1, ?2)")?
                    .execute([&key, &user])?;
            }
            for user in removed {
                connection
                    .prepare_cached("DELETE FROM members WHERE grp = ?1 AND user = ?2")?
                    .execute([&key, &key_of(&user)])?;
            }
            audit::add(connection, &entry)
        })
        .await
    }
}
