//! The report that is sent to somebody who helps. Names of users and of the
//! home directory do not leave the machine with it.

use super::mark;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::harmless;
use chancery_client::local::Agent;
use chancery_platform::private_file;
use chancery_proto::local::{Finding, ServerEntry, Status};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

const WHAT_IS_IN_IT: &str = "\
Report of “chancery doctor”

In it: versions, what was looked at and how it was found, the names and
addresses of your servers, and the settings that hold.
Not in it: passwords, tokens, names of documents. Of users there is only the
first letter, and your home directory is “~”.
";

/// Writes it to a file that is not there yet, for this user only.
pub(super) async fn write(
    context: &Context,
    path: &Path,
    agent: Option<&Agent>,
    findings: &[Finding],
) -> Result<(), Failure> {
    let mut text = format!("{WHAT_IS_IN_IT}\nMade {}\n", context.now().to_rfc3339());
    text.push_str("\nFindings\n");
    for finding in findings {
        let _ = writeln!(
            text,
            "{} {:<10} {}",
            mark(finding.outcome),
            finding.check,
            finding.sentence
        );
    }
    let mut names = own_names();
    if let Some(agent) = agent {
        let status = agent.status().await?;
        let servers = agent.servers().await?;
        names.extend(users(&status, &servers));
        let _ = writeln!(
            text,
            "\nState\n{}: {}",
            status.state.as_str(),
            status.sentence
        );
        for warning in &status.warnings {
            let _ = writeln!(text, "{warning}");
        }
        text.push_str("\nServers\n");
        for entry in &servers {
            let _ = writeln!(text, "{}", server(entry));
        }
        if let Ok(policy) = agent.policy().await {
            text.push_str("\nSettings\n");
            for setting in &policy.settings {
                let from = format!("{:?}", setting.from).to_lowercase();
                let _ = writeln!(text, "{} = {} ({from})", setting.name, setting.value);
            }
            for mistake in &policy.mistakes {
                let _ = writeln!(text, "mistake: {mistake}");
            }
        }
    }
    let text = redacted(
        &harmless(&text),
        &names,
        std::env::var("HOME").ok().as_deref(),
    );
    let written = private_file::create_new(path).and_then(|mut file| {
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
    });
    written.map_err(|error| Failure::file(path, "written", &error))
}

fn server(entry: &ServerEntry) -> String {
    let mut line = format!("{} {} {}", entry.id, entry.name, entry.address);
    for part in [&entry.product, &entry.version].into_iter().flatten() {
        line.push_str(", ");
        line.push_str(part);
    }
    if entry.active {
        line.push_str(", active");
    }
    line
}

/// Whoever uses this machine.
fn own_names() -> Vec<String> {
    ["USER", "LOGNAME"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .collect()
}

fn users(status: &Status, servers: &[ServerEntry]) -> Vec<String> {
    let person = status.user.iter().flat_map(|user| [&user.name, &user.id]);
    person
        .chain(servers.iter().filter_map(|entry| entry.user.as_ref()))
        .cloned()
        .collect()
}

/// The text with every name cut to its first letter, whole words only.
fn redacted(text: &str, names: &[String], home: Option<&str>) -> String {
    let mut text = match home.filter(|home| home.len() > 1) {
        Some(home) => text.replace(home.trim_end_matches('/'), "~"),
        None => text.to_owned(),
    };
    let mut names: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| name.chars().count() > 1)
        .collect();
    // A name may stand in another one.
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names.dedup();
    for name in names {
        text = without(&text, name);
    }
    text
}

fn without(text: &str, name: &str) -> String {
    let (lower, wanted) = (text.to_lowercase(), name.to_lowercase());
    if lower.len() != text.len() {
        // Letters whose small form is longer: only the exact spelling is found.
        return text.replace(name, &initial(name));
    }
    let is_letter = |one: Option<char>| one.is_some_and(char::is_alphanumeric);
    let mut out = String::new();
    let mut done = 0;
    for (place, _) in lower.match_indices(&wanted) {
        let end = place + wanted.len();
        let (Some(before), Some(after)) = (text.get(..place), text.get(end..)) else {
            continue;
        };
        let inside = is_letter(before.chars().next_back()) || is_letter(after.chars().next());
        if place < done || inside {
            continue;
        }
        out.push_str(text.get(done..place).unwrap_or_default());
        out.push_str(&initial(text.get(place..end).unwrap_or_default()));
        done = end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// `Jane Doe` becomes `J… D…`.
fn initial(name: &str) -> String {
    let parts: Vec<String> = name
        .split_whitespace()
        .filter_map(|part| part.chars().next())
        .map(|first| format!("{first}…"))
        .collect();
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::redacted;
    use proptest::prelude::*;

    #[test]
    fn of_a_user_only_the_first_letter_is_left() {
        let names = ["jdoe", "Jane Doe", "JDOE", "admin"].map(str::to_owned);
        let text = "Connected as Jane Doe (JDOE). Ask your administrator, not admin. /home/jdoe/.config, jdoe@work";
        assert_eq!(
            redacted(text, &names, Some("/home/jdoe")),
            "Connected as J… D… (J…). Ask your administrator, not a…. ~/.config, j…@work"
        );
    }

    proptest! {
        #[test]
        fn no_name_is_left_wherever_it_stands(before in "[ .,(/\n]", name in "[a-zA-ZäÖİ]{2,9}", after in "[ .,)/\n]") {
            let text = format!("x{before}{name}{after}y{before}{name}");
            let shown = redacted(&text, std::slice::from_ref(&name), None);
            prop_assert!(!shown.contains(&name), "{shown}");
        }
    }
}
