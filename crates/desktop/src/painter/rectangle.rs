//! Rectangles of one colour with an upright piece of a texture.

use super::{Canvas, Clip, Corner, blend, blend_row, inked, sampled};
use egui::ColorImage;

/// An upright rectangle: its corners at the top left and the bottom right.
#[derive(Debug)]
pub(super) struct Area {
    first: Corner,
    last: Corner,
}

/// The rectangle that two triangles make, if they make one of one colour.
pub(super) fn of(one: &[Corner; 3], two: &[Corner; 3]) -> Option<Area> {
    let [a, ..] = one;
    let mut all = one.iter().chain(two);
    if all.clone().any(|corner| corner.color != a.color) {
        return None;
    }
    let mut first = *a;
    let mut last = *a;
    for corner in all.clone() {
        if corner.at[0] <= first.at[0] && corner.at[1] <= first.at[1] {
            first = *corner;
        }
        if corner.at[0] >= last.at[0] && corner.at[1] >= last.at[1] {
            last = *corner;
        }
    }
    if first.at[0] >= last.at[0] || first.at[1] >= last.at[1] {
        return None;
    }
    // Each corner is one of the rectangle's four, and has its texture's place.
    let side = |corner: &Corner, axis: usize| {
        let end = if corner.at[axis] == first.at[axis] {
            &first
        } else if corner.at[axis] == last.at[axis] {
            &last
        } else {
            return None;
        };
        (corner.uv[axis] == end.uv[axis]).then_some(end.at[axis] == last.at[axis])
    };
    if !all.all(|corner| side(corner, 0).is_some() && side(corner, 1).is_some()) {
        return None;
    }
    // Each triangle has three different ones, and the two share a diagonal:
    // what each of them lacks lies opposite to what the other lacks.
    let lacking = |corners: &[Corner; 3]| {
        let mut is_there = [false; 4];
        for corner in corners {
            let right = usize::from(side(corner, 0)?);
            let below = usize::from(side(corner, 1)?);
            is_there[right + 2 * below] = true;
        }
        let mut missing = (0..4).filter(|place| !is_there[*place]);
        let one = missing.next()?;
        missing.next().is_none().then_some(one)
    };
    (lacking(one)? + lacking(two)? == 3).then_some(Area { first, last })
}

/// The pixels whose middle lies inside.
pub(super) fn fill(area: &Area, texture: &ColorImage, clip: Clip, canvas: &mut Canvas<'_>) {
    let Area { first, last } = area;
    let from = |axis: usize| whole(first.at[axis]).clamp(clip[axis], clip[axis + 2]);
    let to = |axis: usize| whole(last.at[axis]).clamp(clip[axis], clip[axis + 2]);
    let (left, right) = (from(0), to(0));
    let ink = first.color.map(f32::from);
    if first.uv == last.uv {
        let source = inked(ink, sampled(texture, first.uv[0], first.uv[1]));
        for y in from(1)..to(1) {
            blend_row(canvas.row(y, left, right), source);
        }
        return;
    }
    let place = |axis: usize, pixel: usize| {
        let share = (pixel as f32 + 0.5 - first.at[axis]) / (last.at[axis] - first.at[axis]);
        first.uv[axis] + share * (last.uv[axis] - first.uv[axis])
    };
    for y in from(1)..to(1) {
        let v = place(1, y);
        for (x, pixel) in (left..).zip(canvas.row(y, left, right)) {
            let texel = sampled(texture, place(0, x), v);
            if texel != [0.0; 4] {
                blend(pixel, inked(ink, texel));
            }
        }
    }
}

/// The first pixel whose middle is not before that place.
fn whole(place: f32) -> usize {
    (place - 0.5).ceil().max(0.0) as usize
}
