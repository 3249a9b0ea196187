//! Authorization codes (RFC 6749, section 4.1; RFC 7636; RFC 9700).
//!
//! A code is 256 random bits, lives for a minute, is used once, and is bound to
//! the application, to where it was sent, and to the proof key that the
//! application sent ahead.

use crate::clients::{Client, Way};
use crate::identity::Identity;
use crate::persona::Persona;
use crate::proof_key::Challenge;
use crate::signing_in::Beginning;
use crate::{IdentityError, SignedIn, tokens};
use chancery_proto::secret::Secret;
use chancery_store::StoreError;
use chancery_store::audit::AuditEntry;
use chancery_store::codes::{CodeRow, Redeemed};
use chancery_store::grants::TokenHash;
use std::time::Duration;

/// How long a code may wait for its use.
pub const CODE_LIFE: Duration = Duration::from_secs(60);
/// The method's name, in the audit, in counters and in lists.
const METHOD: &str = "browser";

/// What a person agreed to.
#[derive(Debug, Clone)]
pub struct Authorization<'a> {
    /// The application that they let in.
    pub client: &'a Client,
    /// Where the code is sent.
    pub redirect: String,
    /// Whether the application named that address itself.
    pub redirect_named: bool,
    /// The proof key's hash, where one was sent.
    pub challenge: Option<Challenge>,
    /// As what.
    pub persona: Persona,
}

/// Somebody who shows a code.
#[derive(Debug, Clone)]
pub struct Redeeming<'a> {
    /// The code.
    pub code: &'a str,
    /// The application, which has proved that it is itself.
    pub client: &'a Client,
    /// Where it says the code was sent.
    pub redirect: Option<&'a str>,
    /// Its proof key.
    pub verifier: Option<&'a str>,
    /// The device's name, as it gave it.
    pub device: String,
    /// From where.
    pub address: String,
}

const UNKNOWN: &str = "The code is unknown, too old or was used before. Sign in again.";

impl Identity {
    /// A code for an application that a person lets in.
    ///
    /// # Errors
    /// [`IdentityError::Store`].
    pub async fn authorize(
        &self,
        user: &str,
        authorization: Authorization<'_>,
    ) -> Result<Secret, IdentityError> {
        let now = self.clock.now();
        let code = tokens::random_token()?;
        let row = CodeRow {
            hash: tokens::hash_of(code.reveal()),
            client: authorization.client.id.clone(),
            redirect: authorization.redirect,
            redirect_named: authorization.redirect_named,
            challenge: authorization.challenge.map(|challenge| challenge.0),
            user: chancery_store::users::key_of(user),
            persona: authorization.persona.as_str().to_owned(),
            created: now,
            expires: now.plus(CODE_LIFE),
            is_used: false,
        };
        self.store.add_code(row).await?;
        Ok(code)
    }

    /// Begins the sign-in that a code stands for.
    ///
    /// # Errors
    /// [`IdentityError::CodeRefused`] with the reason; the code is then still
    /// good for whom it was given to, unless it was used before: that ends what
    /// it gave. [`IdentityError::Store`].
    pub async fn redeem(&self, redeeming: Redeeming<'_>) -> Result<SignedIn, IdentityError> {
        let mut whose = String::new();
        let outcome = self.try_redeem(&redeeming, &mut whose).await;
        let word = match &outcome {
            Ok(_) => "success",
            Err(IdentityError::CodeRefused(_)) => "refused",
            Err(_) => "failed",
        };
        self.sign_ins.add(METHOD, word);
        if outcome.is_err() {
            let entry = self.redeemed(&redeeming, &whose, word);
            if let Err(error) = self.store.add_audit(entry).await {
                tracing::error!(%error, "a refused code could not be written to the audit");
            }
        }
        outcome
    }

    async fn try_redeem(
        &self,
        redeeming: &Redeeming<'_>,
        whose: &mut String,
    ) -> Result<SignedIn, IdentityError> {
        let refused = |reason| Err(IdentityError::CodeRefused(reason));
        let hash = tokens::hash_of(redeeming.code);
        let Some(row) = self.store.code(hash)? else {
            return refused(UNKNOWN);
        };
        whose.clone_from(&row.user);
        if row.client != redeeming.client.id || !redeeming.client.may(Way::Code) {
            return refused("The code was given to another application. Sign in again.");
        }
        let same_place = match redeeming.redirect {
            Some(named) => named == row.redirect,
            None => !row.redirect_named,
        };
        if !same_place {
            return refused("redirect_uri is not where the code was sent.");
        }
        let is_its_own = match (row.challenge, redeeming.verifier) {
            (Some(challenge), Some(verifier)) => Challenge(challenge).is_met_by(verifier),
            (None, None) => true,
            // A proof key that nobody asked for is as wrong as a missing one
            // (RFC 9700, section 4.8.2).
            _ => false,
        };
        if !is_its_own {
            return refused("code_verifier is not the one that the code was asked for with.");
        }
        let now = self.clock.now();
        let person = self.store.user(&row.user)?;
        let person = person.filter(|user| user.enabled && row.created >= user.not_before);
        let Some(person) = person else {
            return refused("The person may no longer sign in.");
        };
        if now >= row.expires || row.is_used {
            // Too old, or used: whoever shows it now is nobody's. That needs the
            // database alone, however it is with the store of sessions.
            self.end_what_it_gave(hash).await?;
            return refused(UNKNOWN);
        }
        self.must_be_up()?;
        self.meet(&person)?;
        let beginning = Beginning {
            user: row.user.clone(),
            persona: Persona::from_name(&row.persona).unwrap_or(Persona::User),
            method: METHOD,
            application: redeeming.client.application(),
            client: &redeeming.client.id,
            device: &redeeming.device,
            address: &redeeming.address,
        };
        let entry = self.redeemed(redeeming, &row.user, "success");
        let (begun, tokens) = self.prepare(beginning, entry).await?;
        match self.store.redeem(hash, begun.clone()).await {
            Ok(Redeemed::Begun) => self.take_up(begun, tokens).await,
            Ok(Redeemed::Reused(ended)) => {
                self.forget(&ended.tokens).await;
                refused(UNKNOWN)
            }
            Ok(Redeemed::Unknown) => refused(UNKNOWN),
            Err(StoreError::NotFound(_)) => refused("The person may no longer sign in."),
            Err(error) => Err(error.into()),
        }
    }

    async fn end_what_it_gave(&self, hash: TokenHash) -> Result<(), IdentityError> {
        let now = self.clock.now();
        let ended = self.store.end_what_code_gave(hash, now).await?;
        self.forget(&ended.tokens).await;
        Ok(())
    }

    fn redeemed(&self, redeeming: &Redeeming<'_>, whose: &str, outcome: &str) -> AuditEntry {
        AuditEntry {
            at: self.clock.now(),
            user: whose.to_owned(),
            activity: "sign-in".to_owned(),
            outcome: outcome.to_owned(),
            method: METHOD.to_owned(),
            application: redeeming.client.id.clone(),
            address: redeeming.address.clone(),
        }
    }
}
