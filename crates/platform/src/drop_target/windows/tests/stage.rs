//! A window that takes drops, and hears what happens.

use crate::drop_target::{Drag, DropTarget, RawWindow};
use ::windows::Win32::System::Ole::OleInitialize;
use ::windows::Win32::System::SystemServices::SS_NOTIFY;
use ::windows::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DestroyWindow, SetCursorPos, WINDOW_STYLE, WS_EX_TOPMOST, WS_POPUP, WS_VISIBLE,
};
use std::sync::{Arc, Mutex, PoisonError};
use windows_core::w;

/// One test at a time has the mouse.
static MOUSE: Mutex<()> = Mutex::new(());

/// What the target said, and what lay in the files while it did.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) drags: Vec<Drag>,
    pub(super) contents: Vec<(String, Vec<u8>)>,
}

/// Does that while a window of ours is at (100, 100), with the mouse over its
/// point (50, 60).
pub(super) fn on_a_window<T>(wanted: bool, act: impl FnOnce() -> T) -> (Heard, T) {
    let _mouse = MOUSE.lock().unwrap_or_else(PoisonError::into_inner);
    let heard = Arc::new(Mutex::new(Heard::default()));
    let answer = {
        let heard = Arc::clone(&heard);
        move |drag: Drag| {
            let mut heard = heard.lock().expect("one thread");
            if let Drag::Dropped { files, .. } = &drag {
                for file in files {
                    let name = file.file_name().expect("a name");
                    let bytes = std::fs::read(file).expect("it can be read");
                    let name = name.to_string_lossy().into_owned();
                    heard.contents.push((name, bytes));
                }
            }
            heard.drags.push(drag);
            wanted
        }
    };
    // SAFETY: names end in zeros; all stays on this thread.
    let window = unsafe {
        OleInitialize(None).expect("OLE");
        // Text that takes the mouse, and does not let it fall through.
        let style = WS_POPUP | WS_VISIBLE | WINDOW_STYLE(SS_NOTIFY.0);
        let window = CreateWindowExW(
            WS_EX_TOPMOST,
            w!("STATIC"),
            w!("A window that takes drops"),
            style,
            100,
            100,
            200,
            200,
            None,
            None,
            None,
            None,
        );
        SetCursorPos(150, 160).expect("the mouse is moved");
        window.expect("a window; it needs a display")
    };
    let raw = RawWindow::Win32(window.0.expose_provenance().cast_signed());
    let target = DropTarget::on(raw, answer).expect("a target");
    // A window has one.
    assert!(DropTarget::on(raw, |_| true).is_err());
    let done = act();
    drop(target);
    // SAFETY: the window was made above, by this thread.
    unsafe { DestroyWindow(window) }.expect("gone");
    let heard = std::mem::take(&mut *heard.lock().expect("one thread"));
    (heard, done)
}
