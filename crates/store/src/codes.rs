//! Authorization codes (RFC 6749, section 4.1): by hash only, used once.

use crate::grants::{self, Begun, Ended, TokenHash};
use crate::{Store, StoreError};
use chancery_proto::clock::Timestamp;
use rusqlite::{OptionalExtension, params};
use std::time::Duration;

/// A code that nobody has used is kept for so long; a used one too, so that it
/// is known when it is shown again.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// A code as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRow {
    /// Hash of the code.
    pub hash: TokenHash,
    /// The application it was given to.
    pub client: String,
    /// Where it was sent.
    pub redirect: String,
    /// Whether the application said where to, and has to say it again.
    pub redirect_named: bool,
    /// SHA-256 of the verifier, where the application sent one (RFC 7636).
    pub challenge: Option<[u8; 32]>,
    /// Key of the person who let the application in.
    pub user: String,
    /// `user` or `admin`.
    pub persona: String,
    /// When it was given.
    pub created: Timestamp,
    /// When it can no longer be used.
    pub expires: Timestamp,
    /// Whether it was used already.
    pub is_used: bool,
}

/// What became of a code that was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redeemed {
    /// It is good: the sign-in has begun.
    Begun,
    /// It was used before. What it gave has ended.
    Reused(Ended),
    /// No such code.
    Unknown,
}

impl Store {
    /// Keeps a code.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn add_code(&self, code: CodeRow) -> Result<(), StoreError> {
        self.write(move |connection| {
            let old = code.created.0 - i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
            connection
                .prepare_cached("DELETE FROM codes WHERE created < ?1")?
                .execute([old])?;
            connection
                .prepare_cached(
                    "INSERT INTO codes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, NULL)",
                )?
                .execute(params![
                    code.hash,
                    code.client,
                    code.redirect,
                    code.redirect_named,
                    code.challenge,
                    code.user,
                    code.persona,
                    code.created.0,
                    code.expires.0
                ])?;
            Ok(())
        })
        .await
    }

    /// What a code was given for, used or not.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn code(&self, hash: TokenHash) -> Result<Option<CodeRow>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT hash, client, redirect, redirect_named, challenge, user, persona, created, expires, grant_id IS NOT NULL
                 FROM codes WHERE hash = ?1",
            )?;
            let found = statement
                .query_row([hash], |row| {
                    Ok(CodeRow {
                        hash: row.get(0)?,
                        client: row.get(1)?,
                        redirect: row.get(2)?,
                        redirect_named: row.get(3)?,
                        challenge: row.get(4)?,
                        user: row.get(5)?,
                        persona: row.get(6)?,
                        created: Timestamp(row.get(7)?),
                        expires: Timestamp(row.get(8)?),
                        is_used: row.get(9)?,
                    })
                })
                .optional()?;
            Ok(found)
        })
    }

    /// Uses a code up and begins the sign-in it stands for, in one step: of two
    /// who show it one gets in, and the other ends what was given (RFC 6749,
    /// section 4.1.2).
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the person may not sign in any more; when the
    /// database cannot be written.
    pub async fn redeem(&self, hash: TokenHash, begun: Begun) -> Result<Redeemed, StoreError> {
        self.write(move |connection| {
            let found: Option<Option<String>> = connection
                .prepare_cached("SELECT grant_id FROM codes WHERE hash = ?1")?
                .query_row([hash], |row| row.get(0))
                .optional()?;
            match found {
                None => Ok(Redeemed::Unknown),
                Some(Some(given)) => {
                    let mut ended = Ended::default();
                    grants::end(connection, &given, begun.entry.at, &mut ended)?;
                    Ok(Redeemed::Reused(ended))
                }
                Some(None) => {
                    begun.write(connection)?;
                    connection
                        .prepare_cached("UPDATE codes SET grant_id = ?2 WHERE hash = ?1")?
                        .execute(params![hash, begun.grant.id])?;
                    Ok(Redeemed::Begun)
                }
            }
        })
        .await
    }

    /// Ends what a code gave, if it was used. Answers what ended.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn end_what_code_gave(
        &self,
        hash: TokenHash,
        now: Timestamp,
    ) -> Result<Ended, StoreError> {
        self.write(move |connection| {
            let given: Option<String> = connection
                .prepare_cached("SELECT grant_id FROM codes WHERE hash = ?1")?
                .query_row([hash], |row| row.get(0))
                .optional()?
                .flatten();
            let mut ended = Ended::default();
            if let Some(grant) = &given {
                grants::end(connection, grant, now, &mut ended)?;
            }
            Ok(ended)
        })
        .await
    }
}
