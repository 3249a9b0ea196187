//! What the person prefers; what the administrator's policy decides is shown
//! as it is and said to be so.

use super::parts;
use super::{Scene, details};
use crate::model::{Choice, Model};
use crate::script::{self, Kind, tame};
use crate::theme::GRID;
use crate::words::{say, say_with};
use chancery_proto::local::{PreferencesRequest, Setting, SettingSource, SignInWhen, Theme};
use egui::{ComboBox, Frame, Margin, ScrollArea, Ui};
use std::collections::BTreeMap;

/// The page.
pub(super) fn page(ui: &mut Ui, model: &Model, scene: &Scene, choices: &mut Vec<Choice>) {
    let palette = scene.palette;
    let frame = Frame::new().inner_margin(Margin::symmetric(20, 16));
    frame.show(ui, |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            parts::heading(ui, palette, &say("app-preferences"));
            let Some(report) = &model.settings else {
                script::text(ui, palette, Kind::Quiet, &say("state-starting"));
                return;
            };
            let mistakes = report.mistakes.iter().chain(&report.preference_mistakes);
            let mistakes: Vec<&str> = mistakes.map(String::as_str).collect();
            if !mistakes.is_empty() {
                let why = tame(&mistakes.join(" "));
                details::warn(ui, scene, &say_with("prefer-mistakes", &[("why", &why)]));
            }
            sign_in(ui, model, scene, choices);
            applications(ui, model, scene, choices);
            log_on(ui, model, scene, choices);
            theme(ui, model, scene, choices);
            if report.present {
                ui.add_space(4.0 * GRID);
                let path = say_with("prefer-policy-file", &[("path", &report.path)]);
                script::text(ui, palette, Kind::Note, &path);
            }
        });
    });
}

fn named<'m>(model: &'m Model, name: &str) -> Option<&'m Setting> {
    let report = model.settings.as_ref()?;
    report.settings.iter().find(|one| one.name == name)
}

fn section(ui: &mut Ui, scene: &Scene, words: &str, setting: Option<&Setting>) -> bool {
    ui.add_space(3.0 * GRID);
    script::text(ui, scene.palette, Kind::Strong, &say(words));
    let by_policy = setting.is_some_and(|one| one.from == SettingSource::Policy);
    if by_policy {
        script::text(ui, scene.palette, Kind::Note, &say("prefer-by-policy"));
    }
    !by_policy
}

fn radio(ui: &mut Ui, scene: &Scene, is_free: bool, is_chosen: bool, words: &str) -> bool {
    let words = script::rich(Kind::Plain, scene.palette.ink, words);
    let shown = ui.add_enabled(is_free, egui::RadioButton::new(is_chosen, words));
    parts::focus_ring(ui, scene.palette, &shown);
    shown.clicked() && !is_chosen
}

fn sign_in(ui: &mut Ui, model: &Model, scene: &Scene, choices: &mut Vec<Choice>) {
    let setting = named(model, "sign_in.when");
    let is_free = section(ui, scene, "prefer-sign-in", setting);
    let now = setting
        .and_then(|one| when(&one.value))
        .unwrap_or(SignInWhen::FirstUse);
    for (wanted, words) in [
        (SignInWhen::FirstUse, "prefer-first-use"),
        (SignInWhen::AtStart, "prefer-at-start"),
    ] {
        if radio(ui, scene, is_free, now == wanted, &say(words)) {
            choices.push(Choice::Prefer(PreferencesRequest {
                sign_in: Some(wanted),
                ..PreferencesRequest::default()
            }));
        }
    }
}

fn when(value: &str) -> Option<SignInWhen> {
    [SignInWhen::FirstUse, SignInWhen::AtStart]
        .into_iter()
        .find(|when| value.trim_matches('"') == when.as_str())
}

/// Every application that somebody said something about, or that calls.
fn known(model: &Model) -> BTreeMap<String, Option<&Setting>> {
    let mut known: BTreeMap<String, Option<&Setting>> = BTreeMap::new();
    let report = model.settings.as_ref();
    for setting in report.iter().flat_map(|report| &report.settings) {
        let name = setting.name.strip_prefix("application.");
        if let Some(name) = name.and_then(|name| name.strip_suffix(".sign_in")) {
            known.insert(name.trim_matches('"').to_owned(), Some(setting));
        }
    }
    for used in model.uses.iter().flatten() {
        let is_this = used.pid == std::process::id();
        if let Some(name) = used.application.as_ref().filter(|_| !is_this)
            && !known.keys().any(|one| one.eq_ignore_ascii_case(name))
        {
            known.insert(name.clone(), None);
        }
    }
    known
}

fn applications(ui: &mut Ui, model: &Model, scene: &Scene, choices: &mut Vec<Choice>) {
    section(ui, scene, "prefer-applications", None);
    let palette = scene.palette;
    script::text(
        ui,
        palette,
        Kind::Quiet,
        &say("prefer-applications-explain"),
    );
    let known = known(model);
    if known.is_empty() {
        script::text(ui, palette, Kind::Quiet, &say("prefer-applications-none"));
    }
    for (name, setting) in known {
        let is_free = setting.is_none_or(|one| one.from != SettingSource::Policy);
        let now = setting.and_then(|one| when(&one.value));
        ui.horizontal(|ui| {
            let called = ui.scope(|ui| {
                ui.set_width(220.0);
                script::name(ui, palette, Kind::Plain, &name)
            });
            ui.add_enabled_ui(is_free, |ui| {
                let offered = [None, Some(SignInWhen::FirstUse), Some(SignInWhen::AtStart)];
                let words = |when: Option<SignInWhen>| {
                    say(match when {
                        None => "prefer-as-above",
                        Some(SignInWhen::FirstUse) => "prefer-short-first-use",
                        Some(SignInWhen::AtStart) => "prefer-short-at-start",
                    })
                };
                let shown = ComboBox::from_id_salt(("sign in of", &name))
                    .selected_text(words(now))
                    .width(140.0)
                    .show_ui(ui, |ui| {
                        for wanted in offered {
                            let chosen = ui.selectable_label(now == wanted, words(wanted));
                            if chosen.clicked() && now != wanted {
                                let one = (name.clone(), wanted);
                                choices.push(Choice::Prefer(PreferencesRequest {
                                    applications: BTreeMap::from([one]),
                                    ..PreferencesRequest::default()
                                }));
                            }
                        }
                    });
                let response = shown.response.labelled_by(called.inner.id);
                parts::focus_ring(ui, palette, &response);
            });
            if !is_free {
                script::line(ui, palette, Kind::Note, &say("prefer-by-policy"));
            }
        });
    }
}

fn log_on(ui: &mut Ui, model: &Model, scene: &Scene, choices: &mut Vec<Choice>) {
    let setting = named(model, "desktop.start");
    let is_free = section(ui, scene, "prefer-log-on", setting);
    let mut starts = setting.is_some_and(|one| one.value == "true");
    let words = script::rich(Kind::Plain, scene.palette.ink, &say("prefer-start"));
    let shown = ui.add_enabled(is_free, egui::Checkbox::new(&mut starts, words));
    parts::focus_ring(ui, scene.palette, &shown);
    if shown.changed() {
        choices.push(Choice::Prefer(PreferencesRequest {
            start: Some(starts),
            ..PreferencesRequest::default()
        }));
    }
}

fn theme(ui: &mut Ui, model: &Model, scene: &Scene, choices: &mut Vec<Choice>) {
    let is_free = section(ui, scene, "prefer-theme", named(model, "desktop.theme"));
    let now = model.theme();
    for theme in Theme::ALL {
        let words = say(match theme {
            Theme::System => "prefer-theme-system",
            Theme::Light => "prefer-theme-light",
            Theme::Dark => "prefer-theme-dark",
            Theme::Contrast => "prefer-theme-contrast",
        });
        if radio(ui, scene, is_free, now == theme, &words) {
            choices.push(Choice::Prefer(PreferencesRequest {
                theme: Some(theme),
                ..PreferencesRequest::default()
            }));
        }
    }
}
