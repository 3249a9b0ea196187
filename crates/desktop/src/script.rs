//! Text in any script. What runs from left to right is drawn by the toolkit;
//! it shapes the rest but does not order it (UAX #9), so that anything with
//! Arabic or Hebrew in it is laid out by parley, drawn by vello, and shown as
//! a picture with its words behind it for a screen reader.

mod drawing;
mod field;

pub use field::Field;

use crate::theme::{self, Palette};
use drawing::{Look, Scripts};
use egui::{
    Align, Color32, Label, Layout, Response, RichText, Role, Sense, TextWrapMode, Ui, WidgetInfo,
    vec2,
};

/// How a text is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Ordinary.
    Plain,
    /// Beside something more important.
    Quiet,
    /// The same, and smaller.
    Note,
    /// Emphasised.
    Strong,
    /// Above everything else on a page.
    Heading,
}

impl Kind {
    fn size(self) -> f32 {
        match self {
            Self::Plain | Self::Quiet | Self::Strong => theme::TEXT,
            Self::Note => theme::SMALL,
            Self::Heading => theme::HEADING,
        }
    }

    fn is_strong(self) -> bool {
        matches!(self, Self::Strong | Self::Heading)
    }

    fn color(self, palette: &Palette) -> Color32 {
        match self {
            Self::Plain | Self::Strong | Self::Heading => palette.ink,
            Self::Quiet | Self::Note => palette.quiet,
        }
    }
}

/// Whether some of it runs from right to left, so that it has to be ordered.
#[must_use]
pub fn is_ordered(text: &str) -> bool {
    text.chars().any(|character| {
        matches!(u32::from(character),
            0x0590..=0x08ff | 0x200f | 0xfb1d..=0xfdff | 0xfe70..=0xfeff
            | 0x10800..=0x10fff | 0x1e800..=0x1efff)
    })
}

/// A name from outside, so that it can stand anywhere: no control characters,
/// and nothing that turns the order of what stands around it.
#[must_use]
pub fn tame(text: &str) -> String {
    text.chars()
        .filter(|character| {
            let turns = matches!(u32::from(*character), 0x202a..=0x202e | 0x2066..=0x2069);
            !turns && !character.is_control()
        })
        .collect()
}

/// The same words without the marks that isolate names, for what does not
/// order text or does it itself.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars()
        .filter(|character| !matches!(u32::from(*character), 0x2066..=0x2069))
        .collect()
}

/// A sentence over as many lines as it needs.
pub fn text(ui: &mut Ui, palette: &Palette, kind: Kind, words: &str) -> Response {
    coloured(ui, kind, kind.color(palette), words)
}

/// The same in a colour that says something.
pub fn coloured(ui: &mut Ui, kind: Kind, color: Color32, words: &str) -> Response {
    if is_ordered(words) {
        let fit = Fit {
            one_line: false,
            is_name: false,
        };
        return pictured(ui, kind, color, words, fit);
    }
    ui.add(Label::new(rich(kind, color, words)).wrap())
}

/// A name from outside on one line, cut where the room ends; the whole of it
/// when pointed at.
pub fn name(ui: &mut Ui, palette: &Palette, kind: Kind, name: &str) -> Response {
    let (color, name) = (kind.color(palette), tame(name));
    if is_ordered(&name) {
        let fit = Fit {
            one_line: true,
            is_name: true,
        };
        return pictured(ui, kind, color, &name, fit);
    }
    let rich = rich(kind, color, &name);
    ui.add(Label::new(rich).wrap_mode(TextWrapMode::Truncate))
}

/// A sentence on one line, cut where the room ends.
pub fn line(ui: &mut Ui, palette: &Palette, kind: Kind, words: &str) -> Response {
    let color = kind.color(palette);
    if is_ordered(words) {
        let fit = Fit {
            one_line: true,
            is_name: false,
        };
        return pictured(ui, kind, color, words, fit);
    }
    ui.add(Label::new(rich(kind, color, words)).wrap_mode(TextWrapMode::Truncate))
}

/// A sentence from outside with the names in it isolated, so that the one is
/// read in its direction and the others in theirs.
#[must_use]
pub fn with_names(sentence: &str, names: &[&str]) -> String {
    let mut sentence = tame(sentence);
    for name in names {
        let name = tame(name);
        if is_ordered(&name) {
            sentence = sentence.replace(&name, &format!("\u{2068}{name}\u{2069}"));
        }
    }
    sentence
}

/// Words in the toolkit's own drawing, for buttons and the like.
#[must_use]
pub fn rich(kind: Kind, color: Color32, words: &str) -> RichText {
    let rich = RichText::new(plain(words)).color(color).size(kind.size());
    if kind.is_strong() {
        rich.font(theme::strong(kind.size()))
    } else {
        rich
    }
}

/// How a text takes its room.
#[derive(Debug, Clone, Copy)]
struct Fit {
    one_line: bool,
    is_name: bool,
}

fn pictured(ui: &mut Ui, kind: Kind, color: Color32, words: &str, fit: Fit) -> Response {
    let room = ui.available_width();
    let look = Look {
        size: kind.size(),
        strong: kind.is_strong(),
        room: room.is_finite().then_some(room),
        one_line: fit.one_line,
        is_name: fit.is_name,
        scale: ui.ctx().pixels_per_point(),
    };
    let drawn = Scripts::with(ui.ctx(), |scripts| scripts.drawn(ui.ctx(), words, look));
    let height = drawn.size.y;
    let (rect, response) = ui.allocate_exact_size(vec2(drawn.size.x, height), Sense::hover());
    if ui.is_rect_visible(rect) {
        let whole = egui::Rect::from_min_max(egui::pos2(0.0, 0.0), egui::pos2(1.0, 1.0));
        ui.painter().image(drawn.texture.id(), rect, whole, color);
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, plain(words)));
    if drawn.is_cut {
        return response.on_hover_ui(|ui| {
            let layout = Layout::top_down(Align::Min);
            ui.with_layout(layout, |ui| coloured(ui, kind, color, words));
        });
    }
    response
}

#[cfg(test)]
mod tests {
    use super::{is_ordered, plain, tame, with_names};
    use proptest::prelude::*;

    #[test]
    fn what_runs_from_right_to_left_is_noticed() {
        assert!(is_ordered("Connected as محمد"));
        assert!(is_ordered("שלום"));
        assert!(!is_ordered("Zoë Müller, Αθήνα, Москва, 東京"));
    }

    #[test]
    fn a_name_in_a_sentence_keeps_its_own_direction() {
        let said = with_names("Connected to שלום as Ann.", &["שלום", "Ann"]);
        assert_eq!(said, "Connected to \u{2068}שלום\u{2069} as Ann.");
    }

    #[test]
    fn a_name_cannot_turn_what_stands_around_it() {
        assert_eq!(tame("invoice\u{202e}fdp.exe\n"), "invoicefdp.exe");
        assert_eq!(plain("As \u{2068}Ann\u{2069}."), "As Ann.");
    }

    proptest! {
        #[test]
        fn a_tame_name_stays_as_it_is(name in ".*") {
            let once = tame(&name);
            prop_assert_eq!(&tame(&once), &once);
            prop_assert_eq!(plain(&once), once);
        }
    }
}
