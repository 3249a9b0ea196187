//! Triangles of any shape, with colours that may run from corner to corner.

use super::{Canvas, Clip, Corner, blend, blend_row, inked, sampled};
use egui::ColorImage;

/// Twice the area that three points enclose, with its sign.
fn area(a: [f32; 2], b: [f32; 2], c: [f32; 2]) -> f32 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

/// Of two triangles that share an edge one owns the pixels on it: to the top and
/// to the left, as graphics cards have it.
fn owns(from: [f32; 2], to: [f32; 2]) -> bool {
    let [x, y] = [to[0] - from[0], to[1] - from[1]];
    y < 0.0 || (y == 0.0 && x > 0.0)
}

/// The edge that lies opposite to each corner.
const EDGES: [(usize, usize); 3] = [(1, 2), (2, 0), (0, 1)];

/// How much of each corner a point has, times the area; nothing outside.
fn parts(at: &[[f32; 2]; 3], point: [f32; 2]) -> Option<[f32; 3]> {
    let parts = EDGES.map(|(from, to)| area(at[from], at[to], point));
    let is_inside = EDGES
        .iter()
        .zip(parts)
        .all(|((from, to), part)| part > 0.0 || (part == 0.0 && owns(at[*from], at[*to])));
    is_inside.then_some(parts)
}

/// The pixels whose middle lies inside.
pub(super) fn fill(
    mut corners: [Corner; 3],
    texture: &ColorImage,
    clip: Clip,
    canvas: &mut Canvas<'_>,
) {
    let mut twice = area(corners[0].at, corners[1].at, corners[2].at);
    if twice < 0.0 {
        corners.swap(1, 2);
        twice = -twice;
    }
    if !(twice > f32::EPSILON && twice.is_finite()) {
        return;
    }
    let at = corners.each_ref().map(|corner| corner.at);
    let least = at.iter().map(|point| point[1]).fold(f32::MAX, f32::min);
    let most = at.iter().map(|point| point[1]).fold(f32::MIN, f32::max);
    let top = (least.floor().max(0.0) as usize).max(clip[1]);
    let bottom = (most.ceil().max(0.0) as usize).min(clip[3]);
    let plain = plain(&corners, texture);
    for y in top..bottom {
        let middle = y as f32 + 0.5;
        let Some((from, to)) = span(&at, middle, clip) else {
            continue;
        };
        if let Some(source) = plain {
            blend_row(canvas.row(y, from, to), source);
            continue;
        }
        for (x, pixel) in (from..to).zip(canvas.row(y, from, to)) {
            if let Some(parts) = parts(&at, [x as f32 + 0.5, middle]) {
                blend(pixel, mixed(&corners, parts, twice, texture));
            }
        }
    }
}

/// The pixels of a row that lie inside: it has one piece of each row.
fn span(at: &[[f32; 2]; 3], middle: f32, clip: Clip) -> Option<(usize, usize)> {
    let (mut left, mut right) = (f32::MAX, f32::MIN);
    for (from, to) in EDGES {
        let ([x, y], [other_x, other_y]) = (at[from], at[to]);
        if y == other_y {
            if y == middle {
                left = left.min(x.min(other_x));
                right = right.max(x.max(other_x));
            }
        } else if (y.min(other_y)..=y.max(other_y)).contains(&middle) {
            let crossing = x + (middle - y) / (other_y - y) * (other_x - x);
            left = left.min(crossing);
            right = right.max(crossing);
        }
    }
    if left > right {
        return None;
    }
    // Where the arithmetic is not sure, the exact rule decides.
    let is_inside = |x: usize| parts(at, [x as f32 + 0.5, middle]).is_some();
    let mut from = ((left - 1.5).floor().max(0.0) as usize).max(clip[0]);
    let mut to = ((right + 1.5).ceil().max(0.0) as usize).min(clip[2]);
    while from < to && !is_inside(from) {
        from += 1;
    }
    while from < to && !is_inside(to - 1) {
        to -= 1;
    }
    (from < to).then_some((from, to))
}

/// The one colour of a triangle, where it has one. Most of a window has.
fn plain(corners: &[Corner; 3], texture: &ColorImage) -> Option<[f32; 4]> {
    let [first, others @ ..] = corners;
    others
        .iter()
        .all(|corner| corner.color == first.color && corner.uv == first.uv)
        .then(|| {
            let texel = sampled(texture, first.uv[0], first.uv[1]);
            inked(first.color.map(f32::from), texel)
        })
}

fn mixed(corners: &[Corner; 3], parts: [f32; 3], twice: f32, texture: &ColorImage) -> [f32; 4] {
    let mix = |of: &dyn Fn(&Corner) -> f32| {
        let shares = corners.iter().zip(parts);
        shares
            .map(|(corner, part)| of(corner) * (part / twice))
            .sum::<f32>()
    };
    let ink = std::array::from_fn(|part| mix(&|corner| f32::from(corner.color[part])));
    let u = mix(&|corner| corner.uv[0]);
    let v = mix(&|corner| corner.uv[1]);
    inked(ink, sampled(texture, u, v))
}
