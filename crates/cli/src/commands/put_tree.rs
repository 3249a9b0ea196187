//! `chancery put -r`: a directory with everything in it. What arrived is noted, so
//! that the same command goes on after a break, and sends what is new or changed
//! when it is run again.

use crate::arguments::Put;
use crate::context::{Context, known_server};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::journal::{Arrived, Journal};
use crate::progress::Bar;
use crate::sign_in::signed_in;
use crate::upload::Sending;
use crate::wording::{count, size};
use crate::work::{Work, container, items};
use chancery_client::local::{Agent, FileToSend, LocalError, full_body};
use chancery_proto::ids::{ContainerId, DocumentId};
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Deeper than that is no tree that people made.
const DEEPEST: usize = 100;
/// What systems and office programs leave beside people's files.
const DROPPINGS: [&str; 3] = [".DS_Store", "Thumbs.db", "desktop.ini"];

/// A file or directory below the one that is sent.
#[derive(Debug, PartialEq, Eq)]
struct Item {
    path: PathBuf,
    /// As it is noted: parts with `/` between them.
    name: String,
    is_directory: bool,
}

/// What there is to send.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tree {
    /// Each directory before what is in it.
    items: Vec<Item>,
    /// What is left out, and why.
    skipped: Vec<(PathBuf, &'static str)>,
}

impl Tree {
    fn walk(root: &Path) -> Result<Self, Failure> {
        let mut tree = Self::default();
        tree.enter(root, "", 0)?;
        Ok(tree)
    }

    fn enter(&mut self, directory: &Path, name: &str, depth: usize) -> Result<(), Failure> {
        let failed = |error| Failure::file(directory, "read", &error);
        if depth > DEEPEST {
            self.skipped.push((directory.to_owned(), "too deep"));
            return Ok(());
        }
        let mut entries: Vec<_> = match std::fs::read_dir(directory) {
            Err(_) if depth > 0 => {
                self.skipped
                    .push((directory.to_owned(), "it may not be read"));
                return Ok(());
            }
            other => other
                .map_err(failed)?
                .collect::<Result<_, _>>()
                .map_err(failed)?,
        };
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let own = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type().map_err(failed)?;
            if DROPPINGS.contains(&own.as_str())
                || own.starts_with("~$")
                || own.starts_with(".~lock.")
            {
                self.skipped.push((path, "it belongs to a program"));
                continue;
            }
            if kind.is_symlink() {
                self.skipped.push((path, "it is a link"));
                continue;
            }
            if !kind.is_dir() && !kind.is_file() {
                self.skipped
                    .push((path, "it is neither a file nor a directory"));
                continue;
            }
            let name = if name.is_empty() {
                own
            } else {
                format!("{name}/{own}")
            };
            self.items.push(Item {
                path: path.clone(),
                name: name.clone(),
                is_directory: kind.is_dir(),
            });
            if kind.is_dir() {
                self.enter(&path, &name, depth + 1)?;
            }
        }
        Ok(())
    }
}

/// Whether the next file can be tried when this one was refused.
fn goes_on(failure: &Failure) -> bool {
    matches!(
        failure.exit,
        Exit::Failed | Exit::NotFound | Exit::NoAccess | Exit::Usage
    ) && !matches!(&*failure.code, "JOURNAL" | "RANDOM" | "UNAVAILABLE")
}

/// What was done.
#[derive(Debug, Default)]
struct Sum {
    sent: usize,
    changed: usize,
    there: usize,
    folders: usize,
    bytes: u64,
    failed: Vec<(PathBuf, Failure)>,
}

/// A directory on its way.
struct Sender<'a> {
    context: &'a Context,
    work: &'a Work,
    arguments: &'a Put,
    journal: Journal,
    bar: Bar,
    /// The folders that are in a container, by name: asked for once each.
    known: BTreeMap<String, BTreeMap<String, String>>,
}

pub(super) async fn put_tree(context: &Context, arguments: &Put) -> Result<Exit, Failure> {
    let (directory, target) = directory_and_target(arguments)?;
    let target = container(&target)?;
    let directory = std::fs::canonicalize(&directory)
        .map_err(|error| Failure::file(&directory, "read", &error))?;
    if !directory.is_dir() {
        return Err(Failure::usage(format!(
            "“{}” is a file. Send it without “--recursive”.",
            directory.display()
        )));
    }
    let own = directory
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .ok_or_else(|| Failure::usage("Name a directory that has a name of its own."))?;
    let tree = Tree::walk(&directory)?;
    let work = Work::open(context).await?;
    let directories = chancery_platform::directories::Directories::from_environment()
        .map_err(|error| Failure::new(Exit::Failed, "DIRECTORY", error.to_string()))?;
    let (server, into) = (server_of(context, &work).await?, target.to_string());
    let journal = Journal::open(&directories, (&server, &directory, &into), arguments.anew)?;
    let total = total_of(&tree, &journal);
    let mut sender = Sender {
        context,
        work: &work,
        arguments,
        journal,
        bar: Bar::new(context.output, &own, Some(total)),
        known: BTreeMap::new(),
    };
    let mut sum = Sum::default();
    let outcome = sender.send(&own, &target, &tree, &mut sum).await;
    sender.bar.end();
    told(context, &tree, &sum)?;
    match outcome {
        Ok(()) if sum.failed.is_empty() => Ok(Exit::Done),
        Ok(()) => Ok(Exit::Failed),
        Err(failure) => Err(failure.with_hint(
            "What arrived is noted. Run the same command again, and it goes on from there.",
        )),
    }
}

/// The address of the server that this command is about.
async fn server_of(context: &Context, work: &Work) -> Result<String, Failure> {
    let agent = work.agent();
    if let Some(typed) = context.server_typed() {
        return Ok(known_server(&agent.servers().await?, typed)?.address);
    }
    let server = agent.status().await?.server;
    Ok(server.map(|server| server.address).unwrap_or_default())
}

fn directory_and_target(arguments: &Put) -> Result<(PathBuf, String), Failure> {
    for (is_there, option) in [
        (arguments.new_version_of.is_some(), "--new-version-of"),
        (arguments.name.is_some(), "--name"),
    ] {
        if is_there {
            return Err(Failure::usage(format!(
                "“{option}” is for one file, and “--recursive” for a directory."
            )));
        }
    }
    match (arguments.files.as_slice(), &arguments.folder) {
        ([directory], Some(folder)) => Ok((directory.clone(), folder.clone())),
        ([directory, target], None) => {
            Ok((directory.clone(), target.to_string_lossy().into_owned()))
        }
        _ => Err(Failure::usage(
            "Name one directory and the workspace or folder that takes it, like “chancery put -r Letters ACTIVE!12”.",
        )),
    }
}

fn modified_of(file: &FileToSend) -> Option<i64> {
    file.modified().map(|time| time.0)
}

/// Bytes that have to go.
fn total_of(tree: &Tree, journal: &Journal) -> u64 {
    let files = tree.items.iter().filter(|item| !item.is_directory);
    files
        .filter_map(|item| {
            let length = std::fs::metadata(&item.path).ok()?.len();
            let is_there = journal
                .file(&item.name)
                .is_some_and(|one| one.size == length);
            (!is_there).then_some(length)
        })
        .sum()
}

impl Sender<'_> {
    async fn send(
        &mut self,
        own: &str,
        target: &ContainerId,
        tree: &Tree,
        sum: &mut Sum,
    ) -> Result<(), Failure> {
        let root = match self.journal.folder("") {
            Some(id) => container(id)?,
            None => {
                let below = self.below_target(target).await?;
                let id = self.folder_named(&below, own, sum).await?;
                self.journal.note_folder("", &id.to_string())?;
                id
            }
        };
        let mut folders = BTreeMap::from([(String::new(), root)]);
        for item in &tree.items {
            let above = item.name.rsplit_once('/').map_or("", |(above, _)| above);
            // What is in a folder that could not be made is not sent either.
            let Some(parent) = folders.get(above).cloned() else {
                continue;
            };
            let outcome = if item.is_directory {
                let made = self.directory(item, &parent, sum).await;
                made.map(|id| {
                    folders.insert(item.name.clone(), id);
                })
            } else {
                self.file(item, &parent, sum).await
            };
            match outcome {
                Ok(()) => {}
                Err(failure) if goes_on(&failure) => {
                    self.context.output.note(&format!(
                        "“{}” was not sent. {}",
                        item.path.display(),
                        failure.sentence
                    ));
                    sum.failed.push((item.path.clone(), failure));
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// The path below which folders of the target are: a workspace's or a folder's.
    async fn below_target(&self, target: &ContainerId) -> Result<String, Failure> {
        let folder = self.work.folder(target);
        let ask = async |agent: &Agent| -> Result<Value, LocalError> {
            let _ = agent;
            self.work.get(&folder).await
        };
        match signed_in(self.context, self.work.agent(), ask).await {
            Ok(_) => Ok(format!("{folder}/subfolders")),
            Err(failure) if failure.exit == Exit::NotFound => {
                let workspace = self.work.workspace(target);
                let _: Value = self.work.get(&workspace).await?;
                Ok(format!("{workspace}/folders"))
            }
            Err(failure) => Err(failure),
        }
    }

    async fn directory(
        &mut self,
        item: &Item,
        parent: &ContainerId,
        sum: &mut Sum,
    ) -> Result<ContainerId, Failure> {
        if let Some(id) = self.journal.folder(&item.name) {
            return container(id);
        }
        let own = item.name.rsplit('/').next().unwrap_or(&item.name);
        let below = format!("{}/subfolders", self.work.folder(parent));
        let id = self.folder_named(&below, own, sum).await?;
        self.journal.note_folder(&item.name, &id.to_string())?;
        Ok(id)
    }

    /// The folder of that name, which is made where there is none.
    async fn folder_named(
        &mut self,
        below: &str,
        name: &str,
        sum: &mut Sum,
    ) -> Result<ContainerId, Failure> {
        if !self.known.contains_key(below) {
            let path = format!("{below}?limit=9999");
            let ask = async |agent: &Agent| -> Result<Value, LocalError> {
                let _ = agent;
                self.work.get(&path).await
            };
            let answer = signed_in(self.context, self.work.agent(), ask).await?;
            let named = |one: &Value| {
                let text = |field: &str| Some(one.get(field)?.as_str()?.to_owned());
                Some((text("name")?, text("id")?))
            };
            let found = items(&answer).iter().filter_map(named).collect();
            self.known.insert(below.to_owned(), found);
        }
        let there = self.known.get(below).and_then(|known| known.get(name));
        if let Some(id) = there {
            return container(id);
        }
        let body = json!({"name": name}).to_string();
        let make = async |agent: &Agent| -> Result<Value, LocalError> {
            let mut headers = HeaderMap::new();
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
            let answer = agent
                .call(Method::POST, below, headers, full_body(body.clone()))
                .await?;
            answer.success().await?.json().await
        };
        let made = signed_in(self.context, self.work.agent(), make).await?;
        let id = made
            .get("data")
            .and_then(|data| data.get("id"))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        sum.folders += 1;
        if let Some(known) = self.known.get_mut(below) {
            known.insert(name.to_owned(), id.clone());
        }
        container(&id)
    }

    async fn file(
        &mut self,
        item: &Item,
        parent: &ContainerId,
        sum: &mut Sum,
    ) -> Result<(), Failure> {
        let file = FileToSend::look_at(&item.path)?;
        let (length, modified) = (file.size(), modified_of(&file));
        let before = self.journal.file(&item.name).cloned();
        if before
            .as_ref()
            .is_some_and(|one| one.size == length && one.modified == modified)
        {
            sum.there += 1;
            return Ok(());
        }
        let path = match &before {
            None => format!("{}/documents", self.work.folder(parent)),
            Some(arrived) => {
                let id: DocumentId = arrived
                    .id
                    .parse()
                    .map_err(|_| Failure::usage(format!("“{}” is no document.", arrived.id)))?;
                // Somebody may have added versions since.
                let named = format!("{}!{}", id.library, id.number);
                let id = self.work.named_document(&named).await?;
                format!("{}/versions", self.work.document(&id))
            }
        };
        let is_folder = before.is_none();
        let sending = Sending {
            context: self.context,
            work: self.work,
            method: Method::POST,
            path: &path,
            file: &file,
            profile: super::put::profile(self.arguments, is_folder, &file),
            key: self.journal.key(&item.name, length, modified),
            bar: Some(self.bar.clone()),
        };
        let document = sending.go().await?;
        let id = document.get("id").and_then(Value::as_str);
        let arrived = Arrived {
            id: id.unwrap_or_default().to_owned(),
            size: length,
            modified,
        };
        self.journal.note_file(&item.name, arrived)?;
        if before.is_some() {
            sum.changed += 1;
        } else {
            sum.sent += 1;
        }
        sum.bytes += length;
        if self.context.output.json {
            let line = json!({"file": item.path, "document": document});
            self.context.output.json_line(&line)?;
        }
        Ok(())
    }
}

/// What was done, for a person.
fn told(context: &Context, tree: &Tree, sum: &Sum) -> Result<(), Failure> {
    if context.output.json {
        let failed: Vec<Value> = sum
            .failed
            .iter()
            .map(|(path, failure)| json!({"file": path, "code": failure.code, "message": failure.sentence}))
            .collect();
        let skipped: Vec<Value> = tree
            .skipped
            .iter()
            .map(|(path, why)| json!({"file": path, "reason": why}))
            .collect();
        return context.output.json_line(&json!({
            "sent": sum.sent, "new_versions": sum.changed, "unchanged": sum.there,
            "folders": sum.folders, "bytes": sum.bytes, "failed": failed, "skipped": skipped,
        }));
    }
    for (path, why) in &tree.skipped {
        context
            .output
            .note(&format!("“{}” is left out: {why}.", path.display()));
    }
    let mut parts = vec![format!(
        "{} sent ({})",
        count(sum.sent, "file", "files"),
        size(sum.bytes)
    )];
    for (number, one, many) in [
        (sum.changed, "new version", "new versions"),
        (sum.there, "file as it was", "files as they were"),
        (sum.folders, "new folder", "new folders"),
        (sum.failed.len(), "file not sent", "files not sent"),
        (tree.skipped.len(), "left out", "left out"),
    ] {
        if number > 0 {
            parts.push(count(number, one, many));
        }
    }
    context.output.confirm(&format!("{}.", parts.join(", ")))?;
    if !sum.failed.is_empty() {
        context.output.note(
            "Mend what is named above and run the same command again: it sends what is missing.",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Tree;
    use std::fs;

    #[test]
    fn a_tree_is_walked_in_order_and_what_is_no_file_is_left_out() {
        let place = tempfile::tempdir().expect("made");
        let root = place.path();
        for directory in ["b", "a/deep", "empty"] {
            fs::create_dir_all(root.join(directory)).expect("made");
        }
        for file in [
            "b/2.txt",
            "b/1.txt",
            "a/deep/x",
            "z.pdf",
            "Thumbs.db",
            "a/~$x.docx",
        ] {
            fs::write(root.join(file), "text").expect("written");
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(root, root.join("a/loop")).expect("linked");
        let tree = Tree::walk(root).expect("walked");
        let names: Vec<&str> = tree.items.iter().map(|item| item.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "a", "a/deep", "a/deep/x", "b", "b/1.txt", "b/2.txt", "empty", "z.pdf"
            ]
        );
        let mut why: Vec<&str> = tree.skipped.iter().map(|(_, why)| *why).collect();
        why.retain(|why| *why != "it is a link");
        assert_eq!(why, ["it belongs to a program", "it belongs to a program"]);
        assert_eq!(tree.skipped.len(), if cfg!(unix) { 3 } else { 2 });
        assert!(Tree::walk(&root.join("nothing")).is_err());
    }
}
