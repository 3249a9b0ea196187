//! What travels between the agent and the desktop's window.

use super::{PolicyReport, Status};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a window can be asked to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Show {
    /// The window as it was left.
    #[default]
    Window,
    /// The Login dialog, with an empty web address.
    Login,
    /// The Connect list.
    List,
    /// The preferences.
    Preferences,
    /// Nothing: whether a window is there is all that is asked.
    Nothing,
}

impl Show {
    /// The word that travels, for example `login`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Login => "login",
            Self::List => "list",
            Self::Preferences => "preferences",
            Self::Nothing => "nothing",
        }
    }

    /// What that word means, of those that show something.
    ///
    /// ```
    /// use chancery_proto::local::Show;
    /// assert_eq!(Show::from_word("login"), Some(Show::Login));
    /// assert_eq!(Show::from_word("door"), None);
    /// assert_eq!(Show::from_word("nothing"), None);
    /// ```
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Window, Self::Login, Self::List, Self::Preferences]
            .into_iter()
            .find(|show| show.as_str() == word)
    }
}

/// Body of `POST /agent/v1/window`: asks the desktop's window to show
/// something. `404 CHANCERY_NO_WINDOW` where no desktop program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowRequest {
    /// What it is to show.
    pub show: Show,
}

/// One line of `GET /agent/v1/window`, which is read by the desktop program
/// alone: every known server as it now is, first and after every change, and
/// what the window is asked to show.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowEvent {
    /// Every known server in the list's order, each with the state it would
    /// have if it were the active one; absent where nothing changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub servers: Option<Vec<Status>>,
    /// What the window is asked to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub show: Option<Show>,
    /// What holds, first and after every change of the policy or the
    /// preferences.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<PolicyReport>,
}

/// When somebody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignInWhen {
    /// Delayed sign-in: with the first call that needs the server.
    FirstUse,
    /// As soon as the agent, or that application, starts.
    AtStart,
}

impl SignInWhen {
    /// The word that travels and stands in the files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstUse => "first-use",
            Self::AtStart => "at-start",
        }
    }
}

/// How the window is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// As the desktop is.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
    /// Black and white, with every edge drawn.
    Contrast,
}

impl Theme {
    /// Every theme, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::System, Self::Light, Self::Dark, Self::Contrast];

    /// The word that travels and stands in the files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Contrast => "contrast",
        }
    }

    /// What that word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == word)
    }
}

/// Body of `POST /agent/v1/preferences`: what the person prefers from now on.
/// What is absent stays as it was; what the administrator's policy says cannot
/// be changed (`403 CHANCERY_POLICY`). The answer is the one of
/// `GET /agent/v1/policy`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PreferencesRequest {
    /// When the agent signs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<SignInWhen>,
    /// When the applications of these names sign in; `null` takes what was
    /// said about one back.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub applications: BTreeMap<String, Option<SignInWhen>>,
    /// How the window is coloured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<Theme>,
    /// Whether the desktop program starts when the person logs on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<bool>,
}
