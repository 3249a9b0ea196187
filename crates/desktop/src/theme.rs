//! Colours, type and spacing, as `docs/design.md` says. Nothing else in the
//! desktop names a colour or a size.

use crate::fonts::STRONG;
use chancery_proto::local::Theme;
use egui::style::{Selection, WidgetVisuals, Widgets};
use egui::{
    Color32, Context, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, Style, TextStyle,
    Visuals, vec2,
};

/// The grid that every distance is a multiple of, in points.
pub const GRID: f32 = 4.0;
/// The height of a button and of a field.
pub const CONTROL: f32 = 30.0;
/// How round a control is.
pub const RADIUS: u8 = 6;
/// The size of ordinary text.
pub const TEXT: f32 = 13.5;
/// The size of what stands beside it.
pub const SMALL: f32 = 12.0;
/// The size of a heading.
pub const HEADING: f32 = 18.0;

/// The colours of one theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    /// Light on dark.
    pub is_dark: bool,
    /// Behind everything.
    pub ground: Color32,
    /// Behind the side bar and the strip at the top.
    pub side: Color32,
    /// Behind fields and cards.
    pub paper: Color32,
    /// Lines between things.
    pub line: Color32,
    /// Around controls: 3:1 against the ground (WCAG 2.2, 1.4.11).
    pub edge: Color32,
    /// Text: 7:1 against every ground.
    pub ink: Color32,
    /// Text beside text: 4.5:1 at least.
    pub quiet: Color32,
    /// What is chosen and what is pressed first.
    pub accent: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// Behind what is chosen in a list.
    pub chosen: Color32,
    /// Behind what is pointed at.
    pub hovered: Color32,
    /// All is well.
    pub good: Color32,
    /// Somebody should look.
    pub warn: Color32,
    /// It does not work.
    pub bad: Color32,
    /// Nothing is known, or nothing is on.
    pub off: Color32,
}

const fn rgb(hex: u32) -> Color32 {
    let [_, red, green, blue] = hex.to_be_bytes();
    Color32::from_rgb(red, green, blue)
}

/// Dark on light.
pub const LIGHT: Palette = Palette {
    is_dark: false,
    ground: rgb(0xfb_fb_fa),
    side: rgb(0xf1_f2_f2),
    paper: rgb(0xff_ff_ff),
    line: rgb(0xdd_df_e1),
    edge: rgb(0x7c_82_89),
    ink: rgb(0x1b_1f_24),
    quiet: rgb(0x57_5e_66),
    accent: rgb(0x1f_56_8f),
    on_accent: rgb(0xff_ff_ff),
    chosen: rgb(0xdf_e9_f4),
    hovered: rgb(0xe9_eb_ed),
    good: rgb(0x1b_7a_4b),
    warn: rgb(0x9a_59_00),
    bad: rgb(0xb3_26_1e),
    off: rgb(0x63_6a_72),
};

/// Light on dark.
pub const DARK: Palette = Palette {
    is_dark: true,
    ground: rgb(0x1c_1f_23),
    side: rgb(0x16_18_1b),
    paper: rgb(0x24_28_2d),
    line: rgb(0x36_3b_41),
    edge: rgb(0x7d_84_8c),
    ink: rgb(0xee_f0_f2),
    quiet: rgb(0xa9_b0_b8),
    accent: rgb(0x7f_b4_ea),
    on_accent: rgb(0x0c_1a_2a),
    chosen: rgb(0x28_3c_52),
    hovered: rgb(0x2c_31_37),
    good: rgb(0x58_c0_8a),
    warn: rgb(0xe7_a9_4c),
    bad: rgb(0xf2_8b_82),
    off: rgb(0x9a_a1_a9),
};

/// Black and white, with every edge drawn.
pub const CONTRAST: Palette = Palette {
    is_dark: true,
    ground: rgb(0),
    side: rgb(0),
    paper: rgb(0),
    line: rgb(0xff_ff_ff),
    edge: rgb(0xff_ff_ff),
    ink: rgb(0xff_ff_ff),
    quiet: rgb(0xff_ff_ff),
    accent: rgb(0xff_e0_3d),
    on_accent: rgb(0),
    chosen: rgb(0x1f_3a_8a),
    hovered: rgb(0x33_33_33),
    good: rgb(0x4c_f0_9a),
    warn: rgb(0xff_e0_3d),
    bad: rgb(0xff_9d_94),
    off: rgb(0xff_ff_ff),
};

impl Palette {
    /// The colours that a theme has on a desktop that is dark or not.
    #[must_use]
    pub fn of(theme: Theme, desktop_is_dark: bool) -> &'static Self {
        match (theme, desktop_is_dark) {
            (Theme::Contrast, _) => &CONTRAST,
            (Theme::Dark, _) | (Theme::System, true) => &DARK,
            (Theme::Light, _) | (Theme::System, false) => &LIGHT,
        }
    }

    /// Makes everything that is drawn look so.
    pub fn apply(&self, ctx: &Context) {
        let theme = if self.is_dark {
            egui::Theme::Dark
        } else {
            egui::Theme::Light
        };
        // Whichever the toolkit would choose by itself.
        for theme in [egui::Theme::Dark, egui::Theme::Light] {
            ctx.set_style_of(theme, self.style());
        }
        ctx.set_theme(theme);
    }

    fn style(&self) -> Style {
        let mut style = Style {
            visuals: self.visuals(),
            text_styles: [
                (
                    TextStyle::Small,
                    FontId::new(SMALL, FontFamily::Proportional),
                ),
                (TextStyle::Body, FontId::new(TEXT, FontFamily::Proportional)),
                (
                    TextStyle::Button,
                    FontId::new(TEXT, FontFamily::Proportional),
                ),
                (
                    TextStyle::Monospace,
                    FontId::new(TEXT, FontFamily::Proportional),
                ),
                (TextStyle::Heading, strong(HEADING)),
            ]
            .into(),
            // Nothing moves by itself: what moves is redrawn, and what is
            // redrawn takes power.
            animation_time: 0.0,
            ..Style::default()
        };
        let spacing = &mut style.spacing;
        spacing.item_spacing = vec2(2.0 * GRID, 2.0 * GRID);
        spacing.button_padding = vec2(3.0 * GRID, 1.5 * GRID);
        spacing.interact_size = vec2(10.0 * GRID, CONTROL);
        spacing.window_margin = Margin::same(20);
        spacing.menu_margin = Margin::same(4);
        spacing.icon_width = 16.0;
        spacing.icon_width_inner = 8.0;
        spacing.icon_spacing = 2.0 * GRID;
        spacing.tooltip_width = 360.0;
        style.interaction.selectable_labels = false;
        style
    }

    fn visuals(&self) -> Visuals {
        let radius = CornerRadius::same(RADIUS);
        let control = |fill: Color32, edge: Color32, ink: Color32| WidgetVisuals {
            bg_fill: fill,
            weak_bg_fill: fill,
            bg_stroke: Stroke::new(1.0, edge),
            corner_radius: radius,
            fg_stroke: Stroke::new(1.0, ink),
            expansion: 0.0,
        };
        let mut visuals = if self.is_dark {
            Visuals::dark()
        } else {
            Visuals::light()
        };
        visuals.widgets = Widgets {
            noninteractive: WidgetVisuals {
                bg_stroke: Stroke::new(1.0, self.line),
                ..control(self.ground, self.line, self.ink)
            },
            inactive: control(self.paper, self.edge, self.ink),
            hovered: control(self.hovered, self.edge, self.ink),
            active: control(self.chosen, self.accent, self.ink),
            open: control(self.hovered, self.edge, self.ink),
        };
        visuals.selection = Selection {
            bg_fill: self.chosen,
            stroke: Stroke::new(2.0, self.accent),
        };
        visuals.hyperlink_color = self.accent;
        visuals.faint_bg_color = self.side;
        visuals.extreme_bg_color = self.paper;
        visuals.text_edit_bg_color = Some(self.paper);
        visuals.code_bg_color = self.side;
        visuals.warn_fg_color = self.warn;
        visuals.error_fg_color = self.bad;
        visuals.weak_text_color = Some(self.quiet);
        visuals.window_fill = self.ground;
        visuals.window_stroke = Stroke::new(1.0, self.line);
        visuals.window_corner_radius = CornerRadius::same(10);
        visuals.window_shadow = self.shadow();
        visuals.popup_shadow = self.shadow();
        visuals.menu_corner_radius = CornerRadius::same(8);
        visuals.panel_fill = self.ground;
        visuals.text_cursor.blink = false;
        visuals.text_cursor.stroke = Stroke::new(1.5, self.accent);
        visuals
    }

    fn shadow(&self) -> Shadow {
        Shadow {
            offset: [0, 6],
            blur: 24,
            spread: 0,
            color: Color32::from_black_alpha(if self.is_dark { 120 } else { 48 }),
        }
    }
}

/// The emphasised letters at that size.
#[must_use]
pub fn strong(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(STRONG.into()))
}

#[cfg(test)]
mod tests {
    use super::{CONTRAST, DARK, LIGHT, Palette};
    use egui::Color32;

    /// Relative luminance (WCAG 2.2, definition of contrast ratio).
    fn luminance(color: Color32) -> f64 {
        let part = |byte: u8| {
            let part = f64::from(byte) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(color.r()) + 0.7152 * part(color.g()) + 0.0722 * part(color.b())
    }

    fn contrast(one: Color32, two: Color32) -> f64 {
        let (one, two) = (luminance(one), luminance(two));
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    #[test]
    fn text_and_edges_can_be_told_from_every_ground() {
        for palette in [LIGHT, DARK, CONTRAST] {
            let Palette {
                ground,
                side,
                paper,
                chosen,
                hovered,
                ..
            } = palette;
            for behind in [ground, side, paper, chosen, hovered] {
                assert!(contrast(palette.ink, behind) >= 7.0, "{palette:?}");
                assert!(
                    contrast(palette.quiet, behind) >= 4.5,
                    "{behind:?} {palette:?}"
                );
            }
            for behind in [ground, side, paper] {
                for sign in [palette.good, palette.warn, palette.bad, palette.accent] {
                    assert!(contrast(sign, behind) >= 4.5, "{sign:?} {palette:?}");
                }
                for drawn in [palette.edge, palette.off] {
                    assert!(contrast(drawn, behind) >= 3.0, "{drawn:?} {palette:?}");
                }
            }
            assert!(contrast(palette.on_accent, palette.accent) >= 4.5);
        }
    }
}
