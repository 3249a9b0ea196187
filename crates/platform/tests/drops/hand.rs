//! Programs on the display, and a person's hand on the pointer.

use crate::Place;
use chancery_platform::drop_target::Drag;
use chancery_testkit::waiting::eventually;
use std::process::{Child, Command, Stdio};

/// Ended with its value.
pub(crate) struct Program(pub(crate) Child);

impl Program {
    pub(crate) fn start(command: &mut Command) -> Self {
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null());
        Self(quiet.stderr(Stdio::null()).spawn().expect("it can be run"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _waited = self.0.wait();
    }
}

/// Runs `xdotool`, which moves and presses as a person does.
fn pointer(words: &[&str]) {
    let done = Command::new("xdotool").args(words).status();
    let done = done.expect("xdotool can be run; it comes with the package xdotool");
    assert!(done.success(), "{words:?}");
}

fn move_to((x, y): (i32, i32)) {
    pointer(&["mousemove", "--sync", &x.to_string(), &y.to_string()]);
}

/// Presses there, moves over our window, whose corner is given, and lets go 33
/// or 34 pixels right of it and 44 below.
pub(crate) fn drag(place: &Place, from: (i32, i32), (x, y): (i32, i32)) {
    move_to(from);
    pointer(&["mousedown", "1"]);
    // A drag begins when the pointer has moved a little, and is told of by the
    // next move: a person's hand is never still.
    let mut turn = 0;
    let over = eventually("it is over our window", || {
        turn += 1;
        if turn < 5 {
            move_to((from.0 + turn * 6, from.1 + turn * 4));
        } else {
            move_to((x + 100 + turn % 2, y + 150));
        }
        place.drags.try_iter().last()
    });
    assert!(
        matches!(
            over,
            Drag::Over {
                at: (100 | 101, 150)
            }
        ),
        "{over:?}"
    );
    // Each place is told as it is. A move that the source makes before it has
    // heard the answer to the former is told with the next one.
    eventually("it is told where", || {
        turn += 1;
        move_to((x + 33 + turn % 2, y + 44));
        let there = |drag: &Drag| matches!(drag, Drag::Over { at: (33 | 34, 44) });
        place.drags.try_iter().find(there)
    });
    pointer(&["mouseup", "1"]);
    let end =
        std::iter::repeat_with(|| place.next()).find(|drag| !matches!(drag, Drag::Over { .. }));
    assert!(
        matches!(&end, Some(Drag::Dropped { at: (33 | 34, 44), files }) if files.len() == 1),
        "{end:?}"
    );
}
