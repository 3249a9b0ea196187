//! What is drawn. Nothing is decided here: a view shows the model and collects
//! what the person chose.

mod advisory;
mod applications;
mod details;
mod login;
mod parts;
mod preferences;
mod questions;
mod servers;

use crate::model::{Choice, Model, Open, Page};
use crate::picture::Tones;
use crate::script::{self, Kind};
use crate::theme::{GRID, Palette};
use crate::time;
use crate::words::{say, say_with};
use chancery_proto::clock::Timestamp;
use chancery_proto::local::{State, Status};
use egui::{Align, CentralPanel, Frame, Id, Layout, Margin, Panel, ScrollArea, Ui};
use jiff::tz::TimeZone;
pub use parts::{Weight, button, picture};

/// What everything is drawn with.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The colours.
    pub palette: &'static Palette,
    /// The time.
    pub now: Timestamp,
    /// The person's time zone.
    pub zone: TimeZone,
}

impl Scene {
    pub(crate) fn tones(&self) -> Tones {
        Tones::of(self.palette)
    }

    pub(crate) fn time(&self, time: Timestamp) -> String {
        time::shown(time, self.now, &self.zone)
    }
}

/// Under this name the toolkit keeps how high the dialog is by itself.
const DIALOG_HEIGHT: &str = "dialog height";

/// How high the dialog has to be for what it shows, once it was drawn.
#[must_use]
pub fn dialog_height(ctx: &egui::Context) -> Option<f32> {
    ctx.data(|data| data.get_temp(Id::unique(DIALOG_HEIGHT)))
}

/// Draws all there is; answers what the person chose.
pub fn draw(ui: &mut Ui, model: &mut Model, scene: &Scene) -> Vec<Choice> {
    let mut choices = Vec::new();
    // A screen reader says the window's name before what is in it.
    let root = egui::accesskit_root_id();
    ui.ctx()
        .accesskit_node_builder(root, |window| window.set_label(say("app-name")));
    match model.open {
        Open::Nothing => {}
        Open::Dialog => {
            let frame = Frame::new()
                .fill(scene.palette.ground)
                .inner_margin(Margin::same(24));
            CentralPanel::no_frame().frame(frame).show(ui, |ui| {
                let shown = ScrollArea::vertical().show(ui, |ui| {
                    login::contents(ui, model, scene, &mut choices);
                });
                let height = shown.content_size.y + 2.0 * 24.0;
                ui.data_mut(|data| data.insert_temp(Id::unique(DIALOG_HEIGHT), height));
            });
        }
        Open::Window => {
            window(ui, model, scene, &mut choices);
            if model.login.is_some() {
                parts::before(ui, Id::unique("login"), 400.0, |ui| {
                    login::contents(ui, model, scene, &mut choices);
                });
            } else if model.question.is_some() {
                parts::before(ui, Id::unique("question"), 400.0, |ui| {
                    questions::contents(ui, model, scene, &mut choices);
                });
            }
        }
    }
    choices
}

fn window(ui: &mut Ui, model: &mut Model, scene: &Scene, choices: &mut Vec<Choice>) {
    let palette = scene.palette;
    let strip = Frame::new()
        .fill(palette.side)
        .inner_margin(Margin::symmetric(20, 14));
    Panel::top("connection").frame(strip).show(ui, |ui| {
        connection(ui, model, scene, choices);
    });
    if let Some(said) = model.said.clone() {
        let frame = Frame::new()
            .fill(palette.paper)
            .inner_margin(Margin::symmetric(20, 10));
        Panel::bottom("said").frame(frame).show(ui, |ui| {
            let color = if said.is_advice {
                palette.warn
            } else {
                palette.bad
            };
            parts::message(ui, palette, color, &said.sentence, |ui| {
                if button(ui, palette, Weight::Plain, &say("app-dismiss")).clicked() {
                    choices.push(Choice::Read);
                }
            });
        });
    }
    let side = Frame::new()
        .fill(palette.side)
        .inner_margin(Margin::symmetric(10, 12));
    Panel::left("pages")
        .resizable(false)
        .exact_size(164.0)
        .frame(side)
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = GRID / 2.0;
            for (page, words) in [
                (Page::Servers, "app-servers"),
                (Page::Applications, "app-applications"),
                (Page::Preferences, "app-preferences"),
            ] {
                if parts::entry(ui, palette, model.page == page, &say(words)).clicked() {
                    choices.push(Choice::Page(page));
                }
            }
        });
    let ground = Frame::new().fill(palette.ground);
    CentralPanel::no_frame()
        .frame(ground)
        .show(ui, |ui| match model.page {
            Page::Servers => servers::page(ui, model, scene, choices),
            Page::Applications => applications::page(ui, model, scene, choices),
            Page::Preferences => preferences::page(ui, model, scene, choices),
        });
}

/// The strip at the top: the state, in a picture and in words, and the next step.
fn connection(ui: &mut Ui, model: &Model, scene: &Scene, choices: &mut Vec<Choice>) {
    let palette = scene.palette;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 3.0 * GRID;
        picture(ui, scene, model.state(), 28.0);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            next_step(ui, model, scene, choices);
            ui.with_layout(Layout::top_down(Align::Min), |ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                let until = model.active().and_then(|status| until(status, scene));
                if until.is_none() {
                    // Beside the middle of the picture.
                    ui.add_space(1.5 * GRID);
                }
                script::text(ui, palette, Kind::Strong, &model.sentence());
                if let Some(until) = until {
                    script::text(ui, palette, Kind::Quiet, &until);
                }
            });
        });
    });
}

fn next_step(ui: &mut Ui, model: &Model, scene: &Scene, choices: &mut Vec<Choice>) {
    let palette = scene.palette;
    if model.can_disconnect()
        && button(ui, palette, Weight::Plain, &say("app-disconnect")).clicked()
    {
        choices.push(Choice::Disconnect);
    }
    if model.can_sign_in() {
        let words = match model.state() {
            State::Disconnected => say("app-connect"),
            _ => say("app-sign-in"),
        };
        if button(ui, palette, Weight::First, &words).clicked() {
            choices.push(Choice::SignIn);
        }
    }
}

/// Until when the session lives, or when an offline server is tried again.
pub(crate) fn until(status: &Status, scene: &Scene) -> Option<String> {
    if status.state == State::Offline {
        let probe = scene.time(status.next_probe?);
        return Some(say_with("app-next-probe", &[("time", &probe)]));
    }
    let session = status.session.as_ref()?;
    let (end, words) = match (session.idle_expires, session.absolute_expires) {
        (Some(idle), Some(absolute)) if absolute <= idle => (absolute, "app-until-fixed"),
        (Some(idle), _) => (idle, "app-until"),
        (None, Some(absolute)) => (absolute, "app-until-fixed"),
        (None, None) => return None,
    };
    Some(say_with(words, &[("time", &scene.time(end))]))
}
