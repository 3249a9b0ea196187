//! `chancery-server check`: changes nothing, and may run beside a server.

use super::{CommandError, Place, output};
use crate::config::Config;
use chancery_identity::{Keeping, look_at_redis};
use std::collections::HashSet;
use std::process::ExitCode;

/// Checks the database and reads every document's bytes.
pub(super) async fn run(place: &Place) -> Result<ExitCode, CommandError> {
    let config = place.config()?;
    config.check()?;
    let sessions = look_at_sessions(&config).await?;
    let directory = place.open()?;
    let (store, content) = (directory.store()?, directory.content()?);
    let mut problems = store.integrity()?;
    let (mut versions, mut bytes, mut orphans) = (0_u64, 0_u64, 0_u64);
    for library in store.libraries()? {
        let recorded = store.recorded_content(&library.alias)?;
        let mut known = HashSet::new();
        let mut sound = HashSet::new();
        for version in recorded {
            versions += 1;
            bytes += version.size;
            let first = known.insert(version.hash);
            if first && content.verify(&library.alias, &version.hash, version.size)? {
                sound.insert(version.hash);
            }
            if !sound.contains(&version.hash) {
                problems.push(format!(
                    "{}!{}.{} has lost its content (SHA-256 {}). Restore it from a backup.",
                    library.alias,
                    version.number,
                    version.version,
                    chancery_content::hex(&version.hash)
                ));
            }
        }
        known.extend(store.needed_content(&library.alias)?);
        content.each_object(&library.alias, |hash| {
            if !known.contains(&hash) {
                orphans += 1;
            }
            Ok::<_, CommandError>(())
        })?;
    }
    output::line(&format!(
        "Checked {versions} versions, {bytes} bytes. {orphans} objects belong to no version."
    ));
    if let Some((said, trouble)) = sessions {
        output::line(&said);
        problems.extend(trouble);
    }
    for problem in &problems {
        output::line(problem);
    }
    if problems.is_empty() {
        output::line("Everything is sound.");
        Ok(ExitCode::SUCCESS)
    } else {
        output::line(&match problems.len() {
            1 => "1 problem.".to_owned(),
            many => format!("{many} problems."),
        });
        Ok(ExitCode::FAILURE)
    }
}

/// How it is with a shared store of sessions, and what is wrong with it.
async fn look_at_sessions(
    config: &Config,
) -> Result<Option<(String, Option<String>)>, CommandError> {
    let Keeping::Redis(settings) = config.sessions.keeping()? else {
        return Ok(None);
    };
    Ok(Some(match look_at_redis(&settings).await {
        Ok(facts) => (
            format!(
                "Sessions are kept in {} at {}.",
                facts.version, facts.address
            ),
            facts.warning(),
        ),
        Err(trouble) => (
            "Sessions are kept in Redis.".to_owned(),
            Some(format!("Redis cannot be used: {trouble}.")),
        ),
    }))
}
