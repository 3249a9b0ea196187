//! Signing in: by every silent way, or by the password that a person typed.

use super::{FLIGHT, Landing, Seat, Surroundings, chance, locked};
use crate::begun::{Done, Waiting};
use crate::core::keeper::{Brought, Generation, Kept, Landed, Session, Way};
use crate::core::single_flight::Boarding;
use crate::refusal::Refusal;
use chancery_client::remote::{Authorizing, Obtained, RemoteError, RemoteErrorKind, Renewal};
use chancery_proto::label::shown;
use chancery_proto::local::{KeyringState, NeedsUserReason};
use chancery_proto::secret::Secret;
use http::StatusCode;
use std::sync::Arc;
use std::time::Duration;

/// What a flight that waits for a busy server leaves itself for the next try.
const RESERVE: Duration = Duration::from_secs(5);
/// No id of a person is longer, in bytes.
const LONGEST_ID: usize = 255;

/// What a person signs in with.
enum Proof {
    Password(String, Secret),
    Code(Authorizing, Secret),
    /// The server has given the session already.
    Obtained(Obtained),
}

/// Why a try brought no session.
enum Failed {
    /// The server asked for patience.
    Busy(Option<Duration>),
    Refused(Refusal),
}

/// Whether it can be somebody's id, and be typed and shown.
fn is_id(told: &str) -> bool {
    !told.trim().is_empty() && told.len() <= LONGEST_ID && !told.chars().any(char::is_control)
}

fn is_unauthorized(error: &RemoteError) -> bool {
    let status = StatusCode::UNAUTHORIZED;
    error.kind == RemoteErrorKind::Refused { status }
}

impl Seat {
    /// Every silent way to a session, as often as a busy server asks for
    /// patience and there is time.
    pub(super) async fn silently(&self, flight: Generation) -> Result<(), Refusal> {
        let started = self.now();
        loop {
            let told = match self.by_every_way(flight).await {
                Ok(()) => return Ok(()),
                Err(Failed::Refused(refusal)) => return Err(refusal),
                Err(Failed::Busy(told)) => told,
            };
            let wait = self.keeper().busy(told, self.now(), chance());
            let spent = self.now().saturating_sub(started);
            if spent + wait + RESERVE > FLIGHT {
                return Err(Refusal::busy(&self.label(), Some(wait)));
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn by_every_way(&self, flight: Generation) -> Result<(), Failed> {
        let Some(reason) = self.by_what_is_kept(flight).await? else {
            return Ok(());
        };
        if !self.keeper().ticket_may_help(reason, self.now()) {
            return Err(Failed::Refused(self.nobody(flight, reason)));
        }
        match self.by_ticket(flight).await? {
            None => Ok(()),
            Some(why) => {
                tracing::info!(server = %self.remote.address(), %why, "no ticket signs in");
                self.keeper().no_ticket(self.now());
                Err(Failed::Refused(self.nobody(flight, reason)))
            }
        }
    }

    /// By what there is of an earlier sign-in; why only a person could go on
    /// after that, where there is nothing or it is over.
    async fn by_what_is_kept(&self, flight: Generation) -> Result<Option<NeedsUserReason>, Failed> {
        let (way, user) = {
            let keeper = self.keeper();
            (keeper.way(), keeper.user().map(str::to_owned))
        };
        let way = match way {
            Way::Look(user) => {
                let look = self.surroundings.vault.look(&self.address(), &user).await;
                self.keeper().way_after(look.state, look.kept)
            }
            other => other,
        };
        match way {
            Way::Refresh(refresh) => self.by_refresh(flight, &refresh, user).await,
            Way::Ask(token) => self.by_asking(flight, token, user).await,
            Way::Nobody(reason) => Ok(Some(reason)),
            // A look is not followed by another.
            Way::Look(_) => Ok(Some(NeedsUserReason::Expired)),
        }
    }

    /// Only a person can go on.
    fn nobody(&self, flight: Generation, reason: NeedsUserReason) -> Refusal {
        let label = self.label();
        if self.keeper().nobody(flight, reason) {
            Refusal::needs_user(reason, &label)
        } else {
            Refusal::disconnected(&label)
        }
    }

    async fn by_refresh(
        &self,
        flight: Generation,
        refresh: &Secret,
        user: Option<String>,
    ) -> Result<Option<NeedsUserReason>, Failed> {
        let renewed = self.remote.renew(refresh, &self.surroundings.device).await;
        match renewed {
            Ok(Renewal::Obtained(obtained)) => {
                self.reached();
                let adopted = self.adopt(flight, obtained, user, None, false).await;
                adopted.map(|_| None).map_err(Failed::Refused)
            }
            Ok(Renewal::Refused) => {
                self.reached();
                self.forget(user.as_deref()).await;
                Ok(Some(NeedsUserReason::Ended))
            }
            // It does not say that the token is over, so what is kept stays
            // kept; but nothing silent is left to try.
            Err(error) if is_unauthorized(&error) => {
                self.reached();
                Ok(Some(NeedsUserReason::Ended))
            }
            Err(error) => Err(self.sorted(&error)),
        }
    }

    async fn by_asking(
        &self,
        flight: Generation,
        token: Secret,
        user: Option<String>,
    ) -> Result<Option<NeedsUserReason>, Failed> {
        match self.remote.discovery(&token).await {
            Ok(_) => {
                self.reached();
                let obtained = Obtained {
                    token,
                    refresh: None,
                    idle: None,
                };
                let adopted = self.adopt(flight, obtained, user, None, false).await;
                adopted.map(|_| None).map_err(Failed::Refused)
            }
            Err(error) if error.kind == RemoteErrorKind::NoSession => {
                self.reached();
                self.forget(user.as_deref()).await;
                Ok(Some(NeedsUserReason::Expired))
            }
            Err(error) => Err(self.sorted(&error)),
        }
    }

    /// With the person's Kerberos ticket; why not, where it does not help. The
    /// server has to prove itself, and nobody becomes somebody else: the ticket
    /// of another person than the last one here signs nobody in.
    async fn by_ticket(&self, flight: Generation) -> Result<Option<String>, Failed> {
        let Surroundings {
            tickets, device, ..
        } = &*self.surroundings;
        let pending = match tickets.begin(self.remote.address().host()).await {
            Ok(pending) => pending,
            Err(why) => return Ok(Some(why.to_string())),
        };
        let by_ticket = match self.remote.sign_in_by_ticket(pending.token(), device).await {
            Ok(by_ticket) => by_ticket,
            Err(error) if matches!(error.kind, RemoteErrorKind::Refused { .. }) => {
                self.reached();
                return Ok(Some(error.to_string()));
            }
            Err(error) => return Err(self.sorted(&error)),
        };
        self.reached();
        let obtained = by_ticket.obtained;
        let unused = async |why: String| {
            self.say_farewell(Some(&obtained.token), obtained.refresh.as_ref())
                .await;
            Ok(Some(why))
        };
        if let Err(why) = pending.finish(&by_ticket.answer) {
            return unused(why.to_string()).await;
        }
        let person = match self.remote.discovery(&obtained.token).await {
            Ok(told) => told.user,
            Err(error) => {
                let _ended = unused(String::new()).await;
                return Err(self.sorted(&error));
            }
        };
        let Some(person) = person.filter(|person| is_id(&person.id)) else {
            return unused("the server does not say whose session it is".to_owned()).await;
        };
        let last = self.keeper().user().map(str::to_owned);
        if last.is_some_and(|last| last.to_lowercase() != person.id.to_lowercase()) {
            return unused(format!("the ticket is of another person, {}", person.id)).await;
        }
        let name = shown(&person.name);
        let adopted = self.adopt(flight, obtained, Some(person.id), name, false);
        adopted.await.map(|_| None).map_err(Failed::Refused)
    }

    async fn forget(&self, user: Option<&str>) {
        if let Some(user) = user {
            self.surroundings.vault.forget(&self.address(), user).await;
        }
    }

    /// Takes a new session, unless the person disconnected meanwhile; gives
    /// the one before it.
    async fn adopt(
        &self,
        flight: Generation,
        obtained: Obtained,
        user: Option<String>,
        name: Option<String>,
        in_file: bool,
    ) -> Result<Option<Session>, Refusal> {
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
        let brought = Brought {
            obtained: obtained.clone(),
            user: user.clone(),
            name,
            keyring,
        };
        let now = self.now();
        let landed = self.keeper().obtained(flight, brought, now, chance());
        self.changed();
        match landed {
            Landed::Taken(before) => Ok(before),
            Landed::TooLate => {
                tracing::info!("a session that came too late is ended again");
                self.forget(user.as_deref()).await;
                self.say_farewell(Some(&obtained.token), obtained.refresh.as_ref())
                    .await;
                Err(Refusal::disconnected(&self.label()))
            }
        }
    }

    /// Signs in with a password.
    pub(crate) async fn sign_in(
        self: &Arc<Self>,
        user: &str,
        password: &Secret,
        in_file: bool,
    ) -> Result<(), Refusal> {
        let proof = Proof::Password(user.to_owned(), password.clone());
        self.sign_in_with(proof, in_file).await
    }

    /// Signs in with what the person did in a browser: waits for them, for as
    /// long as that sign-in lasts.
    pub(crate) async fn sign_in_elsewhere(
        self: &Arc<Self>,
        waiting: Waiting,
        in_file: bool,
    ) -> Result<(), Refusal> {
        // Whoever needs a session meanwhile does not wait for that.
        let device = self.surroundings.device.clone();
        let proof = match waiting.outcome(&device).await {
            Ok(Done::Code(authorizing, code)) => Proof::Code(authorizing, code),
            Ok(Done::Obtained(obtained)) => Proof::Obtained(obtained),
            Ok(Done::Declined) => {
                return Err(Refusal::not_signed_in(
                    "The sign-in was cancelled in the browser. Nothing was changed.",
                ));
            }
            Ok(Done::Failed(why)) => {
                return Err(Refusal::not_signed_in(format!(
                    "The server did not sign you in: {why}"
                )));
            }
            Ok(Done::Late) => {
                return Err(Refusal::not_signed_in(
                    "Nobody signed in in the browser in time. Begin again.",
                ));
            }
            Err(error) => return Err(self.failed(&error)),
        };
        self.sign_in_with(proof, in_file).await
    }

    /// Signs in, as a flight of its own: whoever needs a session meanwhile
    /// waits for it. The session before it, if there is one, is ended when its
    /// calls are done.
    async fn sign_in_with(self: &Arc<Self>, proof: Proof, in_file: bool) -> Result<(), Refusal> {
        let pilot = loop {
            match self.flights.board(|| None::<()>) {
                Boarding::Pilot(pilot, _) => break pilot,
                Boarding::Passenger(passenger) => drop(passenger.await),
                Boarding::Ready(()) => {}
            }
        };
        let flight = self.keeper().depart();
        let seat = Arc::clone(self);
        // Goes on when the caller leaves: the server may have begun a session.
        let work = tokio::spawn(async move {
            let work = seat.by_person(flight, proof, in_file);
            let outcome = tokio::time::timeout(FLIGHT, work).await;
            let outcome = outcome.unwrap_or_else(|_| {
                seat.unreachable();
                Err(Refusal::offline(&seat.label(), None))
            });
            pilot.land(Landing::Person);
            seat.changed();
            outcome
        });
        self.changed();
        work.await
            .unwrap_or_else(|error| Err(Refusal::internal(&error)))
    }

    async fn obtain(&self, proof: Proof) -> Result<(Obtained, Option<String>), Refusal> {
        let device = &self.surroundings.device;
        match proof {
            Proof::Password(user, password) => {
                let by_oauth = locked(&self.about).methods.by_oauth;
                let remote = &self.remote;
                let signed_in = remote.sign_in(&user, &password, device, by_oauth).await;
                Ok((signed_in.map_err(|error| self.failed(&error))?, Some(user)))
            }
            Proof::Code(authorizing, code) => {
                let redeemed = self.remote.redeem(&authorizing, &code, device).await;
                Ok((redeemed.map_err(|error| self.failed(&error))?, None))
            }
            Proof::Obtained(obtained) => Ok((obtained, None)),
        }
    }

    async fn by_person(
        self: &Arc<Self>,
        flight: Generation,
        proof: Proof,
        in_file: bool,
    ) -> Result<(), Refusal> {
        let (obtained, typed) = self.obtain(proof).await?;
        self.reached();
        let told = match self.remote.discovery(&obtained.token).await {
            Ok(told) => told,
            Err(error) => {
                // Nobody will use it.
                self.say_farewell(Some(&obtained.token), obtained.refresh.as_ref())
                    .await;
                return Err(self.failed(&error));
            }
        };
        // The id as the server writes it, so that one person has one entry.
        let (id, name) = match (told.user, typed) {
            (Some(person), _) if is_id(&person.id) => (person.id, shown(&person.name)),
            (_, Some(typed)) => (typed, None),
            (_, None) => {
                self.say_farewell(Some(&obtained.token), obtained.refresh.as_ref())
                    .await;
                return Err(Refusal::not_signed_in(
                    "The server does not say whose session it is. Tell whoever runs the server.",
                ));
            }
        };
        let other = {
            let keeper = self.keeper();
            keeper.user().filter(|last| *last != id).map(str::to_owned)
        };
        let before = self
            .adopt(flight, obtained, Some(id), name, in_file)
            .await?;
        self.forget(other.as_deref()).await;
        if let Some(before) = before {
            self.retire(before);
        }
        Ok(())
    }

    fn sorted(&self, error: &RemoteError) -> Failed {
        match error.kind {
            RemoteErrorKind::Busy { retry_after } => {
                tracing::info!(server = %self.remote.address(), "a server asks for patience");
                Failed::Busy(retry_after)
            }
            _ => Failed::Refused(self.failed(error)),
        }
    }
}
