//! The Credential Manager of Windows: one generic credential for each key.
//!
//! It is open as long as the person is signed in, stays on this machine, and
//! takes 2,560 bytes. No older version has kept anything here.

#![expect(unsafe_code, reason = "the system's own calls")]

use super::{Found, Key, SecretStore, StoreError};
use crate::windows::{checked, text};
use chancery_proto::secret::Secret;
use std::io;
use windows_sys::Win32::Foundation::ERROR_NOT_FOUND;
use windows_sys::Win32::Security::Credentials::{
    CRED_MAX_CREDENTIAL_BLOB_SIZE, CRED_PERSIST_LOCAL_MACHINE, CRED_TYPE_GENERIC, CREDENTIALW,
    CredDeleteW, CredFree, CredReadW, CredWriteW,
};

/// This user's Credential Manager.
#[derive(Debug, Default)]
pub struct CredentialManagerStore(());

impl CredentialManagerStore {
    /// The store; nothing is asked yet.
    #[must_use]
    pub fn new() -> Self {
        Self(())
    }
}

/// Neither a place nor a server's address holds a bar.
fn target(key: &Key) -> Vec<u16> {
    text::wide(format!(
        "Chancery|{}|{}|{}",
        key.place, key.server, key.user
    ))
}

fn unavailable(error: &io::Error) -> StoreError {
    StoreError::Unavailable {
        why: error.to_string(),
    }
}

fn is_missing(error: &io::Error) -> bool {
    error
        .raw_os_error()
        .is_some_and(|code| code.cast_unsigned() == ERROR_NOT_FOUND)
}

/// A credential that the system has given.
struct Given(*mut CREDENTIALW);

impl Drop for Given {
    fn drop(&mut self) {
        // SAFETY: `CredReadW` says to free it so, and it happens once.
        unsafe { CredFree(self.0.cast()) };
    }
}

impl SecretStore for CredentialManagerStore {
    fn read(&self, key: &Key) -> Found {
        let target = target(key);
        let mut found = std::ptr::null_mut();
        // SAFETY: the name ends in a zero; the pointer may be written.
        let outcome =
            checked(unsafe { CredReadW(target.as_ptr(), CRED_TYPE_GENERIC, 0, &raw mut found) });
        match outcome {
            Ok(()) => {}
            Err(error) if is_missing(&error) => return Found::Absent,
            Err(error) => {
                return Found::Unavailable {
                    why: error.to_string(),
                };
            }
        }
        let given = Given(found);
        // SAFETY: the call has given a credential, which lives as long as
        // `given`; its value has that many bytes and may be null without any.
        let value = unsafe {
            let credential = &*given.0;
            match usize::try_from(credential.CredentialBlobSize) {
                Ok(size) if size > 0 => std::slice::from_raw_parts(credential.CredentialBlob, size),
                _ => &[],
            }
        };
        match std::str::from_utf8(value) {
            Ok(value) => Found::Secret(Secret::from(value)),
            Err(_) => Found::Absent,
        }
    }

    fn write(&self, key: &Key, secret: &Secret) -> Result<(), StoreError> {
        let value = secret.reveal().as_bytes();
        let size = u32::try_from(value.len()).unwrap_or(u32::MAX);
        if size > CRED_MAX_CREDENTIAL_BLOB_SIZE {
            return Err(StoreError::Unavailable {
                why: format!(
                    "the secret is {size} bytes long, and the Credential Manager takes {CRED_MAX_CREDENTIAL_BLOB_SIZE}"
                ),
            });
        }
        let mut target = target(key);
        let mut user = text::wide(&key.user);
        let credential = CREDENTIALW {
            Type: CRED_TYPE_GENERIC,
            TargetName: target.as_mut_ptr(),
            CredentialBlobSize: size,
            CredentialBlob: value.as_ptr().cast_mut(),
            Persist: CRED_PERSIST_LOCAL_MACHINE,
            UserName: user.as_mut_ptr(),
            ..CREDENTIALW::default()
        };
        // SAFETY: both texts end in a zero, the value has that many bytes, all
        // outlive the call, and it changes none of them.
        checked(unsafe { CredWriteW(&raw const credential, 0) })
            .map_err(|error| unavailable(&error))
    }

    fn delete(&self, key: &Key) -> Result<(), StoreError> {
        let target = target(key);
        // SAFETY: the name ends in a zero.
        match checked(unsafe { CredDeleteW(target.as_ptr(), CRED_TYPE_GENERIC, 0) }) {
            Err(error) if !is_missing(&error) => Err(unavailable(&error)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CredentialManagerStore;
    use crate::keyring::{Found, Key, SecretStore};
    use chancery_proto::secret::Secret;

    #[test]
    fn a_secret_is_kept_replaced_and_removed_and_a_long_one_is_refused() {
        let store = CredentialManagerStore::new();
        let key = |user: &str| Key {
            place: format!("test-{}", std::process::id()),
            server: "https://work.example.com".to_owned(),
            user: user.to_owned(),
        };
        assert_eq!(store.read(&key("ada")), Found::Absent);
        store.delete(&key("ada")).expect("nothing to do");
        store.write(&key("ada"), &"one".into()).expect("kept");
        store.write(&key("ada"), &"zwölf".into()).expect("kept");
        assert_eq!(store.read(&key("ada")), Found::Secret("zwölf".into()));
        assert_eq!(store.read(&key("bob")), Found::Absent);
        let most = Secret::from("x".repeat(2560));
        store.write(&key("bob"), &most).expect("kept");
        assert_eq!(store.read(&key("bob")), Found::Secret(most));
        let error = store
            .write(&key("bob"), &"x".repeat(2561).into())
            .expect_err("too long");
        assert!(error.to_string().contains("takes 2560"), "{error}");
        store.delete(&key("ada")).expect("removed");
        store.delete(&key("bob")).expect("removed");
        assert_eq!(store.read(&key("ada")), Found::Absent);
    }
}
