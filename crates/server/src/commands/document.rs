//! `chancery-server document …`: what an administrator does for others, on the record.

use super::{CommandError, Place, output};
use chancery_proto::clock::SystemClock;
use chancery_proto::ids::{ContainerId, DocumentId, LibraryAlias};
use chancery_store::StoreError;
use chancery_store::access::{Principal, Via};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum Document {
    /// Release what somebody has locked or checked out
    Release(Named),
    /// List what was deleted in a library, the last first
    Trash(Trash),
    /// Bring a deleted version back
    Restore(Restore),
    /// Delete a version in the trash for good; its bytes leave the disk within the hour
    Purge(Purge),
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The version, for example ACTIVE!34.1
    id: DocumentId,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(super) struct Trash {
    /// The library
    library: LibraryAlias,
    /// At most so many
    #[arg(long, value_name = "NUMBER", default_value_t = 500)]
    limit: u32,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    #[command(flatten)]
    named: Named,
    /// Into this folder, where its own is gone; may be given several times
    #[arg(long = "folder", value_name = "FOLDER")]
    folders: Vec<ContainerId>,
}

#[derive(Debug, Args)]
pub(super) struct Purge {
    #[command(flatten)]
    named: Named,
    /// Nothing brings it back: say that this is meant
    #[arg(long, required = true)]
    for_good: bool,
}

/// The server itself, for the record.
fn by_command() -> Principal {
    Principal {
        via: Via {
            application: "chancery-server".into(),
            address: "command".into(),
        },
        ..Principal::system("")
    }
}

fn told(id: &DocumentId, error: StoreError) -> CommandError {
    match error {
        StoreError::NotFound("deleted document") => CommandError::Plain(format!(
            "{id} is not in the trash. See what is with “chancery-server document trash {}”.",
            id.library
        )),
        StoreError::NotFound(_) => CommandError::Plain(format!("There is no document {id}.")),
        StoreError::Invalid {
            field: "folder_ids",
            ..
        } => {
            CommandError::Plain("The folder it was in is gone. Name one with --folder.".to_owned())
        }
        error => error.into(),
    }
}

impl Document {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        let now = SystemClock::shared().now();
        let who = by_command();
        match self {
            Self::Release(Named { id, place }) => {
                let store = place.open()?.store()?;
                let before = store.version(&id, &who).map_err(|error| told(&id, error))?;
                let Some(lock) = before.lock else {
                    output::line(&format!("Nobody has {id}."));
                    return Ok(());
                };
                let done = store.unlock_document(id.clone(), who, now).await;
                done.map_err(|error| told(&id, error))?;
                output::line(&format!("Released {id}, which {} had.", lock.user));
            }
            Self::Trash(Trash {
                library,
                limit,
                place,
            }) => {
                let store = place.open()?.store()?;
                let rows: Vec<Vec<String>> = store
                    .trash(&library, None, &who, limit)?
                    .into_iter()
                    .map(|deleted| {
                        let version = deleted.version;
                        vec![
                            format!("{}!{}.{}", version.library, version.number, version.version),
                            version.name,
                            deleted.at.to_rfc3339(),
                            version.last_user,
                        ]
                    })
                    .collect();
                output::table(&["DOCUMENT", "NAME", "DELETED", "BY"], &rows);
            }
            Self::Restore(Restore { named, folders }) => {
                let store = named.place.open()?.store()?;
                let id = named.id;
                let done = store
                    .restore(id.clone(), folders, String::new(), who, now)
                    .await;
                done.map_err(|error| told(&id, error))?;
                output::line(&format!("{id} is back."));
            }
            Self::Purge(Purge { named, .. }) => {
                let store = named.place.open()?.store()?;
                let id = named.id;
                let done = store.purge(id.clone(), who, now).await;
                done.map_err(|error| told(&id, error))?;
                output::line(&format!("{id} is gone for good."));
            }
        }
        Ok(())
    }
}
