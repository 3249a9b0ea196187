//! Text as the system takes it: UTF-16 that ends in a zero.

#![expect(unsafe_code, reason = "text of the system's is read from where it is")]

use std::ffi::{OsStr, OsString};
use std::os::windows::ffi::{OsStrExt, OsStringExt};

/// `text` with the zero at its end.
pub(crate) fn wide(text: impl AsRef<OsStr>) -> Vec<u16> {
    text.as_ref().encode_wide().chain([0]).collect()
}

/// What stands before the first zero.
pub(crate) fn until_nul(units: &[u16]) -> String {
    os_until_nul(units).to_string_lossy().into_owned()
}

/// What stands before the first zero, unchanged.
pub(crate) fn os_until_nul(units: &[u16]) -> OsString {
    let text = units.split(|unit| *unit == 0).next().unwrap_or_default();
    OsString::from_wide(text)
}

/// The text at `start`; empty where that is null.
///
/// # Safety
/// `start` is null or leads to units that end in a zero.
pub(crate) unsafe fn at(start: *const u16) -> String {
    if start.is_null() {
        return String::new();
    }
    let mut length = 0;
    // SAFETY: everything up to the zero may be read, and no more is.
    while unsafe { *start.add(length) } != 0 {
        length += 1;
    }
    // SAFETY: `length` units were read just now.
    let units = unsafe { std::slice::from_raw_parts(start, length) };
    String::from_utf16_lossy(units)
}
