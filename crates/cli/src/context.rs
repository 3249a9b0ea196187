//! What every command has at hand: the agent, the output, and the person at
//! the terminal where there is one.

use crate::arguments::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::reach;
use crate::terminal::Person;
use crate::undo::Undo;
use crate::wording::moment;
use chancery_client::local::Agent;
use chancery_platform::agent_process::AgentCommand;
use chancery_proto::clock::{SharedClock, SystemClock, Timestamp};
use chancery_proto::local::{Hello, ServerEntry, Status};
use jiff::tz::TimeZone;

/// How this program calls itself to the agent.
const APPLICATION: &str = "chancery";

/// What every command has at hand.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) output: Output,
    pub(crate) person: Option<Person>,
    pub(crate) zone: TimeZone,
    /// What has to be undone when the command does not come to its end.
    pub(crate) undo: Undo,
    server: Option<String>,
    clock: SharedClock,
}

impl Context {
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            output: Output {
                json: global.json,
                quiet: global.quiet,
            },
            person: Person::at_the_terminal(global.no_input),
            zone: TimeZone::system(),
            undo: Undo::default(),
            server: global.server.clone(),
            clock: SystemClock::shared(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A time as people say it.
    pub(crate) fn moment(&self, time: Timestamp) -> String {
        moment(time, self.now(), &self.zone)
    }

    /// The agent if it runs, without the server view, and what it says of itself.
    pub(crate) async fn running_agent(&self) -> Result<Option<(Agent, Hello)>, Failure> {
        reach::running(APPLICATION).await
    }

    /// The agent, started if need be, without the server view.
    pub(crate) async fn own_agent(&self) -> Result<Agent, Failure> {
        reach::started(APPLICATION, AgentCommand::this_executable).await
    }

    /// The agent, started if need be, looking at the server of `--server`.
    pub(crate) async fn agent(&self) -> Result<Agent, Failure> {
        let agent = self.own_agent().await?;
        match self.viewed(&agent).await? {
            None => Ok(agent),
            Some(entry) => Ok(agent.viewing(&entry.id)?),
        }
    }

    /// The server that `--server` names, if it was given.
    pub(crate) async fn viewed(&self, agent: &Agent) -> Result<Option<ServerEntry>, Failure> {
        match self.server.as_deref() {
            None => Ok(None),
            Some(name) => known_server(&agent.servers().await?, name).map(Some),
        }
    }

    /// The server that this command is about: the one of `--server`, else the
    /// active one.
    pub(crate) async fn looked_at(&self, agent: &Agent) -> Result<Option<ServerEntry>, Failure> {
        match self.viewed(agent).await? {
            Some(entry) => Ok(Some(entry)),
            None => Ok(agent.status().await?.server),
        }
    }

    /// Refuses to tell the state of the active server as that of another one:
    /// an older agent tells only that.
    pub(crate) async fn refuse_other_server(&self, status: &Status) -> Result<(), Failure> {
        if self.server.is_none() {
            return Ok(());
        }
        let wanted = self.viewed(&self.own_agent().await?).await?;
        let told = status.server.as_ref().map(|entry| entry.id.as_str());
        match wanted {
            Some(entry) if told != Some(entry.id.as_str()) => Err(Failure::new(
                Exit::Agent,
                "AGENT",
                format!(
                    "The agent is older than this command: it tells the state of the active server only, and “{}” is not the active one.",
                    entry.name
                ),
            )
            .with_hint(
                "“chancery agent stop” ends it, and the next command starts its own.",
            )),
            _ => Ok(()),
        }
    }

    /// The same for another known server, as `--server` would say it.
    pub(crate) fn at(&self, server: &str) -> Self {
        Self {
            server: Some(server.to_owned()),
            ..self.clone()
        }
    }

    /// What `--server` says, as it was typed.
    pub(crate) fn server_typed(&self) -> Option<&str> {
        self.server.as_deref()
    }

    /// The same failure with advice that is about the server of `--server`.
    pub(crate) fn for_the_server_viewed(&self, mut failure: Failure) -> Failure {
        const SIGN_IN: &str = "“chancery sign-in";
        if let (Some(name), Some(hint)) = (&self.server, &failure.hint) {
            failure.hint = Some(
                hint.replace(SIGN_IN, &format!("“chancery --server {name} sign-in"))
                    .into(),
            );
        }
        failure
    }

    /// Refuses `--server` where a command is about the active server or the list.
    pub(crate) fn refuse_server_view(&self, instead: &str) -> Result<(), Failure> {
        match self.server {
            None => Ok(()),
            Some(_) => Err(Failure::usage(format!(
                "“--server” looks at a server for one command and changes nothing. {instead}"
            ))),
        }
    }
}

/// Finds a server by what a person types: its id, its name, its address, or
/// its host; upper and lower case are the same.
pub(crate) fn known_server(servers: &[ServerEntry], typed: &str) -> Result<ServerEntry, Failure> {
    let wanted = typed.trim().trim_end_matches('/').to_lowercase();
    let by = |matches: &dyn Fn(&ServerEntry) -> bool| -> Vec<ServerEntry> {
        servers
            .iter()
            .filter(|entry| matches(entry))
            .cloned()
            .collect()
    };
    let exact = by(&|entry| entry.id.to_lowercase() == wanted);
    let found = if exact.is_empty() {
        by(&|entry| {
            let address = entry.address.to_lowercase();
            let host = address
                .split_once("://")
                .map_or(address.as_str(), |(_, rest)| rest);
            entry.name.to_lowercase() == wanted || address == wanted || host == wanted
        })
    } else {
        exact
    };
    match <[ServerEntry; 1]>::try_from(found) {
        Ok([entry]) => Ok(entry),
        Err(found) if found.is_empty() => Err(Failure::new(
            Exit::NotFound,
            "CHANCERY_UNKNOWN_SERVER",
            format!("No known server is called “{typed}”."),
        )
        .with_hint(
            "“chancery servers” shows the names; “chancery connect ADDRESS” adds a server.",
        )),
        Err(found) => {
            let ids: Vec<_> = found.iter().map(|entry| entry.id.as_str()).collect();
            Err(Failure::usage(format!(
                "{} known servers are called “{typed}”. Say which one by its id: {}.",
                ids.len(),
                ids.join(", ")
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::known_server;
    use crate::exit::Exit;
    use chancery_proto::local::ServerEntry;

    fn entry(id: &str, name: &str, address: &str) -> ServerEntry {
        ServerEntry {
            id: id.to_owned(),
            name: name.to_owned(),
            address: address.to_owned(),
            active: false,
            provided: false,
            user: None,
            version: None,
            product: None,
            capabilities: Vec::new(),
            gate: None,
            asks: None,
        }
    }

    #[test]
    fn a_server_is_found_by_what_a_person_types() {
        let servers = [
            entry("s1", "Work", "https://work.example.com"),
            entry("s2", "Archive", "https://archive.example.com:8443"),
            entry("s3", "archive", "https://old.example.com"),
        ];
        for typed in [
            "s1",
            "WORK",
            "work.example.com",
            "https://work.example.com/",
        ] {
            assert_eq!(known_server(&servers, typed).expect(typed).id, "s1");
        }
        let failure = known_server(&servers, "Archive").expect_err("two");
        assert_eq!(failure.exit, Exit::Usage);
        assert!(
            failure.sentence.ends_with("by its id: s2, s3."),
            "{failure:?}"
        );
        let failure = known_server(&servers, "elsewhere").expect_err("none");
        assert_eq!(failure.exit, Exit::NotFound);
    }
}
