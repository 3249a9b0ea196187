//! Who works on a version just now: a lock, or a check-out, which is a lock that
//! took the file along.

use crate::access::{Access, Principal};
use crate::documents::{self, Version};
use crate::history::{self, Activity};
use crate::{Store, StoreError, libraries, users};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::DocumentId;
use rusqlite::{Connection, Row, params};

/// How somebody has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockKind {
    /// Nobody else is to change it.
    Lock,
    /// They took the file to work on it.
    CheckOut,
}

/// What somebody says who locks or checks out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLock {
    /// How.
    pub kind: LockKind,
    /// Why, up to 2,000 characters.
    pub comment: String,
    /// When they mean to be done.
    pub due: Option<Timestamp>,
    /// Where the file is on their machine.
    pub path: String,
    /// Their machine.
    pub location: String,
    /// Their application.
    pub application: String,
}

/// Who has a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// Key of the person.
    pub user: String,
    /// Since when.
    pub since: Timestamp,
    /// What they said.
    pub said: NewLock,
}

/// What is read of a lock `k`.
pub(crate) const COLUMNS: &str =
    "k.user, k.at, k.kind, k.comment, k.due, k.path, k.location, k.application";

/// The lock of a version `v`, if there is one.
pub(crate) const FROM: &str =
    "LEFT JOIN locks k ON k.library = v.library AND k.number = v.number AND k.version = v.version";

/// Reads [`COLUMNS`] that begin at `first`.
pub(crate) fn of_row(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Box<Lock>>> {
    let Some(user) = row.get::<_, Option<String>>(first)? else {
        return Ok(None);
    };
    Ok(Some(Box::new(Lock {
        user,
        since: Timestamp(row.get(first + 1)?),
        said: NewLock {
            kind: match row.get::<_, i64>(first + 2)? {
                2 => LockKind::CheckOut,
                _ => LockKind::Lock,
            },
            comment: row.get(first + 3)?,
            due: row.get::<_, Option<i64>>(first + 4)?.map(Timestamp),
            path: row.get(first + 5)?,
            location: row.get(first + 6)?,
            application: row.get(first + 7)?,
        },
    })))
}

fn check(lock: &NewLock) -> Result<(), StoreError> {
    for (field, text) in [
        ("comments", &lock.comment),
        ("path", &lock.path),
        ("location", &lock.location),
        ("appname", &lock.application),
    ] {
        if text.chars().count() > 2_000 {
            return Err(StoreError::invalid(field, "it has at most 2000 characters"));
        }
        if text.contains('\0') {
            return Err(StoreError::invalid(field, "it has no NUL character"));
        }
    }
    Ok(())
}

/// Nobody changes what somebody else has.
pub(crate) fn must_be_free(
    connection: &Connection,
    version: &Version,
    who: &Principal,
) -> Result<(), StoreError> {
    let Some(lock) = version.lock.as_ref().filter(|lock| lock.user != who.user) else {
        return Ok(());
    };
    let name = match users::find(connection, &lock.user)? {
        Some(user) if !user.full_name.is_empty() => user.full_name,
        Some(user) => user.id,
        None => lock.user.clone(),
    };
    let how = match lock.said.kind {
        LockKind::Lock => "locked it",
        LockKind::CheckOut => "checked it out",
    };
    let since = lock.since.to_rfc3339();
    let since = since.get(..16).unwrap_or(&since).replace('T', " ");
    Err(StoreError::Conflict(format!(
        "{name} has {how} since {since} UTC. Open it read-only, or ask {name} to check it in."
    )))
}

/// A version's lock ends with its check-in, or goes on to the next version.
pub(crate) fn release(
    connection: &Connection,
    library: i64,
    version: &Version,
    who: &Principal,
) -> Result<bool, StoreError> {
    let ended = connection
        .prepare_cached(
            "DELETE FROM locks WHERE library = ?1 AND number = ?2 AND version = ?3 AND user = ?4",
        )?
        .execute(params![library, version.number, version.version, who.user])?;
    Ok(ended > 0)
}

impl Store {
    /// Locks a version, or checks it out. Who has it already says so anew.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NoAccess`]; [`StoreError::Conflict`]
    /// when somebody else has it, with who and since when; [`StoreError::Invalid`].
    pub async fn lock_document(
        &self,
        id: DocumentId,
        lock: NewLock,
        who: Principal,
        now: Timestamp,
    ) -> Result<Version, StoreError> {
        check(&lock)?;
        self.write(move |connection| {
            let version = documents::find_for(connection, &id, &who, Access::ReadWrite)?;
            must_be_free(connection, &version, &who)?;
            let library = libraries::find(connection, &id.library)?.id;
            let (kind, activity) = match lock.kind {
                LockKind::Lock => (1, Activity::Lock),
                LockKind::CheckOut => (2, Activity::CheckOut),
            };
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO locks VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                )?
                .execute(params![
                    library,
                    id.number,
                    id.version,
                    who.user,
                    now.0,
                    kind,
                    lock.comment,
                    lock.due.map(|due| due.0),
                    lock.path,
                    lock.location,
                    lock.application
                ])?;
            history::add(connection, library, &version, activity, &lock.comment, &who, now)?;
            documents::find(connection, &id, &who.beyond_walls())
        })
        .await
    }

    /// Lets go of a version. Of others' locks administrators may, on the record.
    /// What nobody has is let go of already: clients check in, and then let go.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for the document; [`StoreError::NoAccess`].
    pub async fn unlock_document(
        &self,
        id: DocumentId,
        who: Principal,
        now: Timestamp,
    ) -> Result<Version, StoreError> {
        self.write(move |connection| {
            let version = documents::find(connection, &id, &who)?;
            let Some(lock) = &version.lock else {
                return Ok(version);
            };
            if lock.user != who.user && !who.administrator {
                return Err(StoreError::NoAccess(
                    "Somebody else has it. Ask them to check it in, or an administrator to release it.",
                ));
            }
            let library = libraries::find(connection, &id.library)?.id;
            connection
                .prepare_cached("DELETE FROM locks WHERE library = ?1 AND number = ?2 AND version = ?3")?
                .execute(params![library, id.number, id.version])?;
            let comment = if lock.user == who.user {
                String::new()
            } else {
                format!("released for {}", lock.user)
            };
            history::add(connection, library, &version, Activity::Unlock, &comment, &who, now)?;
            documents::find(connection, &id, &who.beyond_walls())
        })
        .await
    }
}
