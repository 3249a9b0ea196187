//! `chancery put`: files on their way to a folder, or a new version.

use crate::arguments::Put;
use crate::checksum::{Hasher, agrees};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::outage;
use crate::progress::Bar;
use crate::sign_in::signed_in;
use crate::wording::{count, size};
use crate::work::{Work, container};
use chancery_client::local::{Agent, FileToSend, LocalError, Progress, RefusalKind, multipart};
use chancery_proto::headers::IDEMPOTENCY_KEY;
use chancery_proto::level::Capability;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Where the files go.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    Folder(String),
    NewVersionOf(String),
}

pub(super) async fn put(context: &Context, arguments: Put) -> Result<Exit, Failure> {
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
    let all = files.len();
    for (done, file) in files.iter().enumerate() {
        let sending = Sending {
            context,
            work: &work,
            path: &path,
            file,
            profile: profile(&arguments, &target, file),
            key: key()?,
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

/// Name and extension of a file, as a profile has them apart.
fn name_and_extension(path: &Path) -> (String, String) {
    let part = |part: Option<&std::ffi::OsStr>| {
        part.map(|text| text.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    (part(path.file_stem()), part(path.extension()))
}

fn profile(arguments: &Put, target: &Target, file: &FileToSend) -> Value {
    let (name, extension) = name_and_extension(file.path());
    let mut document = Map::new();
    let mut set = |field: &str, value: Value| {
        document.insert(field.to_owned(), value);
    };
    match &arguments.name {
        Some(name) => set("name", json!(name)),
        // A new version keeps the name that the document has.
        None if matches!(target, Target::NewVersionOf(_)) => {}
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
        "inherit_profile_from_folder": matches!(target, Target::Folder(_)),
        "doc_profile": document,
    })
}

/// 128 bits that nobody guesses, for a boundary or a key.
fn key() -> Result<String, Failure> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::new(
            Exit::Failed,
            "RANDOM",
            format!("The system gives no random numbers: {error}."),
        )
    })?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// One file on its way.
struct Sending<'a> {
    context: &'a Context,
    work: &'a Work,
    path: &'a str,
    file: &'a FileToSend,
    profile: Value,
    key: String,
}

impl Sending<'_> {
    /// Sends it, once more where that cannot make two documents of it.
    async fn go(&self) -> Result<Value, Failure> {
        let answer = signed_in(
            self.context,
            self.work.agent(),
            async |agent: &Agent| match self.once(agent).await {
                Err(error) if self.may_repeat(&error) => {
                    if !outage::is_over(self.context, agent, &error).await {
                        return Err(error);
                    }
                    self.context
                        .output
                        .note("The connection broke on the way; the file is sent again.");
                    self.once(agent).await
                }
                other => other,
            },
        )
        .await?;
        let (answer, own) = answer;
        let document = answer.get("data").cloned().unwrap_or_default();
        let told = document.get("checksum").and_then(Value::as_str);
        if !told.is_none_or(|told| agrees(told, &own)) {
            return Err(Failure::new(
                Exit::Failed,
                "CHECKSUM",
                format!(
                    "The server keeps something else as “{}” than what was sent: its checksum differs. Delete that document and send the file again.",
                    document
                        .get("id")
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                ),
            ));
        }
        for warning in answer
            .get("warnings")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let part = |name: &str| {
                warning
                    .get(name)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            self.context
                .output
                .note(&format!("{}: {}", part("field"), part("error")));
        }
        Ok(document)
    }

    fn may_repeat(&self, error: &LocalError) -> bool {
        match error {
            LocalError::Refused(refusal) if refusal.kind == RefusalKind::SendAgain => true,
            // The answer may be lost and the document there: only the key
            // keeps a second one from being made.
            LocalError::Broken(_) => self.work.can(Capability::Idempotency),
            other => outage::is_offline(other) && self.work.can(Capability::Idempotency),
        }
    }

    /// The answer, and the checksum of what was sent.
    async fn once(&self, agent: &Agent) -> Result<(Value, String), LocalError> {
        let name = self
            .file
            .path()
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let bar = Bar::new(self.context.output, &name, Some(self.file.size()));
        let hasher = Arc::new(Mutex::new(Hasher::default()));
        let progress: Progress = {
            let (bar, hasher) = (bar.clone(), Arc::clone(&hasher));
            Arc::new(move |piece| {
                hasher
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .add(piece);
                bar.add(piece.len());
            })
        };
        let boundary = format!("chancery-{}", self.key);
        let (content_type, body) = multipart(&self.profile, self.file, &name, &boundary, progress);
        let header = |text: &str| {
            HeaderValue::from_str(text).map_err(|error| LocalError::Request(error.to_string()))
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, header(&content_type)?);
        headers.insert(HeaderName::from_static(IDEMPOTENCY_KEY), header(&self.key)?);
        let answer = async {
            let answer = agent.call(Method::POST, self.path, headers, body).await?;
            answer.success().await?.json().await
        }
        .await;
        bar.end();
        let own = hasher
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        answer.map(|answer| (answer, own.checksum()))
    }
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
    use super::{Target, files_and_target, name_and_extension, profile};
    use crate::arguments::Put;
    use chancery_client::local::FileToSend;
    use std::path::{Path, PathBuf};

    fn put(files: &[&str]) -> Put {
        Put {
            files: files.iter().map(PathBuf::from).collect(),
            folder: None,
            new_version_of: None,
            name: None,
            comment: None,
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
    fn a_name_and_its_extension_are_told_apart() {
        for (path, name, extension) in [
            ("/a/Letter.final.docx", "Letter.final", "docx"),
            ("README", "README", ""),
            (".profile", ".profile", ""),
        ] {
            let told = name_and_extension(Path::new(path));
            assert_eq!((told.0.as_str(), told.1.as_str()), (name, extension));
        }
    }

    #[test]
    fn a_new_version_keeps_the_documents_name() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("Letter 2.docx");
        std::fs::write(&path, b"new").expect("written");
        let file = FileToSend::look_at(&path).expect("a file");
        let arguments = put(&[]);
        let of_folder = profile(&arguments, &Target::Folder(String::new()), &file);
        assert_eq!(of_folder["doc_profile"]["name"], "Letter 2");
        assert_eq!(of_folder["doc_profile"]["extension"], "docx");
        assert_eq!(of_folder["doc_profile"]["size"], 3);
        let of_version = profile(&arguments, &Target::NewVersionOf(String::new()), &file);
        assert!(of_version["doc_profile"].get("name").is_none());
    }
}
