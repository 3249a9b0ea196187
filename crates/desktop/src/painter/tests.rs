use super::*;
use egui::epaint::Vertex;
use egui::{Rect, pos2};
use proptest::prelude::*;

const SIDE: usize = 24;

fn textured(texture: ColorImage) -> Painter {
    let mut painter = Painter::default();
    painter.textures.insert(TextureId::default(), texture);
    painter
}

fn white() -> Painter {
    textured(ColorImage::filled([1, 1], Color32::WHITE))
}

fn mesh(corners: &[([f32; 2], Color32)], indices: &[u32]) -> ClippedPrimitive {
    let mut mesh = Mesh::default();
    mesh.indices.extend_from_slice(indices);
    for ([x, y], color) in corners {
        mesh.vertices.push(Vertex {
            pos: pos2(*x, *y),
            uv: pos2(0.0, 0.0),
            color: *color,
        });
    }
    ClippedPrimitive {
        clip_rect: Rect::EVERYTHING,
        primitive: Primitive::Mesh(mesh),
    }
}

fn drawn(painter: &Painter, primitives: &[ClippedPrimitive]) -> Vec<u32> {
    let mut pixels = vec![0; SIDE * SIDE];
    let mut canvas = Canvas::new(&mut pixels, SIDE);
    painter.paint(primitives, 1.0, &mut canvas);
    pixels
}

#[test]
fn a_part_of_a_texture_takes_the_place_it_was_given() {
    let mut whole = ColorImage::filled([3, 3], Color32::BLACK);
    put(
        &ColorImage::filled([1, 2], Color32::RED),
        [2, 1],
        &mut whole,
    );
    let reds: Vec<_> = (0..9)
        .filter(|at| whole.pixels[*at] == Color32::RED)
        .collect();
    assert_eq!(reds, [5, 8]);
    put(
        &ColorImage::filled([2, 2], Color32::BLUE),
        [2, 2],
        &mut whole,
    );
    assert!(!whole.pixels.contains(&Color32::BLUE), "it does not fit");
}

#[test]
fn a_picture_drawn_in_its_own_size_is_the_picture() {
    let mut picture = ColorImage::filled([4, 4], Color32::BLACK);
    for (at, pixel) in picture.pixels.iter_mut().enumerate() {
        *pixel = Color32::from_rgb(at as u8 * 10, 255 - at as u8 * 10, 7);
    }
    let mut square = Mesh::default();
    square.add_rect_with_uv(
        Rect::from_min_max(pos2(3.0, 5.0), pos2(7.0, 9.0)),
        Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)),
        Color32::WHITE,
    );
    let primitive = ClippedPrimitive {
        clip_rect: Rect::EVERYTHING,
        primitive: Primitive::Mesh(square),
    };
    let pixels = drawn(&textured(picture.clone()), &[primitive]);
    for y in 0..4 {
        for x in 0..4 {
            let color = picture[(x, y)].to_array();
            assert_eq!(pixels[(y + 5) * SIDE + x + 3], opaque(color), "{x}, {y}");
        }
    }
}

#[test]
fn nothing_is_drawn_outside_of_the_clip_or_the_canvas() {
    let mut primitive = mesh(
        &[
            ([-1e9, -1e9], Color32::WHITE),
            ([1e9, -1e9], Color32::WHITE),
            ([0.0, 1e9], Color32::WHITE),
        ],
        &[0, 1, 2],
    );
    primitive.clip_rect = Rect::from_min_max(pos2(2.0, 3.0), pos2(4.0, 5.0));
    let pixels = drawn(&white(), &[primitive]);
    let count = pixels.iter().filter(|pixel| **pixel != 0).count();
    assert_eq!(count, 4);
}

#[test]
fn what_cannot_be_drawn_is_left_out() {
    let odd = [
        mesh(&[([f32::NAN, 0.0], Color32::WHITE); 3], &[0, 1, 2]),
        mesh(&[([f32::INFINITY, 0.0], Color32::WHITE); 3], &[0, 1, 2]),
        mesh(&[([1.0, 1.0], Color32::WHITE)], &[0, 7, 9]),
        mesh(&[([1.0, 1.0], Color32::WHITE)], &[0, 0]),
    ];
    assert!(drawn(&white(), &odd).iter().all(|pixel| *pixel == 0));
    let unknown = Painter::default();
    let one = mesh(&[([1.0, 1.0], Color32::WHITE); 3], &[0, 1, 2]);
    assert!(drawn(&unknown, &[one]).iter().all(|pixel| *pixel == 0));
    let mut none: [u32; 0] = [];
    white().paint(&[], 1.0, &mut Canvas::new(&mut none, 0));
}

fn place() -> impl Strategy<Value = [f32; 2]> {
    // Quarters hit the middles and the edges of pixels often.
    let along = (-20_i16..120).prop_map(|quarter| f32::from(quarter) / 4.0);
    [along.clone(), along]
}

proptest! {
    /// Two triangles that share an edge leave no gap and overlap nowhere:
    /// with a colour that is half transparent either would show.
    #[test]
    fn neighbours_share_every_pixel_out(a in place(), b in place(), c in place(), d in place()) {
        let turn = |p: [f32; 2], q: [f32; 2], r: [f32; 2]| {
            (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
        };
        let (b, c) = if turn(a, b, c) < 0.0 { (c, b) } else { (b, c) };
        // On the other side of the edge from `a` to `c`.
        let across = [a[0] + c[0] - d[0], a[1] + c[1] - d[1]];
        let d = if turn(a, c, d) < 0.0 { across } else { d };
        prop_assume!(turn(a, b, c) > 0.0 && turn(a, c, d) > 0.0);
        let half = Color32::from_rgba_premultiplied(100, 100, 100, 128);
        let corners = [(a, half), (b, half), (c, half), (d, half)];
        let one = drawn(&white(), &[mesh(&corners, &[0, 1, 2])]);
        let two = drawn(&white(), &[mesh(&corners, &[0, 2, 3])]);
        let both = drawn(&white(), &[mesh(&corners, &[0, 1, 2, 0, 2, 3])]);
        for at in 0..SIDE * SIDE {
            prop_assert!(one[at] == 0 || two[at] == 0, "pixel {at} is drawn twice");
            prop_assert_eq!(both[at], one[at] | two[at], "pixel {}", at);
        }
    }

    /// Taking a rectangle as one changes no pixel.
    #[test]
    fn a_rectangle_is_what_its_triangles_are(a in place(), b in place()) {
        prop_assume!(a[0] < b[0] && a[1] < b[1]);
        let ink = Color32::from_rgba_premultiplied(40, 90, 20, 200);
        let corners = [(a, ink), ([b[0], a[1]], ink), (b, ink), ([a[0], b[1]], ink)];
        let whole = drawn(&white(), &[mesh(&corners, &[0, 1, 2, 0, 2, 3])]);
        let parts = [mesh(&corners, &[0, 1, 2]), mesh(&corners, &[0, 2, 3])];
        prop_assert_eq!(whole, drawn(&white(), &parts));
    }
}
