//! The policy file and the preferences as they stand on disk: read at the
//! start, and again when a caller asks something and one of them has changed.
//! Nothing watches and nothing ticks; a look is two questions to the file system.

use crate::core::policy::{LONGEST, Policy, Preferences, Settings, read_policy, read_preferences};
use crate::core::wording;
use chancery_platform::directories::{self, Directories};
use chancery_platform::private_file;
use chancery_platform::wording::plainly;
use chancery_proto::local::PolicyReport;
use std::fs::{File, Metadata, Permissions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// Both files, and what holds by them.
#[derive(Debug)]
pub(crate) struct SettingsFiles {
    policy: PathBuf,
    preferences: PathBuf,
    read: Mutex<Read>,
}

/// What was read last.
#[derive(Debug)]
struct Read {
    stamps: [Option<Stamp>; 2],
    policy_is_there: bool,
    policy_mistakes: Vec<String>,
    preference_mistakes: Vec<String>,
    settings: Arc<Settings>,
}

/// Whether a file is still the one that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    changed: Option<SystemTime>,
    length: u64,
    permissions: Permissions,
}

impl SettingsFiles {
    /// Reads both files for the first time.
    pub(crate) fn open(directories: &Directories) -> Self {
        let policy = directories::policy_file();
        let preferences = directories.config().join("preferences.toml");
        let read = Mutex::new(Read::of(&policy, &preferences));
        Self {
            policy,
            preferences,
            read,
        }
    }

    /// A policy that was decided elsewhere: neither file is there.
    pub(crate) fn decided(directories: &Directories, policy: Policy) -> Self {
        let [policy_file, preferences] =
            ["policy.toml", "preferences.toml"].map(|name| directories.config().join(name));
        let read = Mutex::new(Read {
            stamps: stamps(&policy_file, &preferences),
            policy_is_there: false,
            policy_mistakes: Vec::new(),
            preference_mistakes: Vec::new(),
            settings: Arc::new(Settings {
                policy,
                ..Settings::default()
            }),
        });
        Self {
            policy: policy_file,
            preferences,
            read,
        }
    }

    fn read(&self) -> MutexGuard<'_, Read> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What holds, as it was read last.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.read().settings)
    }

    /// Looks at the files again; answers what holds now if that is something
    /// else than before.
    pub(crate) fn look(&self) -> Option<Arc<Settings>> {
        let mut read = self.read();
        // An owner can change without a trace in the stamp.
        let is_doubted = read.policy_is_there && read.settings.policy_is_mistaken;
        if !is_doubted && read.stamps == stamps(&self.policy, &self.preferences) {
            return None;
        }
        let before = std::mem::replace(&mut *read, Read::of(&self.policy, &self.preferences));
        if before.settings == read.settings {
            return None;
        }
        tracing::info!("the policy or the preferences have changed");
        Some(Arc::clone(&read.settings))
    }

    /// What everybody should know as long as a file cannot be used.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let read = self.read();
        let mut warnings = Vec::new();
        if !read.policy_mistakes.is_empty() {
            let path = self.policy.to_string_lossy();
            warnings.push(wording::mistaken_policy(&path, &read.policy_mistakes));
        }
        if !read.preference_mistakes.is_empty() {
            let path = self.preferences.to_string_lossy();
            warnings.push(wording::mistaken_preferences(
                &path,
                &read.preference_mistakes,
            ));
        }
        warnings
    }

    /// The person's file as it stands; empty where there is none.
    pub(crate) fn preferences_text(&self) -> Result<String, String> {
        content(&self.preferences).map(Option::unwrap_or_default)
    }

    /// Replaces the person's file in one step.
    pub(crate) fn write_preferences(&self, text: &str) -> Result<(), String> {
        private_file::replace(&self.preferences, text.as_bytes()).map_err(|error| {
            let path = self.preferences.display();
            format!(
                "Your preferences “{path}” cannot be written: {}.",
                plainly(&error)
            )
        })
    }

    /// Everything for a person who asks.
    pub(crate) fn report(&self) -> PolicyReport {
        let read = self.read();
        PolicyReport {
            path: self.policy.to_string_lossy().into_owned(),
            present: read.policy_is_there,
            mistakes: read.policy_mistakes.clone(),
            preferences: self.preferences.to_string_lossy().into_owned(),
            preference_mistakes: read.preference_mistakes.clone(),
            settings: read.settings.explained(),
        }
    }
}

impl Read {
    fn of(policy: &Path, preferences: &Path) -> Self {
        // Before the content: what changes in between is read once more.
        let stamps = stamps(policy, preferences);
        let text = administrators(policy);
        let policy_is_there = !matches!(text, Ok(None));
        let (policy, policy_mistakes) = meant::<Policy>(text, read_policy);
        let (preferences, preference_mistakes) =
            meant::<Preferences>(content(preferences), read_preferences);
        let settings = Settings {
            policy,
            preferences,
            policy_is_mistaken: !policy_mistakes.is_empty(),
        };
        Self {
            stamps,
            policy_is_there,
            policy_mistakes,
            preference_mistakes,
            settings: Arc::new(settings),
        }
    }
}

/// A file with a mistake says nothing.
fn meant<T: Default>(
    text: Result<Option<String>, String>,
    read: impl FnOnce(&str) -> Result<T, Vec<String>>,
) -> (T, Vec<String>) {
    let meant = match text {
        Ok(None) => Ok(T::default()),
        Ok(Some(text)) => read(&text),
        Err(why) => Err(vec![why]),
    };
    match meant {
        Ok(meant) => (meant, Vec::new()),
        Err(mistakes) => (T::default(), mistakes),
    }
}

fn stamps(policy: &Path, preferences: &Path) -> [Option<Stamp>; 2] {
    [policy, preferences].map(|path| {
        let stamp = |found: Metadata| Stamp {
            changed: found.modified().ok(),
            length: found.len(),
            permissions: found.permissions(),
        };
        std::fs::metadata(path).ok().map(stamp)
    })
}

/// What an administrator wrote; none where there is nothing.
fn administrators(path: &Path) -> Result<Option<String>, String> {
    match private_file::is_administrators(path) {
        Ok(true) => content(path),
        Ok(false) => Err(
            "Others than an administrator can change it or put another file in its place. It and its directory have to belong to the administrator, and nobody else may write to them."
                .to_owned(),
        ),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("It cannot be looked at: {error}.")),
    }
}

/// What stands in a file; none where there is nothing.
fn content(path: &Path) -> Result<Option<String>, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) if bytes.len() as u64 > LONGEST => Err(format!(
            "It is longer than {LONGEST} bytes, so it is not read."
        )),
        Ok(_) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err("It is not written in UTF-8. Save it as UTF-8.".to_owned()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("It cannot be read: {error}.")),
    }
}
