//! Where a download goes: a file beside the wanted one, or the standard
//! output. Writing and hashing happen on a thread of their own.

use crate::checksum::Hasher;
use crate::exit::Exit;
use crate::failure::Failure;
use bytes::Bytes;
use chancery_platform::private_file::usual_permissions;
use std::fs::{File, Permissions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use tempfile::TempPath;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// So many pieces wait to be written.
const WAITING: usize = 8;

enum Order {
    Write(Bytes),
    Restart,
}

/// Takes pieces in their order.
///
/// The name of the file beside the wanted one lives here and not with the
/// writer, so that it goes away with whoever wanted it, even when a command is
/// interrupted and its threads are not waited for.
#[derive(Debug)]
pub(crate) struct Sink {
    orders: mpsc::Sender<Order>,
    writer: JoinHandle<Result<String, Failure>>,
    beside: Option<TempPath>,
}

/// Everything is written.
#[derive(Debug)]
pub(crate) struct Done {
    /// The checksum of what was written.
    pub(crate) checksum: String,
    beside: Option<TempPath>,
}

impl Sink {
    /// The standard output. It cannot begin anew once something was written.
    pub(crate) fn output() -> Self {
        Self::on_a_thread(Place::Output { written: false }, None)
    }

    /// A file beside `path`, gone again unless it is kept.
    pub(crate) fn beside(path: &Path) -> Result<Self, Failure> {
        Self::made_beside(path, usual_permissions())
    }

    /// The same, and only this user may read it.
    pub(crate) fn privately_beside(path: &Path) -> Result<Self, Failure> {
        Self::made_beside(path, None)
    }

    fn made_beside(path: &Path, permissions: Option<Permissions>) -> Result<Self, Failure> {
        let directory = match path.parent() {
            Some(directory) if !directory.as_os_str().is_empty() => directory,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".chancery-").suffix(".part");
        if let Some(permissions) = permissions {
            builder.permissions(permissions);
        }
        let file = builder
            .tempfile_in(directory)
            .map_err(|error| Failure::file(directory, "written to", &error))?;
        let (file, beside) = file.into_parts();
        let place = Place::File {
            file,
            path: path.to_owned(),
        };
        Ok(Self::on_a_thread(place, Some(beside)))
    }

    fn on_a_thread(place: Place, beside: Option<TempPath>) -> Self {
        let (orders, received) = mpsc::channel(WAITING);
        Self {
            orders,
            writer: tokio::task::spawn_blocking(move || write_all(place, received)),
            beside,
        }
    }

    /// Whether it goes to the standard output.
    pub(crate) fn is_output(&self) -> bool {
        self.beside.is_none()
    }

    /// The next piece.
    pub(crate) async fn write(&mut self, piece: Bytes) -> Result<(), Failure> {
        self.order(Order::Write(piece)).await
    }

    /// Begins anew: what was written is forgotten.
    pub(crate) async fn restart(&mut self) -> Result<(), Failure> {
        self.order(Order::Restart).await
    }

    async fn order(&mut self, order: Order) -> Result<(), Failure> {
        if self.orders.send(order).await.is_ok() {
            return Ok(());
        }
        // The writer ended early: it says why.
        match (&mut self.writer).await {
            Ok(Err(failure)) => Err(failure),
            _ => Err(lost()),
        }
    }

    /// Waits until everything is written.
    pub(crate) async fn finish(self) -> Result<Done, Failure> {
        drop(self.orders);
        let checksum = self.writer.await.unwrap_or_else(|_| Err(lost()))?;
        Ok(Done {
            checksum,
            beside: self.beside,
        })
    }
}

fn lost() -> Failure {
    Failure::new(
        Exit::Failed,
        "OUTPUT",
        "Writing ended early. Run the command again.",
    )
}

impl Done {
    /// Gives the file its name; one that is there is replaced only where
    /// `replace` says so, also when it came there meanwhile.
    pub(crate) fn keep_as(self, path: &Path, replace: bool) -> Result<(), Failure> {
        let Some(beside) = self.beside else {
            return Ok(());
        };
        let kept = if replace {
            beside.persist(path)
        } else {
            beside.persist_noclobber(path)
        };
        kept.map_err(|error| Failure::file(path, "written", &error.error))
    }
}

enum Place {
    Output {
        written: bool,
    },
    /// `path` is the wanted one, which a person knows.
    File {
        file: File,
        path: PathBuf,
    },
}

impl Place {
    fn write(&mut self, piece: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Output { written } => {
                *written = true;
                io::stdout()
                    .lock()
                    .write_all(piece)
                    .map_err(|error| Failure::output(&error))
            }
            Self::File { file, path } => file
                .write_all(piece)
                .map_err(|error| Failure::file(path, "written", &error)),
        }
    }

    fn restart(&mut self) -> Result<(), Failure> {
        match self {
            Self::Output { written: false } => Ok(()),
            Self::Output { written: true } => Err(Failure::new(
                Exit::Failed,
                "OUTPUT",
                "The connection broke, and the server cannot go on where it broke. What was written is not whole: name a file with “--output” instead.",
            )),
            Self::File { file, path } => file
                .set_len(0)
                .and_then(|()| file.seek(SeekFrom::Start(0)).map(drop))
                .map_err(|error| Failure::file(path, "written", &error)),
        }
    }

    fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Output { .. } => io::stdout()
                .flush()
                .map_err(|error| Failure::output(&error)),
            Self::File { file, path } => file
                .sync_all()
                .map_err(|error| Failure::file(&path, "written", &error)),
        }
    }
}

fn write_all(mut place: Place, mut orders: mpsc::Receiver<Order>) -> Result<String, Failure> {
    let mut hasher = Hasher::default();
    while let Some(order) = orders.blocking_recv() {
        match order {
            Order::Write(piece) => {
                place.write(&piece)?;
                hasher.add(&piece);
            }
            Order::Restart => {
                place.restart()?;
                hasher = Hasher::default();
            }
        }
    }
    place.finish()?;
    Ok(hasher.checksum())
}

#[cfg(test)]
mod tests {
    use super::Sink;
    use bytes::Bytes;

    #[tokio::test]
    async fn a_file_appears_only_whole_and_beginning_anew_forgets_what_was() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("letter.docx");
        let mut sink = Sink::beside(&path).expect("writable");
        sink.write(Bytes::from_static(b"half of"))
            .await
            .expect("written");
        assert!(!path.exists());
        sink.restart().await.expect("anew");
        sink.write(Bytes::from_static(b"abc"))
            .await
            .expect("written");
        let done = sink.finish().await.expect("whole");
        assert!(
            done.checksum.starts_with("SHA256:BA7816BF"),
            "{}",
            done.checksum
        );
        done.keep_as(&path, false).expect("kept");
        assert_eq!(std::fs::read(&path).expect("there"), b"abc");
    }

    #[tokio::test]
    async fn what_is_not_kept_leaves_nothing_behind() {
        let place = tempfile::tempdir().expect("made");
        let mut sink = Sink::beside(&place.path().join("letter.docx")).expect("writable");
        sink.write(Bytes::from_static(b"half"))
            .await
            .expect("written");
        drop(sink.finish().await.expect("whole"));
        assert_eq!(std::fs::read_dir(place.path()).expect("there").count(), 0);
    }
}
