//! Registered applications: clients of this server's OAuth 2.

use crate::applications::{self, ApplicationSettings, Lapsed};
use crate::audit::{self, AuditEntry};
use crate::grants::{self, Ended, TokenHash};
use crate::{Store, StoreError};
use chancery_proto::clock::Timestamp;
use rusqlite::{Connection, Row, params};

/// A registered application as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRow {
    /// What it names itself by.
    pub id: String,
    /// What people read when it wants to be let in.
    pub name: String,
    /// The kind whose lifetimes it began with: `desktop`, `web`, `mobile` or `service`.
    pub kind: String,
    /// Hash of its secret; none for an application that can keep none.
    pub secret: Option<TokenHash>,
    /// Where people may be sent back to, one per line.
    pub redirects: String,
    /// How it may sign people in, with spaces between: `code`, `device`, `password`, `ticket`.
    pub ways: String,
    /// Whether people are asked before it gets in for the first time.
    pub asks: bool,
}

const COLUMNS: &str = "id, name, kind, secret, redirects, ways, asks";

fn client_of(row: &Row<'_>) -> rusqlite::Result<ClientRow> {
    Ok(ClientRow {
        id: row.get(0)?,
        name: row.get(1)?,
        kind: row.get(2)?,
        secret: row.get(3)?,
        redirects: row.get(4)?,
        ways: row.get(5)?,
        asks: row.get(6)?,
    })
}

fn write(connection: &Connection, client: &ClientRow, now: Timestamp) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO clients VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)
         ON CONFLICT (id) DO UPDATE SET name = ?2, kind = ?3, secret = ?4, redirects = ?5, ways = ?6,
             asks = ?7, edited = ?8",
        params![
            client.id,
            client.name,
            client.kind,
            client.secret,
            client.redirects,
            client.ways,
            client.asks,
            now.0
        ],
    )?;
    Ok(())
}

/// Whether an application of that id is registered.
pub(crate) fn is_registered(connection: &Connection, id: &str) -> Result<bool, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM clients WHERE id = ?1)")?;
    Ok(statement.query_row([id], |row| row.get(0))?)
}

impl Store {
    /// Every registered application, in the order of their ids.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn clients(&self) -> Result<Vec<ClientRow>, StoreError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached(&format!("SELECT {COLUMNS} FROM clients ORDER BY id"))?;
            let clients = statement
                .query_map([], client_of)?
                .collect::<Result<_, _>>()?;
            Ok(clients)
        })
    }

    /// Registers an application with its lifetimes.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the id is taken; [`StoreError::Invalid`] for
    /// lifetimes that contradict each other.
    pub async fn add_client(
        &self,
        client: ClientRow,
        lifetimes: ApplicationSettings,
        entry: AuditEntry,
    ) -> Result<(), StoreError> {
        applications::check(&lifetimes)?;
        self.write(move |connection| {
            if is_registered(connection, &client.id)? {
                return Err(StoreError::Conflict(format!(
                    "There is already an application “{}”.",
                    client.id
                )));
            }
            write(connection, &client, entry.at)?;
            applications::write(connection, &lifetimes, Lapsed::default())?;
            audit::add(connection, &entry)
        })
        .await
    }

    /// Changes what is registered of an application.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of that id.
    pub async fn set_client(&self, client: ClientRow, entry: AuditEntry) -> Result<(), StoreError> {
        self.write(move |connection| {
            if !is_registered(connection, &client.id)? {
                return Err(StoreError::NotFound("application"));
            }
            write(connection, &client, entry.at)?;
            audit::add(connection, &entry)
        })
        .await
    }

    /// Strikes an application from the register and ends everything it was
    /// given. Answers what ended.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of that id.
    pub async fn remove_client(&self, id: &str, entry: AuditEntry) -> Result<Ended, StoreError> {
        let id = id.to_owned();
        self.write(move |connection| {
            if connection.execute("DELETE FROM clients WHERE id = ?1", [&id])? == 0 {
                return Err(StoreError::NotFound("application"));
            }
            let mut statement = connection
                .prepare("SELECT id FROM grants WHERE application = ?1 AND ended IS NULL")?;
            let grants: Vec<String> = statement
                .query_map([&id], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let mut ended = Ended::default();
            for grant in &grants {
                grants::end(connection, grant, entry.at, &mut ended)?;
            }
            for table in ["consents", "codes", "device_codes"] {
                connection.execute(&format!("DELETE FROM {table} WHERE client = ?1"), [&id])?;
            }
            connection.execute("DELETE FROM applications WHERE name = ?1", [&id])?;
            audit::add(connection, &entry)?;
            Ok(ended)
        })
        .await
    }

    /// Whether a person has let that application in before.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn has_consented(&self, user: &str, client: &str) -> Result<bool, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM consents WHERE user = ?1 AND client = ?2)",
            )?;
            Ok(statement.query_row([user, client], |row| row.get(0))?)
        })
    }

    /// Remembers that a person let an application in.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn add_consent(
        &self,
        user: &str,
        client: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (user, client) = (user.to_owned(), client.to_owned());
        self.write(move |connection| {
            connection.execute(
                "INSERT OR REPLACE INTO consents VALUES (?1, ?2, ?3)",
                params![user, client, now.0],
            )?;
            Ok(())
        })
        .await
    }
}
