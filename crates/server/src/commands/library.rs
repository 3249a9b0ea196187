//! `chancery-server library …`.

use super::{CommandError, Place, by_command, output};
use chancery_proto::clock::SystemClock;
use chancery_proto::ids::LibraryAlias;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum Library {
    /// Add a library
    Add(Add),
    /// List the libraries
    List(Place),
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// 1 to 64 letters, digits, “_” or “-”; kept in upper case
    alias: LibraryAlias,
    /// What it is for
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,
    #[command(flatten)]
    place: Place,
}

impl Library {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        match self {
            Self::Add(add) => {
                let store = add.place.open()?.store()?;
                let now = SystemClock::shared().now();
                let entry = by_command(format!("library added: {}", add.alias), now);
                let library = store
                    .add_library(add.alias, add.description, now, entry)
                    .await?;
                output::line(&format!("Added {}.", library.alias));
            }
            Self::List(place) => {
                let libraries = place.open()?.store()?.libraries()?;
                let rows: Vec<Vec<String>> = libraries
                    .into_iter()
                    .map(|library| vec![library.alias.to_string(), library.description])
                    .collect();
                output::table(&["LIBRARY", "DESCRIPTION"], &rows);
            }
        }
        Ok(())
    }
}
