//! Files on their way out: read from disk as they are sent, never held whole.
//!
//! A multipart body (RFC 7578) with a known length: a JSON part `profile`,
//! then a part `file`.

use super::connection::{Body, BoxError, full_body};
use super::file_to_send::{FileToSend, UploadError};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// One read from disk.
const PIECE: usize = 256 * 1024;
/// How many pieces are read ahead of the connection.
const AHEAD: usize = 3;

/// Told each piece of the file as it is handed over, in their order: for a
/// progress bar, or to hash what is sent.
pub type Progress = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// A multipart body with `profile`, then the file under `file_name`; gives the
/// value of `Content-Type` beside it.
///
/// `boundary` has to be unguessable, so that no file can contain it. The body
/// can be sent once: build it anew to send the file again. Needs a Tokio runtime.
#[must_use]
pub fn multipart(
    profile: &serde_json::Value,
    file: &FileToSend,
    file_name: &str,
    boundary: &str,
    progress: Progress,
) -> (String, Body) {
    let head = format!(
        "--{boundary}\r\n\
         Content-Disposition: form-data; name=\"profile\"\r\n\
         Content-Type: application/json\r\n\r\n\
         {profile}\r\n\
         --{boundary}\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n",
        in_a_header(file_name)
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    let content_type = format!("multipart/form-data; boundary={boundary}");
    (
        content_type,
        FileBody::new(
            vec![Bytes::from(head)],
            file,
            vec![Bytes::from(tail)],
            progress,
        )
        .boxed_unsync(),
    )
}

/// A body that is the file and nothing else. Needs a Tokio runtime.
#[must_use]
pub fn file_body(file: &FileToSend, progress: Progress) -> Body {
    if file.size() == 0 {
        return full_body(Bytes::new());
    }
    FileBody::new(Vec::new(), file, Vec::new(), progress).boxed_unsync()
}

/// A name inside a quoted parameter: what would end it or its line is
/// percent-encoded, as browsers do; the true name stands in the profile.
fn in_a_header(name: &str) -> String {
    let mut safe = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '"' => safe.push_str("%22"),
            '\r' => safe.push_str("%0D"),
            '\n' => safe.push_str("%0A"),
            other if other.is_control() => safe.push('_'),
            other => safe.push(other),
        }
    }
    safe
}

/// What stands before the file, the file, what stands after it.
struct FileBody {
    before: VecDeque<Bytes>,
    pieces: Option<mpsc::Receiver<Result<Bytes, UploadError>>>,
    after: VecDeque<Bytes>,
    left: u64,
    progress: Progress,
}

impl FileBody {
    fn new(before: Vec<Bytes>, file: &FileToSend, after: Vec<Bytes>, progress: Progress) -> Self {
        let around: usize = before.iter().chain(&after).map(Bytes::len).sum();
        let (sender, receiver) = mpsc::channel(AHEAD);
        let reading = file.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = read_pieces(&reading, &sender) {
                // Nobody waits any more when this fails.
                let _ = sender.blocking_send(Err(error));
            }
        });
        Self {
            before: before.into(),
            pieces: Some(receiver),
            after: after.into(),
            left: file.size() + around as u64,
            progress,
        }
    }

    fn hand_over(&mut self, bytes: Bytes) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.left = self.left.saturating_sub(bytes.len() as u64);
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

/// Reads exactly as much as was announced, and says so when the file is not
/// what it was at the beginning.
fn read_pieces(
    file: &FileToSend,
    sender: &mpsc::Sender<Result<Bytes, UploadError>>,
) -> Result<(), UploadError> {
    let failed = |error| UploadError::read(file.path(), error);
    let changed = || UploadError::Changed {
        path: file.path().to_owned(),
    };
    let mut source = File::open(file.path()).map_err(failed)?;
    if !file.is_same(&source.metadata().map_err(failed)?) {
        return Err(changed());
    }
    let mut left = file.size();
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let mut piece = vec![0; wanted];
        match source.read_exact(&mut piece) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(changed()),
            Err(error) => return Err(failed(error)),
        }
        left -= wanted as u64;
        // The last piece goes out only when the file is still what it was.
        if left == 0 && !file.is_same(&source.metadata().map_err(failed)?) {
            return Err(changed());
        }
        if sender.blocking_send(Ok(piece.into())).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

impl http_body::Body for FileBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        if let Some(bytes) = this.before.pop_front() {
            return this.hand_over(bytes);
        }
        if let Some(pieces) = this.pieces.as_mut() {
            match pieces.poll_recv(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(piece))) => {
                    (this.progress)(&piece);
                    return this.hand_over(piece);
                }
                Poll::Ready(Some(Err(error))) => {
                    this.pieces = None;
                    this.after.clear();
                    return Poll::Ready(Some(Err(Box::new(error))));
                }
                Poll::Ready(None) => this.pieces = None,
            }
        }
        match this.after.pop_front() {
            Some(bytes) => this.hand_over(bytes),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::{FileToSend, UploadError, file_body, in_a_header, multipart};
    use http_body::Body as _;
    use http_body_util::BodyExt;
    use proptest::prelude::*;
    use serde_json::json;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    fn file_with(bytes: &[u8]) -> (tempfile::TempDir, FileToSend) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("some file");
        std::fs::write(&path, bytes).expect("written");
        let file = FileToSend::look_at(path).expect("a file");
        (directory, file)
    }

    #[tokio::test]
    async fn a_multipart_body_has_its_two_parts_and_its_length() {
        let (_directory, file) = file_with(b"content");
        let (content_type, body) = multipart(
            &json!({"doc_profile": {"name": "Ω “x”"}}),
            &file,
            "a\"b\r\n.txt",
            "edge",
            Arc::new(|_| {}),
        );
        assert_eq!(content_type, "multipart/form-data; boundary=edge");
        let announced = body.size_hint().exact();
        let whole = body.collect().await.expect("sent").to_bytes();
        assert_eq!(announced, Some(whole.len() as u64));
        assert_eq!(
            String::from_utf8(whole.to_vec()).expect("text"),
            "--edge\r\nContent-Disposition: form-data; name=\"profile\"\r\n\
             Content-Type: application/json\r\n\r\n\
             {\"doc_profile\":{\"name\":\"Ω “x”\"}}\r\n\
             --edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%22b%0D%0A.txt\"\r\n\
             Content-Type: application/octet-stream\r\n\r\ncontent\r\n--edge--\r\n"
        );
    }

    #[tokio::test]
    async fn a_file_of_many_pieces_arrives_whole_and_progress_adds_up() {
        let bytes: Vec<u8> = (0..1_000_003_u32)
            .map(|number| u8::try_from(number % 251).expect("small"))
            .collect();
        let (_directory, file) = file_with(&bytes);
        let seen = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&seen);
        let body = file_body(
            &file,
            Arc::new(move |more| {
                counter.fetch_add(more.len() as u64, Ordering::Relaxed);
            }),
        );
        let whole = body.collect().await.expect("sent").to_bytes();
        assert_eq!(whole, bytes);
        assert_eq!(seen.load(Ordering::Relaxed), bytes.len() as u64);
    }

    #[tokio::test]
    async fn a_file_that_shrank_or_grew_is_not_sent_to_its_end() {
        for replacement in [&b"short"[..], &b"much longer than before"[..]] {
            let (_directory, file) = file_with(b"as it was");
            std::fs::write(file.path(), replacement).expect("written");
            let error = file_body(&file, Arc::new(|_| {}))
                .collect()
                .await
                .expect_err("must be refused");
            let error = error.downcast_ref::<UploadError>().expect("ours");
            assert!(matches!(error, UploadError::Changed { .. }), "{error}");
        }
    }

    #[test]
    fn a_directory_is_not_a_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let error = FileToSend::look_at(directory.path()).expect_err("must be refused");
        assert!(matches!(error, UploadError::NotAFile { .. }));
    }

    proptest! {
        #[test]
        fn no_name_breaks_out_of_its_header(name in any::<String>()) {
            let safe = in_a_header(&name);
            prop_assert!(!safe.contains(['"', '\r', '\n', '\0']));
        }
    }
}
