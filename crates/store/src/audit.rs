//! What happened, and who did it: only ever added to.

use crate::access::Principal;
use crate::{Store, StoreError};
use chancery_proto::clock::Timestamp;
use rusqlite::{Connection, params};

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

pub(crate) fn add(connection: &Connection, entry: &AuditEntry) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO audit (at, user, activity, outcome, method, application, address)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    statement.execute(params![
        entry.at.0,
        entry.user,
        entry.activity,
        entry.outcome,
        entry.method,
        entry.application,
        entry.address
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
}
