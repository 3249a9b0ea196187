//! A file of the user's own: only when the person asked for it in words.

use super::{Found, Key, SecretStore, StoreError};
use crate::private_file;
use crate::wording::plainly;
use chancery_proto::secret::Secret;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Secrets in clear in one file of mode 0600: one line each, place, server,
/// user and secret, parted by tabs. None of them can hold a tab or a line end.
/// Lines of older versions begin with the server.
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

    /// A key without a place has an empty one.
    fn lines(&self) -> Result<Vec<(Key, Secret)>, StoreError> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unavailable(&error)),
        };
        Ok(text
            .lines()
            .filter_map(|line| {
                let parts: Vec<&str> = line.split('\t').collect();
                let (place, server, user, secret) = match *parts.as_slice() {
                    [place, server, user, secret] => (place, server, user, secret),
                    [server, user, secret] => ("", server, user, secret),
                    _ => return None,
                };
                let key = Key {
                    place: place.to_owned(),
                    server: server.to_owned(),
                    user: user.to_owned(),
                };
                Some((key, Secret::from(secret)))
            })
            .collect())
    }

    fn change(&self, key: &Key, secret: Option<&Secret>) -> Result<(), StoreError> {
        let writable = |text: &str| !text.contains(['\t', '\n', '\r']);
        if !(writable(&key.place)
            && writable(&key.server)
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
        let old = without_place(key);
        lines.retain(|(other, _)| other != key && *other != old);
        match secret {
            Some(secret) => lines.push((key.clone(), secret.clone())),
            None if lines.len() == before => return Ok(()),
            None => {}
        }
        let text = lines
            .iter()
            .map(|(key, secret)| line(key, secret))
            .collect::<String>();
        let replaced = private_file::replace(&self.path, text.as_bytes());
        match (replaced, secret) {
            // What is to be forgotten goes, on a full disk too.
            (Err(_), None) => private_file::overwrite(&self.path, text.as_bytes()),
            (other, _) => other,
        }
        .map_err(|error| unavailable(&error))
    }
}

fn without_place(key: &Key) -> Key {
    Key {
        place: String::new(),
        ..key.clone()
    }
}

fn line(key: &Key, secret: &Secret) -> String {
    let named = format!("{}\t{}\t{}\n", key.server, key.user, secret.reveal());
    if key.place.is_empty() {
        named
    } else {
        format!("{}\t{named}", key.place)
    }
}

fn unavailable(error: &std::io::Error) -> StoreError {
    StoreError::Unavailable {
        why: plainly(error),
    }
}

impl SecretStore for FileStore {
    fn read(&self, key: &Key) -> Found {
        match self.lines() {
            Ok(lines) => {
                let find = |key: &Key| {
                    let found = lines.iter().find(|(other, _)| other == key);
                    found.map(|(_, secret)| secret.clone())
                };
                if let Some(secret) = find(key) {
                    return Found::Secret(secret);
                }
                let Some(secret) = find(&without_place(key)) else {
                    return Found::Absent;
                };
                if let Err(error) = self.write(key, &secret) {
                    tracing::warn!(%error, "an older secret could not be given its place");
                }
                Found::Secret(secret)
            }
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

    #[test]
    fn what_the_person_asked_to_keep_in_a_file_is_for_this_user_only() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("sessions");
        let store = FileStore::at(&path);
        let key = |user: &str| Key {
            place: "here".into(),
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
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let found = std::fs::metadata(&path).expect("there");
            assert_eq!(found.permissions().mode() & 0o777, 0o600);
        }
        store
            .write(&key("eve\tx"), &Secret::from("four"))
            .expect_err("would break the line");
    }

    #[test]
    fn a_secret_of_an_older_version_is_found_once_and_given_its_place() {
        let home = tempfile::tempdir().expect("made");
        let path = home.path().join("sessions");
        let old = "https://a.example.com\tada\trefresh:one\nhttps://a.example.com\tbob\ttwo\n";
        std::fs::write(&path, old).expect("written");
        let store = FileStore::at(&path);
        let key = |place: &str, user: &str| Key {
            place: place.into(),
            server: "https://a.example.com".into(),
            user: user.into(),
        };
        let one = Found::Secret("refresh:one".into());
        assert_eq!(store.read(&key("here", "ada")), one);
        assert_eq!(store.read(&key("here", "ada")), one);
        assert_eq!(store.read(&key("there", "ada")), Found::Absent);
        assert_eq!(
            std::fs::read_to_string(&path).expect("there"),
            "https://a.example.com\tbob\ttwo\nhere\thttps://a.example.com\tada\trefresh:one\n"
        );
        // Signing out before the first look must not leave the old one behind.
        store.delete(&key("here", "bob")).expect("removed");
        assert_eq!(store.read(&key("here", "bob")), Found::Absent);
    }
}
