//! The Connect menu of the status icon: what it says and offers.

use super::{Choice, Model};
use crate::script::tame;
use crate::words::say;
use chancery_proto::local::State;

/// One line of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Between groups.
    Separator,
    /// Says something.
    Note(String),
    /// Does something.
    Command(Choice, String),
    /// One of several servers.
    Server {
        /// What happens.
        choice: Choice,
        /// Its name.
        name: String,
        /// It is the active one.
        is_active: bool,
    },
}

/// The menu as it now is.
#[must_use]
pub fn lines(model: &Model) -> Vec<Line> {
    let command = |choice: Choice, words: &str| Line::Command(choice, say(words));
    let mut lines = vec![Line::Note(model.sentence()), Line::Separator];
    for status in &model.servers {
        if let Some(server) = &status.server {
            lines.push(Line::Server {
                choice: Choice::Connect(server.id.clone()),
                name: tame(&server.name),
                is_active: server.active,
            });
        }
    }
    if !model.servers.is_empty() {
        lines.push(Line::Separator);
    }
    lines.push(command(Choice::ChooseFromList, "menu-choose"));
    if model.can_sign_in() {
        lines.push(command(Choice::SignIn, "menu-sign-in"));
    }
    if model.can_disconnect() {
        lines.push(command(Choice::Disconnect, "menu-disconnect"));
    }
    lines.push(Line::Separator);
    lines.push(command(Choice::Open, "menu-open"));
    lines.push(command(Choice::Preferences, "menu-preferences"));
    lines.push(Line::Separator);
    lines.push(command(Choice::Quit, "menu-quit"));
    lines
}

impl Model {
    /// Whether signing in is something to offer.
    #[must_use]
    pub fn can_sign_in(&self) -> bool {
        matches!(
            self.state(),
            State::Deferred | State::NeedsUser | State::Disconnected
        )
    }

    /// Whether there is anything to disconnect from.
    #[must_use]
    pub fn can_disconnect(&self) -> bool {
        matches!(
            self.state(),
            State::Deferred
                | State::SigningIn
                | State::Connected
                | State::Offline
                | State::NeedsUser
        )
    }
}
