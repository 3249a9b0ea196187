//! Signing in where there is no browser: the application shows a short code,
//! and the person types it at this server's page on another device (RFC 8628).

use crate::clients::{Client, Way};
use crate::identity::Identity;
use crate::memory::lock;
use crate::persona::Persona;
use crate::signing_in::Beginning;
use crate::{IdentityError, SignedIn, tokens};
use chancery_proto::secret::Secret;
use chancery_store::StoreError;
use chancery_store::audit::AuditEntry;
use chancery_store::device_codes::{DeviceCodeRow, Waiting};
use chancery_store::grants::TokenHash;
use chancery_store::users::key_of;
use std::time::Duration;

/// How long an application waits for a person.
pub const DEVICE_CODE_LIFE: Duration = Duration::from_secs(600);
/// How long it waits between two questions, at least.
pub const PACE: Duration = Duration::from_secs(5);
/// So many may wait that were asked for from one address.
const MOST_WAITING: u32 = 100;
/// The method's name, in the audit, in counters and in lists.
const METHOD: &str = "device";
/// No vowels, so that no words come out, and nothing that looks like another
/// (RFC 8628, section 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LENGTH: usize = 8;

/// An application that wants somebody signed in at another device.
#[derive(Debug, Clone)]
pub struct DeviceRequest<'a> {
    /// The application.
    pub client: &'a Client,
    /// As what.
    pub persona: Persona,
    /// The device's name, as it gave it.
    pub device: String,
    /// From where.
    pub address: String,
}

/// What it gets.
#[derive(Debug)]
pub struct DeviceCode {
    /// For the application: it asks with this whether the person has decided.
    pub device_code: Secret,
    /// For the person: eight letters with a hyphen in the middle.
    pub user_code: String,
}

/// How far it has come.
#[derive(Debug)]
pub enum DeviceSignIn {
    /// The person let it in.
    SignedIn(SignedIn),
    /// The person has not decided yet.
    Undecided,
    /// It asks too often, and has to wait longer from now on.
    TooSoon,
    /// The person does not want it.
    Refused,
    /// Too late, used already, or never there.
    Over,
}

/// The letters of a code as it was typed: case, spaces and hyphens mean nothing.
fn letters_of(typed: &str) -> Option<String> {
    let letters: String = typed
        .chars()
        .filter(|letter| !letter.is_whitespace() && !"-‐‑–—.".contains(*letter))
        .map(|letter| letter.to_ascii_uppercase())
        .take(LENGTH + 1)
        .collect();
    (letters.len() == LENGTH && letters.bytes().all(|letter| LETTERS.contains(&letter)))
        .then_some(letters)
}

fn hash_of_user_code(letters: &str) -> TokenHash {
    tokens::hash_of(&format!("user code {letters}"))
}

fn random_letters() -> Result<String, getrandom::Error> {
    let mut letters = String::with_capacity(LENGTH);
    while letters.len() < LENGTH {
        let mut byte = [0_u8];
        getrandom::fill(&mut byte)?;
        // 240 is a multiple of 20: every letter is as likely.
        if byte[0] < 240 {
            letters.push(char::from(LETTERS[usize::from(byte[0] % 20)]));
        }
    }
    Ok(letters)
}

impl Identity {
    /// Begins a sign-in that waits for a person at another device.
    ///
    /// # Errors
    /// [`IdentityError::Busy`] when too many wait; [`IdentityError::Store`].
    pub async fn begin_device_sign_in(
        &self,
        request: DeviceRequest<'_>,
    ) -> Result<DeviceCode, IdentityError> {
        let now = self.clock.now();
        let device_code = tokens::random_token()?;
        let letters = random_letters()?;
        let row = DeviceCodeRow {
            hash: tokens::hash_of(device_code.reveal()),
            user_code: hash_of_user_code(&letters),
            client: request.client.id.clone(),
            persona: request.persona.as_str().to_owned(),
            device: request.device,
            address: request.address,
            created: now,
            expires: now.plus(DEVICE_CODE_LIFE),
            pace: PACE,
        };
        match self.store.add_device_code(row, MOST_WAITING).await {
            Err(StoreError::Conflict(_)) => return Err(IdentityError::Busy(60)),
            other => other?,
        }
        let (first, second) = letters.split_at(LENGTH / 2);
        Ok(DeviceCode {
            device_code,
            user_code: format!("{first}-{second}"),
        })
    }

    /// What waits under the code that a person typed; None when nothing does.
    /// Whoever types wrong ones has to wait, longer each time.
    ///
    /// # Errors
    /// [`IdentityError::TooSoon`]; [`IdentityError::Store`].
    pub fn waiting_sign_in(
        &self,
        typed: &str,
        user: &str,
        address: &str,
    ) -> Result<Option<DeviceCodeRow>, IdentityError> {
        let now = self.clock.now();
        // Apart from the passwords' counts: nobody is kept from signing in by it.
        let (account, place) = (
            format!("code\0{}", key_of(user)),
            format!("code\0{address}"),
        );
        let wait = lock(&self.attempts).wait(&account, &place, now);
        if !wait.is_zero() {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            return Err(IdentityError::TooSoon(
                u32::try_from(seconds).unwrap_or(u32::MAX),
            ));
        }
        let found = match letters_of(typed) {
            Some(letters) => self
                .store
                .waiting_sign_in(hash_of_user_code(&letters), now)?,
            None => None,
        };
        if found.is_none() {
            self.note_try(&account, &place, false);
        }
        Ok(found)
    }

    /// Writes down what a person decided about the sign-in that waits under a
    /// code. Answers whether it still waited.
    ///
    /// # Errors
    /// [`IdentityError::Store`].
    pub async fn decide_device_sign_in(
        &self,
        typed: &str,
        user: &str,
        allowed: bool,
    ) -> Result<bool, IdentityError> {
        let Some(letters) = letters_of(typed) else {
            return Ok(false);
        };
        let now = self.clock.now();
        let code = hash_of_user_code(&letters);
        Ok(self
            .store
            .decide_device_code(code, &key_of(user), allowed, now)
            .await?)
    }

    /// Whether the person has decided, for the application that asks: once they
    /// have let it in, it is signed in by that.
    ///
    /// # Errors
    /// [`IdentityError::Store`].
    pub async fn ask_device_sign_in(
        &self,
        device_code: &str,
        client: &Client,
        address: &str,
    ) -> Result<DeviceSignIn, IdentityError> {
        if !client.may(Way::Device) {
            return Ok(DeviceSignIn::Over);
        }
        self.must_be_up()?;
        let now = self.clock.now();
        let hash = tokens::hash_of(device_code);
        let (waiting, row) = self.store.ask_device_code(hash, &client.id, now).await?;
        let (user, row) = match (waiting, row) {
            (Waiting::Allowed(user), Some(row)) => (user, row),
            (Waiting::Undecided, _) => return Ok(DeviceSignIn::Undecided),
            (Waiting::TooSoon, _) => return Ok(DeviceSignIn::TooSoon),
            (Waiting::Refused, _) => return Ok(DeviceSignIn::Refused),
            (Waiting::Over | Waiting::Allowed(_), _) => return Ok(DeviceSignIn::Over),
        };
        let person = self.store.user(&user)?;
        let Some(person) =
            person.filter(|person| person.enabled && row.created >= person.not_before)
        else {
            return Ok(DeviceSignIn::Over);
        };
        self.meet(&person)?;
        let entry = AuditEntry {
            at: now,
            user: user.clone(),
            activity: "sign-in".to_owned(),
            outcome: "success".to_owned(),
            method: METHOD.to_owned(),
            application: client.id.clone(),
            address: address.to_owned(),
        };
        let beginning = Beginning {
            user,
            persona: Persona::from_name(&row.persona).unwrap_or(Persona::User),
            method: METHOD,
            application: client.application(),
            client: &client.id,
            device: &row.device,
            address,
        };
        let (begun, tokens) = self.prepare(beginning, entry).await?;
        let taken = match self.store.take_device_code(hash, begun.clone()).await {
            Err(StoreError::NotFound(_)) => false,
            other => other?,
        };
        if !taken {
            return Ok(DeviceSignIn::Over);
        }
        self.sign_ins.add(METHOD, "success");
        Ok(DeviceSignIn::SignedIn(self.take_up(begun, tokens).await?))
    }
}

#[cfg(test)]
mod tests {
    use super::{letters_of, random_letters};

    #[test]
    fn a_code_is_read_however_it_was_typed() {
        for typed in [
            "BCDF-GHJK",
            "bcdfghjk",
            " bcdf ghjk ",
            "BCDF–GHJK",
            "bcdf.ghjk",
        ] {
            assert_eq!(letters_of(typed).as_deref(), Some("BCDFGHJK"), "{typed}");
        }
        for typed in [
            "",
            "BCDF-GHJ",
            "BCDF-GHJKL",
            "ACDF-GHJK",
            "BCDF-GHJ1",
            "бцдфгхйк",
            &"B".repeat(9999),
        ] {
            assert_eq!(letters_of(typed), None, "{typed}");
        }
    }

    #[test]
    fn what_is_made_up_can_be_typed() {
        for _ in 0..200 {
            let letters = random_letters().expect("random numbers");
            assert_eq!(letters_of(&letters), Some(letters));
        }
    }
}
