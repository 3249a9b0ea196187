//! What of a directory has arrived already, so that a command that broke off
//! goes on where it was: one line of JSON for each file and folder.

use crate::exit::Exit;
use crate::failure::Failure;
use chancery_platform::directories::{Directories, make_own};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A file that arrived, as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Arrived {
    /// The document's id.
    pub(crate) id: String,
    pub(crate) size: u64,
    /// When the file was last changed, in milliseconds since 1970.
    pub(crate) modified: Option<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// What nobody guesses and no other journal has: keys are made of it.
    Begun {
        seed: String,
    },
    File {
        path: String,
        #[serde(flatten)]
        arrived: Arrived,
    },
    Folder {
        path: String,
        id: String,
    },
}

/// The journal of one directory on its way to one folder.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    seed: String,
    files: BTreeMap<String, Arrived>,
    folders: BTreeMap<String, String>,
}

fn failed(path: &Path) -> impl Fn(io::Error) -> Failure + '_ {
    move |error| {
        Failure::new(
            Exit::Failed,
            "JOURNAL",
            format!(
                "What has arrived cannot be noted in “{}”: {error}. Make room or mend the directory, then run it again.",
                path.display()
            ),
        )
    }
}

fn digest(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let bytes: [u8; 32] = digest.finalize().into();
    bytes
        .iter()
        .take(16)
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

impl Journal {
    /// Opens the journal of that way, or begins it; `anew` forgets what was.
    pub(crate) fn open(
        directories: &Directories,
        (server, directory, target): (&str, &Path, &str),
        anew: bool,
    ) -> Result<Self, Failure> {
        let place = directories.state().join("put");
        make_own(&place)
            .map_err(|error| Failure::new(Exit::Failed, "JOURNAL", error.to_string()))?;
        let name = digest(&[server, &directory.to_string_lossy(), target]);
        let path = place.join(format!("{name}.jsonl"));
        if anew {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(failed(&path)(error));
                }
                _ => {}
            }
        }
        Self::at(path)
    }

    fn at(path: PathBuf) -> Result<Self, Failure> {
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            other => other.map_err(failed(&path))?,
        };
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .map_err(failed(&path))?;
        if let Err(error) = file.try_lock() {
            return Err(match error {
                std::fs::TryLockError::Error(error) => failed(&path)(error),
                std::fs::TryLockError::WouldBlock => Failure::new(
                    Exit::TryLater,
                    "BUSY",
                    "Another command sends this directory there just now. Wait until it is done.",
                ),
            });
        }
        let mut journal = Self {
            path,
            file,
            seed: String::new(),
            files: BTreeMap::new(),
            folders: BTreeMap::new(),
        };
        // A line that was cut off says nothing, and the next one begins anew.
        for line in text.lines() {
            match serde_json::from_str(line) {
                Ok(Line::Begun { seed }) => journal.seed = seed,
                Ok(Line::File { path, arrived }) => {
                    journal.files.insert(path, arrived);
                }
                Ok(Line::Folder { path, id }) => {
                    journal.folders.insert(path, id);
                }
                Err(_) => {}
            }
        }
        if !text.is_empty() && !text.ends_with('\n') {
            journal
                .file
                .write_all(b"\n")
                .map_err(failed(&journal.path))?;
        }
        if journal.seed.is_empty() {
            let seed = crate::upload::key()?;
            journal.write(&Line::Begun { seed: seed.clone() })?;
            journal.seed = seed;
        }
        Ok(journal)
    }

    fn write(&mut self, line: &Line) -> Result<(), Failure> {
        let mut text = serde_json::to_string(line).unwrap_or_default();
        text.push('\n');
        self.file
            .write_all(text.as_bytes())
            .map_err(failed(&self.path))
    }

    /// How that file arrived, if it did.
    pub(crate) fn file(&self, path: &str) -> Option<&Arrived> {
        self.files.get(path)
    }

    /// The folder that stands for that directory, if there is one.
    pub(crate) fn folder(&self, path: &str) -> Option<&str> {
        self.folders.get(path).map(String::as_str)
    }

    /// The key with which that file, as it is now, makes one document.
    pub(crate) fn key(&self, path: &str, size: u64, modified: Option<i64>) -> String {
        let modified = modified.map_or_else(String::new, |time| time.to_string());
        // A file that is again what it once was is another request.
        let before = self.files.get(path).map_or("", |arrived| &arrived.id);
        digest(&[&self.seed, path, before, &size.to_string(), &modified])
    }

    /// Notes that a file arrived.
    pub(crate) fn note_file(&mut self, path: &str, arrived: Arrived) -> Result<(), Failure> {
        self.write(&Line::File {
            path: path.to_owned(),
            arrived: arrived.clone(),
        })?;
        self.files.insert(path.to_owned(), arrived);
        Ok(())
    }

    /// Notes which folder stands for a directory.
    pub(crate) fn note_folder(&mut self, path: &str, id: &str) -> Result<(), Failure> {
        self.write(&Line::Folder {
            path: path.to_owned(),
            id: id.to_owned(),
        })?;
        self.folders.insert(path.to_owned(), id.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Arrived, Journal};
    use std::io::Write as _;

    #[test]
    fn what_arrived_is_known_the_next_time_however_the_last_one_ended() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("one.jsonl");
        let arrived = Arrived {
            id: "ACTIVE!7.1".to_owned(),
            size: 12,
            modified: Some(1_700_000_000_000),
        };
        let key = {
            let mut journal = Journal::at(path.clone()).expect("begun");
            assert!(Journal::at(path.clone()).is_err(), "one at a time");
            journal.note_folder("a", "ACTIVE!3").expect("noted");
            journal
                .note_file("a/b.txt", arrived.clone())
                .expect("noted");
            journal.key("a/c.txt", 1, None)
        };
        // The last line was cut off.
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .expect("opens");
        file.write_all(b"{\"file\":{\"path\":\"a/c")
            .expect("written");
        drop(file);
        let mut journal = Journal::at(path.clone()).expect("opened");
        assert_eq!(journal.file("a/b.txt"), Some(&arrived));
        assert_eq!(journal.folder("a"), Some("ACTIVE!3"));
        assert_eq!(journal.file("a/c.txt"), None);
        assert_eq!(
            journal.key("a/c.txt", 1, None),
            key,
            "the same request is the same one"
        );
        assert_ne!(journal.key("a/c.txt", 2, None), key);
        assert_ne!(journal.key("a/c.txt", 1, Some(1)), key);
        let again = journal.key("a/b.txt", 12, None);
        let newer = Arrived {
            id: "ACTIVE!7.2".to_owned(),
            ..arrived
        };
        journal.note_file("a/b.txt", newer).expect("noted");
        assert_ne!(journal.key("a/b.txt", 12, None), again);
        journal
            .note_file("a/c.txt", arrived.clone())
            .expect("noted");
        drop(journal);
        assert_eq!(
            Journal::at(path).expect("opened").file("a/c.txt"),
            Some(&arrived)
        );
    }
}
