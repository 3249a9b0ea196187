//! A field for one line of text. The toolkit edits; where the text has to be
//! ordered, what is seen and where the caret goes is decided here.

use super::drawing::{Look, Scripts};
use super::is_ordered;
use crate::theme::{self, CONTROL, Palette};
use egui::text::{ByteIndex, CCursor, CCursorRange, LayoutJob};
use egui::text_edit::TextEditState;
use egui::text_selection::text_cursor_state::{
    byte_index_from_char_index, char_index_from_byte_index,
};
use egui::{
    Align2, Color32, FontId, Id, Key, Margin, Modifiers, Pos2, Rect, Response, Stroke, StrokeKind,
    TextBuffer, TextEdit, Ui, pos2, vec2,
};
use parley::editing::{Cursor, Selection};
use parley::layout::{Affinity, Layout};

/// Nothing typed by hand is longer.
const LONGEST: usize = 2_000;

/// A field with its label above it.
pub struct Field<'a> {
    text: &'a mut String,
    id: Id,
    label: String,
    hint: String,
    is_secret: bool,
    is_enabled: bool,
    is_at_fault: bool,
}

impl<'a> Field<'a> {
    /// A field that edits `text`, called `label` on the screen and by a screen
    /// reader.
    pub fn new(text: &'a mut String, id: Id, label: &str) -> Self {
        Self {
            text,
            id,
            label: label.to_owned(),
            hint: String::new(),
            is_secret: false,
            is_enabled: true,
            is_at_fault: false,
        }
    }

    /// What stands in it while it is empty.
    #[must_use]
    pub fn hint(mut self, hint: &str) -> Self {
        hint.clone_into(&mut self.hint);
        self
    }

    /// Shows dots for letters.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.is_secret = true;
        self
    }

    /// Whether it can be changed now.
    #[must_use]
    pub fn enabled(mut self, is_enabled: bool) -> Self {
        self.is_enabled = is_enabled;
        self
    }

    /// What is in it was refused.
    #[must_use]
    pub fn at_fault(mut self, is_at_fault: bool) -> Self {
        self.is_at_fault = is_at_fault;
        self
    }

    /// Shows it over the whole width that is there.
    pub fn show(self, ui: &mut Ui, palette: &Palette) -> Response {
        let Self {
            text,
            id,
            label,
            hint,
            is_secret,
            is_enabled,
            is_at_fault,
        } = self;
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = theme::GRID;
            let label = super::text(ui, palette, super::Kind::Strong, &label);
            let is_ours = !is_secret && is_ordered(text);
            if is_ours {
                keys(ui, text, id);
                // The toolkit's own stand where the letters would be.
                let visuals = ui.visuals_mut();
                visuals.text_cursor.stroke = Stroke::NONE;
                visuals.selection.bg_fill = Color32::TRANSPARENT;
                visuals.selection.stroke = Stroke::NONE;
            }
            let mut hidden = |ui: &Ui, text: &dyn TextBuffer, _: f32| {
                let font = FontId::proportional(theme::TEXT);
                let color = if is_ours {
                    Color32::TRANSPARENT
                } else {
                    ui.visuals().text_color()
                };
                let job = LayoutJob::simple_singleline(text.as_str().to_owned(), font, color);
                ui.fonts_mut(|fonts| fonts.layout_job(job))
            };
            let frame = egui::Frame::new()
                .fill(palette.paper)
                .corner_radius(theme::RADIUS)
                .inner_margin(Margin::symmetric(10, 0))
                .stroke(Stroke::new(1.0, palette.edge));
            let mut edit = TextEdit::singleline(text)
                .id(id)
                .password(is_secret)
                .char_limit(LONGEST)
                .desired_width(ui.available_width())
                .min_size(vec2(0.0, CONTROL))
                .align(Align2::LEFT_CENTER)
                .frame(frame)
                .hint_text(super::rich(super::Kind::Quiet, palette.quiet, &hint));
            if !is_secret {
                edit = edit.layouter(&mut hidden);
            }
            let shown = ui.add_enabled_ui(is_enabled, |ui| edit.show(ui)).inner;
            let response: Response = shown.response.response;
            let response = response.labelled_by(label.id);
            if is_secret && let Some(mut state) = TextEditState::load(ui.ctx(), id) {
                // It would keep what was typed, and bring it back.
                state.clear_undoer();
                state.store(ui.ctx(), id);
            }
            if is_ours {
                let has_focus = response.has_focus();
                let area = response.rect.shrink2(vec2(10.0, 0.0));
                overlay(
                    ui,
                    palette,
                    &Overlay {
                        text,
                        id,
                        area,
                        has_focus,
                    },
                    &response,
                );
            }
            ring(ui, palette, &response, is_at_fault);
            response
        })
        .inner
    }
}

fn ring(ui: &Ui, palette: &Palette, response: &Response, is_at_fault: bool) {
    let stroke = match (is_at_fault, response.has_focus()) {
        (true, _) => Stroke::new(2.0, palette.bad),
        (false, true) => Stroke::new(2.0, palette.accent),
        (false, false) => return,
    };
    ui.painter()
        .rect_stroke(response.rect, theme::RADIUS, stroke, StrokeKind::Inside);
}

fn look(ui: &Ui) -> Look {
    Look {
        size: theme::TEXT,
        strong: false,
        room: None,
        one_line: true,
        is_name: true,
        scale: ui.ctx().pixels_per_point(),
    }
}

fn byte(text: &str, cursor: CCursor) -> usize {
    byte_index_from_char_index(text, cursor.index).0
}

fn cursor(text: &str, byte: usize) -> CCursor {
    CCursor::new(char_index_from_byte_index(text, ByteIndex(byte)))
}

fn selection(layout: &Layout<()>, text: &str, range: CCursorRange) -> Selection {
    let at =
        |cursor: CCursor| Cursor::from_byte_index(layout, byte(text, cursor), Affinity::Downstream);
    Selection::new(at(range.secondary), at(range.primary))
}

fn range(text: &str, selection: Selection) -> CCursorRange {
    let [anchor, focus] =
        [selection.anchor(), selection.focus()].map(|one| cursor(text, one.index()));
    CCursorRange {
        primary: focus,
        secondary: anchor,
        h_pos: None,
    }
}

/// The arrow keys go where they point, whatever way the text runs.
fn keys(ui: &Ui, text: &str, id: Id) {
    if !ui.memory(|memory| memory.has_focus(id)) {
        return;
    }
    let Some(mut state) = TextEditState::load(ui.ctx(), id) else {
        return;
    };
    let Some(mut at) = state.cursor.char_range() else {
        return;
    };
    let mut moved = false;
    for (key, right) in [(Key::ArrowLeft, false), (Key::ArrowRight, true)] {
        for extend in [true, false] {
            let modifiers = if extend {
                Modifiers::SHIFT
            } else {
                Modifiers::NONE
            };
            while ui.input_mut(|input| input.consume_key(modifiers, key)) {
                let look = look(ui);
                let layout = Scripts::with(ui.ctx(), |scripts| scripts.laid_out(text, look));
                let now = selection(&layout, text, at);
                let next = if right {
                    now.next_visual(&layout, extend)
                } else {
                    now.previous_visual(&layout, extend)
                };
                at = range(text, next);
                moved = true;
            }
        }
    }
    if moved {
        state.cursor.set_char_range(Some(at));
        state.store(ui.ctx(), id);
    }
}

struct Overlay<'a> {
    text: &'a str,
    id: Id,
    area: Rect,
    has_focus: bool,
}

/// What is seen: the selection, the letters in their order, the caret.
fn overlay(ui: &Ui, palette: &Palette, shown: &Overlay<'_>, response: &Response) {
    let look = look(ui);
    let (layout, drawn) = Scripts::with(ui.ctx(), |scripts| {
        let layout = scripts.laid_out(shown.text, look);
        (layout, scripts.drawn(ui.ctx(), shown.text, look))
    });
    let scale = look.scale;
    let area = shown.area;
    let is_rtl = layout.is_rtl();
    let range_now = pointed(ui, shown, &layout, response, scale);
    let caret = range_now.map(|at| {
        selection(&layout, shown.text, at)
            .focus()
            .geometry(&layout, 1.5 * scale)
    });
    let left = left_edge(
        area,
        drawn.size.x,
        is_rtl,
        caret.map(|caret| caret.x0 as f32 / scale),
    );
    let top = area.center().y - drawn.size.y / 2.0;
    let place = |x: f64, y: f64| pos2(left + x as f32 / scale, top + y as f32 / scale);
    let painter = ui.painter().with_clip_rect(area.intersect(ui.clip_rect()));
    if let Some(at) = range_now.filter(|at| !at.is_empty()) {
        for (part, _) in selection(&layout, shown.text, at).geometry(&layout) {
            let rect = Rect::from_min_max(place(part.x0, part.y0), place(part.x1, part.y1));
            painter.rect_filled(rect, 0.0, palette.chosen);
        }
    }
    let rect = Rect::from_min_size(pos2(left, top), drawn.size);
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    painter.image(drawn.texture.id(), rect, whole, palette.ink);
    if shown.has_focus
        && let Some(caret) = caret
    {
        let rect = Rect::from_min_max(place(caret.x0, caret.y0), place(caret.x1, caret.y1));
        painter.rect_filled(rect, 0.0, palette.accent);
    }
}

/// Where the text begins: at the side from which it runs, moved so that the
/// caret is seen.
fn left_edge(area: Rect, width: f32, is_rtl: bool, caret: Option<f32>) -> f32 {
    let room = area.width();
    if width <= room {
        return if is_rtl {
            area.right() - width
        } else {
            area.left()
        };
    }
    let caret = caret.unwrap_or(if is_rtl { width } else { 0.0 });
    let most = width - room;
    area.left() - (caret - room / 2.0).clamp(0.0, most)
}

/// Where the caret is, after what the pointer did: the toolkit's own guess is
/// by its own order.
fn pointed(
    ui: &Ui,
    shown: &Overlay<'_>,
    layout: &Layout<()>,
    response: &Response,
    scale: f32,
) -> Option<CCursorRange> {
    let mut state = TextEditState::load(ui.ctx(), shown.id)?;
    let before = state.cursor.char_range();
    let Some(pointer) = response.interact_pointer_pos() else {
        return before;
    };
    let pointer: Pos2 = pointer.max(shown.area.min);
    let pressed = ui.input(|input| input.pointer.primary_pressed());
    let width = layout.full_width() / scale;
    let left = left_edge(shown.area, width, layout.is_rtl(), None);
    let point = Cursor::from_point(layout, (pointer.x - left) * scale, layout.height() / 2.0);
    let anchor = match before {
        Some(at) if !pressed && response.dragged() => selection(layout, shown.text, at).anchor(),
        _ => point,
    };
    let at = range(shown.text, Selection::new(anchor, point));
    state.cursor.set_char_range(Some(at));
    state.store(ui.ctx(), shown.id);
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::super::drawing::{Look, Scripts};
    use super::{range, selection};
    use egui::text::{CCursor, CCursorRange, CharIndex};

    #[test]
    fn the_right_arrow_goes_right_in_both_directions_of_writing() {
        let look = Look {
            size: 14.0,
            strong: false,
            room: None,
            one_line: true,
            is_name: true,
            scale: 1.0,
        };
        for text in ["abc", "אבג"] {
            let layout = Scripts::new().laid_out(text, look);
            let place = |at: CCursorRange| {
                selection(&layout, text, at)
                    .focus()
                    .geometry(&layout, 1.0)
                    .x0
            };
            let middle = CCursorRange::one(CCursor::new(CharIndex(1)));
            let right = range(
                text,
                selection(&layout, text, middle).next_visual(&layout, false),
            );
            assert!(place(right) > place(middle), "{text}");
        }
    }
}
