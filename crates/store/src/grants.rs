//! Sign-ins and what hangs on them: sessions and refresh tokens, by hash only.
//!
//! Ends are written here before anybody is told, so that a session which was
//! ended never comes back, whatever was lost elsewhere.

use crate::applications::ApplicationSettings;
use crate::audit::{self, AuditEntry};
use crate::users;
use crate::{Store, StoreError};
use chancery_proto::clock::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::time::Duration;

/// SHA-256 of a token: what is kept of it.
pub type TokenHash = [u8; 32];

/// A lost answer may be asked for again for so long.
pub const REPLAY_WINDOW: Duration = Duration::from_secs(60);
/// After a renewal the old session finishes its calls for so long.
pub const OVERLAP: Duration = Duration::from_secs(30);

/// A sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    /// Random, not secret.
    pub id: String,
    /// Key of the person.
    pub user: String,
    /// The kind of application whose lifetimes hold.
    pub application: String,
    /// The client's own name, as it gave it.
    pub client: String,
    /// `user` or `admin`.
    pub persona: String,
    /// For example `password`.
    pub method: String,
    /// The device's name, as it gave it.
    pub device: String,
    /// From which address it was made.
    pub address: String,
    /// When.
    pub created: Timestamp,
}

/// A session as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Hash of its token.
    pub hash: TokenHash,
    /// Random, not secret: what people name it by.
    pub id: String,
    /// Its sign-in.
    pub grant_id: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used, as far as it was written down.
    pub last_use: Timestamp,
    /// When it ends because another took its place.
    pub dies: Option<Timestamp>,
    /// From where it was made.
    pub address: String,
}

/// A refresh token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshRow {
    /// Hash of the token.
    pub hash: TokenHash,
    /// Its sign-in.
    pub grant_id: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it can no longer be used.
    pub expires: Timestamp,
}

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

/// How a renewal ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewed {
    /// A new session took over.
    Fresh(GrantRow, SessionRow),
    /// The answer was lost, and is given once more.
    Again(GrantRow, SessionRow),
    /// The token was used before: the whole sign-in ended.
    Reused(GrantRow),
    /// No such token, or its sign-in is over.
    Refused,
}

const GRANT: &str =
    "g.id, g.user, g.application, g.client, g.persona, g.method, g.device, g.address, g.created";
const SESSION: &str = "s.hash, s.id, s.grant_id, s.created, s.last_use, s.dies, s.address";

fn grant_of(row: &Row<'_>, first: usize) -> rusqlite::Result<GrantRow> {
    Ok(GrantRow {
        id: row.get(first)?,
        user: row.get(first + 1)?,
        application: row.get(first + 2)?,
        client: row.get(first + 3)?,
        persona: row.get(first + 4)?,
        method: row.get(first + 5)?,
        device: row.get(first + 6)?,
        address: row.get(first + 7)?,
        created: Timestamp(row.get(first + 8)?),
    })
}

fn session_of(row: &Row<'_>, first: usize) -> rusqlite::Result<SessionRow> {
    Ok(SessionRow {
        hash: row.get(first)?,
        id: row.get(first + 1)?,
        grant_id: row.get(first + 2)?,
        created: Timestamp(row.get(first + 3)?),
        last_use: Timestamp(row.get(first + 4)?),
        dies: row.get::<_, Option<i64>>(first + 5)?.map(Timestamp),
        address: row.get(first + 6)?,
    })
}

fn insert_session(connection: &Connection, session: &SessionRow) -> Result<(), StoreError> {
    let mut statement =
        connection.prepare_cached("INSERT INTO sessions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    statement.execute(params![
        session.hash,
        session.id,
        session.grant_id,
        session.created.0,
        session.last_use.0,
        session.dies.map(|dies| dies.0),
        session.address
    ])?;
    Ok(())
}

fn insert_refresh(connection: &Connection, refresh: &RefreshRow) -> Result<(), StoreError> {
    let mut statement =
        connection.prepare_cached("INSERT INTO refresh_tokens VALUES (?1, ?2, ?3, ?4, NULL)")?;
    statement.execute(params![
        refresh.hash,
        refresh.grant_id,
        refresh.created.0,
        refresh.expires.0
    ])?;
    Ok(())
}

/// A sign-in with its first session, its refresh token if there is one, and
/// the line of the audit.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The sign-in.
    pub grant: GrantRow,
    /// Its first session.
    pub session: SessionRow,
    /// What renews it, where it may be renewed.
    pub refresh: Option<RefreshRow>,
    /// What the audit says of it.
    pub entry: AuditEntry,
}

impl Begun {
    /// Writes all of it, in the transaction that goes on.
    pub(crate) fn write(&self, connection: &Connection) -> Result<(), StoreError> {
        let grant = &self.grant;
        match users::find(connection, &grant.user)? {
            Some(user) if user.enabled => {}
            _ => return Err(StoreError::NotFound("user")),
        }
        connection
            .prepare_cached("INSERT INTO grants VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, NULL)")?
            .execute(params![
                grant.id,
                grant.user,
                grant.application,
                grant.client,
                grant.persona,
                grant.method,
                grant.device,
                grant.address,
                grant.created.0
            ])?;
        insert_session(connection, &self.session)?;
        if let Some(refresh) = &self.refresh {
            insert_refresh(connection, refresh)?;
        }
        audit::add(connection, &self.entry)
    }
}

pub(crate) fn end(
    connection: &Connection,
    grant: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let ended = connection
        .prepare_cached("UPDATE grants SET ended = ?2 WHERE id = ?1 AND ended IS NULL")?
        .execute(params![grant, now.0])?;
    connection
        .prepare_cached("DELETE FROM sessions WHERE grant_id = ?1")?
        .execute([grant])?;
    connection
        .prepare_cached("DELETE FROM refresh_tokens WHERE grant_id = ?1")?
        .execute([grant])?;
    Ok(ended > 0)
}

fn end_all_of(
    connection: &Connection,
    user: &str,
    now: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT id FROM grants WHERE user = ?1 AND ended IS NULL")?;
    let ids: Vec<String> = statement
        .query_map([user], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for id in &ids {
        end(connection, id, now)?;
    }
    // What they let in and what has not come in yet stays out.
    connection.execute("DELETE FROM codes WHERE user = ?1", [user])?;
    connection.execute("DELETE FROM device_codes WHERE user = ?1", [user])?;
    Ok(ids)
}

impl Store {
    /// Writes a sign-in with its first session, its refresh token if there is
    /// one, and the line of the audit: all of it or nothing. Refused when the
    /// person was disabled meanwhile.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the person may not sign in any more.
    pub async fn add_grant(
        &self,
        grant: GrantRow,
        session: SessionRow,
        refresh: Option<RefreshRow>,
        entry: AuditEntry,
    ) -> Result<(), StoreError> {
        let begun = Begun {
            grant,
            session,
            refresh,
            entry,
        };
        self.write(move |connection| begun.write(connection)).await
    }

    /// Renews a session with a refresh token: rotation, the repeated answer
    /// within [`REPLAY_WINDOW`], and the end of the family on any other reuse.
    ///
    /// # Errors
    /// When the database cannot be written; the token is then still good.
    pub async fn renew(&self, renewal: Renewal) -> Result<Renewed, StoreError> {
        self.write(move |connection| {
            let now = renewal.now;
            let found = connection
                .prepare_cached(&format!(
                    "SELECT t.expires, t.used, {GRANT}, u.enabled, u.not_before FROM refresh_tokens t
                     JOIN grants g ON g.id = t.grant_id JOIN users u ON u.key = g.user
                     WHERE t.hash = ?1 AND g.ended IS NULL"
                ))?
                .query_row([renewal.shown], |row| {
                    Ok((
                        Timestamp(row.get(0)?),
                        row.get::<_, Option<i64>>(1)?.map(Timestamp),
                        grant_of(row, 2)?,
                        row.get::<_, bool>(11)?,
                        Timestamp(row.get(12)?),
                    ))
                })
                .optional()?;
            let Some((expires, used, grant, enabled, not_before)) = found else { return Ok(Renewed::Refused) };
            if now >= expires
                || !enabled
                || grant.created < not_before
                || !renewal.is_of(&grant)
                || !renewal.allows(&grant)
            {
                return Ok(Renewed::Refused);
            }
            if let Some(used) = used {
                let kept = connection
                    .prepare_cached(&format!("SELECT {SESSION} FROM sessions s WHERE s.hash = ?1"))?
                    .query_row([renewal.session_hash], |row| session_of(row, 0))
                    .optional()?;
                return match kept {
                    Some(session) if !renewal.successor_used && now.since(used) < REPLAY_WINDOW => {
                        Ok(Renewed::Again(grant, session))
                    }
                    _ => {
                        end(connection, &grant.id, now)?;
                        Ok(Renewed::Reused(grant))
                    }
                };
            }
            connection
                .prepare_cached("UPDATE refresh_tokens SET used = ?2 WHERE hash = ?1")?
                .execute(params![renewal.shown, now.0])?;
            connection
                .prepare_cached("UPDATE sessions SET dies = MIN(?2, COALESCE(dies, ?2)) WHERE grant_id = ?1")?
                .execute(params![grant.id, now.plus(OVERLAP).0])?;
            let session = SessionRow {
                hash: renewal.session_hash,
                id: renewal.session_id,
                grant_id: grant.id.clone(),
                created: now,
                last_use: now,
                dies: None,
                address: renewal.address,
            };
            insert_session(connection, &session)?;
            let next = RefreshRow { hash: renewal.next_refresh, grant_id: grant.id.clone(), created: now, expires };
            insert_refresh(connection, &next)?;
            Ok(Renewed::Fresh(grant, session))
        })
        .await
    }

    /// Ends a sign-in for good. Answers whether it was still going on.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn end_grant(
        &self,
        id: &str,
        now: Timestamp,
        entry: AuditEntry,
    ) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.write(move |connection| {
            let ended = end(connection, &id, now)?;
            if ended {
                audit::add(connection, &entry)?;
            }
            Ok(ended)
        })
        .await
    }

    /// Ends every sign-in of a person; answers which.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn end_grants_of(
        &self,
        user: &str,
        now: Timestamp,
        entry: AuditEntry,
    ) -> Result<Vec<String>, StoreError> {
        let key = users::key_of(user);
        self.write(move |connection| {
            let ended = end_all_of(connection, &key, now)?;
            audit::add(connection, &entry)?;
            Ok(ended)
        })
        .await
    }

    /// Lets a person sign in, or no longer: then every sign-in ends in the same step.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when nobody has that id.
    pub async fn set_enabled(
        &self,
        id: &str,
        enabled: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = users::key_of(id);
        self.write(move |connection| {
            let changed = connection.execute(
                "UPDATE users SET enabled = ?2, edited = ?3, not_before = CASE WHEN ?2 THEN not_before ELSE ?3 END
                 WHERE key = ?1",
                params![key, enabled, now.0],
            )?;
            if changed == 0 {
                return Err(StoreError::NotFound("user"));
            }
            if !enabled {
                end_all_of(connection, &key, now)?;
            }
            Ok(())
        })
        .await
    }

    /// Which sign-in a token belongs to, if it is going on: that of a session,
    /// expired or not, or a refresh token.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn grant_of_token(&self, hash: TokenHash) -> Result<Option<String>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT g.id FROM grants g WHERE g.ended IS NULL AND g.id IN (
                    SELECT grant_id FROM refresh_tokens WHERE hash = ?1
                    UNION ALL SELECT grant_id FROM sessions WHERE hash = ?1)",
            )?;
            Ok(statement.query_row([hash], |row| row.get(0)).optional()?)
        })
    }

    /// Whether a sign-in is over, or was never there.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn grant_is_over(&self, id: &str) -> Result<bool, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT NOT EXISTS (SELECT 1 FROM grants WHERE id = ?1 AND ended IS NULL)",
            )?;
            Ok(statement.query_row([id], |row| row.get(0))?)
        })
    }

    /// Every session of a sign-in that goes on.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn living_sessions(&self) -> Result<Vec<(GrantRow, SessionRow)>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {GRANT}, {SESSION} FROM sessions s JOIN grants g ON g.id = s.grant_id
                 JOIN users u ON u.key = g.user
                 WHERE g.ended IS NULL AND u.enabled AND g.created >= u.not_before"
            ))?;
            let sessions = statement
                .query_map([], |row| Ok((grant_of(row, 0)?, session_of(row, 9)?)))?
                .collect::<Result<_, _>>()?;
            Ok(sessions)
        })
    }

    /// Lets sessions live no longer than until then.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn let_die(&self, sessions: Vec<TokenHash>, at: Timestamp) -> Result<(), StoreError> {
        self.write(move |connection| {
            let mut end = connection.prepare_cached(
                "UPDATE sessions SET dies = MIN(COALESCE(dies, ?2), ?2) WHERE hash = ?1",
            )?;
            for hash in &sessions {
                end.execute(params![hash, at.0])?;
            }
            Ok(())
        })
        .await
    }

    /// Writes down when sessions were last used.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn write_uses(&self, used: Vec<(TokenHash, Timestamp)>) -> Result<(), StoreError> {
        self.write(move |connection| {
            let mut slide = connection.prepare_cached(
                "UPDATE sessions SET last_use = MAX(last_use, ?2) WHERE hash = ?1",
            )?;
            for (hash, last_use) in &used {
                slide.execute(params![hash, last_use.0])?;
            }
            Ok(())
        })
        .await
    }
}
