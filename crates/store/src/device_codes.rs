//! Sign-ins that wait for a person at another device (RFC 8628).

use crate::grants::{Begun, TokenHash};
use crate::{Store, StoreError};
use chancery_proto::clock::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::time::Duration;

/// Kept for so long after they were made.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// Added to the pace of whoever asks too often (RFC 8628, section 3.5).
const SLOWER: Duration = Duration::from_secs(5);

/// A sign-in that waits, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceCodeRow {
    /// Hash of the code that the application holds.
    pub hash: TokenHash,
    /// Hash of the code that the person types.
    pub user_code: TokenHash,
    /// The application.
    pub client: String,
    /// `user` or `admin`.
    pub persona: String,
    /// The device's name, as it gave it.
    pub device: String,
    /// From which address it was asked.
    pub address: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it can no longer be used.
    pub expires: Timestamp,
    /// The application waits so long between two questions.
    pub pace: Duration,
}

/// How far a waiting sign-in has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// Nobody has typed the code yet, or not decided.
    Undecided,
    /// It was asked again too soon.
    TooSoon,
    /// A person, by key, lets the application in.
    Allowed(String),
    /// A person does not want it.
    Refused,
    /// Too late, used already, or never there.
    Over,
}

const WAITING: i64 = 0;
const ALLOWED: i64 = 1;
const REFUSED: i64 = 2;
const TAKEN: i64 = 3;

const COLUMNS: &str =
    "hash, user_code, client, persona, device, address, created, expires, pace, state, user, asked";

struct Found {
    row: DeviceCodeRow,
    state: i64,
    user: String,
    asked: Timestamp,
}

fn found_of(row: &Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found {
        row: DeviceCodeRow {
            hash: row.get(0)?,
            user_code: row.get(1)?,
            client: row.get(2)?,
            persona: row.get(3)?,
            device: row.get(4)?,
            address: row.get(5)?,
            created: Timestamp(row.get(6)?),
            expires: Timestamp(row.get(7)?),
            pace: Duration::from_millis(row.get(8)?),
        },
        state: row.get(9)?,
        user: row.get(10)?,
        asked: Timestamp(row.get(11)?),
    })
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn find(connection: &Connection, hash: TokenHash) -> Result<Option<Found>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM device_codes WHERE hash = ?1"
    ))?;
    Ok(statement.query_row([hash], found_of).optional()?)
}

impl Store {
    /// Keeps a sign-in that waits. Refused when `most` wait already that were
    /// asked for from the same address.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when too many wait; when the database cannot be written.
    pub async fn add_device_code(&self, code: DeviceCodeRow, most: u32) -> Result<(), StoreError> {
        self.write(move |connection| {
            connection.execute(
                "DELETE FROM device_codes WHERE created < ?1",
                [code.created.0 - millis(KEPT)],
            )?;
            let waiting: u32 = connection.query_row(
                "SELECT COUNT(*) FROM device_codes WHERE address = ?1 AND expires > ?2 AND state = ?3",
                params![code.address, code.created.0, WAITING],
                |row| row.get(0),
            )?;
            if waiting >= most {
                return Err(StoreError::Conflict(
                    "Too many sign-ins wait for a person already.".to_owned(),
                ));
            }
            connection.execute(
                "INSERT INTO device_codes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10, '')",
                params![
                    code.hash,
                    code.user_code,
                    code.client,
                    code.persona,
                    code.device,
                    code.address,
                    code.created.0,
                    code.expires.0,
                    millis(code.pace),
                    WAITING
                ],
            )?;
            Ok(())
        })
        .await
    }

    /// The sign-in that waits under the code that a person typed.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn waiting_sign_in(
        &self,
        user_code: TokenHash,
        now: Timestamp,
    ) -> Result<Option<DeviceCodeRow>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM device_codes WHERE user_code = ?1 AND state = ?2 AND expires > ?3"
            ))?;
            let found = statement
                .query_row(params![user_code, WAITING, now.0], found_of)
                .optional()?;
            Ok(found.map(|found| found.row))
        })
    }

    /// Writes down what a person decided. Answers whether it still waited.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn decide_device_code(
        &self,
        user_code: TokenHash,
        user: &str,
        allowed: bool,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let user = user.to_owned();
        self.write(move |connection| {
            let changed = connection.execute(
                "UPDATE device_codes SET state = ?2, user = ?3
                 WHERE user_code = ?1 AND state = ?4 AND expires > ?5",
                params![
                    user_code,
                    if allowed { ALLOWED } else { REFUSED },
                    user,
                    WAITING,
                    now.0
                ],
            )?;
            Ok(changed > 0)
        })
        .await
    }

    /// How far a waiting sign-in has come, for the application that asks. Who
    /// asks too often has to ask less often from then on.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn ask_device_code(
        &self,
        hash: TokenHash,
        client: &str,
        now: Timestamp,
    ) -> Result<(Waiting, Option<DeviceCodeRow>), StoreError> {
        let client = client.to_owned();
        self.write(move |connection| {
            let Some(found) = find(connection, hash)?.filter(|found| found.row.client == client)
            else {
                return Ok((Waiting::Over, None));
            };
            // Half a second is the network's.
            let early = now.since(found.asked) + Duration::from_millis(500) < found.row.pace;
            let waiting = match found.state {
                _ if now >= found.row.expires => Waiting::Over,
                WAITING if early => {
                    connection.execute(
                        "UPDATE device_codes SET pace = pace + ?2 WHERE hash = ?1",
                        params![hash, millis(SLOWER)],
                    )?;
                    Waiting::TooSoon
                }
                WAITING => Waiting::Undecided,
                ALLOWED => Waiting::Allowed(found.user),
                REFUSED => Waiting::Refused,
                _ => Waiting::Over,
            };
            connection.execute(
                "UPDATE device_codes SET asked = ?2 WHERE hash = ?1",
                params![hash, now.0],
            )?;
            Ok((waiting, Some(found.row)))
        })
        .await
    }

    /// Begins the sign-in that a person allowed; once. Answers whether it began.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the person may not sign in any more; when the
    /// database cannot be written.
    pub async fn take_device_code(
        &self,
        hash: TokenHash,
        begun: Begun,
    ) -> Result<bool, StoreError> {
        self.write(move |connection| {
            let taken = connection.execute(
                "UPDATE device_codes SET state = ?2 WHERE hash = ?1 AND state = ?3",
                params![hash, TAKEN, ALLOWED],
            )?;
            if taken > 0 {
                begun.write(connection)?;
            }
            Ok(taken > 0)
        })
        .await
    }
}
