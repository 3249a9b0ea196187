//! Multipart bodies on the server.

use bytes::Bytes;
use chancery_content::Content;
use chancery_proto::ids::LibraryAlias;
use chancery_server::fuzzing::{Taken, take};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Longer ones say nothing new.
const LONGEST: usize = 64 * 1024;

struct House {
    runtime: Runtime,
    content: Content,
    library: LibraryAlias,
    _directory: TempDir,
}

impl House {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .expect("a runtime"),
            content: Content::open(directory.path()).expect("a place for files"),
            library: "ACTIVE".parse().expect("an alias"),
            _directory: directory,
        }
    }

    fn take(&self, headers: &HeaderMap, pieces: Vec<Bytes>) -> Result<Taken, StatusCode> {
        self.runtime
            .block_on(take(&self.content, &self.library, headers, pieces))
    }
}

thread_local! {
    static HOUSE: House = House::new();
}

/// The first line is the content type, the rest is the body.
pub(crate) fn hold(bytes: &[u8]) {
    let bytes = bytes.get(..LONGEST).unwrap_or(bytes);
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (kind, body) = bytes.split_at(end.unwrap_or(bytes.len()));
    let body = Bytes::copy_from_slice(body.get(1..).unwrap_or_default());
    HOUSE.with(|house| {
        in_whatever_pieces(house, kind, &body);
        arrives(house, kind, &body);
    });
}

fn in_whatever_pieces(house: &House, kind: &[u8], body: &Bytes) {
    let mut headers = HeaderMap::new();
    if let Ok(kind) = HeaderValue::from_bytes(kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    let whole = house.take(&headers, vec![body.clone()]);
    if let Err(status) = &whole {
        assert!(status.is_client_error(), "{status}");
    }
    for size in [1, 7] {
        let pieces = chopped(body, size);
        let taken = house.take(&headers, pieces);
        assert_eq!(taken, whole, "in pieces of {size} it is the same");
    }
}

/// A body as clients make it, around a file with any content.
fn arrives(house: &House, name: &[u8], file: &Bytes) {
    let boundary = "a-boundary-that-is-in-no-seed-61c3";
    if file
        .windows(boundary.len())
        .any(|part| part == boundary.as_bytes())
    {
        return;
    }
    // As browsers write a file's name.
    let name: String = String::from_utf8_lossy(name)
        .chars()
        .filter(|letter| {
            !letter.is_control() && *letter != '"' && *letter != '\\' && *letter != '%'
        })
        .take(200)
        .collect();
    let mut body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"profile\"\r\n\r\n{{\"comment\":\"c\"}}\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(file);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let mut headers = HeaderMap::new();
    let kind = format!("multipart/form-data; boundary={boundary}");
    headers.insert(header::CONTENT_TYPE, kind.parse().expect("a content type"));
    let taken = house
        .take(&headers, chopped(&body.into(), 1_000))
        .expect("what clients send is taken");
    assert_eq!(taken.size, file.len() as u64);
    assert_eq!(taken.file_name.unwrap_or_default(), name);
    assert_eq!(
        taken.profile.get("comment").and_then(|one| one.as_str()),
        Some("c")
    );
    if let (_, Some(extension)) = taken.named {
        assert!((1..=16).contains(&extension.len()) && extension.is_ascii());
    }
}

fn chopped(body: &Bytes, size: usize) -> Vec<Bytes> {
    (0..body.len())
        .step_by(size)
        .map(|start| body.slice(start..body.len().min(start + size)))
        .collect()
}
