//! How long sessions live, per kind of application and per registered
//! application, and other small settings.

use crate::{Store, StoreError};
use chancery_proto::clock::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::time::Duration;

/// Lifetimes for one kind of application. All in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationSettings {
    /// `desktop`, `web`, `mobile` or `service`, or the id of a registered application.
    pub name: String,
    /// A session ends when it was not used for so long: the *application token inactivity time*.
    pub idle_seconds: u64,
    /// A sign-in ends after so long whatever happens.
    pub absolute_seconds: u64,
    /// Whether a session may be renewed without the person.
    pub refresh: bool,
    /// How long a refresh token waits for its use.
    pub refresh_seconds: u64,
}

/// What had run out before the lifetimes were changed, and stays so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lapsed {
    /// Sessions that were used no later than that.
    pub used: Timestamp,
    /// Sessions whose person signed in no later than that.
    pub signed_in: Timestamp,
}

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

/// What holds until an administrator says otherwise.
#[must_use]
pub fn defaults() -> Vec<ApplicationSettings> {
    let one = |name: &str, idle_seconds, absolute_seconds| ApplicationSettings {
        name: name.to_owned(),
        idle_seconds,
        absolute_seconds,
        refresh: true,
        refresh_seconds: absolute_seconds,
    };
    vec![
        one("desktop", 4 * HOUR, 30 * DAY),
        one("mobile", 4 * HOUR, 30 * DAY),
        one("service", 4 * HOUR, 30 * DAY),
        one("web", HOUR / 2, 12 * HOUR),
    ]
}

/// The lifetimes that hold for a kind or a registered application, and what had
/// run out before.
fn of(
    connection: &Connection,
    name: &str,
) -> Result<Option<(ApplicationSettings, Lapsed)>, StoreError> {
    let set = connection
        .prepare_cached(&format!("{SELECT} WHERE name = ?1"))?
        .query_row([name], read)
        .optional()?;
    let usual = || defaults().into_iter().find(|one| one.name == name);
    Ok(set.or_else(|| usual().map(|one| (one, Lapsed::default()))))
}

const SELECT: &str = "SELECT name, idle_seconds, absolute_seconds, refresh, refresh_seconds, used_after, signed_in_after FROM applications";

fn read(row: &Row<'_>) -> rusqlite::Result<(ApplicationSettings, Lapsed)> {
    let settings = ApplicationSettings {
        name: row.get(0)?,
        idle_seconds: row.get(1)?,
        absolute_seconds: row.get(2)?,
        refresh: row.get(3)?,
        refresh_seconds: row.get(4)?,
    };
    let lapsed = Lapsed {
        used: Timestamp(row.get(5)?),
        signed_in: Timestamp(row.get(6)?),
    };
    Ok((settings, lapsed))
}

/// The longest time that any session may go unused.
pub(crate) fn longest_idle(connection: &Connection) -> Result<Duration, StoreError> {
    let set: Option<u64> = connection
        .prepare_cached("SELECT MAX(idle_seconds) FROM applications")?
        .query_row([], |row| row.get(0))?;
    let usual = defaults().iter().map(|one| one.idle_seconds).max();
    Ok(Duration::from_secs(set.max(usual).unwrap_or(0)))
}

/// Lifetimes that contradict neither each other nor the clock.
pub(crate) fn check(settings: &ApplicationSettings) -> Result<(), StoreError> {
    // A year bounds every sum of times far from overflow.
    for (field, value) in [
        ("idle_seconds", settings.idle_seconds),
        ("absolute_seconds", settings.absolute_seconds),
        ("refresh_seconds", settings.refresh_seconds),
    ] {
        if !(1..=366 * DAY).contains(&value) {
            return Err(StoreError::invalid(
                field,
                "it must be between 1 second and 366 days (31622400)",
            ));
        }
    }
    if settings.idle_seconds > settings.absolute_seconds {
        return Err(StoreError::invalid(
            "idle_seconds",
            format!(
                "it must not be longer than absolute_seconds ({})",
                settings.absolute_seconds
            ),
        ));
    }
    Ok(())
}

pub(crate) fn write(
    connection: &Connection,
    settings: &ApplicationSettings,
    lapsed: Lapsed,
) -> Result<(), StoreError> {
    connection.execute(
        "INSERT OR REPLACE INTO applications
         (name, idle_seconds, absolute_seconds, refresh, refresh_seconds, used_after, signed_in_after)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            settings.name,
            settings.idle_seconds,
            settings.absolute_seconds,
            settings.refresh,
            settings.refresh_seconds,
            lapsed.used.0,
            lapsed.signed_in.0
        ],
    )?;
    Ok(())
}

/// How long ago, at `now`, what is `seconds` old by then began.
pub(crate) fn ago(now: Timestamp, seconds: u64) -> Timestamp {
    Timestamp(now.0 - i64::try_from(seconds * 1000).unwrap_or(i64::MAX))
}

impl Store {
    /// The settings of every kind of application, defaults where nothing was set,
    /// then those of every registered application.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn applications(&self) -> Result<Vec<ApplicationSettings>, StoreError> {
        let all = self.lifetimes()?;
        Ok(all.into_iter().map(|(settings, _)| settings).collect())
    }

    /// As [`Store::applications`], with what had run out before they were set.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn lifetimes(&self) -> Result<Vec<(ApplicationSettings, Lapsed)>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(SELECT)?;
            let set: Vec<(ApplicationSettings, Lapsed)> =
                statement.query_map([], read)?.collect::<Result<_, _>>()?;
            let mut all: Vec<_> = defaults()
                .into_iter()
                .map(|one| (one, Lapsed::default()))
                .collect();
            for one in &mut all {
                if let Some(found) = set.iter().find(|candidate| candidate.0.name == one.0.name) {
                    *one = found.clone();
                }
            }
            let kinds = all.len();
            let registered = set
                .into_iter()
                .filter(|one| !all[..kinds].iter().any(|kind| kind.0.name == one.0.name))
                .collect::<Vec<_>>();
            all.extend(registered);
            Ok(all)
        })
    }

    /// Sets the lifetimes of one kind of application. Sessions that have run out
    /// under the ones before stay dead, however long the new ones are; answers
    /// which those are.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a kind that does not exist, [`StoreError::Invalid`]
    /// for lifetimes that contradict each other.
    pub async fn set_application(
        &self,
        settings: ApplicationSettings,
        now: Timestamp,
    ) -> Result<Lapsed, StoreError> {
        check(&settings)?;
        self.write(move |connection| {
            let Some((before, lapsed)) = of(connection, &settings.name)? else {
                return Err(StoreError::NotFound("application"));
            };
            let lapsed = Lapsed {
                used: lapsed.used.max(ago(now, before.idle_seconds)),
                signed_in: lapsed.signed_in.max(ago(now, before.absolute_seconds)),
            };
            write(connection, &settings, lapsed)?;
            Ok(lapsed)
        })
        .await
    }

    /// Counts changes of people, applications and lifetimes, whoever makes them:
    /// another number means that what is kept of them in memory is old.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn facts_version(&self) -> Result<i64, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT version FROM facts")?;
            Ok(statement.query_row([], |row| row.get(0))?)
        })
    }

    /// A small value kept under a name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
            Ok(statement.query_row([key], |row| row.get(0)).optional()?)
        })
    }

    /// Keeps a small value under a name.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn set_meta(&self, key: &'static str, value: Vec<u8>) -> Result<(), StoreError> {
        self.write(move |connection| {
            connection.execute(
                "INSERT OR REPLACE INTO meta VALUES (?1, ?2)",
                params![key, value],
            )?;
            Ok(())
        })
        .await
    }

    /// Keeps `value` under a name unless one is there; answers what is kept.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn meta_or_insert(
        &self,
        key: &'static str,
        value: Vec<u8>,
    ) -> Result<Vec<u8>, StoreError> {
        self.write(move |connection| {
            connection.execute(
                "INSERT OR IGNORE INTO meta VALUES (?1, ?2)",
                params![key, value],
            )?;
            Ok(
                connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| {
                    row.get(0)
                })?,
            )
        })
        .await
    }
}
