//! Every screen and every state that there is.

use chancery_desktop::model::login::{Login, Step};
use chancery_desktop::model::{Choice, Event, Model};
use chancery_desktop::trouble::{Kind, Trouble};
use chancery_proto::clock::Timestamp;
use chancery_proto::level::{Capability, gate};
use chancery_proto::local::{
    Examination, Finding, FindingOutcome, KeyringState, NeedsUserReason, Person, PolicyReport,
    Prompt, ServerEntry, SessionLife, Setting, SettingSource, Show, SignInWay, State, Status, Use,
};

/// When all of it is.
pub(crate) fn now() -> Timestamp {
    Timestamp::parse("2026-03-02T09:12:00Z").expect("a time")
}

fn later(hours: i64) -> Timestamp {
    Timestamp(now().0 + hours * 3_600_000)
}

pub(crate) fn server(id: &str, name: &str, active: bool) -> ServerEntry {
    ServerEntry {
        id: id.to_owned(),
        name: name.to_owned(),
        address: format!("https://{id}"),
        active,
        provided: false,
        user: Some("jdoe".to_owned()),
        version: Some("10.4.5".to_owned()),
        product: Some("Chancery 0.1.0".to_owned()),
        capabilities: vec![
            Capability::SessionLifetimeHeaders,
            Capability::SessionBackground,
            Capability::Idempotency,
            Capability::DocumentsRanges,
        ],
        gate: None,
        asks: None,
    }
}

/// A server in that state, with the sentence that the agent has for it.
pub(crate) fn status(server: ServerEntry, state: State) -> Status {
    let name = server.name.clone();
    let sentence = match state {
        State::Starting => "Starting.".to_owned(),
        State::NoServer => "No server is known yet. Connect to one by its web address.".to_owned(),
        State::Disconnected => {
            format!("Disconnected from {name}. Connect when you want to work there again.")
        }
        State::Deferred => format!("{name} is chosen. The first use signs in."),
        State::SigningIn => format!("Signing in to {name}."),
        State::Connected => format!("Connected to {name} as Jane Doe."),
        State::Offline => format!("{name} cannot be reached. It is tried again by itself."),
        State::NeedsUser => format!("The session at {name} ran out. Sign in again."),
    };
    let lives = state == State::Connected;
    Status {
        state,
        reason: (state == State::NeedsUser).then_some(NeedsUserReason::Expired),
        sentence,
        server: Some(server),
        user: lives.then(|| Person {
            id: "jdoe".to_owned(),
            name: "Jane Doe".to_owned(),
        }),
        session: lives.then(|| SessionLife {
            idle_expires: Some(later(4)),
            absolute_expires: Some(later(24 * 30)),
            renewable: true,
        }),
        next_probe: (state == State::Offline).then(|| Timestamp(now().0 + 60_000)),
        keyring: KeyringState::Found,
        warnings: Vec::new(),
    }
}

pub(crate) fn servers(state: State) -> Vec<Status> {
    let mut old = server("records.example.org", "Public records", false);
    old.version = Some("10.3.4".to_owned());
    old.product = None;
    old.capabilities = Vec::new();
    old.gate = Some(gate("10.3.4", None));
    old.user = None;
    let mut archive = server("archive.example.com:8443", "Archive", false);
    archive.provided = true;
    vec![
        status(server("work.example.com", "work.example.com", true), state),
        status(archive, State::Deferred),
        status(old, State::Deferred),
    ]
}

fn found(certificate: &str) -> Examination {
    let finding = |check: &str, outcome, sentence: &str| Finding {
        check: check.to_owned(),
        outcome,
        sentence: sentence.to_owned(),
    };
    Examination {
        findings: vec![
            finding(
                "sign-in",
                FindingOutcome::Good,
                "People sign in there with user and password.",
            ),
            finding("tls", FindingOutcome::Good, certificate),
            finding(
                "server",
                FindingOutcome::Good,
                "https://work.example.com answers after 12 ms.",
            ),
        ],
    }
}

pub(crate) fn settings(from: SettingSource) -> PolicyReport {
    let setting = |name: &str, value: &str, from| Setting {
        name: name.to_owned(),
        value: value.to_owned(),
        from,
        meaning: String::new(),
    };
    PolicyReport {
        path: "/etc/chancery/policy.toml".to_owned(),
        present: from == SettingSource::Policy,
        mistakes: Vec::new(),
        preferences: "/home/jane/.config/chancery/preferences.toml".to_owned(),
        preference_mistakes: Vec::new(),
        settings: vec![
            setting("sign_in.when", "\"first-use\"", from),
            setting(
                "application.\"Mail client\".sign_in",
                "\"at-start\"",
                SettingSource::Preferences,
            ),
            setting("desktop.theme", "\"system\"", SettingSource::Default),
            setting("desktop.start", "true", SettingSource::Preferences),
        ],
    }
}

fn uses() -> Vec<Use> {
    let one = |id: &str, name: Option<&str>, program: &str, calls: u64| Use {
        id: id.to_owned(),
        pid: 4_711 + u32::try_from(calls).unwrap_or(0),
        program: Some(program.to_owned()),
        application: name.map(str::to_owned),
        since: Timestamp(now().0 - 7_200_000),
        last_call: (calls > 0).then(|| Timestamp(now().0 - 180_000)),
        calls,
        under_way: 0,
        connections: 1,
        stopped: false,
        administers_until: None,
    };
    vec![
        one("1", Some("Mail client"), "/usr/lib/mail/mail-client", 214),
        one(
            "2",
            Some("Office suite"),
            "/usr/lib/office/program/office.bin",
            36,
        ),
        one("3", None, "/usr/bin/curl", 1),
        Use {
            stopped: true,
            ..one(
                "4",
                Some("Quarterly report script"),
                "/usr/bin/python3.11",
                9_120,
            )
        },
    ]
}

pub(crate) fn knowing(servers: Vec<Status>) -> Model {
    let mut model = Model::default();
    for event in [
        Event::Settings(settings(SettingSource::Default)),
        Event::Servers(servers),
    ] {
        let _ = model.apply(event);
    }
    model
}

fn window(state: State) -> Model {
    let mut model = knowing(servers(state));
    let _ = model.apply(Event::Show(Show::List));
    let certificate = "Its certificate is verified and holds until 2026-09-30.";
    let outcome = Ok(found(certificate));
    let _ = model.apply(Event::Examined("work.example.com".to_owned(), outcome));
    model
}

fn chosen(mut model: Model, choices: &[Choice]) -> Model {
    for choice in choices {
        let _ = model.apply(Event::Chosen(choice.clone()));
    }
    model
}

fn login(with: impl FnOnce(&mut Login)) -> Model {
    let mut model = knowing(servers(State::Deferred));
    let _ = model.apply(Event::Show(Show::Login));
    with(model.login.as_mut().expect("open"));
    model
}

fn trouble(sentence: &str, kind: Kind) -> Trouble {
    Trouble {
        sentence: sentence.to_owned(),
        kind,
    }
}

fn pressed(login: &mut Login) -> u64 {
    login.press().expect("an attempt").0
}

/// Types a web address, and the server there asks for user and password.
fn asked(login: &mut Login, address: &str) {
    login.address.push_str(address);
    let number = pressed(login);
    login.failed(number, trouble("Sign in.", Kind::NeedsUser));
}

fn prompt(application: Option<&str>) -> Prompt {
    Prompt {
        number: 1,
        server: server("work.example.com", "work.example.com", true),
        user: Some("jdoe".to_owned()),
        reason: Some(NeedsUserReason::Expired),
        application: application.map(str::to_owned),
        sentence: "The session at work.example.com ran out. Sign in again.".to_owned(),
        seconds: 110,
        over: false,
    }
}

/// A size of the window, in points.
pub(crate) type Size = (f32, f32);
/// As large as the window opens.
pub(crate) const WINDOW: Size = (860.0, 600.0);
/// As large as the dialog opens.
pub(crate) const DIALOG: Size = (440.0, 420.0);
/// As small as the window gets.
pub(crate) const SMALL: Size = (720.0, 480.0);

fn many() -> Model {
    let long = "A very long name of a work server that somebody typed with care and without end";
    let mut all = servers(State::Connected);
    let names = [
        ("a.example.com", long),
        ("b.example.com", "محكمة الاستئناف (Q3 2026)"),
        ("c.example.com", "בית המשפט המחוזי"),
        ("d.example.com", "Überörtliche Sozietät Müller & Søn"),
    ];
    for (id, name) in names {
        all.push(status(server(id, name, false), State::Deferred));
    }
    let mut model = knowing(all);
    let _ = model.apply(Event::Show(Show::List));
    chosen(model, &[Choice::Select("b.example.com".to_owned())])
}

fn in_arabic() -> Model {
    let mut status = status(
        server("work.example.com", "وزارة العدل", true),
        State::Connected,
    );
    status.sentence = "Connected to وزارة العدل as محمد بن سلمان (Q3 2026).".to_owned();
    status.user = Some(Person {
        id: "msalman".to_owned(),
        name: "محمد بن سلمان".to_owned(),
    });
    let mut model = knowing(vec![status]);
    let _ = model.apply(Event::Show(Show::List));
    model
}

/// Every screen: its name, how large it is, and what is known.
pub(crate) fn all() -> Vec<(&'static str, Size, Model)> {
    let mut scenes = Vec::new();
    for (name, state) in [
        ("window-deferred", State::Deferred),
        ("window-signing-in", State::SigningIn),
        ("window-connected", State::Connected),
        ("window-offline", State::Offline),
        ("window-needs-user", State::NeedsUser),
        ("window-disconnected", State::Disconnected),
    ] {
        scenes.push((name, WINDOW, window(state)));
    }
    let mut starting = Model::default();
    let _ = starting.apply(Event::Show(Show::Window));
    scenes.push(("window-starting", WINDOW, starting));
    let mut empty = knowing(Vec::new());
    let _ = empty.apply(Event::Show(Show::Window));
    scenes.push(("window-no-server", WINDOW, empty));
    let old = Choice::Select("records.example.org".to_owned());
    scenes.push((
        "window-older-server",
        WINDOW,
        chosen(window(State::Connected), &[old]),
    ));
    scenes.push(("window-many", SMALL, many()));
    scenes.push(("window-right-to-left", WINDOW, in_arabic()));
    let mut failed = window(State::Connected);
    let away = "archive.example.com:8443 cannot be reached. Check the network; it is tried again by itself.";
    let entry = server("archive.example.com:8443", "Archive", false);
    let _ = failed.apply(Event::Connected(entry, Err(trouble(away, Kind::Address))));
    scenes.push(("window-switch-failed", WINDOW, failed));
    let mut applications = chosen(
        window(State::Connected),
        &[Choice::Page(chancery_desktop::model::Page::Applications)],
    );
    let _ = applications.apply(Event::Uses(uses()));
    scenes.push(("applications", WINDOW, applications.clone()));
    let stop = Choice::Stop("1".to_owned());
    scenes.push((
        "applications-stop",
        WINDOW,
        chosen(applications.clone(), &[stop]),
    ));
    let mut preferences = chosen(applications, &[Choice::Preferences]);
    scenes.push(("preferences", WINDOW, preferences.clone()));
    let _ = preferences.apply(Event::Settings(settings(SettingSource::Policy)));
    scenes.push(("preferences-policy", WINDOW, preferences));
    let rename = Choice::Rename("work.example.com".to_owned());
    scenes.push((
        "rename",
        WINDOW,
        chosen(window(State::Connected), &[rename]),
    ));
    let old = Choice::Select("records.example.org".to_owned());
    let advisory = [old, Choice::Advisory];
    scenes.push((
        "advisory",
        WINDOW,
        chosen(window(State::Connected), &advisory),
    ));
    let remove = Choice::Remove("work.example.com".to_owned());
    scenes.push((
        "remove",
        WINDOW,
        chosen(window(State::Connected), &[remove]),
    ));
    scenes.extend(logins());
    scenes
}

fn logins() -> Vec<(&'static str, Size, Model)> {
    let wrong =
        "work.example.com does not know that user or that password. Check both and sign in again.";
    let other = "old.example.com leads to work.example.com.";
    let none = "Something answers at www.example.com, but it is no work server. Check the address, or ask your administrator.";
    let mut before = window(State::NeedsUser);
    let _ = before.apply(Event::Prompt(prompt(Some("Mail client"))));
    vec![
        ("login-address", DIALOG, login(|_| ())),
        (
            "login-proving",
            DIALOG,
            login(|login| {
                login.address.push_str("new.example.com");
                pressed(login);
            }),
        ),
        (
            "login-browser",
            DIALOG,
            login(|login| {
                asked(login, "new.example.com");
                let (number, _) = login.browse().expect("an attempt");
                login.went_to_browser(number, "https://new.example.com/auth".to_owned());
            }),
        ),
        ("login-page", DIALOG, {
            let mut model = window(State::NeedsUser);
            let mut server = server("work.example.com", "Work", true);
            server.asks = Some(SignInWay::Browser);
            model.login = Some(Login::at_server(server));
            model
        }),
        (
            "login-no-work-server",
            DIALOG,
            login(|login| {
                login.address.push_str("www.example.com");
                let number = pressed(login);
                login.failed(number, trouble(none, Kind::Address));
            }),
        ),
        (
            "login-other-host",
            DIALOG,
            login(|login| {
                login.address.push_str("old.example.com");
                let number = pressed(login);
                let kind = Kind::Redirected("work.example.com".to_owned());
                login.failed(number, trouble(other, kind));
            }),
        ),
        (
            "login-password",
            DIALOG,
            login(|login| {
                asked(login, "new.example.com");
                assert_eq!(login.step, Step::Password);
            }),
        ),
        (
            "login-wrong-password",
            DIALOG,
            login(|login| {
                asked(login, "work.example.com");
                login.user.push_str("jdoe");
                login.password.edit().push_str("wrong");
                let number = pressed(login);
                login.failed(number, trouble(wrong, Kind::WrongPassword));
            }),
        ),
        (
            "login-signing-in",
            DIALOG,
            login(|login| {
                asked(login, "work.example.com");
                login.user.push_str("jdoe");
                login.password.edit().push_str("right");
                pressed(login);
            }),
        ),
        (
            "login-right-to-left",
            DIALOG,
            login(|login| {
                asked(login, "work.example.com");
                login.user.push_str("محمد بن سلمان 3");
            }),
        ),
        ("login-before-window", WINDOW, before),
    ]
}
