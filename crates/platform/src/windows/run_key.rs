//! The programs that Windows runs when the person logs on.

#![expect(unsafe_code, reason = "the system's own calls")]

use super::told;
use std::io;
use windows_sys::Win32::Foundation::{ERROR_FILE_NOT_FOUND, ERROR_SUCCESS};
use windows_sys::Win32::System::Registry::{
    HKEY_CURRENT_USER, REG_SZ, RRF_RT_REG_SZ, RegDeleteKeyValueW, RegGetValueW, RegSetKeyValueW,
};
use windows_sys::core::PCWSTR;
use windows_sys::w;

const KEY: PCWSTR = w!("Software\\Microsoft\\Windows\\CurrentVersion\\Run");

/// The name of an entry.
pub(crate) struct Entry(PCWSTR);

// SAFETY: a name made by `w!` is a constant that nobody writes to.
unsafe impl Sync for Entry {}

impl Entry {
    /// `name` comes from `w!`, so that it ends in a zero and lives for ever.
    pub(crate) const fn new(name: PCWSTR) -> Self {
        Self(name)
    }

    /// Whether it is there.
    pub(crate) fn is_set(&self) -> io::Result<bool> {
        // SAFETY: both names end in a zero; nothing is asked to be written.
        let found = unsafe {
            RegGetValueW(
                HKEY_CURRENT_USER,
                KEY,
                self.0,
                RRF_RT_REG_SZ,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                std::ptr::null_mut(),
            )
        };
        match found {
            ERROR_SUCCESS => Ok(true),
            ERROR_FILE_NOT_FOUND => Ok(false),
            other => told(other).map(|()| true),
        }
    }

    /// From now on that command line is run.
    pub(crate) fn set(&self, command: &str) -> io::Result<()> {
        let text: Vec<u16> = command.encode_utf16().chain([0]).collect();
        let length = u32::try_from(size_of_val(text.as_slice())).unwrap_or(u32::MAX);
        // SAFETY: both names end in a zero, and `text` is `length` bytes long.
        told(unsafe {
            RegSetKeyValueW(
                HKEY_CURRENT_USER,
                KEY,
                self.0,
                REG_SZ,
                text.as_ptr().cast(),
                length,
            )
        })
    }

    /// From now on nothing is.
    pub(crate) fn remove(&self) -> io::Result<()> {
        // SAFETY: both names end in a zero.
        match unsafe { RegDeleteKeyValueW(HKEY_CURRENT_USER, KEY, self.0) } {
            ERROR_SUCCESS | ERROR_FILE_NOT_FOUND => Ok(()),
            other => told(other),
        }
    }
}
