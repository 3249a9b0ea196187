//! What can happen and what can follow: the words that the model is spoken to
//! with, and those it answers with.

use super::login::Attempt;
use crate::trouble::Trouble;
use chancery_proto::local::{
    ConnectRequest, Examination, PolicyReport, PreferencesRequest, Prompt, ServerEntry,
    ServerRequest, Show, SignInRequest, Status, Use,
};

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
    pub(super) fn trouble(sentence: String) -> Option<Self> {
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
    /// Sign in in the browser instead.
    Browse,
    /// The person would rather type a password.
    TypePassword,
    /// Open the browser again, which was closed or did not open.
    BrowseAgain,
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
    /// For the Login dialog's attempt the browser was sent to that address.
    InBrowser(u64, String),
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
    /// Open that address in the browser.
    Open(String),
    /// The attempt of that number is not wanted any more.
    GiveUp(u64),
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
