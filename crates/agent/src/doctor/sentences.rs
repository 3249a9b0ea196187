//! What was found, in words.

use super::{Glance, KeyringState, RemoteError, RemoteErrorKind, Seen, finding};
use crate::core::policy::Way;
use crate::core::wording::{self, NO_KEYRING};
use crate::list::Entry;
use chancery_kerberos::{NoTicket, Ticket};
use chancery_proto::clock::Timestamp;
use chancery_proto::label::shown;
use chancery_proto::level::{ApiLevel, Gate};
use chancery_proto::local::{Finding, FindingOutcome, PolicyReport, State, Status};
use std::time::Duration;

use FindingOutcome::{Bad, Good, Skipped, Warning};

/// Clocks that are further apart than this are worth a word, and further than
/// the second are in the way of Kerberos and of certificates.
const APART: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(300)];
/// A certificate that ends sooner is worth a word.
const SOON: Duration = Duration::from_secs(14 * 86_400);

const NO_ANSWER: &str = "The server told nothing about itself, so this was not looked at.";
const NO_SERVER: &str = "No server is chosen yet, so this was not looked at.";

/// A stretch of time as people say it, in its largest unit.
pub(super) fn spoken(time: Duration) -> String {
    let seconds = time.as_secs();
    let (number, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3600 => (seconds / 60, "minute"),
        3600..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

pub(super) fn agent(running: Duration, servers: usize) -> Finding {
    let known = match servers {
        0 => "no server yet".to_owned(),
        1 => "one server".to_owned(),
        more => format!("{more} servers"),
    };
    let sentence = if running < Duration::from_secs(60) {
        format!("It has just started and knows {known}.")
    } else {
        format!("It has run for {} and knows {known}.", spoken(running))
    };
    finding("agent", Good, sentence)
}

pub(super) fn connection(status: &Status) -> Finding {
    let outcome = match status.state {
        State::Connected | State::Deferred | State::SigningIn => Good,
        State::Starting | State::NoServer | State::Disconnected => Skipped,
        State::Offline | State::NeedsUser => Warning,
    };
    finding("connection", outcome, &status.sentence)
}

/// What a person is told of an error, without the words of libraries where
/// there are better ones.
fn told(error: &RemoteError, address: &dyn std::fmt::Display) -> String {
    match &error.sentence {
        Some(sentence) => sentence.clone(),
        None => format!(
            "{address} cannot be reached ({}). Check the network; it is tried again by itself.",
            error.plainly()
        ),
    }
}

pub(super) fn server(seen: Option<&Seen>) -> Finding {
    let Some(Seen {
        address,
        glance,
        proved,
        ..
    }) = seen
    else {
        let sentence = "No server is chosen yet. Connect to one by its web address.";
        return finding("server", Skipped, sentence);
    };
    let (outcome, sentence) = match (glance, proved) {
        (Err(error), _) if error.kind == RemoteErrorKind::Certificate => (
            Bad,
            format!("Nothing is sent to {address}, because its certificate cannot be verified."),
        ),
        (Err(error), _) => (Bad, told(error, address)),
        (Ok(Glance { took, .. }), proved) => {
            let took = took.as_millis();
            match proved.as_ref().map_err(|error| &error.kind) {
                Ok(_) => (Good, format!("{address} answers after {took} ms.")),
                Err(RemoteErrorKind::Busy { .. }) => (
                    Warning,
                    format!(
                        "{address} answers after {took} ms, and says that it is busy. Try again shortly."
                    ),
                ),
                Err(RemoteErrorKind::Redirected { host }) => (
                    Bad,
                    format!("{address} leads to {host}. Connect there only if you know that host."),
                ),
                Err(RemoteErrorKind::NotAWorkServer) => (
                    Bad,
                    format!(
                        "Something answers at {address}, but it is no work server. Check the address, or ask your administrator."
                    ),
                ),
                Err(_) => (
                    Bad,
                    format!(
                        "{address} answers after {took} ms, but tells nothing about itself in time. Try again shortly; if it stays so, tell your administrator."
                    ),
                ),
            }
        }
    };
    finding("server", outcome, sentence)
}

pub(super) fn tls(seen: Option<&Seen>, now: Timestamp) -> Finding {
    let Some(Seen {
        address,
        certificate,
        ..
    }) = seen
    else {
        return finding("tls", Skipped, NO_SERVER);
    };
    let (outcome, sentence) = match certificate {
        Ok(None) => (
            Good,
            "The server is on this machine: nothing crosses a network, so nothing is encrypted."
                .to_owned(),
        ),
        Err(error) if error.kind == RemoteErrorKind::Certificate => (
            Bad,
            format!(
                "This system does not trust the certificate of {address} ({}), so nothing is sent there. Check the address, or ask your administrator for the firm's own authority.",
                error.plainly()
            ),
        ),
        Err(_) => (
            Skipped,
            "There is no connection on which the server's certificate could be looked at."
                .to_owned(),
        ),
        Ok(Some(certificate)) => match certificate.until {
            None => (
                Good,
                "This system trusts the server's certificate.".to_owned(),
            ),
            Some(until) => {
                let left = until.since(now);
                let day = until.to_rfc3339();
                let day = day.get(..10).unwrap_or_default();
                let holds = format!(
                    "This system trusts the server's certificate; it holds until {day}, for {}.",
                    spoken(left)
                );
                if left < SOON {
                    (
                        Warning,
                        format!("{holds} Tell your administrator to renew it."),
                    )
                } else {
                    (Good, holds)
                }
            }
        },
    };
    finding("tls", outcome, sentence)
}

pub(super) fn clock(seen: Option<&Seen>) -> Finding {
    const COUNTED: &str = "How long a session lives is counted without it.";
    let Some(Seen { glance, .. }) = seen else {
        return finding("clock", Skipped, NO_SERVER);
    };
    let Some(ahead) = glance.as_ref().ok().and_then(|glance| glance.ahead) else {
        let sentence = format!(
            "The server did not tell the time, so this machine's clock was not compared. {COUNTED}"
        );
        return finding("clock", Skipped, sentence);
    };
    let apart = Duration::from_millis(ahead.unsigned_abs());
    let side = if ahead > 0 { "behind" } else { "ahead of" };
    let differ = format!(
        "This machine's clock is {} {side} the server's.",
        spoken(apart)
    );
    let [much, too_much] = APART;
    if apart > too_much {
        let sentence = format!(
            "{differ} Set the one that is wrong: signing in by Kerberos and certificates do not work with it."
        );
        finding("clock", Bad, sentence)
    } else if apart > much {
        let sentence = format!("{differ} Set the one that is wrong. {COUNTED}");
        finding("clock", Warning, sentence)
    } else {
        let sentence =
            format!("This machine's clock and the server's agree to a minute. {COUNTED}");
        finding("clock", Good, sentence)
    }
}

pub(super) fn proxy(seen: Option<&Seen>, way: &Way) -> Finding {
    let Some(Seen { address, proxy, .. }) = seen else {
        return finding("proxy", Skipped, NO_SERVER);
    };
    let sentence = match proxy {
        Some(proxy) => {
            let by = match way {
                Way::System => "this system's settings say",
                Way::Direct | Way::Through(_) => "your administrator's policy says",
            };
            format!("The way to the server leads through the proxy {proxy}, as {by}.")
        }
        None if address.is_loopback() => {
            "The server is on this machine, to which no proxy leads.".to_owned()
        }
        None if *way == Way::Direct => {
            "No proxy leads to the server, as your administrator's policy says.".to_owned()
        }
        None => "This system's settings name no proxy for the server.".to_owned(),
    };
    finding("proxy", Good, sentence)
}

pub(super) fn policy(report: &PolicyReport) -> Finding {
    let (outcome, sentence) = if !report.mistakes.is_empty() {
        let sentence = wording::mistaken_policy(&report.path, &report.mistakes);
        (Bad, sentence)
    } else if !report.preference_mistakes.is_empty() {
        let sentence =
            wording::mistaken_preferences(&report.preferences, &report.preference_mistakes);
        (Warning, sentence)
    } else if report.present {
        let sentence = format!(
            "The policy “{}” of your administrator holds. “chancery policy” shows what it says.",
            report.path
        );
        (Good, sentence)
    } else {
        let sentence = "There is no policy of an administrator on this machine.";
        (Good, sentence.to_owned())
    };
    finding("policy", outcome, sentence)
}

/// `looked` is none when the keyring did not answer in time.
pub(super) fn keyring(
    looked: Option<KeyringState>,
    in_file: bool,
    server: Option<&str>,
) -> Finding {
    if in_file {
        let sentence = "You asked for it, so your sign-ins are kept in a file of your own, readable by you alone but not encrypted. Disconnect to remove what is in it.";
        return finding("keyring", Warning, sentence);
    }
    let (outcome, sentence) = match (looked, server) {
        (None | Some(KeyringState::Unknown), _) => (
            Warning,
            "The keyring did not answer in time. It may be waiting for you: look for a window that asks for its password.".to_owned(),
        ),
        (Some(KeyringState::Found), server) => (
            Good,
            format!(
                "The keyring keeps your sign-in at {}: you stay signed in when the agent ends.",
                server.unwrap_or("the server")
            ),
        ),
        (Some(KeyringState::Absent), Some(server)) => (
            Good,
            format!(
                "The keyring is open, and keeps no sign-in at {server}. The next one is kept there."
            ),
        ),
        (Some(KeyringState::Absent), None) => (
            Good,
            "The keyring is open. Sign-ins are kept there.".to_owned(),
        ),
        (Some(KeyringState::Locked), _) => (
            Warning,
            "The keyring is locked. Unlock it, and you are signed in without being asked.".to_owned(),
        ),
        (Some(KeyringState::Unavailable), _) => (Warning, NO_KEYRING.to_owned()),
    };
    finding("keyring", outcome, sentence)
}

pub(super) fn version(entry: Option<&Entry>, level: Option<(&str, Gate)>) -> Finding {
    let Some(entry) = entry else {
        return finding("version", Skipped, NO_SERVER);
    };
    let name = &entry.name;
    let Some((version, gate)) = level else {
        let sentence = format!(
            "{name} tells its version only to somebody who is signed in. Sign in to see it."
        );
        return finding("version", Skipped, sentence);
    };
    let product = entry.product.as_deref().unwrap_or("a work server");
    let is = format!("{name} is {product} at level {version}");
    let (outcome, sentence) = match gate {
        Gate::Full => (Good, format!("{is}: everything works there.")),
        Gate::Limited { missing } if missing.is_empty() => {
            (Good, format!("{is}, and lacks nothing."))
        }
        Gate::Limited { missing } => {
            let missing: Vec<_> = missing.iter().map(|one| one.missing_means()).collect();
            (
                Warning,
                format!(
                    "{is}, older than {}. {} Ask your administrator to bring it up to date.",
                    ApiLevel::FULL,
                    missing.join(" ")
                ),
            )
        }
        Gate::Refused { .. } => (
            Bad,
            format!(
                "{is}, and this version connects to {} and later. Ask your administrator to bring the server up to date.",
                ApiLevel::OLDEST
            ),
        ),
        Gate::Unreadable { .. } => (
            Warning,
            format!(
                "The version of {name}, “{version}”, cannot be read. What is missing there shows only when it is used."
            ),
        ),
    };
    finding("version", outcome, sentence)
}

/// How the server lets people in, in its own order.
pub(super) fn sign_in(seen: Option<&Seen>) -> Finding {
    let told = seen
        .and_then(|seen| seen.proved.as_ref().ok())
        .map(|proved| proved.discovery.as_ref());
    let Some(told) = told else {
        return finding("sign-in", Skipped, NO_ANSWER);
    };
    let methods: Vec<&str> = told
        .and_then(|told| told.sign_in_methods.as_deref())
        .unwrap_or_default()
        .iter()
        .filter_map(|method| match method.kind.as_str() {
            "password" => Some("with user and password"),
            "browser" => Some("in the browser"),
            "kerberos" => Some("by your log-on to this machine"),
            _ => None,
        })
        .collect();
    let sentence = match methods.as_slice() {
        [] => {
            "The server does not tell how people sign in; user and password are tried.".to_owned()
        }
        [only] => format!("People sign in there {only}."),
        [first @ .., last] => format!("People sign in there {} or {last}.", first.join(", ")),
    };
    finding("sign-in", Good, sentence)
}

/// The person's Kerberos ticket, at a server that takes one.
pub(super) fn ticket(ticket: &Result<Ticket, NoTicket>) -> Finding {
    let (outcome, sentence) = match ticket {
        Ok(ticket) => {
            let left = Duration::from_secs(u64::from(ticket.seconds_left));
            let whose = shown(&ticket.principal).unwrap_or_default();
            (
                Good,
                format!(
                    "You are logged on as {whose}, for {} more: you are signed in without being asked.",
                    spoken(left)
                ),
            )
        }
        Err(NoTicket::Expired) => (
            Warning,
            "Your log-on to the domain ran out. Lock and unlock your screen, or run “kinit”."
                .to_owned(),
        ),
        Err(NoTicket::NoCredentials) => (
            Skipped,
            "You are not logged on to a domain on this machine, so you sign in another way."
                .to_owned(),
        ),
        Err(NoTicket::NotInstalled(_)) => (
            Skipped,
            "This machine has no Kerberos, so you sign in another way.".to_owned(),
        ),
        Err(why) => (
            Warning,
            format!("Your log-on to the domain cannot be used: {why}."),
        ),
    };
    finding("ticket", outcome, sentence)
}

#[cfg(test)]
mod tests {
    use super::{keyring, spoken};
    use chancery_proto::local::{FindingOutcome, KeyringState};
    use std::time::Duration;

    #[test]
    fn time_is_said_in_its_largest_unit() {
        for (seconds, said) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (119, "1 minute"),
            (7199, "1 hour"),
            (172_799, "47 hours"),
            (172_800, "2 days"),
        ] {
            assert_eq!(spoken(Duration::from_secs(seconds)), said);
        }
    }

    #[test]
    fn every_way_to_find_the_keyring_says_what_to_do() {
        let looks = [
            None,
            Some(KeyringState::Unknown),
            Some(KeyringState::Found),
            Some(KeyringState::Absent),
            Some(KeyringState::Locked),
            Some(KeyringState::Unavailable),
        ];
        for look in looks {
            for server in [None, Some("work")] {
                let found = keyring(look, false, server);
                let well = matches!(look, Some(KeyringState::Found | KeyringState::Absent));
                assert_eq!(found.outcome == FindingOutcome::Good, well, "{found:?}");
                assert!(found.sentence.ends_with('.'), "{found:?}");
            }
        }
        let in_file = keyring(Some(KeyringState::Unavailable), true, None);
        assert!(in_file.sentence.contains("file of your own"));
    }
}
