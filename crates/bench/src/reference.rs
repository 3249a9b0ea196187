//! What the profile read is compared with: a bare `axum` route that makes one
//! prepared, indexed SQLite read and sends the same bytes. It runs as a
//! process of its own, as the server does.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use rusqlite::{Connection, OpenFlags};
use std::cell::RefCell;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// The word that makes this program the reference.
pub(crate) const WORD: &str = "be-the-reference";

type Fault = Box<dyn Error + Send + Sync>;

thread_local! {
    static CONNECTION: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

/// The reference, running.
pub(crate) struct Reference {
    child: Child,
    pub(crate) address: SocketAddr,
    _directory: tempfile::TempDir,
}

impl Reference {
    /// Starts it with `rows` rows that all hold `body`.
    pub(crate) fn start(body: &[u8], rows: u32) -> Result<Self, Fault> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("reference.db");
        let mut connection = Connection::open(&path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.execute(
            "CREATE TABLE profiles (id TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",
            [],
        )?;
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare("INSERT INTO profiles VALUES (?1, ?2)")?;
            for row in 1..=rows {
                insert.execute((format!("ACTIVE!{row}.1"), body))?;
            }
        }
        transaction.commit()?;
        drop(connection);
        let mut child = Command::new(std::env::current_exe()?)
            .arg(WORD)
            .arg(&path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().parse()?;
        Ok(Self {
            child,
            address,
            _directory: directory,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Is the reference, until it is ended.
pub(crate) fn run(database: &str) -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let state = Arc::new(PathBuf::from(database));
        let router = Router::new()
            .route("/profiles/{id}", get(read))
            .with_state(state);
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        crate::report::say(&socket.local_addr()?.to_string());
        axum::serve(
            axum::serve::ListenerExt::tap_io(socket, |stream| {
                let _ = stream.set_nodelay(true);
            }),
            router,
        )
        .await?;
        Ok(())
    })
}

async fn read(State(path): State<Arc<PathBuf>>, Path(id): Path<String>) -> impl IntoResponse {
    let body = CONNECTION.with(|slot| {
        let mut slot = slot.borrow_mut();
        if slot.is_none() {
            *slot = Connection::open_with_flags(
                path.as_path(),
                OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
            )
            .ok();
        }
        let connection = slot.as_ref()?;
        let mut statement = connection
            .prepare_cached("SELECT body FROM profiles WHERE id = ?1")
            .ok()?;
        statement
            .query_row([id], |row| row.get::<_, Vec<u8>>(0))
            .ok()
    });
    match body {
        Some(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        None => axum::http::StatusCode::NOT_FOUND.into_response(),
    }
}
