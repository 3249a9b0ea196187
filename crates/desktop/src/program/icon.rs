//! The status icon: the model's state as a picture, and the Connect menu.

use crate::model::menu::{Line, lines};
use crate::model::{Choice, Model};
use crate::picture::{ON_PANEL, pixels};
use crate::script::plain;
use crate::view::{Scene, until};
use crate::words::say;
use chancery_platform::status_icon::{Item, Picture, Shown};
use chancery_proto::local::State;

/// The sizes that panels use.
const SIZES: [u16; 6] = [16, 22, 24, 32, 48, 64];

/// What the icon shows.
pub(super) fn shown(model: &Model, scene: &Scene) -> Shown {
    let state = model.state();
    let mut tooltip = model.sentence();
    if let Some(until) = model.active().and_then(|status| until(status, scene)) {
        tooltip = format!("{tooltip} {until}");
    }
    Shown {
        name: name(state),
        pictures: SIZES
            .into_iter()
            .map(|size| Picture {
                size: u32::from(size),
                rgba: pixels(state, size, ON_PANEL),
            })
            .collect(),
        title: say("app-name"),
        tooltip,
        needs_attention: state == State::NeedsUser,
        menu: lines(model).into_iter().map(item).collect(),
    }
}

/// What an icon theme may call it.
fn name(state: State) -> &'static str {
    match state {
        State::Starting => "chancery-starting",
        State::NoServer => "chancery-no-server",
        State::Disconnected => "chancery-disconnected",
        State::Deferred => "chancery-deferred",
        State::SigningIn => "chancery-signing-in",
        State::Connected => "chancery-connected",
        State::Offline => "chancery-offline",
        State::NeedsUser => "chancery-needs-user",
    }
}

fn item(line: Line) -> Item {
    match line {
        Line::Separator => Item::Separator,
        Line::Note(words) => Item::Note(plain(&words)),
        Line::Command(choice, label) => Item::Command {
            id: written(&choice),
            label,
            enabled: true,
        },
        Line::Server {
            choice,
            name,
            is_active,
        } => Item::Choice {
            id: written(&choice),
            label: name,
            marked: is_active,
            enabled: true,
        },
    }
}

/// What stands before the id of a server.
const SERVER: &str = "server ";

/// A choice of the menu, as the panel gives it back.
fn written(choice: &Choice) -> String {
    match choice {
        Choice::Connect(id) => format!("{SERVER}{id}"),
        Choice::ChooseFromList => "choose".to_owned(),
        Choice::SignIn => "sign-in".to_owned(),
        Choice::Disconnect => "disconnect".to_owned(),
        Choice::Preferences => "preferences".to_owned(),
        Choice::Quit => "quit".to_owned(),
        _ => "open".to_owned(),
    }
}

/// What was chosen.
pub(super) fn read(id: &str) -> Choice {
    match id {
        "choose" => Choice::ChooseFromList,
        "sign-in" => Choice::SignIn,
        "disconnect" => Choice::Disconnect,
        "preferences" => Choice::Preferences,
        "quit" => Choice::Quit,
        _ => match id.strip_prefix(SERVER) {
            Some(server) => Choice::Connect(server.to_owned()),
            None => Choice::Open,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{read, written};
    use crate::model::Choice;

    #[test]
    fn what_the_panel_gives_back_is_what_was_offered() {
        for choice in [
            Choice::Connect("quit".to_owned()),
            Choice::ChooseFromList,
            Choice::SignIn,
            Choice::Disconnect,
            Choice::Open,
            Choice::Preferences,
            Choice::Quit,
        ] {
            assert_eq!(read(&written(&choice)), choice);
        }
    }
}
