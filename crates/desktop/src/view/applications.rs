//! Who uses the connection, with *Stop*.

use super::Scene;
use super::parts::{self, Weight, button};
use crate::model::{Choice, Model, name_of_use};
use crate::script::{self, Kind};
use crate::theme::GRID;
use crate::words::{say, say_count, say_with};
use chancery_proto::local::Use;
use egui::{Frame, Margin, ScrollArea, Ui};

/// The page.
pub(super) fn page(ui: &mut Ui, model: &Model, scene: &Scene, choices: &mut Vec<Choice>) {
    let palette = scene.palette;
    let frame = Frame::new().inner_margin(Margin::symmetric(20, 16));
    frame.show(ui, |ui| {
        parts::heading(ui, palette, &say("app-applications"));
        script::text(ui, palette, Kind::Quiet, &say("uses-explain"));
        ui.add_space(2.0 * GRID);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            let uses = model.uses.as_deref().unwrap_or_default();
            if uses.is_empty() {
                script::text(ui, palette, Kind::Plain, &say("uses-none"));
            }
            for used in uses {
                one(ui, used, scene, choices);
                ui.separator();
            }
        });
    });
}

fn one(ui: &mut Ui, used: &Use, scene: &Scene, choices: &mut Vec<Choice>) {
    let palette = scene.palette;
    let mut stop = |ui: &mut Ui| {
        if used.pid == std::process::id() {
            script::line(ui, palette, Kind::Quiet, &say("uses-this"));
        } else if used.stopped {
            script::line(ui, palette, Kind::Quiet, &say("uses-stopped"));
        } else if button(ui, palette, Weight::Plain, &say("uses-stop")).clicked() {
            choices.push(Choice::Stop(used.id.clone()));
        }
    };
    parts::sides(ui, &mut stop, |ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        script::name(ui, palette, Kind::Strong, &name_of_use(used));
        let program = used.program.as_deref().unwrap_or_default();
        script::name(
            ui,
            palette,
            Kind::Note,
            format!("{program}  {}", used.pid).trim(),
        );
        script::line(ui, palette, Kind::Quiet, &did(used, scene));
    });
}

/// What it did so far, in one line.
fn did(used: &Use, scene: &Scene) -> String {
    let calls = say_count(
        "uses-calls",
        usize::try_from(used.calls).unwrap_or(usize::MAX),
    );
    let when = match used.last_call {
        Some(last) => say_with("uses-last", &[("time", &scene.time(last))]),
        None => say_with("uses-since", &[("time", &scene.time(used.since))]),
    };
    let mut parts = vec![calls, when];
    if let Some(until) = used.administers_until {
        parts.push(say_with(
            "uses-administers",
            &[("time", &scene.time(until))],
        ));
    }
    parts.join(", ")
}
