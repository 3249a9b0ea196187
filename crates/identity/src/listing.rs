//! The list of sessions, and ending them.

use crate::IdentityError;
use crate::identity::Identity;
use crate::tokens;
use chancery_proto::clock::Timestamp;
use chancery_store::audit::AuditEntry;
use chancery_store::users::key_of;
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
    #[must_use]
    pub fn sessions(&self, whose: &Whose) -> Vec<SessionInfo> {
        let now = self.clock.now();
        let key = match whose {
            Whose::Of(user) => Some(key_of(user)),
            Whose::Everybodys => None,
        };
        let mut all: Vec<SessionInfo> = self
            .sessions
            .all()
            .into_iter()
            .filter(|session| {
                key.as_ref()
                    .is_none_or(|key| session.grant.row.user == *key)
            })
            .filter_map(|session| {
                let (idle_left, absolute_left) = session.left(now).ok()?;
                let grant = &session.grant.row;
                Some(SessionInfo {
                    id: session.id.clone(),
                    user: session.grant.person.facts().id.clone(),
                    application: grant.application.clone(),
                    client: grant.client.clone(),
                    persona: grant.persona.clone(),
                    method: grant.method.clone(),
                    device: grant.device.clone(),
                    address: session.address.clone(),
                    signed_in: grant.created,
                    created: session.created,
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
        all
    }

    /// Ends the sign-in that a token belongs to, whether the session still
    /// lives or not. The token may be a session's or a refresh token. A token
    /// that nobody knows is as good as ended.
    ///
    /// # Errors
    /// [`IdentityError::Store`]; the session then goes on.
    pub async fn end(&self, token: &str, address: &str) -> Result<(), IdentityError> {
        let hash = tokens::hash_of(token);
        let grant = match self.sessions.get(&hash) {
            Some(session) => Some(session.grant.row.id.clone()),
            None => self.store.grant_of_token(hash)?,
        };
        if let Some(grant) = grant {
            self.end_grant(&grant, "", "sign-out", address).await?;
        }
        Ok(())
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
        let key = match whose {
            Whose::Of(user) => Some(key_of(user)),
            Whose::Everybodys => None,
        };
        let found = self.sessions.all().into_iter().find(|session| {
            session.id == id
                && key
                    .as_ref()
                    .is_none_or(|key| session.grant.row.user == *key)
        });
        let session = found.ok_or(IdentityError::NoSuchSession)?;
        self.end_grant(&session.grant.row.id, by, "session ended", address)
            .await
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
            count += ended.len();
            for grant in ended {
                self.sessions.end(&grant);
            }
        }
        Ok(count)
    }

    async fn end_grant(
        &self,
        grant: &str,
        by: &str,
        activity: &str,
        address: &str,
    ) -> Result<(), IdentityError> {
        let whose = self
            .sessions
            .all()
            .into_iter()
            .find(|session| session.grant.row.id == grant)
            .map(|session| session.grant.row.user.clone())
            .unwrap_or_default();
        let entry = self.ending(by, &whose, activity, address);
        // Durable first: memory forgets only what the database has ended.
        self.store.end_grant(grant, self.clock.now(), entry).await?;
        self.sessions.end(grant);
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
