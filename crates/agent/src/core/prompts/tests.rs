//! The prompts against a written model: whatever comes in whatever order.

use super::{ABANDONED, Asked, Ending, NOTIFIED, NotTried, Prompts, QUIET, Step, TIME_TO_ANSWER};
use chancery_proto::local::{Interaction, NeedsUserReason, PrompterKind};
use proptest::prelude::*;
use std::collections::HashMap;
use std::time::Duration;

const SERVERS: [&str; 2] = ["work", "archive"];
/// A caller waits no longer than this, whatever happens.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Debug, Clone)]
enum Event {
    Offer(PrompterKind),
    Withdraw(usize),
    Ask(usize, Interaction, Option<NeedsUserReason>),
    Leave(usize),
    Decline(usize),
    Try(usize),
    Tried(usize),
    SignedIn(usize),
    Seen(usize),
    Disconnected(usize),
    Pass(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let kind = prop_oneof![Just(PrompterKind::Window), Just(PrompterKind::Terminal)];
    let interaction = prop_oneof![
        1 => Just(Interaction::Never),
        4 => Just(Interaction::IfNeeded),
        2 => Just(Interaction::Force),
    ];
    let reason = prop_oneof![
        1 => Just(None),
        6 => Just(Some(NeedsUserReason::Expired)),
        1 => Just(Some(NeedsUserReason::KeyringLocked)),
    ];
    let server = 0..SERVERS.len();
    prop_oneof![
        2 => kind.prop_map(Event::Offer),
        2 => any::<usize>().prop_map(Event::Withdraw),
        8 => (server.clone(), interaction, reason).prop_map(|(at, how, why)| Event::Ask(at, how, why)),
        2 => any::<usize>().prop_map(Event::Leave),
        2 => any::<usize>().prop_map(Event::Decline),
        2 => any::<usize>().prop_map(Event::Try),
        2 => any::<usize>().prop_map(Event::Tried),
        1 => server.clone().prop_map(Event::SignedIn),
        1 => server.clone().prop_map(Event::Seen),
        1 => server.prop_map(Event::Disconnected),
        4 => (0_u64..70).prop_map(Event::Pass),
    ]
}

#[derive(Debug)]
struct Waiter {
    number: u64,
    insists: bool,
    since: Duration,
    answer: Option<Ending>,
}

#[derive(Debug)]
struct Shown {
    server: &'static str,
    prompter: u64,
    since: Duration,
}

/// What the world outside knows: who offered, what is shown where, who waits.
#[derive(Debug, Default)]
struct World {
    prompts: Prompts,
    now: Duration,
    prompters: Vec<(u64, PrompterKind)>,
    shown: HashMap<u64, Shown>,
    waiters: Vec<Waiter>,
    declined: HashMap<&'static str, Duration>,
    notified: HashMap<String, Duration>,
}

impl World {
    fn best(&self) -> Option<u64> {
        let last = |kind| {
            let all = self.prompters.iter().rev();
            all.filter(|(_, its)| *its == kind)
                .map(|(id, _)| *id)
                .next()
        };
        last(PrompterKind::Window).or_else(|| last(PrompterKind::Terminal))
    }

    /// Whether the desktop was told of late that somebody is needed.
    fn desktop_knows(&self, server: &str) -> bool {
        let told = self.notified.get(server);
        told.is_some_and(|told| self.now < *told + NOTIFIED)
    }

    fn open_at(&self, server: &str) -> Option<u64> {
        let found = self.shown.iter().find(|(_, shown)| shown.server == server);
        found.map(|(number, _)| *number)
    }

    fn any_open(&self, which: usize) -> Option<u64> {
        let mut all: Vec<_> = self.shown.keys().copied().collect();
        all.sort_unstable();
        (!all.is_empty()).then(|| all[which % all.len()])
    }

    /// Carries out the steps and checks each of them; gives the endings.
    fn settle(&mut self, asking: Option<&'static str>) -> Vec<(u64, Ending)> {
        self.prompts.expire(self.now);
        let mut endings = Vec::new();
        for step in self.prompts.take_steps() {
            match step {
                Step::Show { prompter, number } => {
                    assert_eq!(
                        Some(prompter),
                        self.best(),
                        "not the preferred one is asked"
                    );
                    match self.shown.get_mut(&number) {
                        Some(shown) => {
                            let gone = shown.prompter;
                            assert!(self.prompters.iter().all(|(id, _)| *id != gone));
                            shown.prompter = prompter;
                        }
                        None => {
                            let server = asking.expect("a prompt opens only for a caller");
                            assert_eq!(self.open_at(server), None, "two prompts for one server");
                            self.shown.insert(
                                number,
                                Shown {
                                    server,
                                    prompter,
                                    since: self.now,
                                },
                            );
                        }
                    }
                }
                Step::Release { number } => {
                    assert!(self.shown.contains_key(&number));
                    let waiters = self.waiters.iter_mut();
                    for waiter in waiters.filter(|one| one.number == number && !one.insists) {
                        waiter.answer = Some(Ending::Answered);
                    }
                }
                Step::End {
                    number,
                    prompter,
                    ending,
                } => {
                    let shown = self.shown.remove(&number).expect("it was open");
                    assert_eq!(shown.prompter, prompter, "its own prompter is told");
                    let had_time = self.now >= shown.since + TIME_TO_ANSWER;
                    let waiters = self.waiters.iter_mut();
                    for waiter in waiters.filter(|one| one.number == number) {
                        assert!(
                            ending != Ending::Late || had_time,
                            "{waiter:?} gave up early"
                        );
                        waiter.answer.get_or_insert(ending);
                    }
                    endings.push((number, ending));
                }
                Step::Notify { server } => {
                    assert!(self.prompters.is_empty(), "somebody could be asked");
                    if let Some(last) = self.notified.insert(server, self.now) {
                        assert!(self.now >= last + NOTIFIED, "the desktop is not flooded");
                    }
                }
            }
        }
        // Those who have their answer go.
        let (answered, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiters)
            .into_iter()
            .partition(|waiter| waiter.answer.is_some());
        self.waiters = waiting;
        for waiter in answered {
            assert!(
                self.now <= waiter.since + PATIENCE,
                "an answer came too late"
            );
            self.prompts.leave(waiter.number, waiter.insists, self.now);
        }
        for waiter in &self.waiters {
            assert!(
                self.shown.contains_key(&waiter.number),
                "nobody answers {waiter:?}"
            );
        }
        for server in SERVERS {
            assert_eq!(
                self.prompts.is_open_at(server),
                self.open_at(server).is_some()
            );
        }
        endings
    }

    fn ask(&mut self, at: usize, how: Interaction, why: Option<NeedsUserReason>) {
        let server = SERVERS[at];
        let (before, count) = (self.open_at(server), self.shown.len());
        let asked = self.prompts.ask(server, how, why, self.now);
        if let Asked::Waits(number) = asked {
            self.waiters.push(Waiter {
                number,
                insists: how == Interaction::Force,
                since: self.now,
                answer: None,
            });
        }
        self.settle(Some(server));
        let is_quiet = self
            .declined
            .get(server)
            .is_some_and(|declined| self.now < *declined + QUIET);
        let password_helps = why == Some(NeedsUserReason::Expired);
        let expected = match how {
            Interaction::Never => Asked::NotAllowed,
            Interaction::IfNeeded if !password_helps => Asked::NotAllowed,
            _ if before.is_some() => Asked::Waits(before.unwrap_or_default()),
            Interaction::IfNeeded if is_quiet => Asked::Quiet,
            _ if self.best().is_none() => Asked::Nobody,
            _ => Asked::Waits(self.open_at(server).expect("a new prompt")),
        };
        assert_eq!(asked, expected);
        assert!(asked != Asked::Nobody || self.desktop_knows(server));
        let opens = before.is_none() && matches!(asked, Asked::Waits(_));
        assert_eq!(self.shown.len(), count + usize::from(opens));
    }

    fn happen(&mut self, event: &Event) {
        match *event {
            Event::Offer(kind) => {
                let id = self.prompts.offer(kind);
                self.prompters.push((id, kind));
                assert!(self.settle(None).is_empty());
            }
            Event::Withdraw(which) if !self.prompters.is_empty() => {
                let place = which % self.prompters.len();
                let (id, _) = self.prompters.remove(place);
                self.prompts.withdraw(id, self.now);
                let open: Vec<_> = self.shown.values().map(|shown| shown.server).collect();
                let endings = self.settle(None);
                let none_left = self.prompters.is_empty();
                assert!(!none_left || open.iter().all(|at| self.desktop_knows(at)));
                assert!(endings.iter().all(|(_, ending)| *ending == Ending::Nobody));
                assert!(endings.is_empty() || none_left);
                assert!(!none_left || self.shown.is_empty());
            }
            Event::Ask(at, how, why) => self.ask(at, how, why),
            Event::Leave(which) if !self.waiters.is_empty() => {
                let place = which % self.waiters.len();
                let waiter = self.waiters.remove(place);
                self.prompts.leave(waiter.number, waiter.insists, self.now);
                self.settle(None);
            }
            Event::Decline(which) => {
                let Some(number) = self.any_open(which) else {
                    assert!(!self.prompts.decline(u64::MAX, self.now));
                    return;
                };
                let server = self.shown[&number].server;
                assert!(self.prompts.decline(number, self.now));
                self.declined.insert(server, self.now);
                assert_eq!(self.settle(None), [(number, Ending::Declined)]);
                assert!(!self.prompts.decline(number, self.now), "it is over");
                assert_eq!(self.prompts.try_answer(number), Err(NotTried::Over));
            }
            Event::Try(which) => {
                if let Some(number) = self.any_open(which) {
                    let server = self.shown[&number].server;
                    match self.prompts.try_answer(number) {
                        Ok(at) => assert_eq!(at, server),
                        Err(why) => assert_eq!(why, NotTried::Busy),
                    }
                    assert_eq!(self.prompts.try_answer(number), Err(NotTried::Busy));
                }
            }
            Event::Tried(which) => {
                if let Some(number) = self.any_open(which) {
                    self.prompts.tried(number);
                    self.settle(None);
                }
            }
            Event::SignedIn(at) => {
                self.prompts.signed_in(SERVERS[at]);
                self.declined.remove(SERVERS[at]);
                self.notified.remove(SERVERS[at]);
                self.settle(None);
                assert_eq!(self.open_at(SERVERS[at]), None);
            }
            Event::Seen(at) => {
                let before = self.open_at(SERVERS[at]);
                let insists = |one: &Waiter| Some(one.number) == before && one.insists;
                let is_insisted_on = self.waiters.iter().any(insists);
                self.prompts.session_seen(SERVERS[at]);
                let ended = !self.settle(None).is_empty();
                assert_eq!(ended, before.is_some() && !is_insisted_on);
                if ended {
                    self.declined.remove(SERVERS[at]);
                    self.notified.remove(SERVERS[at]);
                }
                let still: Vec<_> = self
                    .waiters
                    .iter()
                    .filter(|one| Some(one.number) == before)
                    .collect();
                assert!(still.iter().all(|one| one.insists && !ended));
            }
            Event::Disconnected(at) => {
                self.prompts.disconnected(SERVERS[at]);
                let endings = self.settle(None);
                assert!(
                    endings
                        .iter()
                        .all(|(_, ending)| *ending == Ending::Disconnected)
                );
                assert_eq!(self.open_at(SERVERS[at]), None);
            }
            Event::Pass(seconds) => self.pass(Duration::from_secs(seconds)),
            Event::Withdraw(_) | Event::Leave(_) => {}
        }
    }

    /// Lets time pass as the clock's keeper does: from one due time to the next.
    fn pass(&mut self, by: Duration) {
        let end = self.now + by;
        while let Some(due) = self.prompts.next_due().filter(|due| *due <= end) {
            assert!(due > self.now, "nothing stays due");
            self.now = due;
            let endings = self.settle(None);
            assert!(!endings.is_empty(), "the clock woke for nothing");
            assert!(endings.iter().all(|(_, ending)| *ending == Ending::Late));
        }
        self.now = end;
        assert!(self.settle(None).is_empty());
    }
}

proptest! {
    #[test]
    fn one_prompt_for_a_server_and_an_answer_for_everybody(events in prop::collection::vec(event(), 1..120)) {
        let mut world = World::default();
        for event in &events {
            world.happen(event);
        }
        // Left alone, everybody has an answer in the end and nothing stays.
        world.pass(PATIENCE);
        prop_assert!(world.waiters.is_empty() && world.shown.is_empty());
        prop_assert_eq!(world.prompts.next_due(), None);
    }
}

const WHY: Option<NeedsUserReason> = Some(NeedsUserReason::Expired);

fn ask(prompts: &mut Prompts, now: Duration) -> Asked {
    prompts.ask("work", Interaction::IfNeeded, WHY, now)
}

#[test]
fn a_declined_person_is_left_alone_for_a_while_and_force_always_asks() {
    let mut prompts = Prompts::default();
    prompts.offer(PrompterKind::Terminal);
    let Asked::Waits(number) = ask(&mut prompts, Duration::ZERO) else {
        panic!("nobody is asked");
    };
    assert!(prompts.decline(number, Duration::ZERO));
    assert_eq!(
        ask(&mut prompts, QUIET - Duration::from_millis(1)),
        Asked::Quiet
    );
    let elsewhere = prompts.ask("archive", Interaction::IfNeeded, WHY, Duration::ZERO);
    assert!(matches!(elsewhere, Asked::Waits(_)));
    let forced = prompts.ask("work", Interaction::Force, None, Duration::ZERO);
    let Asked::Waits(forced) = forced else {
        panic!("nobody is asked");
    };
    assert!(prompts.decline(forced, Duration::ZERO));
    assert!(matches!(ask(&mut prompts, QUIET), Asked::Waits(_)));
}

#[test]
fn a_prompt_that_nobody_waits_for_stays_a_moment_and_goes() {
    let mut prompts = Prompts::default();
    prompts.offer(PrompterKind::Window);
    let Asked::Waits(number) = ask(&mut prompts, Duration::ZERO) else {
        panic!("nobody is asked");
    };
    prompts.leave(number, false, Duration::ZERO);
    assert_eq!(prompts.next_due(), Some(ABANDONED));
    assert_eq!(ask(&mut prompts, Duration::ZERO), Asked::Waits(number));
    assert_eq!(prompts.next_due(), Some(TIME_TO_ANSWER));
    prompts.leave(number, false, ABANDONED);
    prompts.expire(2 * ABANDONED);
    assert!(!prompts.is_open_at("work"));
}

#[test]
fn an_answer_that_is_being_tried_gets_a_moment_more() {
    let mut prompts = Prompts::default();
    prompts.offer(PrompterKind::Window);
    let Asked::Waits(number) = ask(&mut prompts, Duration::ZERO) else {
        panic!("nobody is asked");
    };
    assert_eq!(prompts.try_answer(number).as_deref(), Ok("work"));
    prompts.expire(TIME_TO_ANSWER);
    assert!(prompts.is_open_at("work"));
    prompts.tried(number);
    prompts.expire(TIME_TO_ANSWER);
    assert!(!prompts.is_open_at("work"));
}
