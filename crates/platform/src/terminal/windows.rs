//! The mode of a console.

#![expect(unsafe_code, reason = "the system's own calls")]

use super::without_end;
use crate::windows::checked;
use std::io::{self, BufRead};
use std::os::windows::io::AsRawHandle;
use std::thread::JoinHandle;
use windows_sys::Win32::System::Console::{
    CONSOLE_MODE, ENABLE_ECHO_INPUT, FlushConsoleInputBuffer, GetConsoleMode, SetConsoleMode,
};

use windows_sys::Win32::System::IO::CancelSynchronousIo;

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

/// A thread that waits for a line; what it waits for is given up with it.
struct Waiting(JoinHandle<()>);

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.0.is_finished() {
            // SAFETY: the thread's handle is open as long as `self` lives.
            let answer = unsafe { CancelSynchronousIo(self.0.as_raw_handle()) };
            if let Err(error) = checked(answer) {
                tracing::debug!(%error, "a thread still waits for a line");
            }
        }
    }
}

pub(super) async fn line() -> io::Result<Option<String>> {
    let (told, heard) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new()
        .name("terminal".to_owned())
        .spawn(move || {
            let mut line = String::new();
            let read = io::stdin().lock().read_line(&mut line);
            // Whoever asked may have given up.
            let _gone = told.send(read.map(|_| without_end(line.as_bytes())));
        })?;
    let waiting = Waiting(thread);
    let line = heard.await.map_err(io::Error::other)?;
    drop(waiting);
    line
}
