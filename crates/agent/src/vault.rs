//! Where the one secret per server and user is kept between two starts.

use crate::core::keeper::Kept;
use crate::core::policy::Keeping;
use chancery_platform::directories::Directories;
use chancery_platform::keyring::{self, FileStore, Found, Key, SecretStore, StoreError};
use chancery_proto::local::KeyringState;
use chancery_proto::secret::Secret;
use std::sync::{Arc, Mutex, PoisonError};

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
    keeping: Arc<Mutex<Keeping>>,
    /// One secret is moved at a time, so that none is moved twice.
    moving: Arc<Mutex<()>>,
}

/// What a look into the vault found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) state: KeyringState,
    pub(crate) kept: Option<Kept>,
}

impl Vault {
    pub(crate) fn new(directories: &Directories, keeping: Keeping) -> Self {
        Self {
            keyring: Arc::from(keyring::of_this_system()),
            file: Arc::new(FileStore::at(&directories.state().join("sessions"))),
            place: chancery_platform::machine::place(directories.config()).into(),
            keeping: Arc::new(Mutex::new(keeping)),
            moving: Arc::default(),
        }
    }

    /// What may be kept at all.
    pub(crate) fn keeping(&self) -> Keeping {
        *self.keeping.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on that may be kept. What is there already is the business of
    /// [`Vault::withdraw`].
    pub(crate) fn keep_only(&self, keeping: Keeping) {
        *self.keeping.lock().unwrap_or_else(PoisonError::into_inner) = keeping;
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
            match vault.keeping() {
                Keeping::Nothing => return Found::Absent,
                Keeping::InKeyring => {
                    if let Some(secret) = vault.move_out_of_file(&key) {
                        return Found::Secret(secret);
                    }
                }
                Keeping::InKeyringOrFile | Keeping::NothingMore => {}
            }
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
            match vault.keeping() {
                // What was kept before is worth nothing beside a newer one.
                Keeping::Nothing | Keeping::NothingMore => {
                    vault.remove(&key)?;
                    return Err(StoreError::Unavailable {
                        why: "the policy lets nothing be kept".to_owned(),
                    });
                }
                Keeping::InKeyring => {
                    if vault.file.is_there() {
                        vault.file.delete(&key)?;
                    }
                    return vault.keyring.write(&key, &secret);
                }
                Keeping::InKeyringOrFile => {}
            }
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
        let outcome = tokio::task::spawn_blocking(move || vault.remove(&key)).await;
        match outcome {
            Ok(Ok(()) | Err(StoreError::Unavailable { .. })) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a secret could not be removed"),
            Err(error) => tracing::error!(%error, "removing a secret failed"),
        }
    }

    /// Takes what may not be kept any more from where it is; answers what is
    /// kept nowhere now.
    pub(crate) async fn withdraw(&self, server: &str, user: &str) -> Option<Kept> {
        let (vault, key) = (self.clone(), self.key(server, user));
        let taken = tokio::task::spawn_blocking(move || match vault.keeping() {
            Keeping::InKeyringOrFile | Keeping::NothingMore => None,
            Keeping::InKeyring => vault.move_out_of_file(&key),
            Keeping::Nothing => {
                let found = match vault.file.read(&key) {
                    Found::Secret(secret) => Found::Secret(secret),
                    _ => vault.keyring.read(&key),
                };
                match vault.remove(&key) {
                    Ok(()) | Err(StoreError::Unavailable { .. }) => {}
                    Err(error) => {
                        tracing::warn!(%error, "a secret that the policy forbids is still there");
                    }
                }
                match found {
                    Found::Secret(secret) => Some(secret),
                    _ => None,
                }
            }
        })
        .await;
        match taken {
            Ok(secret) => secret.as_ref().and_then(Kept::read),
            Err(error) => {
                tracing::error!(%error, "removing a secret failed");
                None
            }
        }
    }

    fn remove(&self, key: &Key) -> Result<(), StoreError> {
        if self.file.is_there() {
            self.file.delete(key)?;
        }
        self.keyring.delete(key)
    }

    /// From the file into the keyring; answers what the keyring does not take.
    fn move_out_of_file(&self, key: &Key) -> Option<Secret> {
        let _moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.file.is_there() {
            return None;
        }
        let Found::Secret(secret) = self.file.read(key) else {
            return None;
        };
        let taken = self.keyring.write(key, &secret);
        if let Err(error) = self.file.delete(key) {
            tracing::warn!(%error, "a secret that the policy forbids is still in its file");
        }
        taken.is_err().then_some(secret)
    }
}
