//! The Login dialog.

use super::parts::{self, Weight, button, button_if};
use super::{Scene, picture};
use crate::model::login::{Field as At, Login, Step};
use crate::model::{Choice, Model};
use crate::script::{self, Field, Kind, tame};
use crate::theme::GRID;
use crate::words::{say, say_with};
use chancery_proto::local::State;
use egui::{Id, Key, Layout, Ui};

/// So many known servers are offered while an address is typed.
const OFFERED: usize = 4;

/// Everything in the dialog, from its heading to its buttons.
pub(super) fn contents(ui: &mut Ui, model: &mut Model, scene: &Scene, choices: &mut Vec<Choice>) {
    let known: Vec<(String, String)> = model
        .servers
        .iter()
        .filter_map(|status| status.server.as_ref())
        .map(|server| (server.name.clone(), server.address.clone()))
        .collect();
    let Some(login) = &mut model.login else {
        return;
    };
    let palette = scene.palette;
    ui.spacing_mut().item_spacing.y = 3.0 * GRID;
    let name = tame(login.server_name());
    match &login.step {
        Step::Address | Step::Proving => {
            script::text(ui, palette, Kind::Heading, &say("login-title"));
            script::text(ui, palette, Kind::Quiet, &say("login-explain"));
            address(ui, login, scene, &known, choices);
        }
        Step::Host(_) => {
            script::text(ui, palette, Kind::Heading, &say("login-host-title"));
        }
        Step::Page | Step::Password | Step::SigningIn | Step::Browser(_) | Step::Over => {
            let title = say_with("login-title-server", &[("server", &name)]);
            script::text(ui, palette, Kind::Heading, &title);
            ui.scope(|ui| {
                ui.spacing_mut().item_spacing.y = GRID;
                if let Some(place) = login.place() {
                    script::name(ui, palette, Kind::Quiet, place);
                }
                for words in [login.why(), login.asked_by()].into_iter().flatten() {
                    script::text(ui, palette, Kind::Quiet, &words);
                }
            });
            let goes_to_page = login.goes_to_page();
            if matches!(login.step, Step::Password | Step::SigningIn) && !goes_to_page {
                person(ui, login, scene);
            }
        }
    }
    if let Some((sentence, _)) = &login.trouble {
        let color = match login.step {
            Step::Host(_) | Step::Over => palette.warn,
            _ => palette.bad,
        };
        parts::message(ui, palette, color, &tame(sentence), |_| {});
    }
    match &login.step {
        Step::Host(_) => {
            script::text(ui, palette, Kind::Quiet, &say("login-host-explain"));
        }
        Step::Page => {
            script::text(ui, palette, Kind::Plain, &say("login-page-explain"));
            if button(ui, palette, Weight::Quiet, &say("login-type-password")).clicked() {
                choices.push(Choice::TypePassword);
            }
        }
        Step::Password => {
            script::text(ui, palette, Kind::Note, &say("login-not-kept"));
            if login.may_browse()
                && button(ui, palette, Weight::Quiet, &say("login-browse")).clicked()
            {
                choices.push(Choice::Browse);
            }
        }
        Step::Browser(_) => {
            script::text(ui, palette, Kind::Plain, &say("login-browser-explain"));
            busy(ui, scene, &say("login-browser-waiting"));
        }
        Step::Proving => busy(ui, scene, &say_with("login-proving", &[("server", &name)])),
        Step::SigningIn => busy(
            ui,
            scene,
            &say_with("login-signing-in", &[("server", &name)]),
        ),
        Step::Address | Step::Over => {}
    }
    ui.add_space(GRID);
    buttons(ui, login, scene, choices);
    if ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, Key::Escape)) {
        choices.push(Choice::No);
    }
}

fn busy(ui: &mut Ui, scene: &Scene, words: &str) {
    ui.horizontal(|ui| {
        picture(ui, scene, State::SigningIn, 16.0);
        script::text(ui, scene.palette, Kind::Quiet, words);
    });
}

/// Whether the trouble is about that field.
fn is_at_fault(login: &Login, field: At) -> bool {
    login
        .trouble
        .as_ref()
        .is_some_and(|(_, at)| *at == Some(field))
}

/// Gives the keyboard to a field that the model wants to have it, once.
fn focus(ui: &Ui, login: &mut Login, field: At, id: Id) {
    if login.focus == Some(field) {
        ui.memory_mut(|memory| memory.request_focus(id));
        login.focus = None;
    }
}

fn pressed_return(ui: &Ui, response: &egui::Response) -> bool {
    response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
}

fn address(
    ui: &mut Ui,
    login: &mut Login,
    scene: &Scene,
    known: &[(String, String)],
    choices: &mut Vec<Choice>,
) {
    let id = Id::unique(("login address", login.number));
    let (is_busy, at_fault) = (login.is_busy(), is_at_fault(login, At::Address));
    let field = Field::new(&mut login.address, id, &say("login-address"))
        .hint(&say("login-address-hint"))
        .at_fault(at_fault)
        .enabled(!is_busy);
    let response = field.show(ui, scene.palette);
    focus(ui, login, At::Address, id);
    if pressed_return(ui, &response) {
        choices.push(Choice::Press);
    }
    if is_busy {
        return;
    }
    let typed = login.address.trim().to_lowercase();
    let offered: Vec<_> = known
        .iter()
        .filter(|(name, address)| {
            *address != login.address
                && (name.to_lowercase().contains(&typed) || address.contains(&typed))
        })
        .take(OFFERED)
        .collect();
    if offered.is_empty() {
        return;
    }
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        script::text(ui, scene.palette, Kind::Note, &say("login-known"));
        for (name, address) in offered {
            let host = address.split("://").last().unwrap_or(address);
            let words = if name == host {
                name.clone()
            } else {
                format!("{name}, {host}")
            };
            let palette = scene.palette;
            let row = parts::row(ui, palette, false, &words, 28.0, |ui| {
                script::name(ui, palette, Kind::Plain, name);
                if name != host {
                    script::line(ui, palette, Kind::Quiet, host);
                }
            });
            if row.clicked() {
                login.address.clone_from(address);
                choices.push(Choice::Press);
            }
        }
    });
}

fn person(ui: &mut Ui, login: &mut Login, scene: &Scene) {
    let is_busy = login.is_busy();
    let id = Id::unique(("login user", login.number));
    let at_fault = is_at_fault(login, At::User);
    Field::new(&mut login.user, id, &say("login-user"))
        .at_fault(at_fault)
        .enabled(!is_busy)
        .show(ui, scene.palette);
    focus(ui, login, At::User, id);
    let id = Id::unique(("login password", login.number));
    let at_fault = is_at_fault(login, At::Password);
    Field::new(login.password.edit(), id, &say("login-password"))
        .secret()
        .at_fault(at_fault)
        .enabled(!is_busy)
        .show(ui, scene.palette);
    focus(ui, login, At::Password, id);
}

fn buttons(ui: &mut Ui, login: &mut Login, scene: &Scene, choices: &mut Vec<Choice>) {
    let palette = scene.palette;
    let first = match &login.step {
        Step::Address | Step::Proving => say("login-login"),
        Step::Host(_) => say("login-host-confirm"),
        Step::Page => say("login-open-browser"),
        Step::Password | Step::SigningIn => say("login-sign-in"),
        Step::Browser(address) => {
            ui.horizontal(|ui| {
                ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
                    if button(ui, palette, Weight::Plain, &say("login-cancel")).clicked() {
                        choices.push(Choice::No);
                    }
                    ui.with_layout(Layout::left_to_right(egui::Align::Center), |ui| {
                        if button(ui, palette, Weight::Plain, &say("login-browse-again")).clicked()
                        {
                            choices.push(Choice::BrowseAgain);
                        }
                        if button(ui, palette, Weight::Quiet, &say("login-browse-copy")).clicked() {
                            ui.ctx().copy_text(address.clone());
                        }
                    });
                });
            });
            return;
        }
        Step::Over => {
            let close = |ui: &mut Ui| {
                if button(ui, palette, Weight::First, &say("list-advisory-close")).clicked() {
                    choices.push(Choice::No);
                }
            };
            parts::sides(ui, close, |_| ());
            return;
        }
    };
    let can_go_back = login.prompt.is_none() && matches!(login.step, Step::Password | Step::Page)
        || matches!(login.step, Step::Host(_));
    let in_person = login.step == Step::Password
        && ["login user", "login password"].iter().any(|id| {
            ui.memory(|memory| memory.had_focus_last_frame(Id::unique((*id, login.number))))
        })
        && ui.input(|input| input.key_pressed(Key::Enter));
    // Where nothing is typed, Return is the first button's.
    let at_page = login.step == Step::Page
        && ui.memory(|memory| memory.focused().is_none())
        && ui.input(|input| input.key_pressed(Key::Enter));
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
            let pressed = button_if(ui, palette, Weight::First, &first, !login.is_busy());
            if pressed.clicked() || in_person || at_page {
                choices.push(Choice::Press);
            }
            if button(ui, palette, Weight::Plain, &say("login-cancel")).clicked() {
                choices.push(Choice::No);
            }
            if can_go_back {
                ui.with_layout(Layout::left_to_right(egui::Align::Center), |ui| {
                    if button(ui, palette, Weight::Quiet, &say("login-back")).clicked() {
                        choices.push(Choice::Back);
                    }
                });
            }
        })
    });
}
