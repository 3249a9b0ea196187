//! The Connect list: the one list of servers, and the one that is active.

use crate::core::policy::Provided;
use chancery_client::remote::Address;
use chancery_platform::private_file;
use chancery_platform::wording::plainly;
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
    /// The addresses in the order that the person gave the list, the policy's
    /// servers too, which are not written down themselves; empty as long as
    /// nobody moved one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) order: Vec<String>,
    /// In the order they are shown.
    #[serde(rename = "server")]
    pub(crate) servers: Vec<Entry>,
}

impl Default for List {
    fn default() -> Self {
        Self {
            active: None,
            wants_connection: true,
            order: Vec::new(),
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
    /// How people sign in there, if it tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) methods: Option<Vec<String>>,
    /// Who put it into the list; found out anew at each start.
    #[serde(skip)]
    pub(crate) origin: Origin,
}

/// Who put a server into the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Origin {
    /// The person.
    #[default]
    Person,
    /// The administrator's policy alone: not written down as the person's own.
    Policy,
    /// The policy, and the person has used it or had it before.
    Both,
}

impl Origin {
    /// Whether the policy says that it is there.
    pub(crate) fn is_provided(self) -> bool {
        matches!(self, Self::Policy | Self::Both)
    }
}

/// Why the list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// It cannot be read or written.
    #[error("The list of servers “{}” cannot be used: {}.", path.display(), plainly(source))]
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
    ///
    /// A server of the policy's that nobody has signed in to is left out.
    pub(crate) fn write(&self, path: &Path) -> Result<(), ListError> {
        let mut own = self.clone();
        own.servers.retain(|entry| entry.origin != Origin::Policy);
        let text = toml::to_string_pretty(&own).map_err(|error| ListError::Mistake {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        private_file::replace(path, text.as_bytes()).map_err(|source| ListError::Io {
            path: path.to_owned(),
            source,
        })
    }

    /// Takes in the servers that the policy gives everybody, under the names
    /// it gives them, and lets go of those that it gave before. Its only
    /// server is chosen where none is.
    pub(crate) fn provide(&mut self, provided: &[Provided]) {
        let is_provided = |entry: &Entry| provided.iter().any(|one| one.address == entry.address);
        self.servers
            .retain(|entry| entry.origin != Origin::Policy || is_provided(entry));
        for entry in &mut self.servers {
            if entry.origin == Origin::Both && !is_provided(entry) {
                entry.origin = Origin::Person;
            }
        }
        for one in provided {
            let known = |entry: &&mut Entry| entry.address == one.address;
            if let Some(entry) = self.servers.iter_mut().find(known) {
                if entry.origin == Origin::Person {
                    entry.origin = Origin::Both;
                }
                if let Some(name) = &one.name {
                    entry.name.clone_from(name);
                }
                continue;
            }
            // It was read from the policy, which takes nothing but addresses.
            let Ok(address) = one.address.parse::<Address>() else {
                continue;
            };
            let authority = address.authority();
            self.servers.push(Entry {
                id: self.free_id(&authority),
                name: one.name.clone().unwrap_or(authority),
                address: one.address.clone(),
                origin: Origin::Policy,
                ..Entry::default()
            });
        }
        self.arrange();
        if self.active_entry().is_none() {
            self.active = match provided {
                [only] => self.find(&only.address).map(|entry| entry.id.clone()),
                _ => None,
            };
        }
    }

    /// Puts the servers into the person's order; those that it does not name
    /// stay behind the others as they are.
    fn arrange(&mut self) {
        let order = &self.order;
        let place = |entry: &Entry| order.iter().position(|address| *address == entry.address);
        self.servers
            .sort_by_key(|entry| place(entry).unwrap_or(usize::MAX));
    }

    /// Gives the server with that id the place `position`, counted from 0.
    pub(crate) fn shift(&mut self, id: &str, position: usize) {
        let Some(from) = self.servers.iter().position(|entry| entry.id == id) else {
            return;
        };
        let entry = self.servers.remove(from);
        self.servers.insert(position.min(self.servers.len()), entry);
        let addresses = self.servers.iter().map(|entry| entry.address.clone());
        self.order = addresses.collect();
    }

    /// The active server.
    pub(crate) fn active_entry(&self) -> Option<&Entry> {
        let id = self.active.as_deref()?;
        self.servers.iter().find(|entry| entry.id == id)
    }

    /// What somebody signed in to is theirs too.
    pub(crate) fn note_used(&mut self) {
        for entry in &mut self.servers {
            if entry.origin == Origin::Policy && entry.user.is_some() {
                entry.origin = Origin::Both;
            }
        }
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
    use super::{Entry, List, Origin};
    use crate::core::policy::Provided;

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

    fn provided(host: &str, name: Option<&str>) -> Provided {
        Provided {
            name: name.map(str::to_owned),
            address: format!("https://{host}"),
        }
    }

    fn shown(list: &List) -> Vec<(&str, Origin)> {
        let entries = list.servers.iter();
        entries.map(|one| (one.name.as_str(), one.origin)).collect()
    }

    #[test]
    fn what_the_policy_gives_is_there_until_it_lets_go_and_what_was_used_stays() {
        let mut list = List::default();
        list.put(Entry {
            id: "own".to_owned(),
            name: "Mine".to_owned(),
            address: "https://b.example".to_owned(),
            ..Entry::default()
        });
        let both = [
            provided("a.example", None),
            provided("b.example", Some("Theirs")),
        ];
        list.provide(&both);
        assert_eq!(
            shown(&list),
            [("Theirs", Origin::Both), ("a.example", Origin::Policy)]
        );
        assert_eq!(list.active, None, "two are no choice");
        list.provide(&both);
        assert_eq!(list.servers.len(), 2);
        list.provide(&[]);
        assert_eq!(shown(&list), [("Theirs", Origin::Person)]);

        list.provide(&both[..1]);
        assert_eq!(list.active.as_deref(), Some("a.example"));
        let used = |entry: &mut Entry| entry.user = Some("ann".to_owned());
        list.servers.iter_mut().for_each(used);
        list.note_used();
        list.provide(&[]);
        assert_eq!(
            shown(&list),
            [("Theirs", Origin::Person), ("a.example", Origin::Person)]
        );
        assert_eq!(list.active.as_deref(), Some("a.example"));
    }

    #[test]
    fn a_moved_server_keeps_its_place_even_if_only_the_policy_gives_it() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("servers.toml");
        let three = ["a.example", "b.example", "c.example"].map(|host| provided(host, None));
        let mut list = List::default();
        list.provide(&three);
        list.shift("c.example", 0);
        list.shift("a.example", 99);
        list.write(&path).expect("written");
        let mut read = List::read(&path).expect("read");
        read.provide(&three);
        read.put(Entry {
            id: "own".to_owned(),
            name: "Mine".to_owned(),
            address: "https://own.example".to_owned(),
            ..Entry::default()
        });
        let names = shown(&read).into_iter().map(|(name, _)| name);
        assert_eq!(
            names.collect::<Vec<_>>(),
            ["c.example", "b.example", "a.example", "Mine"]
        );
        read.shift("nobody", 0);
        assert_eq!(read.servers.len(), 4);
    }

    #[test]
    fn a_server_that_only_the_policy_gives_is_not_written_down() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("servers.toml");
        let mut list = List::default();
        list.provide(&[provided("a.example", None)]);
        list.write(&path).expect("written");
        let mut read = List::read(&path).expect("read");
        assert_eq!(read.servers, []);
        // The choice is found again with the server.
        read.provide(&[provided("a.example", None), provided("b.example", None)]);
        let active = read.active_entry().map(|entry| entry.name.as_str());
        assert_eq!(active, Some("a.example"));
        // Without it there is none.
        read.provide(&[provided("b.example", None)]);
        let active = read.active_entry().map(|entry| entry.name.as_str());
        assert_eq!(active, Some("b.example"));
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
