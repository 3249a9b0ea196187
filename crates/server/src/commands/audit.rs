//! `chancery-server audit …`: who did what, and whether anybody changed it since.

use super::{CommandError, Place, output};
use crate::wire;
use chancery_store::Store;
use chancery_store::audit::{Log, Mark};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Write the lines of a log as JSON, one to a line
    Export(Export),
    /// Look whether the logs are what was written
    Verify(Verify),
}

/// A log, as it is named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// Sign-ins and administration
    Audit,
    /// What was done with documents
    History,
}

impl Which {
    fn log(self) -> Log {
        match self {
            Self::Audit => Log::Audit,
            Self::History => Log::History,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// Which log
    #[arg(value_enum, default_value_t = Which::Audit)]
    log: Which,
    /// Begin behind the line with this id
    #[arg(long, value_name = "ID", default_value_t = 0)]
    after: i64,
    /// Go on with what is written from now on, until Ctrl-C
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// Compare with lines that were exported before
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

/// So many lines are read at once.
const AT_ONCE: u32 = 1_000;
/// New lines are looked for so often.
const FOLLOW: Duration = Duration::from_millis(500);

impl Export {
    async fn run(self) -> Result<(), CommandError> {
        let store = self.place.open()?.store()?;
        let (log, mut after) = (self.log.log(), self.after);
        loop {
            let lines = store.log_lines(log, after, AT_ONCE)?;
            for line in &lines {
                output::line(&wire::log::line(log, line).to_string());
                after = line.id;
            }
            if !lines.is_empty() {
                continue;
            }
            if !self.follow {
                return Ok(());
            }
            tokio::select! {
                _ = tokio::signal::ctrl_c() => return Ok(()),
                () = tokio::time::sleep(FOLLOW) => {}
            }
        }
    }
}

/// Lines as they were exported: what they said, by log and id.
type Kept = BTreeMap<(String, i64), Value>;

fn kept(path: &PathBuf) -> Result<Kept, CommandError> {
    let failed =
        |error| CommandError::system(format!("“{}” cannot be read", path.display()), error);
    let mut kept = Kept::new();
    let file = BufReader::new(std::fs::File::open(path).map_err(failed)?);
    for (index, text) in file.lines().enumerate() {
        let text = text.map_err(failed)?;
        let line: Option<Value> = serde_json::from_str(&text).ok();
        let read = line.and_then(|line| {
            let log = line.get("log")?.as_str()?.to_owned();
            Some(((log, line.get("id")?.as_i64()?), line))
        });
        let Some((key, line)) = read else {
            return Err(CommandError::Plain(format!(
                "Line {} of “{}” is not one that “chancery-server audit export” wrote.",
                index + 1,
                path.display()
            )));
        };
        kept.insert(key, line);
    }
    Ok(kept)
}

fn hex(mark: &Mark) -> String {
    chancery_content::hex(mark)
}

/// Looks through one log; what is wrong, in sentences.
fn look(store: &Store, log: Log, kept: &mut Kept) -> Result<Vec<String>, CommandError> {
    let mut wrong = Vec::new();
    let mut differing = None;
    let looked = store.look_through(log, |line| {
        let before = kept.remove(&(log.name().to_owned(), line.id));
        if let Some(before) = before
            && before != wire::log::line(log, line)
        {
            differing.get_or_insert(line.id);
        }
    })?;
    if let Some(id) = looked.broken {
        wrong.push(format!(
            "In the log “{}”, line {id} or one just before it was changed, removed or put in: its mark does not fit.",
            log.name()
        ));
    }
    if let Some(id) = differing {
        wrong.push(format!(
            "In the log “{}”, line {id} is not what was exported.",
            log.name()
        ));
    }
    let missing = kept.keys().filter(|(name, _)| name == log.name());
    let (count, first) = missing.fold((0, None), |(count, first), (_, id)| {
        (count + 1, first.or(Some(*id)))
    });
    if let Some(first) = first {
        wrong.push(format!(
            "In the log “{}”, lines that were exported are gone: {count} of them, the first is {first}.",
            log.name()
        ));
    }
    output::line(&format!(
        "{}: {}, the last is {} with the mark {}",
        log.name(),
        output::count(
            usize::try_from(looked.lines).unwrap_or(usize::MAX),
            "line",
            "lines"
        ),
        looked.last,
        hex(&looked.head)
    ));
    Ok(wrong)
}

impl Audit {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        match self {
            Self::Export(export) => export.run().await,
            Self::Verify(verify) => {
                let store = verify.place.open()?.store()?;
                let mut kept = match &verify.against {
                    Some(path) => kept(path)?,
                    None => Kept::new(),
                };
                let mut wrong = Vec::new();
                for log in [Log::Audit, Log::History] {
                    wrong.extend(look(&store, log, &mut kept)?);
                }
                if wrong.is_empty() {
                    output::line("Every line has the mark that it has to have.");
                    return Ok(());
                }
                Err(CommandError::Plain(wrong.join("\n")))
            }
        }
    }
}
