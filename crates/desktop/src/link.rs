//! The line to the agent: a thread of its own, so that nothing on the screen
//! ever waits for the network. Wishes go in, events come out.

use crate::model::login::Attempt;
use crate::model::{Event, Wish};
use crate::trouble::{Kind, Trouble};
use crate::words::say;
use chancery_client::local::{Agent, LocalError};
use chancery_platform::agent_process::AgentCommand;
use chancery_proto::local::{
    BeginRequest, BegunSignIn, ConnectRequest, PrompterKind, SignInRequest, SignInWay, Status,
};
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;

/// How the agent's list of callers calls this program.
const LABEL: &str = "Chancery";
/// An agent that ended is started again after this long, and after twice as
/// long each time that fails, up to the second.
const AGAIN: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];

/// Where events go.
pub type Hear = Arc<dyn Fn(Event) + Send + Sync>;

/// The line to the agent.
#[derive(Debug, Clone)]
pub struct Link {
    wishes: UnboundedSender<Wish>,
}

impl Link {
    /// Opens the line to the agent at `socket`; `command` starts it where none
    /// runs.
    ///
    /// # Errors
    /// When the system has no room for another thread.
    pub fn open(socket: PathBuf, command: AgentCommand, hear: Hear) -> io::Result<Self> {
        let (wishes, wished) = unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::Builder::new()
            .name("agent link".to_owned())
            .spawn(move || runtime.block_on(keep(socket, command, hear, wished)))?;
        Ok(Self { wishes })
    }

    /// Asks for something. Its outcome is an event.
    pub fn wish(&self, wish: Wish) {
        // The other end lives as long as the program.
        let _sent = self.wishes.send(wish);
    }
}

async fn keep(
    socket: PathBuf,
    command: AgentCommand,
    hear: Hear,
    mut wished: UnboundedReceiver<Wish>,
) {
    let agent = match Agent::at(socket).as_application(LABEL) {
        Ok(agent) => agent,
        Err(error) => return hear(Event::Gone(Trouble::of(&error).sentence)),
    };
    let mut wait = AGAIN[0];
    let listened = AtomicBool::new(false);
    loop {
        match command.start().await {
            Err(error) => hear(Event::Gone(error.to_string())),
            Ok(()) => {
                let lost = tokio::select! {
                    lost = listen(&agent, &hear, &listened) => lost,
                    () = serve(&agent, &hear, &mut wished) => return,
                };
                // It was there: whatever ended it, begin anew.
                let was_there = listened.swap(false, Ordering::Relaxed);
                if was_there {
                    wait = AGAIN[0];
                }
                hear(Event::Gone(match lost {
                    Err(error) if !was_there => Trouble::of(&error).sentence,
                    _ => say("trouble-gone"),
                }));
            }
        }
        // What the person wants now cannot be done, and is said to be so; and
        // since somebody waits for it, it is begun anew at once.
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            wish = wished.recv() => match wish {
                Some(wish) => missed(&hear, wish),
                None => return,
            }
        }
        wait = (wait * 2).min(AGAIN[1]);
    }
}

/// Hears of every change, and of every question; returns when the agent ends.
async fn listen(agent: &Agent, hear: &Hear, listened: &AtomicBool) -> Result<(), LocalError> {
    // Who finds the window can have somebody asked.
    let mut prompts = agent.prompts(PrompterKind::Window).await?;
    let mut events = agent.window_events().await?;
    hear(Event::Listening);
    listened.store(true, Ordering::Relaxed);
    loop {
        tokio::select! {
            event = events.next() => {
                let Some(event) = event? else { return Ok(()) };
                if let Some(settings) = event.settings {
                    hear(Event::Settings(settings));
                }
                if let Some(servers) = event.servers {
                    hear(Event::Servers(servers));
                }
                if let Some(show) = event.show {
                    hear(Event::Show(show));
                }
            }
            prompt = prompts.next() => match prompt? {
                Some(prompt) => hear(Event::Prompt(prompt)),
                None => return Ok(()),
            }
        }
    }
}

/// Carries out wishes, each by itself, until nobody can wish any more.
async fn serve(agent: &Agent, hear: &Hear, wished: &mut UnboundedReceiver<Wish>) {
    let mut attempts: HashMap<u64, AbortHandle> = HashMap::new();
    while let Some(wish) = wished.recv().await {
        attempts.retain(|_, attempt| !attempt.is_finished());
        if let Wish::GiveUp(number) = wish {
            // The agent drops a call whose caller has hung up.
            if let Some(attempt) = attempts.remove(&number) {
                attempt.abort();
            }
            continue;
        }
        let number = match &wish {
            Wish::Try(number, _) => Some(*number),
            _ => None,
        };
        let (agent, hear) = (agent.clone(), Arc::clone(hear));
        let task = tokio::spawn(async move {
            if let Some(event) = carried_out(&agent, &hear, wish).await {
                hear(event);
            }
        });
        if let Some(number) = number {
            attempts.insert(number, task.abort_handle());
        }
    }
}

/// Connects; where a person is needed and the server prefers its page, in the
/// browser.
async fn connect(
    agent: &Agent,
    hear: &Hear,
    number: u64,
    request: ConnectRequest,
) -> Result<Status, LocalError> {
    let error = match agent.connect(&request).await {
        Err(error) if request.password.is_none() => error,
        other => return other,
    };
    if Trouble::of(&error).kind != Kind::NeedsUser {
        return Err(error);
    }
    let begin = BeginRequest {
        address: request.address,
        confirmed_host: request.confirmed_host,
        way: None,
        no_browser: false,
    };
    match agent.begin_sign_in(&begin).await {
        Ok(begun) if begun.way == SignInWay::Browser => {
            in_browser(agent, hear, number, begin, begun, None).await
        }
        // An older agent knows of passwords only.
        _ => Err(error),
    }
}

/// Opens the browser and waits for the person there.
async fn in_browser(
    agent: &Agent,
    hear: &Hear,
    number: u64,
    begin: BeginRequest,
    begun: BegunSignIn,
    prompt: Option<u64>,
) -> Result<Status, LocalError> {
    let address = begun.address.unwrap_or_default();
    hear(Event::InBrowser(number, address.clone()));
    open_browser(address).await;
    if prompt.is_some() {
        let request = SignInRequest {
            prompt,
            begun: begun.number,
            ..SignInRequest::default()
        };
        return agent.sign_in(&request).await;
    }
    let request = ConnectRequest {
        address: begin.address,
        confirmed_host: begin.confirmed_host,
        begun: begun.number,
        ..ConnectRequest::default()
    };
    agent.connect(&request).await
}

async fn open_browser(address: String) {
    // Where it does not open the dialog offers the address.
    let opened =
        tokio::task::spawn_blocking(move || chancery_platform::opener::open_address(&address));
    drop(opened.await);
}

async fn carried_out(agent: &Agent, hear: &Hear, wish: Wish) -> Option<Event> {
    let done = |outcome: Result<(), LocalError>| {
        Some(Event::Done(outcome.map_err(|error| Trouble::of(&error))))
    };
    match wish {
        Wish::Try(number, attempt) => {
            let outcome = match attempt {
                Attempt::Connect(request) => connect(agent, hear, number, request).await,
                Attempt::Answer(request) => agent.sign_in(&request).await,
                Attempt::Browse(begin, prompt) => match agent.begin_sign_in(&begin).await {
                    Ok(begun) => in_browser(agent, hear, number, begin, begun, prompt).await,
                    Err(error) => Err(error),
                },
            };
            Some(Event::Tried(
                number,
                outcome.map_err(|error| Trouble::of(&error)),
            ))
        }
        Wish::Open(address) => {
            open_browser(address).await;
            None
        }
        Wish::Decline(number) => {
            // One that is over needs no word.
            let _declined = agent.decline(number).await;
            None
        }
        Wish::Connect(server, request) => {
            let outcome = agent.switch(&request).await;
            Some(Event::Connected(
                server,
                outcome.map_err(|error| Trouble::of(&error)),
            ))
        }
        Wish::SignIn(request) => done(agent.sign_in(&request).await.map(drop)),
        Wish::Disconnect(None) => done(agent.disconnect().await.map(drop)),
        Wish::Disconnect(Some(id)) => match agent.clone().viewing(&id) {
            Ok(agent) => done(agent.disconnect().await.map(drop)),
            Err(error) => done(Err(error)),
        },
        Wish::Change(request) => done(agent.add_server(&request).await.map(drop)),
        Wish::Remove(id) => done(agent.remove_server(&id).await.map(drop)),
        Wish::Uses => match agent.uses().await {
            Ok(uses) => Some(Event::Uses(uses)),
            Err(error) => done(Err(error)),
        },
        Wish::Stop(id) => done(agent.stop_use(&id).await),
        Wish::Settings => match agent.policy().await {
            Ok(report) => Some(Event::Settings(report)),
            Err(error) => done(Err(error)),
        },
        Wish::Prefer(asked) => match agent.prefer(&asked).await {
            Ok(report) => Some(Event::Settings(report)),
            Err(error) => done(Err(error)),
        },
        Wish::Examine(id) => {
            let outcome = match agent.clone().viewing(&id) {
                Ok(agent) => agent.examination().await,
                Err(error) => Err(error),
            };
            Some(Event::Examined(
                id,
                outcome.map_err(|error| Trouble::of(&error)),
            ))
        }
        // The program's own business.
        Wish::GiveUp(_) | Wish::Quit => None,
    }
}

/// What becomes of a wish while there is no agent.
fn missed(hear: &Hear, wish: Wish) {
    let trouble = Trouble {
        sentence: say("trouble-not-running"),
        kind: crate::trouble::Kind::Other,
    };
    match wish {
        Wish::Try(number, _) => hear(Event::Tried(number, Err(trouble))),
        Wish::Connect(server, _) => hear(Event::Connected(server, Err(trouble))),
        Wish::Examine(id) => hear(Event::Examined(id, Err(trouble))),
        Wish::GiveUp(_)
        | Wish::Open(_)
        | Wish::Decline(_)
        | Wish::Uses
        | Wish::Settings
        | Wish::Quit => {}
        Wish::SignIn(_)
        | Wish::Disconnect(_)
        | Wish::Change(_)
        | Wish::Remove(_)
        | Wish::Stop(_)
        | Wish::Prefer(_) => hear(Event::Done(Err(trouble))),
    }
}
