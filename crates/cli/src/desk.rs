//! Documents on this machine, and the note beside each that says where it
//! belongs: `.NAME.chancery`.

use crate::checksum::Hasher;
use crate::download::Profile;
use crate::exit::Exit;
use crate::failure::Failure;
use chancery_platform::directories::{Directories, make_own};
use chancery_platform::private_file;
use chancery_proto::ids::DocumentId;
use chancery_proto::local::ServerEntry;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Where a file belongs, and what it was when it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The server's id in the list.
    pub(crate) server: String,
    /// Its address, so that another server under the same id is noticed.
    pub(crate) address: String,
    /// The version that was fetched.
    pub(crate) document: DocumentId,
    /// What was fetched, `SHA256:…`.
    pub(crate) checksum: String,
    /// Whether it was checked out, so that the server keeps others from it.
    #[serde(default)]
    pub(crate) checked_out: bool,
}

impl Record {
    pub(crate) fn new(server: &ServerEntry, document: &DocumentId, checksum: &str) -> Self {
        Self {
            server: server.id.clone(),
            address: server.address.clone(),
            document: document.clone(),
            checksum: checksum.to_owned(),
            checked_out: false,
        }
    }

    /// The note beside `file`.
    pub(crate) fn path(file: &Path) -> PathBuf {
        let mut name = std::ffi::OsString::from(".");
        name.push(file.file_name().unwrap_or_default());
        name.push(".chancery");
        file.with_file_name(name)
    }

    /// Reads the note beside `file`; none where there is none.
    pub(crate) fn read(file: &Path) -> Result<Option<Self>, Failure> {
        let path = Self::path(file);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::file(&path, "read", &error)),
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            Failure::new(
                Exit::Failed,
                "RECORD",
                format!(
                    "The note “{}” cannot be understood ({error}), so it is not known where the file belongs.",
                    path.display()
                ),
            )
            .with_hint(SEND_IT_YOURSELF)
        })
    }

    /// Writes it beside `file`, for this user only.
    pub(crate) fn write(&self, file: &Path) -> Result<(), Failure> {
        let path = Self::path(file);
        let written = || -> io::Result<()> {
            let mut text = serde_json::to_vec_pretty(self)?;
            text.push(b'\n');
            // A name alone stands in the current directory.
            private_file::replace(&std::path::absolute(&path)?, &text)
        };
        written().map_err(|error| Failure::file(&path, "written", &error))
    }

    /// Takes the note away; one that is gone already is fine.
    pub(crate) fn remove(file: &Path) -> Result<(), Failure> {
        gone(&Self::path(file))
    }
}

/// What to do with a file that cannot be checked in.
pub(crate) const SEND_IT_YOURSELF: &str =
    "To send it as a new version, write “chancery put FILE --new-version-of ID”.";

/// Takes a file away; one that is gone already is fine.
pub(crate) fn gone(path: &Path) -> Result<(), Failure> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Failure::file(path, "removed", &error))
        }
        _ => Ok(()),
    }
}

/// The server that a command is about, which it has to know by name.
pub(crate) fn named_server(server: Option<ServerEntry>) -> Result<ServerEntry, Failure> {
    server.ok_or_else(|| {
        Failure::new(
            Exit::Disconnected,
            "CHANCERY_NO_SERVER",
            "No server is connected. Connect to one with “chancery connect ADDRESS”.",
        )
    })
}

/// The private directory for a document to be read in: `work/SERVER/ID`.
pub(crate) fn work_directory(server: &ServerEntry, id: &DocumentId) -> Result<PathBuf, Failure> {
    let directories = Directories::from_environment()?;
    directories.prepare_kept()?;
    let plain = |text: &str| -> String {
        let kept = |one: char| one.is_alphanumeric() || "-_.!:".contains(one);
        let text: String = text
            .chars()
            .map(|one| if kept(one) { one } else { '_' })
            .collect();
        // “..” would lead elsewhere.
        if text.starts_with('.') {
            format!("_{text}")
        } else {
            text
        }
    };
    let mut path = directories.state().to_owned();
    for part in ["work", &plain(&server.id), &plain(&id.to_string())] {
        path.push(part);
        make_own(&path)?;
    }
    Ok(path)
}

/// The checksum of a file, read on a thread of its own.
pub(crate) async fn checksum_of(path: &Path) -> Result<String, Failure> {
    let own = path.to_owned();
    let reading = tokio::task::spawn_blocking(move || -> io::Result<String> {
        let mut file = File::open(&own)?;
        let mut hasher = Hasher::default();
        let mut piece = vec![0; 256 * 1024];
        loop {
            let read = file.read(&mut piece)?;
            match piece.get(..read) {
                None | Some([]) => return Ok(hasher.checksum()),
                Some(bytes) => hasher.add(bytes),
            }
        }
    });
    match reading.await {
        Ok(done) => done.map_err(|error| Failure::file(path, "read", &error)),
        Err(error) => Err(Failure::file(path, "read", &io::Error::other(error))),
    }
}

/// Whether the profile and `checksum` speak of the same bytes; a server that
/// keeps no SHA-256 says nothing against it.
pub(crate) fn is_still(profile: &Profile, checksum: &str) -> bool {
    profile
        .checksum
        .as_deref()
        .is_none_or(|told| crate::checksum::agrees(told, checksum))
}

#[cfg(test)]
mod tests {
    use super::{Record, checksum_of};
    use chancery_proto::local::ServerEntry;
    use serde_json::json;
    #[cfg(unix)]
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    #[cfg(unix)]
    #[tokio::test]
    async fn a_note_stands_beside_its_file_and_only_its_owner_reads_it() {
        let place = tempfile::tempdir().expect("made");
        let file = place.path().join("Letter.docx");
        std::fs::write(&file, b"abc").expect("written");
        assert_eq!(Record::read(&file).expect("readable"), None);
        let server: ServerEntry = serde_json::from_value(
            json!({"id": "work", "name": "Work", "address": "https://work.example.com"}),
        )
        .expect("an entry");
        let document = "ACTIVE!34.2".parse().expect("an id");
        let checksum = checksum_of(&file).await.expect("readable");
        let record = Record::new(&server, &document, &checksum);
        record.write(&file).expect("written");
        let path = Record::path(&file);
        assert_eq!(path, place.path().join(".Letter.docx.chancery"));
        let mode = std::fs::metadata(&path)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(Record::read(&file).expect("readable"), Some(record));
        Record::remove(&file).expect("removed");
        Record::remove(&file).expect("gone already");
        assert_eq!(std::fs::read_dir(place.path()).expect("there").count(), 1);
    }

    #[test]
    fn a_note_that_cannot_be_understood_is_told_and_not_guessed() {
        let place = tempfile::tempdir().expect("made");
        let file = place.path().join("a");
        std::fs::write(Record::path(&file), b"{}").expect("written");
        let failure = Record::read(&file).expect_err("no note");
        assert!(
            failure.sentence.contains("cannot be understood"),
            "{failure:?}"
        );
        assert_eq!(Record::path(Path::new("a")), Path::new(".a.chancery"));
    }
}
