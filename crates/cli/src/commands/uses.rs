//! `chancery uses`: who uses the connection.

use crate::arguments::UsesAction;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::table::{Column, table};
use crate::wording::{date_and_time, time_of_day};
use chancery_proto::local::{Use, Uses};
use jiff::tz::TimeZone;
use serde_json::json;

pub(super) async fn uses(context: &Context, action: Option<UsesAction>) -> Result<Exit, Failure> {
    context
        .refuse_server_view("The list is of all who use the agent, whichever server they ask.")?;
    let agent = context.own_agent().await?;
    let uses = agent.uses().await.map_err(Failure::of_newer_route)?;
    match action.unwrap_or(UsesAction::List) {
        UsesAction::List => show(context, uses)?,
        UsesAction::Stop { id } => {
            let found = uses.into_iter().find(|one| one.id == id);
            let Some(one) = found else {
                return Err(Failure::new(
                    Exit::NotFound,
                    "NO_USE",
                    format!("Nobody uses the connection under “{id}”."),
                )
                .with_hint("“chancery uses” shows who does."));
            };
            agent.stop_use(&id).await.map_err(Failure::of_newer_route)?;
            if context.output.json {
                context.output.json(&json!({"stopped": one.id}))?;
            } else {
                context.output.confirm(&format!(
                    "{} (process {}) cannot use the connection any more, until the agent is started anew.",
                    base_name(&one).unwrap_or("A program that has ended"),
                    one.pid
                ))?;
            }
        }
    }
    Ok(Exit::Done)
}

fn show(context: &Context, uses: Vec<Use>) -> Result<(), Failure> {
    if context.output.json {
        return context.output.json(&Uses { uses });
    }
    context.output.result(&listed(&uses, &context.zone))?;
    if uses.iter().any(|one| one.application.is_some()) {
        context.output.note(
            "What a program calls itself is its own word; program and process are the system's.",
        );
    }
    Ok(())
}

/// The program's name without its directory, as the system tells it.
fn base_name(one: &Use) -> Option<&str> {
    let path = one.program.as_deref()?;
    path.rsplit(['/', '\\'])
        .next()
        .filter(|name| !name.is_empty())
}

fn listed(uses: &[Use], zone: &TimeZone) -> String {
    let columns = [
        Column::text("id"),
        Column::number("process"),
        Column::text("program"),
        Column::text("calls itself"),
        Column::text("since"),
        Column::number("calls"),
        Column::number("open"),
        Column::text("note"),
    ];
    let rows: Vec<Vec<String>> = uses
        .iter()
        .map(|one| {
            vec![
                one.id.clone(),
                one.pid.to_string(),
                base_name(one).unwrap_or_default().to_owned(),
                one.application.clone().unwrap_or_default(),
                date_and_time(one.since, zone),
                one.calls.to_string(),
                one.connections.to_string(),
                note(one, zone),
            ]
        })
        .collect();
    table(&columns, &rows)
}

fn note(one: &Use, zone: &TimeZone) -> String {
    let mut notes = Vec::new();
    if one.stopped {
        notes.push("stopped".to_owned());
    }
    if let Some(until) = one.administers_until {
        notes.push(format!("administers until {}", time_of_day(until, zone)));
    }
    if one.under_way > 0 {
        notes.push(format!("{} under way", one.under_way));
    }
    notes.join(", ")
}

#[cfg(test)]
mod tests {
    use super::listed;
    use chancery_proto::local::Use;
    use jiff::tz::TimeZone;
    use serde_json::json;

    #[test]
    fn each_program_says_what_it_calls_itself_and_the_system_says_what_it_is() {
        let uses: Vec<Use> = serde_json::from_value(json!([
            {"id": "7", "pid": 4711, "program": "/usr/bin/thunderbird", "application": "Mail",
                "since": "2026-03-01T09:00:00Z", "last_call": "2026-03-01T09:30:05Z", "calls": 12,
                "under_way": 1, "connections": 2, "administers_until": "2026-03-01T09:45:00Z"},
            {"id": "6", "pid": 99, "since": "2026-03-01T08:00:00Z", "calls": 0, "under_way": 0,
                "connections": 0, "stopped": true},
        ]))
        .expect("uses");
        insta::assert_snapshot!(listed(&uses, &TimeZone::UTC), @r"
        ID  PROCESS  PROGRAM      CALLS ITSELF  SINCE             CALLS  OPEN  NOTE
        7      4711  thunderbird  Mail          2026-03-01 09:00     12     2  administers until 09:45:00, 1 under way
        6        99                             2026-03-01 08:00      0     0  stopped
        ");
    }
}
