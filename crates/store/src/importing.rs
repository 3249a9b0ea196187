//! People taken over from a list: all of them or nobody.

use crate::audit::{self, AuditEntry};
use crate::users::{self, key_of};
use crate::{Store, StoreError, grants, groups};
use chancery_proto::clock::Timestamp;
use rusqlite::{Connection, params};

/// A person as a list has them; what is absent stays as it is, or gets its default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// Where in the list they stand, for errors.
    pub line: u64,
    /// The id.
    pub id: String,
    /// The name to show.
    pub full_name: Option<String>,
    /// Where mail reaches them.
    pub email: Option<String>,
    /// May sign in as an administrator.
    pub is_admin: Option<bool>,
    /// From outside the firm.
    pub is_external: Option<bool>,
    /// May sign in.
    pub enabled: Option<bool>,
    /// The hash of a password, for somebody who is new.
    pub password_hash: Option<String>,
    /// Groups that they are in; those that are not there yet are made.
    pub groups: Vec<String>,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Ids of people who were not there before.
    pub added: Vec<String>,
    /// Ids of people about whom something changed.
    pub changed: Vec<String>,
    /// How many were already as the list has them.
    pub unchanged: u64,
    /// Ids of groups that were made.
    pub groups: Vec<String>,
}

/// Says in which line of the list something is wrong.
fn at_line(line: u64, error: StoreError) -> StoreError {
    match error {
        StoreError::Invalid { field, reason } => StoreError::Invalid {
            field,
            reason: format!("line {line}: {reason}"),
        },
        other => other,
    }
}

fn take(
    connection: &Connection,
    person: &Listed,
    now: Timestamp,
    done: &mut Imported,
) -> Result<(), StoreError> {
    users::check_id(&person.id)?;
    users::check_name(person.full_name.as_deref().unwrap_or_default())?;
    users::check_mail(person.email.as_deref().unwrap_or_default())?;
    let key = key_of(&person.id);
    let mut differs = false;
    let is_new = match users::find(connection, &key)? {
        None => {
            connection.execute(
                "INSERT INTO users VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, '', 0, ?9, ?9)",
                params![
                    key,
                    person.id,
                    person.full_name.as_ref().unwrap_or(&person.id),
                    person.email.as_deref().unwrap_or_default(),
                    person.password_hash,
                    person.is_admin.unwrap_or(false),
                    person.is_external.unwrap_or(false),
                    person.enabled.unwrap_or(true),
                    now.0
                ],
            )?;
            true
        }
        Some(before) => {
            let mut after = before.clone();
            if let Some(name) = &person.full_name {
                after.full_name.clone_from(name);
            }
            if let Some(address) = &person.email {
                after.email.clone_from(address);
            }
            after.is_admin = person.is_admin.unwrap_or(before.is_admin);
            after.is_external = person.is_external.unwrap_or(before.is_external);
            differs = after != before;
            if differs {
                connection.execute(
                    "UPDATE users SET full_name = ?2, email = ?3, is_admin = ?4, is_external = ?5, edited = ?6
                     WHERE key = ?1",
                    params![key, after.full_name, after.email, after.is_admin, after.is_external, now.0],
                )?;
            }
            if let Some(enabled) = person.enabled.filter(|enabled| *enabled != before.enabled) {
                grants::enable(connection, &key, enabled, now)?;
                differs = true;
            }
            false
        }
    };
    for group in &person.groups {
        let group_key = key_of(group);
        if groups::find(connection, &group_key)?.is_none() {
            users::check_id(group).map_err(|_| {
                StoreError::invalid("groups", format!("“{group}” cannot be a group's id"))
            })?;
            connection.execute(
                "INSERT INTO groups VALUES (?1, ?2, ?2, 1, 0, ?3, ?3)",
                params![group_key, group, now.0],
            )?;
            done.groups.push(group.clone());
        }
        let joined = connection
            .prepare_cached("INSERT OR IGNORE INTO members VALUES (?1, ?2)")?
            .execute([&group_key, &key])?;
        differs |= joined > 0;
    }
    match (is_new, differs) {
        (true, _) => done.added.push(person.id.clone()),
        (false, true) => done.changed.push(person.id.clone()),
        (false, false) => done.unchanged += 1,
    }
    Ok(())
}

impl Store {
    /// Takes people over from a list: adds who is not there, changes what differs,
    /// and puts them into their groups. Nobody is removed, from a group neither,
    /// and passwords of people who are there stay. With `only_look` nothing is
    /// changed, and the answer is what would be.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] with the field and the line.
    pub async fn import_users(
        &self,
        people: Vec<Listed>,
        only_look: bool,
        now: Timestamp,
        entry: AuditEntry,
    ) -> Result<Imported, StoreError> {
        self.write(move |connection| {
            let mut done = Imported::default();
            connection.execute_batch("SAVEPOINT import")?;
            for person in &people {
                take(connection, person, now, &mut done)
                    .map_err(|error| at_line(person.line, error))?;
            }
            if only_look {
                connection.execute_batch("ROLLBACK TO import; RELEASE import")?;
                return Ok(done);
            }
            connection.execute_batch("RELEASE import")?;
            audit::add(connection, &entry)?;
            Ok(done)
        })
        .await
    }
}
