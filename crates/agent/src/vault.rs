//! Where the one secret per server and user is kept between two starts.

use crate::core::keeper::Kept;
use chancery_platform::directories::Directories;
use chancery_platform::keyring::{self, FileStore, Found, Key, SecretStore, StoreError};
use chancery_proto::local::KeyringState;
use chancery_proto::secret::Secret;
use std::sync::Arc;

const REFRESH: &str = "refresh:";
const SESSION: &str = "session:";

impl Kept {
    fn write(&self) -> Secret {
        match self {
            Self::Refresh(secret) => format!("{REFRESH}{}", secret.reveal()).into(),
            Self::Session(secret) => format!("{SESSION}{}", secret.reveal()).into(),
        }
    }

    fn read(secret: &Secret) -> Option<Self> {
        let text = secret.reveal();
        if let Some(refresh) = text.strip_prefix(REFRESH) {
            return Some(Self::Refresh(refresh.into()));
        }
        text.strip_prefix(SESSION)
            .map(|session| Self::Session(session.into()))
    }
}

/// The keyring, or the person's own file where they asked for it in words.
#[derive(Debug, Clone)]
pub(crate) struct Vault {
    keyring: Arc<dyn SecretStore>,
    file: Arc<FileStore>,
    place: Arc<str>,
}

/// What a look into the vault found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) state: KeyringState,
    pub(crate) kept: Option<Kept>,
}

impl Vault {
    pub(crate) fn new(directories: &Directories) -> Self {
        Self {
            keyring: Arc::from(keyring::of_this_system()),
            file: Arc::new(FileStore::at(&directories.state().join("sessions"))),
            place: chancery_platform::machine::place(directories).into(),
        }
    }

    fn key(&self, server: &str, user: &str) -> Key {
        Key {
            place: self.place.as_ref().to_owned(),
            server: server.to_owned(),
            user: user.to_owned(),
        }
    }

    /// Looks for what is kept. A look that fails deletes nothing.
    pub(crate) async fn look(&self, server: &str, user: &str) -> Look {
        let (vault, key) = (self.clone(), self.key(server, user));
        let found = tokio::task::spawn_blocking(move || {
            if vault.file.is_there()
                && let Found::Secret(secret) = vault.file.read(&key)
            {
                return Found::Secret(secret);
            }
            match vault.keyring.read(&key) {
                // The person chose the file because there is no keyring.
                Found::Unavailable { .. } if vault.file.is_there() => Found::Absent,
                other => other,
            }
        })
        .await;
        let look = |state, kept| Look { state, kept };
        match found {
            Ok(Found::Secret(secret)) => match Kept::read(&secret) {
                Some(kept) => look(KeyringState::Found, Some(kept)),
                None => look(KeyringState::Absent, None),
            },
            Ok(Found::Absent) => look(KeyringState::Absent, None),
            Ok(Found::Locked) => look(KeyringState::Locked, None),
            Ok(Found::Unavailable { why }) => {
                tracing::info!(%why, "no keyring answers; sessions are kept in memory");
                look(KeyringState::Unavailable, None)
            }
            Err(error) => {
                tracing::error!(%error, "looking into the keyring failed");
                look(KeyringState::Unavailable, None)
            }
        }
    }

    /// Keeps a secret; answers how the keyring was found. With `in_file` the
    /// person's own file is used where no keyring answers.
    pub(crate) async fn keep(
        &self,
        server: &str,
        user: &str,
        kept: &Kept,
        in_file: bool,
    ) -> KeyringState {
        let (vault, key, secret) = (self.clone(), self.key(server, user), kept.write());
        let outcome = tokio::task::spawn_blocking(move || {
            if vault.file.is_there() {
                return vault.file.write(&key, &secret);
            }
            match vault.keyring.write(&key, &secret) {
                Err(StoreError::Unavailable { .. }) if in_file => vault.file.write(&key, &secret),
                other => other,
            }
        })
        .await;
        match outcome {
            Ok(Ok(())) => KeyringState::Found,
            Ok(Err(StoreError::Locked)) => KeyringState::Locked,
            Ok(Err(StoreError::Unavailable { why })) => {
                tracing::info!(%why, "no keyring answers; the session is kept in memory");
                KeyringState::Unavailable
            }
            Err(error) => {
                tracing::error!(%error, "keeping a secret failed");
                KeyringState::Unavailable
            }
        }
    }

    /// Whether the person's own file is used, as they asked for.
    pub(crate) fn is_in_file(&self) -> bool {
        self.file.is_there()
    }

    /// Removes what is kept.
    pub(crate) async fn forget(&self, server: &str, user: &str) {
        let (vault, key) = (self.clone(), self.key(server, user));
        let outcome = tokio::task::spawn_blocking(move || {
            if vault.file.is_there() {
                vault.file.delete(&key)?;
            }
            vault.keyring.delete(&key)
        })
        .await;
        match outcome {
            Ok(Ok(()) | Err(StoreError::Unavailable { .. })) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a secret could not be removed"),
            Err(error) => tracing::error!(%error, "removing a secret failed"),
        }
    }
}
