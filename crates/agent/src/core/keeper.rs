//! What is known of one server's connection, and what follows from it.
//!
//! Pure: time and chance come in as arguments, and what has to be done outside
//! goes out as an answer. [`crate::seat`] is the shell that does it.

use super::derive::{Auth, Link};
use super::lease::{Lease, Lessor};
use super::life::Life;
use chancery_client::remote::{Obtained, ToldLife};
use chancery_proto::local::{KeyringState, NeedsUserReason};
use chancery_proto::secret::Secret;
use std::time::Duration;

/// The first and the longest wait between two looks at a server that is offline.
const PROBES: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(60)];
/// How long a server that is busy is left alone when it does not say.
const BUSY: Duration = Duration::from_secs(2);
/// No server is left alone for longer than this, whatever it says.
const LONGEST_BUSY: Duration = Duration::from_secs(300);
/// With no ticket that helps, the person's are looked at again after so long.
const TICKETS_AGAIN: Duration = Duration::from_secs(5);
/// A session younger than this that is refused again is no matter of its age.
const YOUNG: Duration = Duration::from_secs(60);

/// What is kept: a refresh token, or where the server gives none the session itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kept {
    Refresh(Secret),
    Session(Secret),
}

/// A session as the agent has it.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) number: u64,
    pub(crate) token: Secret,
    pub(crate) refresh: Option<Secret>,
    pub(crate) life: Life,
    /// When an answer last showed that it lives.
    confirmed: Duration,
    /// The server refused it.
    refused: bool,
    pub(crate) lessor: Lessor,
}

impl Session {
    /// What the vault keeps of it.
    pub(crate) fn kept(&self) -> Kept {
        match &self.refresh {
            Some(refresh) => Kept::Refresh(refresh.clone()),
            None => Kept::Session(self.token.clone()),
        }
    }
}

/// A session for one call, for as long as the call needs it.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// Which session it is: named when it fails.
    pub(crate) number: u64,
    pub(crate) token: Secret,
    /// When an answer last showed that it lives.
    pub(crate) confirmed: Duration,
    pub(crate) lease: Lease,
}

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Somebody works: extends the session, and renews it.
    Use,
    /// A poll or a probe: neither.
    Background,
}

/// How it goes on for a call.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// With this session; `renew` when it is time to have another one, which
    /// nobody waits for.
    Use { held: Held, renew: bool },
    /// A silent sign-in comes first.
    Fly,
    /// Not at all.
    Not(Why),
}

/// Why a call gets no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// Only a person can go on.
    Needs(NeedsUserReason),
    /// There is no living session, and a background call makes none.
    Background,
    /// The server asked to be left alone for so long.
    Busy(Duration),
}

/// The next step of a silent sign-in.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// Renew with this token.
    Refresh(Secret),
    /// Ask the server whether this session lives.
    Ask(Secret),
    /// Look into the keyring for this person's.
    Look(String),
    /// There is none.
    Nobody(NeedsUserReason),
}

/// What a sign-in brought.
#[derive(Debug)]
pub(crate) struct Brought {
    pub(crate) obtained: Obtained,
    pub(crate) user: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) keyring: KeyringState,
}

/// What became of it.
#[derive(Debug)]
pub(crate) enum Landed {
    /// It is the session now; the one before it may end when its calls are done.
    Taken(Option<Session>),
    /// The person disconnected meanwhile.
    TooLate,
}

/// Which connection a sign-in began for: counts up when the person disconnects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Generation(u64);

/// Everything known of one server's connection.
#[derive(Debug)]
pub(crate) struct Keeper {
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
    /// The person said since that they want to be here.
    is_back: bool,
    /// The server takes tickets.
    takes_tickets: bool,
    /// There was none that helped; before then none is looked for.
    tickets_again: Option<Duration>,
    link: Link,
    next_probe: Option<Duration>,
    failures: u32,
    /// The server asked to be left alone until then.
    busy_until: Option<Duration>,
    keyring: KeyringState,
}

/// What of it the state follows from, at one time.
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

impl Keeper {
    pub(crate) fn new(user: Option<String>, name: Option<String>, takes_tickets: bool) -> Self {
        Self {
            generation: 0,
            count: 0,
            session: None,
            user,
            name,
            needs: None,
            signed_out: false,
            is_back: false,
            takes_tickets,
            tickets_again: None,
            link: Link::Unknown,
            next_probe: None,
            failures: 0,
            busy_until: None,
            keyring: KeyringState::Unknown,
        }
    }

    pub(crate) fn view(&self, signing_in: bool, now: Duration) -> SeatView {
        let auth = match (&self.session, self.needs) {
            (_, Some(reason)) => Auth::NeedsUser(reason),
            (Some(session), None) if !session.refused && session.life.lives(now) => Auth::Session,
            (Some(_), None) => Auth::Expired,
            (None, None) => Auth::None,
        };
        SeatView {
            link: self.link,
            auth,
            signing_in,
            user: self.session.as_ref().and(self.user.clone()),
            name: self.name.clone().or(self.user.clone()).unwrap_or_default(),
            life: self.session.as_ref().map(|session| session.life),
            renewable: self
                .session
                .as_ref()
                .is_some_and(|session| session.refresh.is_some()),
            next_probe: self.next_probe,
            keyring: self.keyring,
        }
    }

    pub(crate) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    pub(crate) fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    pub(crate) fn keyring_is(&mut self, keyring: KeyringState) {
        self.keyring = keyring;
    }

    /// A call comes. `failed` names a session that the server has just refused.
    pub(crate) fn ask(&mut self, failed: Option<u64>, purpose: Purpose, now: Duration) -> Verdict {
        if let Some(session) = &mut self.session {
            session.refused |= failed == Some(session.number);
            if !session.refused && session.life.lives(now) {
                let due = session.refresh.is_some() && session.life.wants_renewal(now);
                return Verdict::Use {
                    held: Held {
                        number: session.number,
                        token: session.token.clone(),
                        confirmed: session.confirmed,
                        lease: session.lessor.lease(),
                    },
                    renew: due && purpose == Purpose::Use && !self.is_left_alone(now),
                };
            }
        }
        match self.needs {
            None => {}
            Some(_) if self.keyring_may_have_more() => {}
            Some(reason) if self.ticket_may_help(reason, now) => {}
            Some(reason) => return Verdict::Not(Why::Needs(reason)),
        }
        if purpose == Purpose::Background {
            return Verdict::Not(Why::Background);
        }
        match self.busy_until {
            Some(until) if until > now => Verdict::Not(Why::Busy(until.saturating_sub(now))),
            _ => Verdict::Fly,
        }
    }

    /// A keyring can be unlocked without us, and one that did not answer may
    /// only have started later than the agent: that it was not read is no
    /// reason to stop looking.
    fn keyring_may_have_more(&self) -> bool {
        match self.needs {
            Some(NeedsUserReason::KeyringLocked) => true,
            Some(NeedsUserReason::Expired) => {
                self.keyring == KeyringState::Unavailable && self.session.is_none()
            }
            _ => false,
        }
    }

    /// Whether a ticket may lead in where nothing else silent does: not after
    /// the person signed out, and not again right after there was none.
    pub(crate) fn ticket_may_help(&self, reason: NeedsUserReason, now: Duration) -> bool {
        let is_wanted = reason != NeedsUserReason::SignedOut || self.is_back;
        let is_time = self.tickets_again.is_none_or(|again| again <= now);
        self.takes_tickets && is_wanted && is_time
    }

    /// No ticket helped.
    pub(crate) fn no_ticket(&mut self, now: Duration) {
        self.tickets_again = Some(now.saturating_add(TICKETS_AGAIN));
    }

    pub(crate) fn takes_tickets(&mut self, takes_tickets: bool) {
        self.takes_tickets = takes_tickets;
    }

    /// The person says that they want to be signed in here: a ticket they have
    /// is not asked whether they signed out before, and is looked at anew.
    pub(crate) fn come_back(&mut self) {
        self.is_back = true;
        self.tickets_again = None;
    }

    /// A server that is offline or busy gets no renewal that can wait.
    fn is_left_alone(&self, now: Duration) -> bool {
        self.link == Link::Offline || self.busy_until.is_some_and(|until| until > now)
    }

    /// A sign-in begins.
    pub(crate) fn depart(&self) -> Generation {
        Generation(self.generation)
    }

    fn is_late(&self, flight: Generation) -> bool {
        flight.0 != self.generation
    }

    /// The first silent way to a session.
    pub(crate) fn way(&self) -> Way {
        match (&self.session, &self.user) {
            (Some(session), _) => match &session.refresh {
                Some(refresh) => Way::Refresh(refresh.clone()),
                // Nothing renews it: only the server may say that it is over,
                // and a path that refuses it does not speak for the server.
                None => Way::Ask(session.token.clone()),
            },
            (None, None) => Way::Nobody(NeedsUserReason::NeverSignedIn),
            // What the keyring still has is about to be removed.
            (None, Some(_)) if self.signed_out => Way::Nobody(NeedsUserReason::SignedOut),
            (None, Some(user)) => Way::Look(user.clone()),
        }
    }

    /// The way after a look into the keyring.
    pub(crate) fn way_after(&mut self, keyring: KeyringState, kept: Option<Kept>) -> Way {
        self.keyring = keyring;
        if kept.is_some() {
            // That it was not found before is no reason any more.
            self.needs = None;
        }
        match (kept, keyring) {
            (Some(Kept::Refresh(token)), _) => Way::Refresh(token),
            (Some(Kept::Session(token)), _) => Way::Ask(token),
            (None, KeyringState::Locked) => Way::Nobody(NeedsUserReason::KeyringLocked),
            (None, _) => Way::Nobody(NeedsUserReason::Expired),
        }
    }

    /// A sign-in brought a session. One that comes too late is not taken.
    pub(crate) fn obtained(
        &mut self,
        flight: Generation,
        brought: Brought,
        now: Duration,
        jitter: f64,
    ) -> Landed {
        if self.is_late(flight) {
            return Landed::TooLate;
        }
        self.count += 1;
        let before = self.session.replace(Session {
            number: self.count,
            token: brought.obtained.token,
            refresh: brought.obtained.refresh,
            life: Life::begin(brought.obtained.idle, now, jitter),
            confirmed: now,
            refused: false,
            lessor: Lessor::new(),
        });
        if brought.name.is_some() || self.user != brought.user {
            self.name = brought.name;
        }
        self.user = brought.user;
        self.needs = None;
        self.signed_out = false;
        self.tickets_again = None;
        self.busy_until = None;
        self.keyring = brought.keyring;
        Landed::Taken(before)
    }

    /// No silent way is left: only a person can go on. False when that came
    /// too late to matter.
    pub(crate) fn nobody(&mut self, flight: Generation, reason: NeedsUserReason) -> bool {
        if self.is_late(flight) {
            return false;
        }
        self.needs = Some(reason);
        if reason != NeedsUserReason::KeyringLocked {
            self.session = None;
        }
        true
    }

    /// Whether the session of that number is so young that its refusal is no
    /// matter of its age: a server may refuse one path for ever.
    pub(crate) fn is_young(&self, number: u64, now: Duration) -> bool {
        number > 1
            && self.session.as_ref().is_some_and(|session| {
                session.number == number && now.saturating_sub(session.life.begun()) < YOUNG
            })
    }

    /// The server refused a session that it had just given. One that never was
    /// good for anything is given up: to believe the next one would go on for
    /// ever. True when it was given up.
    pub(crate) fn refused_unused(&mut self, number: u64) -> bool {
        let is_unused = self
            .session
            .as_ref()
            .is_some_and(|it| it.number == number && it.confirmed == it.life.begun());
        if is_unused {
            self.session = None;
            self.needs = Some(NeedsUserReason::Ended);
        }
        is_unused
    }

    /// An answer came for a call with that session.
    pub(crate) fn answered(
        &mut self,
        number: u64,
        told: ToldLife,
        purpose: Purpose,
        sent: Duration,
    ) {
        if let Some(session) = &mut self.session
            && session.number == number
        {
            let background = purpose == Purpose::Background;
            session.life.answered(told, background, sent);
            session.confirmed = session.confirmed.max(sent);
        }
    }

    /// The server answered. True when that is news.
    pub(crate) fn reached(&mut self, jitter: f64) -> bool {
        let before = std::mem::replace(&mut self.link, Link::Online);
        self.failures = 0;
        self.next_probe = None;
        if before == Link::Offline
            && let Some(session) = &mut self.session
        {
            session.life.yield_to_others(jitter);
        }
        before != Link::Online
    }

    /// The server did not answer: it is looked at again by itself, ever later,
    /// and not by everybody in the same second.
    pub(crate) fn unreachable(&mut self, now: Duration, jitter: f64) {
        // A hundred calls that fail together are one failure, and none of them
        // puts off the look that is planned.
        let is_planned = self.next_probe.is_some_and(|at| at > now);
        if self.link == Link::Offline && is_planned {
            return;
        }
        self.link = Link::Offline;
        let [first, longest] = PROBES;
        let wait = first
            .saturating_mul(1 << self.failures.min(10))
            .min(longest);
        self.failures = self.failures.saturating_add(1);
        self.next_probe = Some(now.saturating_add(wait.mul_f64(1.0 - jitter / 4.0)));
    }

    /// The server said that it cannot sign anybody in at this moment. Gives
    /// how long to leave it alone: what it told, and up to half as much again.
    pub(crate) fn busy(&mut self, told: Option<Duration>, now: Duration, jitter: f64) -> Duration {
        let wait = told.unwrap_or(BUSY).max(Duration::from_millis(500));
        let wait = wait.min(LONGEST_BUSY).mul_f64(1.0 + jitter / 2.0);
        self.busy_until = Some(now.saturating_add(wait));
        wait
    }

    /// The network changed or the machine woke up: an offline server is worth
    /// a look at once. True when there is something to look at.
    pub(crate) fn network_changed(&mut self, now: Duration) -> bool {
        let is_offline = self.link == Link::Offline;
        if is_offline {
            self.failures = 0;
            self.next_probe = Some(now);
        }
        is_offline
    }

    /// The person disconnects: what there was is handed out to be ended.
    pub(crate) fn leave(&mut self) -> (Option<String>, Option<Session>) {
        self.generation += 1;
        self.needs = None;
        self.signed_out = true;
        self.is_back = false;
        self.tickets_again = None;
        // Nobody looks after it any more, so nothing is known.
        self.link = Link::Unknown;
        self.next_probe = None;
        self.failures = 0;
        self.busy_until = None;
        (self.user.clone(), self.session.take())
    }

    /// The agent ends: a session that is kept nowhere would live on without
    /// anybody who could use it.
    pub(crate) fn close(&mut self) -> Option<Session> {
        self.generation += 1;
        let is_kept = self.keyring == KeyringState::Found;
        self.session.take().filter(|_| !is_kept)
    }
}

#[cfg(test)]
mod outage;
#[cfg(test)]
mod tests;
