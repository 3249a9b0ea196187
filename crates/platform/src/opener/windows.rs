//! The shell's own way to open a file.

#![expect(unsafe_code, reason = "the system's own calls")]

use crate::windows::text;
use std::io;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;
use windows_sys::Win32::System::Com::{
    COINIT_APARTMENTTHREADED, COINIT_DISABLE_OLE1DDE, CoInitializeEx, CoUninitialize,
};
use windows_sys::Win32::UI::Shell::{AssocIsDangerous, ShellExecuteW};
use windows_sys::Win32::UI::WindowsAndMessaging::SW_SHOWNORMAL;

/// A shell that is still at work after that long has found an application.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the shell would run it, by its kind.
pub(super) fn is_dangerous(path: &Path) -> bool {
    let Some(kind) = path.extension() else {
        return false;
    };
    let mut dotted = std::ffi::OsString::from(".");
    dotted.push(kind);
    let dotted = text::wide(dotted);
    // SAFETY: the text ends in a zero.
    unsafe { AssocIsDangerous(dotted.as_ptr()) != 0 }
}

pub(super) fn open(path: &Path) -> io::Result<()> {
    let name = text::wide(path);
    let (opened, outcome) = mpsc::channel();
    // Extensions of the shell want a thread with an apartment of its own, and
    // may ask the person something for as long as they like.
    std::thread::Builder::new()
        .name("opener".to_owned())
        .spawn(move || {
            // Whoever asked may have gone on.
            let _late = opened.send(execute(&name));
        })?;
    match outcome.recv_timeout(PATIENCE) {
        Ok(answer) if answer <= 32 => Err(io::Error::other(format!(
            "no application opened “{}” ({answer}). Choose one for its kind in the settings",
            path.display()
        ))),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Answers a number over 32 when it worked.
fn execute(name: &[u16]) -> isize {
    let apartment = COINIT_APARTMENTTHREADED | COINIT_DISABLE_OLE1DDE;
    let apartment = u32::try_from(apartment).unwrap_or(0);
    // SAFETY: this thread is new, and nothing of its apartment outlives it.
    let ready = unsafe { CoInitializeEx(std::ptr::null(), apartment) };
    let verb = text::wide("open");
    // SAFETY: both texts end in a zero; the other pointers may be null.
    let answer = unsafe {
        ShellExecuteW(
            std::ptr::null_mut(),
            verb.as_ptr(),
            name.as_ptr(),
            std::ptr::null(),
            std::ptr::null(),
            SW_SHOWNORMAL,
        )
    };
    if ready >= 0 {
        // SAFETY: it was made ready above, on this thread.
        unsafe { CoUninitialize() };
    }
    answer.addr().cast_signed()
}
