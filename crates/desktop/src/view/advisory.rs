//! The advisory on older servers, as it is shipped: `docs/advisories`.

use super::Scene;
use super::parts::{self, Weight, button};
use crate::model::Choice;
use crate::script::{self, Kind};
use crate::theme::GRID;
use crate::words::say;
use egui::{ScrollArea, Ui};

const TEXT: &str = include_str!("../../../../docs/advisories/README.md");

/// Everything in the dialog.
pub(super) fn contents(ui: &mut Ui, scene: &Scene, choices: &mut Vec<Choice>) {
    ui.spacing_mut().item_spacing.y = 2.0 * GRID;
    ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
        for (kind, words) in paragraphs(TEXT) {
            script::text(ui, scene.palette, kind, &words);
        }
    });
    ui.add_space(GRID);
    let close = |ui: &mut Ui| {
        if button(
            ui,
            scene.palette,
            Weight::First,
            &say("list-advisory-close"),
        )
        .clicked()
        {
            choices.push(Choice::No);
        }
    };
    parts::sides(ui, close, |_| ());
}

/// The text as people read it: the headings, the paragraphs, and of the table
/// what is missed.
fn paragraphs(markdown: &str) -> Vec<(Kind, String)> {
    let mut all: Vec<(Kind, String)> = Vec::new();
    let mut goes_on = false;
    for line in markdown.lines() {
        let plain = line.replace(['`', '*'], "");
        if let Some(heading) = plain.strip_prefix("# ") {
            all.push((Kind::Heading, heading.to_owned()));
            goes_on = false;
        } else if let Some(row) = plain.strip_prefix("| ") {
            let cells: Vec<&str> = row
                .trim_end_matches('|')
                .split('|')
                .map(str::trim)
                .collect();
            if let [name, means] = cells.as_slice()
                && *name != "capability"
            {
                all.push((Kind::Plain, format!("• {means}")));
            }
            goes_on = false;
        } else if plain.trim().is_empty() || plain.starts_with('|') {
            goes_on = false;
        } else if goes_on && let Some((_, last)) = all.last_mut() {
            last.push(' ');
            last.push_str(plain.trim());
        } else {
            all.push((Kind::Quiet, plain.trim().to_owned()));
            goes_on = true;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{TEXT, paragraphs};
    use crate::script::Kind;

    #[test]
    fn the_advisory_that_is_shipped_reads_as_text() {
        let all = paragraphs(TEXT);
        assert_eq!(all.first().map(|(kind, _)| *kind), Some(Kind::Heading));
        let told = all.iter().filter(|(_, words)| words.starts_with("• "));
        assert_eq!(told.count(), 6);
        for (_, words) in &all {
            assert!(!words.contains(['|', '`']), "{words}");
        }
    }
}
