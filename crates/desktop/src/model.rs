//! What the desktop knows and shows. Pure: it is told what happened, and says
//! what to do; nothing in it waits, draws or talks to anybody.

pub mod login;
pub mod menu;

use crate::script::{plain, tame, with_names};
use crate::trouble::{Kind, Trouble};
use crate::words::{say, say_with};
use chancery_proto::local::{
    ConnectRequest, Examination, PolicyReport, PreferencesRequest, Prompt, ServerEntry,
    ServerRequest, Show, SignInRequest, State, Status, Theme, Use,
};
use login::{Attempt, Login};
use std::collections::{BTreeMap, VecDeque};

/// A page of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Page {
    /// The Connect list.
    #[default]
    Servers,
    /// Who uses the connection.
    Applications,
    /// What the person prefers.
    Preferences,
}

/// How much of a window there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Open {
    /// None: the status icon alone.
    #[default]
    Nothing,
    /// The Login dialog alone.
    Dialog,
    /// The window, with the dialog before it when there is one.
    Window,
}

/// What the person is asked before something is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// The new name of a server.
    Rename {
        /// Which server.
        id: String,
        /// As it is called now.
        before: String,
        /// As typed so far.
        name: String,
    },
    /// Whether a server really leaves the list.
    Remove {
        /// Which server.
        id: String,
        /// As it is called.
        name: String,
    },
    /// Nothing: the advisory on older servers is read.
    Advisory,
    /// Whether a program is really stopped.
    Stop {
        /// Which use.
        id: String,
        /// As it is called.
        name: String,
    },
}

/// What was said last, until it has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What happened and what to do next.
    pub sentence: String,
    /// It is good to know, and nothing went wrong.
    pub is_advice: bool,
}

impl Said {
    fn trouble(sentence: String) -> Option<Self> {
        Some(Self {
            sentence,
            is_advice: false,
        })
    }
}

/// What is known of a server's details.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// It is being looked at.
    Looking,
    /// What was found.
    Found(Examination),
    /// It could not be looked at.
    Failed(String),
}

/// What the person can do, wherever it is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Connect to a server of the list, or switch to it.
    Connect(String),
    /// Open the Login dialog for a new address.
    ChooseFromList,
    /// Sign in to the active server.
    SignIn,
    /// Leave the active server.
    Disconnect,
    /// End the session at a server of the list.
    SignOut(String),
    /// Show the window.
    Open,
    /// Show the preferences.
    Preferences,
    /// End the program.
    Quit,
    /// Another page.
    Page(Page),
    /// A server of the list, to look at.
    Select(String),
    /// Ask for a new name.
    Rename(String),
    /// Ask whether it really is to go.
    Remove(String),
    /// One place up or down.
    Move(String, bool),
    /// Look a server over again.
    Examine(String),
    /// Ask whether a program really is to be stopped.
    Stop(String),
    /// Yes to the question.
    Yes,
    /// No to the question, or to the dialog.
    No,
    /// The dialog's first button.
    Press,
    /// Back to the web address.
    Back,
    /// The window was closed.
    Close,
    /// What was said has been read.
    Read,
    /// A preference.
    Prefer(PreferencesRequest),
    /// Read the advisory on older servers.
    Advisory,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The person chose something.
    Chosen(Choice),
    /// The agent's questions are heard from now on.
    Listening,
    /// The agent does not answer, and why.
    Gone(String),
    /// Every server of the list as it now is.
    Servers(Vec<Status>),
    /// Somebody wants something to be shown.
    Show(Show),
    /// The agent asks somebody to sign in, or has given that up.
    Prompt(Prompt),
    /// The Login dialog's attempt ended.
    Tried(u64, Result<Status, Trouble>),
    /// Connecting to a server of the list ended.
    Connected(ServerEntry, Result<Status, Trouble>),
    /// Anything else ended.
    Done(Result<(), Trouble>),
    /// Who uses the connection.
    Uses(Vec<Use>),
    /// What holds.
    Settings(PolicyReport),
    /// A server was looked over.
    Examined(String, Result<Examination, Trouble>),
}

/// What is to be done.
#[derive(Debug, Clone)]
pub enum Wish {
    /// The Login dialog's attempt of that number.
    Try(u64, Attempt),
    /// The person declined that question of the agent's.
    Decline(u64),
    /// Connect to that server of the list.
    Connect(ServerEntry, ConnectRequest),
    /// Sign in to the active server.
    SignIn(SignInRequest),
    /// Leave that server, or the active one.
    Disconnect(Option<String>),
    /// Add, rename or move.
    Change(ServerRequest),
    /// Take off the list.
    Remove(String),
    /// Who uses the connection?
    Uses,
    /// Close that use.
    Stop(String),
    /// What holds?
    Settings,
    /// Change what is preferred.
    Prefer(PreferencesRequest),
    /// Look that server over.
    Examine(String),
    /// End the program.
    Quit,
}

/// What the desktop knows and shows.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// Every server of the list.
    pub servers: Vec<Status>,
    /// The list is known.
    pub is_known: bool,
    /// Why the agent does not answer, where it does not.
    pub gone: Option<String>,
    /// How much of a window there is.
    pub open: Open,
    /// The page that is shown.
    pub page: Page,
    /// The server that is looked at.
    pub selected: Option<String>,
    /// The Login dialog, where it is open.
    pub login: Option<Login>,
    /// What the person is asked.
    pub question: Option<Question>,
    /// Who uses the connection, once it was asked.
    pub uses: Option<Vec<Use>>,
    /// What holds, once it was asked.
    pub settings: Option<PolicyReport>,
    /// What is known of the servers' details.
    pub looks: BTreeMap<String, Look>,
    /// What was said last.
    pub said: Option<Said>,
    /// The window is to come to the front when it is drawn next.
    pub wants_attention: bool,
    /// Questions of the agent's that wait for the dialog.
    waiting: VecDeque<Prompt>,
}

impl Model {
    /// The active server and its state.
    #[must_use]
    pub fn active(&self) -> Option<&Status> {
        self.servers
            .iter()
            .find(|status| status.server.as_ref().is_some_and(|server| server.active))
    }

    /// The state that everybody sees.
    #[must_use]
    pub fn state(&self) -> State {
        match self.active() {
            _ if !self.is_known || self.gone.is_some() => State::Starting,
            Some(status) => status.state,
            None => State::NoServer,
        }
    }

    /// What is so, and what to do next.
    #[must_use]
    pub fn sentence(&self) -> String {
        if let Some(why) = &self.gone {
            return why.clone();
        }
        match self.active() {
            Some(status) => sentence_of(status),
            None if !self.is_known => say("state-starting"),
            None if self.servers.is_empty() => say("state-no-server"),
            None => say("state-none-chosen"),
        }
    }

    /// The server of that id.
    #[must_use]
    pub fn server(&self, id: &str) -> Option<&Status> {
        let is_it = |status: &&Status| status.server.as_ref().is_some_and(|one| one.id == id);
        self.servers.iter().find(is_it)
    }

    /// The server that the details are about.
    #[must_use]
    pub fn looked_at(&self) -> Option<&Status> {
        let selected = self.selected.as_deref().and_then(|id| self.server(id));
        selected.or_else(|| self.active()).or(self.servers.first())
    }

    /// How the window is coloured.
    #[must_use]
    pub fn theme(&self) -> Theme {
        self.setting("desktop.theme")
            .and_then(|value| Theme::from_word(value.trim_matches('"')))
            .unwrap_or_default()
    }

    /// The value of a setting, as it stands in the file.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&str> {
        let report = self.settings.as_ref()?;
        let named = report.settings.iter().find(|one| one.name == name);
        named.map(|one| one.value.as_str())
    }

    /// Takes in what happened; says what follows.
    pub fn apply(&mut self, event: Event) -> Vec<Wish> {
        match event {
            Event::Chosen(choice) => self.chosen(choice),
            Event::Listening => Vec::new(),
            Event::Gone(why) => {
                self.gone = Some(why);
                self.waiting.clear();
                if self
                    .login
                    .as_ref()
                    .is_some_and(|login| login.prompt.is_some())
                {
                    self.close_login();
                }
                Vec::new()
            }
            Event::Servers(servers) => {
                self.servers = servers;
                self.is_known = true;
                self.gone = None;
                self.examine_what_is_new()
            }
            Event::Show(show) => self.show(show),
            Event::Prompt(prompt) => self.prompted(prompt),
            Event::Tried(attempt, outcome) => self.tried(attempt, outcome),
            Event::Connected(server, outcome) => self.connected(server, outcome),
            Event::Done(outcome) => {
                if let Err(trouble) = outcome
                    && trouble.kind != Kind::NeedsUser
                {
                    self.said = Said::trouble(trouble.sentence);
                }
                self.refresh()
            }
            Event::Uses(uses) => {
                self.uses = Some(uses);
                Vec::new()
            }
            Event::Settings(report) => self.settled(report),
            Event::Examined(id, outcome) => {
                let look = match outcome {
                    Ok(found) => Look::Found(found),
                    Err(trouble) => Look::Failed(trouble.sentence),
                };
                self.looks.insert(id, look);
                Vec::new()
            }
        }
    }

    fn chosen(&mut self, choice: Choice) -> Vec<Wish> {
        match choice {
            Choice::Connect(id) => self.connect(&id),
            Choice::ChooseFromList => {
                self.open_login(Login::by_address(""));
                Vec::new()
            }
            Choice::SignIn => self.sign_in(),
            Choice::Disconnect => vec![Wish::Disconnect(None)],
            Choice::SignOut(id) => vec![Wish::Disconnect(Some(id))],
            Choice::Open => self.show(Show::Window),
            Choice::Preferences => self.show(Show::Preferences),
            Choice::Quit => vec![Wish::Quit],
            Choice::Page(page) => {
                self.page = page;
                self.refresh()
            }
            Choice::Select(id) => {
                self.selected = Some(id);
                self.examine_what_is_new()
            }
            Choice::Rename(id) => {
                if let Some(name) = self.name_of(&id) {
                    let before = name.clone();
                    self.question = Some(Question::Rename { id, before, name });
                }
                Vec::new()
            }
            Choice::Remove(id) => {
                if let Some(name) = self.name_of(&id) {
                    self.question = Some(Question::Remove { id, name });
                }
                Vec::new()
            }
            Choice::Move(id, up) => self.shift(&id, up),
            Choice::Examine(id) => {
                self.looks.insert(id.clone(), Look::Looking);
                vec![Wish::Examine(id)]
            }
            Choice::Stop(id) => {
                let used = self.uses.iter().flatten().find(|one| one.id == id);
                if let Some(used) = used {
                    let name = name_of_use(used);
                    self.question = Some(Question::Stop { id, name });
                }
                Vec::new()
            }
            Choice::Yes => self.confirmed(),
            Choice::No => self.refused(),
            Choice::Press => self.pressed(),
            Choice::Back => {
                if let Some(login) = &mut self.login {
                    login.back();
                }
                Vec::new()
            }
            Choice::Close => self.closed(),
            Choice::Read => {
                self.said = None;
                Vec::new()
            }
            Choice::Prefer(asked) => vec![Wish::Prefer(asked)],
            Choice::Advisory => {
                self.question = Some(Question::Advisory);
                Vec::new()
            }
        }
    }

    fn name_of(&self, id: &str) -> Option<String> {
        let server = self.server(id)?.server.as_ref()?;
        Some(server.name.clone())
    }

    fn connect(&mut self, id: &str) -> Vec<Wish> {
        let Some(server) = self.server(id).and_then(|status| status.server.clone()) else {
            return Vec::new();
        };
        // What is connected already stays so.
        if server.active && self.state() == State::Connected {
            return Vec::new();
        }
        let request = ConnectRequest {
            address: Some(server.id.clone()),
            ..ConnectRequest::default()
        };
        vec![Wish::Connect(server, request)]
    }

    fn sign_in(&mut self) -> Vec<Wish> {
        let Some(server) = self.active().and_then(|status| status.server.clone()) else {
            self.open_login(Login::by_address(""));
            return Vec::new();
        };
        if self.state() == State::Disconnected {
            return self.connect(&server.id);
        }
        let interaction = Some(chancery_proto::local::Interaction::IfNeeded);
        vec![Wish::SignIn(SignInRequest {
            interaction,
            ..SignInRequest::default()
        })]
    }

    fn shift(&mut self, id: &str, up: bool) -> Vec<Wish> {
        let is_it = |status: &Status| status.server.as_ref().is_some_and(|one| one.id == id);
        let Some(from) = self.servers.iter().position(is_it) else {
            return Vec::new();
        };
        let to = if up {
            from.checked_sub(1)
        } else {
            Some(from + 1)
        };
        let Some(to) = to.filter(|to| *to < self.servers.len()) else {
            return Vec::new();
        };
        vec![Wish::Change(ServerRequest {
            address: id.to_owned(),
            position: Some(to),
            ..ServerRequest::default()
        })]
    }

    fn confirmed(&mut self) -> Vec<Wish> {
        match self.question.take() {
            Some(Question::Rename { id, before, name }) => {
                let name = plain(&name).trim().to_owned();
                if name.is_empty() || name == before {
                    return Vec::new();
                }
                vec![Wish::Change(ServerRequest {
                    address: id,
                    name: Some(name),
                    ..ServerRequest::default()
                })]
            }
            Some(Question::Remove { id, .. }) => {
                self.selected = None;
                vec![Wish::Remove(id)]
            }
            Some(Question::Stop { id, .. }) => vec![Wish::Stop(id)],
            Some(Question::Advisory) | None => Vec::new(),
        }
    }

    fn refused(&mut self) -> Vec<Wish> {
        if self.question.take().is_some() {
            return Vec::new();
        }
        let declined = self
            .login
            .as_ref()
            .and_then(|login| login.prompt.as_ref())
            .map(|prompt| prompt.number);
        self.close_login();
        declined.map(Wish::Decline).into_iter().collect()
    }

    fn pressed(&mut self) -> Vec<Wish> {
        let attempt = self.login.as_mut().and_then(Login::press);
        attempt
            .map(|(number, attempt)| Wish::Try(number, attempt))
            .into_iter()
            .collect()
    }

    /// The window was closed: the icon stays, and so does the connection.
    fn closed(&mut self) -> Vec<Wish> {
        self.question = None;
        self.said = None;
        let mut wishes = Vec::new();
        while self.login.is_some() {
            wishes.extend(self.refused());
        }
        self.open = Open::Nothing;
        wishes
    }

    fn show(&mut self, show: Show) -> Vec<Wish> {
        match show {
            Show::Login => {
                self.open_login(Login::by_address(""));
                return Vec::new();
            }
            Show::Window => {}
            Show::List => self.page = Page::Servers,
            Show::Preferences => self.page = Page::Preferences,
        }
        self.open = Open::Window;
        self.wants_attention = true;
        let mut wishes = self.refresh();
        wishes.extend(self.examine_what_is_new());
        wishes
    }

    /// What the shown page needs to be true.
    fn refresh(&mut self) -> Vec<Wish> {
        match (self.open, self.page) {
            (Open::Window, Page::Applications) => vec![Wish::Uses],
            (Open::Window, Page::Preferences) => vec![Wish::Settings, Wish::Uses],
            _ => Vec::new(),
        }
    }

    /// Looks over the server that is shown, once.
    fn examine_what_is_new(&mut self) -> Vec<Wish> {
        if self.open != Open::Window || self.page != Page::Servers {
            return Vec::new();
        }
        let shown = self.looked_at().and_then(|status| status.server.as_ref());
        let Some(id) = shown.map(|server| server.id.clone()) else {
            return Vec::new();
        };
        if self.looks.contains_key(&id) {
            return Vec::new();
        }
        self.looks.insert(id.clone(), Look::Looking);
        vec![Wish::Examine(id)]
    }

    /// One dialog at a time: who is in it goes on.
    fn open_login(&mut self, login: Login) {
        if self.login.is_none() {
            self.login = Some(login);
        }
        if self.open == Open::Nothing {
            self.open = Open::Dialog;
        }
        self.wants_attention = true;
    }

    /// The dialog is done; the next question of the agent's takes its place.
    fn close_login(&mut self) {
        self.login = None;
        if let Some(next) = self.waiting.pop_front() {
            self.login = Some(Login::for_prompt(next));
            self.wants_attention = true;
        } else if self.open == Open::Dialog {
            self.open = Open::Nothing;
        }
    }

    fn prompted(&mut self, prompt: Prompt) -> Vec<Wish> {
        if prompt.over {
            self.waiting.retain(|one| one.number != prompt.number);
            let is_shown = |login: &Login| {
                login
                    .prompt
                    .as_ref()
                    .is_some_and(|one| one.number == prompt.number)
            };
            // An attempt that is under way ends by itself a moment later.
            if self
                .login
                .as_ref()
                .is_some_and(|login| is_shown(login) && !login.is_busy())
            {
                self.close_login();
            }
            return Vec::new();
        }
        match &mut self.login {
            None => self.open_login(Login::for_prompt(prompt)),
            // The person is about to sign in there already.
            Some(login) if login.prompt.is_none() && login.server_is(&prompt.server.id) => {
                login.prompt = Some(prompt);
            }
            Some(_) => {
                self.waiting.push_back(prompt);
                self.wants_attention = true;
            }
        }
        Vec::new()
    }

    fn tried(&mut self, attempt: u64, outcome: Result<Status, Trouble>) -> Vec<Wish> {
        let Some(login) = self.login.as_mut().filter(|login| login.waits_for(attempt)) else {
            return Vec::new();
        };
        match outcome {
            Ok(status) => {
                let advice = status.warnings.first().cloned();
                self.said = advice.map(|sentence| Said {
                    sentence,
                    is_advice: true,
                });
                self.selected = status.server.map(|server| server.id);
                self.close_login();
            }
            Err(trouble) if trouble.kind == Kind::Over => self.close_login(),
            Err(trouble) => login.failed(attempt, trouble),
        }
        self.examine_what_is_new()
    }

    fn connected(&mut self, server: ServerEntry, outcome: Result<Status, Trouble>) -> Vec<Wish> {
        match outcome {
            Ok(_) => {}
            Err(trouble) if trouble.kind == Kind::NeedsUser => {
                self.open_login(Login::at_server(server));
            }
            Err(trouble) => {
                let stays = self.active().is_some_and(|active| {
                    active.state == State::Connected
                        && active
                            .server
                            .as_ref()
                            .is_some_and(|one| one.id != server.id)
                });
                self.said = Said::trouble(
                    match (stays, self.active().and_then(|one| one.server.as_ref())) {
                        (true, Some(active)) => {
                            let stays =
                                say_with("trouble-stays", &[("server", &tame(&active.name))]);
                            format!("{} {stays}", trouble.sentence)
                        }
                        _ => trouble.sentence,
                    },
                );
                return self.show(Show::List);
            }
        }
        Vec::new()
    }

    /// Something of the program's own did not work.
    pub fn report(&mut self, sentence: String) {
        self.said = Said::trouble(sentence);
    }

    fn settled(&mut self, report: PolicyReport) -> Vec<Wish> {
        self.settings = Some(report);
        Vec::new()
    }
}

/// What a state means in words, with the names in it isolated.
#[must_use]
pub fn sentence_of(status: &Status) -> String {
    let server = status.server.as_ref().map_or("", |server| &server.name);
    let person = status.user.as_ref().map_or("", |person| &person.name);
    with_names(&status.sentence, &[server, person])
}

impl Login {
    fn server_is(&self, id: &str) -> bool {
        self.server.as_ref().is_some_and(|server| server.id == id)
    }
}

/// What a program is called: by itself, else by its file.
#[must_use]
pub fn name_of_use(used: &Use) -> String {
    let file = used.program.as_deref().map(|path| {
        let last = path.rsplit(['/', '\\']).next();
        last.unwrap_or(path).to_owned()
    });
    let name = used.application.clone().or(file);
    tame(&name.unwrap_or_else(|| used.pid.to_string()))
}

#[cfg(test)]
mod tests;
