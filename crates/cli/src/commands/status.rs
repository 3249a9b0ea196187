//! `chancery status`, and how a state is told after every command that changes it.

use crate::arguments::Status as Arguments;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::wording::time_of_day;
use chancery_proto::level::Gate;
use chancery_proto::local::{
    KeyringState, NeedsUserReason, ServerEntry, SessionLife, State, Status,
};

pub(super) async fn status(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let agent = context.agent().await?;
    let status = agent.status().await?;
    context.refuse_other_server(&status).await?;
    if context.output.json {
        context.output.json(&status)?;
    } else {
        context.output.result(&told(context, &status))?;
    }
    Ok(if arguments.exit_code {
        exit_of(&status)
    } else {
        Exit::Done
    })
}

/// Tells the state after it was changed: JSON, or its sentence and what has to be known.
pub(super) fn report(context: &Context, status: &Status) -> Result<(), Failure> {
    if context.output.json {
        return context.output.json(status);
    }
    context.output.confirm(&status.sentence)?;
    for warning in warnings(status) {
        context.output.note(&warning);
    }
    Ok(())
}

fn warns_of_keyring(status: &Status) -> bool {
    status
        .warnings
        .iter()
        .any(|warning| warning.contains("keyring"))
}

fn exit_of(status: &Status) -> Exit {
    match status.state {
        State::Connected | State::Deferred | State::SigningIn | State::Starting => Exit::Done,
        State::NeedsUser => match status.reason {
            Some(NeedsUserReason::VersionRefused | NeedsUserReason::Certificate) => {
                Exit::ServerRefused
            }
            _ => Exit::NeedsUser,
        },
        State::Offline => Exit::Offline,
        State::Disconnected | State::NoServer => Exit::Disconnected,
    }
}

fn told(context: &Context, status: &Status) -> String {
    let mut lines = vec![status.sentence.clone()];
    let mut detail = |label: &str, text: String| lines.push(format!("  {label:<9}{text}"));
    if let Some(server) = &status.server {
        detail("Server", server_line(server));
    }
    if let Some(user) = &status.user {
        let text = if user.name == user.id {
            user.id.clone()
        } else {
            format!("{} ({})", user.name, user.id)
        };
        detail("User", text);
    }
    if let Some(session) = &status.session {
        detail("Session", session_line(context, session));
    }
    if let Some(probe) = status.next_probe {
        detail(
            "Retry",
            format!(
                "the server is tried again at {}",
                time_of_day(probe, &context.zone)
            ),
        );
    }
    if let Some(keyring) = keyring_line(status.keyring).filter(|_| !warns_of_keyring(status)) {
        detail("Keyring", keyring.to_owned());
    }
    lines.extend(warnings(status));
    lines.join("\n")
}

fn server_line(server: &ServerEntry) -> String {
    let mut parts = Vec::new();
    if !server.address.ends_with(&format!("://{}", server.name)) {
        parts.push(server.name.clone());
    }
    parts.push(server.address.clone());
    if let Some(product) = &server.product {
        parts.push(product.clone());
    }
    if let Some(version) = &server.version {
        parts.push(format!("level {version}"));
    }
    parts.join(", ")
}

fn session_line(context: &Context, session: &SessionLife) -> String {
    let mut parts = Vec::new();
    if let Some(idle) = session.idle_expires {
        let renewed = if session.renewable {
            ", then renewed at the next use"
        } else {
            ""
        };
        parts.push(format!(
            "ends {} unless it is used before{renewed}",
            context.moment(idle)
        ));
    }
    if let Some(absolute) = session.absolute_expires {
        parts.push(format!(
            "you sign in again {} at the latest",
            context.moment(absolute)
        ));
    }
    if parts.is_empty() {
        parts.push("lives as long as the server lets it".to_owned());
    }
    parts.join("; ")
}

fn keyring_line(keyring: KeyringState) -> Option<&'static str> {
    match keyring {
        KeyringState::Unknown | KeyringState::Absent => None,
        KeyringState::Found => Some("keeps you signed in when the agent ends"),
        KeyringState::Locked => Some("locked; unlock it to be signed in without asking"),
        KeyringState::Unavailable => Some("none here; you sign in again when the agent ends"),
    }
}

/// The agent's warnings, and what the server's version means.
fn warnings(status: &Status) -> Vec<String> {
    let mut lines = status.warnings.clone();
    match status.server.as_ref().and_then(|server| server.gate.as_ref()) {
        Some(Gate::Limited { missing }) if !missing.is_empty() => {
            lines.push("This server is older than 10.4.0. What does not work with it:".to_owned());
            lines.extend(missing.iter().map(|one| format!("  - {}", one.missing_means())));
            lines.push("More about it stands in the manual, under “What an older server lacks”.".to_owned());
        }
        Some(Gate::Unreadable { version }) => lines.push(format!(
            "The server's version, “{version}”, cannot be read. What is missing there shows only when it is used."
        )),
        _ => {}
    }
    lines.dedup();
    lines
}

#[cfg(test)]
mod tests {
    use super::{exit_of, told};
    use crate::arguments::Global;
    use crate::context::Context;
    use crate::exit::Exit;
    use chancery_proto::local::Status;
    use serde_json::{Value, json};

    fn context() -> Context {
        Context::new(&Global {
            json: false,
            server: None,
            quiet: false,
            no_input: true,
        })
    }

    fn status(value: Value) -> Status {
        serde_json::from_value(value).expect("a status")
    }

    #[test]
    fn a_connected_state_says_where_who_and_how_long() {
        let mut context = context();
        context.zone = jiff::tz::TimeZone::UTC;
        let status = status(json!({
            "state": "connected",
            "sentence": "Connected to work.example.com as Jane Doe.",
            "server": {"id": "work", "name": "work.example.com", "address": "https://work.example.com",
                "active": true, "version": "10.3.4", "product": "Work Server",
                "gate": {"kind": "limited", "missing": ["mail.filing_status", "documents.ranges"]}},
            "user": {"id": "JDOE", "name": "Jane Doe"},
            "session": {"idle_expires": "2001-03-01T12:00:00Z", "absolute_expires": "2001-03-31T08:00:00Z", "renewable": true},
            "keyring": "unavailable",
            "warnings": ["There is no keyring."]
        }));
        insta::assert_snapshot!(told(&context, &status), @r"
        Connected to work.example.com as Jane Doe.
          Server   https://work.example.com, Work Server, level 10.3.4
          User     Jane Doe (JDOE)
          Session  ends on 2001-03-01 at 12:00 unless it is used before, then renewed at the next use; you sign in again on 2001-03-31 at 08:00 at the latest
        There is no keyring.
        This server is older than 10.4.0. What does not work with it:
          - Messages in the mailbox do not show that they are filed.
          - A broken download starts again from the beginning.
        More about it stands in the manual, under “What an older server lacks”.
        ");
    }

    #[test]
    fn the_exit_code_of_a_state_is_that_of_a_call_in_it() {
        for (state, exit) in [
            ("connected", Exit::Done),
            ("deferred", Exit::Done),
            ("offline", Exit::Offline),
            ("needs-user", Exit::NeedsUser),
            ("disconnected", Exit::Disconnected),
            ("no-server", Exit::Disconnected),
        ] {
            let status = status(json!({"state": state, "sentence": "", "keyring": "unknown"}));
            assert_eq!(exit_of(&status), exit, "{state}");
        }
    }
}
