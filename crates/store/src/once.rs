//! A request that is sent again makes nothing twice.

use crate::StoreError;
use crate::access::Principal;
use crate::documents::{self, ContentHash, Version};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::DocumentId;
use rusqlite::{Connection, OptionalExtension, params};
use std::time::Duration;

/// A key is remembered for so long.
pub const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);
/// Old keys that are let go with every new one.
const CLEARED: i64 = 16;

/// The key that a client gave to a request, 1 to 255 characters. It belongs to
/// the person: nobody else's request can meet it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnceKey(String);

impl OnceKey {
    /// The key, if it can be one.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when it is empty, too long or not plain text.
    pub fn new(text: &str) -> Result<Self, StoreError> {
        let fits =
            (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(StoreError::invalid(
                "Idempotency-Key",
                "it has 1 to 255 visible ASCII characters",
            ))
        }
    }
}

/// What the same request made before, if it did.
pub(crate) fn before(
    connection: &Connection,
    key: Option<&OnceKey>,
    target: &str,
    hash: &ContentHash,
    who: &Principal,
    now: Timestamp,
) -> Result<Option<Version>, StoreError> {
    let Some(key) = key else { return Ok(None) };
    let since = now
        .0
        .saturating_sub(i64::try_from(REMEMBERED.as_millis()).unwrap_or(i64::MAX));
    connection
        .prepare_cached("DELETE FROM once WHERE at < ?1 AND (user, key) IN (SELECT user, key FROM once WHERE at < ?1 LIMIT ?2)")?
        .execute(params![since, CLEARED])?;
    let found = connection
        .prepare_cached(
            "SELECT target = ?3 AND hash = ?4, library, number, version FROM once
             WHERE user = ?1 AND key = ?2 AND at >= ?5",
        )?
        .query_row(params![who.user, key.0, target, hash, since], |row| {
            Ok((
                row.get::<_, bool>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, u64>(2)?,
                row.get::<_, u32>(3)?,
            ))
        })
        .optional()?;
    match found {
        None => Ok(None),
        Some((false, ..)) => Err(StoreError::Conflict(
            "This Idempotency-Key was used for another request. Use a new key for every new document.".to_owned(),
        )),
        Some((true, library, number, version)) => {
            let library = library.parse().map_err(|_| StoreError::NotFound("library"))?;
            let id = DocumentId { library, number, version };
            documents::find(connection, &id, who).map(Some)
        }
    }
}

/// Remembers what a request made.
pub(crate) fn remember(
    connection: &Connection,
    key: Option<&OnceKey>,
    target: &str,
    made: &Version,
    who: &Principal,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(key) = key else { return Ok(()) };
    connection
        .prepare_cached("INSERT OR REPLACE INTO once VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
        .execute(params![
            who.user,
            key.0,
            target,
            made.hash,
            made.library,
            made.number,
            made.version,
            now.0
        ])?;
    Ok(())
}
