//! Drops on a window of ours, on a display of its own.

#![cfg(target_os = "linux")]

use chancery_platform::drop_target::{Drag, DropTarget, RawWindow};
use display::Display;
use std::process::Command;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;
use x11rb::connection::Connection;
use x11rb::properties::{WmSizeHints, WmSizeHintsSpecification};
use x11rb::protocol::xproto::{
    AtomEnum, ConnectionExt, CreateWindowAux, MapState, PropMode, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

mod behaviour;
mod browser;
mod display;
mod hand;
mod mail_client;
mod marionette;
mod promises;
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

/// Where a window stands on the screen, how wide and high it is, and whether a
/// window manager may have a hand in it.
struct Stand {
    corner: (i16, i16),
    size: (u16, u16),
    is_managed: bool,
}

/// Where it stands when nothing else is said.
const CORNER: (i16, i16) = (100, 50);

impl Place {
    /// Takes what `answer` takes, where [`CORNER`] is.
    fn new(answer: impl Fn(&Drag) -> bool + Send + 'static) -> Self {
        let stand = Stand {
            corner: CORNER,
            size: (400, 300),
            is_managed: false,
        };
        Self::standing(&stand, answer)
    }

    fn standing(stand: &Stand, answer: impl Fn(&Drag) -> bool + Send + 'static) -> Self {
        let (display, screen) = x11rb::connect(None).expect("a display");
        let root = display.setup().roots[screen].root;
        let window = display.generate_id().expect("a number");
        let (x, y) = stand.corner;
        let (width, height) = stand.size;
        let depth = x11rb::COPY_DEPTH_FROM_PARENT;
        let (class, visual) = (WindowClass::INPUT_OUTPUT, x11rb::COPY_FROM_PARENT);
        let wanted = CreateWindowAux::new()
            .background_pixel(0x0033_6699)
            .override_redirect(u32::from(!stand.is_managed));
        display
            .create_window(
                depth, window, root, x, y, width, height, 0, class, visual, &wanted,
            )
            .expect("sent");
        let mut hints = WmSizeHints::new();
        hints.position = Some((WmSizeHintsSpecification::UserSpecified, x.into(), y.into()));
        hints.set_normal_hints(&display, window).expect("sent");
        // Some sources look at windows that have a name alone.
        let (mode, name, text) = (PropMode::REPLACE, AtomEnum::WM_NAME, AtomEnum::STRING);
        display
            .change_property8(mode, window, name, text, b"A place")
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

    /// Where the window's upper left corner is on the screen, when a window
    /// manager has put it there.
    fn corner(&self) -> Option<(i32, i32)> {
        let display = &self.display;
        let asked = display.intern_atom(false, b"WM_STATE").ok()?;
        let state = asked.reply().ok()?.atom;
        let asked = display.get_property(false, self.window, state, AtomEnum::ANY, 0, 1);
        let is_managed = asked.ok()?.reply().ok()?.format == 32;
        let asked = display.get_window_attributes(self.window);
        let is_seen = asked.ok()?.reply().ok()?.map_state == MapState::VIEWABLE;
        let root = display.setup().roots[0].root;
        let asked = display.translate_coordinates(self.window, root, 0, 0);
        let told = asked.ok()?.reply().ok()?;
        (is_managed && is_seen).then_some((told.dst_x.into(), told.dst_y.into()))
    }
}
