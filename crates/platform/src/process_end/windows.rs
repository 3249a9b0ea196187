//! A handle that is signalled when its process ends.

#![expect(unsafe_code, reason = "the system's own calls")]

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::time::Duration;
use windows_sys::Win32::Foundation::{ERROR_INVALID_PARAMETER, WAIT_OBJECT_0};
use windows_sys::Win32::System::Threading::{
    OpenProcess, PROCESS_SYNCHRONIZE, WaitForSingleObject,
};

pub(super) type Handle = OwnedHandle;

/// None where there is no such process.
pub(super) fn open(pid: u32) -> io::Result<Option<Handle>> {
    // SAFETY: the call takes no pointers.
    let handle = unsafe { OpenProcess(PROCESS_SYNCHRONIZE, 0, pid) };
    if handle.is_null() {
        let error = io::Error::last_os_error();
        let missing = i32::try_from(ERROR_INVALID_PARAMETER).ok();
        return if error.raw_os_error() == missing {
            Ok(None)
        } else {
            Err(error)
        };
    }
    // SAFETY: the handle was opened just now and belongs to nobody else.
    Ok(Some(unsafe { OwnedHandle::from_raw_handle(handle) }))
}

pub(super) async fn wait(handle: Handle, patience: Duration) -> bool {
    // The longest time but one that can be waited for: the longest is no end.
    let patience = u32::try_from(patience.as_millis()).unwrap_or(u32::MAX - 1);
    let waiting = tokio::task::spawn_blocking(move || {
        // SAFETY: the handle is open as long as this runs.
        unsafe { WaitForSingleObject(handle.as_raw_handle(), patience) == WAIT_OBJECT_0 }
    });
    waiting.await.unwrap_or(false)
}
