//! One server: its session, and the one sign-in that may be in flight.
//!
//! A flight belongs to the seat and has its own deadline; callers wait for it
//! or leave, and the work goes on. What it brings is dropped (and ended on the
//! server) when the person disconnected meanwhile: a late result never brings
//! a signed-out session back.

use crate::core::derive::{Auth, Link};
use crate::core::life::Life;
use crate::refusal::Refusal;
use crate::vault::{Kept, Vault};
use chancery_client::remote::{Obtained, Remote, RemoteError, RemoteErrorKind, Renewal, ToldLife};
use chancery_proto::clock::SharedClock;
use chancery_proto::level::Capability;
use chancery_proto::local::{KeyringState, NeedsUserReason};
use chancery_proto::secret::Secret;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// A silent sign-in that takes longer has failed.
const FLIGHT: Duration = Duration::from_secs(27);
/// A caller waits so long for it.
const PATIENCE: Duration = Duration::from_secs(30);
/// Telling a server that a session is over.
const FAREWELL: Duration = Duration::from_secs(5);
/// The first and the longest wait between two looks at a server that is offline.
const PROBES: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(60)];

/// What every seat needs.
#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) vault: Vault,
    pub(crate) clock: SharedClock,
    pub(crate) device: String,
    /// Told after every change that may change the state.
    pub(crate) changed: Notify,
}

/// One server.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) remote: Remote,
    surroundings: Arc<Surroundings>,
    inner: Mutex<Inner>,
    /// One sign-in by password at a time.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Inner {
    /// What the person calls the server.
    label: String,
    /// Counts up when the person disconnects.
    generation: u64,
    /// Counts up with every session.
    count: u64,
    session: Option<Session>,
    /// Who last signed in here, and their name.
    user: Option<String>,
    name: Option<String>,
    needs: Option<NeedsUserReason>,
    /// The person signed out, and did not sign in again.
    signed_out: bool,
    link: Link,
    next_probe: Option<Duration>,
    failures: u32,
    keyring: KeyringState,
    capabilities: Vec<Capability>,
    by_oauth: bool,
    flight: Option<watch::Receiver<Option<Result<(), Refusal>>>>,
}

#[derive(Debug, Clone)]
struct Session {
    number: u64,
    token: Secret,
    refresh: Option<Secret>,
    life: Life,
    /// When an answer last showed that it lives.
    confirmed: Duration,
}

/// A session for one call.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// Which session it is: named when it fails.
    pub(crate) number: u64,
    pub(crate) token: Secret,
    /// When an answer last showed that it lives.
    pub(crate) confirmed: Duration,
}

/// What of a seat the state follows from.
#[derive(Debug, Clone)]
pub(crate) struct SeatView {
    pub(crate) link: Link,
    pub(crate) auth: Auth,
    pub(crate) signing_in: bool,
    pub(crate) user: Option<String>,
    pub(crate) name: String,
    pub(crate) life: Option<Life>,
    pub(crate) renewable: bool,
    pub(crate) next_probe: Option<Duration>,
    pub(crate) keyring: KeyringState,
}

impl Seat {
    pub(crate) fn new(
        remote: Remote,
        surroundings: Arc<Surroundings>,
        label: String,
        (user, name): (Option<String>, Option<String>),
        capabilities: Vec<Capability>,
        by_oauth: bool,
    ) -> Self {
        Self {
            remote,
            surroundings,
            inner: Mutex::new(Inner {
                label,
                generation: 0,
                count: 0,
                session: None,
                user,
                name,
                needs: None,
                signed_out: false,
                link: Link::Unknown,
                next_probe: None,
                failures: 0,
                keyring: KeyringState::Unknown,
                capabilities,
                by_oauth,
                flight: None,
            }),
            turn: tokio::sync::Mutex::new(()),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Duration {
        self.surroundings.clock.monotonic()
    }

    fn address(&self) -> String {
        self.remote.address().to_string()
    }

    fn label(&self) -> String {
        self.inner().label.clone()
    }

    /// The person may have given it another name.
    pub(crate) fn rename(&self, label: &str) {
        let mut inner = self.inner();
        if inner.label != label {
            label.clone_into(&mut inner.label);
        }
    }

    fn changed(&self) {
        self.surroundings.changed.notify_one();
    }

    pub(crate) fn view(&self) -> SeatView {
        let now = self.now();
        let inner = self.inner();
        let auth = match (&inner.session, inner.needs) {
            (_, Some(reason)) => Auth::NeedsUser(reason),
            (Some(session), None) if session.life.lives(now) => Auth::Session,
            (Some(_), None) => Auth::Expired,
            (None, None) => Auth::None,
        };
        SeatView {
            link: inner.link,
            auth,
            signing_in: inner.flight.is_some(),
            user: inner.session.as_ref().and(inner.user.clone()),
            name: inner
                .name
                .clone()
                .or(inner.user.clone())
                .unwrap_or_default(),
            life: inner.session.as_ref().map(|session| session.life),
            renewable: inner
                .session
                .as_ref()
                .is_some_and(|session| session.refresh.is_some()),
            next_probe: inner.next_probe,
            keyring: inner.keyring,
        }
    }

    pub(crate) fn can(&self, capability: Capability) -> bool {
        self.inner().capabilities.contains(&capability)
    }

    pub(crate) fn learn(&self, capabilities: Vec<Capability>, by_oauth: bool) {
        let mut inner = self.inner();
        inner.capabilities = capabilities;
        inner.by_oauth = by_oauth;
    }

    /// A session for a call: the one there is, or a new one by a silent way.
    /// `failed` names a session that the server has just refused.
    pub(crate) async fn ensure(self: &Arc<Self>, failed: Option<u64>) -> Result<Held, Refusal> {
        let mut flight = {
            let now = self.now();
            let mut inner = self.inner();
            if let Some(session) = &inner.session
                && failed != Some(session.number)
                && session.life.lives(now)
            {
                return Ok(held(session));
            }
            // Only the keyring can have been unlocked without us.
            if let Some(reason) = inner.needs
                && reason != NeedsUserReason::KeyringLocked
            {
                return Err(Refusal::needs_user(reason, &inner.label));
            }
            match &inner.flight {
                Some(flight) => flight.clone(),
                None => self.take_off(&mut inner, failed),
            }
        };
        let landed = tokio::time::timeout(PATIENCE, flight.wait_for(Option::is_some)).await;
        match landed {
            Ok(Ok(outcome)) => {
                if let Some(Err(refusal)) = &*outcome {
                    return Err(refusal.clone());
                }
            }
            Ok(Err(_)) | Err(_) => return Err(Refusal::offline(&self.label(), None)),
        }
        let inner = self.inner();
        match &inner.session {
            Some(session) => Ok(held(session)),
            None => Err(Refusal::disconnected(&inner.label)),
        }
    }

    fn take_off(
        self: &Arc<Self>,
        inner: &mut Inner,
        failed: Option<u64>,
    ) -> watch::Receiver<Option<Result<(), Refusal>>> {
        let (sender, receiver) = watch::channel(None);
        inner.flight = Some(receiver.clone());
        let (seat, generation) = (Arc::clone(self), inner.generation);
        tokio::spawn(async move {
            let work = seat.silently(generation, failed);
            let outcome = tokio::time::timeout(FLIGHT, work)
                .await
                .unwrap_or_else(|_| {
                    seat.unreachable();
                    Err(Refusal::offline(&seat.label(), None))
                });
            seat.inner().flight = None;
            seat.changed();
            // Whoever waits still waits; whoever left has left.
            let _ = sender.send(Some(outcome));
        });
        self.changed();
        receiver
    }

    /// Every silent way to a session, in order.
    async fn silently(&self, generation: u64, failed: Option<u64>) -> Result<(), Refusal> {
        let (user, session) = {
            let inner = self.inner();
            (inner.user.clone(), inner.session.clone())
        };
        let in_memory = session.as_ref().and_then(|session| session.refresh.clone());
        if let Some(refresh) = in_memory {
            return self.by_refresh(generation, &refresh, user).await;
        }
        // Nothing renews it: only the server may say that it is over.
        if let Some(session) = session {
            if failed != Some(session.number) {
                return self.by_asking(generation, session.token, user).await;
            }
            return Err(self.nobody(generation, NeedsUserReason::Expired));
        }
        let Some(user) = user else {
            return Err(self.nobody(generation, NeedsUserReason::NeverSignedIn));
        };
        let look = self.surroundings.vault.look(&self.address(), &user).await;
        self.inner().keyring = look.state;
        match (look.kept, look.state) {
            (Some(Kept::Refresh(refresh)), _) => {
                self.by_refresh(generation, &refresh, Some(user)).await
            }
            (Some(Kept::Session(token)), _) => self.by_asking(generation, token, Some(user)).await,
            (None, KeyringState::Locked) => {
                Err(self.nobody(generation, NeedsUserReason::KeyringLocked))
            }
            (None, _) if self.inner().signed_out => {
                Err(self.nobody(generation, NeedsUserReason::SignedOut))
            }
            (None, _) => Err(self.nobody(generation, NeedsUserReason::Expired)),
        }
    }

    /// Only a person can go on.
    fn nobody(&self, generation: u64, reason: NeedsUserReason) -> Refusal {
        let mut inner = self.inner();
        if inner.generation != generation {
            return Refusal::disconnected(&inner.label);
        }
        inner.needs = Some(reason);
        if reason != NeedsUserReason::KeyringLocked {
            inner.session = None;
        }
        Refusal::needs_user(reason, &inner.label)
    }

    async fn by_refresh(
        &self,
        generation: u64,
        refresh: &Secret,
        user: Option<String>,
    ) -> Result<(), Refusal> {
        let renewed = self.remote.renew(refresh, &self.surroundings.device).await;
        match renewed {
            Ok(Renewal::Obtained(obtained)) => {
                self.reached();
                self.adopt(generation, obtained, user, None, false).await
            }
            Ok(Renewal::Refused) => {
                self.reached();
                if let Some(user) = &user {
                    self.surroundings.vault.forget(&self.address(), user).await;
                }
                Err(self.nobody(generation, NeedsUserReason::Ended))
            }
            Err(error) => Err(self.failed(&error)),
        }
    }

    async fn by_asking(
        &self,
        generation: u64,
        token: Secret,
        user: Option<String>,
    ) -> Result<(), Refusal> {
        match self.remote.discovery(&token).await {
            Ok(_) => {
                self.reached();
                let obtained = Obtained {
                    token,
                    refresh: None,
                    idle: None,
                };
                self.adopt(generation, obtained, user, None, false).await
            }
            Err(error) if error.kind == RemoteErrorKind::NoSession => {
                self.reached();
                if let Some(user) = &user {
                    self.surroundings.vault.forget(&self.address(), user).await;
                }
                Err(self.nobody(generation, NeedsUserReason::Expired))
            }
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Takes a new session, unless the person disconnected meanwhile.
    async fn adopt(
        &self,
        generation: u64,
        obtained: Obtained,
        user: Option<String>,
        name: Option<String>,
        in_file: bool,
    ) -> Result<(), Refusal> {
        let kept = match &obtained.refresh {
            Some(refresh) => Kept::Refresh(refresh.clone()),
            None => Kept::Session(obtained.token.clone()),
        };
        // Before it is used: a token that was rotated away must not be lost.
        let keyring = match &user {
            Some(user) => {
                let vault = &self.surroundings.vault;
                vault.keep(&self.address(), user, &kept, in_file).await
            }
            None => KeyringState::Unknown,
        };
        let now = self.now();
        let taken = {
            let mut inner = self.inner();
            if inner.generation == generation {
                inner.count += 1;
                inner.session = Some(Session {
                    number: inner.count,
                    token: obtained.token.clone(),
                    refresh: obtained.refresh.clone(),
                    life: Life::begin(obtained.idle, now),
                    confirmed: now,
                });
                if name.is_some() || inner.user != user {
                    inner.name = name;
                }
                inner.user.clone_from(&user);
                inner.needs = None;
                inner.signed_out = false;
                inner.keyring = keyring;
                true
            } else {
                false
            }
        };
        self.changed();
        if taken {
            return Ok(());
        }
        tracing::info!("a session that came too late is ended again");
        if let Some(user) = &user {
            self.surroundings.vault.forget(&self.address(), user).await;
        }
        self.say_farewell(Some(&obtained.token), obtained.refresh.as_ref())
            .await;
        Err(Refusal::disconnected(&self.label()))
    }

    /// Signs in with a password. The session before it, if there is one, is
    /// ended after the new one stands.
    pub(crate) async fn sign_in(
        &self,
        user: &str,
        password: &Secret,
        in_file: bool,
    ) -> Result<(), Refusal> {
        let _turn = self.turn.lock().await;
        let (generation, by_oauth, before) = {
            let inner = self.inner();
            (inner.generation, inner.by_oauth, inner.session.clone())
        };
        let device = &self.surroundings.device;
        let signed_in = self.remote.sign_in(user, password, device, by_oauth).await;
        let obtained = signed_in.map_err(|error| self.failed(&error))?;
        self.reached();
        let told = self.remote.discovery(&obtained.token).await;
        let told = told.map_err(|error| self.failed(&error))?;
        // The id as the server writes it, so that one person has one entry.
        let (id, name) = match told.user {
            Some(person) if !person.id.is_empty() => (person.id, person.name),
            _ => (user.to_owned(), String::new()),
        };
        let name = Some(name).filter(|name| !name.is_empty());
        self.adopt(generation, obtained, Some(id), name, in_file)
            .await?;
        if let Some(before) = before {
            self.say_farewell(Some(&before.token), before.refresh.as_ref())
                .await;
        }
        Ok(())
    }

    /// Keeps the session that is there in the person's own file.
    pub(crate) async fn keep_in_file(&self) {
        let (user, session) = {
            let inner = self.inner();
            (inner.user.clone(), inner.session.clone())
        };
        if let (Some(user), Some(session)) = (user, session) {
            let kept = match session.refresh {
                Some(refresh) => Kept::Refresh(refresh),
                None => Kept::Session(session.token),
            };
            let vault = &self.surroundings.vault;
            let keyring = vault.keep(&self.address(), &user, &kept, true).await;
            self.inner().keyring = keyring;
            self.changed();
        }
    }

    /// Ends the session: here at once, then on the server as far as it can be
    /// reached.
    pub(crate) async fn leave(&self) {
        let (user, session) = {
            let mut inner = self.inner();
            inner.generation += 1;
            inner.needs = None;
            inner.signed_out = true;
            inner.next_probe = None;
            (inner.user.clone(), inner.session.take())
        };
        self.changed();
        // What is kept may be all there is of a session from before a restart.
        let mut refresh = session.as_ref().and_then(|session| session.refresh.clone());
        let mut token = session.map(|session| session.token);
        if let Some(user) = &user {
            if token.is_none() {
                match self
                    .surroundings
                    .vault
                    .look(&self.address(), user)
                    .await
                    .kept
                {
                    Some(Kept::Refresh(kept)) => refresh = Some(kept),
                    Some(Kept::Session(kept)) => token = Some(kept),
                    None => {}
                }
            }
            self.surroundings.vault.forget(&self.address(), user).await;
        }
        self.say_farewell(token.as_ref(), refresh.as_ref()).await;
    }

    /// Before the agent ends: a session that is kept nowhere would live on
    /// without anybody who could use it.
    pub(crate) async fn close(&self) {
        let unkept = {
            let mut inner = self.inner();
            let is_kept = inner.keyring == KeyringState::Found;
            inner.session.take().filter(|_| !is_kept)
        };
        if let Some(session) = unkept {
            self.say_farewell(Some(&session.token), session.refresh.as_ref())
                .await;
        }
    }

    async fn say_farewell(&self, token: Option<&Secret>, refresh: Option<&Secret>) {
        match tokio::time::timeout(FAREWELL, self.remote.sign_out(token, refresh)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "the server could not be told that a session is over");
            }
            Err(_) => tracing::warn!("the server could not be told in time that a session is over"),
        }
    }

    /// Asks the server whether a session lives; that counts as use.
    pub(crate) async fn ask(&self, held: &Held) -> Result<(), RemoteError> {
        let sent = self.now();
        self.remote.discovery(&held.token).await?;
        self.answered(held.number, ToldLife::default(), false, sent);
        Ok(())
    }

    /// After an upload broke: when its session was over, renews it and refuses
    /// with “send it again”.
    pub(crate) async fn still_lives(self: &Arc<Self>, held: &Held) -> Result<(), Refusal> {
        match self.ask(held).await {
            Err(error) if error.kind == RemoteErrorKind::NoSession => {
                self.ensure(Some(held.number)).await?;
                Err(Refusal::send_again())
            }
            _ => Ok(()),
        }
    }

    /// An answer came for a call with that session.
    pub(crate) fn answered(&self, number: u64, told: ToldLife, background: bool, sent: Duration) {
        let mut inner = self.inner();
        if let Some(session) = &mut inner.session
            && session.number == number
        {
            session.life.answered(told, background, sent);
            session.confirmed = sent;
        }
        drop(inner);
        self.reached();
    }

    /// The server answered.
    pub(crate) fn reached(&self) {
        let mut inner = self.inner();
        let was_away = inner.link != Link::Online;
        inner.link = Link::Online;
        inner.failures = 0;
        inner.next_probe = None;
        drop(inner);
        if was_away {
            self.changed();
        }
    }

    /// The server did not answer: it is looked at again by itself.
    pub(crate) fn unreachable(&self) {
        let now = self.now();
        let mut inner = self.inner();
        inner.link = Link::Offline;
        let [first, longest] = PROBES;
        let wait = first
            .saturating_mul(1 << inner.failures.min(10))
            .min(longest);
        inner.failures = inner.failures.saturating_add(1);
        inner.next_probe = Some(now + jittered(wait));
        drop(inner);
        self.changed();
    }

    /// Sorts a failure into what follows from it.
    pub(crate) fn failed(&self, error: &RemoteError) -> Refusal {
        tracing::info!(%error, server = %self.remote.address(), "a server did not do what it was asked");
        match error.kind {
            RemoteErrorKind::Unreachable => self.unreachable(),
            RemoteErrorKind::Busy { .. } | RemoteErrorKind::Body => {}
            _ => self.reached(),
        }
        Refusal::of_remote(error, &self.label())
    }

    /// Looks whether a server that was offline is back. Needs no session and
    /// extends none.
    pub(crate) async fn probe(&self) {
        match self.remote.prove(None).await {
            Err(error) if error.kind == RemoteErrorKind::Unreachable => self.unreachable(),
            _ => self.reached(),
        }
    }
}

fn held(session: &Session) -> Held {
    Held {
        number: session.number,
        token: session.token.clone(),
        confirmed: session.confirmed,
    }
}

/// Between three quarters and the whole, so that a thousand agents do not come
/// back in the same second.
fn jittered(wait: Duration) -> Duration {
    let mut byte = [0_u8; 1];
    // Without random numbers there is no jitter, which is no fault.
    let _ = getrandom::fill(&mut byte);
    wait.mul_f64(1.0 - f64::from(byte[0]) / 1024.0)
}
