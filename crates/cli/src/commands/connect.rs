//! `chancery connect` and `chancery switch`.

use super::status::report;
use crate::arguments::{Connect, PersonArguments, ProofArguments, Switch};
use crate::context::{Context, known_server};
use crate::elsewhere::{begin, show};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::sign_in::{ask_and_try, asks_for_password};
use crate::terminal::{Person, password_from_stdin};
use chancery_client::local::{Agent, LocalError, RefusalKind};
use chancery_platform::opener;
use chancery_proto::local::{
    BeginRequest, BegunSignIn, ConnectRequest, ServerEntry, SignInWay, Status,
};

/// An address may lead on so many times, each confirmed.
const REDIRECTS: usize = 3;

pub(super) async fn connect(context: &Context, arguments: Connect) -> Result<Exit, Failure> {
    context.refuse_server_view("Name the server after “chancery connect”.")?;
    let way = arguments.person.way();
    let request = request_of(arguments.person, &arguments.proof).await?;
    let agent = context.own_agent().await?;
    let servers = agent.servers().await?;
    let address = match arguments.address {
        Some(address) => address,
        None => match choose(context, &servers).await? {
            Some(address) => address,
            None => return Ok(Exit::Usage),
        },
    };
    // What is no name in the list is an address.
    let known = known_server(&servers, &address).ok();
    let dialog = Dialog {
        context,
        agent: &agent,
        switching: false,
        way,
        accept_host: arguments.proof.accept_host,
    };
    dialog.go(address, known, request).await
}

pub(super) async fn switch(context: &Context, arguments: Switch) -> Result<Exit, Failure> {
    context.refuse_server_view("Name the server after “chancery switch”.")?;
    let way = arguments.person.way();
    let request = request_of(arguments.person, &arguments.proof).await?;
    let agent = context.own_agent().await?;
    let entry = known_server(&agent.servers().await?, &arguments.name)?;
    let dialog = Dialog {
        context,
        agent: &agent,
        switching: true,
        way,
        accept_host: arguments.proof.accept_host,
    };
    let before = agent.status().await?.server;
    let switched = dialog.go(arguments.name, Some(entry), request).await;
    // Unless nothing was connected before, a person wants to know where they are.
    switched.map_err(|failure| match before {
        Some(before) => failure.with_more(&format!(
            "The connection to {} stays as it was.",
            before.name
        )),
        None => failure,
    })
}

async fn request_of(
    person: PersonArguments,
    proof: &ProofArguments,
) -> Result<ConnectRequest, Failure> {
    let password = match person.password_stdin {
        true => Some(password_from_stdin().await?),
        false => None,
    };
    Ok(ConnectRequest {
        user: person.user,
        password,
        store_in_file: proof.store_in_file,
        ..ConnectRequest::default()
    })
}

/// The list, and the person's choice from it; nothing where nobody is there to choose.
async fn choose(context: &Context, servers: &[ServerEntry]) -> Result<Option<String>, Failure> {
    let Some(person) = context.person.filter(|_| !context.output.json) else {
        super::servers::show(context, servers)?;
        context.output.note(
            "Say which one: “chancery connect NAME”, or “chancery connect ADDRESS” for another.",
        );
        return Ok(None);
    };
    if servers.is_empty() {
        let address = person.line("Web address of the server: ").await?;
        return filled(address).map(Some);
    }
    context.output.result(&numbered(servers))?;
    let question = match servers.len() {
        1 => "Which one? (1, or a web address) ".to_owned(),
        many => format!("Which one? (1 to {many}, or a web address) "),
    };
    let answer = filled(person.line(&question).await?)?;
    picked(servers, &answer).map(Some)
}

fn filled(answer: String) -> Result<String, Failure> {
    if answer.is_empty() {
        return Err(Failure::usage("No server was chosen. Nothing was changed."));
    }
    Ok(answer)
}

fn numbered(servers: &[ServerEntry]) -> String {
    let lines: Vec<String> = servers
        .iter()
        .enumerate()
        .map(|(place, entry)| {
            let active = if entry.active { "  (active)" } else { "" };
            let shown = if entry.address.ends_with(&format!("://{}", entry.name)) {
                entry.address.clone()
            } else {
                format!("{}  {}", entry.name, entry.address)
            };
            format!("{:>3}  {shown}{active}", place + 1)
        })
        .collect();
    lines.join("\n")
}

fn picked(servers: &[ServerEntry], answer: &str) -> Result<String, Failure> {
    let Ok(number) = answer.parse::<usize>() else {
        return Ok(answer.to_owned());
    };
    number
        .checked_sub(1)
        .and_then(|place| servers.get(place))
        .map(|entry| entry.id.clone())
        .ok_or_else(|| {
            Failure::usage(format!(
                "There is no server {number} in the list. Nothing was changed."
            ))
        })
}

/// Connecting, with all that may have to be asked on the way.
struct Dialog<'a> {
    context: &'a Context,
    agent: &'a Agent,
    switching: bool,
    /// How the person wishes to sign in, where they said.
    way: Option<SignInWay>,
    accept_host: Option<String>,
}

impl Dialog<'_> {
    async fn go(
        self,
        typed: String,
        known: Option<ServerEntry>,
        mut request: ConnectRequest,
    ) -> Result<Exit, Failure> {
        request.address = Some(
            known
                .as_ref()
                .map_or(typed.clone(), |entry| entry.id.clone()),
        );
        let last_user = known.as_ref().and_then(|entry| entry.user.clone());
        if request.password.is_some() && request.user.is_none() {
            if last_user.is_none() {
                return Err(Failure::usage(format!(
                    "Nobody has signed in at “{typed}” yet, so it is not known whose password that is. Say so with “--user USER”."
                )));
            }
            request.user.clone_from(&last_user);
        }
        let mut at = known.map_or(typed, |entry| entry.name);
        for _ in 0..REDIRECTS {
            let error = match self.send(&request).await {
                Ok(status) => return self.done(&status),
                Err(error) => error,
            };
            let kind = error.refusal().map(|refusal| refusal.kind.clone());
            if let Some(RefusalKind::Redirected { host: Some(host) }) = kind {
                self.confirm(&at, &host, error).await?;
                at.clone_from(&host);
                request.confirmed_host = Some(host);
                continue;
            }
            if let Some(begun) = self.elsewhere(&request, &error).await? {
                show(self.context, &begun).await;
                request.begun = begun.number;
                return self.done(&self.send(&request).await?);
            }
            let status = match self.someone_to_ask(&request, &error) {
                None => return Err(self.nobody_to_ask(error, &at)),
                Some(person) => {
                    let user = request.user.as_deref().or(last_user.as_deref());
                    ask_and_try(self.context, person, &at, user, async |user, password| {
                        let mut with_password = request.clone();
                        with_password.user = Some(user.to_owned());
                        with_password.password = Some(password);
                        self.send(&with_password).await
                    })
                    .await?
                }
            };
            return self.done(&status);
        }
        Err(Failure::new(
            Exit::ServerRefused,
            "CHANCERY_REDIRECTED",
            format!(
                "“{at}” leads from host to host without end. Check the address with whoever runs the server."
            ),
        ))
    }

    async fn send(&self, request: &ConnectRequest) -> Result<Status, LocalError> {
        if self.switching {
            self.agent.switch(request).await
        } else {
            self.agent.connect(request).await
        }
    }

    /// The sign-in that goes on in a browser, where it is wished or the server
    /// prefers it.
    async fn elsewhere(
        &self,
        request: &ConnectRequest,
        error: &LocalError,
    ) -> Result<Option<BegunSignIn>, Failure> {
        let is_asked = self.way.is_some() || self.someone_to_ask(request, error).is_some();
        if !is_asked || !asks_for_password(error) {
            return Ok(None);
        }
        let asked = BeginRequest {
            address: request.address.clone(),
            confirmed_host: request.confirmed_host.clone(),
            way: self.way,
            no_browser: !opener::is_seen(),
        };
        begin(self.agent, &asked).await
    }

    fn someone_to_ask(&self, request: &ConnectRequest, error: &LocalError) -> Option<Person> {
        self.context
            .person
            .filter(|_| request.password.is_none() && asks_for_password(error))
    }

    fn nobody_to_ask(&self, error: LocalError, at: &str) -> Failure {
        let wants_password = asks_for_password(&error);
        let failure = Failure::from(error);
        if !wants_password || failure.exit != Exit::NeedsUser || failure.hint.is_none() {
            return failure;
        }
        let command = if self.switching { "switch" } else { "connect" };
        failure.with_hint(format!(
            "Run “chancery {command} {at}” in a terminal, or give the password with “--user USER --password-stdin”."
        ))
    }

    /// Another host is a decision of the person: here, or beforehand.
    async fn confirm(&self, from: &str, host: &str, error: LocalError) -> Result<(), Failure> {
        if self
            .accept_host
            .as_deref()
            .is_some_and(|accepted| accepted.eq_ignore_ascii_case(host))
        {
            return Ok(());
        }
        let Some(person) = self.context.person else {
            return Err(Failure::from(error).with_hint(format!(
                "If that is the right one, repeat the command with “--accept-host {host}”."
            )));
        };
        let question = format!("“{from}” leads to another host, “{host}”. Connect to that one?");
        if person.yes(&question).await? {
            return Ok(());
        }
        Err(Failure::new(
            Exit::NeedsUser,
            "CHANCERY_REDIRECTED",
            format!("“{host}” was not confirmed. Nothing was changed."),
        ))
    }

    fn done(&self, status: &Status) -> Result<Exit, Failure> {
        report(self.context, status)?;
        Ok(Exit::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::{numbered, picked};
    use chancery_proto::local::ServerEntry;
    use serde_json::json;

    fn servers() -> Vec<ServerEntry> {
        serde_json::from_value(json!([
            {"id": "work", "name": "work.example.com", "address": "https://work.example.com", "active": true},
            {"id": "archive", "name": "Archive", "address": "https://archive.example.com:8443"},
        ]))
        .expect("entries")
    }

    #[test]
    fn the_list_is_numbered() {
        insta::assert_snapshot!(numbered(&servers()), @r"
          1  https://work.example.com  (active)
          2  Archive  https://archive.example.com:8443
        ");
    }

    #[test]
    fn a_number_picks_from_the_list_and_anything_else_is_an_address() {
        let servers = servers();
        assert_eq!(picked(&servers, "2").expect("there"), "archive");
        assert_eq!(
            picked(&servers, "new.example.com").expect("an address"),
            "new.example.com"
        );
        for wrong in ["0", "3"] {
            let failure = picked(&servers, wrong).expect_err(wrong);
            assert!(
                failure.sentence.starts_with("There is no server"),
                "{failure:?}"
            );
        }
    }
}
