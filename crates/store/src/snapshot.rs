//! The database as it is at one moment, and what a server does that was restored
//! from one.

use crate::audit::{self, AuditEntry};
use crate::documents::ContentHash;
use crate::engine::open_connection;
use crate::{Store, StoreError, events, grants, libraries};
use chancery_proto::clock::Timestamp;
use chancery_proto::ids::LibraryAlias;
use std::fs::File;
use std::path::Path;

/// Numbers that may have been given after the backup are not given again.
const LEAP: u64 = 10_000;

impl Store {
    /// Writes a whole copy of the database to a new file, as it is at one moment,
    /// while it is used. Durable when it is done. Blocks the thread.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::Unavailable`]: when there is such a file
    /// already, too.
    pub fn snapshot(&self, to: &Path) -> Result<(), StoreError> {
        let connection = open_connection(self.path())?;
        let name = to.to_str().ok_or_else(|| {
            StoreError::Unavailable("the backup's path is not valid text".to_owned())
        })?;
        connection.execute("VACUUM INTO ?1", [name])?;
        let synced = File::open(to).and_then(|file| file.sync_all());
        synced.map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    /// The hashes of all bytes of a library that anything needs, each once.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn needed_content(&self, library: &LibraryAlias) -> Result<Vec<ContentHash>, StoreError> {
        self.read(|connection| {
            let library = libraries::find(connection, library)?.id;
            let hashes = connection
                .prepare_cached(
                    "SELECT hash FROM versions WHERE library = ?1 UNION SELECT hash FROM replaced WHERE library = ?1",
                )?
                .query_map([library], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            Ok(hashes)
        })
    }

    /// What has to be done once with a database that was restored: every sign-in is
    /// over, numbers that may have been given since are not given again, and the
    /// feed of changes begins anew.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn begin_anew(&self, now: Timestamp, entry: AuditEntry) -> Result<(), StoreError> {
        self.write(move |connection| {
            grants::end_everything(connection, now)?;
            connection.execute(
                "UPDATE libraries SET next_number = next_number + ?1",
                [LEAP],
            )?;
            events::begin_anew(connection)?;
            // Codes that were given before are nobody's.
            connection.execute_batch("DELETE FROM codes; DELETE FROM device_codes;")?;
            audit::add(connection, &entry)
        })
        .await
    }
}
