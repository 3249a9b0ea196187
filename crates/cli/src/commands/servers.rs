//! `chancery servers`: the list of known servers.

use crate::arguments::ServersAction;
use crate::context::{Context, known_server};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::table::{Column, table};
use chancery_proto::local::{ServerEntry, ServerList, ServerRequest};

pub(super) async fn servers(
    context: &Context,
    action: Option<ServersAction>,
) -> Result<Exit, Failure> {
    context.refuse_server_view("Name the server after the command.")?;
    let agent = context.own_agent().await?;
    let (list, done) = match action.unwrap_or(ServersAction::List) {
        ServersAction::List => {
            show(context, &agent.servers().await?)?;
            return Ok(Exit::Done);
        }
        ServersAction::Add { address, name } => {
            let done = format!("“{address}” is in the list. Nobody has signed in there yet.");
            let list = agent
                .add_server(&ServerRequest {
                    address,
                    name,
                    ..ServerRequest::default()
                })
                .await?;
            (list, done)
        }
        ServersAction::Remove { name } => {
            let entry = known_server(&agent.servers().await?, &name)?;
            let done = format!(
                "“{}” is off the list, and its session has ended.",
                entry.name
            );
            (agent.remove_server(&entry.id).await?, done)
        }
        ServersAction::Rename { name, new_name } => {
            let entry = known_server(&agent.servers().await?, &name)?;
            let done = format!("“{}” is now shown as “{new_name}”.", entry.name);
            let request = ServerRequest {
                address: entry.address,
                name: Some(new_name),
                ..ServerRequest::default()
            };
            (agent.add_server(&request).await?, done)
        }
    };
    if context.output.json {
        show(context, &list)?;
    } else {
        context.output.confirm(&done)?;
    }
    Ok(Exit::Done)
}

/// The list as a table or as JSON.
pub(super) fn show(context: &Context, servers: &[ServerEntry]) -> Result<(), Failure> {
    if context.output.json {
        return context.output.json(&ServerList {
            servers: servers.to_vec(),
        });
    }
    if servers.is_empty() {
        context.output.note(
            "There is no server in the list yet. Connect to one with “chancery connect ADDRESS”.",
        );
        return Ok(());
    }
    context.output.result(&listed(servers))
}

fn listed(servers: &[ServerEntry]) -> String {
    let columns = [
        Column::text(""),
        Column::text("id"),
        Column::text("name"),
        Column::text("address"),
        Column::text("user"),
        Column::text("version"),
        Column::text("note"),
    ];
    let rows: Vec<Vec<String>> = servers
        .iter()
        .map(|entry| {
            vec![
                if entry.active { "*" } else { "" }.to_owned(),
                entry.id.clone(),
                entry.name.clone(),
                entry.address.clone(),
                entry.user.clone().unwrap_or_default(),
                entry.version.clone().unwrap_or_default(),
                if entry.provided { "by policy" } else { "" }.to_owned(),
            ]
        })
        .collect();
    table(&columns, &rows)
}

#[cfg(test)]
mod tests {
    use super::listed;
    use chancery_proto::local::ServerEntry;
    use serde_json::json;

    #[test]
    fn the_active_server_and_the_administrators_are_marked() {
        let servers: Vec<ServerEntry> = serde_json::from_value(json!([
            {"id": "work", "name": "work.example.com", "address": "https://work.example.com", "active": true, "user": "jdoe", "version": "10.4.5"},
            {"id": "archive", "name": "Archive", "address": "https://archive.example.com:8443", "provided": true},
        ]))
        .expect("entries");
        insta::assert_snapshot!(listed(&servers), @r"
           ID       NAME              ADDRESS                           USER  VERSION  NOTE
        *  work     work.example.com  https://work.example.com          jdoe  10.4.5
           archive  Archive           https://archive.example.com:8443                 by policy
        ");
    }
}
