//! Each screen in both sizes and every colour, held to the picture that was
//! looked at. `INSTA_UPDATE=always cargo test -p chancery-desktop` draws them
//! anew; one that differs lies in `target/pictures`.

use crate::canvas::Shared;
use crate::scenes::{self, Size};
use chancery_desktop::fonts;
use chancery_desktop::model::{Choice, Model};
use chancery_desktop::picture::{ON_PANEL, STATES, own_pixels, pixels};
use chancery_desktop::theme::{CONTRAST, DARK, LIGHT, Palette};
use chancery_desktop::view::{Scene, draw};
use egui_kittest::Harness;
use image::{Rgba, RgbaImage};
use jiff::tz::TimeZone;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::path::Path;

pub(crate) struct Shown {
    canvas: Shared,
    pub(crate) model: Model,
    pub(crate) chosen: Vec<Choice>,
}

/// The program's drawing, with what the person chose kept and not carried out.
pub(crate) fn harness(
    model: Model,
    size: Size,
    scale: f32,
    palette: &'static Palette,
) -> Harness<'static, Shown> {
    let scene = Scene {
        palette,
        now: scenes::now(),
        zone: TimeZone::UTC,
    };
    let canvas = Shared::default();
    Harness::builder()
        .with_size(egui::vec2(size.0, size.1))
        .with_pixels_per_point(scale)
        .with_max_steps(8)
        .allow_missing_glyphs()
        .renderer(canvas.clone())
        .with_context_setup(move |ctx| {
            ctx.set_fonts(fonts::definitions());
            palette.apply(ctx);
        })
        .build_ui_state(
            move |ui, shown: &mut Shown| {
                // The harness keeps a margin that no window has.
                let whole = egui::UiBuilder::new().max_rect(ui.ctx().content_rect());
                let mut whole = ui.new_child(whole);
                whole.set_clip_rect(ui.ctx().content_rect());
                let chosen = draw(&mut whole, &mut shown.model, &scene);
                shown.chosen.extend(chosen);
            },
            Shown {
                canvas,
                model,
                chosen: Vec::new(),
            },
        )
}

/// A pixel may differ by so much, and so many may differ by more.
const TOLERANCE: (u8, usize) = (8, 12);

/// Holds a picture to the one that was looked at; what is wrong, if anything.
fn held_to(picture: &RgbaImage, name: &str) -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("tests/pictures").join(format!("{name}.png"));
    if std::env::var_os("INSTA_UPDATE").is_some_and(|word| word == "always") {
        write(picture, &path);
        return None;
    }
    let seen = match image::open(&path) {
        Ok(seen) => seen.into_rgba8(),
        Err(error) => return Some(format!("{name}: there is no such picture yet ({error})")),
    };
    let (colors, pixels) = reduced(picture);
    let pixels = pixels.iter().map(|place| colors[usize::from(*place)]);
    let differing = if seen.dimensions() == picture.dimensions() {
        let differ = |one: &Rgba<u8>, two: [u8; 3]| {
            let mut parts = one.0.iter().zip(two);
            parts.any(|(one, two)| one.abs_diff(two) > TOLERANCE.0)
        };
        let pairs = seen.pixels().zip(pixels);
        pairs.filter(|(one, two)| differ(one, *two)).count()
    } else {
        usize::MAX
    };
    if differing <= TOLERANCE.1 {
        return None;
    }
    let differs = root
        .join("../../target/pictures")
        .join(format!("{name}.png"));
    write(picture, &differs);
    Some(format!(
        "{name}: {differing} pixels differ; see {}",
        differs.display()
    ))
}

/// With 256 colours at most: each stands for those that are nearer to it than
/// the eye can tell, the frequent ones first.
fn reduced(picture: &RgbaImage) -> (Vec<[u8; 3]>, Vec<u8>) {
    let color = |pixel: &Rgba<u8>| [pixel.0[0], pixel.0[1], pixel.0[2]];
    let mut counts: HashMap<[u8; 3], usize> = HashMap::new();
    for pixel in picture.pixels() {
        *counts.entry(color(pixel)).or_default() += 1;
    }
    let mut colors: Vec<_> = counts.into_iter().collect();
    colors.sort_by_key(|(color, count)| (Reverse(*count), *color));
    let far = |one: [u8; 3], two: [u8; 3]| -> u32 {
        let parts = one.iter().zip(two);
        parts
            .map(|(one, two)| u32::from(one.abs_diff(two)).pow(2))
            .sum()
    };
    let mut nearest_allowed = 1;
    let kept = loop {
        let mut kept: Vec<[u8; 3]> = Vec::new();
        for (color, _) in &colors {
            if kept.len() <= 256 && kept.iter().all(|one| far(*color, *one) >= nearest_allowed) {
                kept.push(*color);
            }
        }
        if kept.len() <= 256 {
            break kept;
        }
        nearest_allowed *= 2;
    };
    let mut places: HashMap<[u8; 3], u8> = HashMap::new();
    let pixels = picture.pixels().map(|pixel| {
        let color = color(pixel);
        *places.entry(color).or_insert_with(|| {
            let nearest = (0_u8..=255)
                .zip(&kept)
                .min_by_key(|(_, one)| far(color, **one));
            nearest.map_or(0, |(place, _)| place)
        })
    });
    let pixels = pixels.collect();
    (kept, pixels)
}

fn write(picture: &RgbaImage, path: &Path) {
    std::fs::create_dir_all(path.parent().expect("a directory")).expect("made");
    let (colors, pixels) = reduced(picture);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width(), picture.height());
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(colors.concat());
    encoder.set_filter(png::Filter::NoFilter);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header().expect("a picture");
    writer.write_image_data(&pixels).expect("a picture");
    writer.finish().expect("a picture");
    std::fs::write(path, bytes).expect("written");
}

#[track_caller]
fn none_wrong(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn held(scale: f32, palette: &'static Palette, suffix: &str) {
    let mut wrong = Vec::new();
    for (name, size, model) in scenes::all() {
        let mut harness = harness(model, size, scale, palette);
        harness.run();
        let picture = harness.state().canvas.draw(&harness.ctx, harness.output());
        wrong.extend(held_to(&picture, &format!("{name}-{suffix}")));
    }
    none_wrong(&wrong);
}

#[test]
fn every_screen_in_light_is_as_it_was_looked_at() {
    held(1.0, &LIGHT, "light");
}

#[test]
fn every_screen_in_dark_is_as_it_was_looked_at() {
    held(1.0, &DARK, "dark");
}

#[test]
fn every_screen_in_light_at_200_per_cent_is_as_it_was_looked_at() {
    held(2.0, &LIGHT, "light-200");
}

#[test]
fn every_screen_in_dark_at_200_per_cent_is_as_it_was_looked_at() {
    held(2.0, &DARK, "dark-200");
}

#[test]
fn every_screen_in_high_contrast_is_as_it_was_looked_at() {
    held(1.0, &CONTRAST, "contrast");
}

/// Puts a picture onto a sheet.
fn put(sheet: &mut RgbaImage, drawn: &[u8], side: u32, left: u32, top: u32) {
    for (at, pixel) in (0_u32..).zip(drawn.chunks_exact(4)) {
        let (x, y) = (left + at % side, top + at / side);
        let part = |at: usize| f32::from(pixel[at]);
        let share = part(3) / 255.0;
        let under = sheet.get_pixel(x, y).0;
        let mixed = [0, 1, 2]
            .map(|at| (part(at) * share + f32::from(under[at]) * (1.0 - share)).round() as u8);
        sheet.put_pixel(x, y, Rgba([mixed[0], mixed[1], mixed[2], 255]));
    }
}

#[test]
fn the_icons_of_every_state_are_as_they_were_looked_at_on_a_light_and_a_dark_panel() {
    let sizes = [16_u32, 22, 32, 64];
    let width: u32 = 8 * (64 + 16);
    let height: u32 = sizes.iter().map(|size| size + 16).sum();
    let mut wrong = Vec::new();
    for (name, ground) in [
        ("light", [0xf4, 0xf4, 0xf4, 255]),
        ("dark", [0x20, 0x22, 0x26, 255]),
    ] {
        let mut sheet = RgbaImage::from_pixel(width, height, Rgba(ground));
        let mut top = 8;
        for size in sizes {
            for (column, state) in (0_u32..).zip(STATES) {
                let drawn = pixels(state, u16::try_from(size).expect("small"), ON_PANEL);
                put(&mut sheet, &drawn, size, column * 80 + 8, top);
            }
            top += size + 16;
        }
        wrong.extend(held_to(&sheet, &format!("icons-{name}")));
    }
    let mut sheet = RgbaImage::from_pixel(144, 144, Rgba([0xf4, 0xf4, 0xf4, 255]));
    put(&mut sheet, &own_pixels(128), 128, 8, 8);
    wrong.extend(held_to(&sheet, "icon-own"));
    none_wrong(&wrong);
}
