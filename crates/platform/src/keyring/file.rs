//! A file of the user's own: only when the person asked for it in words.

use super::{Found, Key, SecretStore, StoreError};
use crate::private_file;
use chancery_proto::secret::Secret;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Secrets in clear in one file of mode 0600: one line each, server, user and
/// secret, parted by tabs. None of the three can hold a tab or a line end.
#[derive(Debug)]
pub struct FileStore {
    path: PathBuf,
    turn: Mutex<()>,
}

impl FileStore {
    /// The store at `path`; the file is made at the first write.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            turn: Mutex::new(()),
        }
    }

    /// Whether the person has chosen this store: its file is there.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.path.is_file()
    }

    fn lines(&self) -> Result<Vec<(Key, Secret)>, StoreError> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unavailable(&error)),
        };
        Ok(text
            .lines()
            .filter_map(|line| {
                let mut parts = line.splitn(3, '\t');
                let key = Key {
                    server: parts.next()?.to_owned(),
                    user: parts.next()?.to_owned(),
                };
                Some((key, Secret::from(parts.next()?)))
            })
            .collect())
    }

    fn change(&self, key: &Key, secret: Option<&Secret>) -> Result<(), StoreError> {
        let writable = |text: &str| !text.contains(['\t', '\n', '\r']);
        if !(writable(&key.server)
            && writable(&key.user)
            && secret.is_none_or(|secret| writable(secret.reveal())))
        {
            return Err(StoreError::Unavailable {
                why: "a name or a secret with a tab or a line end in it".to_owned(),
            });
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines = self.lines()?;
        let before = lines.len();
        lines.retain(|(other, _)| other != key);
        match secret {
            Some(secret) => lines.push((key.clone(), secret.clone())),
            None if lines.len() == before => return Ok(()),
            None => {}
        }
        let text = lines
            .iter()
            .map(|(key, secret)| format!("{}\t{}\t{}\n", key.server, key.user, secret.reveal()))
            .collect::<String>();
        private_file::replace(&self.path, text.as_bytes()).map_err(|error| unavailable(&error))
    }
}

fn unavailable(error: &std::io::Error) -> StoreError {
    StoreError::Unavailable {
        why: error.to_string(),
    }
}

impl SecretStore for FileStore {
    fn read(&self, key: &Key) -> Found {
        match self.lines() {
            Ok(lines) => lines
                .into_iter()
                .find(|(other, _)| other == key)
                .map_or(Found::Absent, |(_, secret)| Found::Secret(secret)),
            Err(StoreError::Locked) => Found::Locked,
            Err(StoreError::Unavailable { why }) => Found::Unavailable { why },
        }
    }

    fn write(&self, key: &Key, secret: &Secret) -> Result<(), StoreError> {
        self.change(key, Some(secret))
    }

    fn delete(&self, key: &Key) -> Result<(), StoreError> {
        self.change(key, None)
    }
}

#[cfg(test)]
mod tests {
    use super::FileStore;
    use crate::keyring::{Found, Key, SecretStore};
    use chancery_proto::secret::Secret;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_the_person_asked_to_keep_in_a_file_is_for_this_user_only() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("sessions");
        let store = FileStore::at(&path);
        let key = |user: &str| Key {
            server: "https://work.example.com".into(),
            user: user.into(),
        };
        assert!(!store.is_there());
        assert_eq!(store.read(&key("ada")), Found::Absent);
        store.delete(&key("ada")).expect("nothing to do");
        assert!(!store.is_there());
        store
            .write(&key("ada"), &Secret::from("one"))
            .expect("written");
        store
            .write(&key("bob"), &Secret::from("two"))
            .expect("written");
        store
            .write(&key("ada"), &Secret::from("three"))
            .expect("written");
        assert_eq!(store.read(&key("ada")), Found::Secret("three".into()));
        store.delete(&key("ada")).expect("removed");
        assert_eq!(store.read(&key("ada")), Found::Absent);
        assert_eq!(store.read(&key("bob")), Found::Secret("two".into()));
        let mode = std::fs::metadata(&path)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        store
            .write(&key("eve\tx"), &Secret::from("four"))
            .expect_err("would break the line");
    }
}
