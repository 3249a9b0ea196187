//! The state that everybody sees: a pure function, never assigned.

use chancery_proto::local::{NeedsUserReason, State};

/// What the person wants; kept on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Intent {
    /// A server is chosen.
    pub(crate) has_server: bool,
    /// False only after an explicit disconnect.
    pub(crate) wants_connection: bool,
}

/// How the server was last reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// Not tried yet.
    Unknown,
    /// The last call was answered.
    Online,
    /// The last call was not.
    Offline,
}

/// What session there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Auth {
    /// None, and nothing was tried.
    None,
    /// One that lives.
    Session,
    /// One that ran out; the next use renews it.
    Expired,
    /// None, and only a person can change that.
    NeedsUser(NeedsUserReason),
}

/// Everything the state follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The Connect list was read.
    pub(crate) known: bool,
    pub(crate) intent: Intent,
    pub(crate) link: Link,
    pub(crate) auth: Auth,
    /// A sign-in is in flight, or a person is being asked.
    pub(crate) signing_in: bool,
}

/// The state, and why a person is needed where one is.
pub(crate) fn derive(facts: Facts) -> (State, Option<NeedsUserReason>) {
    if !facts.known {
        return (State::Starting, None);
    }
    if !facts.intent.has_server {
        return (State::NoServer, None);
    }
    if !facts.intent.wants_connection {
        return (State::Disconnected, None);
    }
    if facts.signing_in {
        return (State::SigningIn, None);
    }
    // Never “needs a person” because of the network.
    if facts.link == Link::Offline {
        return (State::Offline, None);
    }
    match facts.auth {
        Auth::NeedsUser(reason) => (State::NeedsUser, Some(reason)),
        Auth::Session => (State::Connected, None),
        Auth::None | Auth::Expired => (State::Deferred, None),
    }
}

#[cfg(test)]
mod tests {
    use super::{Auth, Facts, Intent, Link, derive};
    use chancery_proto::local::{NeedsUserReason, State};
    use proptest::prelude::*;

    fn facts() -> impl Strategy<Value = Facts> {
        let auth = prop_oneof![
            Just(Auth::None),
            Just(Auth::Session),
            Just(Auth::Expired),
            Just(Auth::NeedsUser(NeedsUserReason::Expired)),
            Just(Auth::NeedsUser(NeedsUserReason::KeyringLocked)),
        ];
        let link = prop_oneof![Just(Link::Unknown), Just(Link::Online), Just(Link::Offline)];
        (any::<[bool; 4]>(), link, auth).prop_map(|(flags, link, auth)| {
            let [known, has_server, wants_connection, signing_in] = flags;
            Facts {
                known,
                intent: Intent {
                    has_server,
                    wants_connection,
                },
                link,
                auth,
                signing_in,
            }
        })
    }

    proptest! {
        #[test]
        fn the_network_alone_never_needs_a_person(facts in facts()) {
            let (state, reason) = derive(Facts { link: Link::Offline, ..facts });
            prop_assert!(state != State::NeedsUser && reason.is_none());
        }

        #[test]
        fn whoever_disconnected_is_not_shown_anything_else(facts in facts()) {
            let intent = Intent { has_server: true, wants_connection: false };
            let (state, _) = derive(Facts { known: true, intent, ..facts });
            prop_assert_eq!(state, State::Disconnected);
        }

        #[test]
        fn connected_means_a_living_session_and_a_reason_means_a_person(facts in facts()) {
            let (state, reason) = derive(facts);
            if state == State::Connected {
                prop_assert_eq!(facts.auth, Auth::Session);
                prop_assert!(facts.link != Link::Offline);
            }
            prop_assert_eq!(reason.is_some(), state == State::NeedsUser);
            if !facts.known {
                prop_assert_eq!(state, State::Starting);
            }
        }
    }
}
