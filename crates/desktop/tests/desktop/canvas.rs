//! The program's own painter, as the toolkit's tests want it: what is held to
//! the pictures are the pixels that the window shows.

use chancery_desktop::painter::{Canvas, Painter};
use egui::{Color32, FullOutput, TexturesDelta};
use egui_kittest::TestRenderer;
use image::{Rgba, RgbaImage};
use std::cell::RefCell;
use std::rc::Rc;

/// What the textures hold, for the harness and for whoever draws.
#[derive(Clone, Default)]
pub(crate) struct Shared(Rc<RefCell<Painter>>);

impl TestRenderer for Shared {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        self.0.borrow_mut().take_in(delta);
    }
}

impl Shared {
    /// What the last frame looks like.
    pub(crate) fn draw(&self, ctx: &egui::Context, output: &FullOutput) -> RgbaImage {
        let scale = output.pixels_per_point;
        let size = ctx.content_rect().size() * scale;
        let (width, height) = (size.x.round() as u32, size.y.round() as u32);
        let mut pixels = vec![0; width as usize * height as usize];
        let mut canvas = Canvas::new(&mut pixels, width as usize);
        canvas.fill(Color32::BLACK);
        let primitives = ctx.tessellate(output.shapes.clone(), scale);
        self.0.borrow().paint(&primitives, scale, &mut canvas);
        RgbaImage::from_fn(width, height, |x, y| {
            let [_, red, green, blue] = pixels[(y * width + x) as usize].to_be_bytes();
            Rgba([red, green, blue, 255])
        })
    }
}
