//! People who may sign in.

use crate::audit::{self, AuditEntry};
use crate::{Store, StoreError};
use chancery_proto::clock::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Ids are compared without regard to case; this is what is compared.
#[must_use]
pub fn key_of(id: &str) -> String {
    id.trim().to_lowercase()
}

/// A person, or a program with an account of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id as it was first written.
    pub id: String,
    /// The name to show.
    pub full_name: String,
    /// Where mail reaches the person; empty when unknown.
    pub email: String,
    /// May sign in as an administrator.
    pub is_admin: bool,
    /// From outside the firm.
    pub is_external: bool,
    /// May sign in at all.
    pub enabled: bool,
    /// The library to begin with; empty for the first one.
    pub preferred_library: String,
    /// Sessions from before this moment count for nothing.
    pub not_before: Timestamp,
}

impl User {
    /// What is compared.
    #[must_use]
    pub fn key(&self) -> String {
        key_of(&self.id)
    }
}

/// A person to be added.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// 1 to 64 characters, no control characters, none of `/\!:`.
    pub id: String,
    /// The name to show.
    pub full_name: String,
    /// Where mail reaches the person; may be empty.
    pub email: String,
    /// The password's hash as a PHC string, if the server holds one.
    pub password_hash: Option<String>,
    /// May sign in as an administrator.
    pub is_admin: bool,
    /// From outside the firm.
    pub is_external: bool,
}

/// What is to change about a person; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserChanges {
    /// The name to show.
    pub full_name: Option<String>,
    /// Where mail reaches the person.
    pub email: Option<String>,
    /// From outside the firm.
    pub is_external: Option<bool>,
    /// May sign in as an administrator.
    pub is_admin: Option<bool>,
    /// The library to begin with; empty for the first one.
    pub preferred_library: Option<String>,
}

const COLUMNS: &str =
    "id, full_name, email, is_admin, is_external, enabled, preferred_library, not_before";

fn user_of(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(0)?,
        full_name: row.get(1)?,
        email: row.get(2)?,
        is_admin: row.get(3)?,
        is_external: row.get(4)?,
        enabled: row.get(5)?,
        preferred_library: row.get(6)?,
        not_before: Timestamp(row.get(7)?),
    })
}

pub(crate) fn find(connection: &Connection, key: &str) -> Result<Option<User>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE key = ?1"))?;
    Ok(statement.query_row([key], user_of).optional()?)
}

/// The id of a person or a group.
pub(crate) fn check_id(id: &str) -> Result<(), StoreError> {
    let reason = if id.is_empty() || id.chars().count() > 64 {
        "an id has 1 to 64 characters"
    } else if id.trim() != id {
        "an id neither begins nor ends with a space"
    } else if id
        .chars()
        .any(|character| character.is_control() || "/\\!:".contains(character))
    {
        "an id has no control characters and none of / \\ ! :"
    } else {
        return Ok(());
    };
    Err(StoreError::invalid("id", reason))
}

/// A name to show.
pub(crate) fn check_name(name: &str) -> Result<(), StoreError> {
    let reason = if name.chars().count() > 255 {
        "a name has at most 255 characters"
    } else if name.chars().any(char::is_control) {
        "a name has no control characters, such as NUL or a line break"
    } else {
        return Ok(());
    };
    Err(StoreError::invalid("full_name", reason))
}

pub(crate) fn check_mail(address: &str) -> Result<(), StoreError> {
    if address.chars().count() <= 320 && !address.chars().any(char::is_control) {
        return Ok(());
    }
    Err(StoreError::invalid(
        "email",
        "an address has at most 320 characters, and no control characters",
    ))
}

impl Store {
    /// The person with that id, whatever its case.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn user(&self, id: &str) -> Result<Option<User>, StoreError> {
        self.read(|connection| find(connection, &key_of(id)))
    }

    /// Everybody, in the order of their ids.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn users(&self) -> Result<Vec<User>, StoreError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached(&format!("SELECT {COLUMNS} FROM users ORDER BY key"))?;
            let users = statement
                .query_map([], user_of)?
                .collect::<Result<_, _>>()?;
            Ok(users)
        })
    }

    /// The stored hash of a person's password: the only way to it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn password_hash(&self, id: &str) -> Result<Option<String>, StoreError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT password_hash FROM users WHERE key = ?1")?;
            Ok(statement
                .query_row([key_of(id)], |row| row.get(0))
                .optional()?
                .flatten())
        })
    }

    /// Adds a person.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the id is taken, [`StoreError::Invalid`] when it cannot be one.
    pub async fn add_user(
        &self,
        new: NewUser,
        now: Timestamp,
        entry: AuditEntry,
    ) -> Result<User, StoreError> {
        check_id(&new.id)?;
        check_name(&new.full_name)?;
        check_mail(&new.email)?;
        self.write(move |connection| {
            let key = key_of(&new.id);
            if find(connection, &key)?.is_some() {
                return Err(StoreError::Conflict(format!(
                    "There is already a user “{}”.",
                    new.id
                )));
            }
            connection.execute(
                "INSERT INTO users VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, '', 0, ?8, ?8)",
                params![
                    key,
                    new.id,
                    new.full_name,
                    new.email,
                    new.password_hash,
                    new.is_admin,
                    new.is_external,
                    now.0
                ],
            )?;
            audit::add(connection, &entry)?;
            find(connection, &key)?.ok_or(StoreError::NotFound("user"))
        })
        .await
    }

    /// Changes a person.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when nobody has that id, [`StoreError::Invalid`].
    pub async fn set_user(
        &self,
        id: &str,
        changes: UserChanges,
        now: Timestamp,
        entry: AuditEntry,
    ) -> Result<User, StoreError> {
        let key = key_of(id);
        if let Some(name) = &changes.full_name {
            check_name(name)?;
        }
        if let Some(address) = &changes.email {
            check_mail(address)?;
        }
        self.write(move |connection| {
            let kept = find(connection, &key)?.ok_or(StoreError::NotFound("user"))?;
            connection.execute(
                "UPDATE users SET full_name = ?2, email = ?3, is_external = ?4, is_admin = ?5,
                 preferred_library = ?6, edited = ?7 WHERE key = ?1",
                params![
                    key,
                    changes.full_name.unwrap_or(kept.full_name),
                    changes.email.unwrap_or(kept.email),
                    changes.is_external.unwrap_or(kept.is_external),
                    changes.is_admin.unwrap_or(kept.is_admin),
                    changes.preferred_library.unwrap_or(kept.preferred_library),
                    now.0
                ],
            )?;
            audit::add(connection, &entry)?;
            find(connection, &key)?.ok_or(StoreError::NotFound("user"))
        })
        .await
    }

    /// Replaces a password's hash. Sessions go on unless `end_sessions`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when nobody has that id.
    pub async fn set_password_hash(
        &self,
        id: &str,
        hash: String,
        end_sessions: bool,
        now: Timestamp,
        entry: AuditEntry,
    ) -> Result<(), StoreError> {
        let key = key_of(id);
        self.write(move |connection| {
            let changed = connection.execute(
                "UPDATE users SET password_hash = ?2, edited = ?3, not_before = CASE WHEN ?4 THEN ?3 ELSE not_before END
                 WHERE key = ?1",
                params![key, hash, now.0, end_sessions],
            )?;
            if changed == 0 {
                return Err(StoreError::NotFound("user"));
            }
            audit::add(connection, &entry)
        })
        .await
    }
}
