//! What is known of one server, and what can be done with it.

use super::parts::{self, Weight, button, button_if};
use super::{Scene, servers, until};
use crate::model::{Choice, Look, Model, sentence_of};
use crate::script::{self, Kind, tame};
use crate::theme::GRID;
use crate::words::say;
use chancery_proto::level::{Capability, Gate};
use chancery_proto::local::{Finding, FindingOutcome, ServerEntry, State, Status};
use egui::{Align, Color32, Layout, Ui, vec2};

/// The names of what is told, above each other, take so much room.
const NAMES: f32 = 92.0;

/// Everything about the server that is looked at.
pub(super) fn contents(
    ui: &mut Ui,
    model: &Model,
    status: &Status,
    scene: &Scene,
    choices: &mut Vec<Choice>,
) {
    let Some(server) = &status.server else {
        return;
    };
    let palette = scene.palette;
    script::name(ui, palette, Kind::Heading, &server.name);
    script::name(ui, palette, Kind::Quiet, &server.address);
    if server.provided {
        script::text(ui, palette, Kind::Note, &say("list-provided"));
    }
    ui.add_space(GRID);
    actions(ui, status, server, scene, choices);
    ui.add_space(2.0 * GRID);
    rows(ui, model, status, server, scene, choices);
    ui.add_space(3.0 * GRID);
    place(ui, model, server, scene, choices);
}

fn actions(
    ui: &mut Ui,
    status: &Status,
    server: &ServerEntry,
    scene: &Scene,
    choices: &mut Vec<Choice>,
) {
    let palette = scene.palette;
    let id = || server.id.clone();
    ui.horizontal_wrapped(|ui| {
        let first = match (server.active, status.state) {
            (true, State::Disconnected) => Some(("list-connect", Choice::Connect(id()))),
            (true, State::Deferred | State::NeedsUser) => Some(("list-sign-in", Choice::SignIn)),
            (true, _) => None,
            (false, _) => Some(("list-switch", Choice::Connect(id()))),
        };
        if let Some((words, choice)) = first
            && button(ui, palette, Weight::First, &say(words)).clicked()
        {
            choices.push(choice);
        }
        if status.session.is_some()
            && button(ui, palette, Weight::Plain, &say("list-sign-out")).clicked()
        {
            choices.push(Choice::SignOut(id()));
        }
        if !server.provided {
            if button(ui, palette, Weight::Plain, &say("list-rename")).clicked() {
                choices.push(Choice::Rename(id()));
            }
            if button(ui, palette, Weight::Danger, &say("list-remove")).clicked() {
                choices.push(Choice::Remove(id()));
            }
        }
    });
}

/// Where it stands in the list.
fn place(
    ui: &mut Ui,
    model: &Model,
    server: &ServerEntry,
    scene: &Scene,
    choices: &mut Vec<Choice>,
) {
    if model.servers.len() < 2 {
        return;
    }
    let is_it = |status: Option<&Status>| {
        status
            .and_then(|status| status.server.as_ref())
            .is_some_and(|one| one.id == server.id)
    };
    let (is_first, is_last) = (is_it(model.servers.first()), is_it(model.servers.last()));
    ui.horizontal(|ui| {
        for (words, up, possible) in [("list-up", true, !is_first), ("list-down", false, !is_last)]
        {
            if button_if(ui, scene.palette, Weight::Plain, &say(words), possible).clicked() {
                choices.push(Choice::Move(server.id.clone(), up));
            }
        }
    });
}

fn rows(
    ui: &mut Ui,
    model: &Model,
    status: &Status,
    server: &ServerEntry,
    scene: &Scene,
    choices: &mut Vec<Choice>,
) {
    let palette = scene.palette;
    ui.spacing_mut().item_spacing.y = 1.5 * GRID;
    let state = if servers::is_at_rest(status) {
        say("list-at-rest")
    } else {
        sentence_of(status)
    };
    told(ui, scene, "list-state", &state, palette.ink);
    let person = match (&status.user, &server.user) {
        (Some(person), _) if person.name != person.id => {
            format!("{} ({})", tame(&person.name), tame(&person.id))
        }
        (Some(person), _) => tame(&person.id),
        (None, Some(user)) => tame(user),
        (None, None) => say("list-nobody"),
    };
    told(ui, scene, "list-person", &person, palette.ink);
    let session = match (&status.session, until(status, scene)) {
        (Some(session), until) => {
            let renewed = say(if session.renewable {
                "list-session-silent"
            } else {
                "list-session-asks"
            });
            format!("{} {renewed}", until.unwrap_or_default())
                .trim()
                .to_owned()
        }
        (None, _) => say("list-none"),
    };
    told(ui, scene, "list-session", &session, palette.ink);
    let version = server.version.clone();
    let version = version.map_or_else(|| say("list-unknown"), |version| tame(&version));
    told(ui, scene, "list-version", &version, palette.ink);
    if let Some(product) = &server.product {
        told(ui, scene, "list-product", &tame(product), palette.ink);
    }
    looked(ui, model.looks.get(&server.id), server, scene, choices);
    let can: Vec<String> = server
        .capabilities
        .iter()
        .map(|one| say(can(*one)))
        .collect();
    if !can.is_empty() {
        told(ui, scene, "list-can", &sentence(&can), palette.ink);
    }
    if let Some(Gate::Limited { missing }) = &server.gate
        && !missing.is_empty()
    {
        let means: Vec<_> = missing.iter().map(|one| one.missing_means()).collect();
        told(ui, scene, "list-cannot", &means.join(" "), palette.warn);
        below(ui, |ui| {
            if button(ui, palette, Weight::Quiet, &say("list-advisory")).clicked() {
                choices.push(Choice::Advisory);
            }
        });
    }
}

/// What only a look at the server tells.
fn looked(
    ui: &mut Ui,
    look: Option<&Look>,
    server: &ServerEntry,
    scene: &Scene,
    choices: &mut Vec<Choice>,
) {
    let palette = scene.palette;
    let named = [
        ("sign-in", "list-sign-in-by"),
        ("tls", "list-certificate"),
        ("server", "list-reached"),
    ];
    match look {
        None => {}
        Some(Look::Looking) => {
            told(
                ui,
                scene,
                "list-certificate",
                &say("list-looking"),
                palette.quiet,
            );
        }
        Some(Look::Failed(why)) => {
            told(ui, scene, "list-reached", &tame(why), palette.bad);
        }
        Some(Look::Found(found)) => {
            for (check, words) in named {
                let of = |one: &&Finding| one.check == check;
                if let Some(finding) = found.findings.iter().find(of) {
                    let color = outcome(finding.outcome, scene);
                    told(ui, scene, words, &tame(&finding.sentence), color);
                }
            }
        }
    }
    if matches!(look, Some(Look::Found(_) | Look::Failed(_))) {
        below(ui, |ui| {
            if button(ui, palette, Weight::Quiet, &say("list-again")).clicked() {
                choices.push(Choice::Examine(server.id.clone()));
            }
        });
    }
}

/// Below what is told; the words in a line with it, not the button's edge.
fn below(ui: &mut Ui, contents: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.add_space(NAMES - 3.0 * GRID);
        contents(ui);
    });
}

fn outcome(outcome: FindingOutcome, scene: &Scene) -> Color32 {
    match outcome {
        FindingOutcome::Good => scene.palette.ink,
        FindingOutcome::Warning => scene.palette.warn,
        FindingOutcome::Bad => scene.palette.bad,
        FindingOutcome::Skipped => scene.palette.quiet,
    }
}

/// A name and what is told beside it.
fn told(ui: &mut Ui, scene: &Scene, name: &str, words: &str, color: Color32) {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.allocate_ui_with_layout(vec2(NAMES, 0.0), Layout::top_down(Align::Min), |ui| {
            ui.set_width(NAMES);
            script::text(ui, scene.palette, Kind::Quiet, &say(name));
        });
        ui.with_layout(Layout::top_down(Align::Min), |ui| {
            script::coloured(ui, Kind::Plain, color, words);
        });
    });
}

/// What a capability is called among those that are there.
fn can(capability: Capability) -> &'static str {
    match capability {
        Capability::SessionLifetimeHeaders => "list-can-session-lifetime",
        Capability::SessionBackground => "list-can-session-background",
        Capability::Idempotency => "list-can-idempotency",
        Capability::EventsStream => "list-can-events",
        Capability::MailFilingStatus => "list-can-filing",
        Capability::DocumentsRanges => "list-can-ranges",
    }
}

/// Several things in one sentence.
fn sentence(parts: &[String]) -> String {
    let joined = parts.join(", ");
    let mut letters = joined.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => joined,
    }
}

/// A message of the same shape as those at other places.
pub(super) fn warn(ui: &mut Ui, scene: &Scene, words: &str) {
    parts::message(ui, scene.palette, scene.palette.warn, words, |_| {});
}
