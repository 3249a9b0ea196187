//! The few things that every view is made of.

use super::Scene;
use crate::picture;
use crate::script::{self, Kind, plain};
use crate::theme::{CONTROL, GRID, Palette, RADIUS};
use crate::words::say;
use chancery_proto::local::State;
use egui::{
    Button, Color32, ColorImage, CornerRadius, Frame, Id, Image, Margin, Modal, Response, Role,
    Sense, Shape, Stroke, StrokeKind, TextureHandle, TextureOptions, Ui, Vec2, WidgetInfo, vec2,
};

/// How much a button weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// What the return key presses.
    First,
    /// Any other.
    Plain,
    /// What takes something away.
    Danger,
    /// Words alone, like a link.
    Quiet,
}

/// A button with words on it.
pub fn button(ui: &mut Ui, palette: &Palette, weight: Weight, words: &str) -> Response {
    button_if(ui, palette, weight, words, true)
}

/// The same, where it may be that it cannot be pressed now.
pub(super) fn button_if(
    ui: &mut Ui,
    palette: &Palette,
    weight: Weight,
    words: &str,
    is_enabled: bool,
) -> Response {
    let (fill, ink, edge) = match weight {
        Weight::First => (Some(palette.accent), palette.on_accent, palette.accent),
        Weight::Plain => (None, palette.ink, palette.edge),
        Weight::Danger => (None, palette.bad, palette.bad),
        Weight::Quiet => (None, palette.accent, Color32::TRANSPARENT),
    };
    let kind = if weight == Weight::First {
        Kind::Strong
    } else {
        Kind::Plain
    };
    let mut made = Button::new(script::rich(kind, ink, words))
        .min_size(vec2(0.0, CONTROL))
        .stroke(Stroke::new(1.0, edge));
    if let Some(fill) = fill {
        made = made.fill(fill);
    }
    if weight == Weight::Quiet {
        made = made.frame_when_inactive(false);
    }
    let response = ui.add_enabled(is_enabled, made);
    focus_ring(ui, palette, &response);
    response
}

/// Shows where the keyboard is.
pub(super) fn focus_ring(ui: &Ui, palette: &Palette, response: &Response) {
    if response.has_focus() {
        ui.painter().rect_stroke(
            response.rect.expand(2.0),
            CornerRadius::same(RADIUS + 2),
            Stroke::new(2.0, palette.accent),
            StrokeKind::Outside,
        );
    }
}

/// A line of the side bar.
pub(super) fn entry(ui: &mut Ui, palette: &Palette, is_chosen: bool, words: &str) -> Response {
    let kind = if is_chosen { Kind::Strong } else { Kind::Plain };
    row(ui, palette, is_chosen, words, CONTROL + GRID, |ui| {
        script::line(ui, palette, kind, words);
    })
}

/// Something to choose in a list: as wide as there is room, with anything in it.
pub(super) fn row(
    ui: &mut Ui,
    palette: &Palette,
    is_chosen: bool,
    words: &str,
    height: f32,
    contents: impl FnOnce(&mut Ui),
) -> Response {
    let size = vec2(ui.available_width(), height);
    let (rect, place) = ui.allocate_exact_size(size, Sense::empty());
    let behind = ui.painter().add(Shape::Noop);
    let inside = egui::UiBuilder::new()
        .max_rect(rect.shrink2(vec2(10.0, 0.0)))
        .layout(egui::Layout::left_to_right(egui::Align::Center));
    let mut inner = ui.new_child(inside);
    inner.set_clip_rect(rect.intersect(ui.clip_rect()));
    contents(&mut inner);
    // Before what is in it, so that a press anywhere is a press on the row.
    let response = ui.interact(rect, place.id.with("row"), Sense::click());
    response
        .widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, is_chosen, plain(words)));
    let fill = match (is_chosen, response.hovered()) {
        (true, _) => Some(palette.chosen),
        (false, true) => Some(palette.hovered),
        (false, false) => None,
    };
    if let Some(fill) = fill {
        ui.painter()
            .set(behind, Shape::rect_filled(rect, RADIUS, fill));
    }
    if response.has_focus() {
        ui.painter().rect_stroke(
            rect,
            RADIUS,
            Stroke::new(2.0, palette.accent),
            StrokeKind::Inside,
        );
    }
    response
}

/// The picture of a state, so many points on a side.
pub fn picture(ui: &mut Ui, scene: &Scene, state: State, size: f32) -> Response {
    let pixels = (size * ui.ctx().pixels_per_point())
        .round()
        .clamp(1.0, 512.0) as u16;
    let key = Id::unique(("picture", state, pixels, scene.tones()));
    let ctx = ui.ctx().clone();
    let known: Option<TextureHandle> = ctx.data(|data| data.get_temp(key));
    let texture = known.unwrap_or_else(|| {
        let side = usize::from(pixels);
        let drawn = picture::pixels(state, pixels, scene.tones());
        let image = ColorImage::from_rgba_unmultiplied([side, side], &drawn);
        let texture = ctx.load_texture("picture", image, TextureOptions::LINEAR);
        ctx.data_mut(|data| data.insert_temp(key, texture.clone()));
        texture
    });
    let response = ui.add(Image::new((texture.id(), Vec2::splat(size))));
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, state_name(state)));
    response
}

/// In the place of a picture, where there is no state to show.
pub(super) fn ring(ui: &mut Ui, palette: &Palette, size: f32) {
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(size), Sense::empty());
    let stroke = Stroke::new(1.5, palette.off);
    ui.painter()
        .circle_stroke(rect.center(), size / 4.0, stroke);
}

/// What a state is called.
pub(crate) fn state_name(state: State) -> String {
    say(match state {
        State::Starting => "state-name-starting",
        State::NoServer => "state-name-no-server",
        State::Disconnected => "state-name-disconnected",
        State::Deferred => "state-name-deferred",
        State::SigningIn => "state-name-signing-in",
        State::Connected => "state-name-connected",
        State::Offline => "state-name-offline",
        State::NeedsUser => "state-name-needs-user",
    })
}

/// A sentence with a bar of its colour before it, and what can be done about it.
pub(super) fn message(
    ui: &mut Ui,
    palette: &Palette,
    color: Color32,
    sentence: &str,
    actions: impl FnOnce(&mut Ui),
) {
    let frame = Frame::new()
        .fill(palette.side)
        .corner_radius(RADIUS)
        .inner_margin(Margin {
            left: 14,
            right: 10,
            top: 8,
            bottom: 8,
        });
    let shown = frame.show(ui, |ui| {
        sides(ui, actions, |ui| {
            script::text(ui, palette, Kind::Plain, sentence);
        });
    });
    let rect = shown.response.rect;
    let bar = egui::Rect::from_min_size(rect.min, vec2(4.0, rect.height()));
    ui.painter().rect_filled(bar, 2.0, color);
}

/// Something at the right end of a line, and in the room that is left, below
/// each other, everything else.
pub(super) fn sides(ui: &mut Ui, right: impl FnOnce(&mut Ui), left: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            right(ui);
            ui.with_layout(egui::Layout::top_down(egui::Align::Min), left);
        });
    });
}

/// A dialog before everything else.
pub(super) fn before(ui: &Ui, id: Id, width: f32, contents: impl FnOnce(&mut Ui)) {
    let frame = Frame::window(ui.style()).inner_margin(Margin::same(24));
    Modal::new(id).frame(frame).show(ui.ctx(), |ui| {
        ui.set_width(width.min(ui.ctx().content_rect().width() - 64.0));
        contents(ui);
    });
}

/// The heading of a page.
pub(super) fn heading(ui: &mut Ui, palette: &Palette, words: &str) {
    script::text(ui, palette, Kind::Heading, words);
    ui.add_space(GRID);
}
