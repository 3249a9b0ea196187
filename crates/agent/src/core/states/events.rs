//! What changes the facts, and which ways between two states follow from it.

use super::{Auth, Facts, Intent, Link, REASONS, derive};
use chancery_proto::local::State;

/// Something that happens, and the facts that may hold after it.
type Event = (&'static str, fn(Facts) -> Vec<Facts>);

pub(super) const LIST_READ: &str = "the list of servers is read";
pub(super) const CONNECT: &str = "the person connects or signs in, and it worked";
pub(super) const DISCONNECT: &str = "the person disconnects";
pub(super) const REMOVE: &str = "the server is taken off the list";
pub(super) const FIRST_USE: &str = "a call needs a session";
pub(super) const RENEW: &str = "the session is renewed, or was refused";
pub(super) const PERSON: &str = "the person is asked, or the keyring is tried again";
pub(super) const SESSION: &str = "the sign-in brings a session";
pub(super) const NO_WAY: &str = "the sign-in finds no silent way";
pub(super) const GIVEN_UP: &str = "the sign-in is put off: the server is busy";
pub(super) const NOT_REACHED: &str = "the server is not reached";
pub(super) const ANSWERS: &str = "the server answers again";
pub(super) const RUNS_OUT: &str = "the session runs out";

/// Everything that happens.
pub(super) const EVENTS: [Event; 13] = [
    (LIST_READ, |facts| {
        let read = |has_server, wants_connection| Facts {
            known: true,
            intent: Intent {
                has_server,
                wants_connection,
            },
            ..facts
        };
        only(
            !facts.known,
            [read(false, true), read(true, false), read(true, true)],
        )
    }),
    (CONNECT, |facts| {
        let intent = Intent {
            has_server: true,
            wants_connection: true,
        };
        let after = Facts {
            intent,
            link: Link::Online,
            auth: Auth::Session,
            signing_in: false,
            ..facts
        };
        only(facts.known, [after])
    }),
    // What a sign-in still brings after that is dropped.
    (DISCONNECT, |facts| {
        let intent = Intent {
            wants_connection: false,
            ..facts.intent
        };
        let after = Facts {
            intent,
            auth: Auth::None,
            signing_in: false,
            ..facts
        };
        only(is_wanted(facts), [after])
    }),
    (REMOVE, |facts| {
        let intent = Intent {
            has_server: false,
            ..facts.intent
        };
        let after = Facts {
            intent,
            link: Link::Unknown,
            auth: Auth::None,
            signing_in: false,
            ..facts
        };
        only(facts.known && facts.intent.has_server, [after])
    }),
    (FIRST_USE, |facts| {
        let idle = matches!(facts.auth, Auth::None | Auth::Expired);
        begins(facts, idle)
    }),
    (RENEW, |facts| begins(facts, facts.auth == Auth::Session)),
    (PERSON, |facts| {
        begins(facts, matches!(facts.auth, Auth::NeedsUser(_)))
    }),
    (SESSION, |facts| {
        let link = Link::Online;
        ends(facts, &[(link, Auth::Session)])
    }),
    (NO_WAY, |facts| {
        let reasons: Vec<_> = REASONS
            .into_iter()
            .flat_map(|reason| {
                let auth = Auth::NeedsUser(reason);
                [(Link::Online, auth), (facts.link, auth)]
            })
            .collect();
        ends(facts, &reasons)
    }),
    (GIVEN_UP, |facts| ends(facts, &[(facts.link, facts.auth)])),
    // Another call may notice it while a sign-in is under way.
    (NOT_REACHED, |facts| {
        let after = |signing_in| Facts {
            link: Link::Offline,
            signing_in,
            ..facts
        };
        only(is_wanted(facts), [after(facts.signing_in), after(false)])
    }),
    (ANSWERS, |facts| {
        let link = Link::Online;
        only(is_wanted(facts), [Facts { link, ..facts }])
    }),
    (RUNS_OUT, |facts| {
        let auth = Auth::Expired;
        only(facts.auth == Auth::Session, [Facts { auth, ..facts }])
    }),
];

fn is_wanted(facts: Facts) -> bool {
    facts.known && facts.intent.has_server && facts.intent.wants_connection
}

fn only<const N: usize>(possible: bool, after: [Facts; N]) -> Vec<Facts> {
    if possible { after.to_vec() } else { Vec::new() }
}

fn begins(facts: Facts, possible: bool) -> Vec<Facts> {
    let signing_in = true;
    only(
        possible && is_wanted(facts) && !facts.signing_in,
        [Facts {
            signing_in,
            ..facts
        }],
    )
}

fn ends(facts: Facts, with: &[(Link, Auth)]) -> Vec<Facts> {
    if !facts.signing_in {
        return Vec::new();
    }
    with.iter()
        .map(|(link, auth)| Facts {
            link: *link,
            auth: *auth,
            signing_in: false,
            ..facts
        })
        .collect()
}

/// Every way from one state to another, and what leads along it, as far as it
/// can happen to an agent that has just started.
pub(super) fn ways() -> Vec<(State, State, &'static str)> {
    let start = Facts {
        known: false,
        intent: Intent {
            has_server: false,
            wants_connection: true,
        },
        link: Link::Unknown,
        auth: Auth::None,
        signing_in: false,
    };
    let (mut reached, mut next) = (vec![start], 0);
    let mut ways = Vec::new();
    while let Some(facts) = reached.get(next).copied() {
        next += 1;
        for (event, happens) in EVENTS {
            for after in happens(facts) {
                let way = (derive(facts).0, derive(after).0, event);
                if way.0 != way.1 && !ways.contains(&way) {
                    ways.push(way);
                }
                if !reached.contains(&after) {
                    reached.push(after);
                }
            }
        }
    }
    let place = |event: &str| EVENTS.iter().position(|(name, _)| *name == event);
    ways.sort_by_key(|(from, to, event)| (from.as_str(), to.as_str(), place(event)));
    ways
}
