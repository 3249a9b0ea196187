//! An entry among the programs that Windows starts when the person signs in.

#![expect(unsafe_code, reason = "the system's own calls")]

use super::AutostartError;
use crate::directories::Directories;
use std::io;
use std::path::Path;
use windows_sys::Win32::Foundation::{ERROR_FILE_NOT_FOUND, ERROR_SUCCESS, WIN32_ERROR};
use windows_sys::Win32::System::Registry::{
    HKEY_CURRENT_USER, REG_SZ, RRF_RT_REG_SZ, RegDeleteKeyValueW, RegGetValueW, RegSetKeyValueW,
};
use windows_sys::w;

const KEY: windows_sys::core::PCWSTR = w!("Software\\Microsoft\\Windows\\CurrentVersion\\Run");
const NAME: windows_sys::core::PCWSTR = w!("Chancery");

pub(super) fn is_on(_directories: &Directories) -> Result<bool, AutostartError> {
    // SAFETY: both names end in a zero; nothing is asked to be written.
    let found = unsafe {
        RegGetValueW(
            HKEY_CURRENT_USER,
            KEY,
            NAME,
            RRF_RT_REG_SZ,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        )
    };
    match found {
        ERROR_SUCCESS => Ok(true),
        ERROR_FILE_NOT_FOUND => Ok(false),
        other => Err(refused(other)),
    }
}

pub(super) fn is_possible() -> Result<(), AutostartError> {
    Ok(())
}

pub(super) fn turn_on(_directories: &Directories, program: &Path) -> Result<(), AutostartError> {
    // It starts the agent without a window and ends.
    let command = format!("\"{}\" agent start", program.display());
    let text: Vec<u16> = command.encode_utf16().chain([0]).collect();
    let length = u32::try_from(size_of_val(text.as_slice())).unwrap_or(u32::MAX);
    // SAFETY: both names end in a zero, and `text` is `length` bytes long.
    let done = unsafe {
        RegSetKeyValueW(
            HKEY_CURRENT_USER,
            KEY,
            NAME,
            REG_SZ,
            text.as_ptr().cast(),
            length,
        )
    };
    match done {
        ERROR_SUCCESS => Ok(()),
        other => Err(refused(other)),
    }
}

pub(super) fn turn_off(_directories: &Directories) -> Result<(), AutostartError> {
    // SAFETY: both names end in a zero.
    match unsafe { RegDeleteKeyValueW(HKEY_CURRENT_USER, KEY, NAME) } {
        ERROR_SUCCESS | ERROR_FILE_NOT_FOUND => Ok(()),
        other => Err(refused(other)),
    }
}

fn refused(code: WIN32_ERROR) -> AutostartError {
    let code = i32::try_from(code).unwrap_or_default();
    AutostartError::Refused {
        what: "the registry".to_owned(),
        why: io::Error::from_raw_os_error(code).to_string(),
    }
}
