//! Ending sessions: here at once, and on the server as far as it can be reached.

use super::{Seat, locked};
use crate::core::keeper::{Kept, Session};
use crate::core::policy::Keeping;
use chancery_proto::local::KeyringState;
use chancery_proto::secret::Secret;
use std::sync::Arc;
use std::time::Duration;

/// Telling a server that a session is over.
const FAREWELL: Duration = Duration::from_secs(5);
/// A session that was replaced is ended when its last call is done, or then.
const OVERLAP: Duration = Duration::from_secs(30);

impl Seat {
    /// Ends a session that was replaced, when its calls are done.
    pub(super) fn retire(self: &Arc<Self>, session: Session) {
        let (seat, lessor, number) = (Arc::clone(self), session.lessor.clone(), session.number);
        locked(&self.retiring).push(session);
        tokio::spawn(async move {
            // Calls that take longer lose it; the next call has the new one.
            let _ = tokio::time::timeout(OVERLAP, lessor.all_back()).await;
            let over = {
                let mut retiring = locked(&seat.retiring);
                let at = retiring.iter().position(|session| session.number == number);
                at.map(|at| retiring.swap_remove(at))
            };
            if let Some(session) = over {
                seat.say_farewell(Some(&session.token), session.refresh.as_ref())
                    .await;
            }
        });
    }

    /// Keeps the session that is there in the person's own file.
    pub(crate) async fn keep_in_file(&self) {
        let kept = {
            let keeper = self.keeper();
            keeper
                .user()
                .map(str::to_owned)
                .zip(keeper.session().map(Session::kept))
        };
        if let Some((user, kept)) = kept {
            let vault = &self.surroundings.vault;
            let keyring = vault.keep(&self.address(), &user, &kept, true).await;
            self.keeper().keyring_is(keyring);
            self.changed();
        }
    }

    /// What may not be kept any more is removed. A session that is in use goes
    /// on in memory; one that nobody could use again is ended on the server.
    pub(crate) async fn stop_keeping(&self) {
        let Some(user) = self.keeper().user().map(str::to_owned) else {
            return;
        };
        let vault = &self.surroundings.vault;
        let withdrawn = vault.withdraw(&self.address(), &user).await;
        let has_session = {
            let mut keeper = self.keeper();
            if vault.keeping() == Keeping::Nothing || withdrawn.is_some() {
                keeper.keyring_is(KeyringState::Unavailable);
            }
            keeper.session().is_some()
        };
        self.changed();
        // A sign-in that is under way may have it in its hand.
        let in_use = has_session || self.flights.is_up();
        match withdrawn.filter(|_| !in_use) {
            Some(Kept::Refresh(refresh)) => self.say_farewell(None, Some(&refresh)).await,
            Some(Kept::Session(token)) => self.say_farewell(Some(&token), None).await,
            None => {}
        }
    }

    /// Ends the session: here at once, then on the server as far as it can be
    /// reached.
    pub(crate) async fn leave(&self) {
        let (user, session) = self.keeper().leave();
        self.changed();
        // What is kept may be all there is of a session from before a restart.
        let mut refresh = session.as_ref().and_then(|session| session.refresh.clone());
        let mut token = session.map(|session| session.token);
        if let Some(user) = &user {
            let vault = &self.surroundings.vault;
            if token.is_none() {
                match vault.look(&self.address(), user).await.kept {
                    Some(Kept::Refresh(kept)) => refresh = Some(kept),
                    Some(Kept::Session(kept)) => token = Some(kept),
                    None => {}
                }
            }
            vault.forget(&self.address(), user).await;
        }
        self.say_farewell(token.as_ref(), refresh.as_ref()).await;
        self.end_retiring().await;
    }

    /// Before the agent ends.
    pub(crate) async fn close(&self) {
        let unkept = self.keeper().close();
        if let Some(session) = unkept {
            self.say_farewell(Some(&session.token), session.refresh.as_ref())
                .await;
        }
        self.end_retiring().await;
    }

    async fn end_retiring(&self) {
        let retiring = std::mem::take(&mut *locked(&self.retiring));
        for session in retiring {
            self.say_farewell(Some(&session.token), session.refresh.as_ref())
                .await;
        }
    }

    pub(crate) async fn say_farewell(&self, token: Option<&Secret>, refresh: Option<&Secret>) {
        match tokio::time::timeout(FAREWELL, self.remote.sign_out(token, refresh)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "the server could not be told that a session is over");
            }
            Err(_) => tracing::warn!("the server could not be told in time that a session is over"),
        }
    }
}
