//! A mutex with a name that every session of this user sees.

#![expect(unsafe_code, reason = "the system's own calls")]

use super::{SingletonError, holder};
use crate::windows::security::Descriptor;
use crate::windows::{name_of, process, text};
use std::io;
use std::os::windows::io::{FromRawHandle, OwnedHandle};
use std::path::Path;
use windows_sys::Win32::Foundation::ERROR_ALREADY_EXISTS;
use windows_sys::Win32::System::Threading::CreateMutexW;

/// The name is there as long as somebody has it open: that is the lock. The
/// mutex is never waited for, because a thread and not the process would own it.
pub(super) type Lock = OwnedHandle;

/// The name is the lock, and it is there as long as this is.
pub(super) fn is_in_place(_lock: &Lock, _path: &Path) -> bool {
    true
}

pub(super) fn acquire(path: &Path) -> Result<Lock, SingletonError> {
    let io = |source| SingletonError::Io {
        path: path.to_owned(),
        source,
    };
    let Some(lock) = make(path).map_err(io)? else {
        return Err(holder(&std::fs::read_to_string(path).unwrap_or_default()));
    };
    std::fs::write(path, std::process::id().to_string()).map_err(io)?;
    Ok(lock)
}

/// None where somebody has it.
fn make(path: &Path) -> io::Result<Option<OwnedHandle>> {
    let sid = process::own_sid()?;
    let descriptor = Descriptor::parse(&format!("D:P(A;;GA;;;{sid})"))?;
    let attributes = descriptor.attributes();
    let name = text::wide(format!("Global\\chancery-{sid}-{}", name_of(path)));
    // SAFETY: the name ends in a zero, and the descriptor outlives the call.
    let handle = unsafe { CreateMutexW(&raw const attributes, 0, name.as_ptr()) };
    let said = io::Error::last_os_error();
    if handle.is_null() {
        return Err(said);
    }
    // SAFETY: the handle was opened just now and belongs to nobody else.
    let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
    let exists = i32::try_from(ERROR_ALREADY_EXISTS).ok();
    Ok((said.raw_os_error() != exists).then_some(handle))
}
