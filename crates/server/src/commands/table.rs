//! `chancery-server table …`: what the fields of a profile may say.

use super::{CommandError, Place, by_command, lists, output};
use chancery_proto::clock::SystemClock;
use chancery_proto::ids::LibraryAlias;
use chancery_store::StoreError;
use chancery_store::listing::Page;
use chancery_store::lookups::{Entry, EntryChanges, EntryFilter, Lookup};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(super) enum Table {
    /// List the entries of a field's table
    List(List),
    /// Add an entry. From the first one on, the field takes nothing else
    Add(Add),
    /// Change an entry
    Change(Change),
    /// Remove an entry. Profiles that have it keep it
    Remove(Named),
    /// Add and change entries from a list (CSV with id, description, parent, enabled)
    Import(Import),
}

fn table_of(field: &str) -> Result<Lookup, String> {
    Lookup::of_field(field).ok_or_else(|| {
        "it has to be class, subclass, custom1 to custom12, or custom29 to custom31".to_owned()
    })
}

#[derive(Debug, Args)]
pub(super) struct Of {
    /// The library
    library: LibraryAlias,
    /// The field: class, subclass, custom1 to custom12, custom29 to custom31
    #[arg(value_parser = table_of)]
    field: Lookup,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    of: Of,
    /// Part of an id or description
    #[arg(long, value_name = "TEXT")]
    find: Option<String>,
    /// Those under this entry
    #[arg(long, value_name = "ID")]
    parent: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(super) struct Named {
    #[command(flatten)]
    of: Of,
    /// The entry's id
    id: String,
    /// The entry that it is under, where the field belongs under another one
    #[arg(long, value_name = "ID")]
    parent: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(super) struct Add {
    #[command(flatten)]
    named: Named,
    /// What people read [default: the id]
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Change {
    #[command(flatten)]
    named: Named,
    /// What people read
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Let it be chosen again
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Let nobody choose it any more
    #[arg(long)]
    disable: bool,
}

#[derive(Debug, Args)]
pub(super) struct Import {
    #[command(flatten)]
    of: Of,
    /// The list
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

const COLUMNS: [(&str, &[&str]); 4] = [
    ("id", &["alias"]),
    ("description", &["name"]),
    ("parent", &["parent_id", "parent_alias"]),
    ("enabled", &[]),
];
/// So many are shown at once.
const SHOWN: u32 = 1_000;

fn told(id: &str, error: StoreError) -> CommandError {
    match error {
        StoreError::NotFound("entry") => CommandError::Plain(format!(
            "There is no entry “{id}”. See which there are with “chancery-server table list”."
        )),
        error => error.into(),
    }
}

impl Of {
    fn did(&self, what: &str) -> String {
        format!("{what} in {} of {}", self.field.field(), self.library)
    }
}

impl List {
    fn run(self) -> Result<(), CommandError> {
        let store = self.place.open()?.store()?;
        let filter = EntryFilter {
            text: self.find,
            parent: self.parent,
            ..EntryFilter::default()
        };
        let page = Page {
            limit: SHOWN,
            total: true,
            ..Page::default()
        };
        let listed = store.lookups(&self.of.library, self.of.field, &filter, &page)?;
        let rows: Vec<Vec<String>> = listed
            .items
            .into_iter()
            .map(|entry| {
                let state = if entry.enabled { "" } else { "disabled" };
                let parent = entry.parent.map(|(id, _)| id).unwrap_or_default();
                vec![entry.id, entry.description, parent, state.to_owned()]
            })
            .collect();
        output::table(&["ID", "DESCRIPTION", "UNDER", ""], &rows);
        let total = listed.total.unwrap_or(0);
        if total > rows.len() as u64 {
            output::note(&format!(
                "{} of {total} are shown. See others with --find.",
                rows.len()
            ));
        }
        Ok(())
    }
}

impl Import {
    async fn run(self) -> Result<(), CommandError> {
        let now = SystemClock::shared().now();
        let mut entries = Vec::new();
        for line in lists::read(&self.file, &COLUMNS)? {
            let id = line.required("id")?;
            entries.push(Entry {
                description: line.text("description").unwrap_or_else(|| id.clone()),
                enabled: line.flag("enabled")?.unwrap_or(true),
                is_hipaa: false,
                parent: line.text("parent").map(|id| (id, String::new())),
                id,
            });
        }
        let store = self.place.open()?.store()?;
        let count = entries.len();
        let audit = by_command(self.of.did(&format!("{count} imported")), now);
        let Of { library, field } = self.of;
        let (added, changed) = store
            .import_lookups(library, field, entries, now, audit)
            .await?;
        output::line(&format!(
            "Added {added} and changed {changed} of {count}. It holds at once."
        ));
        Ok(())
    }
}

impl Table {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        let now = SystemClock::shared().now();
        match self {
            Self::List(list) => list.run(),
            Self::Import(import) => import.run().await,
            Self::Add(Add { named, description }) => {
                let store = named.place.open()?.store()?;
                let entry = Entry {
                    description: description.unwrap_or_else(|| named.id.clone()),
                    enabled: true,
                    is_hipaa: false,
                    parent: named.parent.map(|id| (id, String::new())),
                    id: named.id,
                };
                let audit = by_command(named.of.did(&format!("{} added", entry.id)), now);
                let Of { library, field } = named.of;
                let added = store.add_lookup(library, field, entry, now, audit).await?;
                output::line(&format!("Added “{}”.", added.id));
                Ok(())
            }
            Self::Change(change) => {
                let named = change.named;
                let changes = EntryChanges {
                    description: change.description,
                    enabled: match (change.enable, change.disable) {
                        (true, _) => Some(true),
                        (_, true) => Some(false),
                        _ => None,
                    },
                    is_hipaa: None,
                };
                if changes == EntryChanges::default() {
                    return Err(CommandError::Plain(
                        "Say what is to change: --description, --enable or --disable.".to_owned(),
                    ));
                }
                let store = named.place.open()?.store()?;
                let audit = by_command(named.of.did(&format!("{} changed", named.id)), now);
                let (place, id) = ((named.id.clone(), named.parent), named.id);
                let Of { library, field } = named.of;
                let done = store.change_lookup(library, field, place, changes, now, audit);
                done.await.map_err(|error| told(&id, error))?;
                output::line(&format!("Changed “{id}”. It holds at once."));
                Ok(())
            }
            Self::Remove(named) => {
                let store = named.place.open()?.store()?;
                let audit = by_command(named.of.did(&format!("{} removed", named.id)), now);
                let (place, id) = ((named.id.clone(), named.parent), named.id);
                let Of { library, field } = named.of;
                let done = store.remove_lookup(library, field, place, audit);
                done.await.map_err(|error| told(&id, error))?;
                output::line(&format!("Removed “{id}”. Profiles that have it keep it."));
                Ok(())
            }
        }
    }
}
