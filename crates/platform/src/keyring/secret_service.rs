//! The desktop's keyring through the Secret Service (GNOME Keyring, KWallet).
//!
//! A connection lives for one call: nothing stays open and nothing wakes the
//! agent. No call may prompt, so that a locked keyring answers *locked*. The
//! secret crosses the user's own session bus in plain form; whoever can listen
//! there can ask the keyring itself (docs/decisions/0003-keyring.md).

use super::{Found, Key, SecretStore, StoreError};
use chancery_proto::secret::Secret;
use dbus_secret_service::{EncryptionType, Error, SecretService};
use std::collections::HashMap;

/// The Secret Service of this user's session bus.
#[derive(Debug, Default)]
pub struct SecretServiceStore(());

impl SecretServiceStore {
    /// The store; nothing is asked yet.
    #[must_use]
    pub fn new() -> Self {
        Self(())
    }
}

fn connect() -> Result<SecretService, Error> {
    // Zero seconds for a prompt: it is dismissed before it shows.
    SecretService::connect_with_max_prompt_timeout(EncryptionType::Plain, 0)
}

fn attributes(key: &Key) -> HashMap<&str, &str> {
    HashMap::from([
        ("application", "chancery"),
        ("server", key.server.as_str()),
        ("user", key.user.as_str()),
    ])
}

fn read(key: &Key) -> Result<Found, Error> {
    let service = connect()?;
    let items = service.search_items(attributes(key))?;
    if let Some(item) = items.unlocked.first() {
        let secret = item.get_secret()?;
        return Ok(String::from_utf8(secret)
            .map_or(Found::Absent, |text| Found::Secret(Secret::from(text))));
    }
    if !items.locked.is_empty() {
        return Ok(Found::Locked);
    }
    // Some keyrings do not say what a locked collection holds.
    match service.get_default_collection() {
        Ok(collection) if collection.is_locked()? => Ok(Found::Locked),
        Ok(_) => Ok(Found::Absent),
        Err(Error::NoResult) => Ok(Found::Unavailable {
            why: "no default collection".to_owned(),
        }),
        Err(error) => Err(error),
    }
}

fn write(key: &Key, secret: &Secret) -> Result<(), Error> {
    let service = connect()?;
    let collection = service.get_default_collection()?;
    if collection.is_locked()? {
        return Err(Error::Locked);
    }
    let label = format!("Chancery: {} at {}", key.user, key.server);
    collection
        .create_item(
            &label,
            attributes(key),
            secret.reveal().as_bytes(),
            true,
            "text/plain",
        )
        .map(|_| ())
}

fn delete(key: &Key) -> Result<(), Error> {
    let service = connect()?;
    let items = service.search_items(attributes(key))?;
    for item in &items.unlocked {
        item.delete()?;
    }
    if items.locked.is_empty() {
        Ok(())
    } else {
        Err(Error::Locked)
    }
}

fn refusal(error: &Error) -> StoreError {
    match error {
        Error::Locked | Error::Prompt => StoreError::Locked,
        Error::NoResult => StoreError::Unavailable {
            why: "no default collection".to_owned(),
        },
        other => StoreError::Unavailable {
            why: other.to_string(),
        },
    }
}

impl SecretStore for SecretServiceStore {
    fn read(&self, key: &Key) -> Found {
        match read(key) {
            Ok(found) => found,
            Err(error) => match refusal(&error) {
                StoreError::Locked => Found::Locked,
                StoreError::Unavailable { why } => Found::Unavailable { why },
            },
        }
    }

    fn write(&self, key: &Key, secret: &Secret) -> Result<(), StoreError> {
        write(key, secret).map_err(|error| refusal(&error))
    }

    fn delete(&self, key: &Key) -> Result<(), StoreError> {
        delete(key).map_err(|error| refusal(&error))
    }
}
