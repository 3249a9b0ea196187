//! `docs/states.md` and `docs/states.svg`: written from what [`derive`] does,
//! and compared with it at every test.
//!
//! With `INSTA_UPDATE=always` they are written anew, as the snapshots are.
//! One more fact is one more line in [`FACTS`] and in [`facts_of`].

mod events;
mod picture;
mod table;

use super::derive::{Auth, Facts, Intent, Link, derive};
use chancery_proto::local::{NeedsUserReason, State};
use std::path::Path;

/// What [`derive`] answers.
type Answer = (State, Option<NeedsUserReason>);

const STATES: [State; 8] = [
    State::Starting,
    State::NoServer,
    State::Disconnected,
    State::Deferred,
    State::SigningIn,
    State::Connected,
    State::Offline,
    State::NeedsUser,
];

const REASONS: [NeedsUserReason; 8] = [
    NeedsUserReason::Expired,
    NeedsUserReason::NeverSignedIn,
    NeedsUserReason::SignedOut,
    NeedsUserReason::Ended,
    NeedsUserReason::LoginFailed,
    NeedsUserReason::KeyringLocked,
    NeedsUserReason::VersionRefused,
    NeedsUserReason::Certificate,
];

/// Every fact with the words for its values, in the order in which they count.
const FACTS: [(&str, &[&str]); 6] = [
    ("list read", &["no", "yes"]),
    ("server chosen", &["no", "yes"]),
    ("connection wanted", &["no", "yes"]),
    ("sign-in under way", &["no", "yes"]),
    ("link", &["unknown", "online", "offline"]),
    (
        "session",
        &[
            "none",
            "living",
            "run out",
            "needs a person: expired",
            "needs a person: never signed in",
            "needs a person: signed out",
            "needs a person: ended",
            "needs a person: login failed",
            "needs a person: keyring locked",
            "needs a person: version refused",
            "needs a person: certificate",
        ],
    ),
];

/// One value of each fact, by its place among the words.
type Choice = [usize; FACTS.len()];

fn facts_of([known, server, wanted, signing_in, link, auth]: Choice) -> Facts {
    Facts {
        known: known == 1,
        intent: Intent {
            has_server: server == 1,
            wants_connection: wanted == 1,
        },
        link: [Link::Unknown, Link::Online, Link::Offline][link],
        auth: match auth {
            0 => Auth::None,
            1 => Auth::Session,
            2 => Auth::Expired,
            reason => Auth::NeedsUser(REASONS[reason - 3]),
        },
        signing_in: signing_in == 1,
    }
}

/// Every combination there is.
fn choices() -> Vec<Choice> {
    let mut all = vec![[0; FACTS.len()]];
    for (place, (_, values)) in FACTS.iter().enumerate() {
        all = all
            .into_iter()
            .flat_map(|choice| {
                (0..values.len()).map(move |value| {
                    let mut next = choice;
                    next[place] = value;
                    next
                })
            })
            .collect();
    }
    all
}

fn name(state: State) -> &'static str {
    match state {
        State::Starting => "Starting",
        State::NoServer => "NoServer",
        State::Disconnected => "Disconnected",
        State::Deferred => "Deferred",
        State::SigningIn => "SigningIn",
        State::Connected => "Connected",
        State::Offline => "Offline",
        State::NeedsUser => "NeedsUser",
    }
}

fn icon(state: State) -> &'static str {
    match state {
        State::Starting | State::NoServer => "grey",
        State::Disconnected => "unplugged, struck",
        State::Deferred => "unplugged",
        State::SigningIn => "turning",
        State::Connected => "green",
        State::Offline => "cloud, struck",
        State::NeedsUser => "amber",
    }
}

/// Compares a file of the documentation, or writes it.
#[track_caller]
fn is_in_docs(file: &str, content: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(file);
    if std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always") {
        std::fs::write(&path, content).expect("docs can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == content,
        "docs/{file} is not what the code does any more. Run this test with INSTA_UPDATE=always and look at the difference."
    );
}

#[test]
fn the_words_for_the_facts_name_each_value_once() {
    for (place, reason) in REASONS.iter().enumerate() {
        // A new reason does not compile here, and then gets its words above.
        let word = match reason {
            NeedsUserReason::Expired => "expired",
            NeedsUserReason::NeverSignedIn => "never signed in",
            NeedsUserReason::SignedOut => "signed out",
            NeedsUserReason::Ended => "ended",
            NeedsUserReason::LoginFailed => "login failed",
            NeedsUserReason::KeyringLocked => "keyring locked",
            NeedsUserReason::VersionRefused => "version refused",
            NeedsUserReason::Certificate => "certificate",
        };
        assert_eq!(FACTS[5].1[place + 3], format!("needs a person: {word}"));
    }
    assert_eq!(FACTS[5].1.len(), REASONS.len() + 3);
    let mut seen = Vec::new();
    for choice in choices() {
        let facts = facts_of(choice);
        assert!(!seen.contains(&facts), "{facts:?} comes twice");
        seen.push(facts);
    }
    assert_eq!(seen.len(), 2 * 2 * 2 * 2 * 3 * 11);
}

#[test]
fn exactly_one_row_is_about_each_combination_and_says_what_the_code_does() {
    let rows = table::rows();
    for choice in choices() {
        let about: Vec<_> = rows.iter().filter(|row| row.is_about(choice)).collect();
        assert_eq!(about.len(), 1, "{choice:?}");
        assert_eq!(about[0].answer, derive(facts_of(choice)), "{choice:?}");
    }
    for state in STATES {
        assert!(rows.iter().any(|row| row.answer.0 == state), "{state:?}");
    }
}

#[test]
fn the_page_about_the_states_is_what_the_code_does() {
    is_in_docs("states.md", &table::page());
}

#[test]
fn the_picture_has_every_state_and_every_way_between_two_and_no_other() {
    let words = |(from, to, because): (State, State, &'static str)| (name(from), name(to), because);
    let mut drawn = Vec::new();
    for arrow in &picture::ARROWS {
        for from in arrow.from {
            drawn.extend(
                arrow
                    .because
                    .iter()
                    .map(|because| words((*from, arrow.to, because))),
            );
        }
    }
    let mut real: Vec<_> = events::ways().into_iter().map(words).collect();
    drawn.sort_unstable();
    real.sort_unstable();
    assert_eq!(drawn, real);
    let picture = picture::svg();
    for state in STATES {
        let word = format!("data-state=\"{}\"", state.as_str());
        assert_eq!(picture.matches(&word).count(), 1, "{state:?}");
    }
    is_in_docs("states.svg", &picture);
}
