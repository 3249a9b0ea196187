//! `chancery addons`: the add-ons for other applications, which come with this
//! program.

mod package;
pub(crate) mod thunderbird;

use crate::arguments::{AddOn, AddonsAction};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::table::{Column, table};
use clap::ValueEnum;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What is so with one add-on, or was done with it.
#[derive(Debug, Serialize)]
struct Found {
    /// Its word on the command line.
    name: &'static str,
    /// What people call it.
    title: &'static str,
    /// The version that comes with this program.
    version: &'static str,
    /// The profiles of its application that have it.
    profiles: Vec<PathBuf>,
}

pub(super) fn addons(context: &Context, action: Option<AddonsAction>) -> Result<Exit, Failure> {
    context.refuse_server_view("Add-ons are the same for all servers.")?;
    match action.unwrap_or(AddonsAction::List) {
        AddonsAction::List => {
            let all = AddOn::value_variants().iter().map(|addon| addon.found());
            list(context, &all.collect::<Result<Vec<_>, _>>()?)?;
        }
        AddonsAction::Install(arguments) => {
            let (found, told) = match arguments.addon {
                AddOn::Thunderbird => thunderbird::install(arguments.profile.as_deref())?,
            };
            tell(context, &found, &told)?;
        }
        AddonsAction::Remove(arguments) => {
            let (found, told) = match arguments.addon {
                AddOn::Thunderbird => thunderbird::remove(arguments.profile.as_deref())?,
            };
            tell(context, &found, &told)?;
        }
    }
    Ok(Exit::Done)
}

impl AddOn {
    fn found(self) -> Result<Found, Failure> {
        match self {
            Self::Thunderbird => thunderbird::found(),
        }
    }
}

fn tell(context: &Context, found: &Found, told: &str) -> Result<(), Failure> {
    if context.output.json {
        context.output.json(found)
    } else {
        context.output.confirm(told)
    }
}

fn list(context: &Context, all: &[Found]) -> Result<(), Failure> {
    if context.output.json {
        return context.output.json(&all);
    }
    let columns = [
        Column::text("name"),
        Column::text("add-on"),
        Column::text("version"),
        Column::text("installed in"),
    ];
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|found| {
            let places: Vec<_> = found
                .profiles
                .iter()
                .map(|path| path.to_string_lossy())
                .collect();
            vec![
                found.name.to_owned(),
                found.title.to_owned(),
                found.version.to_owned(),
                places.join(", "),
            ]
        })
        .collect();
    context.output.result(&table(&columns, &rows))
}

/// Puts a file there, whole or not at all, with the directories above it.
fn put(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let written = |error| Failure::file(path, "written", &error);
    let directory = path.parent().unwrap_or(path);
    std::fs::create_dir_all(directory).map_err(written)?;
    let mut file = tempfile::NamedTempFile::new_in(directory).map_err(written)?;
    std::io::Write::write_all(&mut file, content).map_err(written)?;
    file.persist(path).map_err(|error| written(error.error))?;
    Ok(())
}

/// Takes a file away; says whether there was one.
fn take(path: &Path) -> Result<bool, Failure> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Failure::file(path, "removed", &error)),
    }
}
