//! `chancery put`: files on their way to a folder, or a new version.

use crate::arguments::Put;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::upload::{Sending, key, name_and_extension};
use crate::wording::{count, size};
use crate::work::{Work, container};
use chancery_client::local::FileToSend;
use http::Method;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// Where the files go.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    Folder(String),
    NewVersionOf(String),
}

pub(super) async fn put(context: &Context, arguments: Put) -> Result<Exit, Failure> {
    if arguments.recursive {
        return super::put_tree::put_tree(context, &arguments).await;
    }
    let (files, target) = files_and_target(&arguments)?;
    if let Target::Folder(id) = &target {
        container(id)?;
    }
    // Nothing is sent as long as one of them cannot be.
    let files = files
        .into_iter()
        .map(FileToSend::look_at)
        .collect::<Result<Vec<_>, _>>()?;
    let work = Work::open(context).await?;
    let path = match &target {
        Target::Folder(id) => format!("{}/documents", work.folder(&container(id)?)),
        Target::NewVersionOf(id) => {
            let id = work.named_document(id).await?;
            format!("{}/versions", work.document(&id))
        }
    };
    let is_new = matches!(target, Target::Folder(_));
    let all = files.len();
    for (done, file) in files.iter().enumerate() {
        let sending = Sending {
            context,
            work: &work,
            method: Method::POST,
            path: &path,
            file,
            profile: profile(&arguments, is_new, file),
            key: key()?,
            bar: None,
        };
        let document = sending.go().await.map_err(|failure| match done {
            0 => failure,
            some => failure.with_hint(format!(
                "{} of {all} arrived; send the others again, from “{}” on.",
                count(some, "file", "files"),
                file.path().display()
            )),
        })?;
        report(context, file, &document)?;
    }
    Ok(Exit::Done)
}

fn files_and_target(arguments: &Put) -> Result<(Vec<PathBuf>, Target), Failure> {
    let mut files = arguments.files.clone();
    let target = match (&arguments.folder, &arguments.new_version_of) {
        (Some(folder), _) => Target::Folder(folder.clone()),
        (None, Some(document)) => Target::NewVersionOf(document.clone()),
        (None, None) => {
            let last = files.pop().unwrap_or_default();
            let text = last.to_string_lossy().into_owned();
            if files.is_empty() {
                return Err(Failure::usage(format!(
                    "There is only “{text}”. Name the files first and the folder last, like “chancery put letter.docx ACTIVE!12”."
                )));
            }
            Target::Folder(text)
        }
    };
    let single = |option: &str| {
        Failure::usage(format!(
            "“{option}” is for one file, and {} were named. Send them one by one.",
            files.len()
        ))
    };
    if files.len() > 1 {
        if matches!(target, Target::NewVersionOf(_)) {
            return Err(single("--new-version-of"));
        }
        if arguments.name.is_some() {
            return Err(single("--name"));
        }
    }
    Ok((files, target))
}

/// The profile of a file; a new version keeps the name that its document has.
pub(super) fn profile(arguments: &Put, is_new: bool, file: &FileToSend) -> Value {
    let (name, extension) = name_and_extension(file.path());
    let mut document = Map::new();
    let mut set = |field: &str, value: Value| {
        document.insert(field.to_owned(), value);
    };
    match &arguments.name {
        Some(name) => set("name", json!(name)),
        None if !is_new => {}
        None => set("name", json!(name)),
    }
    set("extension", json!(extension));
    set("size", json!(file.size()));
    if let Some(time) = file.created() {
        set("file_create_date", json!(time));
    }
    if let Some(time) = file.modified() {
        set("file_edit_date", json!(time));
    }
    if let Some(comment) = &arguments.comment {
        set("comment", json!(comment));
    }
    json!({
        "warnings_for_required_and_disabled_fields": true,
        "inherit_profile_from_folder": is_new,
        "doc_profile": document,
    })
}

fn report(context: &Context, file: &FileToSend, document: &Value) -> Result<(), Failure> {
    if context.output.json {
        return context.output.json_line(document);
    }
    let id = document
        .get("id")
        .and_then(Value::as_str)
        .unwrap_or_default();
    context.output.confirm(&format!(
        "“{}” is now {id} ({}).",
        file.path().display(),
        size(file.size())
    ))
}

#[cfg(test)]
mod tests {
    use super::{Target, files_and_target, profile};
    use crate::arguments::Put;
    use chancery_client::local::FileToSend;
    use std::path::PathBuf;

    fn put(files: &[&str]) -> Put {
        Put {
            files: files.iter().map(PathBuf::from).collect(),
            folder: None,
            new_version_of: None,
            name: None,
            comment: None,
            recursive: false,
            anew: false,
        }
    }

    #[test]
    fn the_last_argument_is_the_folder_unless_an_option_says_where() {
        let (files, target) = files_and_target(&put(&["a", "b", "ACTIVE!1"])).expect("fine");
        assert_eq!(files.len(), 2);
        assert_eq!(target, Target::Folder("ACTIVE!1".to_owned()));

        let mut arguments = put(&["a", "b"]);
        arguments.folder = Some("ACTIVE!1".to_owned());
        assert_eq!(files_and_target(&arguments).expect("fine").0.len(), 2);

        assert!(files_and_target(&put(&["a"])).is_err());
    }

    #[test]
    fn what_is_for_one_file_refuses_several() {
        let mut arguments = put(&["a", "b"]);
        arguments.new_version_of = Some("ACTIVE!1.1".to_owned());
        let failure = files_and_target(&arguments).expect_err("two");
        assert!(failure.sentence.contains("--new-version-of"), "{failure:?}");
        let mut arguments = put(&["a", "b", "ACTIVE!1"]);
        arguments.name = Some("x".to_owned());
        assert!(files_and_target(&arguments).is_err());
    }

    #[test]
    fn a_new_version_keeps_the_documents_name() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("Letter 2.docx");
        std::fs::write(&path, b"new").expect("written");
        let file = FileToSend::look_at(&path).expect("a file");
        let arguments = put(&[]);
        let of_folder = profile(&arguments, true, &file);
        assert_eq!(of_folder["doc_profile"]["name"], "Letter 2");
        assert_eq!(of_folder["doc_profile"]["extension"], "docx");
        assert_eq!(of_folder["doc_profile"]["size"], 3);
        let of_version = profile(&arguments, false, &file);
        assert!(of_version["doc_profile"].get("name").is_none());
    }
}
