//! What the command itself can look at.

use super::finding;
use crate::context::Context;
use crate::output::one_line;
use chancery_client::local::Agent;
use chancery_platform::directories::Directories;
use chancery_platform::private_file::{Kind, standing};
use chancery_proto::local::{Finding, FindingOutcome, OLDEST_PROTOCOL, PROTOCOL};
use std::io::{self, IsTerminal};
use std::path::Path;

use FindingOutcome::{Bad, Good, Skipped, Warning};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// This command, and where it keeps things.
pub(super) fn places() -> Vec<Finding> {
    let mut findings = vec![finding(
        "command",
        Good,
        format!(
            "Chancery {VERSION} on {} ({}).",
            system(),
            std::env::consts::ARCH
        ),
    )];
    match Directories::from_environment() {
        Err(error) => findings.push(finding("home", Bad, error.to_string())),
        Ok(directories) => {
            for (check, path) in [
                ("settings", directories.config()),
                ("logs", directories.state()),
            ] {
                findings.push(directory(check, path));
            }
        }
    }
    findings
}

/// The system's name as people write it.
fn system() -> &'static str {
    match std::env::consts::OS {
        "linux" => "Linux",
        "macos" => "macOS",
        "windows" => "Windows",
        other => other,
    }
}

/// The socket's directory and the socket.
pub(super) fn socket() -> Vec<Finding> {
    let Ok(directories) = Directories::from_environment() else {
        return Vec::new();
    };
    let place = directory("socket", directories.runtime());
    if place.outcome != Good {
        return vec![place];
    }
    let path = directories.socket();
    let shown = one_line(&path.to_string_lossy());
    let Ok(found) = standing(&path) else {
        return vec![finding(
            "socket",
            Skipped,
            format!("There is no socket at “{shown}” that could be looked at."),
        )];
    };
    let rights = &found.rights;
    let (outcome, sentence) = if found.kind != Kind::Socket {
        (
            Bad,
            format!("“{shown}” is in the way and is no socket. Remove it."),
        )
    } else if !found.is_own {
        (
            Bad,
            format!("“{shown}” belongs to somebody else. {OWN_PLACE}"),
        )
    } else if found.is_shared {
        (
            Warning,
            format!(
                "Only its directory keeps others from “{shown}” ({rights}). End the agent with “chancery agent stop”: it is made anew."
            ),
        )
    } else {
        (Good, format!("“{shown}” is yours alone ({rights})."))
    };
    vec![finding("socket", outcome, sentence)]
}

const OWN_PLACE: &str = "Remove it, or set CHANCERY_HOME to a directory of your own.";

/// A directory has to be the person's own.
fn directory(check: &str, path: &Path) -> Finding {
    let shown = one_line(&path.to_string_lossy());
    let found = match standing(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return finding(
                check,
                Skipped,
                format!("“{shown}” is not there yet. It is made when it is needed."),
            );
        }
        Err(error) => {
            let why = chancery_platform::wording::plainly(&error);
            return finding(check, Bad, format!("“{shown}” cannot be looked at: {why}."));
        }
    };
    let rights = &found.rights;
    let (outcome, sentence) = if found.kind != Kind::Directory {
        (Bad, format!("“{shown}” is no directory. {OWN_PLACE}"))
    } else if !found.is_own {
        (
            Bad,
            format!("“{shown}” belongs to somebody else. {OWN_PLACE}"),
        )
    } else if found.is_shared {
        (
            Warning,
            format!(
                "Others may look into “{shown}” ({rights}). The agent takes that from them when it starts anew."
            ),
        )
    } else {
        (Good, format!("“{shown}” is yours alone ({rights})."))
    };
    finding(check, outcome, sentence)
}

/// Whether somebody can be asked here, and what can be shown.
pub(super) fn terminal(context: &Context) -> Finding {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return finding(
            "terminal",
            Skipped,
            "This is no terminal, so nothing is asked here: commands that need a password end with 3.",
        );
    }
    let utf8 = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(std::env::var_os)
        .find(|value| !value.is_empty())
        .is_some_and(|value| {
            let value = value.to_string_lossy().to_lowercase();
            value.contains("utf-8") || value.contains("utf8")
        });
    if !utf8 {
        return finding(
            "terminal",
            Warning,
            "The language settings do not say UTF-8, so some names may show wrongly. Set LANG to C.UTF-8 or to your language with “.UTF-8”.",
        );
    }
    let asked = if context.person.is_some() {
        "you are asked here when a password is needed"
    } else {
        "nothing is asked, because of “--no-input”"
    };
    finding(
        "terminal",
        Good,
        format!("It shows all letters, and {asked}."),
    )
}

/// Whether command and agent understand each other.
pub(super) async fn versions(agent: &Agent) -> Vec<Finding> {
    let hello = match agent.hello().await {
        Ok(hello) => hello,
        Err(error) => {
            let failure = crate::failure::Failure::from(error);
            return vec![finding("agent", Bad, failure.lines().join(" "))];
        }
    };
    let protocols = format!(
        "It speaks protocol {} to {}, this command {OLDEST_PROTOCOL} to {PROTOCOL}.",
        hello.oldest_protocol, hello.protocol
    );
    let version = one_line(&hello.version);
    if version == VERSION {
        return vec![finding(
            "agent",
            Good,
            format!(
                "Chancery {version} runs as process {}. {protocols}",
                hello.pid
            ),
        )];
    }
    vec![finding(
        "agent",
        Warning,
        format!(
            "The agent is Chancery {version} and this command {VERSION}. {protocols} “chancery agent stop” ends it, and the next command starts its own."
        ),
    )]
}
