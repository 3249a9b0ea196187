//! The list of sessions, and ending them.

use crate::identity::{Identity, Sessions};
use crate::memory::ByToken;
use crate::session::Session;
use crate::{IdentityError, tokens};
use chancery_proto::clock::Timestamp;
use chancery_store::audit::AuditEntry;
use chancery_store::grants::GrantRow;
use chancery_store::users::key_of;
use std::sync::Arc;
use std::time::Duration;

/// Whose sessions are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// One person's, by id.
    Of(String),
    /// Everybody's: for administrators.
    Everybodys,
}

/// A session as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionInfo {
    /// What it is named by; not secret.
    pub id: String,
    /// Whose it is.
    pub user: String,
    /// The kind of application, for example `desktop`.
    pub application: String,
    /// The application's own name, as it gave it.
    pub client: String,
    /// `user` or `admin`.
    pub persona: String,
    /// For example `password`.
    pub method: String,
    /// The device's name, as it gave it.
    pub device: String,
    /// Where it was made.
    pub address: String,
    /// When the person signed in.
    pub signed_in: Timestamp,
    /// When the session was made.
    pub created: Timestamp,
    /// When it was last used.
    pub last_use: Timestamp,
    /// Left until it ends for lack of use.
    pub idle_left: Duration,
    /// Left until it ends whatever happens.
    pub absolute_left: Duration,
}

impl Identity {
    /// The living sessions, the last used first.
    ///
    /// # Errors
    /// [`IdentityError::SessionsUnavailable`]; [`IdentityError::Store`].
    pub async fn sessions(&self, whose: &Whose) -> Result<Vec<SessionInfo>, IdentityError> {
        let now = self.clock.now();
        let rows = match whose {
            Whose::Of(user) => self.store.living_sessions_of(user, now)?,
            Whose::Everybodys => self.store.living_sessions(now)?,
        };
        let hashes: Vec<_> = rows.iter().map(|(_, session)| session.hash).collect();
        let living: ByToken<Arc<Session>> = match &self.sessions {
            Sessions::Memory(memory) => {
                let found = hashes.iter().filter_map(|hash| memory.get(hash));
                found.map(|session| (session.hash, session)).collect()
            }
            Sessions::Shared(shared) => {
                let records = shared.records(&hashes).await;
                let records = records.map_err(|_| IdentityError::SessionsUnavailable)?;
                let mut living = ByToken::default();
                for record in records {
                    if let Some(session) = self.session_of(record)? {
                        living.insert(session.hash, Arc::new(session));
                    }
                }
                living
            }
        };
        let mut all: Vec<SessionInfo> = rows
            .into_iter()
            .filter_map(|(grant, row)| {
                let session = living.get(&row.hash)?;
                let (idle_left, absolute_left) = session.left(now).ok()?;
                Some(SessionInfo {
                    id: row.id,
                    user: session.person.facts().id.clone(),
                    application: grant.application,
                    client: grant.client,
                    persona: grant.persona,
                    method: grant.method,
                    device: grant.device,
                    address: row.address,
                    signed_in: grant.created,
                    created: row.created,
                    last_use: session.last_use(),
                    idle_left,
                    absolute_left,
                })
            })
            .collect();
        all.sort_by(|one, two| {
            two.last_use
                .cmp(&one.last_use)
                .then_with(|| one.id.cmp(&two.id))
        });
        Ok(all)
    }

    /// Ends the sign-in that a token belongs to, whether the session still
    /// lives or not. The token may be a session's or a refresh token. A token
    /// that nobody knows is as good as ended.
    ///
    /// # Errors
    /// [`IdentityError::Store`]; the session then goes on.
    pub async fn end(&self, token: &str, address: &str) -> Result<(), IdentityError> {
        match self.store.grant_of_token(tokens::hash_of(token))? {
            Some(grant) => self.end_grant(&grant, "", "sign-out", address).await,
            None => Ok(()),
        }
    }

    /// Ends the sign-in that a session belongs to.
    ///
    /// # Errors
    /// [`IdentityError::NoSuchSession`] when there is none among `whose`; [`IdentityError::Store`].
    pub async fn end_session(
        &self,
        id: &str,
        whose: &Whose,
        by: &str,
        address: &str,
    ) -> Result<(), IdentityError> {
        let found = self.store.grant_of_session(id)?;
        let found = found.filter(|grant| match whose {
            Whose::Of(user) => grant.user == key_of(user),
            Whose::Everybodys => true,
        });
        let grant = found.ok_or(IdentityError::NoSuchSession)?;
        self.end_grant(&grant, by, "session ended", address).await
    }

    /// Ends every sign-in of one person, or of everybody. Answers how many.
    ///
    /// # Errors
    /// [`IdentityError::Store`]; what was not ended yet then goes on.
    pub async fn end_all(
        &self,
        whose: &Whose,
        by: &str,
        address: &str,
    ) -> Result<usize, IdentityError> {
        let users = match whose {
            Whose::Of(user) => vec![key_of(user)],
            Whose::Everybodys => {
                let everybody = self.store.users()?;
                everybody
                    .iter()
                    .map(chancery_store::users::User::key)
                    .collect()
            }
        };
        let mut count = 0;
        for user in users {
            let entry = self.ending(by, &user, "sessions ended", address);
            let ended = self
                .store
                .end_grants_of(&user, self.clock.now(), entry)
                .await?;
            count += ended.grants;
            self.forget(&ended.tokens).await;
        }
        Ok(count)
    }

    async fn end_grant(
        &self,
        grant: &GrantRow,
        by: &str,
        activity: &str,
        address: &str,
    ) -> Result<(), IdentityError> {
        let entry = self.ending(by, &grant.user, activity, address);
        // Durable first: nothing forgets but what the database has ended.
        let now = self.clock.now();
        let ended = self.store.end_grant(&grant.id, now, entry).await?;
        self.forget(&ended.tokens).await;
        Ok(())
    }

    fn ending(&self, by: &str, whose: &str, activity: &str, address: &str) -> AuditEntry {
        let user = if by.is_empty() { whose } else { by };
        let activity = if by.is_empty() || key_of(by) == whose {
            activity.to_owned()
        } else {
            format!("{activity} of {whose}")
        };
        AuditEntry {
            at: self.clock.now(),
            user: user.to_owned(),
            activity,
            outcome: "success".to_owned(),
            method: String::new(),
            application: String::new(),
            address: address.to_owned(),
        }
    }
}
