//! How long sessions live, per kind of application and per registered
//! application, and other small settings.

use crate::{Store, StoreError, clients};
use chancery_proto::clock::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

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

/// The idle time that holds for a kind, in seconds.
fn idle_of(connection: &Connection, name: &str) -> Result<u64, StoreError> {
    let set = connection
        .query_row(
            "SELECT idle_seconds FROM applications WHERE name = ?1",
            [name],
            |row| row.get(0),
        )
        .optional()?;
    let usual = || defaults().into_iter().find(|one| one.name == name);
    Ok(set
        .or_else(|| usual().map(|one| one.idle_seconds))
        .unwrap_or(0))
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
) -> Result<(), StoreError> {
    connection.execute(
        "INSERT OR REPLACE INTO applications VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            settings.name,
            settings.idle_seconds,
            settings.absolute_seconds,
            settings.refresh,
            settings.refresh_seconds
        ],
    )?;
    Ok(())
}

impl Store {
    /// The settings of every kind of application, defaults where nothing was set,
    /// then those of every registered application.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn applications(&self) -> Result<Vec<ApplicationSettings>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT name, idle_seconds, absolute_seconds, refresh, refresh_seconds FROM applications",
            )?;
            let set: Vec<ApplicationSettings> = statement
                .query_map([], |row| {
                    Ok(ApplicationSettings {
                        name: row.get(0)?,
                        idle_seconds: row.get(1)?,
                        absolute_seconds: row.get(2)?,
                        refresh: row.get(3)?,
                        refresh_seconds: row.get(4)?,
                    })
                })?
                .collect::<Result<_, _>>()?;
            let mut all = defaults();
            for one in &mut all {
                if let Some(found) = set.iter().find(|candidate| candidate.name == one.name) {
                    *one = found.clone();
                }
            }
            let kinds = all.len();
            let registered = set
                .into_iter()
                .filter(|one| !all[..kinds].iter().any(|kind| kind.name == one.name))
                .collect::<Vec<_>>();
            all.extend(registered);
            Ok(all)
        })
    }

    /// Sets the lifetimes of one kind of application. Sessions that have run out
    /// under the ones before (by what is written of their last use) stay dead,
    /// however long the new ones are.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a kind that does not exist, [`StoreError::Invalid`]
    /// for lifetimes that contradict each other.
    pub async fn set_application(
        &self,
        settings: ApplicationSettings,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        check(&settings)?;
        self.write(move |connection| {
            if !defaults().iter().any(|one| one.name == settings.name)
                && !clients::is_registered(connection, &settings.name)?
            {
                return Err(StoreError::NotFound("application"));
            }
            let before = idle_of(connection, &settings.name)?;
            // A use may not be written down yet: the worthwhile part, and a moment.
            let slack = (before / 60).min(60) + 2;
            let long_ago = now.0 - i64::try_from((before + slack) * 1000).unwrap_or(i64::MAX);
            connection.execute(
                "UPDATE sessions SET dies = MIN(COALESCE(dies, ?1), ?1) WHERE last_use <= ?2
                 AND grant_id IN (SELECT id FROM grants WHERE application = ?3)",
                params![now.0, long_ago, settings.name],
            )?;
            write(connection, &settings)
        })
        .await
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
