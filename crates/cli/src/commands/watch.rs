//! `chancery watch`.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::wording::time_of_day;
use chancery_proto::local::State;

pub(super) async fn watch(context: &Context, until: Option<&str>) -> Result<Exit, Failure> {
    let until = until.map(state_named).transpose()?;
    let agent = context.agent().await?;
    let mut watch = agent.watch().await?;
    let mut last = String::new();
    let mut checked = false;
    while let Some(event) = watch.next().await? {
        if !std::mem::replace(&mut checked, true) {
            context.refuse_other_server(&event.status).await?;
        }
        if context.output.json {
            context.output.json_line(&event)?;
        } else if event.status.sentence != last {
            // A session that was only extended changes nothing that is said.
            let time = time_of_day(context.now(), &context.zone);
            context
                .output
                .result(&format!("{time}  {}", event.status.sentence))?;
            last.clone_from(&event.status.sentence);
        }
        if until == Some(event.status.state) {
            return Ok(Exit::Done);
        }
    }
    if until.is_some() {
        return Err(Failure::new(
            Exit::Agent,
            "AGENT",
            "The agent ended before that state was reached. Run the command again to start it.",
        ));
    }
    context.output.note("The agent has ended.");
    Ok(Exit::Done)
}

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

fn state_named(text: &str) -> Result<State, Failure> {
    let found = STATES.into_iter().find(|state| state.as_str() == text);
    found.ok_or_else(|| {
        let names: Vec<_> = STATES.iter().map(|state| state.as_str()).collect();
        Failure::usage(format!(
            "“{text}” is no state. The states are: {}.",
            names.join(", ")
        ))
    })
}
