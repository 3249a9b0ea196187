//! `chancery-server backup …` and `chancery-server restore`.

use super::{CommandError, Place, by_command, output};
use crate::data_directory::DataDirectory;
use chancery_content::{Content, ContentError, Copied};
use chancery_proto::clock::{SystemClock, Timestamp};
use chancery_store::{Store, StoreError};
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(super) enum Backup {
    /// Add a point in time: the whole server as it is now. The server may run
    Create(Create),
    /// List the points in time of a backup
    List(Named),
    /// Read everything in a backup and look whether it is whole
    Verify(Verify),
    /// Remove the oldest points in time, and the bytes that no other needs
    Prune(Prune),
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The backup's directory
    #[arg(value_name = "DIRECTORY")]
    directory: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Create {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    #[command(flatten)]
    named: Named,
    /// This point in time alone
    #[arg(long, value_name = "POINT")]
    at: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Prune {
    #[command(flatten)]
    named: Named,
    /// So many points in time stay, the newest ones
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    keep: u32,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The backup's directory
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,
    /// Where to restore it to: a directory that is not there, or empty
    #[arg(long, value_name = "DIRECTORY")]
    data: PathBuf,
    /// Which point in time [default: the newest]
    #[arg(long, value_name = "POINT")]
    at: Option<String>,
    /// Restore what is whole where some bytes are damaged, and list the rest
    #[arg(long)]
    even_damaged: bool,
}

/// Another layout would get another number.
const FORMAT: u32 = 1;
const MARK: &str = "chancery-backup.json";
const DATABASE: &str = "chancery.db";
const MANIFEST: &str = "manifest.json";

/// What a directory is.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    format: u32,
}

/// What a point in time has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    /// When it was.
    taken: String,
    /// Which version wrote it.
    version: String,
    database_bytes: u64,
    database_sha256: String,
    objects: usize,
    /// Of those that this point brought.
    new_objects: usize,
    new_bytes: u64,
}

/// A backup's directory, held for as long as this lives.
struct Points {
    root: PathBuf,
    content: Content,
    _lock: File,
}

fn unusable(path: &Path) -> impl Fn(io::Error) -> CommandError + '_ {
    move |error| CommandError::system(format!("“{}” cannot be used", path.display()), error)
}

fn sync(directory: &Path) -> Result<(), CommandError> {
    File::open(directory)
        .and_then(|file| file.sync_all())
        .map_err(unusable(directory))
}

fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    let mut file = File::create(path).map_err(unusable(path))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(unusable(path))
}

fn hash_of(path: &Path) -> Result<(String, u64), CommandError> {
    let mut file = File::open(path).map_err(unusable(path))?;
    let (mut digest, mut length) = (Sha256::new(), 0_u64);
    let mut piece = vec![0; 1024 * 1024];
    loop {
        let count = file.read(&mut piece).map_err(unusable(path))?;
        let Some(bytes) = piece.get(..count).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        digest.update(bytes);
        length += count as u64;
    }
    Ok((chancery_content::hex(&digest.finalize()), length))
}

impl Points {
    /// Makes a directory that is empty or not there a backup.
    fn make(root: &Path) -> Result<Self, CommandError> {
        DataDirectory::make(root)?;
        let mark = root.join(MARK);
        if !mark.is_file() {
            let mut entries = fs::read_dir(root).map_err(unusable(root))?;
            if entries.next().is_some() {
                return Err(CommandError::Plain(format!(
                    "“{}” is not empty, and no backup. Name an empty directory or an earlier backup.",
                    root.display()
                )));
            }
            let text = serde_json::to_vec(&Mark { format: FORMAT }).unwrap_or_default();
            write_whole(&mark, &text)?;
            fs::create_dir_all(root.join("points")).map_err(unusable(root))?;
            sync(root)?;
        }
        Self::open(root)
    }

    fn open(root: &Path) -> Result<Self, CommandError> {
        let mark = root.join(MARK);
        let read = fs::read(&mark).ok();
        let read = read.and_then(|bytes| serde_json::from_slice::<Mark>(&bytes).ok());
        match read {
            None => {
                return Err(CommandError::Plain(format!(
                    "“{}” is no backup. Name the directory that “chancery-server backup create” wrote to.",
                    root.display()
                )));
            }
            Some(Mark { format }) if format > FORMAT => {
                return Err(CommandError::Plain(format!(
                    "“{}” was written by a newer version. Use that one.",
                    root.display()
                )));
            }
            Some(_) => {}
        }
        let path = root.join("backup.lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(unusable(&path))?;
        if lock.try_lock().is_err() {
            return Err(CommandError::Plain(format!(
                "Another command uses the backup “{}” just now. Wait until it is done.",
                root.display()
            )));
        }
        Ok(Self {
            root: root.to_owned(),
            content: Content::open(&root.join("content"))?,
            _lock: lock,
        })
    }

    /// The names of the points, oldest first.
    fn names(&self) -> Result<Vec<String>, CommandError> {
        let place = self.root.join("points");
        let mut names = Vec::new();
        for entry in fs::read_dir(&place).map_err(unusable(&place))? {
            let name = entry.map_err(unusable(&place))?.file_name();
            let name = name.to_string_lossy().into_owned();
            if !name.starts_with('.') && self.point(&name).join(MANIFEST).is_file() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    fn point(&self, name: &str) -> PathBuf {
        self.root.join("points").join(name)
    }

    /// The point that is meant: the newest one where none is named.
    fn chosen(&self, named: Option<&str>) -> Result<String, CommandError> {
        let names = self.names()?;
        let found = match named {
            Some(wanted) => names.into_iter().find(|name| name == wanted),
            None => names.into_iter().next_back(),
        };
        found.ok_or_else(|| {
            CommandError::Plain(format!(
                "There is no such point in time. See which there are with “chancery-server backup list {}”.",
                self.root.display()
            ))
        })
    }

    fn manifest(&self, name: &str) -> Result<Manifest, CommandError> {
        let path = self.point(name).join(MANIFEST);
        let bytes = fs::read(&path).map_err(unusable(&path))?;
        serde_json::from_slice(&bytes).map_err(|error| {
            CommandError::Plain(format!("“{}” is damaged: {error}.", path.display()))
        })
    }

    /// The point's database, copied where it can be opened without changing it.
    fn database(&self, name: &str, into: &Path) -> Result<Store, CommandError> {
        let manifest = self.manifest(name)?;
        let kept = self.point(name).join(DATABASE);
        let (hash, length) = hash_of(&kept)?;
        if (hash, length) != (manifest.database_sha256, manifest.database_bytes) {
            return Err(CommandError::Plain(format!(
                "The database of {name} is damaged. Use another point in time."
            )));
        }
        let place = into.join(DATABASE);
        fs::copy(&kept, &place).map_err(unusable(&place))?;
        Ok(Store::open(&place)?)
    }
}

/// A name for a moment that sorts by time and suits every file system.
fn name_of(taken: Timestamp) -> String {
    taken.to_rfc3339().replace(':', "-")
}

/// What was copied, and what could not be.
#[derive(Default)]
struct Sum {
    objects: usize,
    new_objects: usize,
    new_bytes: u64,
    damaged: Vec<String>,
}

/// Copies what a database names.
fn copy_all(
    store: &Store,
    from: &Content,
    to: &Content,
    even_damaged: bool,
) -> Result<Sum, CommandError> {
    let mut sum = Sum::default();
    for library in store.libraries()? {
        for hash in store.needed_content(&library.alias)? {
            sum.objects += 1;
            match from.copy_to(to, &library.alias, &hash) {
                Ok(Copied::New(bytes)) => {
                    sum.new_objects += 1;
                    sum.new_bytes += bytes;
                    if sum.new_objects.is_multiple_of(10_000) {
                        to.land_copies()?;
                        output::note(&format!("{} documents copied …", sum.new_objects));
                    }
                }
                Ok(Copied::There) => {}
                Err(ContentError::Missing) => {
                    let name = format!("{} {}", library.alias, chancery_content::hex(&hash));
                    if !even_damaged {
                        return Err(CommandError::Plain(format!(
                            "Bytes are missing or damaged: {name}. “chancery-server check” or “backup verify” says which documents have them."
                        )));
                    }
                    sum.damaged.push(name);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    to.land_copies()?;
    Ok(sum)
}

impl Create {
    fn run(self) -> Result<(), CommandError> {
        let data = self.place.open()?;
        let (store, content) = (data.store()?, data.content()?);
        let points = Points::make(&self.named.directory)?;
        let places = points.root.join("points");
        // What an earlier try left.
        for entry in fs::read_dir(&places).map_err(unusable(&places))?.flatten() {
            if entry.file_name().to_string_lossy().starts_with('.') {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        points.content.forget_copies()?;
        let held = content.hold()?;
        let taken = SystemClock::shared().now();
        let name = name_of(taken);
        let partial = places.join(format!(".{name}"));
        fs::create_dir(&partial).map_err(unusable(&partial))?;
        let database = partial.join(DATABASE);
        store.snapshot(&database)?;
        // The copy is asked, and not the database, which goes on. What opens it
        // changes it: so it is hashed first.
        let (database_sha256, database_bytes) = hash_of(&database)?;
        let work = partial.join("work");
        fs::create_dir(&work).map_err(unusable(&work))?;
        let place = work.join(DATABASE);
        fs::copy(&database, &place).map_err(unusable(&place))?;
        let copied = Store::open(&place)?;
        let sum = copy_all(&copied, &content, &points.content, false)?;
        drop(copied);
        drop(held);
        fs::remove_dir_all(&work).map_err(unusable(&work))?;
        let manifest = Manifest {
            format: FORMAT,
            taken: taken.to_rfc3339(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            database_bytes,
            database_sha256,
            objects: sum.objects,
            new_objects: sum.new_objects,
            new_bytes: sum.new_bytes,
        };
        let text = serde_json::to_vec_pretty(&manifest)
            .map_err(|error| CommandError::Plain(error.to_string()))?;
        write_whole(&partial.join(MANIFEST), &text)?;
        sync(&partial)?;
        let point = points.point(&name);
        fs::rename(&partial, &point).map_err(unusable(&point))?;
        sync(&places)?;
        output::line(&format!(
            "Backed up as {name}: the bytes of {}, {} of them new ({} bytes), and the database ({database_bytes} bytes).",
            output::count(sum.objects, "document", "documents"),
            sum.new_objects,
            sum.new_bytes
        ));
        Ok(())
    }
}

impl Verify {
    fn run(self) -> Result<(), CommandError> {
        let points = Points::open(&self.named.directory)?;
        let names = match &self.at {
            Some(at) => vec![points.chosen(Some(at))?],
            None => points.names()?,
        };
        let mut problems = Vec::new();
        let mut sound = BTreeSet::new();
        for name in &names {
            let work = points.root.join("points").join(".verify");
            let _ = fs::remove_dir_all(&work);
            fs::create_dir(&work).map_err(unusable(&work))?;
            let outcome = points.look(name, &work, &mut sound);
            let _ = fs::remove_dir_all(&work);
            match outcome {
                Ok(found) => problems.extend(found),
                Err(error) => problems.push(error.to_string()),
            }
        }
        output::line(&format!(
            "Read {} and the bytes of {}.",
            output::count(names.len(), "point in time", "points in time"),
            output::count(sound.len(), "document", "documents")
        ));
        if problems.is_empty() {
            output::line("Everything is whole.");
            return Ok(());
        }
        Err(CommandError::Plain(problems.join("\n")))
    }
}

impl Points {
    /// What is wrong with a point; bytes that are sound already are not read again.
    fn look(
        &self,
        name: &str,
        work: &Path,
        sound: &mut BTreeSet<(String, [u8; 32])>,
    ) -> Result<Vec<String>, CommandError> {
        let store = self.database(name, work)?;
        let mut problems: Vec<String> = store
            .integrity()?
            .into_iter()
            .map(|line| format!("{name}: the database: {line}"))
            .collect();
        for library in store.libraries()? {
            for hash in store.needed_content(&library.alias)? {
                let key = (library.alias.to_string(), hash);
                if sound.contains(&key) {
                    continue;
                }
                if self.content.is_sound(&library.alias, &hash)? {
                    sound.insert(key);
                } else {
                    problems.push(format!(
                        "{name}: bytes are missing or damaged: {} {}",
                        library.alias,
                        chancery_content::hex(&hash)
                    ));
                }
            }
        }
        Ok(problems)
    }
}

impl Prune {
    fn run(self) -> Result<(), CommandError> {
        let points = Points::open(&self.named.directory)?;
        let names = points.names()?;
        let keep = usize::try_from(self.keep).unwrap_or(usize::MAX);
        let (old, kept) = names.split_at(names.len().saturating_sub(keep));
        // Everything that stays is read before anything goes.
        let mut needed = BTreeSet::new();
        let mut libraries = BTreeSet::new();
        let work = points.root.join("points").join(".prune");
        for (name, stays) in old
            .iter()
            .map(|name| (name, false))
            .chain(kept.iter().map(|name| (name, true)))
        {
            let _ = fs::remove_dir_all(&work);
            fs::create_dir(&work).map_err(unusable(&work))?;
            let outcome = points.database(name, &work).and_then(|store| {
                for library in store.libraries()? {
                    if stays {
                        let hashes = store.needed_content(&library.alias)?;
                        needed.extend(hashes.into_iter().map(|hash| (library.alias.clone(), hash)));
                    }
                    libraries.insert(library.alias);
                }
                Ok(())
            });
            let _ = fs::remove_dir_all(&work);
            match outcome {
                Err(error) if stays => return Err(error),
                _ => {}
            }
        }
        for name in old {
            let point = points.point(name);
            // It has no manifest, and so is none, before anything else of it goes.
            let manifest = point.join(MANIFEST);
            fs::remove_file(&manifest).map_err(unusable(&manifest))?;
            fs::remove_dir_all(&point).map_err(unusable(&point))?;
        }
        sync(&points.root.join("points"))?;
        let mut gone = 0;
        for library in &libraries {
            let mut unneeded = Vec::new();
            points.content.each_object(library, |hash| {
                if !needed.contains(&(library.clone(), hash)) {
                    unneeded.push(hash);
                }
                Ok::<_, CommandError>(())
            })?;
            for hash in unneeded {
                points.content.remove(library, &hash)?;
                gone += 1;
            }
        }
        output::line(&format!(
            "Removed {} and the bytes of {} that no other one needs. Left: {}.",
            output::count(old.len(), "point in time", "points in time"),
            output::count(gone, "document", "documents"),
            output::count(kept.len(), "point in time", "points in time")
        ));
        Ok(())
    }
}

impl Backup {
    pub(super) fn run(self) -> Result<(), CommandError> {
        match self {
            Self::Create(create) => create.run(),
            Self::Verify(verify) => verify.run(),
            Self::Prune(prune) => prune.run(),
            Self::List(Named { directory }) => {
                let points = Points::open(&directory)?;
                let mut rows = Vec::new();
                for name in points.names()? {
                    let manifest = points.manifest(&name)?;
                    rows.push(vec![
                        name,
                        manifest.objects.to_string(),
                        manifest.new_bytes.to_string(),
                        manifest.database_bytes.to_string(),
                    ]);
                }
                output::table(
                    &["POINT", "DOCUMENTS' BYTES", "NEW BYTES", "DATABASE"],
                    &rows,
                );
                Ok(())
            }
        }
    }
}

impl Restore {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        let points = Points::open(&self.backup)?;
        let name = points.chosen(self.at.as_deref())?;
        if let Ok(mut entries) = fs::read_dir(&self.data)
            && entries.next().is_some()
        {
            return Err(CommandError::Plain(format!(
                "“{}” is not empty. Restore to a directory that is not there, and start the server with that one.",
                self.data.display()
            )));
        }
        let mut partial = self.data.clone().into_os_string();
        partial.push(".restoring");
        let partial = PathBuf::from(partial);
        if partial.exists() {
            return Err(CommandError::Plain(format!(
                "“{}” is there, perhaps from a restore that was stopped. Remove it, then try again.",
                partial.display()
            )));
        }
        let directory = DataDirectory::make(&partial)?;
        let outcome = self.fill(&points, &name, &partial, &directory).await;
        let sum = match outcome {
            Ok(sum) => sum,
            Err(error) => {
                let _ = fs::remove_dir_all(&partial);
                return Err(error);
            }
        };
        // An empty directory gives way.
        let _ = fs::remove_dir(&self.data);
        fs::rename(&partial, &self.data).map_err(unusable(&self.data))?;
        if let Some(above) = self
            .data
            .parent()
            .filter(|path| !path.as_os_str().is_empty())
        {
            sync(above)?;
        }
        output::line(&format!(
            "Restored {name} to “{}”, with the bytes of {}. Everybody has to sign in again.",
            self.data.display(),
            output::count(sum.objects, "document", "documents")
        ));
        for damaged in &sum.damaged {
            output::line(&format!("Bytes are missing or damaged: {damaged}"));
        }
        if !sum.damaged.is_empty() {
            output::line("“chancery-server check” says which documents have lost theirs.");
        }
        Ok(())
    }

    async fn fill(
        &self,
        points: &Points,
        name: &str,
        partial: &Path,
        directory: &DataDirectory,
    ) -> Result<Sum, CommandError> {
        let store = points.database(name, partial)?;
        let content = directory.content()?;
        let sum = copy_all(&store, &points.content, &content, self.even_damaged)?;
        let now = SystemClock::shared().now();
        let entry = by_command(format!("restored from the backup {name}"), now);
        store.begin_anew(now, entry).await?;
        let problems = store.integrity()?;
        if let Some(problem) = problems.first() {
            return Err(StoreError::Unavailable(problem.clone()).into());
        }
        drop(store);
        content.sync()?;
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::name_of;
    use chancery_proto::clock::Timestamp;

    #[test]
    fn a_points_name_sorts_by_time_and_has_no_letter_that_a_file_cannot_have() {
        let names: Vec<String> = [0, 1, 86_400_000, 1_700_000_000_000]
            .iter()
            .map(|at| name_of(Timestamp(*at)))
            .collect();
        assert!(names.is_sorted(), "{names:?}");
        assert!(names.iter().all(|name| !name.contains([':', '/', ' '])));
    }
}
