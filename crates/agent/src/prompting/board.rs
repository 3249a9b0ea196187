//! The board of prompts: who offers to ask, what is asked, and who waits.
//!
//! Knows neither agent nor seats: what follows from a change is handed back as
//! [`News`].

use crate::core::prompts::{Ending, Prompts, Step};
use chancery_proto::local::Prompt;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};

/// The prompters that are there, and what they are asking.
#[derive(Debug, Default)]
pub(crate) struct Prompting {
    inner: Mutex<Inner>,
    /// Told when something may be out of time earlier than was known.
    pub(super) sooner: Notify,
}

#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) prompts: Prompts,
    pub(super) prompters: HashMap<u64, mpsc::Sender<Prompt>>,
    pub(super) questions: HashMap<u64, Question>,
    /// Somebody looks at the clock.
    pub(super) is_timed: bool,
    notices: Vec<String>,
}

/// An open prompt as it is shown, and those who wait for it.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) shown: Prompt,
    pub(super) progress: watch::Sender<Progress>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Progress {
    /// Counts up when a session came that nobody typed a password for.
    pub(super) sessions: u64,
    pub(super) ending: Option<Ending>,
}

/// What follows from a change, outside the board.
#[derive(Debug)]
pub(super) struct News {
    /// The state may be another one.
    pub(super) has_news: bool,
    /// Something is out of time some day, and nobody looks at the clock yet.
    pub(super) starts_clock: bool,
    /// The servers for which somebody has to be told on the desktop.
    pub(super) notices: Vec<String>,
}

impl Prompting {
    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody is being asked to sign in there.
    pub(crate) fn is_open_at(&self, server: &str) -> bool {
        self.inner().prompts.is_open_at(server)
    }

    /// Changes something, and tells those who offer and those who wait.
    pub(super) fn change<T>(
        &self,
        now: Duration,
        change: impl FnOnce(&mut Inner, Duration) -> T,
    ) -> (T, News) {
        let mut inner = self.inner();
        let outcome = change(&mut inner, now);
        inner.prompts.expire(now);
        let has_news = inner.carry_out(now);
        let starts_clock = !inner.is_timed && inner.prompts.next_due().is_some();
        inner.is_timed |= starts_clock;
        let notices = std::mem::take(&mut inner.notices);
        let news = News {
            has_news,
            starts_clock,
            notices,
        };
        (outcome, news)
    }

    /// When the next prompt is out of time; whoever gets none looks no more.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let mut inner = self.inner();
        let due = inner.prompts.next_due();
        inner.is_timed = due.is_some();
        due
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
