//! What is asked before something is done that is not easily undone.

use super::parts::{self, Weight, button};
use super::{Scene, advisory};
use crate::model::{Choice, Model, Question};
use crate::script::{self, Field, Kind, tame};
use crate::theme::GRID;
use crate::words::{say, say_with};
use egui::{Id, Key, Modifiers, Ui};

/// Everything in the dialog.
pub(super) fn contents(ui: &mut Ui, model: &mut Model, scene: &Scene, choices: &mut Vec<Choice>) {
    let palette = scene.palette;
    let Some(question) = &mut model.question else {
        return;
    };
    ui.spacing_mut().item_spacing.y = 3.0 * GRID;
    let (yes, weight) = match question {
        Question::Rename { before, name, .. } => {
            let title = say_with("list-rename-title", &[("server", &tame(before))]);
            script::text(ui, palette, Kind::Heading, &title);
            let id = Id::unique("new name");
            let response = Field::new(name, id, &say("list-rename-name")).show(ui, palette);
            if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
                choices.push(Choice::Yes);
            } else if ui.memory(|memory| memory.focused().is_none()) {
                response.request_focus();
            }
            (say("list-rename-yes"), Weight::First)
        }
        Question::Advisory => {
            advisory::contents(ui, scene, choices);
            escape(ui, choices);
            return;
        }
        Question::Remove { name, .. } => {
            let title = say_with("list-remove-title", &[("server", &tame(name))]);
            script::text(ui, palette, Kind::Heading, &title);
            script::text(ui, palette, Kind::Quiet, &say("list-remove-explain"));
            (say("list-remove-yes"), Weight::Danger)
        }
        Question::Stop { name, .. } => {
            let title = say_with("uses-stop-title", &[("name", name)]);
            script::text(ui, palette, Kind::Heading, &title);
            script::text(ui, palette, Kind::Quiet, &say("uses-stop-explain"));
            (say("uses-stop"), Weight::Danger)
        }
    };
    ui.add_space(GRID);
    let answers = |ui: &mut Ui| {
        if button(ui, palette, weight, &yes).clicked() {
            choices.push(Choice::Yes);
        }
        if button(ui, palette, Weight::Plain, &say("login-cancel")).clicked() {
            choices.push(Choice::No);
        }
    };
    parts::sides(ui, answers, |_| ());
    escape(ui, choices);
}

fn escape(ui: &Ui, choices: &mut Vec<Choice>) {
    if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
        choices.push(Choice::No);
    }
}
