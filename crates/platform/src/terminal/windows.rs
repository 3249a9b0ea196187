//! The mode of a console.

#![expect(unsafe_code, reason = "the system's own calls")]

use crate::windows::checked;
use std::io;
use std::os::windows::io::AsRawHandle;
use windows_sys::Win32::System::Console::{
    CONSOLE_MODE, ENABLE_ECHO_INPUT, FlushConsoleInputBuffer, GetConsoleMode, SetConsoleMode,
};

pub(super) type Mode = CONSOLE_MODE;

pub(super) fn hide() -> io::Result<Mode> {
    let handle = io::stdin().as_raw_handle();
    let mut before = 0;
    // SAFETY: the calls take a handle, whatever it is; the mode may be written.
    unsafe {
        checked(GetConsoleMode(handle, &raw mut before))?;
        checked(FlushConsoleInputBuffer(handle))?;
        checked(SetConsoleMode(handle, before & !ENABLE_ECHO_INPUT))?;
    }
    Ok(before)
}

pub(super) fn restore(before: &Mode) -> io::Result<()> {
    // SAFETY: the call takes a handle, whatever it is.
    checked(unsafe { SetConsoleMode(io::stdin().as_raw_handle(), *before) })
}
