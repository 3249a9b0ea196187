//! `chancery-server user import`: a firm's people from a list.

use super::user::hash;
use super::{CommandError, Place, by_command, lists, output};
use chancery_proto::clock::SystemClock;
use chancery_store::importing::Listed;
use chancery_store::users::key_of;
use clap::Args;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The list: CSV whose first line names the columns: id, name, email, admin, external,
    /// enabled, groups (several with “;” between them)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Make up a password for each person who is new, and write them to this new file
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    passwords: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

const COLUMNS: [(&str, &[&str]); 7] = [
    ("id", &["user_id", "alias"]),
    ("name", &["full_name"]),
    ("email", &["mail"]),
    ("admin", &["is_admin"]),
    ("external", &["is_external"]),
    ("enabled", &["allow_logon"]),
    ("groups", &["group"]),
];

fn people(lines: &[lists::Line]) -> Result<Vec<Listed>, CommandError> {
    let mut seen = BTreeSet::new();
    let mut people = Vec::with_capacity(lines.len());
    for line in lines {
        let id = line.required("id")?;
        if !seen.insert(key_of(&id)) {
            return Err(CommandError::Plain(format!(
                "Line {}: “{id}” is in the list twice. Nothing was taken over.",
                line.number
            )));
        }
        let groups = line.text("groups").unwrap_or_default();
        let groups = groups.split(';').map(str::trim).filter(|id| !id.is_empty());
        people.push(Listed {
            line: line.number,
            id,
            full_name: line.text("name"),
            email: line.text("email"),
            is_admin: line.flag("admin")?,
            is_external: line.flag("external")?,
            enabled: line.flag("enabled")?,
            password_hash: None,
            groups: groups.map(str::to_owned).collect(),
        });
    }
    Ok(people)
}

impl Import {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        let now = SystemClock::shared().now();
        let mut people = people(&lists::read(&self.file, &COLUMNS)?)?;
        let store = self.place.open()?.store()?;
        let mut written = None;
        if let Some(path) = &self.passwords {
            let failed = |error| {
                CommandError::system(format!("“{}” cannot be written", path.display()), error)
            };
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = csv::Writer::from_writer(options.open(path).map_err(failed)?);
            let wrong = |error: csv::Error| failed(std::io::Error::other(error));
            file.write_record(["id", "password"]).map_err(wrong)?;
            for person in &mut people {
                if store.user(&person.id)?.is_some() {
                    continue;
                }
                let password = chancery_identity::random_password()?;
                file.write_record([person.id.as_str(), password.reveal()])
                    .map_err(wrong)?;
                person.password_hash = Some(hash(password).await?);
            }
            // Nobody is let in with a password that nobody has.
            let mut file = file
                .into_inner()
                .map_err(|error| failed(std::io::Error::other(error.to_string())))?;
            file.flush()
                .and_then(|()| file.sync_all())
                .map_err(failed)?;
            written = Some(path);
        }
        let count = people.len();
        let audit = by_command(format!("{count} people imported"), now);
        let done = match store.import_users(people, self.dry_run, now, audit).await {
            Ok(done) => done,
            Err(error) => {
                if let Some(path) = written {
                    // The passwords are nobody's.
                    let _ = std::fs::remove_file(path);
                }
                return Err(error.into());
            }
        };
        let would = if self.dry_run { "Would have" } else { "Have" };
        output::line(&format!(
            "{would} added {}, changed {}, and left {} as they are.",
            done.added.len(),
            done.changed.len(),
            done.unchanged
        ));
        for (what, ids) in [
            ("Added", &done.added),
            ("Changed", &done.changed),
            ("New groups", &done.groups),
        ] {
            if !ids.is_empty() {
                output::line(&format!("{what}: {}", ids.join(", ")));
            }
        }
        if let Some(path) = written {
            output::line(&format!(
                "The new people's passwords are in “{}”. Hand them out, then delete it.",
                path.display()
            ));
        } else if !done.added.is_empty() && !self.dry_run {
            output::line(
                "The new people have no password here: they sign in with a ticket, or get one with “chancery-server user password”.",
            );
        }
        Ok(())
    }
}
