//! Draws what the toolkit would hand to a graphics card, on the processor: the
//! same pixels on every machine, with no display and no driver.

use egui::epaint::{ClippedPrimitive, Primitive, Vertex};
use egui::{Color32, ColorImage, FullOutput, ImageData, TextureId, TexturesDelta};
use egui_kittest::TestRenderer;
use image::{Rgba, RgbaImage};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// What the textures hold, for the harness and for whoever draws.
#[derive(Clone, Default)]
pub(crate) struct Shared(Rc<RefCell<Canvas>>);

impl TestRenderer for Shared {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        self.0.borrow_mut().take_in(delta);
    }
}

impl Shared {
    /// What the last frame looks like.
    pub(crate) fn draw(&self, ctx: &egui::Context, output: &FullOutput) -> RgbaImage {
        self.0.borrow().picture(ctx, output)
    }
}

/// What the textures hold.
#[derive(Default)]
struct Canvas {
    textures: HashMap<TextureId, ColorImage>,
}

impl Canvas {
    fn take_in(&mut self, delta: &mut TexturesDelta) {
        for (id, changes) in delta.set.drain() {
            for change in changes {
                let ImageData::Color(image) = &change.image;
                let Some([left, top]) = change.pos else {
                    self.textures.insert(id, ColorImage::clone(image));
                    continue;
                };
                let whole = self.textures.get_mut(&id).expect("a texture that is there");
                let [width, height] = image.size;
                for y in 0..height {
                    for x in 0..width {
                        whole[(left + x, top + y)] = image[(x, y)];
                    }
                }
            }
        }
        for id in delta.free.drain() {
            self.textures.remove(&id);
        }
    }

    fn picture(&self, ctx: &egui::Context, output: &FullOutput) -> RgbaImage {
        let scale = output.pixels_per_point;
        let size = ctx.content_rect().size() * scale;
        let (width, height) = (size.x.round() as u32, size.y.round() as u32);
        let mut image = RgbaImage::from_pixel(width, height, Rgba([0, 0, 0, 255]));
        for primitive in ctx.tessellate(output.shapes.clone(), scale) {
            self.draw(&mut image, &primitive, scale);
        }
        image
    }
}

impl Canvas {
    fn draw(&self, image: &mut RgbaImage, primitive: &ClippedPrimitive, scale: f32) {
        let Primitive::Mesh(mesh) = &primitive.primitive else {
            panic!("something that only a graphics card draws");
        };
        let texture = self
            .textures
            .get(&mesh.texture_id)
            .expect("a texture that is there");
        let clip = primitive.clip_rect * scale;
        let bound = |length: f32, most: u32| (length.round().max(0.0) as u32).min(most);
        let clip = [
            bound(clip.min.x, image.width()),
            bound(clip.min.y, image.height()),
            bound(clip.max.x, image.width()),
            bound(clip.max.y, image.height()),
        ];
        for corners in mesh.indices.chunks_exact(3) {
            let [a, b, c] = [0, 1, 2].map(|at| mesh.vertices[corners[at] as usize]);
            triangle(image, texture, [a, b, c], clip, scale);
        }
    }
}

/// Twice the area that three points enclose, with its sign.
fn area(a: [f32; 2], b: [f32; 2], c: [f32; 2]) -> f32 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

/// Of two triangles that share an edge one owns the pixels on it.
fn owns(from: [f32; 2], to: [f32; 2]) -> bool {
    let [x, y] = [to[0] - from[0], to[1] - from[1]];
    y > 0.0 || (y == 0.0 && x < 0.0)
}

fn triangle(
    image: &mut RgbaImage,
    texture: &ColorImage,
    mut corners: [Vertex; 3],
    clip: [u32; 4],
    scale: f32,
) {
    let place = |vertex: &Vertex| [vertex.pos.x * scale, vertex.pos.y * scale];
    let mut whole = area(place(&corners[0]), place(&corners[1]), place(&corners[2]));
    if whole < 0.0 {
        corners.swap(1, 2);
        whole = -whole;
    }
    if whole <= f32::EPSILON {
        return;
    }
    let at = corners.each_ref().map(place);
    let least = |axis: usize| at.iter().map(|point| point[axis]).fold(f32::MAX, f32::min);
    let most = |axis: usize| at.iter().map(|point| point[axis]).fold(f32::MIN, f32::max);
    let left = (least(0).floor().max(0.0) as u32).max(clip[0]);
    let right = (most(0).ceil().max(0.0) as u32).min(clip[2]);
    let top = (least(1).floor().max(0.0) as u32).max(clip[1]);
    let bottom = (most(1).ceil().max(0.0) as u32).min(clip[3]);
    // Most of a window is of one colour.
    let [first, second, third] = &corners;
    let is_plain = first.color == second.color
        && second.color == third.color
        && first.uv == second.uv
        && second.uv == third.uv;
    let plain = is_plain.then(|| {
        let texel = sampled(texture, first.uv.x, first.uv.y);
        let ink = first.color.to_array();
        [0, 1, 2, 3].map(|at| f32::from(ink[at]) * texel[at] / 255.0)
    });
    for y in top..bottom {
        for x in left..right {
            let point = [x as f32 + 0.5, y as f32 + 0.5];
            let edges = [(1, 2), (2, 0), (0, 1)];
            let parts = edges.map(|(from, to)| area(at[from], at[to], point));
            let is_inside = edges
                .iter()
                .zip(parts)
                .all(|((from, to), part)| part > 0.0 || (part == 0.0 && owns(at[*from], at[*to])));
            if !is_inside {
                continue;
            }
            if let Some(plain) = plain {
                blend(image.get_pixel_mut(x, y), plain);
                continue;
            }
            let parts = parts.map(|part| part / whole);
            let mix = |of: &dyn Fn(&Vertex) -> f32| {
                corners
                    .iter()
                    .zip(parts)
                    .map(|(corner, part)| of(corner) * part)
                    .sum::<f32>()
            };
            let ink = [0, 1, 2, 3].map(|at| mix(&|corner| f32::from(corner.color.to_array()[at])));
            let texel = sampled(
                texture,
                mix(&|corner| corner.uv.x),
                mix(&|corner| corner.uv.y),
            );
            let source = [0, 1, 2, 3].map(|at| ink[at] * texel[at] / 255.0);
            blend(image.get_pixel_mut(x, y), source);
        }
    }
}

fn blend(pixel: &mut Rgba<u8>, source: [f32; 4]) {
    let rest = 1.0 - source[3] / 255.0;
    for (part, source) in pixel.0.iter_mut().take(3).zip(source) {
        let mixed = source + f32::from(*part) * rest;
        *part = mixed.round().clamp(0.0, 255.0) as u8;
    }
}

/// The four texels around a point, by their share.
fn sampled(texture: &ColorImage, u: f32, v: f32) -> [f32; 4] {
    let [width, height] = texture.size;
    let (x, y) = (u * width as f32 - 0.5, v * height as f32 - 0.5);
    let (left, top) = (x.floor(), y.floor());
    let (right_share, bottom_share) = (x - left, y - top);
    let texel = |x: f32, y: f32| -> Color32 {
        let clamp = |at: f32, size: usize| (at.max(0.0) as usize).min(size - 1);
        texture[(clamp(x, width), clamp(y, height))]
    };
    let mut sum = [0.0; 4];
    for (dx, x_share) in [(0.0, 1.0 - right_share), (1.0, right_share)] {
        for (dy, y_share) in [(0.0, 1.0 - bottom_share), (1.0, bottom_share)] {
            let color = texel(left + dx, top + dy).to_array();
            for (sum, part) in sum.iter_mut().zip(color) {
                *sum += f32::from(part) * x_share * y_share;
            }
        }
    }
    sum
}
