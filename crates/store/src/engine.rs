//! The connections: readers on the callers' threads, one writer that commits
//! many jobs at once.

use crate::{StoreError, schema};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;

/// The door to the metadata. Cheap to clone; the database closes with the last one.
///
/// ```
/// # let directory = tempfile::tempdir()?;
/// let store = chancery_store::Store::open(&directory.path().join("chancery.db"))?;
/// assert!(store.libraries()?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    readers: Mutex<Vec<Connection>>,
    jobs: Mutex<Option<Sender<Job>>>,
    writer: Mutex<Option<std::thread::JoinHandle<()>>>,
}

/// Readers kept open; more are opened for a moment when more are needed.
const KEPT_READERS: usize = 4;
/// Jobs that share one commit at most.
const LARGEST_BATCH: usize = 256;
/// How long another process may hold the database before a write gives up.
const BUSY: Duration = Duration::from_secs(10);

/// Told whether the commit that carried its job succeeded.
type Completion = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// Handed no connection when no transaction could begin.
type Work = Box<dyn FnOnce(Option<&Connection>) -> Completion + Send>;

struct Job(Work);

impl Store {
    /// Opens the database, making or upgrading it where needed.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] when a newer version made it;
    /// [`StoreError::Unavailable`] when it cannot be opened or written.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)
                .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        }
        let mut writer = open_connection(path)?;
        schema::upgrade(&mut writer)?;
        let (jobs, receiver) = channel();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run_writer(&writer, &receiver))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self {
            inner: Arc::new(Inner {
                path: path.to_owned(),
                readers: Mutex::new(Vec::new()),
                jobs: Mutex::new(Some(jobs)),
                writer: Mutex::new(Some(thread)),
            }),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Runs `work` on a reader, on this thread.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let kept = self
            .inner
            .readers
            .lock()
            .ok()
            .and_then(|mut readers| readers.pop());
        let connection = match kept {
            Some(connection) => connection,
            None => {
                let connection = open_connection(&self.inner.path)?;
                connection.pragma_update(None, "query_only", true)?;
                connection
            }
        };
        let outcome = work(&connection);
        if let Ok(mut readers) = self.inner.readers.lock()
            && readers.len() < KEPT_READERS
        {
            readers.push(connection);
        }
        outcome
    }

    /// Runs `work` in the writer's next transaction and answers when that is durable.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, outcome) = oneshot::channel();
        self.send(Job(Box::new(move |connection| {
            let result = connection.map_or_else(
                || Err(stopped()),
                |connection| in_savepoint(connection, work),
            );
            Box::new(move |committed| {
                // Nobody may be waiting any more; the work is done all the same.
                let _ = answer.send(match committed {
                    Ok(()) => result,
                    Err(error) => Err(error),
                });
            })
        })))?;
        outcome.await.map_err(|_| stopped())?
    }

    fn send(&self, job: Job) -> Result<(), StoreError> {
        let jobs = self.inner.jobs.lock().map_err(|_| stopped())?;
        jobs.as_ref()
            .ok_or_else(stopped)?
            .send(job)
            .map_err(|_| stopped())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Ok(mut jobs) = self.jobs.lock() {
            jobs.take();
        }
        if let Ok(mut writer) = self.writer.lock()
            && let Some(thread) = writer.take()
        {
            // What was sent is committed before the database closes.
            let _ = thread.join();
        }
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}

pub(crate) fn open_connection(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // Every commit reaches the disk before it is acknowledged.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "cache_size", -4096)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // Without it a statement is planned anew for every value that is bound.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(256);
    Ok(connection)
}

fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.execute_batch("SAVEPOINT job")?;
    match work(connection) {
        Ok(value) => {
            connection.execute_batch("RELEASE job")?;
            Ok(value)
        }
        Err(error) => {
            connection.execute_batch("ROLLBACK TO job; RELEASE job")?;
            Err(error)
        }
    }
}

fn run_writer(connection: &Connection, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let begun = connection.execute_batch("BEGIN IMMEDIATE");
        let mut next = Some(first);
        let mut completions: Vec<Completion> = Vec::new();
        while let Some(Job(work)) = next.take() {
            completions.push(work(begun.is_ok().then_some(connection)));
            if completions.len() < LARGEST_BATCH {
                next = jobs.try_recv().ok();
            }
        }
        let committed = match &begun {
            Ok(()) => connection.execute_batch("COMMIT"),
            Err(_) => Ok(()),
        };
        if committed.is_err() && !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        let failure = begun.err().or(committed.err()).map(StoreError::from);
        if let Some(error) = &failure {
            tracing::error!(%error, "a commit failed");
        }
        for completion in completions {
            completion(match &failure {
                None => Ok(()),
                Some(StoreError::Full) => Err(StoreError::Full),
                Some(error) => Err(StoreError::Unavailable(error.to_string())),
            });
        }
    }
}
