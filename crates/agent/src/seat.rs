//! One server: its session, and the one sign-in that may be in flight.
//!
//! What follows from what is decided by [`Keeper`]; here it is done. A flight
//! belongs to the seat and has its own deadline; callers wait for it or leave,
//! and the work goes on. What it brings is dropped (and ended on the server)
//! when the person disconnected meanwhile: a late result never brings a
//! signed-out session back.

mod ending;
mod signing_in;

pub(crate) use crate::core::keeper::{Held, SeatView};

use crate::core::keeper::{Keeper, Purpose, Session, Verdict, Why};
use crate::core::single_flight::{Boarding, Pilot, SingleFlight};
use crate::refusal::Refusal;
use crate::tickets::Tickets;
use crate::vault::Vault;
use chancery_client::remote::{Remote, RemoteError, RemoteErrorKind, ToldLife};
use chancery_proto::clock::SharedClock;
use chancery_proto::level::Capability;
use chancery_proto::local::NeedsUserReason;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// A sign-in that takes longer has failed.
const FLIGHT: Duration = Duration::from_secs(27);
/// A server that does not answer within this time is away.
const LOOK: Duration = Duration::from_secs(10);
/// A caller waits so long for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// What every seat needs.
#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) vault: Vault,
    pub(crate) clock: SharedClock,
    pub(crate) device: String,
    pub(crate) tickets: Tickets,
    /// Told after every change that may change the state.
    pub(crate) changed: Notify,
}

/// One server.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) remote: Remote,
    surroundings: Arc<Surroundings>,
    keeper: Mutex<Keeper>,
    flights: SingleFlight<Landing>,
    /// Replaced, and not yet ended on the server.
    retiring: Mutex<Vec<Session>>,
    about: Mutex<About>,
}

/// What is told about the server.
#[derive(Debug)]
struct About {
    /// What the person calls it.
    label: String,
    capabilities: Vec<Capability>,
    methods: Methods,
}

/// How somebody signs in to a server, as far as it told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Methods {
    /// By OAuth 2, and not by the v1 session API.
    pub(crate) by_oauth: bool,
    /// With a Kerberos ticket.
    pub(crate) by_ticket: bool,
}

/// How a flight ended, for those who waited for it.
#[derive(Debug, Clone)]
enum Landing {
    /// Every silent way was tried.
    Silent(Result<(), Refusal>),
    /// A person typed a password; whether it was right is theirs to hear.
    Person,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Seat {
    pub(crate) fn new(
        remote: Remote,
        surroundings: Arc<Surroundings>,
        label: String,
        (user, name): (Option<String>, Option<String>),
        capabilities: Vec<Capability>,
        methods: Methods,
    ) -> Self {
        Self {
            remote,
            surroundings,
            keeper: Mutex::new(Keeper::new(user, name, methods.by_ticket)),
            flights: SingleFlight::new(),
            retiring: Mutex::default(),
            about: Mutex::new(About {
                label,
                capabilities,
                methods,
            }),
        }
    }

    fn keeper(&self) -> MutexGuard<'_, Keeper> {
        locked(&self.keeper)
    }

    pub(crate) fn now(&self) -> Duration {
        self.surroundings.clock.monotonic()
    }

    fn address(&self) -> String {
        self.remote.address().to_string()
    }

    fn label(&self) -> String {
        locked(&self.about).label.clone()
    }

    /// The person may have given it another name.
    pub(crate) fn rename(&self, label: &str) {
        let mut about = locked(&self.about);
        if about.label != label {
            label.clone_into(&mut about.label);
        }
    }

    /// As long as told, and up to half as much again.
    pub(crate) fn jittered(&self, wait: Duration) -> Duration {
        wait.mul_f64(1.0 + chance() / 2.0)
    }

    fn changed(&self) {
        self.surroundings.changed.notify_one();
    }

    pub(crate) fn view(&self) -> SeatView {
        let signing_in = self.flights.is_up();
        self.keeper().view(signing_in, self.now())
    }

    pub(crate) fn can(&self, capability: Capability) -> bool {
        locked(&self.about).capabilities.contains(&capability)
    }

    pub(crate) fn learn(&self, capabilities: Vec<Capability>, methods: Methods) {
        let mut about = locked(&self.about);
        about.capabilities = capabilities;
        about.methods = methods;
        drop(about);
        self.keeper().takes_tickets(methods.by_ticket);
    }

    /// The person wants to be signed in here, whatever they wanted before.
    pub(crate) fn come_back(&self) {
        self.keeper().come_back();
    }

    /// A session for somebody's work: the one there is, or a new one by a
    /// silent way. `failed` names a session that the server has just refused.
    pub(crate) async fn ensure(self: &Arc<Self>, failed: Option<u64>) -> Result<Held, Refusal> {
        self.session_for(Purpose::Use, failed).await
    }

    /// A session for a call, if its purpose allows one.
    pub(crate) async fn session_for(
        self: &Arc<Self>,
        purpose: Purpose,
        failed: Option<u64>,
    ) -> Result<Held, Refusal> {
        let waited = async {
            loop {
                let ready = || match self.keeper().ask(failed, purpose, self.now()) {
                    Verdict::Use { held, renew } => Some(Ok((held, renew))),
                    Verdict::Not(why) => Some(Err(why)),
                    Verdict::Fly => None,
                };
                let passenger = match self.flights.board(ready) {
                    Boarding::Ready(Ok((held, renew))) => {
                        if renew {
                            self.renew_behind();
                        }
                        return Ok(held);
                    }
                    Boarding::Ready(Err(why)) => return Err(self.refusal(why)),
                    Boarding::Pilot(pilot, passenger) => {
                        self.take_off(pilot);
                        passenger
                    }
                    Boarding::Passenger(passenger) => passenger,
                };
                if let Some(Landing::Silent(Err(refusal))) = passenger.await {
                    return Err(refusal);
                }
            }
        };
        tokio::time::timeout(PATIENCE, waited)
            .await
            .unwrap_or_else(|_| Err(Refusal::offline(&self.label(), None)))
    }

    fn refusal(&self, why: Why) -> Refusal {
        let label = self.label();
        match why {
            Why::Needs(reason) => Refusal::needs_user(reason, &label),
            Why::Background => Refusal::asleep(&label),
            Why::Busy(wait) => Refusal::busy(&label, Some(wait)),
        }
    }

    /// Renews while the calls go on with the session there is.
    fn renew_behind(self: &Arc<Self>) {
        let boarding = self.flights.board(|| {
            let verdict = self.keeper().ask(None, Purpose::Use, self.now());
            (!matches!(verdict, Verdict::Use { renew: true, .. })).then_some(())
        });
        if let Boarding::Pilot(pilot, _) = boarding {
            self.take_off(pilot);
        }
    }

    fn take_off(self: &Arc<Self>, pilot: Pilot<Landing>) {
        let seat = Arc::clone(self);
        let flight = self.keeper().depart();
        tokio::spawn(async move {
            let outcome = tokio::time::timeout(FLIGHT, seat.silently(flight)).await;
            let outcome = outcome.unwrap_or_else(|_| {
                seat.unreachable();
                Err(Refusal::offline(&seat.label(), None))
            });
            // Whoever waits still waits; whoever left has left.
            pilot.land(Landing::Silent(outcome));
            seat.changed();
        });
        self.changed();
    }

    /// Asks the server whether a session lives; that counts as use.
    pub(crate) async fn ask(&self, held: &Held) -> Result<(), RemoteError> {
        let sent = self.now();
        self.remote.discovery(&held.token).await?;
        self.answered(held.number, ToldLife::default(), Purpose::Use, sent);
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

    /// Whether a session that the server refused is over. A young one, and one
    /// that was renewed for this very call, only when the server says so again:
    /// some answer 401 to what is no matter of the session. When it was never
    /// good for anything, only a person can go on.
    pub(crate) async fn is_over(&self, held: &Held, is_renewed: bool) -> Result<bool, Refusal> {
        if !is_renewed && !self.keeper().is_young(held.number, self.now()) {
            return Ok(true);
        }
        match self.ask(held).await {
            Ok(()) => Ok(false),
            Err(error) if error.kind == RemoteErrorKind::NoSession => {
                let is_hopeless = is_renewed && self.keeper().refused_unused(held.number);
                if is_hopeless {
                    self.changed();
                    return Err(Refusal::needs_user(NeedsUserReason::Ended, &self.label()));
                }
                Ok(true)
            }
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// An answer came for a call with that session.
    pub(crate) fn answered(&self, number: u64, told: ToldLife, purpose: Purpose, sent: Duration) {
        self.keeper().answered(number, told, purpose, sent);
        self.reached();
    }

    /// The server answered.
    pub(crate) fn reached(&self) {
        if self.keeper().reached(chance()) {
            self.changed();
        }
    }

    /// The server did not answer: it is looked at again by itself.
    pub(crate) fn unreachable(&self) {
        self.keeper().unreachable(self.now(), chance());
        self.changed();
    }

    /// The network changed, or the machine woke up.
    pub(crate) fn network_changed(&self) {
        if self.keeper().network_changed(self.now()) {
            self.changed();
        }
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

    /// Looks whether the server is there. Needs no session and extends none.
    pub(crate) async fn probe(&self) -> bool {
        match tokio::time::timeout(LOOK, self.remote.prove(None)).await {
            Ok(Err(error)) if error.kind != RemoteErrorKind::Unreachable => {}
            Ok(Ok(_)) => {}
            Ok(Err(_)) => {
                self.unreachable();
                return false;
            }
            Err(_) => {
                // Nothing came back at all: what other connections there are
                // may lead nowhere too, and cost the next call as long.
                self.remote.forget_connections();
                self.unreachable();
                return false;
            }
        }
        self.reached();
        true
    }
}

/// A number between 0 and 1, so that a thousand agents do not do the same in
/// the same second.
fn chance() -> f64 {
    let mut bytes = [0_u8; 2];
    // Without random numbers there is no jitter, which is no fault.
    let _ = getrandom::fill(&mut bytes);
    f64::from(u16::from_le_bytes(bytes)) / 65536.0
}
