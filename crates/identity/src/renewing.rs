//! Renewing a session with a refresh token (RFC 6749, section 6; rotation and
//! the end of the family on reuse: RFC 9700, section 4.14).

use crate::clients::Client;
use crate::identity::{Identity, Sessions};
use crate::session::Session;
use crate::signing_in::signed_in;
use crate::{IdentityError, SignedIn, tokens};
use chancery_proto::secret::Secret;
use chancery_store::renewals::{OVERLAP, Renewal, Renewed, TakenOver};
use std::sync::Arc;

impl Identity {
    /// Renews a session. The old one goes on for a moment, so that its calls
    /// can finish. `by` is the application that asks, where it said and proved
    /// which it is: one that was registered with a secret has to.
    ///
    /// # Errors
    /// [`IdentityError::CannotRenew`] when a person has to sign in;
    /// [`IdentityError::Store`] and [`IdentityError::SessionsUnavailable`]: then the
    /// token is still good, or gives the same answer for a minute.
    pub async fn renew(
        &self,
        refresh_token: &Secret,
        by: Option<&Client>,
        address: &str,
    ) -> Result<SignedIn, IdentityError> {
        let shown = refresh_token.reveal();
        let outcome = self.try_renew(shown, by, address).await;
        let word = match &outcome {
            Ok(_) => "success",
            Err(IdentityError::CannotRenew) => "refused",
            Err(_) => "failed",
        };
        self.sign_ins.add("refresh", word);
        outcome
    }

    async fn try_renew(
        &self,
        shown: &str,
        by: Option<&Client>,
        address: &str,
    ) -> Result<SignedIn, IdentityError> {
        let token = tokens::successor(&self.key, "session", shown);
        let next_refresh = tokens::successor(&self.key, "refresh", shown);
        let session_hash = tokens::hash_of(token.reveal());
        let now = self.clock.now();
        let renewal = Renewal {
            shown: tokens::hash_of(shown),
            session_hash,
            // Of two who renew at once both mean the same session.
            session_id: tokens::id_of(&tokens::successor(&self.key, "session id", shown)),
            next_refresh: tokens::hash_of(next_refresh.reveal()),
            successor_used: match &self.sessions {
                Sessions::Memory(memory) => memory
                    .get(&session_hash)
                    .is_some_and(|session| session.was_used()),
                Sessions::Shared(shared) => shared
                    .was_used(&session_hash)
                    .await
                    .map_err(|_| IdentityError::SessionsUnavailable)?,
            },
            policies: self.lifetimes.all(),
            application: by.map(|client| client.application().to_owned()),
            proving: self.clients.proving(),
            address: address.to_owned(),
            now,
        };
        // Whoever cannot keep the session says so before the token is used up.
        if let Some(grant) = self.store.renewable(&renewal)? {
            self.announce(&grant, &renewal.session_of(&grant)).await?;
        }
        let session = match self.store.renew(renewal).await? {
            Renewed::Refused => return Err(IdentityError::CannotRenew),
            Renewed::Reused(ended) => {
                self.forget(&ended.tokens).await;
                return Err(IdentityError::CannotRenew);
            }
            Renewed::Again(over) => self.adopt(&over.grant, &over.session).await?,
            Renewed::Fresh(over) => self.take_over(&over).await?,
        };
        Ok(signed_in(&session, now, token, next_refresh))
    }

    /// Lets a session take over from the others of its sign-in.
    async fn take_over(&self, over: &TakenOver) -> Result<Arc<Session>, IdentityError> {
        let session = self.adopt(&over.grant, &over.session).await?;
        let dies = over.session.created.plus(OVERLAP);
        match &self.sessions {
            Sessions::Memory(memory) => {
                for other in over.others.iter().filter_map(|hash| memory.get(hash)) {
                    other.dies_at(dies);
                }
            }
            Sessions::Shared(shared) => shared.let_die(&over.others, dies).await,
        }
        Ok(session)
    }
}
