//! Sign-ins and what hangs on them: sessions and refresh tokens, by hash only.
//!
//! Ends are written here before anybody is told, so that a session which was
//! ended never comes back, whatever was lost elsewhere.

use crate::audit::{self, AuditEntry};
use crate::{Store, StoreError, ends, users};
use chancery_proto::clock::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

pub use crate::token_hash::TokenHash;

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

/// What ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ended {
    /// How many sign-ins.
    pub grants: usize,
    /// The tokens of their sessions.
    pub tokens: Vec<TokenHash>,
}

pub(crate) const GRANT: &str =
    "g.id, g.user, g.application, g.client, g.persona, g.method, g.device, g.address, g.created";
pub(crate) const SESSION: &str =
    "s.hash, s.id, s.grant_id, s.created, s.last_use, s.dies, s.address";

pub(crate) fn grant_of(row: &Row<'_>, first: usize) -> rusqlite::Result<GrantRow> {
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

pub(crate) fn session_of(row: &Row<'_>, first: usize) -> rusqlite::Result<SessionRow> {
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

/// Sessions of sign-ins that go on, of people who may sign in.
const LIVING: &str = "SELECT g.id, g.user, g.application, g.client, g.persona, g.method, g.device, g.address, g.created,
    s.hash, s.id, s.grant_id, s.created, s.last_use, s.dies, s.address
    FROM sessions s JOIN grants g ON g.id = s.grant_id JOIN users u ON u.key = g.user
    WHERE g.ended IS NULL AND u.enabled AND g.created >= u.not_before";

/// Those of [`LIVING`] that live at `?1`: the rows of those that others took over
/// from stay as long as the sign-in.
const AT_THAT_TIME: &str = "AND (s.dies IS NULL OR s.dies > ?1)";

fn both_of(row: &Row<'_>) -> rusqlite::Result<(GrantRow, SessionRow)> {
    Ok((grant_of(row, 0)?, session_of(row, 9)?))
}

pub(crate) fn insert_session(
    connection: &Connection,
    session: &SessionRow,
) -> Result<(), StoreError> {
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

pub(crate) fn insert_refresh(
    connection: &Connection,
    refresh: &RefreshRow,
) -> Result<(), StoreError> {
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

/// Ends a sign-in, in the transaction that goes on, and adds it to what ended.
pub(crate) fn end(
    connection: &Connection,
    grant: &str,
    now: Timestamp,
    ended: &mut Ended,
) -> Result<(), StoreError> {
    ended.grants += connection
        .prepare_cached("UPDATE grants SET ended = ?2 WHERE id = ?1 AND ended IS NULL")?
        .execute(params![grant, now.0])?;
    // Those too that others took over from long ago: a store of sessions may not
    // have heard of it.
    let mut sessions =
        connection.prepare_cached("DELETE FROM sessions WHERE grant_id = ?1 RETURNING hash")?;
    let tokens: Vec<TokenHash> = sessions
        .query_map([grant], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    ends::add(connection, &tokens, now)?;
    ended.tokens.extend(tokens);
    connection
        .prepare_cached("DELETE FROM refresh_tokens WHERE grant_id = ?1")?
        .execute([grant])?;
    Ok(())
}

fn end_all_of(connection: &Connection, user: &str, now: Timestamp) -> Result<Ended, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT id FROM grants WHERE user = ?1 AND ended IS NULL")?;
    let ids: Vec<String> = statement
        .query_map([user], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut ended = Ended::default();
    for id in &ids {
        end(connection, id, now, &mut ended)?;
    }
    // What they let in and what has not come in yet stays out.
    connection.execute("DELETE FROM codes WHERE user = ?1", [user])?;
    connection.execute("DELETE FROM device_codes WHERE user = ?1", [user])?;
    Ok(ended)
}

/// Ends every sign-in there is, and has the list of what ended go on with numbers
/// that were never given: a store of sessions may know higher ones.
pub(crate) fn end_everything(connection: &Connection, now: Timestamp) -> Result<(), StoreError> {
    crate::events::leap(connection, "ends")?;
    let ids: Vec<String> = connection
        .prepare("SELECT id FROM grants WHERE ended IS NULL")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for id in &ids {
        end(connection, id, now, &mut Ended::default())?;
    }
    Ok(())
}

/// Lets somebody sign in, or keeps them from it and ends what they have.
pub(crate) fn enable(
    connection: &Connection,
    key: &str,
    enabled: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed = connection.execute(
        "UPDATE users SET enabled = ?2, edited = ?3, not_before = CASE WHEN ?2 THEN not_before ELSE ?3 END
         WHERE key = ?1",
        params![key, enabled, now.0],
    )?;
    if changed == 0 {
        return Err(StoreError::NotFound("user"));
    }
    if !enabled {
        end_all_of(connection, key, now)?;
    }
    Ok(())
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

    /// Tokens of sessions that live now and whose application's lifetimes are those
    /// of that name, in the order of their bytes: up to `most` after `after`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn tokens_of_application(
        &self,
        application: &str,
        now: Timestamp,
        after: &TokenHash,
        most: u32,
    ) -> Result<Vec<TokenHash>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT s.hash FROM sessions s JOIN grants g ON g.id = s.grant_id
                 WHERE s.hash > ?2 AND g.application = ?1 AND (s.dies IS NULL OR s.dies > ?4)
                 ORDER BY s.hash LIMIT ?3",
            )?;
            let tokens = statement
                .query_map(params![application, after, most, now.0], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            Ok(tokens)
        })
    }

    /// Ends a sign-in for good. Answers what ended: nothing where it was over.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn end_grant(
        &self,
        id: &str,
        now: Timestamp,
        entry: AuditEntry,
    ) -> Result<Ended, StoreError> {
        let id = id.to_owned();
        self.write(move |connection| {
            let mut ended = Ended::default();
            end(connection, &id, now, &mut ended)?;
            if ended.grants > 0 {
                audit::add(connection, &entry)?;
            }
            Ok(ended)
        })
        .await
    }

    /// Ends every sign-in of a person; answers what ended.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn end_grants_of(
        &self,
        user: &str,
        now: Timestamp,
        entry: AuditEntry,
    ) -> Result<Ended, StoreError> {
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
        entry: AuditEntry,
    ) -> Result<(), StoreError> {
        let key = users::key_of(id);
        self.write(move |connection| {
            enable(connection, &key, enabled, now)?;
            audit::add(connection, &entry)
        })
        .await
    }

    /// Which sign-in a token belongs to, if it is going on: that of a session,
    /// expired or not, or a refresh token.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn grant_of_token(&self, hash: TokenHash) -> Result<Option<GrantRow>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {GRANT} FROM grants g WHERE g.ended IS NULL AND g.id IN (
                    SELECT grant_id FROM refresh_tokens WHERE hash = ?1
                    UNION ALL SELECT grant_id FROM sessions WHERE hash = ?1)",
            ))?;
            Ok(statement
                .query_row([hash], |row| grant_of(row, 0))
                .optional()?)
        })
    }

    /// Which sign-in the session of that id belongs to, if it is going on.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn grant_of_session(&self, id: &str) -> Result<Option<GrantRow>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {GRANT} FROM grants g JOIN sessions s ON s.grant_id = g.id
                 WHERE g.ended IS NULL AND s.id = ?1"
            ))?;
            Ok(statement
                .query_row([id], |row| grant_of(row, 0))
                .optional()?)
        })
    }

    /// The session of a token, unless its sign-in ended or the person may not
    /// sign in.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn session_of_token(
        &self,
        hash: TokenHash,
    ) -> Result<Option<(GrantRow, SessionRow)>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!("{LIVING} AND s.hash = ?1"))?;
            Ok(statement.query_row([hash], both_of).optional()?)
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

    /// Every session of a sign-in that goes on, without those that another took over
    /// from and that are over by now.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn living_sessions(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(GrantRow, SessionRow)>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!("{LIVING} {AT_THAT_TIME}"))?;
            let sessions = statement
                .query_map([now.0], both_of)?
                .collect::<Result<_, _>>()?;
            Ok(sessions)
        })
    }

    /// As [`Store::living_sessions`], of one person.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn living_sessions_of(
        &self,
        user: &str,
        now: Timestamp,
    ) -> Result<Vec<(GrantRow, SessionRow)>, StoreError> {
        let key = users::key_of(user);
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached(&format!("{LIVING} {AT_THAT_TIME} AND g.user = ?2"))?;
            let sessions = statement
                .query_map(params![now.0, key], both_of)?
                .collect::<Result<_, _>>()?;
            Ok(sessions)
        })
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
