//! The keeper against a small written model of the world around it: a server,
//! a network, a keyring, a person. Whatever happens in whatever order, what
//! people were promised holds.

use super::{Brought, Generation, Keeper, Kept, Landed, Purpose, Verdict, Way, Why};
use crate::core::derive::{Auth, Facts, Intent, Link, derive};
use crate::core::single_flight::{Boarding, Pilot, SingleFlight};
use chancery_client::remote::{Obtained, ToldLife};
use chancery_proto::local::{KeyringState, NeedsUserReason, State};
use chancery_proto::secret::Secret;
use proptest::prelude::*;
use std::collections::HashSet;
use std::time::Duration;

const IDLE: Duration = Duration::from_secs(4 * 3600);

#[derive(Debug, Clone, Copy)]
enum Event {
    Call(Purpose),
    /// The flight gets one answer further.
    Step,
    Sleep(u64),
    Network(bool),
    Busy(bool),
    /// The server forgets the session for lack of use.
    Expire,
    /// Somebody ends the whole sign-in.
    End,
    Keyring(KeyringState),
    /// The person types the password.
    SignIn {
        right: bool,
    },
    Disconnect,
    /// What the keyring has of a person who disconnected is removed.
    Forget,
    /// The agent dies, and starts again while the keyring is like that.
    Kill(KeyringState),
    /// The network changed or the machine woke up.
    Woken,
}

/// The other side of every door of the keeper.
struct World {
    keeper: Keeper,
    flights: SingleFlight<()>,
    flight: Option<Flight>,
    now: Duration,
    up: bool,
    busy: bool,
    /// The one access token and the one refresh token that live.
    access: Option<String>,
    refresh: Option<String>,
    issued: u64,
    used: Duration,
    /// Whether this server gives refresh tokens.
    renews: bool,
    keyring: KeyringState,
    stored: Option<Kept>,
    user: Option<String>,
    signed_out: bool,
    disconnects: u32,
    /// What the server or the keyring has said since the last session, and
    /// only that is a reason for a person.
    said: HashSet<NeedsUserReason>,
}

struct Flight {
    pilot: Pilot<()>,
    departure: Departure,
    next: Step,
}

/// When a flight began.
#[derive(Clone, Copy)]
struct Departure {
    generation: Generation,
    disconnects: u32,
    by_person: bool,
}

enum Step {
    Begin,
    Keyring,
    Server(Way),
    Password { right: bool },
}

impl World {
    fn new(renews: bool) -> Self {
        Self {
            keeper: Keeper::new(None, None, false),
            flights: SingleFlight::new(),
            flight: None,
            now: Duration::from_secs(1000),
            up: true,
            busy: false,
            access: None,
            refresh: None,
            issued: 0,
            used: Duration::ZERO,
            renews,
            keyring: KeyringState::Found,
            stored: None,
            user: None,
            signed_out: false,
            disconnects: 0,
            said: HashSet::from([NeedsUserReason::NeverSignedIn]),
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Call(purpose) => drop(self.call(purpose)),
            Event::Step => self.step(),
            Event::Sleep(seconds) => self.now += Duration::from_secs(seconds),
            Event::Network(up) => self.up = up,
            Event::Busy(busy) => self.busy = busy,
            Event::Expire => self.access = None,
            Event::End => (self.access, self.refresh) = (None, None),
            Event::Keyring(state) => self.keyring = state,
            Event::SignIn { right } => self.board(Step::Password { right }),
            Event::Disconnect => self.disconnect(),
            Event::Forget => self.forget(),
            Event::Kill(keyring) => self.kill(keyring),
            Event::Woken => drop(self.keeper.network_changed(self.now)),
        }
        if self.now.saturating_sub(self.used) > IDLE {
            self.access = None;
        }
    }

    /// A call; true when the server did it.
    fn call(&mut self, purpose: Purpose) -> bool {
        let mut failed = None;
        for _ in 0..2 {
            let verdict = self.keeper.ask(failed, purpose, self.now);
            match verdict {
                Verdict::Use { held, .. } => {
                    assert!(!self.signed_out, "a session after sign-out");
                    if !self.up {
                        let before = self.needs();
                        self.keeper.unreachable(self.now, 0.3);
                        assert_eq!(self.needs(), before, "because of the network");
                        return false;
                    }
                    let _ = self.keeper.reached(0.3);
                    if self.access.as_deref() == Some(held.token.reveal()) {
                        if purpose == Purpose::Use {
                            self.used = self.now;
                        }
                        let told = ToldLife::default();
                        self.keeper.answered(held.number, told, purpose, self.now);
                        return true;
                    }
                    failed = Some(held.number);
                }
                Verdict::Fly => {
                    assert_eq!(purpose, Purpose::Use, "a background call renews");
                    self.board(Step::Begin);
                    return false;
                }
                Verdict::Not(Why::Needs(reason)) => {
                    assert!(self.said.contains(&reason), "nobody said {reason:?}");
                    return false;
                }
                Verdict::Not(_) => return false,
            }
        }
        panic!("the session that was refused is used again");
    }

    fn board(&mut self, next: Step) {
        if let Boarding::Pilot(pilot, _) = self.flights.board(|| None::<()>) {
            assert!(self.flight.is_none(), "two sign-ins in flight");
            self.flight = Some(Flight {
                pilot,
                departure: Departure {
                    generation: self.keeper.depart(),
                    disconnects: self.disconnects,
                    by_person: matches!(next, Step::Password { .. }),
                },
                next,
            });
        }
    }

    fn step(&mut self) {
        let Some(flight) = self.flight.take() else {
            return;
        };
        let way = match flight.next {
            Step::Begin => self.keeper.way(),
            Step::Keyring => {
                let kept = match self.keyring {
                    KeyringState::Found => self.stored.clone(),
                    _ => None,
                };
                let state = match self.keyring {
                    KeyringState::Found if kept.is_none() => KeyringState::Absent,
                    other => other,
                };
                self.said.insert(match state {
                    KeyringState::Locked => NeedsUserReason::KeyringLocked,
                    _ => NeedsUserReason::Expired,
                });
                self.keeper.way_after(state, kept)
            }
            Step::Server(way) => return self.serve(flight.pilot, flight.departure, &way),
            Step::Password { right } => {
                if !self.up {
                    self.keeper.unreachable(self.now, 0.5);
                } else if right && !self.busy {
                    let _ = self.keeper.reached(0.5);
                    self.user = Some("anna".to_owned());
                    self.issue(flight.departure);
                }
                return flight.pilot.land(());
            }
        };
        let next = match way {
            Way::Look(_) => Step::Keyring,
            Way::Nobody(reason) => {
                // A session that nothing renews was refused by the server itself.
                let _ = self.keeper.nobody(flight.departure.generation, reason);
                return flight.pilot.land(());
            }
            way => Step::Server(way),
        };
        self.flight = Some(Flight { next, ..flight });
    }

    /// The server's answer to the step of a silent sign-in.
    fn serve(&mut self, pilot: Pilot<()>, departure: Departure, way: &Way) {
        let before = self.needs();
        if !self.up {
            self.keeper.unreachable(self.now, 0.9);
            assert_eq!(self.needs(), before, "because of the network");
            return pilot.land(());
        }
        let _ = self.keeper.reached(0.1);
        if self.busy {
            let wait = self
                .keeper
                .busy(Some(Duration::from_secs(3)), self.now, 0.5);
            assert!(wait >= Duration::from_secs(3), "sooner than it asked");
            assert_eq!(self.needs(), before, "because the server was busy");
            return pilot.land(());
        }
        let (lives, reason) = match way {
            Way::Refresh(token) => (
                self.refresh.as_deref() == Some(token.reveal()),
                NeedsUserReason::Ended,
            ),
            Way::Ask(token) => (
                self.access.as_deref() == Some(token.reveal()),
                NeedsUserReason::Expired,
            ),
            Way::Look(_) | Way::Nobody(_) => panic!("no question for the server"),
        };
        if lives {
            match way {
                Way::Ask(token) => self.bring(departure, token.clone(), None),
                _ => self.issue(departure),
            }
        } else {
            self.said.insert(reason);
            self.stored = None;
            let _ = self.keeper.nobody(departure.generation, reason);
        }
        pilot.land(());
    }

    /// A new session, and a new refresh token where this server has them.
    fn issue(&mut self, departure: Departure) {
        self.issued += 1;
        let access = format!("access-{}", self.issued);
        let refresh = self.renews.then(|| format!("refresh-{}", self.issued));
        self.access = Some(access.clone());
        self.refresh.clone_from(&refresh);
        self.used = self.now;
        self.bring(departure, access.into(), refresh.map(Secret::from));
    }

    fn bring(&mut self, departure: Departure, token: Secret, refresh: Option<Secret>) {
        let kept = match &refresh {
            Some(refresh) => Kept::Refresh(refresh.clone()),
            None => Kept::Session(token.clone()),
        };
        if self.keyring == KeyringState::Found {
            self.stored = Some(kept);
        }
        let brought = Brought {
            obtained: Obtained {
                token,
                refresh,
                idle: Some(IDLE),
            },
            user: self.user.clone(),
            name: None,
            keyring: self.keyring,
        };
        let landed = self
            .keeper
            .obtained(departure.generation, brought, self.now, 0.5);
        let is_late = departure.disconnects != self.disconnects;
        match landed {
            Landed::Taken(_) => {
                assert!(!is_late, "a late result brings a signed-out session back");
                assert!(departure.by_person || !self.signed_out, "nobody signed in");
                self.signed_out = false;
                self.said.clear();
                // A session that nothing renews may be refused at any time.
                if !self.renews {
                    self.said.insert(NeedsUserReason::Expired);
                }
            }
            Landed::TooLate => {
                assert!(is_late, "nobody left, and it was dropped");
                (self.access, self.refresh, self.stored) = (None, None, None);
            }
        }
    }

    fn disconnect(&mut self) {
        let (_, session) = self.keeper.leave();
        if let Some(session) = session
            && self.up
        {
            assert!(self.issued > 0 && session.number > 0);
            (self.access, self.refresh) = (None, None);
        }
        self.signed_out = true;
        self.disconnects += 1;
        if self.user.is_some() {
            self.said.insert(NeedsUserReason::SignedOut);
        }
    }

    fn forget(&mut self) {
        if self.signed_out {
            self.stored = None;
        }
    }

    fn kill(&mut self, keyring: KeyringState) {
        self.forget();
        self.keyring = keyring;
        self.keeper = Keeper::new(self.user.clone(), None, false);
        self.flights = SingleFlight::new();
        self.flight = None;
        self.said.clear();
        if self.user.is_none() {
            self.said.insert(NeedsUserReason::NeverSignedIn);
        }
        // It is no longer known that the person signed out; that nothing is kept is.
        self.signed_out = false;
    }

    fn needs(&self) -> Option<NeedsUserReason> {
        match self.keeper.view(false, self.now).auth {
            Auth::NeedsUser(reason) => Some(reason),
            _ => None,
        }
    }

    /// What holds at every moment.
    fn check(&self) {
        let view = self.keeper.view(self.flights.is_up(), self.now);
        if let Auth::NeedsUser(reason) = view.auth {
            assert!(self.said.contains(&reason), "nobody said {reason:?}");
        }
        if self.signed_out {
            assert!(self.keeper.session().is_none(), "a session after sign-out");
        }
        assert_eq!(self.flights.is_up(), self.flight.is_some());
        if view.link == Link::Offline {
            let wait = view.next_probe.map(|at| at.saturating_sub(self.now));
            let in_time = wait.is_some_and(|wait| wait <= Duration::from_secs(60));
            assert!(in_time, "offline for ever: {wait:?}");
        }
        let intent = Intent {
            has_server: true,
            wants_connection: true,
        };
        let (state, _) = derive(Facts {
            known: true,
            intent,
            link: view.link,
            auth: view.auth,
            signing_in: view.signing_in,
        });
        if view.link == Link::Offline {
            assert_ne!(state, State::NeedsUser, "because of the network");
        }
    }

    /// Whether a silent way exists, as the world knows it.
    fn could_go_on(&self) -> bool {
        let in_memory = self.keeper.session().map(super::Session::kept);
        let known = in_memory.or_else(|| self.stored.clone());
        match known {
            Some(Kept::Refresh(token)) => self.refresh.as_deref() == Some(token.reveal()),
            Some(Kept::Session(token)) => self.access.as_deref() == Some(token.reveal()),
            None => false,
        }
    }

    /// The weather clears up: the network is there, the keyring is open, and
    /// whatever was in flight has landed.
    fn settle(&mut self) {
        (self.up, self.busy, self.keyring) = (true, false, KeyringState::Found);
        while self.flight.is_some() {
            self.step();
        }
        self.forget();
        // What a busy server asked for has passed.
        self.happen(Event::Sleep(10));
    }
}

fn event() -> impl Strategy<Value = Event> {
    let keyring = || {
        prop_oneof![
            2 => Just(KeyringState::Found),
            1 => Just(KeyringState::Locked),
            1 => Just(KeyringState::Unavailable),
        ]
    };
    prop_oneof![
        8 => Just(Event::Call(Purpose::Use)),
        2 => Just(Event::Call(Purpose::Background)),
        12 => Just(Event::Step),
        3 => prop_oneof![1..300_u64, 3600..20_000_u64, Just(86_400)].prop_map(Event::Sleep),
        2 => any::<bool>().prop_map(Event::Network),
        1 => any::<bool>().prop_map(Event::Busy),
        2 => Just(Event::Expire),
        1 => Just(Event::End),
        2 => keyring().prop_map(Event::Keyring),
        4 => prop::bool::weighted(0.8).prop_map(|right| Event::SignIn { right }),
        2 => Just(Event::Disconnect),
        1 => Just(Event::Forget),
        3 => keyring().prop_map(Event::Kill),
        1 => Just(Event::Woken),
    ]
}

/// `PROPTEST_CASES` asks for more.
fn many() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig {
        cases: usual.cases.max(2000),
        ..usual
    }
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn whatever_happens_the_promises_hold(
        renews in any::<bool>(),
        events in prop::collection::vec(event(), 1..120),
    ) {
        let mut world = World::new(renews);
        for event in events {
            world.happen(event);
            world.check();
        }
        world.settle();
        world.check();
        let expected = world.could_go_on();
        // The first call may have to fly; the next one goes through.
        let mut done = false;
        for _ in 0..2 {
            done |= world.call(Purpose::Use);
            while world.flight.is_some() {
                world.step();
            }
        }
        prop_assert_eq!(done, expected && !world.signed_out, "silently, and only then");
        world.check();
    }
}
