//! What ended, in order, for other servers and for the store that sessions live
//! in; and letting go of what is long over.

use crate::token_hash::TokenHash;
use crate::{Store, StoreError, applications};
use chancery_proto::clock::Timestamp;
use rusqlite::{Connection, params};
use std::collections::VecDeque;
use std::time::Duration;

/// A session that was ended, or that another took over from, in the order in
/// which they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// Later ones have higher numbers.
    pub seq: i64,
    /// The session's token.
    pub hash: TokenHash,
    /// When it ends because another took over; None where it was ended.
    pub dies: Option<Timestamp>,
}

/// Ends are remembered for the longest time that a session may go unused and so
/// much longer: a store that lost what happened lately has no session that lives
/// longer. What is over is forgotten after that time too.
const A_DAY: Duration = Duration::from_secs(24 * 3600);
/// Rows of old sign-ins that leave in one transaction.
const REMOVED_AT_ONCE: usize = 1_000;
/// Old ends that are let go with every new one.
const CLEARED: i64 = 8;

/// Adds to what other servers, and the store of sessions, have to hear.
pub(crate) fn add(
    connection: &Connection,
    tokens: &[TokenHash],
    now: Timestamp,
) -> Result<(), StoreError> {
    for hash in tokens {
        connection
            .prepare_cached("INSERT INTO ends (hash, at) VALUES (?1, ?2)")?
            .execute(params![hash, now.0])?;
    }
    if tokens.is_empty() {
        return Ok(());
    }
    clear(connection, now)
}

fn clear(connection: &Connection, now: Timestamp) -> Result<(), StoreError> {
    let kept = applications::longest_idle(connection)? + A_DAY;
    let since = now
        .0
        .saturating_sub(i64::try_from(kept.as_millis()).unwrap_or(i64::MAX));
    connection
        .prepare_cached(
            "DELETE FROM ends WHERE seq < (SELECT MIN(seq) FROM ends) + ?2 AND at < ?1",
        )?
        .execute(params![since, CLEARED])?;
    Ok(())
}

impl Store {
    /// Up to `most` ends after the one of that number, the earliest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn ends_after(&self, seq: i64, most: u32) -> Result<Vec<End>, StoreError> {
        self.read(|connection| {
            // An ended session's row is gone; one that another took over from stays.
            let mut statement = connection.prepare_cached(
                "SELECT e.seq, e.hash, s.dies FROM ends e LEFT JOIN sessions s ON s.hash = e.hash
                 WHERE e.seq > ?1 ORDER BY e.seq LIMIT ?2",
            )?;
            let ends = statement
                .query_map(params![seq, most], |row| {
                    Ok(End {
                        seq: row.get(0)?,
                        hash: row.get(1)?,
                        dies: row.get::<_, Option<i64>>(2)?.map(Timestamp),
                    })
                })?
                .collect::<Result<_, _>>()?;
            Ok(ends)
        })
    }

    /// The number of the last end; 0 when there is none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn last_end(&self) -> Result<i64, StoreError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT COALESCE(MAX(seq), 0) FROM ends")?;
            Ok(statement.query_row([], |row| row.get(0))?)
        })
    }

    /// Lets go of sign-ins that were over a day ago, ended or too old to be
    /// renewed. Looks at up to `most` after the one of that id, in the order of
    /// their ids, and answers the last that it looked at; None at the end. What
    /// happened stays in the audit.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn forget_old_sign_ins(
        &self,
        now: Timestamp,
        after: &str,
        most: u32,
    ) -> Result<Option<String>, StoreError> {
        let lifetimes = self.lifetimes()?;
        // Whoever has none of their own counts as desktop.
        let usual = lifetimes.iter().find(|(one, _)| one.name == "desktop");
        let usual = usual.map_or(0, |(one, _)| one.absolute_seconds);
        let before = |seconds: u64| applications::ago(now, seconds + A_DAY.as_secs());
        let looked: Vec<(String, bool)> = self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, application, created, ended FROM grants WHERE id > ?1 ORDER BY id LIMIT ?2",
            )?;
            let rows = statement.query_map(params![after, most], |row| {
                let application: String = row.get(1)?;
                let own = lifetimes.iter().find(|(one, _)| one.name == application);
                let absolute = own.map_or(usual, |(one, _)| one.absolute_seconds);
                let (created, ended): (i64, Option<i64>) = (row.get(2)?, row.get(3)?);
                let is_over = created < before(absolute).0
                    || ended.is_some_and(|ended| ended < before(0).0);
                Ok((row.get(0)?, is_over))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })?;
        let last = looked.last().map(|(id, _)| id.clone());
        let mut over: VecDeque<String> = looked
            .into_iter()
            .filter_map(|(id, is_over)| is_over.then_some(id))
            .collect();
        // A sign-in that was renewed for years has many sessions, and others wait to write.
        while !over.is_empty() {
            over = self
                .write(move |connection| {
                    let mut left = REMOVED_AT_ONCE;
                    while let Some(grant) = over.front() {
                        for from in [
                            "DELETE FROM sessions WHERE hash IN (SELECT hash FROM sessions WHERE grant_id = ?1 LIMIT ?2)",
                            "DELETE FROM refresh_tokens WHERE hash IN (SELECT hash FROM refresh_tokens WHERE grant_id = ?1 LIMIT ?2)",
                        ] {
                            left -= connection
                                .prepare_cached(from)?
                                .execute(params![grant, left])?;
                        }
                        if left == 0 {
                            break;
                        }
                        connection
                            .prepare_cached("DELETE FROM grants WHERE id = ?1")?
                            .execute([grant])?;
                        left -= 1;
                        over.pop_front();
                    }
                    Ok(over)
                })
                .await?;
        }
        Ok(last)
    }
}
