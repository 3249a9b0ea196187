//! The desktop's keyring through the Secret Service (GNOME Keyring, KWallet).
//!
//! A connection lives for one call: nothing stays open and nothing wakes the
//! agent. No call may prompt, so that a locked keyring answers *locked*. The
//! secret crosses the user's own session bus in plain form; whoever can listen
//! there can ask the keyring itself (docs/decisions/0003-keyring.md).

use super::{Found, Key, SecretStore, StoreError};
use chancery_proto::secret::Secret;
use dbus_secret_service::{Collection, EncryptionType, Error, Item, SecretService};
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

/// The attribute that older versions did not write.
const PLACE: &str = "place";

/// What a search begins with: a keyring answers every item that has these, and
/// whatever else.
fn of_any_place(key: &Key) -> HashMap<&str, &str> {
    HashMap::from([
        ("application", "chancery"),
        ("server", key.server.as_str()),
        ("user", key.user.as_str()),
    ])
}

fn attributes(key: &Key) -> HashMap<&str, &str> {
    let mut attributes = of_any_place(key);
    attributes.insert(PLACE, &key.place);
    attributes
}

/// The items of an older version, which name no place.
fn is_older(item: &Item<'_>) -> bool {
    item.get_attributes()
        .is_ok_and(|attributes| !attributes.contains_key(PLACE))
}

/// Takes an item of an older version over, if there is one.
fn adopt(service: &SecretService, key: &Key) -> Result<Option<Found>, Error> {
    let items = service.search_items(of_any_place(key))?;
    let Some(item) = items.unlocked.iter().find(|item| is_older(item)) else {
        let locked = items.locked.iter().any(is_older);
        return Ok(locked.then_some(Found::Locked));
    };
    let found = told(item)?;
    if let Found::Secret(secret) = &found {
        let moved = service
            .get_default_collection()
            .and_then(|collection| put(&collection, key, secret))
            .and_then(|()| item.delete());
        if let Err(error) = moved {
            tracing::warn!(%error, "an older secret could not be given its place");
        }
    }
    Ok(Some(found))
}

fn told(item: &Item<'_>) -> Result<Found, Error> {
    let secret = item.get_secret()?;
    Ok(String::from_utf8(secret).map_or(Found::Absent, |text| Found::Secret(Secret::from(text))))
}

fn read(key: &Key) -> Result<Found, Error> {
    let service = connect()?;
    let items = service.search_items(attributes(key))?;
    if let Some(item) = items.unlocked.first() {
        return told(item);
    }
    if !items.locked.is_empty() {
        return Ok(Found::Locked);
    }
    if let Some(found) = adopt(&service, key)? {
        return Ok(found);
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
    put(&collection, key, secret)
}

fn put(collection: &Collection<'_>, key: &Key, secret: &Secret) -> Result<(), Error> {
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
    let items = service.search_items(of_any_place(key))?;
    let is_ours = |item: &&Item<'_>| {
        item.get_attributes().is_ok_and(|attributes| {
            attributes
                .get(PLACE)
                .is_none_or(|place| *place == key.place)
        })
    };
    for item in items.unlocked.iter().filter(is_ours) {
        item.delete()?;
    }
    if items.locked.iter().filter(is_ours).count() == 0 {
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
