//! Renewing a session with a refresh token: rotation, the repeated answer, and
//! the end of the family on reuse (RFC 6749, section 6; RFC 9700, section 4.14).

use crate::applications::ApplicationSettings;
use crate::audit::{self, AuditEntry};
use crate::grants::{
    self, Ended, GRANT, GrantRow, RefreshRow, SESSION, SessionRow, TokenHash, grant_of, session_of,
};
use crate::{Store, StoreError, ends};
use chancery_proto::clock::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use std::time::Duration;

/// A lost answer may be asked for again for so long.
pub const REPLAY_WINDOW: Duration = Duration::from_secs(60);
/// After a renewal the old session finishes its calls for so long.
pub const OVERLAP: Duration = Duration::from_secs(30);

/// A renewal to be carried out.
#[derive(Debug, Clone)]
pub struct Renewal {
    /// Hash of the token that was shown.
    pub shown: TokenHash,
    /// Hash of the session that takes over.
    pub session_hash: TokenHash,
    /// Its public id.
    pub session_id: String,
    /// Hash of the next refresh token.
    pub next_refresh: TokenHash,
    /// Whether the session that takes over was used already.
    pub successor_used: bool,
    /// The lifetimes that hold now, for every kind of application.
    pub policies: Vec<ApplicationSettings>,
    /// The application that asks, where it said and proved which it is.
    pub application: Option<String>,
    /// Applications that have to prove who they are to renew.
    pub proving: Vec<String>,
    /// From where it was asked.
    pub address: String,
    /// When.
    pub now: Timestamp,
}

impl Renewal {
    /// The session that takes over.
    #[must_use]
    pub fn session_of(&self, grant: &GrantRow) -> SessionRow {
        SessionRow {
            hash: self.session_hash,
            id: self.session_id.clone(),
            grant_id: grant.id.clone(),
            created: self.now,
            last_use: self.now,
            dies: None,
            address: self.address.clone(),
        }
    }

    fn entry(&self, grant: &GrantRow, outcome: &str) -> AuditEntry {
        AuditEntry {
            at: self.now,
            user: grant.user.clone(),
            activity: "renewal".to_owned(),
            outcome: outcome.to_owned(),
            method: "refresh".to_owned(),
            application: grant.client.clone(),
            address: self.address.clone(),
        }
    }

    /// The token that is shown with its sign-in, if that may be renewed by who
    /// asks.
    fn find(&self, connection: &Connection) -> Result<Option<Shown>, StoreError> {
        let found = connection
            .prepare_cached(&format!(
                "SELECT t.expires, t.used, {GRANT}, u.enabled, u.not_before FROM refresh_tokens t
                 JOIN grants g ON g.id = t.grant_id JOIN users u ON u.key = g.user
                 WHERE t.hash = ?1 AND g.ended IS NULL"
            ))?
            .query_row([self.shown], |row| {
                let shown = Shown {
                    expires: Timestamp(row.get(0)?),
                    used: row.get::<_, Option<i64>>(1)?.map(Timestamp),
                    grant: grant_of(row, 2)?,
                };
                Ok((shown, row.get::<_, bool>(11)?, Timestamp(row.get(12)?)))
            })
            .optional()?;
        let Some((shown, ..)) = &found else {
            return Ok(None);
        };
        // What had run out before the lifetimes were changed stays so.
        let over: Option<i64> = connection
            .prepare_cached("SELECT signed_in_after FROM applications WHERE name = ?1")?
            .query_row([&shown.grant.application], |row| row.get(0))
            .optional()?;
        if over.is_some_and(|over| shown.grant.created.0 <= over) {
            return Ok(None);
        }
        Ok(found
            .filter(|(shown, enabled, not_before)| {
                self.now < shown.expires
                    && *enabled
                    && shown.grant.created >= *not_before
                    && self.is_of(&shown.grant)
                    && self.allows(&shown.grant)
            })
            .map(|(shown, ..)| shown))
    }

    /// Whether that sign-in is the one of who asks (RFC 6749, section 6).
    fn is_of(&self, grant: &GrantRow) -> bool {
        match &self.application {
            Some(application) => *application == grant.application,
            None => !self.proving.contains(&grant.application),
        }
    }

    /// Whether a sign-in of that kind and age may still be renewed.
    fn allows(&self, grant: &GrantRow) -> bool {
        self.policies.iter().any(|policy| {
            let limit = Duration::from_secs(policy.absolute_seconds);
            policy.name == grant.application
                && policy.refresh
                && self.now < grant.created.plus(limit)
        })
    }
}

/// A refresh token that somebody shows.
struct Shown {
    expires: Timestamp,
    used: Option<Timestamp>,
    grant: GrantRow,
}

/// A session that takes over from others of its sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenOver {
    /// The sign-in.
    pub grant: GrantRow,
    /// The session that took over.
    pub session: SessionRow,
    /// Those that it took over from just now: they end within [`OVERLAP`].
    pub others: Vec<TokenHash>,
}

/// How a renewal ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewed {
    /// A new session took over.
    Fresh(TakenOver),
    /// The answer was lost, and is given once more.
    Again(TakenOver),
    /// The token was used before: the whole sign-in ended.
    Reused(Ended),
    /// No such token, or its sign-in is over.
    Refused,
}

impl Store {
    /// The sign-in that a renewal would renew now; None where it would be refused,
    /// or where the token was used before.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn renewable(&self, renewal: &Renewal) -> Result<Option<GrantRow>, StoreError> {
        self.read(|connection| {
            let shown = renewal.find(connection)?;
            Ok(shown
                .filter(|shown| shown.used.is_none())
                .map(|shown| shown.grant))
        })
    }

    /// Renews a session with a refresh token: rotation, the repeated answer
    /// within [`REPLAY_WINDOW`], and the end of the family on any other reuse;
    /// with the line of the audit, all of it or nothing.
    ///
    /// # Errors
    /// When the database cannot be written; the token is then still good.
    pub async fn renew(&self, renewal: Renewal) -> Result<Renewed, StoreError> {
        self.write(move |connection| {
            let now = renewal.now;
            let Some(Shown {
                expires,
                used,
                grant,
            }) = renewal.find(connection)?
            else {
                return Ok(Renewed::Refused);
            };
            if let Some(used) = used {
                let kept = connection
                    .prepare_cached(&format!(
                        "SELECT {SESSION} FROM sessions s WHERE s.hash = ?1"
                    ))?
                    .query_row([renewal.session_hash], |row| session_of(row, 0))
                    .optional()?;
                return match kept {
                    Some(session) if !renewal.successor_used && now.since(used) < REPLAY_WINDOW => {
                        Ok(Renewed::Again(TakenOver {
                            grant,
                            session,
                            others: Vec::new(),
                        }))
                    }
                    _ => {
                        let mut ended = Ended::default();
                        grants::end(connection, &grant.id, now, &mut ended)?;
                        let entry =
                            renewal.entry(&grant, "refresh token used twice: sign-in ended");
                        audit::add(connection, &entry)?;
                        Ok(Renewed::Reused(ended))
                    }
                };
            }
            connection
                .prepare_cached("UPDATE refresh_tokens SET used = ?2 WHERE hash = ?1")?
                .execute(params![renewal.shown, now.0])?;
            // Asked for one after the other, each is found by the index: a sign-in has
            // the rows of all that others took over from before.
            let mut others: Vec<TokenHash> = Vec::new();
            for lives in ["dies IS NULL", "dies > ?2"] {
                let mut statement = connection.prepare_cached(&format!(
                    "UPDATE sessions SET dies = ?2 WHERE grant_id = ?1 AND {lives} RETURNING hash"
                ))?;
                let superseded = statement
                    .query_map(params![grant.id, now.plus(OVERLAP).0], |row| row.get(0))?;
                for hash in superseded {
                    others.push(hash?);
                }
            }
            ends::add(connection, &others, now)?;
            let session = renewal.session_of(&grant);
            grants::insert_session(connection, &session)?;
            let next = RefreshRow {
                hash: renewal.next_refresh,
                grant_id: grant.id.clone(),
                created: now,
                expires,
            };
            grants::insert_refresh(connection, &next)?;
            audit::add(connection, &renewal.entry(&grant, "success"))?;
            Ok(Renewed::Fresh(TakenOver {
                grant,
                session,
                others,
            }))
        })
        .await
    }
}
