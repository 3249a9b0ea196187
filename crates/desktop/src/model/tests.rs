use super::login::{Attempt, Step};
use super::menu::{Line, lines};
use super::{Choice, Event, Look, Model, Open, Page, Question, Wish};
use crate::trouble::{Kind, Trouble};
use chancery_proto::clock::Timestamp;
use chancery_proto::local::{
    KeyringState, Person, Prompt, ServerEntry, SessionLife, Show, State, Status,
};

pub(super) fn server(id: &str, active: bool) -> ServerEntry {
    ServerEntry {
        id: id.to_owned(),
        name: format!("{id}.example.com"),
        address: format!("https://{id}.example.com"),
        active,
        provided: false,
        user: Some("ann".to_owned()),
        version: Some("10.4.5".to_owned()),
        product: None,
        capabilities: Vec::new(),
        gate: None,
        asks: None,
    }
}

fn status(id: &str, active: bool, state: State) -> Status {
    let lives = state == State::Connected;
    Status {
        state,
        reason: None,
        sentence: format!("{id} is {}.", state.as_str()),
        server: Some(server(id, active)),
        user: lives.then(|| Person {
            id: "ann".to_owned(),
            name: "Ann".to_owned(),
        }),
        session: lives.then_some(SessionLife {
            idle_expires: Some(Timestamp(0)),
            absolute_expires: None,
            renewable: true,
        }),
        next_probe: None,
        keyring: KeyringState::Found,
        warnings: Vec::new(),
    }
}

fn knowing(servers: Vec<Status>) -> Model {
    let mut model = Model::default();
    let wishes = model.apply(Event::Servers(servers));
    assert!(wishes.is_empty());
    model
}

fn two(state: State) -> Model {
    knowing(vec![
        status("work", true, state),
        status("archive", false, State::Deferred),
    ])
}

fn prompt(number: u64, id: &str) -> Prompt {
    Prompt {
        number,
        server: server(id, id == "work"),
        user: Some("ann".to_owned()),
        reason: None,
        application: Some("Mail".to_owned()),
        sentence: "The session ran out.".to_owned(),
        seconds: 110,
        over: false,
    }
}

fn choose(model: &mut Model, choice: Choice) -> Vec<Wish> {
    model.apply(Event::Chosen(choice))
}

fn trouble(kind: Kind) -> Trouble {
    Trouble {
        sentence: "That did not work.".to_owned(),
        kind,
    }
}

fn said(model: &Model) -> Vec<String> {
    let shown = |line: Line| match line {
        Line::Separator => "-".to_owned(),
        Line::Note(words) => format!("({words})"),
        Line::Command(_, words) => words,
        Line::Server {
            name, is_active, ..
        } => format!("{} {name}", if is_active { "●" } else { "○" }),
    };
    lines(model).into_iter().map(shown).collect()
}

#[test]
fn before_anything_is_known_the_state_is_starting_and_never_signed_out() {
    let model = Model::default();
    assert_eq!(model.state(), State::Starting);
    assert_eq!(
        said(&model),
        [
            "(Starting…)",
            "-",
            "Choose from the list…",
            "-",
            "Open Chancery",
            "Preferences…",
            "-",
            "Quit"
        ]
    );
}

#[test]
fn the_menu_marks_the_active_server_and_offers_what_its_state_allows() {
    for (state, offered) in [
        (State::Deferred, vec!["Sign in", "Disconnect"]),
        (State::NeedsUser, vec!["Sign in", "Disconnect"]),
        (State::Connected, vec!["Disconnect"]),
        (State::Offline, vec!["Disconnect"]),
        (State::SigningIn, vec!["Disconnect"]),
        (State::Disconnected, vec!["Sign in"]),
    ] {
        let menu = said(&two(state));
        assert!(menu.contains(&"● work.example.com".to_owned()), "{menu:?}");
        assert!(
            menu.contains(&"○ archive.example.com".to_owned()),
            "{menu:?}"
        );
        for words in ["Sign in", "Disconnect"] {
            assert_eq!(
                menu.iter().any(|line| line == words),
                offered.contains(&words),
                "{state:?}"
            );
        }
    }
}

#[test]
fn two_questions_of_the_agent_never_open_two_dialogs() {
    let mut model = two(State::NeedsUser);
    let _ = model.apply(Event::Prompt(prompt(1, "work")));
    let _ = model.apply(Event::Prompt(prompt(2, "archive")));
    assert_eq!(model.open, Open::Dialog);
    let login = model.login.as_ref().expect("open");
    assert_eq!(login.prompt.as_ref().map(|one| one.number), Some(1));
    // The first is declined, the second takes its place, and then none is left.
    let wishes = choose(&mut model, Choice::No);
    assert!(matches!(wishes.as_slice(), [Wish::Decline(1)]));
    let login = model.login.as_ref().expect("the next one");
    assert_eq!(login.server_name(), "archive.example.com");
    let wishes = choose(&mut model, Choice::No);
    assert!(matches!(wishes.as_slice(), [Wish::Decline(2)]));
    assert_eq!((model.login.is_none(), model.open), (true, Open::Nothing));
}

fn types_and_presses(model: &mut Model) -> Vec<Wish> {
    let login = model.login.as_mut().expect("open");
    login.password.edit().push_str("secret");
    choose(model, Choice::Press)
}

#[test]
fn a_question_about_the_server_that_is_being_connected_to_joins_the_dialog_and_changes_nothing() {
    let mut model = two(State::NeedsUser);
    let entry = server("archive", false);
    let _ = model.apply(Event::Connected(entry, Err(trouble(Kind::NeedsUser))));
    let _ = model.apply(Event::Prompt(prompt(7, "archive")));
    assert_eq!(
        model
            .login
            .as_ref()
            .and_then(|login| login.prompt.as_ref())
            .map(|one| one.number),
        Some(7)
    );
    // The application went away: the person's own dialog stays.
    let _ = model.apply(Event::Prompt(Prompt {
        over: true,
        ..prompt(7, "archive")
    }));
    assert!(
        model
            .login
            .as_ref()
            .is_some_and(|login| login.prompt.is_none())
    );
    let _ = model.apply(Event::Prompt(prompt(8, "archive")));
    let wishes = types_and_presses(&mut model);
    let [Wish::Try(number, Attempt::Connect(request))] = wishes.as_slice() else {
        panic!("the person wants to be connected there: {wishes:?}");
    };
    assert_eq!(request.address.as_deref(), Some("archive"));
    let done = Ok(status("archive", true, State::Connected));
    let wishes = model.apply(Event::Tried(*number, done));
    assert!(wishes.is_empty() && model.login.is_none());
    assert_eq!(model.open, Open::Nothing);
}

#[test]
fn a_question_that_is_over_takes_its_dialog_along_but_not_one_that_is_being_answered() {
    let mut model = two(State::NeedsUser);
    let over = |number: u64| Prompt {
        over: true,
        ..prompt(number, "work")
    };
    let _ = model.apply(Event::Prompt(prompt(1, "work")));
    let _ = model.apply(Event::Prompt(over(1)));
    assert!(model.login.is_none());

    let _ = model.apply(Event::Prompt(prompt(2, "work")));
    let wishes = types_and_presses(&mut model);
    let [Wish::Try(number, Attempt::Answer(request))] = wishes.as_slice() else {
        panic!("{wishes:?}");
    };
    assert_eq!(request.prompt, Some(2));
    let _ = model.apply(Event::Prompt(over(2)));
    let login = model.login.as_ref().expect("still open");
    assert_eq!(login.step, Step::SigningIn);
    // An answer that came too late is said to be so, and then put away.
    let _ = model.apply(Event::Tried(*number, Err(trouble(Kind::Over))));
    let login = model.login.as_ref().expect("it says so");
    assert_eq!(login.step, Step::Over);
    assert!(choose(&mut model, Choice::No).is_empty());
    assert!(model.login.is_none());
}

#[test]
fn a_dialog_that_came_by_itself_takes_no_key_that_was_meant_for_another() {
    let mut model = two(State::NeedsUser);
    let _ = model.apply(Event::Prompt(prompt(1, "work")));
    let first = model.login.as_ref().expect("open").number;
    let _ = model.apply(Event::Prompt(prompt(2, "archive")));
    let _ = model.apply(Event::Prompt(Prompt {
        over: true,
        ..prompt(1, "work")
    }));
    let next = model.login.as_ref().expect("the next one");
    assert_eq!(next.server_name(), "archive.example.com");
    assert_ne!(next.number, first);
    assert_eq!(next.focus, None);
}

#[test]
fn what_comes_late_for_one_dialog_never_reaches_the_next() {
    let mut model = two(State::Deferred);
    let address = |model: &mut Model, text: &str| {
        let _ = model.apply(Event::Show(Show::Login));
        model.login.as_mut().expect("open").address.push_str(text);
        match choose(model, Choice::Press).as_slice() {
            [Wish::Try(number, _)] => *number,
            other => panic!("{other:?}"),
        }
    };
    let slow = address(&mut model, "slow.example.com");
    let wishes = choose(&mut model, Choice::No);
    assert!(matches!(wishes.as_slice(), [Wish::GiveUp(number)] if *number == slow));
    let _ = address(&mut model, "new.example.com");
    let elsewhere = Kind::Redirected("evil.example.com".to_owned());
    let _ = model.apply(Event::Tried(slow, Err(trouble(elsewhere))));
    assert_eq!(model.login.as_ref().expect("open").step, Step::Proving);
}

#[test]
fn no_is_said_to_what_stands_in_front() {
    let mut model = two(State::Connected);
    let _ = choose(&mut model, Choice::Remove("archive".to_owned()));
    let _ = model.apply(Event::Prompt(prompt(1, "work")));
    let wishes = choose(&mut model, Choice::No);
    assert!(matches!(wishes.as_slice(), [Wish::Decline(1)]));
    assert!(model.login.is_none() && model.question.is_some());
    let _ = choose(&mut model, Choice::No);
    assert!(model.question.is_none());
}

#[test]
fn what_the_icon_alone_could_not_say_is_said_in_the_window() {
    let mut model = two(State::Offline);
    let _ = model.apply(Event::Done(Err(trouble(Kind::Address))));
    assert_eq!(model.open, Open::Window);
    assert!(model.said.is_some());
}

#[test]
fn a_known_server_that_leads_elsewhere_asks_first_and_its_name_never_hides_where() {
    let mut model = two(State::Deferred);
    let elsewhere = trouble(Kind::Redirected("new.example.com".to_owned()));
    let _ = model.apply(Event::Connected(server("archive", false), Err(elsewhere)));
    let login = model.login.as_mut().expect("it asks");
    assert_eq!(login.step, Step::Host("new.example.com".to_owned()));
    let (number, _) = login.press().expect("confirmed");
    login.failed(number, trouble(Kind::NeedsUser));
    assert_eq!(login.server_name(), "new.example.com");

    let mut named = server("archive", false);
    named.name = "work.bigfirm.example".to_owned();
    let login = super::login::Login::at_server(named);
    assert_eq!(login.place(), Some("https://archive.example.com"));
}

#[test]
fn closing_the_window_declines_every_question_and_leaves_the_icon() {
    let mut model = two(State::NeedsUser);
    let _ = model.apply(Event::Prompt(prompt(1, "work")));
    let _ = model.apply(Event::Prompt(prompt(2, "archive")));
    let wishes = choose(&mut model, Choice::Close);
    assert!(matches!(
        wishes.as_slice(),
        [Wish::Decline(1), Wish::Decline(2)]
    ));
    assert_eq!(model.open, Open::Nothing);
}

#[test]
fn a_known_server_is_switched_to_silently_and_asks_only_where_it_must() {
    let mut model = two(State::Connected);
    assert!(choose(&mut model, Choice::Connect("work".to_owned())).is_empty());
    let wishes = choose(&mut model, Choice::Connect("archive".to_owned()));
    let [Wish::Connect(entry, request)] = wishes.as_slice() else {
        panic!("{wishes:?}");
    };
    assert_eq!(request.address.as_deref(), Some("archive"));
    let entry = entry.clone();
    let _ = model.apply(Event::Connected(entry, Err(trouble(Kind::NeedsUser))));
    let login = model.login.as_ref().expect("asks");
    assert_eq!(
        (login.step.clone(), login.user.as_str()),
        (Step::Password, "ann")
    );
}

#[test]
fn a_switch_that_failed_says_so_and_that_the_old_connection_stays() {
    let mut model = two(State::Connected);
    let failed = Err(trouble(Kind::Address));
    let _ = model.apply(Event::Connected(server("archive", false), failed));
    let said = crate::script::plain(&model.said.clone().expect("said").sentence);
    assert_eq!(
        said,
        "That did not work. The connection to work.example.com stays as it was."
    );
    assert_eq!((model.open, model.page), (Open::Window, Page::Servers));
}

#[test]
fn the_dialog_that_an_application_wants_opens_once() {
    let mut model = two(State::Connected);
    let _ = model.apply(Event::Show(Show::Login));
    assert_eq!(model.open, Open::Dialog);
    model
        .login
        .as_mut()
        .expect("open")
        .address
        .push_str("new.example.com");
    let _ = model.apply(Event::Show(Show::Login));
    assert_eq!(
        model.login.as_ref().expect("open").address,
        "new.example.com"
    );
    let _ = model.apply(Event::Show(Show::Preferences));
    assert_eq!((model.open, model.page), (Open::Window, Page::Preferences));
    assert!(model.login.is_some(), "it stays before the window");
}

#[test]
fn a_server_is_looked_over_once_when_it_is_shown() {
    let mut model = two(State::Connected);
    let wishes = model.apply(Event::Show(Show::List));
    assert!(matches!(wishes.as_slice(), [Wish::Examine(id)] if id == "work"));
    assert!(choose(&mut model, Choice::Select("work".to_owned())).is_empty());
    let wishes = choose(&mut model, Choice::Select("archive".to_owned()));
    assert!(matches!(wishes.as_slice(), [Wish::Examine(id)] if id == "archive"));
    let wishes = choose(&mut model, Choice::Examine("archive".to_owned()));
    assert!(matches!(wishes.as_slice(), [Wish::Examine(_)]));
}

#[test]
fn what_was_found_of_a_server_holds_until_its_state_is_another() {
    let mut model = two(State::Offline);
    let _ = choose(&mut model, Choice::Open);
    let failed = Err(trouble(Kind::Other));
    let _ = model.apply(Event::Examined("work".to_owned(), failed));
    assert!(matches!(model.looks.get("work"), Some(Look::Failed(_))));
    // The same once more, and another server's change, are no news of it.
    let mut servers = model.servers.clone();
    servers[1].state = State::Offline;
    assert!(model.apply(Event::Servers(servers)).is_empty());
    assert!(matches!(model.looks.get("work"), Some(Look::Failed(_))));
    let mut servers = model.servers.clone();
    servers[0].state = State::Connected;
    let wishes = model.apply(Event::Servers(servers));
    assert!(matches!(wishes.as_slice(), [Wish::Examine(id)] if id == "work"));
    assert_eq!(model.looks.get("work"), Some(&Look::Looking));
    // One look at a time: the next is for when it has ended.
    let mut servers = model.servers.clone();
    servers[0].state = State::Offline;
    assert!(model.apply(Event::Servers(servers)).is_empty());
}

#[test]
fn moving_a_server_names_its_new_place_and_the_ends_stay() {
    let mut model = two(State::Connected);
    let wishes = choose(&mut model, Choice::Move("archive".to_owned(), true));
    assert!(matches!(wishes.as_slice(), [Wish::Change(request)] if request.position == Some(0)));
    assert!(choose(&mut model, Choice::Move("archive".to_owned(), false)).is_empty());
    assert!(choose(&mut model, Choice::Move("work".to_owned(), true)).is_empty());
}

#[test]
fn a_new_name_is_sent_only_where_it_is_one() {
    let mut model = two(State::Connected);
    let _ = choose(&mut model, Choice::Rename("work".to_owned()));
    assert!(choose(&mut model, Choice::Yes).is_empty());
    let _ = choose(&mut model, Choice::Rename("work".to_owned()));
    if let Some(Question::Rename { name, .. }) = &mut model.question {
        *name = " Work ".to_owned();
    }
    let wishes = choose(&mut model, Choice::Yes);
    let [Wish::Change(request)] = wishes.as_slice() else {
        panic!("{wishes:?}");
    };
    assert_eq!(request.name.as_deref(), Some("Work"));
}

#[test]
fn without_an_agent_the_state_is_not_known_and_its_questions_are_gone() {
    let mut model = two(State::Connected);
    let _ = model.apply(Event::Prompt(prompt(1, "work")));
    let _ = model.apply(Event::Gone("The agent has ended.".to_owned()));
    assert_eq!(model.state(), State::Starting);
    assert_eq!(model.sentence(), "The agent has ended.");
    assert!(model.login.is_none());
    let _ = model.apply(Event::Servers(vec![status("work", true, State::Deferred)]));
    assert_eq!(model.state(), State::Deferred);
}

#[test]
fn signing_in_asks_the_agent_and_after_a_disconnect_connects_again() {
    let mut model = two(State::Deferred);
    assert!(matches!(
        choose(&mut model, Choice::SignIn).as_slice(),
        [Wish::SignIn(_)]
    ));
    let mut model = two(State::Disconnected);
    assert!(matches!(
        choose(&mut model, Choice::SignIn).as_slice(),
        [Wish::Connect(..)]
    ));
    let mut model = knowing(Vec::new());
    assert!(choose(&mut model, Choice::SignIn).is_empty());
    assert_eq!(
        model.login.as_ref().map(|login| login.step.clone()),
        Some(Step::Address)
    );
}
