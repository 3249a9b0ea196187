//! The Login dialog: a web address, then what the server asks for.
//!
//! Pure: it is told what the person did and what came back, and says what to
//! ask of the agent. Nothing of it is kept when it closes.

use crate::script::{tame, with_names};
use crate::trouble::{Kind, Trouble};
use crate::words::{say, say_with};
use chancery_proto::local::{
    BeginRequest, ConnectRequest, Prompt, ServerEntry, SignInRequest, SignInWay,
};
use chancery_proto::secret::Secret;
use std::sync::atomic::{AtomicU64, Ordering};
use zeroize::Zeroizing;

/// How far the dialog is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Which server?
    Address,
    /// The server is being looked at.
    Proving,
    /// The address leads to this other host. Is it the right one?
    Host(String),
    /// The server would have people sign in on its own page.
    Page,
    /// The server asks for user and password.
    Password,
    /// They are being tried.
    SigningIn,
    /// The person signs in at this address, in the browser.
    Browser(String),
    /// Nobody waits for an answer any more.
    Over,
}

/// Which field is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The web address.
    Address,
    /// Who signs in.
    User,
    /// The password.
    Password,
}

/// What the agent is asked for.
#[derive(Debug, Clone)]
pub enum Attempt {
    /// Prove and connect.
    Connect(ConnectRequest),
    /// Answer a prompt.
    Answer(SignInRequest),
    /// Sign in in the browser, then answer the prompt of that number, or
    /// connect.
    Browse(BeginRequest, Option<u64>),
}

/// A number that nothing else has: an answer to one dialog never reaches another.
fn next_number() -> u64 {
    static NUMBERS: AtomicU64 = AtomicU64::new(1);
    NUMBERS.fetch_add(1, Ordering::Relaxed)
}

/// A password as typed: not printed, and wiped when it is dropped.
#[derive(Clone, Default)]
pub struct Typed(Zeroizing<String>);

impl Typed {
    /// For the field that it is typed into.
    pub fn edit(&mut self) -> &mut String {
        &mut self.0
    }

    /// Gives it away; nothing is left here.
    fn take(&mut self) -> Secret {
        Secret::from(std::mem::take(&mut *self.0))
    }

    /// Whether nothing is typed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Typed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[redacted]")
    }
}

/// The dialog.
#[derive(Debug, Clone)]
pub struct Login {
    /// How far it is.
    pub step: Step,
    /// The web address as typed.
    pub address: String,
    /// Who signs in.
    pub user: String,
    /// The password; given away when it is used.
    pub password: Typed,
    /// The server, where it is one of the list.
    pub server: Option<ServerEntry>,
    /// The agent's question that this answers.
    pub prompt: Option<Prompt>,
    /// What went wrong last, and at which field.
    pub trouble: Option<(String, Option<Field>)>,
    /// The field that gets the keyboard when the dialog is drawn next.
    pub focus: Option<Field>,
    /// Names this dialog: what is typed into one is never typed into another.
    pub number: u64,
    /// The person wants to be connected there, whoever else asks: not only to
    /// answer the agent's question.
    connects: bool,
    confirmed: Option<String>,
    /// The attempt that is under way goes through the browser.
    browses: bool,
    /// Names the attempt that is under way: answers to others are late.
    attempt: u64,
}

impl Login {
    /// Asks for a web address first.
    #[must_use]
    pub fn by_address(address: &str) -> Self {
        Self {
            step: Step::Address,
            address: address.to_owned(),
            user: String::new(),
            password: Typed::default(),
            server: None,
            prompt: None,
            trouble: None,
            focus: Some(Field::Address),
            number: next_number(),
            connects: true,
            confirmed: None,
            browses: false,
            attempt: 0,
        }
    }

    /// Asks for user and password at a known server.
    #[must_use]
    pub fn at_server(server: ServerEntry) -> Self {
        let mut login = Self::by_address(&server.address);
        login.user = server.user.clone().unwrap_or_default();
        login.server = Some(server);
        login.ask();
        login
    }

    /// A known server leads to another host: is it the right one?
    #[must_use]
    pub fn at_host(server: ServerEntry, host: String, sentence: String) -> Self {
        let mut login = Self::at_server(server);
        login.step = Step::Host(host);
        login.trouble = Some((sentence, None));
        login.focus = None;
        login
    }

    /// Asks what the agent wants to be asked.
    #[must_use]
    pub fn for_prompt(prompt: Prompt) -> Self {
        let mut login = Self::at_server(prompt.server.clone());
        if let Some(user) = &prompt.user {
            login.user.clone_from(user);
            login.ask();
        }
        login.prompt = Some(prompt);
        login.connects = false;
        login
    }

    /// Whether something is under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(
            self.step,
            Step::Proving | Step::SigningIn | Step::Browser(_)
        )
    }

    /// Whether the server may have a page to sign in on: one of another make
    /// has none that is known.
    #[must_use]
    pub fn may_browse(&self) -> bool {
        let product = self.server.as_ref().and_then(|one| one.product.as_deref());
        matches!(self.step, Step::Password | Step::Page)
            && product.is_none_or(|name| name.starts_with("Chancery"))
    }

    /// The person would rather sign in in the browser.
    pub fn browse(&mut self) -> Option<(u64, Attempt)> {
        if !self.may_browse() {
            return None;
        }
        self.trouble = None;
        self.password = Typed::default();
        self.step = Step::SigningIn;
        let asked = self.request();
        let begin = BeginRequest {
            address: asked.address,
            confirmed_host: asked.confirmed_host,
            way: Some(SignInWay::Browser),
            no_browser: false,
        };
        let prompt = self.prompt.as_ref().filter(|_| !self.connects);
        let attempt = Attempt::Browse(begin, prompt.map(|prompt| prompt.number));
        Some(self.next(attempt))
    }

    /// Whether what is under way goes through the browser: there is nothing to
    /// type.
    #[must_use]
    pub fn goes_to_page(&self) -> bool {
        self.is_busy() && self.browses && self.prefers_page()
    }

    /// The person would rather type user and password.
    pub fn type_password(&mut self) {
        if self.step == Step::Page {
            self.trouble = None;
            self.ask_for_password();
        }
    }

    /// The browser was sent to that address for an attempt.
    pub fn went_to_browser(&mut self, attempt: u64, address: String) {
        if self.waits_for(attempt) && self.is_busy() {
            self.step = Step::Browser(address);
            self.focus = None;
        }
    }

    /// The server's name, as far as one is known.
    #[must_use]
    pub fn server_name(&self) -> &str {
        match (&self.step, &self.confirmed, &self.server) {
            (Step::Host(host), ..) => host,
            (_, Some(host), _) => host,
            (_, None, Some(server)) => &server.name,
            (_, None, None) => &self.address,
        }
    }

    /// Where the password goes, in so far as the name does not say it: a name
    /// can be anything.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        let server = self.server.as_ref().filter(|_| self.confirmed.is_none())?;
        let host = server.address.split("://").last()?;
        (host != server.name).then_some(&server.address)
    }

    /// Why the person is asked, where the agent wanted it.
    #[must_use]
    pub fn why(&self) -> Option<String> {
        let prompt = self.prompt.as_ref()?;
        Some(with_names(&prompt.sentence, &[&prompt.server.name]))
    }

    /// Which application wanted it, by its own word.
    #[must_use]
    pub fn asked_by(&self) -> Option<String> {
        let application = tame(self.prompt.as_ref()?.application.as_ref()?);
        let values = [("application", application.as_str())];
        Some(say_with("login-why-application", &values))
    }

    /// The agent's question is over. A dialog that was opened for it alone has
    /// nothing left to ask.
    pub(super) fn question_is_over(&mut self) -> bool {
        if self.connects {
            self.prompt = None;
        }
        !self.connects
    }

    /// An answer came too late.
    pub(super) fn is_over(&mut self, sentence: String) {
        self.step = Step::Over;
        self.trouble = Some((sentence, None));
        self.prompt = None;
        self.focus = None;
    }

    /// The attempt that is under way, if one is.
    #[must_use]
    pub fn under_way(&self) -> Option<u64> {
        self.is_busy().then_some(self.attempt)
    }

    /// The person pressed the dialog's first button.
    pub fn press(&mut self) -> Option<(u64, Attempt)> {
        match &self.step {
            Step::Address => {
                if self.address.trim().is_empty() {
                    self.trouble = Some((say("login-address-missing"), Some(Field::Address)));
                    self.focus = Some(Field::Address);
                    return None;
                }
                self.confirmed = None;
                self.prove()
            }
            Step::Host(host) => {
                self.confirmed = Some(host.clone());
                self.prove()
            }
            Step::Page => self.browse(),
            Step::Password => self.sign_in(),
            Step::Proving | Step::SigningIn | Step::Browser(_) | Step::Over => None,
        }
    }

    fn prove(&mut self) -> Option<(u64, Attempt)> {
        self.trouble = None;
        self.step = Step::Proving;
        let request = self.request();
        Some(self.next(Attempt::Connect(request)))
    }

    fn sign_in(&mut self) -> Option<(u64, Attempt)> {
        let missing = if self.user.trim().is_empty() {
            Some((say("login-user-missing"), Field::User))
        } else if self.password.is_empty() {
            Some((say("login-password-missing"), Field::Password))
        } else {
            None
        };
        if let Some((sentence, field)) = missing {
            self.trouble = Some((sentence, Some(field)));
            self.focus = Some(field);
            return None;
        }
        self.trouble = None;
        self.step = Step::SigningIn;
        // Taken, not copied: it is in one place, and wiped there.
        let password = Some(self.password.take());
        let user = Some(self.user.trim().to_owned());
        let attempt = match &self.prompt {
            Some(prompt) if !self.connects => Attempt::Answer(SignInRequest {
                user,
                password,
                prompt: Some(prompt.number),
                interaction: None,
                begun: None,
            }),
            _ => Attempt::Connect(ConnectRequest {
                user,
                password,
                ..self.request()
            }),
        };
        Some(self.next(attempt))
    }

    fn request(&self) -> ConnectRequest {
        let known = self.server.as_ref().map(|server| server.id.clone());
        ConnectRequest {
            address: Some(known.unwrap_or_else(|| self.address.trim().to_owned())),
            confirmed_host: self.confirmed.clone(),
            ..ConnectRequest::default()
        }
    }

    fn next(&mut self, attempt: Attempt) -> (u64, Attempt) {
        self.browses = matches!(attempt, Attempt::Browse(..));
        self.attempt = next_number();
        (self.attempt, attempt)
    }

    /// The person goes back to the web address.
    pub fn back(&mut self) {
        self.attempt = next_number();
        self.step = Step::Address;
        self.server = None;
        self.confirmed = None;
        self.trouble = None;
        self.password = Typed::default();
        self.focus = Some(Field::Address);
    }

    /// An attempt failed; one that is not waited for any more is nothing.
    pub fn failed(&mut self, attempt: u64, trouble: Trouble) {
        if attempt != self.attempt {
            return;
        }
        let was_password = matches!(self.step, Step::SigningIn | Step::Browser(_));
        let was_page = was_password && self.browses;
        match trouble.kind {
            Kind::NeedsUser if !was_password => {
                self.trouble = None;
                self.ask();
            }
            Kind::WrongPassword => {
                self.trouble = Some((trouble.sentence, Some(Field::Password)));
                self.step = Step::Password;
                self.focus = Some(Field::Password);
            }
            Kind::Redirected(host) => {
                self.trouble = Some((trouble.sentence, None));
                self.step = Step::Host(host);
                self.focus = None;
            }
            _ if was_page && self.prefers_page() => {
                self.ask();
                self.trouble = Some((trouble.sentence, None));
            }
            _ if was_password => {
                self.trouble = Some((trouble.sentence, None));
                self.step = Step::Password;
                self.focus = Some(Field::Password);
            }
            kind => {
                let field = (kind == Kind::Address).then_some(Field::Address);
                self.trouble = Some((trouble.sentence, field));
                self.step = Step::Address;
                self.focus = Some(Field::Address);
            }
        }
    }

    /// Whether that is the attempt that is waited for.
    #[must_use]
    pub fn waits_for(&self, attempt: u64) -> bool {
        attempt == self.attempt
    }

    fn prefers_page(&self) -> bool {
        let asks = self.server.as_ref().and_then(|server| server.asks);
        asks == Some(SignInWay::Browser)
    }

    /// Asks as the server would have it.
    fn ask(&mut self) {
        if self.prefers_page() {
            self.step = Step::Page;
            self.focus = None;
        } else {
            self.ask_for_password();
        }
    }

    fn ask_for_password(&mut self) {
        self.step = Step::Password;
        let known = !self.user.is_empty();
        self.focus = Some(if known { Field::Password } else { Field::User });
    }
}

#[cfg(test)]
mod tests {
    use super::{Attempt, Field, Login, Step};
    use crate::trouble::{Kind, Trouble};

    fn trouble(kind: Kind) -> Trouble {
        Trouble {
            sentence: "It did not work.".to_owned(),
            kind,
        }
    }

    fn pressed(login: &mut Login) -> (u64, Attempt) {
        login.press().expect("something is asked for")
    }

    #[test]
    fn an_empty_address_asks_nobody_and_says_what_is_missing() {
        let mut login = Login::by_address(" ");
        assert!(login.press().is_none());
        assert_eq!(
            login.trouble.as_ref().and_then(|(_, field)| *field),
            Some(Field::Address)
        );
        assert_eq!(login.step, Step::Address);
    }

    #[test]
    fn the_server_decides_what_is_asked() {
        let mut login = Login::by_address("work.example.com");
        let (number, attempt) = pressed(&mut login);
        let Attempt::Connect(request) = attempt else {
            panic!("no prompt is answered");
        };
        assert_eq!(request.address.as_deref(), Some("work.example.com"));
        assert!(request.password.is_none());
        assert!(login.is_busy());
        assert!(login.press().is_none(), "one at a time");
        login.failed(number, trouble(Kind::NeedsUser));
        assert_eq!(
            (login.step.clone(), login.focus),
            (Step::Password, Some(Field::User))
        );
        login.user = " ann ".to_owned();
        assert!(login.press().is_none(), "without a password");
        login.password.edit().push_str("secret");
        let (number, attempt) = pressed(&mut login);
        let Attempt::Connect(request) = attempt else {
            panic!("no prompt is answered");
        };
        assert_eq!(request.user.as_deref(), Some("ann"));
        assert_eq!(request.password.expect("sent").reveal(), "secret");
        assert!(login.password.is_empty(), "it is kept nowhere else");
        login.failed(number, trouble(Kind::WrongPassword));
        assert_eq!(
            (login.step.clone(), login.focus),
            (Step::Password, Some(Field::Password))
        );
        assert_eq!(login.user, " ann ");
    }

    #[test]
    fn another_host_is_confirmed_before_anything_goes_there() {
        let mut login = Login::by_address("old.example.com");
        let (number, _) = pressed(&mut login);
        login.failed(
            number,
            trouble(Kind::Redirected("new.example.com".to_owned())),
        );
        assert_eq!(login.server_name(), "new.example.com");
        let (_, attempt) = pressed(&mut login);
        let Attempt::Connect(request) = attempt else {
            panic!("no prompt is answered");
        };
        assert_eq!(request.confirmed_host.as_deref(), Some("new.example.com"));
        assert_eq!(request.address.as_deref(), Some("old.example.com"));
    }

    #[test]
    fn an_answer_that_comes_after_the_person_went_back_is_nothing() {
        let mut login = Login::by_address("work.example.com");
        let (number, _) = pressed(&mut login);
        login.back();
        login.failed(number, trouble(Kind::NeedsUser));
        assert_eq!(login.step, Step::Address);
        assert!(!login.waits_for(number));
    }

    #[test]
    fn the_browser_is_waited_for_and_a_no_there_leads_back_to_the_password() {
        let mut login = Login::by_address("work.example.com");
        let (number, _) = pressed(&mut login);
        assert!(login.browse().is_none(), "not before the server was seen");
        login.failed(number, trouble(Kind::NeedsUser));
        login.password.edit().push_str("half typed");
        let (number, attempt) = login.browse().expect("an attempt");
        let Attempt::Browse(begin, None) = attempt else {
            panic!("no prompt is answered");
        };
        assert_eq!(begin.address.as_deref(), Some("work.example.com"));
        assert!(login.password.is_empty());
        login.went_to_browser(number - 1, "https://late.example.com".to_owned());
        assert_eq!(login.step, Step::SigningIn);
        login.went_to_browser(number, "https://work.example.com/page".to_owned());
        assert!(matches!(login.step, Step::Browser(_)) && login.is_busy());
        login.failed(number, trouble(Kind::NeedsUser));
        assert_eq!(login.step, Step::Password);
        assert!(login.trouble.is_some(), "it is said why");
    }

    #[test]
    fn a_server_that_prefers_its_page_is_asked_for_there_first() {
        let mut server = crate::model::tests::server("one", true);
        server.asks = Some(chancery_proto::local::SignInWay::Browser);
        server.user = Some("ann".to_owned());
        let mut login = Login::at_server(server);
        assert_eq!((login.step.clone(), login.focus), (Step::Page, None));
        let (number, attempt) = pressed(&mut login);
        assert!(matches!(attempt, Attempt::Browse(_, None)));
        login.went_to_browser(number, "https://work.example.com/page".to_owned());
        login.failed(number, trouble(Kind::NeedsUser));
        assert_eq!(login.step, Step::Page);
        assert!(login.trouble.is_some(), "it is said why");
        // A password is a choice there, and a wrong one leads back to itself.
        login.type_password();
        assert_eq!(
            (login.step.clone(), login.focus),
            (Step::Password, Some(Field::Password))
        );
        login.password.edit().push_str("wrong");
        let (number, _) = pressed(&mut login);
        login.failed(number, trouble(Kind::WrongPassword));
        assert_eq!(login.step, Step::Password);
    }

    #[test]
    fn a_password_is_not_in_what_is_printed_of_an_attempt() {
        let mut login = Login::by_address("work.example.com");
        let (number, _) = pressed(&mut login);
        login.failed(number, trouble(Kind::NeedsUser));
        login.user = "ann".to_owned();
        login.password.edit().push_str("correct horse");
        assert!(!format!("{login:?}").contains("correct"));
        let (_, attempt) = pressed(&mut login);
        assert!(!format!("{attempt:?} {login:?}").contains("correct"));
    }
}
