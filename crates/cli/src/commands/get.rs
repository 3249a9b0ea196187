//! `chancery get`: a document into a file or to the standard output.

use crate::arguments::Get;
use crate::context::Context;
use crate::download::{Profile, fetch, file_name, profile};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::sink::Sink;
use crate::wording::size;
use crate::work::Work;
use chancery_proto::ids::DocumentId;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Where the bytes go.
#[derive(Debug)]
enum Target {
    Output,
    File { path: PathBuf, replace: bool },
}

pub(super) async fn get(context: &Context, arguments: &Get) -> Result<Exit, Failure> {
    let to_output = arguments.output.as_deref() == Some(Path::new("-"));
    if to_output && context.output.json {
        return Err(Failure::usage(
            "The document and JSON cannot both go to the standard output. Leave out “--json”, or name a file.",
        ));
    }
    let work = Work::open(context).await?;
    let id = work.named_document(&arguments.id).await?;
    let profile = profile(context, &work, &id, &arguments.id).await?;
    let target = if to_output {
        Target::Output
    } else {
        file_for(arguments, &profile)?
    };
    let sink = match &target {
        Target::Output => Sink::output(),
        Target::File { path, .. } => Sink::beside(path)?,
    };
    let (done, received) = fetch(context, &work, &id, &profile, sink).await?;
    if let Target::File { path, replace } = &target {
        let checksum = done.checksum.clone();
        done.keep_as(path, *replace)?;
        report(context, &id, path, received, &checksum)?;
    }
    Ok(Exit::Done)
}

fn report(
    context: &Context,
    id: &DocumentId,
    path: &Path,
    received: u64,
    checksum: &str,
) -> Result<(), Failure> {
    if context.output.json {
        return context.output.json_line(&json!({
            "id": id,
            "path": path.to_string_lossy(),
            "size": received,
            "checksum": checksum,
        }));
    }
    context.output.confirm(&format!(
        "{id} is now “{}” ({}).",
        path.display(),
        size(received)
    ))
}

/// The file that is meant: the one named, or one of the document's name.
fn file_for(arguments: &Get, profile: &Profile) -> Result<Target, Failure> {
    let path = match &arguments.output {
        Some(path) if !path.is_dir() && !ends_with_slash(path) => return named(path),
        Some(directory) if !directory.is_dir() => {
            return Err(Failure::new(
                Exit::NotFound,
                "FILE",
                format!(
                    "There is no directory “{}”. Make it first.",
                    directory.display()
                ),
            ));
        }
        Some(directory) => directory.join(file_name(profile, &arguments.id)),
        None => PathBuf::from(file_name(profile, &arguments.id)),
    };
    if !arguments.force && path.symlink_metadata().is_ok() {
        return Err(is_there(&path));
    }
    Ok(Target::File {
        path,
        replace: arguments.force,
    })
}

/// The very file that a person named. A link stays one, and what is no file,
/// a device for example, is never replaced by one.
fn named(path: &Path) -> Result<Target, Failure> {
    let path = match path.metadata() {
        Err(_) => path.to_owned(),
        Ok(found) if found.is_file() && path.is_symlink() => path
            .canonicalize()
            .map_err(|error| Failure::file(path, "replaced", &error))?,
        Ok(found) if found.is_file() => path.to_owned(),
        Ok(_) => {
            return Err(Failure::usage(format!(
                "“{}” is no file that could be replaced. For the standard output, write “--output -”.",
                path.display()
            )));
        }
    };
    Ok(Target::File {
        path,
        replace: true,
    })
}

fn is_there(path: &Path) -> Failure {
    Failure::new(
        Exit::Failed,
        "FILE",
        format!(
            "“{}” is there already. Replace it with “--force”, or name another file with “--output”.",
            path.display()
        ),
    )
}

fn ends_with_slash(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"/")
}
