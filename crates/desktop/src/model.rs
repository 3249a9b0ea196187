//! What the desktop knows and shows. Pure: it is told what happened, and says
//! what to do; nothing in it waits, draws or talks to anybody.

mod happening;
pub mod login;
pub mod menu;

pub use happening::{Choice, Event, Look, Open, Page, Question, Said, Wish};

use crate::script::{plain, tame, with_names};
use crate::trouble::{Kind, Trouble};
use crate::words::{say, say_with};
use chancery_proto::local::{
    ConnectRequest, PolicyReport, Prompt, ServerEntry, ServerRequest, Show, SignInRequest, State,
    Status, Theme, Use,
};
use login::{Login, Step};
use std::collections::{BTreeMap, VecDeque};

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
                    self.calm();
                }
                Vec::new()
            }
            Event::Servers(servers) => {
                let before = std::mem::replace(&mut self.servers, servers);
                self.is_known = true;
                self.gone = None;
                // What was found is of a server that is as it was.
                let now = &self.servers;
                self.looks.retain(|id, look| match state_of(now, id) {
                    None => false,
                    Some(state) => *look == Look::Looking || Some(state) == state_of(&before, id),
                });
                self.examine_what_is_new()
            }
            Event::Show(show) => self.show(show),
            Event::Prompt(prompt) => self.prompted(prompt),
            Event::Tried(attempt, outcome) => self.tried(attempt, outcome),
            Event::InBrowser(attempt, address) => {
                if let Some(login) = &mut self.login {
                    login.went_to_browser(attempt, address);
                }
                Vec::new()
            }
            Event::Connected(server, outcome) => self.connected(server, outcome),
            Event::Done(outcome) => {
                if let Err(trouble) = outcome
                    && trouble.kind != Kind::NeedsUser
                {
                    self.said = Said::trouble(trouble.sentence);
                    // The icon alone could not say it.
                    if self.open == Open::Nothing {
                        return self.show(Show::List);
                    }
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
            Choice::Browse => {
                let attempt = self.login.as_mut().and_then(Login::browse);
                let tried = attempt.map(|(number, attempt)| Wish::Try(number, attempt));
                tried.into_iter().collect()
            }
            Choice::TypePassword => {
                if let Some(login) = &mut self.login {
                    login.type_password();
                }
                Vec::new()
            }
            Choice::BrowseAgain => match self.login.as_ref().map(|login| &login.step) {
                Some(Step::Browser(address)) => vec![Wish::Open(address.clone())],
                _ => Vec::new(),
            },
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

    /// No to what stands in front: the dialog, else the question.
    fn refused(&mut self) -> Vec<Wish> {
        let Some(login) = &self.login else {
            self.question = None;
            return Vec::new();
        };
        let given_up = login.under_way().map(Wish::GiveUp);
        let prompt = login.prompt.as_ref();
        let declined = prompt.map(|prompt| Wish::Decline(prompt.number));
        self.close_login();
        given_up.into_iter().chain(declined).collect()
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
            Show::Nothing => return Vec::new(),
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
            let shown = self.login.as_mut().filter(|login| {
                let shown = login.prompt.as_ref();
                shown.is_some_and(|one| one.number == prompt.number)
            });
            // An attempt that is under way ends by itself a moment later.
            if let Some(login) = shown
                && login.question_is_over()
                && !login.is_busy()
            {
                self.close_login();
                self.calm();
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

    /// A dialog that came by itself takes no key that was meant for another.
    fn calm(&mut self) {
        if let Some(login) = &mut self.login {
            login.focus = None;
        }
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
            Err(trouble) if trouble.kind == Kind::Over => login.is_over(trouble.sentence),
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
            Err(Trouble {
                sentence,
                kind: Kind::Redirected(host),
            }) => self.open_login(Login::at_host(server, host, sentence)),
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

/// It is neither the active one nor is anybody signed in there.
#[must_use]
pub fn is_at_rest(status: &Status) -> bool {
    let is_active = status.server.as_ref().is_some_and(|server| server.active);
    !is_active && status.state == State::Deferred
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

/// The state of one of the servers.
fn state_of(servers: &[Status], id: &str) -> Option<State> {
    let of = |status: &&Status| status.server.as_ref().is_some_and(|one| one.id == id);
    servers.iter().find(of).map(|status| status.state)
}

#[cfg(test)]
mod tests;
