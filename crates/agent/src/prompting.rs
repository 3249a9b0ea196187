//! Asking a person to sign in: by a window, else by a terminal that offers
//! itself, else by a notification. The agent itself asks nobody.
//!
//! [`session_for`] is how a call gets its session; `core::prompts` decides who
//! asks what, and this carries it out.

mod prompter;
mod wish;

pub(crate) use prompter::{Attempt, attempt, decline, offer};
pub(crate) use wish::Wish;

use crate::agent::{Agent, SharedAgent};
use crate::core::derive::Auth;
use crate::core::prompts::{Asked, Ending, Prompts, Step};
use crate::core::wording;
use crate::list::Entry;
use crate::refusal::Refusal;
use crate::seat::{Held, Seat};
use chancery_platform::notification;
use chancery_proto::local::{Interaction, NeedsUserReason, Prompt};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};

/// A caller waits so long for a person. Every prompt is over before.
const PATIENCE: Duration = Duration::from_secs(120);

/// The prompters that are there, and what they are asking.
#[derive(Debug, Default)]
pub(crate) struct Prompting {
    inner: Mutex<Inner>,
    /// Told when something may be out of time earlier than was known.
    sooner: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    prompts: Prompts,
    prompters: HashMap<u64, mpsc::Sender<Prompt>>,
    questions: HashMap<u64, Question>,
    /// Somebody looks at the clock.
    is_timed: bool,
    notices: Vec<String>,
}

/// An open prompt as it is shown, and those who wait for it.
#[derive(Debug)]
struct Question {
    shown: Prompt,
    progress: watch::Sender<Progress>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    /// Counts up when a session came that nobody typed a password for.
    sessions: u64,
    ending: Option<Ending>,
}

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
    agent.prompting.act(agent, |inner, now| {
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
        self.agent.prompting.act(&self.agent, |inner, now| {
            inner.prompts.leave(number, insists, now);
        });
    }
}

/// Somebody signed in there with a password, wherever it was typed.
pub(crate) fn signed_in(agent: &SharedAgent, server: &str) {
    agent
        .prompting
        .act(agent, |inner, _| inner.prompts.signed_in(server));
}

/// The person disconnected from there: nobody is asked any more.
pub(crate) fn disconnected(agent: &SharedAgent, server: &str) {
    agent
        .prompting
        .act(agent, |inner, _| inner.prompts.disconnected(server));
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
            agent
                .prompting
                .act(agent, |inner, _| inner.prompts.session_seen(&server));
        }
    }
}

impl Prompting {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody is being asked to sign in there.
    pub(crate) fn is_open_at(&self, server: &str) -> bool {
        self.inner().prompts.is_open_at(server)
    }

    /// Changes something, carries out what follows, and tells who has to know.
    fn act<T>(&self, agent: &SharedAgent, change: impl FnOnce(&mut Inner, Duration) -> T) -> T {
        let now = agent.surroundings.clock.monotonic();
        let (outcome, has_news, starts_clock, notices) = {
            let mut inner = self.inner();
            let outcome = change(&mut inner, now);
            inner.prompts.expire(now);
            let has_news = inner.carry_out(now);
            let starts = !inner.is_timed && inner.prompts.next_due().is_some();
            inner.is_timed |= starts;
            let notices = std::mem::take(&mut inner.notices);
            (outcome, has_news, starts, notices)
        };
        if has_news {
            agent.surroundings.changed.notify_one();
        }
        if starts_clock {
            tokio::spawn(keep_time(Arc::clone(agent)));
        } else {
            self.sooner.notify_one();
        }
        for server in notices {
            notify(agent, &server);
        }
        outcome
    }
}

/// Ends what is out of time, as long as anything is open.
async fn keep_time(agent: SharedAgent) {
    loop {
        let now = agent.surroundings.clock.monotonic();
        let due = {
            let mut inner = agent.prompting.inner();
            let due = inner.prompts.next_due();
            inner.is_timed = due.is_some();
            due
        };
        let Some(due) = due else { return };
        tokio::select! {
            () = tokio::time::sleep(due.saturating_sub(now)) => {
                agent.prompting.act(&agent, |_, _| ());
            }
            () = agent.prompting.sooner.notified() => {}
        }
    }
}

impl Inner {
    /// Does what follows; true when the state may be another one.
    fn carry_out(&mut self, now: Duration) -> bool {
        let mut has_news = false;
        loop {
            let steps = self.prompts.take_steps();
            if steps.is_empty() {
                return has_news;
            }
            for step in steps {
                has_news |= !matches!(step, Step::Release { .. });
                self.carry_out_one(step, now);
            }
        }
    }

    fn carry_out_one(&mut self, step: Step, now: Duration) {
        match step {
            Step::Show { prompter, number } => {
                let seconds = self.prompts.time_left(number, now).as_secs();
                let Some(question) = self.questions.get_mut(&number) else {
                    return;
                };
                question.shown.seconds = seconds;
                let shown = question.shown.clone();
                if !self.tell(prompter, shown) {
                    self.prompters.remove(&prompter);
                    self.prompts.withdraw(prompter, now);
                }
            }
            Step::Release { number } => {
                if let Some(question) = self.questions.get(&number) {
                    question
                        .progress
                        .send_modify(|progress| progress.sessions += 1);
                }
            }
            Step::End {
                number,
                prompter,
                ending,
            } => {
                let Some(question) = self.questions.remove(&number) else {
                    return;
                };
                question
                    .progress
                    .send_modify(|progress| progress.ending = Some(ending));
                let over = Prompt {
                    seconds: 0,
                    over: true,
                    ..question.shown
                };
                if !self.tell(prompter, over) {
                    self.prompters.remove(&prompter);
                    self.prompts.withdraw(prompter, now);
                }
            }
            Step::Notify { server } => self.notices.push(server),
        }
    }

    /// False when that prompter is gone, or does not read what it is told.
    fn tell(&self, prompter: u64, prompt: Prompt) -> bool {
        self.prompters
            .get(&prompter)
            .is_some_and(|lines| lines.try_send(prompt).is_ok())
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
