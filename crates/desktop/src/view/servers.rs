//! The Connect list, and beside it what is known of the server looked at.

use super::parts::{self, Weight, button};
use super::{Scene, details, picture};
use crate::model::{Choice, Model};
use crate::script::{self, Kind, tame};
use crate::theme::GRID;
use crate::words::say;
use chancery_proto::local::{State, Status};
use egui::{Align, CentralPanel, Frame, Layout, Margin, Panel, ScrollArea, Ui};

/// The page.
pub(super) fn page(ui: &mut Ui, model: &Model, scene: &Scene, choices: &mut Vec<Choice>) {
    let palette = scene.palette;
    if model.servers.is_empty() {
        nothing(ui, model, scene, choices);
        return;
    }
    let frame = Frame::new().inner_margin(Margin::symmetric(10, 12));
    Panel::left("servers")
        .resizable(false)
        .exact_size(244.0)
        .frame(frame)
        .show(ui, |ui| {
            let foot = Frame::new().inner_margin(Margin {
                top: 8,
                ..Margin::ZERO
            });
            Panel::bottom("add")
                .frame(foot)
                .show_separator_line(false)
                .show(ui, |ui| {
                    if button(ui, palette, Weight::Plain, &say("list-add")).clicked() {
                        choices.push(Choice::ChooseFromList);
                    }
                });
            ScrollArea::vertical().show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = GRID / 2.0;
                list(ui, model, scene, choices);
            });
        });
    let frame = Frame::new()
        .fill(palette.ground)
        .inner_margin(Margin::symmetric(20, 16));
    CentralPanel::no_frame().frame(frame).show(ui, |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            if let Some(status) = model.looked_at() {
                details::contents(ui, model, status, scene, choices);
            }
        });
    });
}

fn nothing(ui: &mut Ui, model: &Model, scene: &Scene, choices: &mut Vec<Choice>) {
    let palette = scene.palette;
    let frame = Frame::new().inner_margin(Margin::symmetric(20, 16));
    frame.show(ui, |ui| {
        parts::heading(ui, palette, &say("app-servers"));
        if !model.is_known {
            script::text(ui, palette, Kind::Quiet, &say("state-starting"));
            return;
        }
        script::text(ui, palette, Kind::Quiet, &say("list-empty"));
        ui.add_space(GRID);
        if button(ui, palette, Weight::First, &say("list-add")).clicked() {
            choices.push(Choice::ChooseFromList);
        }
    });
}

fn list(ui: &mut Ui, model: &Model, scene: &Scene, choices: &mut Vec<Choice>) {
    let palette = scene.palette;
    let shown = model.looked_at().and_then(|status| status.server.as_ref());
    let shown = shown.map(|server| server.id.clone());
    for status in &model.servers {
        let Some(server) = &status.server else {
            continue;
        };
        let name = tame(&server.name);
        let beside = match (&server.user, server.active) {
            (_, true) => say("list-active"),
            (Some(user), false) => tame(user),
            (None, false) => say("list-nobody"),
        };
        let state = if is_at_rest(status) {
            say("list-known")
        } else {
            parts::state_name(status.state)
        };
        let words = format!("{name}, {state}, {beside}");
        let is_shown = shown.as_deref() == Some(&server.id);
        let row = parts::row(ui, palette, is_shown, &words, 46.0, |ui| {
            ui.spacing_mut().item_spacing.x = 2.5 * GRID;
            if is_at_rest(status) {
                parts::ring(ui, palette, 18.0);
            } else {
                picture(ui, scene, status.state, 18.0);
            }
            ui.with_layout(Layout::top_down(Align::Min), |ui| {
                ui.spacing_mut().item_spacing.y = 1.0;
                ui.add_space(6.0);
                let kind = if server.active {
                    Kind::Strong
                } else {
                    Kind::Plain
                };
                script::name(ui, palette, kind, &name);
                script::name(ui, palette, Kind::Note, &beside);
            });
        });
        if row.clicked() {
            choices.push(Choice::Select(server.id.clone()));
        }
        if row.double_clicked() {
            choices.push(Choice::Connect(server.id.clone()));
        }
    }
}

/// It is neither the active one nor is anybody signed in there.
pub(super) fn is_at_rest(status: &Status) -> bool {
    let is_active = status.server.as_ref().is_some_and(|server| server.active);
    !is_active && status.state == State::Deferred
}
