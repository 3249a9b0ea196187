//! One picture for each state, told apart by shape and not by colour alone:
//! drawn from paths on a square of 16 units, at any size.

use chancery_proto::local::State;
use egui::Color32;
use vello_cpu::color::{AlphaColor, Srgb};
use vello_cpu::kurbo::{
    Affine, Arc, BezPath, Cap, Circle, Join, RoundedRect, Shape as _, Stroke, Vec2,
};
use vello_cpu::peniko::{BlendMode, Compose, Mix};
use vello_cpu::{Pixmap, RenderContext, Resources};

/// The square that everything is drawn on has so many units on a side.
const UNITS: f64 = 16.0;
/// How exactly curves are followed, in units.
const EXACT: f64 = 0.02;

/// The colours of the pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tones {
    /// All is well.
    pub good: Color32,
    /// Somebody should look.
    pub warn: Color32,
    /// Something is under way.
    pub busy: Color32,
    /// Nothing is known, or nothing is on.
    pub off: Color32,
}

/// On a panel of which nobody knows how dark it is: each of them stands out
/// from white and from black by 3:1 at least.
pub const ON_PANEL: Tones = Tones {
    good: Color32::from_rgb(0x24, 0x93, 0x5a),
    warn: Color32::from_rgb(0xc0, 0x74, 0x08),
    busy: Color32::from_rgb(0x3b, 0x82, 0xc4),
    off: Color32::from_rgb(0x80, 0x87, 0x8f),
};

impl Tones {
    /// Those of a theme.
    #[must_use]
    pub fn of(palette: &crate::theme::Palette) -> Self {
        Self {
            good: palette.good,
            warn: palette.warn,
            busy: palette.accent,
            off: palette.off,
        }
    }
}

/// One stroke of the pen.
enum Mark {
    Fill(BezPath),
    Line(BezPath, f64),
    /// Takes away what is there, so that whatever is behind shows.
    Gap(BezPath, f64),
}

fn line(points: &[(f64, f64)]) -> BezPath {
    let mut path = BezPath::new();
    for (place, point) in points.iter().enumerate() {
        if place == 0 {
            path.move_to(*point);
        } else {
            path.line_to(*point);
        }
    }
    path
}

fn disc(x: f64, y: f64, radius: f64) -> BezPath {
    Circle::new((x, y), radius).to_path(EXACT)
}

/// A plug with its cord, its prongs up, `down` units below the top.
fn plug(down: f64) -> [Mark; 3] {
    let mut body = BezPath::new();
    body.move_to((3.2, 4.6));
    body.line_to((12.8, 4.6));
    body.line_to((12.8, 7.2));
    body.curve_to((12.8, 10.0), (10.6, 11.6), (8.0, 11.6));
    body.curve_to((5.4, 11.6), (3.2, 10.0), (3.2, 7.2));
    body.close_path();
    let moved = |mut path: BezPath| {
        path.apply_affine(Affine::translate(Vec2::new(0.0, down)));
        path
    };
    let mut prongs = line(&[(5.8, 1.2), (5.8, 4.6)]);
    prongs.extend(line(&[(10.2, 1.2), (10.2, 4.6)]).iter());
    [
        Mark::Fill(moved(body)),
        Mark::Line(moved(prongs), 1.7),
        Mark::Line(moved(line(&[(8.0, 11.4), (8.0, 14.9 - down)])), 1.7),
    ]
}

fn cloud() -> BezPath {
    let mut path = BezPath::new();
    path.move_to((4.3, 13.0));
    path.curve_to((1.9, 13.0), (0.9, 11.3), (0.9, 9.9));
    path.curve_to((0.9, 8.3), (2.1, 7.0), (3.7, 6.8));
    path.curve_to((4.1, 4.4), (6.0, 2.9), (8.2, 2.9));
    path.curve_to((10.5, 2.9), (12.2, 4.3), (12.6, 6.6));
    path.curve_to((14.2, 6.9), (15.1, 8.2), (15.1, 9.7));
    path.curve_to((15.1, 11.6), (13.6, 13.0), (11.8, 13.0));
    path.close_path();
    path
}

fn struck(marks: &mut Vec<Mark>) {
    let stroke = line(&[(2.2, 14.2), (13.8, 1.8)]);
    marks.push(Mark::Gap(stroke.clone(), 4.2));
    marks.push(Mark::Line(stroke, 1.8));
}

/// Two arrows after each other around a circle.
fn turning(marks: &mut Vec<Mark>) {
    for (start, tip) in [(200.0_f64, (13.9, 5.1)), (20.0, (2.1, 10.9))] {
        let arc = Arc::new(
            (8.0, 8.0),
            (5.7, 5.7),
            start.to_radians(),
            125.0_f64.to_radians(),
            0.0,
        );
        marks.push(Mark::Line(arc.to_path(EXACT), 1.9));
        let down = if start > 90.0 { 1.0 } else { -1.0 };
        let (x, y) = tip;
        let mut head = line(&[
            (x + 0.7 * down, y - 4.0 * down),
            (x + 0.6 * down, y + 0.9 * down),
            (x - 4.3 * down, y + 0.6 * down),
        ]);
        head.close_path();
        marks.push(Mark::Fill(head));
    }
}

/// What the picture of a state consists of.
fn marks(state: State) -> Vec<Mark> {
    let mut marks = Vec::new();
    match state {
        State::Starting => {
            for x in [2.7, 8.0, 13.3] {
                marks.push(Mark::Fill(disc(x, 8.0, 1.75)));
            }
        }
        State::NoServer => {
            let frame = RoundedRect::new(1.8, 1.8, 14.2, 14.2, 3.0);
            marks.push(Mark::Line(frame.to_path(EXACT), 1.6));
            marks.push(Mark::Line(line(&[(8.0, 4.8), (8.0, 11.2)]), 1.8));
            marks.push(Mark::Line(line(&[(4.8, 8.0), (11.2, 8.0)]), 1.8));
        }
        State::Disconnected => {
            marks.extend(plug(0.4));
            struck(&mut marks);
        }
        State::Deferred => {
            marks.extend(plug(2.2));
            marks.push(Mark::Line(line(&[(2.2, 1.1), (13.8, 1.1)]), 1.8));
        }
        State::SigningIn => turning(&mut marks),
        State::Connected => {
            marks.push(Mark::Fill(disc(8.0, 8.0, 7.2)));
            marks.push(Mark::Gap(
                line(&[(4.4, 8.4), (7.0, 11.0), (11.7, 5.5)]),
                2.1,
            ));
        }
        State::Offline => {
            marks.push(Mark::Line(cloud(), 1.7));
            struck(&mut marks);
        }
        State::NeedsUser => {
            let mut triangle = line(&[(8.0, 1.9), (15.0, 14.0), (1.0, 14.0)]);
            triangle.close_path();
            marks.push(Mark::Line(triangle.clone(), 1.6));
            marks.push(Mark::Fill(triangle));
            marks.push(Mark::Gap(line(&[(8.0, 6.0), (8.0, 9.3)]), 2.0));
            marks.push(Mark::Gap(line(&[(8.0, 12.0), (8.0, 12.05)]), 2.2));
        }
    }
    marks
}

fn tone(state: State, tones: Tones) -> Color32 {
    match state {
        State::Connected => tones.good,
        State::NeedsUser => tones.warn,
        State::SigningIn => tones.busy,
        _ => tones.off,
    }
}

fn paint(color: Color32) -> AlphaColor<Srgb> {
    AlphaColor::from_rgba8(color.r(), color.g(), color.b(), color.a())
}

/// The picture of a state, `size` pixels on a side: red, green, blue and
/// straight alpha of each pixel, row by row.
#[must_use]
pub fn pixels(state: State, size: u16, tones: Tones) -> Vec<u8> {
    drawn(&marks(state), size, tone(state, tones))
}

/// The program's own picture: a sheet with a folded corner, and the check mark
/// of a connection on it.
fn own() -> [Mark; 4] {
    let mut sheet = line(&[
        (3.0, 0.8),
        (10.2, 0.8),
        (13.6, 4.2),
        (13.6, 15.2),
        (3.0, 15.2),
    ]);
    sheet.close_path();
    [
        Mark::Line(sheet.clone(), 1.2),
        Mark::Fill(sheet),
        Mark::Gap(line(&[(10.0, 0.9), (10.0, 4.4), (13.5, 4.4)]), 0.9),
        Mark::Gap(line(&[(5.4, 9.6), (7.5, 11.7), (11.4, 7.2)]), 1.7),
    ]
}

/// The program's own picture, as [`pixels`].
#[must_use]
pub fn own_pixels(size: u16) -> Vec<u8> {
    drawn(&own(), size, crate::theme::LIGHT.accent)
}

/// The program's own picture as an SVG, for packages and icon themes.
#[must_use]
pub fn own_svg() -> String {
    let color = crate::theme::LIGHT.accent;
    let color = format!("#{:02x}{:02x}{:02x}", color.r(), color.g(), color.b());
    let (mut seen, mut gaps) = (String::new(), String::new());
    for mark in own() {
        match mark {
            Mark::Fill(path) => {
                seen.push_str(&format!("    <path d=\"{}\"/>\n", path.to_svg()));
            }
            Mark::Line(path, width) => {
                let path = path.to_svg();
                seen.push_str(&format!(
                    "    <path d=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\"/>\n"
                ));
            }
            Mark::Gap(path, width) => {
                let path = path.to_svg();
                gaps.push_str(&format!(
                    "      <path d=\"{path}\" stroke-width=\"{width}\"/>\n"
                ));
            }
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 16 16\" stroke-linecap=\"round\" stroke-linejoin=\"round\">\n  <mask id=\"gaps\">\n    <rect width=\"16\" height=\"16\" fill=\"white\"/>\n    <g fill=\"none\" stroke=\"black\">\n{gaps}    </g>\n  </mask>\n  <g fill=\"{color}\" mask=\"url(#gaps)\">\n{seen}  </g>\n</svg>\n"
    )
}

fn drawn(marks: &[Mark], size: u16, color: Color32) -> Vec<u8> {
    let mut context = RenderContext::new(size, size);
    context.set_transform(Affine::scale(f64::from(size) / UNITS));
    context.set_paint(paint(color));
    for mark in marks {
        match mark {
            Mark::Fill(path) => context.fill_path(path),
            Mark::Line(path, width) => {
                context.set_stroke(pen(*width));
                context.stroke_path(path);
            }
            Mark::Gap(path, width) => {
                context.push_blend_layer(BlendMode::new(Mix::Normal, Compose::DestOut));
                context.set_stroke(pen(*width));
                context.stroke_path(path);
                context.pop_layer();
            }
        }
    }
    context.flush();
    let mut target = Pixmap::new(size, size);
    context.render(&mut target, &mut Resources::new());
    target
        .data()
        .iter()
        .flat_map(|pixel| {
            let straight = Color32::from_rgba_premultiplied(pixel.r, pixel.g, pixel.b, pixel.a);
            straight.to_srgba_unmultiplied()
        })
        .collect()
}

fn pen(width: f64) -> Stroke {
    Stroke::new(width)
        .with_caps(Cap::Round)
        .with_join(Join::Round)
}

/// Every state, in the order in which they are explained.
pub const STATES: [State; 8] = [
    State::Starting,
    State::NoServer,
    State::Disconnected,
    State::Deferred,
    State::SigningIn,
    State::Connected,
    State::Offline,
    State::NeedsUser,
];

#[cfg(test)]
mod tests {
    use super::{ON_PANEL, STATES, Tones, own_svg, pixels};
    use egui::Color32;

    /// How many of the pixels of two pictures differ clearly, were both in the
    /// same colour.
    fn different(one: &[u8], two: &[u8]) -> usize {
        let alphas = |pixels: &[u8]| -> Vec<u8> {
            pixels
                .chunks_exact(4)
                .filter_map(|pixel| pixel.get(3).copied())
                .collect()
        };
        let pairs = alphas(one).into_iter().zip(alphas(two));
        pairs.filter(|(one, two)| one.abs_diff(*two) > 96).count()
    }

    #[test]
    fn at_16_pixels_every_state_is_told_apart_by_shape_alone() {
        let one_colour = Tones {
            good: Color32::WHITE,
            warn: Color32::WHITE,
            busy: Color32::WHITE,
            off: Color32::WHITE,
        };
        for one in STATES {
            for two in STATES {
                let (first, second) = (pixels(one, 16, one_colour), pixels(two, 16, one_colour));
                assert_eq!(first.len(), 16 * 16 * 4);
                if one != two {
                    let count = different(&first, &second);
                    assert!(
                        count >= 24,
                        "{one:?} and {two:?} differ in {count} pixels only"
                    );
                }
            }
        }
    }

    /// `INSTA_UPDATE=always` writes it anew.
    #[test]
    fn the_packages_have_the_programs_own_picture() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../packaging/icons/chancery.svg"
        );
        if std::env::var_os("INSTA_UPDATE").is_some_and(|word| word == "always") {
            std::fs::write(path, own_svg()).expect("written");
        }
        let packed = std::fs::read_to_string(path).expect("the packages' icon");
        assert_eq!(packed, own_svg());
    }

    #[test]
    fn a_picture_fills_its_square_at_every_size_that_panels_use() {
        for state in STATES {
            for size in [16_u16, 22, 24, 32, 48, 64] {
                let drawn = pixels(state, size, ON_PANEL);
                let is_there = |x: usize| {
                    (0..usize::from(size)).any(|y| {
                        drawn
                            .get((y * usize::from(size) + x) * 4 + 3)
                            .is_some_and(|alpha| *alpha > 40)
                    })
                };
                let quarter = usize::from(size) / 4;
                assert!(
                    (0..quarter).any(is_there),
                    "{state:?} {size}: nothing on the left"
                );
                assert!(
                    (3 * quarter..usize::from(size)).any(is_there),
                    "{state:?} {size}"
                );
            }
        }
    }
}
