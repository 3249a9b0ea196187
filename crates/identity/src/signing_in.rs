//! Signing in: with a password, or with what somebody else has proved.

use crate::identity::{Identity, Sessions};
use crate::memory::lock;
use crate::persona::Persona;
use crate::session::{Record, Session};
use crate::{IdentityError, tokens};
use chancery_proto::clock::Timestamp;
use chancery_proto::secret::Secret;
use chancery_store::StoreError;
use chancery_store::audit::AuditEntry;
use chancery_store::grants::{Begun, GrantRow, RefreshRow, SessionRow};
use chancery_store::users::{User, key_of};
use std::sync::Arc;
use std::time::Duration;

/// Somebody who wants to sign in.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The id, in any case.
    pub user: String,
    /// How they prove it.
    pub proof: Proof,
    /// As what.
    pub persona: Persona,
    /// The kind of application, or the registered one, whose lifetimes hold.
    pub application: String,
    /// The application's own name, as it gave it.
    pub client: String,
    /// The device's name, as it gave it.
    pub device: String,
    /// From where.
    pub address: String,
}

/// How somebody proves who they are.
#[derive(Debug, Clone)]
pub enum Proof {
    /// A password, which is checked here.
    Password(Secret),
    /// A Kerberos ticket that was accepted: the caller vouches for the user.
    Ticket,
}

impl Proof {
    /// The name of the method, in the audit, in counters and in lists.
    #[must_use]
    pub fn method(&self) -> &'static str {
        match self {
            Self::Password(_) => "password",
            Self::Ticket => "kerberos",
        }
    }
}

/// A sign-in that is about to begin.
pub(crate) struct Beginning<'a> {
    /// The person's key.
    pub(crate) user: String,
    pub(crate) persona: Persona,
    pub(crate) method: &'static str,
    pub(crate) application: &'a str,
    pub(crate) client: &'a str,
    pub(crate) device: &'a str,
    pub(crate) address: &'a str,
}

/// What a sign-in gives.
pub(crate) struct Tokens {
    session: Secret,
    refresh: Secret,
}

/// Somebody who signed in, or whose session was renewed.
#[derive(Debug)]
pub struct SignedIn {
    /// The session's token.
    pub token: Secret,
    /// Renews the session once. Where renewing is off it is a text that no one accepts.
    pub refresh_token: Secret,
    /// The session ends when it was not used for so long.
    pub idle: Duration,
    /// As what.
    pub persona: Persona,
    /// Who.
    pub user: Arc<User>,
}

impl Identity {
    /// Signs somebody in and writes it down, refused attempts too.
    ///
    /// # Errors
    /// [`IdentityError::WrongPassword`] for an unknown user, a wrong password and a
    /// disabled person alike, after the same time; [`IdentityError::NoUser`] where a
    /// ticket proves somebody who may not sign in; [`IdentityError::TooSoon`] after
    /// wrong passwords; [`IdentityError::NotAdministrator`];
    /// [`IdentityError::Busy`]; [`IdentityError::Store`].
    pub async fn sign_in(&self, sign_in: SignIn) -> Result<SignedIn, IdentityError> {
        let outcome = self.try_sign_in(&sign_in).await;
        let word = match &outcome {
            Ok(_) => "success",
            Err(
                IdentityError::WrongPassword
                | IdentityError::NoUser
                | IdentityError::NotAdministrator,
            ) => "refused",
            Err(IdentityError::TooSoon(_)) => "delayed",
            Err(IdentityError::Busy(_)) => "busy",
            Err(_) => "failed",
        };
        self.sign_ins.add(sign_in.proof.method(), word);
        if outcome.is_err() {
            self.audit(&sign_in, word).await;
        }
        outcome
    }

    /// Counts and writes down a sign-in that came no further than to its proof:
    /// a ticket that was not accepted.
    pub async fn note_refused(&self, sign_in: &SignIn) {
        self.sign_ins.add(sign_in.proof.method(), "refused");
        self.audit(sign_in, "refused").await;
    }

    async fn audit(&self, sign_in: &SignIn, word: &str) {
        let entry = self.entry(sign_in, word);
        if let Err(error) = self.store.add_audit(entry).await {
            tracing::error!(%error, "a refused sign-in could not be written to the audit");
        }
    }

    async fn try_sign_in(&self, sign_in: &SignIn) -> Result<SignedIn, IdentityError> {
        self.must_be_up()?;
        let (matches, refusal) = match &sign_in.proof {
            Proof::Password(password) => {
                self.is_time(sign_in)?;
                let hash = self.store.password_hash(&sign_in.user)?;
                let verified = self.passwords.verify(hash.as_deref(), password.clone());
                let matches = verified.await?;
                // Of many tries at once no more are told than one after the other.
                self.is_time(sign_in)?;
                (matches, IdentityError::WrongPassword)
            }
            Proof::Ticket => (true, IdentityError::NoUser),
        };
        // Asked after the hashing, so that a disabled person takes as long.
        let user = self.store.user(&sign_in.user)?;
        let user = user.filter(|user| matches && user.enabled);
        if matches!(sign_in.proof, Proof::Password(_)) {
            self.note_try(&key_of(&sign_in.user), &sign_in.address, user.is_some());
        }
        let Some(user) = user else {
            return Err(refusal);
        };
        if sign_in.persona == Persona::Administrator && !user.is_admin {
            return Err(IdentityError::NotAdministrator);
        }
        self.meet(&user)?;
        self.begin(sign_in).await
    }

    /// Whether a password may be tried now.
    fn is_time(&self, sign_in: &SignIn) -> Result<(), IdentityError> {
        let account = key_of(&sign_in.user);
        let wait = lock(&self.attempts).wait(&account, &sign_in.address, self.clock.now());
        if wait.is_zero() {
            return Ok(());
        }
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Err(IdentityError::TooSoon(
            u32::try_from(seconds).unwrap_or(u32::MAX),
        ))
    }

    async fn begin(&self, sign_in: &SignIn) -> Result<SignedIn, IdentityError> {
        let beginning = Beginning {
            user: key_of(&sign_in.user),
            persona: sign_in.persona,
            method: sign_in.proof.method(),
            application: &sign_in.application,
            client: &sign_in.client,
            device: &sign_in.device,
            address: &sign_in.address,
        };
        let entry = self.entry(sign_in, "success");
        let (begun, tokens) = self.prepare(beginning, entry).await?;
        let written = self
            .store
            .add_grant(
                begun.grant.clone(),
                begun.session.clone(),
                begun.refresh.clone(),
                begun.entry.clone(),
            )
            .await;
        match written {
            // Removed in this moment.
            Err(StoreError::NotFound(_)) => {
                return Err(match sign_in.proof {
                    Proof::Password(_) => IdentityError::WrongPassword,
                    Proof::Ticket => IdentityError::NoUser,
                });
            }
            other => other?,
        }
        self.take_up(begun, tokens).await
    }

    /// A sign-in that is not written down yet, and the tokens it will give. Where
    /// sessions are shared they know it for a moment already: whoever cannot keep
    /// it says so before anything is used up.
    pub(crate) async fn prepare(
        &self,
        beginning: Beginning<'_>,
        entry: AuditEntry,
    ) -> Result<(Begun, Tokens), IdentityError> {
        let now = self.clock.now();
        let lifetimes = self.lifetimes.of(beginning.application);
        let tokens = Tokens {
            session: tokens::random_token()?,
            refresh: tokens::random_token()?,
        };
        let grant = GrantRow {
            id: tokens::random_id()?,
            user: beginning.user,
            application: lifetimes.name().to_string(),
            client: beginning.client.to_owned(),
            persona: beginning.persona.as_str().to_owned(),
            method: beginning.method.to_owned(),
            device: beginning.device.to_owned(),
            address: beginning.address.to_owned(),
            created: now,
        };
        let session = SessionRow {
            hash: tokens::hash_of(tokens.session.reveal()),
            id: tokens::random_id()?,
            grant_id: grant.id.clone(),
            created: now,
            last_use: now,
            dies: None,
            address: beginning.address.to_owned(),
        };
        let refresh = lifetimes.refresh().map(|life| RefreshRow {
            hash: tokens::hash_of(tokens.refresh.reveal()),
            grant_id: grant.id.clone(),
            created: now,
            expires: now.plus(life.min(lifetimes.absolute())),
        });
        self.announce(&grant, &session).await?;
        let begun = Begun {
            grant,
            session,
            refresh,
            entry,
        };
        Ok((begun, tokens))
    }

    /// Takes in a session that the database is to have next, for a moment. Nobody
    /// has its token yet. Embedded there is nothing to do.
    pub(crate) async fn announce(
        &self,
        grant: &GrantRow,
        row: &SessionRow,
    ) -> Result<(), IdentityError> {
        let Sessions::Shared(shared) = &self.sessions else {
            return Ok(());
        };
        let put = shared.put(&Record::of(grant, row)).await;
        put.map_err(|_| IdentityError::SessionsUnavailable)
    }

    /// Takes up a sign-in that was written down.
    pub(crate) async fn take_up(
        &self,
        begun: Begun,
        tokens: Tokens,
    ) -> Result<SignedIn, IdentityError> {
        let now = begun.grant.created;
        let session = self.adopt(&begun.grant, &begun.session).await?;
        Ok(signed_in(&session, now, tokens.session, tokens.refresh))
    }

    /// Takes in a session that the database has.
    pub(crate) async fn adopt(
        &self,
        grant: &GrantRow,
        row: &SessionRow,
    ) -> Result<Arc<Session>, IdentityError> {
        let session = self.session_of(Record::of(grant, row))?;
        let session = Arc::new(session.ok_or(IdentityError::CannotRenew)?);
        let memory = match &self.sessions {
            Sessions::Shared(shared) => {
                // It was announced before it was written: whoever ended it since
                // has deleted it, and this brings nothing back.
                shared.live_on(&session).await;
                return Ok(session);
            }
            Sessions::Memory(memory) => memory,
        };
        let session = memory.insert(session);
        // Whoever ended the sign-in since it was written has looked for its
        // sessions before this one was there: look again.
        let is_over = self.store.grant_is_over(&grant.id);
        if !matches!(is_over, Ok(false)) {
            memory.remove(&session.hash);
        }
        if is_over? {
            return Err(IdentityError::CannotRenew);
        }
        Ok(session)
    }

    fn entry(&self, sign_in: &SignIn, outcome: &str) -> AuditEntry {
        AuditEntry {
            at: self.now(),
            user: sign_in.user.chars().take(64).collect(),
            activity: "sign-in".to_owned(),
            outcome: outcome.to_owned(),
            method: sign_in.proof.method().to_owned(),
            application: sign_in.client.clone(),
            address: sign_in.address.clone(),
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// What somebody gets whose session lives from `now` on.
pub(crate) fn signed_in(
    session: &Session,
    now: Timestamp,
    token: Secret,
    refresh_token: Secret,
) -> SignedIn {
    SignedIn {
        token,
        refresh_token,
        idle: session.life(now),
        persona: session.persona,
        user: session.person.facts(),
    }
}
