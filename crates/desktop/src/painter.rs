//! Draws what the toolkit makes, triangles with colours and textures, on the
//! processor: the same pixels on every machine, with no graphics driver, and
//! so the same in the window as in the pictures that the tests hold.
//!
//! ```
//! use chancery_desktop::painter::{Canvas, Painter};
//!
//! let ctx = egui::Context::default();
//! let mut output = ctx.run_ui(egui::RawInput::default(), |_| {});
//! let mut painter = Painter::default();
//! painter.take_in(&mut output.textures_delta);
//! let mut pixels = vec![0; 80 * 60];
//! let mut canvas = Canvas::new(&mut pixels, 80);
//! canvas.fill(egui::Color32::WHITE);
//! painter.paint(&ctx.tessellate(output.shapes, 1.0), 1.0, &mut canvas);
//! assert_eq!(pixels[0], 0x00ff_ffff);
//! ```

mod rectangle;
mod triangle;

use egui::epaint::{ClippedPrimitive, Mesh, Primitive, Vertex};
use egui::{Color32, ColorImage, ImageData, TextureId, TexturesDelta};
use std::collections::HashMap;

/// What is drawn on: rows of pixels, each `0x00RRGGBB`, the topmost row first.
#[derive(Debug)]
pub struct Canvas<'a> {
    pixels: &'a mut [u32],
    width: usize,
    height: usize,
}

impl<'a> Canvas<'a> {
    /// The pixels of a surface that is so many pixels wide. Pixels that make
    /// no whole row are left alone.
    #[must_use]
    pub fn new(pixels: &'a mut [u32], width: usize) -> Self {
        let height = pixels.len().checked_div(width).unwrap_or(0);
        Self {
            pixels,
            width,
            height,
        }
    }

    /// Makes everything of one colour, whatever was there. Its transparency
    /// does not count.
    pub fn fill(&mut self, color: Color32) {
        self.pixels.fill(opaque(color.to_array()));
    }

    /// A part of a row. The caller keeps it inside.
    fn row(&mut self, y: usize, from: usize, to: usize) -> &mut [u32] {
        let start = y * self.width;
        &mut self.pixels[start + from..start + to.max(from)]
    }
}

fn opaque([red, green, blue, _]: [u8; 4]) -> u32 {
    u32::from_be_bytes([0, red, green, blue])
}

/// The textures, and how they get onto a canvas.
#[derive(Debug, Default)]
pub struct Painter {
    textures: HashMap<TextureId, ColorImage>,
}

/// The part of the canvas that is drawn on, in pixels: left, top, right, bottom.
type Clip = [usize; 4];

impl Painter {
    /// Takes in what has changed of the textures, which empties `delta`. A
    /// change that does not fit its texture is left out.
    pub fn take_in(&mut self, delta: &mut TexturesDelta) {
        for (id, changes) in delta.set.drain() {
            for change in changes {
                let ImageData::Color(image) = &change.image;
                match change.pos {
                    None => {
                        self.textures.insert(id, ColorImage::clone(image));
                    }
                    Some(at) => {
                        if let Some(whole) = self.textures.get_mut(&id) {
                            put(image, at, whole);
                        }
                    }
                }
            }
        }
        for id in delta.free.drain() {
            self.textures.remove(&id);
        }
    }

    /// Draws everything, in its order, over what is there. `scale` is how many
    /// pixels a point has. What only a graphics card can draw is left out, and
    /// so is what has a texture that nobody told of.
    pub fn paint(&self, primitives: &[ClippedPrimitive], scale: f32, canvas: &mut Canvas<'_>) {
        for primitive in primitives {
            let Primitive::Mesh(mesh) = &primitive.primitive else {
                continue;
            };
            let Some(texture) = self.textures.get(&mesh.texture_id) else {
                continue;
            };
            let clip = primitive.clip_rect * scale;
            let bound = |length: f32, most: usize| (length.round().max(0.0) as usize).min(most);
            let clip = [
                bound(clip.min.x, canvas.width),
                bound(clip.min.y, canvas.height),
                bound(clip.max.x, canvas.width),
                bound(clip.max.y, canvas.height),
            ];
            if clip[0] < clip[2] && clip[1] < clip[3] {
                draw(mesh, texture, clip, scale, canvas);
            }
        }
    }
}

/// Puts a smaller image into a larger one, where it fits.
fn put(image: &ColorImage, [left, top]: [usize; 2], whole: &mut ColorImage) {
    let [width, height] = image.size;
    let [across, down] = whole.size;
    if left + width > across || top + height > down || width == 0 {
        return;
    }
    for (row, from) in image.pixels.chunks_exact(width).enumerate() {
        let start = (top + row) * across + left;
        whole.pixels[start..start + width].copy_from_slice(from);
    }
}

/// One corner, in pixels.
#[derive(Clone, Copy, Debug)]
struct Corner {
    at: [f32; 2],
    uv: [f32; 2],
    color: [u8; 4],
}

impl Corner {
    fn of(vertex: &Vertex, scale: f32) -> Self {
        Self {
            at: [vertex.pos.x * scale, vertex.pos.y * scale],
            uv: [vertex.uv.x, vertex.uv.y],
            color: vertex.color.to_array(),
        }
    }
}

fn draw(mesh: &Mesh, texture: &ColorImage, clip: Clip, scale: f32, canvas: &mut Canvas<'_>) {
    let corner = |index: &u32| {
        mesh.vertices
            .get(*index as usize)
            .map(|vertex| Corner::of(vertex, scale))
    };
    let mut rest = mesh.indices.as_slice();
    while let [a, b, c, after @ ..] = rest {
        rest = after;
        let (Some(first), Some(second), Some(third)) = (corner(a), corner(b), corner(c)) else {
            continue;
        };
        // Every letter and every picture is two triangles that make a rectangle.
        if let [d, e, f, following @ ..] = after
            && let (Some(fourth), Some(fifth), Some(sixth)) = (corner(d), corner(e), corner(f))
            && let Some(area) = rectangle::of(&[first, second, third], &[fourth, fifth, sixth])
        {
            rest = following;
            rectangle::fill(&area, texture, clip, canvas);
            continue;
        }
        triangle::fill([first, second, third], texture, clip, canvas);
    }
}

/// The colour of a corner times what the texture has there, each part 0 to 255.
fn inked(ink: [f32; 4], texel: [f32; 4]) -> [f32; 4] {
    std::array::from_fn(|part| ink[part] * texel[part] / 255.0)
}

/// Lays a colour over a pixel; it is multiplied by its share already.
fn blend(pixel: &mut u32, source: [f32; 4]) {
    let rest = 1.0 - source[3] / 255.0;
    let [_, red, green, blue] = pixel.to_be_bytes();
    let mix = |under: u8, over: f32| {
        let mixed = over + f32::from(under) * rest;
        // Rounded; `as` keeps it in a byte.
        (mixed + 0.5) as u8
    };
    *pixel = u32::from_be_bytes([
        0,
        mix(red, source[0]),
        mix(green, source[1]),
        mix(blue, source[2]),
    ]);
}

/// Lays one colour over a part of a row.
fn blend_row(row: &mut [u32], source: [f32; 4]) {
    if source[3] >= 255.0 {
        row.fill(opaque(source.map(|part| (part + 0.5) as u8)));
    } else if source.iter().any(|part| *part > 0.0) {
        for pixel in row {
            blend(pixel, source);
        }
    }
}

/// The four texels around a point, by their share.
fn sampled(texture: &ColorImage, u: f32, v: f32) -> [f32; 4] {
    let [width, height] = texture.size;
    let (x, y) = (u * width as f32 - 0.5, v * height as f32 - 0.5);
    let (left, top) = (x.floor(), y.floor());
    let (right_share, bottom_share) = (x - left, y - top);
    let texel = |x: f32, y: f32| -> [u8; 4] {
        let clamp = |at: f32, size: usize| (at.max(0.0) as usize).min(size.saturating_sub(1));
        let at = clamp(y, height) * width + clamp(x, width);
        texture
            .pixels
            .get(at)
            .copied()
            .unwrap_or_default()
            .to_array()
    };
    // Letters stand on whole pixels: what would not be seen is not mixed in.
    const UNSEEN: f32 = 1.0 / 512.0;
    let is_whole = |share: f32| !(UNSEEN..=1.0 - UNSEEN).contains(&share);
    if is_whole(right_share) && is_whole(bottom_share) {
        return texel(x.round(), y.round()).map(f32::from);
    }
    let mut sum = [0.0; 4];
    for (dx, x_share) in [(0.0, 1.0 - right_share), (1.0, right_share)] {
        for (dy, y_share) in [(0.0, 1.0 - bottom_share), (1.0, bottom_share)] {
            let color = texel(left + dx, top + dy);
            for (sum, part) in sum.iter_mut().zip(color) {
                *sum += f32::from(part) * x_share * y_share;
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests;
