//! Bytes on their way out: a chunk is read ahead while the one before is sent.

use crate::ContentError;
use bytes::Bytes;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use tokio::task::JoinHandle;

/// One chunk; two are held at most.
const CHUNK: u64 = 512 * 1024;

/// An object being read.
#[derive(Debug)]
pub struct Reader {
    /// What was not handed out yet.
    left: u64,
    ready: Option<Bytes>,
    reading: Option<JoinHandle<io::Result<(File, Bytes)>>>,
}

impl Reader {
    pub(crate) async fn open(path: PathBuf, range: Range<u64>) -> Result<Self, ContentError> {
        let left = range.end.saturating_sub(range.start);
        let opened = tokio::task::spawn_blocking(move || {
            let mut file = File::open(path)?;
            if file.metadata()?.len() < range.end {
                return Err(io::ErrorKind::NotFound.into());
            }
            if range.start > 0 {
                file.seek(SeekFrom::Start(range.start))?;
            }
            read_chunk(file, left)
        })
        .await?;
        match opened {
            Ok((file, bytes)) => {
                let mut reader = Self {
                    left,
                    ready: None,
                    reading: None,
                };
                reader.read_ahead(file, bytes);
                Ok(reader)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ContentError::Missing),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps `bytes` ready and reads what comes after them.
    fn read_ahead(&mut self, file: File, bytes: Bytes) {
        let after = self.left.saturating_sub(bytes.len() as u64);
        if after > 0 && !bytes.is_empty() {
            self.reading = Some(tokio::task::spawn_blocking(move || read_chunk(file, after)));
        }
        self.ready = Some(bytes);
    }

    /// How many bytes are still to come.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left
    }

    /// The next bytes, or none at the end of the range.
    ///
    /// # Errors
    /// When the disk refuses in the middle; what came so far is right, and the rest does not come.
    pub async fn next(&mut self) -> Option<Result<Bytes, ContentError>> {
        if self.left == 0 {
            return None;
        }
        if self.ready.is_none() {
            let outcome = match self.reading.take()?.await {
                Ok(outcome) => outcome.map_err(ContentError::from),
                Err(error) => Err(error.into()),
            };
            match outcome {
                Ok((file, bytes)) => self.read_ahead(file, bytes),
                Err(error) => {
                    self.left = 0;
                    return Some(Err(error));
                }
            }
        }
        let bytes = self.ready.take()?;
        if bytes.is_empty() {
            // The file is shorter than it was a moment ago.
            self.left = 0;
            return Some(Err(ContentError::Missing));
        }
        self.left = self.left.saturating_sub(bytes.len() as u64);
        Some(Ok(bytes))
    }
}

fn read_chunk(file: File, left: u64) -> io::Result<(File, Bytes)> {
    let length = left.min(CHUNK);
    let mut buffer = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    let mut limited = file.take(length);
    limited.read_to_end(&mut buffer)?;
    Ok((limited.into_inner(), Bytes::from(buffer)))
}
