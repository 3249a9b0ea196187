//! Drops on a window of ours, on a display of its own.

#![cfg(target_os = "linux")]

use chancery_platform::drop_target::{Drag, DropTarget, RawWindow};
use chancery_testkit::Display;
use std::process::Command;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt, CreateWindowAux, Window, WindowClass};
use x11rb::rust_connection::RustConnection;

mod behaviour;
mod source;

const PATIENCE: Duration = Duration::from_secs(30);
/// Set in the process that has the display in its environment.
const INSIDE: &str = "CHANCERY_TEST_INSIDE";

/// Runs the test `name` in a process that has a display of its own.
fn inside(name: &str, test: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return test();
    }
    let display = Display::start();
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "--nocapture", "--include-ignored", name])
        .env(INSIDE, "1")
        .env("DISPLAY", display.name())
        .env_remove("XAUTHORITY")
        .output()
        .expect("run");
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{wrong}");
    assert!(said.contains("1 passed"), "{said}");
}

/// A window as a toolkit would have it, and what is dropped there.
struct Place {
    display: RustConnection,
    window: Window,
    drags: Receiver<Drag>,
    /// None when it takes drops no more.
    target: Option<DropTarget>,
}

/// Where it stands on the screen, and how wide and high it is.
const CORNER: (i16, i16) = (100, 50);
const SIZE: (u16, u16) = (400, 300);

impl Place {
    /// Takes what `answer` takes.
    fn new(answer: impl Fn(&Drag) -> bool + Send + 'static) -> Self {
        let (display, screen) = x11rb::connect(None).expect("a display");
        let root = display.setup().roots[screen].root;
        let window = display.generate_id().expect("a number");
        let (x, y) = CORNER;
        let (width, height) = SIZE;
        let depth = x11rb::COPY_DEPTH_FROM_PARENT;
        let (class, visual) = (WindowClass::INPUT_OUTPUT, x11rb::COPY_FROM_PARENT);
        let wanted = CreateWindowAux::new()
            .background_pixel(0x0033_6699)
            .override_redirect(1);
        display
            .create_window(
                depth, window, root, x, y, width, height, 0, class, visual, &wanted,
            )
            .expect("sent");
        display.map_window(window).expect("sent");
        let shown = display.get_input_focus().expect("sent").reply();
        shown.expect("the window is there");
        let (told, drags) = mpsc::channel();
        let target = DropTarget::on(RawWindow::X11(window), move |drag| {
            let taken = answer(&drag);
            let _gone = told.send(drag);
            taken
        });
        Self {
            display,
            window,
            drags,
            target: Some(target.expect("a window of X11")),
        }
    }

    /// What was told next.
    fn next(&self) -> Drag {
        self.drags.recv_timeout(PATIENCE).expect("a drag")
    }
}
