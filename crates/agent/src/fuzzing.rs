//! The doors by which `chancery-fuzzed` reaches what reads other people's
//! input. Nobody else's business, and no promise to anybody.

use crate::agent::{Agent, SharedAgent};
use crate::core::paths;
use crate::core::policy::{Policy, Preferences, Settings, read_policy, read_preferences};
use crate::gateway::headers;
use crate::list::ListError;
use crate::prompting::Wish;
use crate::run::talk;
use crate::settings::SettingsFiles;
use chancery_platform::clock;
use chancery_platform::directories::{Directories, DirectoryError};
use chancery_platform::socket::Peer;
use chancery_proto::local::Interaction;
use http::HeaderMap;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};

/// A path as it is sent on, and whether it is discovery's; none where it does
/// not pass.
#[must_use]
pub fn passed(path: &str) -> Option<(String, bool)> {
    let passed = paths::pass(path).ok()?;
    Some((passed.path, passed.is_discovery))
}

/// The headers that go on to a server.
#[must_use]
pub fn onward(from: &HeaderMap, background: bool) -> HeaderMap {
    headers::onward(from, background)
}

/// Leaves on an answer what the caller may see.
pub fn backward(headers: &mut HeaderMap) {
    headers::backward(headers);
}

/// What a caller allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// By the call itself.
    pub by_call: Interaction,
    /// Once it has its session.
    pub fulfilled: Interaction,
    /// The name that is shown.
    pub application: Option<String>,
}

/// What a caller allows, by its headers; none where they are refused.
#[must_use]
pub fn allowed(headers: &HeaderMap) -> Option<Allowed> {
    let wish = Wish::read(headers).ok()?;
    Some(Allowed {
        by_call: wish.interaction(),
        application: wish.application.clone(),
        fulfilled: wish.fulfilled().interaction(),
    })
}

/// Reads a policy, and puts every setting into words.
///
/// # Errors
/// Its mistakes.
pub fn policy(text: &str) -> Result<Vec<String>, Vec<String>> {
    let policy = read_policy(text)?;
    Ok(in_words(&Settings {
        policy,
        ..Settings::default()
    }))
}

/// Reads preferences, and puts every setting into words.
///
/// # Errors
/// Their mistakes.
pub fn preferences(text: &str) -> Result<Vec<String>, Vec<String>> {
    let preferences: Preferences = read_preferences(text)?;
    Ok(in_words(&Settings {
        preferences,
        ..Settings::default()
    }))
}

fn in_words(settings: &Settings) -> Vec<String> {
    let told = settings.explained().into_iter();
    told.map(|one| format!("{} = {}: {}", one.name, one.value, one.meaning))
        .collect()
}

/// Why there is no agent.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its directories cannot be used.
    #[error(transparent)]
    Directories(#[from] DirectoryError),
    /// Its list cannot be read.
    #[error(transparent)]
    List(#[from] ListError),
}

/// A whole agent that has no server, may connect to none, and keeps nothing.
#[derive(Debug)]
pub struct Service {
    agent: SharedAgent,
}

impl Service {
    /// An agent whose things are all below `home`.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(home: &Path) -> Result<Self, OpenError> {
        let directories = Directories::under(home)?;
        directories.prepare_kept()?;
        let policy = Policy {
            others: Some(false),
            refresh_token: Some(false),
            ..Policy::default()
        };
        let settings = SettingsFiles::decided(&directories, policy);
        let agent = Agent::with(&directories, settings, clock::system())?;
        Ok(Self {
            agent: Arc::new(agent),
        })
    }

    /// One caller's connection, to its end.
    pub async fn converse(&self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let line = self.agent.callers.enter(&Peer::default());
        tokio::select! {
            () = talk(&self.agent, &line, stream) => {}
            () = line.hung_up() => {}
        }
        self.agent.callers.leave(&line);
    }
}
