//! Laying out and drawing what has to be ordered, once for each look of it.

use crate::fonts::FILES;
use egui::{Color32, ColorImage, Context, Id, TextureHandle, TextureOptions, Vec2, vec2};
use parley::fontique::{Blob, Collection, CollectionOptions, SourceCache};
use parley::layout::PositionedLayoutItem;
use parley::style::{
    FontFamily, FontFamilyName, FontWeight, GenericFamily, LineHeight, StyleProperty,
};
use parley::{BaseDirection, FontContext, Layout, LayoutContext};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use vello_cpu::color::{AlphaColor, Srgb};
use vello_cpu::{Glyph, Pixmap, RenderContext, Resources};

/// So many texts are kept as they were drawn.
const KEPT: usize = 256;
/// No text is drawn wider or higher than this, in pixels.
const LARGEST: f32 = 8192.0;

/// How a text is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    pub(super) size: f32,
    pub(super) strong: bool,
    /// Lines are broken, or cut, at this width.
    pub(super) room: Option<f32>,
    pub(super) one_line: bool,
    /// It is a name: its direction follows from its own first letter. A
    /// sentence has the direction of the language it is in.
    pub(super) is_name: bool,
    pub(super) scale: f32,
}

/// A text as it was drawn, in white, to be tinted.
#[derive(Clone)]
pub(super) struct Drawn {
    pub(super) texture: TextureHandle,
    /// In points.
    pub(super) size: Vec2,
    /// It did not fit.
    pub(super) is_cut: bool,
}

/// What texts are drawn with, kept by the toolkit's context.
pub(super) struct Scripts {
    fonts: FontContext,
    layouts: LayoutContext<()>,
    resources: Resources,
    drawn: HashMap<(String, [u32; 4]), Drawn>,
}

const FAMILIES: &[FontFamilyName<'static>] = &[
    FontFamilyName::Named(Cow::Borrowed("Inter")),
    FontFamilyName::Named(Cow::Borrowed("Noto Sans Arabic")),
    FontFamilyName::Named(Cow::Borrowed("Noto Sans Hebrew")),
    FontFamilyName::Generic(GenericFamily::SansSerif),
];

impl Scripts {
    pub(super) fn new() -> Self {
        let mut fonts = FontContext {
            collection: Collection::new(CollectionOptions::default()),
            source_cache: SourceCache::default(),
        };
        for (_, bytes) in FILES {
            let blob = Blob::new(Arc::new(bytes));
            fonts.collection.register_fonts(blob, None);
        }
        Self {
            fonts,
            layouts: LayoutContext::new(),
            resources: Resources::new(),
            drawn: HashMap::new(),
        }
    }

    /// Works with the one of this context; made when it is needed first.
    pub(super) fn with<T>(ctx: &Context, work: impl FnOnce(&mut Self) -> T) -> T {
        let shared: Arc<Mutex<Self>> = ctx.data_mut(|data| {
            data.get_temp_mut_or_insert_with(Id::unique("scripts"), || {
                Arc::new(Mutex::new(Self::new()))
            })
            .clone()
        });
        work(&mut shared.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The text laid out, in pixels.
    pub(super) fn laid_out(&mut self, text: &str, look: Look) -> Layout<()> {
        let mut builder = self
            .layouts
            .ranged_builder(&mut self.fonts, text, look.scale, true);
        builder.push_default(StyleProperty::FontSize(look.size));
        builder.push_default(FontFamily::List(Cow::Borrowed(FAMILIES)));
        builder.push_default(StyleProperty::LineHeight(LineHeight::FontSizeRelative(1.3)));
        builder.set_base_direction(if look.is_name {
            BaseDirection::Auto
        } else {
            BaseDirection::Ltr
        });
        let weight = if look.strong { 600.0 } else { 400.0 };
        builder.push_default(StyleProperty::FontWeight(FontWeight::new(weight)));
        let mut layout = builder.build(text);
        let room = look.room.filter(|_| !look.one_line);
        layout.break_all_lines(room.map(|room| room * look.scale));
        layout.align(
            parley::layout::Alignment::Left,
            parley::layout::AlignmentOptions::default(),
        );
        layout
    }

    /// The text as a picture.
    pub(super) fn drawn(&mut self, ctx: &Context, text: &str, look: Look) -> Drawn {
        let key = [
            look.size.to_bits(),
            look.room.map_or(u32::MAX, f32::to_bits),
            look.scale.to_bits(),
            u32::from(look.strong) * 4 + u32::from(look.one_line) * 2 + u32::from(look.is_name),
        ];
        let key = (text.to_owned(), key);
        if let Some(drawn) = self.drawn.get(&key) {
            return drawn.clone();
        }
        let (layout, is_cut) = self.fitted(text, look);
        let image = self.image(&layout);
        let [width, height] = image.size;
        let texture = ctx.load_texture("text", image, TextureOptions::LINEAR);
        let size = vec2(width as f32, height as f32) / look.scale;
        let drawn = Drawn {
            texture,
            size,
            is_cut,
        };
        if self.drawn.len() >= KEPT {
            self.drawn.clear();
        }
        self.drawn.insert(key, drawn.clone());
        drawn
    }

    /// On one line as much of it as there is room for.
    fn fitted(&mut self, text: &str, look: Look) -> (Layout<()>, bool) {
        let whole = self.laid_out(text, look);
        let Some(room) = look.room.filter(|_| look.one_line) else {
            return (whole, false);
        };
        let fits = |layout: &Layout<()>| layout.width() <= room * look.scale + 0.5;
        if fits(&whole) {
            return (whole, false);
        }
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let (mut least, mut most) = (0, ends.len());
        let mut best = self.laid_out("…", look);
        while least < most {
            let middle = usize::midpoint(least, most);
            let end = ends.get(middle).copied().unwrap_or(text.len());
            let cut = format!("{}…", text.get(..end).unwrap_or_default());
            let layout = self.laid_out(&cut, look);
            if fits(&layout) {
                best = layout;
                least = middle + 1;
            } else {
                most = middle;
            }
        }
        (best, true)
    }

    /// White letters on nothing.
    pub(super) fn image(&mut self, layout: &Layout<()>) -> ColorImage {
        let pixels = |length: f32| length.ceil().clamp(1.0, LARGEST) as u16;
        let (width, height) = (pixels(layout.full_width()), pixels(layout.height()));
        let mut context = RenderContext::new(width, height);
        context.set_paint(AlphaColor::<Srgb>::WHITE);
        for line in layout.lines() {
            for item in line.items() {
                let PositionedLayoutItem::GlyphRun(run) = item else {
                    continue;
                };
                let glyphs = run.positioned_glyphs().map(|glyph| Glyph {
                    id: glyph.id,
                    x: glyph.x,
                    y: glyph.y,
                });
                let coords = run.run().normalized_coords().iter();
                let coords: Vec<i16> = coords.map(|coord| coord.to_bits()).collect();
                context
                    .glyph_run(&mut self.resources, run.run().font())
                    .font_size(run.run().font_size())
                    .normalized_coords(&coords)
                    .fill_glyphs(glyphs);
            }
        }
        context.flush();
        let mut target = Pixmap::new(width, height);
        context.render(&mut target, &mut self.resources);
        let drawn = target
            .data()
            .iter()
            .map(|pixel| Color32::from_rgba_premultiplied(pixel.r, pixel.g, pixel.b, pixel.a))
            .collect();
        ColorImage::new([usize::from(width), usize::from(height)], drawn)
    }
}

#[cfg(test)]
mod tests {
    use super::{Look, Scripts};

    const LOOK: Look = Look {
        size: 16.0,
        strong: false,
        room: None,
        one_line: true,
        is_name: true,
        scale: 1.0,
    };

    /// In which order the letters stand, from left to right.
    fn order(text: &str) -> Vec<usize> {
        let layout = Scripts::new().laid_out(text, LOOK);
        let line = layout.get(0).expect("a line");
        let mut order = Vec::new();
        for run in line.runs() {
            order.extend(
                run.visual_clusters()
                    .map(|cluster| cluster.text_range().start),
            );
        }
        order
    }

    #[test]
    fn letters_of_a_name_in_hebrew_stand_from_right_to_left_and_latin_beside_it_from_left_to_right()
    {
        // “ab אב”: two Latin letters, a blank, and two Hebrew ones turned round.
        assert_eq!(order("ab אב"), [0, 1, 2, 5, 3]);
    }

    #[test]
    fn letters_that_are_shipped_are_found_without_the_systems_fonts() {
        let mut scripts = Scripts::new();
        for text in ["Hamburg", "محمد بن سلمان", "שלום"] {
            let layout = scripts.laid_out(text, LOOK);
            for line in layout.lines() {
                for run in line.runs() {
                    for cluster in run.clusters() {
                        assert!(cluster.glyphs().all(|glyph| glyph.id != 0), "{text}");
                    }
                }
            }
            let image = scripts.image(&layout);
            assert!(image.pixels.iter().any(|pixel| pixel.a() > 200), "{text}");
        }
    }

    #[test]
    fn a_long_name_is_cut_to_its_room() {
        let mut scripts = Scripts::new();
        let text = "محمد بن سلمان ".repeat(20);
        let look = Look {
            room: Some(120.0),
            ..LOOK
        };
        let (layout, is_cut) = scripts.fitted(&text, look);
        assert!(is_cut);
        assert!(
            layout.width() <= 121.0 && layout.width() > 60.0,
            "{}",
            layout.width()
        );
    }
}
