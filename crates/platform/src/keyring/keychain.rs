//! The person's keychain on macOS: one generic password for each key.
//!
//! No older version has kept anything here.

use super::{Found, Key, SecretStore, StoreError};
use chancery_proto::secret::Secret;
use security_framework::base::Error;
use security_framework::os::macos::keychain::SecKeychain;
use security_framework::passwords::{
    delete_generic_password, get_generic_password, set_generic_password,
};
use std::sync::{Mutex, PoisonError};

/// `errSecItemNotFound`.
const NOT_FOUND: i32 = -25_300;
/// `errSecInteractionNotAllowed` and `errSecAuthFailed`: it would have asked.
const LOCKED: [i32; 2] = [-25_308, -25_293];

/// This user's default keychain.
#[derive(Debug, Default)]
pub struct KeychainStore {
    /// Prompts are turned off for the whole process while a call runs.
    turn: Mutex<()>,
}

impl KeychainStore {
    /// The store; nothing is asked yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn without_prompt<T>(&self, call: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let _quiet = SecKeychain::disable_user_interaction()?;
        call()
    }
}

/// Neither a place nor a server's address holds a bar.
fn service(key: &Key) -> String {
    format!("Chancery|{}|{}", key.place, key.server)
}

fn refusal(error: Error) -> StoreError {
    if LOCKED.contains(&error.code()) {
        StoreError::Locked
    } else {
        StoreError::Unavailable {
            why: error.to_string(),
        }
    }
}

impl SecretStore for KeychainStore {
    fn read(&self, key: &Key) -> Found {
        match self.without_prompt(|| get_generic_password(&service(key), &key.user)) {
            Ok(value) => String::from_utf8(value)
                .map_or(Found::Absent, |text| Found::Secret(Secret::from(text))),
            Err(error) if error.code() == NOT_FOUND => Found::Absent,
            Err(error) => match refusal(error) {
                StoreError::Locked => Found::Locked,
                StoreError::Unavailable { why } => Found::Unavailable { why },
            },
        }
    }

    fn write(&self, key: &Key, secret: &Secret) -> Result<(), StoreError> {
        let value = secret.reveal().as_bytes();
        self.without_prompt(|| set_generic_password(&service(key), &key.user, value))
            .map_err(refusal)
    }

    fn delete(&self, key: &Key) -> Result<(), StoreError> {
        match self.without_prompt(|| delete_generic_password(&service(key), &key.user)) {
            Err(error) if error.code() != NOT_FOUND => Err(refusal(error)),
            _ => Ok(()),
        }
    }
}
