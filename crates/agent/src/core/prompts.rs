//! Who asks the person, and what is being asked.
//!
//! Pure: time comes in, and what follows comes out as [`Step`]s. For each
//! server there is at most one prompt, at one prompter, however many callers
//! wait for it; each of them gets an answer before its patience ends.

use chancery_proto::local::{Interaction, NeedsUserReason, PrompterKind};
use std::time::Duration;

/// So long a prompter has for an answer.
pub(crate) const TIME_TO_ANSWER: Duration = Duration::from_secs(110);
/// An answer that is just being tried then gets until here; still less than a
/// caller waits.
const TIME_TO_TRY: Duration = Duration::from_secs(118);
/// A prompt that nobody waits for any more stays so long: whoever gave up
/// often comes again.
const ABANDONED: Duration = Duration::from_secs(10);
/// After a person declined, nothing pops up for so long unless it is forced.
const QUIET: Duration = Duration::from_secs(10);
/// Between two notifications about one server.
const NOTIFIED: Duration = Duration::from_secs(5 * 60);

/// How a prompt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// There is a session.
    Answered,
    /// The person does not want to sign in now.
    Declined,
    /// Nobody answered in time.
    Late,
    /// The last prompter went away.
    Nobody,
    /// The person disconnected.
    Disconnected,
}

/// What a caller gets who may wait for a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The prompt to wait for, new or already open.
    Waits(u64),
    /// The caller allows none, or a password would not help.
    NotAllowed,
    /// The person has declined a moment ago.
    Quiet,
    /// There is no prompter.
    Nobody,
}

/// Why an answer to a prompt is not tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotTried {
    /// The prompt is over.
    Over,
    /// Another answer is being tried at this moment.
    Busy,
}

/// What has to be done outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// That prompter puts the question.
    Show { prompter: u64, number: u64 },
    /// There is a session: whoever did not insist on a new one goes on.
    Release { number: u64 },
    /// The prompt is over, for its prompter and for everybody who waits.
    End {
        number: u64,
        prompter: u64,
        ending: Ending,
    },
    /// Nobody can be asked: the desktop may say that somebody is needed.
    Notify { server: String },
}

#[derive(Debug)]
struct Prompter {
    id: u64,
    kind: PrompterKind,
}

#[derive(Debug)]
struct Open {
    number: u64,
    server: String,
    prompter: u64,
    since: Duration,
    /// An answer is being tried.
    trying: bool,
    /// How many wait for any session, and how many for a new one.
    waiting: usize,
    insisting: usize,
    /// Since when nobody waits.
    abandoned: Option<Duration>,
}

impl Open {
    fn due(&self) -> Duration {
        let answer = if self.trying {
            TIME_TO_TRY
        } else {
            TIME_TO_ANSWER
        };
        let due = self.since.saturating_add(answer);
        match self.abandoned {
            Some(since) if !self.trying => due.min(since.saturating_add(ABANDONED)),
            _ => due,
        }
    }

    fn waiters(&mut self, insists: bool) -> &mut usize {
        if insists {
            &mut self.insisting
        } else {
            &mut self.waiting
        }
    }
}

/// All prompters and all open prompts.
#[derive(Debug, Default)]
pub(crate) struct Prompts {
    /// Counts prompters and prompts.
    count: u64,
    /// In the order in which they offered themselves.
    prompters: Vec<Prompter>,
    open: Vec<Open>,
    /// Where a person declined, and until when nothing pops up there.
    quiet: Vec<(String, Duration)>,
    /// Where a notification was shown, and until when none is again.
    notified: Vec<(String, Duration)>,
    steps: Vec<Step>,
}

impl Prompts {
    /// What has to be done now, in this order.
    pub(crate) fn take_steps(&mut self) -> Vec<Step> {
        std::mem::take(&mut self.steps)
    }

    /// Somebody offers to ask the person.
    pub(crate) fn offer(&mut self, kind: PrompterKind) -> u64 {
        self.count += 1;
        let id = self.count;
        self.prompters.push(Prompter { id, kind });
        id
    }

    /// A prompter went away; the next one in order puts its questions.
    pub(crate) fn withdraw(&mut self, prompter: u64, now: Duration) {
        self.prompters.retain(|other| other.id != prompter);
        let next = self.preferred();
        let (orphans, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|open| open.prompter == prompter);
        self.open = others;
        for mut open in orphans {
            match next {
                Some(next) => {
                    open.prompter = next;
                    let number = open.number;
                    self.open.push(open);
                    self.steps.push(Step::Show {
                        prompter: next,
                        number,
                    });
                }
                None => {
                    self.end(&open, Ending::Nobody);
                    self.notify(&open.server, now);
                }
            }
        }
    }

    /// A window, else a terminal; of several the one that came last.
    fn preferred(&self) -> Option<u64> {
        self.prompters
            .iter()
            .max_by_key(|prompter| (prompter.kind == PrompterKind::Window, prompter.id))
            .map(|prompter| prompter.id)
    }

    /// A caller has no session. `reason` says why a person is needed; a caller
    /// who insists on a new sign-in may have none.
    pub(crate) fn ask(
        &mut self,
        server: &str,
        interaction: Interaction,
        reason: Option<NeedsUserReason>,
        now: Duration,
    ) -> Asked {
        let insists = interaction == Interaction::Force;
        let is_allowed = match interaction {
            Interaction::Never => false,
            Interaction::IfNeeded => reason.is_some_and(helps),
            Interaction::Force => true,
        };
        if !is_allowed {
            return Asked::NotAllowed;
        }
        if let Some(open) = self.open.iter_mut().find(|open| open.server == server) {
            *open.waiters(insists) += 1;
            open.abandoned = None;
            return Asked::Waits(open.number);
        }
        self.quiet.retain(|(_, until)| *until > now);
        if !insists && self.quiet.iter().any(|(at, _)| at == server) {
            return Asked::Quiet;
        }
        let Some(prompter) = self.preferred() else {
            self.notify(server, now);
            return Asked::Nobody;
        };
        self.count += 1;
        let number = self.count;
        let mut open = Open {
            number,
            server: server.to_owned(),
            prompter,
            since: now,
            trying: false,
            waiting: 0,
            insisting: 0,
            abandoned: None,
        };
        *open.waiters(insists) += 1;
        self.open.push(open);
        self.steps.push(Step::Show { prompter, number });
        Asked::Waits(number)
    }

    /// A caller waits no longer, answered or not.
    pub(crate) fn leave(&mut self, number: u64, insists: bool, now: Duration) {
        if let Some(open) = self.open.iter_mut().find(|open| open.number == number) {
            let waiters = open.waiters(insists);
            *waiters = waiters.saturating_sub(1);
            if open.waiting + open.insisting == 0 {
                open.abandoned = Some(now);
            }
        }
    }

    /// An answer came and is to be tried at the server that this gives.
    pub(crate) fn try_answer(&mut self, number: u64) -> Result<String, NotTried> {
        let found = self.open.iter_mut().find(|open| open.number == number);
        let open = found.ok_or(NotTried::Over)?;
        if std::mem::replace(&mut open.trying, true) {
            return Err(NotTried::Busy);
        }
        Ok(open.server.clone())
    }

    /// The answer was tried; was it right, there is a session and
    /// [`Prompts::signed_in`] follows.
    pub(crate) fn tried(&mut self, number: u64) {
        if let Some(open) = self.open.iter_mut().find(|open| open.number == number) {
            open.trying = false;
        }
    }

    /// The person does not want to; false when the prompt is over already.
    pub(crate) fn decline(&mut self, number: u64, now: Duration) -> bool {
        let Some(open) = self.take(|open| open.number == number) else {
            return false;
        };
        self.end(&open, Ending::Declined);
        self.quiet.retain(|(at, _)| *at != open.server);
        self.quiet.push((open.server, now.saturating_add(QUIET)));
        true
    }

    /// Somebody signed in to that server, here or anywhere else.
    pub(crate) fn signed_in(&mut self, server: &str) {
        self.quiet.retain(|(at, _)| at != server);
        self.notified.retain(|(at, _)| at != server);
        if let Some(open) = self.take(|open| open.server == server) {
            self.end(&open, Ending::Answered);
        }
    }

    /// A session came to that server without a person, or is seen for the
    /// first time. Whoever insists on a new one waits on.
    pub(crate) fn session_seen(&mut self, server: &str) {
        match self.open.iter().find(|open| open.server == server) {
            Some(open) if open.insisting > 0 => {
                let number = open.number;
                self.steps.push(Step::Release { number });
            }
            Some(_) => self.signed_in(server),
            None => {}
        }
    }

    /// The person disconnected from that server, or took it off the list.
    pub(crate) fn disconnected(&mut self, server: &str) {
        if let Some(open) = self.take(|open| open.server == server) {
            self.end(&open, Ending::Disconnected);
        }
    }

    /// Ends what is out of time.
    pub(crate) fn expire(&mut self, now: Duration) {
        while let Some(open) = self.take(|open| open.due() <= now) {
            self.end(&open, Ending::Late);
        }
    }

    /// When something is out of time next.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.open.iter().map(Open::due).min()
    }

    /// How long a prompter has for that prompt.
    pub(crate) fn time_left(&self, number: u64, now: Duration) -> Duration {
        let found = self.open.iter().find(|open| open.number == number);
        found.map_or(Duration::ZERO, |open| {
            let end = open.since.saturating_add(TIME_TO_ANSWER);
            end.saturating_sub(now)
        })
    }

    /// Whether somebody is being asked to sign in there.
    pub(crate) fn is_open_at(&self, server: &str) -> bool {
        self.open.iter().any(|open| open.server == server)
    }

    /// Where somebody is being asked.
    pub(crate) fn servers(&self) -> Vec<String> {
        self.open.iter().map(|open| open.server.clone()).collect()
    }

    fn take(&mut self, is_meant: impl Fn(&Open) -> bool) -> Option<Open> {
        let place = self.open.iter().position(is_meant)?;
        Some(self.open.swap_remove(place))
    }

    fn end(&mut self, open: &Open, ending: Ending) {
        self.steps.push(Step::End {
            number: open.number,
            prompter: open.prompter,
            ending,
        });
    }

    fn notify(&mut self, server: &str, now: Duration) {
        self.notified.retain(|(_, until)| *until > now);
        if !self.notified.iter().any(|(at, _)| at == server) {
            let until = now.saturating_add(NOTIFIED);
            self.notified.push((server.to_owned(), until));
            let server = server.to_owned();
            self.steps.push(Step::Notify { server });
        }
    }
}

/// Whether a user and a password are what is missing.
fn helps(reason: NeedsUserReason) -> bool {
    use NeedsUserReason::{
        Certificate, Ended, Expired, KeyringLocked, LoginFailed, NeverSignedIn, SignedOut,
        VersionRefused,
    };
    match reason {
        Expired | NeverSignedIn | SignedOut | Ended | LoginFailed => true,
        KeyringLocked | VersionRefused | Certificate => false,
    }
}

#[cfg(test)]
mod tests;
