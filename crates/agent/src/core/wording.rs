//! The one sentence that goes with a state: what is so, and what to do next.

use chancery_proto::local::{NeedsUserReason, State};

/// Said once, where there is no keyring.
pub(crate) const NO_KEYRING: &str = "There is no keyring on this machine, so the session is kept in memory only: after the agent ends you sign in again. To keep it in a file of your own instead, connect with --store-in-file.";

/// Said where the policy lets nothing be kept.
pub(crate) const NOTHING_KEPT: &str = "Your administrator lets nothing be put into the keyring, so the session is kept in memory only: after the agent ends you sign in again.";

/// After a disconnect that was carried out and not written down.
pub(crate) fn unwritten(error: &dyn std::fmt::Display) -> String {
    format!(
        "{error} The session is ended, but when the agent starts anew, the first use signs in again. When that is mended, disconnect once more."
    )
}

/// Said as long as nobody knows what the policy means.
pub(crate) fn mistaken_policy(path: &str, mistakes: &[String]) -> String {
    format!(
        "The policy file “{path}” cannot be used, so none of it holds, and to be safe nothing is put into the keyring: {} Tell your administrator; “chancery policy” shows everything.",
        first_and_rest(mistakes)
    )
}

/// Said as long as nobody knows what the person prefers.
pub(crate) fn mistaken_preferences(path: &str, mistakes: &[String]) -> String {
    format!(
        "Your preferences “{path}” cannot be used, so none of them holds: {} Mend the file, or take it away.",
        first_and_rest(mistakes)
    )
}

fn first_and_rest(mistakes: &[String]) -> String {
    let first = mistakes.first().map(String::as_str).unwrap_or_default();
    match mistakes.len() {
        0 | 1 => first.to_owned(),
        2 => format!("{first} There is one more mistake."),
        count => format!("{first} There are {} more mistakes.", count - 1),
    }
}

/// What is so, and what to do next.
pub(crate) fn sentence(
    state: State,
    reason: Option<NeedsUserReason>,
    server: &str,
    person: &str,
) -> String {
    match (state, reason) {
        (State::Starting, _) => "Starting.".to_owned(),
        (State::NoServer, _) => no_server(true).to_owned(),
        (State::Disconnected, _) => {
            format!("Disconnected from {server}. Connect when you want to work there again.")
        }
        (State::Deferred, _) => {
            format!("{server} is chosen. The first use signs in.")
        }
        (State::SigningIn, _) => format!("Signing in to {server}."),
        (State::Connected, _) if person.is_empty() => format!("Connected to {server}."),
        (State::Connected, _) => format!("Connected to {server} as {person}."),
        (State::Offline, _) => {
            format!("{server} cannot be reached. It is tried again by itself.")
        }
        (State::NeedsUser, reason) => needs(reason, server),
    }
}

/// There is none to work with: none in the list, or none of it is chosen.
pub(crate) fn no_server(is_empty: bool) -> &'static str {
    if is_empty {
        "No server is known yet. Connect to one by its web address."
    } else {
        "No server is chosen. Connect to one from the list."
    }
}

/// Why a prompt opens that a caller insists on.
pub(crate) fn asked_again(server: &str) -> String {
    format!("A new sign-in to {server} is asked for, although you may still be signed in there.")
}

/// The person was asked and declined.
pub(crate) fn declined(server: &str) -> String {
    format!("You were asked to sign in to {server} and declined. Sign in when you want to go on.")
}

/// The person was asked and did not answer.
pub(crate) fn late(server: &str) -> String {
    format!("Nobody signed in to {server} in time. Sign in, then try again.")
}

/// A new sign-in is insisted on, and nobody can be asked.
pub(crate) fn nobody_to_ask(server: &str) -> String {
    format!(
        "A new sign-in to {server} is asked for, and nothing is open that could ask you. Sign in."
    )
}

/// What the desktop shows where nothing is open that could ask: title and text.
pub(crate) fn notification(server: &str) -> (String, String) {
    (
        format!("Sign in to {server}"),
        format!(
            "An application needs you to sign in to {server}. Sign in with “chancery sign-in” in a terminal."
        ),
    )
}

/// What a person has to do.
pub(crate) fn needs(reason: Option<NeedsUserReason>, server: &str) -> String {
    match reason {
        None | Some(NeedsUserReason::Expired) => {
            format!("The session at {server} ran out. Sign in again.")
        }
        Some(NeedsUserReason::NeverSignedIn) => {
            format!("Nobody has signed in to {server} yet. Sign in.")
        }
        Some(NeedsUserReason::SignedOut) => {
            format!("You signed out of {server}. Sign in again.")
        }
        Some(NeedsUserReason::Ended) => {
            format!("{server} ended the session. Sign in again.")
        }
        Some(NeedsUserReason::LoginFailed) => {
            format!(
                "{server} does not know that user or that password. Check both and sign in again."
            )
        }
        Some(NeedsUserReason::KeyringLocked) => {
            "The keyring is locked. Unlock it, then try again.".to_owned()
        }
        Some(NeedsUserReason::VersionRefused) => {
            format!(
                "{server} is older than any version this one can connect to. Ask your administrator to bring it up to date."
            )
        }
        Some(NeedsUserReason::Certificate) => {
            format!(
                "The certificate of {server} cannot be verified, so nothing was sent there. Ask your administrator."
            )
        }
    }
}
