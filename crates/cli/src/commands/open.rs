//! `chancery open`: a document to be read, in the person's own application.

use crate::arguments::Open;
use crate::context::Context;
use crate::desk::{Record, checksum_of, gone, is_still, named_server, work_directory};
use crate::download::{fetch, file_name, profile};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::sink::Sink;
use crate::work::Work;
use chancery_platform::opener;
use serde_json::json;
use std::io;
use std::path::Path;

pub(super) async fn open(context: &Context, arguments: &Open) -> Result<Exit, Failure> {
    let work = Work::open(context).await?;
    let id = work.named_document(&arguments.id).await?;
    let profile = profile(context, &work, &id, &arguments.id).await?;
    let server = named_server(context.looked_at(work.agent()).await?)?;
    let path = work_directory(&server, &id)?.join(file_name(&profile, &id.to_string()));
    let there = what_is_there(&path).await?;
    if let There::Changed = there {
        return Err(Failure::new(
            Exit::Failed,
            "FILE",
            format!(
                "“{}” was changed here, and the changes are not on the server.",
                path.display()
            ),
        )
        .with_hint(
            "Send them with “chancery checkin FILE”, or remove the file, and open it again.",
        ));
    }
    let is_fresh = matches!(&there, There::AsItCame(checksum)
        if profile.checksum.is_some() && is_still(&profile, checksum));
    if !is_fresh {
        let sink = Sink::privately_beside(&path)?;
        let (done, _) = fetch(context, &work, &id, &profile, sink).await?;
        let record = Record::new(&server, &id, &done.checksum);
        done.keep_as(&path, true)?;
        let kept = record.write(&path).and_then(|()| {
            protect(&path).map_err(|error| Failure::file(&path, "protected", &error))
        });
        if let Err(failure) = kept {
            // Without its note it could not be told from a changed one.
            gone(&path)?;
            return Err(failure);
        }
    }
    if context.output.json {
        context.output.json(&json!({
            "id": id,
            "server": server.id,
            "path": path.to_string_lossy(),
            "opened": !arguments.print_path,
        }))?;
    } else if arguments.print_path {
        context.output.result(&path.to_string_lossy())?;
    }
    if !arguments.print_path {
        with_application(&path).await?;
        context.output.confirm(&format!(
            "{id} is open, to be read. To change it, write “chancery checkout {id}”."
        ))?;
    }
    Ok(Exit::Done)
}

/// It cannot be written any more.
fn protect(path: &Path) -> io::Result<()> {
    let mut permissions = path.metadata()?.permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(path, permissions)
}

/// What is at the place already.
enum There {
    Nothing,
    /// As it was fetched; its checksum.
    AsItCame(String),
    Changed,
}

async fn what_is_there(path: &Path) -> Result<There, Failure> {
    if path.symlink_metadata().is_err() {
        return Ok(There::Nothing);
    }
    let own = checksum_of(path).await?;
    Ok(match Record::read(path)? {
        Some(record) if record.checksum == own => There::AsItCame(own),
        _ => There::Changed,
    })
}

/// Opens it with the application that the person chose for its kind.
async fn with_application(path: &Path) -> Result<(), Failure> {
    let own = path.to_owned();
    let opened = tokio::task::spawn_blocking(move || opener::open(&own))
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)));
    opened.map_err(|error| {
        let why = error.to_string();
        // The system's number tells a person nothing.
        let why = why.split(" (os error").next().unwrap_or_default();
        Failure::new(
            Exit::Failed,
            "OPENER",
            format!(
                "No application opened “{}”: {}.",
                path.display(),
                why.trim_end_matches('.')
            ),
        )
        .with_hint("It lies there and can be read. “--print-path” only says where.")
    })
}
