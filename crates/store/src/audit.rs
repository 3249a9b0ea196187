//! What happened, and who did it: only ever added to.

use crate::access::Principal;
use crate::chain;
use crate::{Store, StoreError};
use chancery_proto::clock::Timestamp;
use rusqlite::{Connection, params};

pub use crate::chain::{Field, Log, LogLine, Looked, Mark, mark};

/// One line of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who, as far as it is known.
    pub user: String,
    /// What, for example `sign-in`.
    pub activity: String,
    /// How it ended, for example `success` or `refused`.
    pub outcome: String,
    /// By which method, for example `password`.
    pub method: String,
    /// With which application.
    pub application: String,
    /// From which address.
    pub address: String,
}

impl AuditEntry {
    /// What a command beside the server did, or the server by itself.
    #[must_use]
    pub fn of_command(activity: impl Into<String>, now: Timestamp) -> Self {
        Self {
            at: now,
            user: String::new(),
            activity: activity.into(),
            outcome: "success".to_owned(),
            method: "command".to_owned(),
            application: "chancery-server".to_owned(),
            address: String::new(),
        }
    }
}

pub(crate) fn add(connection: &Connection, entry: &AuditEntry) -> Result<(), StoreError> {
    let (last, before) = chain::head(connection, Log::Audit)?;
    let id = last + 1;
    let fields = [
        Field::Number(id),
        Field::Number(entry.at.0),
        Field::Text(entry.user.clone()),
        Field::Text(entry.activity.clone()),
        Field::Text(entry.outcome.clone()),
        Field::Text(entry.method.clone()),
        Field::Text(entry.application.clone()),
        Field::Text(entry.address.clone()),
    ];
    let mark = chain::mark(Log::Audit, &before, &fields);
    connection
        .prepare_cached(
            "INSERT INTO audit (id, at, user, activity, outcome, method, application, address, mark)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            id,
            entry.at.0,
            entry.user,
            entry.activity,
            entry.outcome,
            entry.method,
            entry.application,
            entry.address,
            mark
        ])?;
    Ok(())
}

/// What somebody did to something that has no history of its own.
pub(crate) fn did(
    connection: &Connection,
    activity: String,
    who: &Principal,
    now: Timestamp,
) -> Result<(), StoreError> {
    let entry = AuditEntry {
        at: now,
        user: who.user.clone(),
        activity,
        outcome: "success".to_owned(),
        method: String::new(),
        application: who.via.application.to_string(),
        address: who.via.address.to_string(),
    };
    add(connection, &entry)
}

impl Store {
    /// Adds a line.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn add_audit(&self, entry: AuditEntry) -> Result<(), StoreError> {
        self.write(move |connection| add(connection, &entry)).await
    }

    /// The newest lines, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn audit(&self, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT at, user, activity, outcome, method, application, address FROM audit ORDER BY id DESC LIMIT ?1",
            )?;
            let entries = statement
                .query_map([limit], |row| {
                    Ok(AuditEntry {
                        at: Timestamp(row.get(0)?),
                        user: row.get(1)?,
                        activity: row.get(2)?,
                        outcome: row.get(3)?,
                        method: row.get(4)?,
                        application: row.get(5)?,
                        address: row.get(6)?,
                    })
                })?
                .collect::<Result<_, _>>()?;
            Ok(entries)
        })
    }

    /// Lines of a log in their order, behind the one with that id; from 0 on all of
    /// them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn log_lines(&self, log: Log, after: i64, most: u32) -> Result<Vec<LogLine>, StoreError> {
        self.read(|connection| chain::lines(connection, log, after, most))
    }

    /// Looks whether a log is what was written: whether each line has the mark
    /// that it has to have. `see` is told every line. Takes as long as the log is;
    /// blocks the thread.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn look_through(&self, log: Log, see: impl FnMut(&LogLine)) -> Result<Looked, StoreError> {
        self.read(|connection| chain::look(connection, log, see))
    }
}
