//! Prompters and callers in one process, on a clock that the test moves.

use super::{Wish, attempt, decline, disconnected, offer, session_for};
use crate::agent::{Agent, SharedAgent};
use crate::list::Entry;
use crate::refusal::Refusal;
use chancery_client::local::Body;
use chancery_platform::directories::Directories;
use chancery_proto::clock::{Clock, Timestamp};
use chancery_proto::headers::{APPLICATION, BACKGROUND, INTERACTION};
use chancery_proto::local::{NeedsUserReason, Prompt, State};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body_util::BodyExt as _;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The runtime's own clock, which stands still while anybody is at work.
#[derive(Debug)]
struct RuntimeClock(Instant);

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        let start = Timestamp::parse("2026-03-01T09:30:00Z").expect("a time");
        start.plus(self.0.elapsed())
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// An agent that knows one server where nobody has signed in yet.
struct Desk {
    agent: SharedAgent,
    entry: Entry,
    _home: TempDir,
}

impl Desk {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("made");
        let directories = Directories::under(home.path()).expect("found");
        directories.prepare_kept().expect("made");
        let clock = Arc::new(RuntimeClock(Instant::now()));
        let agent = Arc::new(Agent::open(&directories, clock).expect("opened"));
        let entry = Entry {
            id: "work".to_owned(),
            name: "Work".to_owned(),
            address: "http://127.0.0.1:9".to_owned(),
            ..Entry::default()
        };
        agent
            .change_list(|list| {
                list.put(entry.clone());
                list.active = Some(entry.id.clone());
                list.wants_connection = true;
            })
            .expect("kept");
        Self {
            agent,
            entry,
            _home: home,
        }
    }

    fn prompter(&self, kind: &str) -> Prompter {
        let path = format!("/agent/v1/prompts?kind={kind}");
        let uri = path.parse().expect("a path");
        let answer = offer(&self.agent, &uri).expect("taken");
        Prompter(answer.into_body())
    }

    /// A call that allows what these headers say; gives how it was refused and
    /// after how long.
    fn call(&self, headers: &[(&'static str, &'static str)]) -> JoinHandle<(Refusal, Duration)> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        let wish = Wish::read(&headers).expect("read");
        let (agent, entry) = (Arc::clone(&self.agent), self.entry.clone());
        tokio::spawn(async move {
            let seat = agent.seat(&entry).expect("a seat");
            let begun = Instant::now();
            let refused = session_for(&agent, &entry, &seat, None, &wish).await;
            (refused.expect_err("no session"), begun.elapsed())
        })
    }

    fn state(&self) -> State {
        self.agent.status().state
    }
}

struct Prompter(Body);

impl Prompter {
    /// The next line, or none at the end of the stream.
    async fn next(&mut self) -> Option<Prompt> {
        let frame = self.0.frame().await?.expect("a line");
        let line = frame.into_data().expect("data");
        Some(serde_json::from_slice(&line).expect("a prompt"))
    }
}

const IF_NEEDED: &[(&str, &str)] = &[(INTERACTION, "if-needed"), (APPLICATION, "Mail")];
const FORCE: &[(&str, &str)] = &[(INTERACTION, "force")];

async fn ended(call: JoinHandle<(Refusal, Duration)>) -> (Refusal, Duration) {
    call.await.expect("the call ended well")
}

#[tokio::test(start_paused = true)]
async fn when_nobody_answers_everybody_hears_so_before_their_patience_ends() {
    let desk = Desk::new();
    let mut window = desk.prompter("window");
    let calls: Vec<_> = (0..5).map(|_| desk.call(IF_NEEDED)).collect();
    let prompt = window.next().await.expect("a prompt");
    assert_eq!((prompt.seconds, prompt.over), (110, false));
    assert_eq!(prompt.reason, Some(NeedsUserReason::NeverSignedIn));
    assert_eq!(prompt.application.as_deref(), Some("Mail"));
    assert_eq!(prompt.server.id, "work");
    assert_eq!(desk.state(), State::SigningIn);
    for call in calls {
        let (refusal, waited) = ended(call).await;
        assert_eq!(refusal.status, StatusCode::UNAUTHORIZED);
        assert_eq!(refusal.needs(), Some(NeedsUserReason::NeverSignedIn));
        assert_eq!(
            refusal.body.message,
            "Nobody signed in to Work in time. Sign in, then try again."
        );
        assert!(
            waited >= Duration::from_secs(110) && waited < Duration::from_secs(120),
            "{waited:?}"
        );
    }
    let over = window.next().await.expect("its end");
    assert_eq!((over.number, over.over), (prompt.number, true));
    assert_eq!(desk.state(), State::NeedsUser);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_for_a_call_that_allows_none_or_works_in_the_background() {
    let desk = Desk::new();
    let _window = desk.prompter("window");
    let calls: [&[(&str, &str)]; 4] = [
        &[],
        &[(INTERACTION, "never")],
        &[(INTERACTION, "if-needed"), (BACKGROUND, "1")],
        &[(INTERACTION, "force"), (BACKGROUND, "1")],
    ];
    for headers in calls {
        let (refusal, waited) = ended(desk.call(headers)).await;
        assert!(refusal.needs().is_some(), "{headers:?}: {refusal:?}");
        assert_eq!(waited, Duration::ZERO, "{headers:?}");
        assert!(desk.agent.prompting.inner().questions.is_empty());
        assert_ne!(desk.state(), State::SigningIn);
    }
}

#[tokio::test(start_paused = true)]
async fn a_terminal_goes_on_where_a_window_was_closed_and_a_no_reaches_all() {
    let desk = Desk::new();
    let (mut first, mut last) = (desk.prompter("terminal"), desk.prompter("terminal"));
    let mut window = desk.prompter("window");
    let calls = [desk.call(IF_NEEDED), desk.call(FORCE), desk.call(IF_NEEDED)];
    let prompt = window.next().await.expect("a prompt");
    tokio::time::advance(Duration::from_secs(30)).await;
    drop(window);
    let again = last.next().await.expect("the same prompt");
    assert_eq!((again.number, again.seconds), (prompt.number, 80));
    drop(last);
    let again = first.next().await.expect("the same prompt");
    assert_eq!(again.number, prompt.number);
    decline(&desk.agent, &prompt.number.to_string()).expect("it was open");
    let _ = decline(&desk.agent, &prompt.number.to_string()).expect_err("it is over");
    assert!(attempt(&desk.agent, prompt.number).is_err());
    for call in calls {
        let (refusal, waited) = ended(call).await;
        assert_eq!(waited, Duration::from_secs(30));
        assert!(
            refusal.body.message.contains("declined") && refusal.needs().is_some(),
            "{refusal:?}"
        );
    }
    assert!(first.next().await.expect("its end").over);

    // Not at once again, unless somebody insists.
    let (_, waited) = ended(desk.call(IF_NEEDED)).await;
    assert_eq!(waited, Duration::ZERO);
    let insisting = desk.call(FORCE);
    let forced = first.next().await.expect("a prompt");
    assert_ne!(forced.number, prompt.number);
    assert_eq!(forced.reason, None);
    insisting.abort();
    // Whoever insisted went away: so does the question, a little later.
    let over = first.next().await.expect("its end");
    assert_eq!((over.number, over.over), (forced.number, true));
}

#[tokio::test(start_paused = true)]
async fn a_person_who_disconnects_is_not_asked_any_more() {
    let desk = Desk::new();
    let mut window = desk.prompter("window");
    let call = desk.call(IF_NEEDED);
    let prompt = window.next().await.expect("a prompt");
    disconnected(&desk.agent, "work");
    let (refusal, _) = ended(call).await;
    assert_eq!(refusal, Refusal::disconnected("Work"));
    let over = window.next().await.expect("its end");
    assert_eq!((over.number, over.over), (prompt.number, true));
}

#[tokio::test(start_paused = true)]
async fn a_prompter_that_reads_nothing_is_given_up() {
    let desk = Desk::new();
    let mut terminal = desk.prompter("terminal");
    let mut window = desk.prompter("window");
    // Two lines each: the question and its end.
    let mut asked = 0;
    let taken_over = loop {
        let call = desk.call(FORCE);
        tokio::task::yield_now().await;
        let number = *desk
            .agent
            .prompting
            .inner()
            .questions
            .keys()
            .next()
            .expect("a prompt");
        asked += 1;
        assert!(
            asked < 1000,
            "a window that does not read is asked for ever"
        );
        if desk.agent.prompting.inner().prompters.len() == 1 {
            break (number, call);
        }
        decline(&desk.agent, &number.to_string()).expect("it was open");
        let _ = ended(call).await;
    };
    let prompt = terminal.next().await.expect("the next one is asked");
    assert_eq!(prompt.number, taken_over.0);
    taken_over.1.abort();
    let mut unread = 0;
    while window.next().await.is_some() {
        unread += 1;
    }
    assert!(unread >= asked, "its stream has ended after {unread} lines");
}
