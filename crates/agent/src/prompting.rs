//! Asking a person to sign in: by a window, else by a terminal that offers
//! itself, else by a notification. The agent itself asks nobody.
//!
//! [`session_for`] is how a call gets its session; `core::prompts` decides who
//! asks what, and this carries it out.

pub(crate) mod board;
mod prompter;
mod wish;

pub(crate) use prompter::{Attempt, attempt, decline, offer};
pub(crate) use wish::Wish;

use self::board::{Inner, Progress, Question};
use crate::agent::{Agent, SharedAgent};
use crate::core::derive::Auth;
use crate::core::prompts::{Asked, Ending};
use crate::core::wording;
use crate::list::Entry;
use crate::refusal::Refusal;
use crate::seat::{Held, Seat};
use chancery_platform::notification;
use chancery_proto::local::{Interaction, NeedsUserReason, Prompt};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A caller waits so long for a person. Every prompt is over before.
const PATIENCE: Duration = Duration::from_secs(120);

/// A session for a call: the one there is or one by a silent way; else, as far
/// as `wish` allows, by asking the person. `failed` names a session that the
/// server has just refused.
pub(crate) async fn session_for(
    agent: &SharedAgent,
    entry: &Entry,
    seat: &Arc<Seat>,
    failed: Option<u64>,
    wish: &Wish,
) -> Result<Held, Refusal> {
    let interaction = wish.interaction();
    let refused = if interaction == Interaction::Force {
        None
    } else {
        match seat.session_for(wish.purpose(), failed).await {
            Err(refusal) if refusal.needs().is_some() => Some(refusal),
            other => return other,
        }
    };
    let reason = refused.as_ref().and_then(Refusal::needs);
    let ending = match ask(agent, entry, seat, wish, reason) {
        // Somebody was faster.
        Outcome::Session => Ending::Answered,
        Outcome::Waits(waiter) => waiter.ending().await,
        Outcome::Quiet => Ending::Declined,
        Outcome::Nobody => Ending::Nobody,
    };
    let reason = reason.unwrap_or_else(|| match seat.view().auth {
        Auth::NeedsUser(reason) => reason,
        _ => NeedsUserReason::Expired,
    });
    let needs_user = |sentence: String| Refusal::needs_user_saying(reason, sentence);
    match ending {
        Ending::Answered => seat.ensure(failed).await,
        Ending::Disconnected => Err(Refusal::disconnected(&entry.name)),
        Ending::Declined => Err(needs_user(wording::declined(&entry.name))),
        Ending::Late => Err(needs_user(wording::late(&entry.name))),
        Ending::Nobody => {
            Err(refused.unwrap_or_else(|| needs_user(wording::nobody_to_ask(&entry.name))))
        }
    }
}

/// What became of the wish to ask.
enum Outcome {
    Waits(Waiter),
    /// The person has declined a moment ago.
    Quiet,
    /// Nobody may be asked, or nobody is there.
    Nobody,
    /// There is a session meanwhile.
    Session,
}

fn ask(
    agent: &SharedAgent,
    entry: &Entry,
    seat: &Seat,
    wish: &Wish,
    reason: Option<NeedsUserReason>,
) -> Outcome {
    let shown = Prompt {
        number: 0,
        server: agent.shown(entry),
        user: wish.user.clone().or_else(|| entry.user.clone()),
        reason,
        application: wish.application.clone(),
        sentence: reason.map_or_else(
            || wording::asked_again(&entry.name),
            |reason| wording::needs(Some(reason), &entry.name),
        ),
        seconds: 0,
        over: false,
    };
    act(agent, |inner, now| {
        // Looked at under the lock: a sign-in ends its prompt after it.
        if reason.is_some() && seat.view().auth == Auth::Session {
            return Outcome::Session;
        }
        let interaction = wish.interaction();
        match inner.prompts.ask(&entry.id, interaction, reason, now) {
            Asked::Waits(number) => {
                let question = inner.questions.entry(number).or_insert_with(|| Question {
                    shown: Prompt { number, ..shown },
                    progress: watch::Sender::default(),
                });
                Outcome::Waits(Waiter {
                    agent: Arc::clone(agent),
                    number,
                    insists: interaction == Interaction::Force,
                    sessions: question.progress.borrow().sessions,
                    progress: question.progress.subscribe(),
                })
            }
            Asked::Quiet => Outcome::Quiet,
            Asked::NotAllowed | Asked::Nobody => Outcome::Nobody,
        }
    })
}

/// A caller that waits for a prompt, until it is dropped.
struct Waiter {
    agent: SharedAgent,
    number: u64,
    insists: bool,
    /// How many sessions had come otherwise when this one began to wait.
    sessions: u64,
    progress: watch::Receiver<Progress>,
}

impl Waiter {
    async fn ending(mut self) -> Ending {
        let (before, insists) = (self.sessions, self.insists);
        let over = self.progress.wait_for(|progress| {
            progress.ending.is_some() || (!insists && progress.sessions > before)
        });
        match tokio::time::timeout(PATIENCE, over).await {
            Ok(Ok(progress)) => progress.ending.unwrap_or(Ending::Answered),
            Ok(Err(_)) => Ending::Nobody,
            Err(_) => Ending::Late,
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let (number, insists) = (self.number, self.insists);
        act(&self.agent, |inner, now| {
            inner.prompts.leave(number, insists, now);
        });
    }
}

/// Somebody signed in there with a password, wherever it was typed.
pub(crate) fn signed_in(agent: &SharedAgent, server: &str) {
    act(agent, |inner, _| inner.prompts.signed_in(server));
}

/// The person disconnected from there: nobody is asked any more.
pub(crate) fn disconnected(agent: &SharedAgent, server: &str) {
    act(agent, |inner, _| inner.prompts.disconnected(server));
}

/// Looks whether a prompt became needless because a session came otherwise.
pub(crate) fn look(agent: &SharedAgent) {
    // Not in the head of the loop: the lock would be held all through it.
    let servers = agent.prompting.inner().prompts.servers();
    for server in servers {
        let lives = agent
            .seat_of(&server)
            .is_some_and(|seat| seat.view().auth == Auth::Session);
        if lives {
            act(agent, |inner, _| inner.prompts.session_seen(&server));
        }
    }
}

/// Changes something on the board, carries out what follows, and tells who has
/// to know.
fn act<T>(agent: &SharedAgent, change: impl FnOnce(&mut Inner, Duration) -> T) -> T {
    let now = agent.surroundings.clock.monotonic();
    let (outcome, news) = agent.prompting.change(now, change);
    if news.has_news {
        agent.surroundings.changed.notify_one();
    }
    if news.starts_clock {
        tokio::spawn(keep_time(Arc::clone(agent)));
    } else {
        agent.prompting.sooner.notify_one();
    }
    for server in news.notices {
        notify(agent, &server);
    }
    outcome
}

/// Ends what is out of time, as long as anything is open.
async fn keep_time(agent: SharedAgent) {
    loop {
        let now = agent.surroundings.clock.monotonic();
        let Some(due) = agent.prompting.next_due() else {
            return;
        };
        tokio::select! {
            () = tokio::time::sleep(due.saturating_sub(now)) => {
                act(&agent, |_, _| ());
            }
            () = agent.prompting.sooner.notified() => {}
        }
    }
}

/// Says on the desktop that somebody is needed, where there is a desktop.
fn notify(agent: &Agent, server: &str) {
    // An agent that ends takes its prompts along.
    if *agent.stopping.borrow() {
        return;
    }
    let Ok(entry) = agent.meant(Some(server)) else {
        return;
    };
    let (title, text) = wording::notification(&entry.name);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = notification::show(&title, &text) {
            tracing::info!(%error, "nobody could be told that a sign-in is needed");
        }
    });
}

#[cfg(test)]
mod tests;
