//! The Connect list: the one list of servers, and the one that is active.

use chancery_platform::private_file;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// What is kept on disk. Fields of a newer version are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct List {
    /// The id of the active server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) active: Option<String>,
    /// False only after an explicit disconnect.
    pub(crate) wants_connection: bool,
    /// In the order they are shown.
    #[serde(rename = "server")]
    pub(crate) servers: Vec<Entry>,
}

impl Default for List {
    fn default() -> Self {
        Self {
            active: None,
            wants_connection: true,
            servers: Vec::new(),
        }
    }
}

/// One server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Entry {
    /// Stable, for `--server`.
    pub(crate) id: String,
    /// The name shown.
    pub(crate) name: String,
    /// Scheme, host and port.
    pub(crate) address: String,
    /// Who last signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// That person's name, to be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_name: Option<String>,
    /// Its API level, as far as it was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    /// Its product, as far as it was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) product: Option<String>,
    /// What it announces, if it announces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) announced: Option<Vec<String>>,
}

/// Why the list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// It cannot be read or written.
    #[error("The list of servers “{}” cannot be used: {source}.", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not a list.
    #[error("The list of servers “{}” has a mistake: {reason}. Mend it, or move it away and connect again.", path.display())]
    Mistake {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl List {
    /// Reads the list; one that is not there is empty.
    pub(crate) fn read(path: &Path) -> Result<Self, ListError> {
        match std::fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text).map_err(|error| ListError::Mistake {
                path: path.to_owned(),
                reason: error.message().to_owned(),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(ListError::Io {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Writes the list in one step.
    pub(crate) fn write(&self, path: &Path) -> Result<(), ListError> {
        let text = toml::to_string_pretty(self).map_err(|error| ListError::Mistake {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        private_file::replace(path, text.as_bytes()).map_err(|source| ListError::Io {
            path: path.to_owned(),
            source,
        })
    }

    /// The server of that id, address or name.
    pub(crate) fn find(&self, called: &str) -> Option<&Entry> {
        let by =
            |matches: &dyn Fn(&Entry) -> bool| self.servers.iter().find(|entry| matches(entry));
        by(&|entry| entry.id == called)
            .or_else(|| by(&|entry| entry.address == called))
            .or_else(|| by(&|entry| entry.name.eq_ignore_ascii_case(called)))
    }

    /// Puts a server in, or in the place of the one with its id.
    pub(crate) fn put(&mut self, entry: Entry) {
        match self.servers.iter_mut().find(|known| known.id == entry.id) {
            Some(known) => *known = entry,
            None => self.servers.push(entry),
        }
    }

    /// An id that no server has, made from a host's name.
    pub(crate) fn free_id(&self, authority: &str) -> String {
        let plain: String = authority
            .chars()
            .map(|character| match character {
                'a'..='z' | '0'..='9' | '.' | '-' => character,
                _ => '-',
            })
            .collect();
        let plain = plain.trim_matches('-').to_owned();
        let mut id = plain.clone();
        let mut count = 1;
        while self.servers.iter().any(|entry| entry.id == id) {
            count += 1;
            id = format!("{plain}-{count}");
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, List};

    #[test]
    fn the_list_is_the_same_after_it_was_written_and_read() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("servers.toml");
        assert_eq!(List::read(&path).expect("empty"), List::default());
        let mut list = List::default();
        let id = list.free_id("work.example.com:8443");
        assert_eq!(id, "work.example.com-8443");
        list.put(Entry {
            id: id.clone(),
            name: "Work “here”".to_owned(),
            address: "https://work.example.com:8443".to_owned(),
            user: Some("ann".to_owned()),
            ..Entry::default()
        });
        list.active = Some(id);
        list.wants_connection = false;
        list.write(&path).expect("written");
        assert_eq!(List::read(&path).expect("read"), list);
        assert_eq!(
            list.free_id("work.example.com:8443"),
            "work.example.com-8443-2"
        );
        assert!(list.find("WORK “HERE”").is_some());
    }

    #[test]
    fn a_mistake_in_the_list_is_said_and_the_file_stays() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("servers.toml");
        std::fs::write(&path, "server = 5").expect("written");
        let error = List::read(&path).expect_err("a mistake");
        assert!(error.to_string().contains("servers.toml"), "{error}");
        assert!(path.exists());
    }
}
