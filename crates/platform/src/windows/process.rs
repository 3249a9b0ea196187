//! Whose a process is, and what it runs.

#![expect(unsafe_code, reason = "the system's own calls")]

use super::{checked, security, text};
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::PathBuf;
use std::sync::OnceLock;
use windows_sys::Win32::Foundation::{
    FILETIME, HANDLE, HANDLE_FLAG_INHERIT, INVALID_HANDLE_VALUE, SetHandleInformation,
};
use windows_sys::Win32::Security::{GetTokenInformation, TOKEN_QUERY, TOKEN_USER, TokenUser};
use windows_sys::Win32::System::Console::{
    GetStdHandle, STD_ERROR_HANDLE, STD_INPUT_HANDLE, STD_OUTPUT_HANDLE,
};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetProcessTimes, OpenProcess, OpenProcessToken,
    PROCESS_QUERY_LIMITED_INFORMATION, QueryFullProcessImageNameW,
};

/// A process that can be asked about.
#[derive(Debug)]
pub(crate) struct Process(OwnedHandle);

impl Process {
    pub(crate) fn with_id(pid: u32) -> io::Result<Self> {
        // SAFETY: the call takes no pointers.
        let handle = unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle was opened just now and belongs to nobody else.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(handle) }))
    }

    /// The security id of the user whose process it is.
    pub(crate) fn sid(&self) -> io::Result<String> {
        sid_of(self.0.as_raw_handle())
    }

    /// The program's path.
    pub(crate) fn program(&self) -> Option<PathBuf> {
        // The longest path that the system knows.
        let mut path = vec![0_u16; 32_768];
        let mut length = 32_768;
        // SAFETY: the handle is open, and at most `length` units are written.
        let found = unsafe {
            QueryFullProcessImageNameW(
                self.0.as_raw_handle(),
                0,
                path.as_mut_ptr(),
                &raw mut length,
            )
        };
        (found != 0).then(|| text::os_until_nul(&path).into())
    }

    /// When it was started, in units of 100 nanoseconds since 1601.
    pub(crate) fn started(&self) -> Option<u64> {
        let mut times = [FILETIME::default(); 4];
        let [created, exited, kernel, user] = &mut times;
        // SAFETY: the handle is open, and the four times may be written.
        let found =
            unsafe { GetProcessTimes(self.0.as_raw_handle(), created, exited, kernel, user) };
        let joined = u64::from(created.dwHighDateTime) << 32 | u64::from(created.dwLowDateTime);
        (found != 0).then_some(joined)
    }
}

/// The security id of the user that this process runs as.
pub(crate) fn own_sid() -> io::Result<String> {
    static SID: OnceLock<String> = OnceLock::new();
    if let Some(sid) = SID.get() {
        return Ok(sid.clone());
    }
    // SAFETY: the call takes nothing; its handle need not be closed.
    let sid = sid_of(unsafe { GetCurrentProcess() })?;
    Ok(SID.get_or_init(|| sid).clone())
}

/// A program that this one starts gets none of this one's standard streams,
/// unless it is handed one. The system hands over every handle that may be
/// inherited, and whoever waits for the end of this program's output would wait
/// for the other one too.
pub(crate) fn keep_own_streams() -> io::Result<()> {
    for stream in [STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE] {
        // SAFETY: the call takes no pointers.
        let handle = unsafe { GetStdHandle(stream) };
        if handle.is_null() || handle == INVALID_HANDLE_VALUE {
            continue;
        }
        // SAFETY: the handle is this process's own and open.
        checked(unsafe { SetHandleInformation(handle, HANDLE_FLAG_INHERIT, 0) })?;
    }
    Ok(())
}

fn sid_of(process: HANDLE) -> io::Result<String> {
    let mut token: HANDLE = std::ptr::null_mut();
    // SAFETY: the process is open while this runs; the token may be written.
    checked(unsafe { OpenProcessToken(process, TOKEN_QUERY, &raw mut token) })?;
    // SAFETY: the handle was opened just now and belongs to nobody else.
    let token = unsafe { OwnedHandle::from_raw_handle(token) };
    // A user with the longest security id, laid out as `TOKEN_USER` wants.
    let mut user = [0_u64; 32];
    let mut length = 0;
    // SAFETY: at most the size of `user` is written to it.
    checked(unsafe {
        GetTokenInformation(
            token.as_raw_handle(),
            TokenUser,
            user.as_mut_ptr().cast(),
            u32::try_from(size_of_val(&user)).unwrap_or(0),
            &raw mut length,
        )
    })?;
    // SAFETY: the call has filled a `TOKEN_USER` in, and `u64` is aligned as
    // strictly as it is; its security id lies in `user` as well.
    let sid = unsafe { (*user.as_ptr().cast::<TOKEN_USER>()).User.Sid };
    // SAFETY: the id is one, and `user` lives to the end of this call.
    unsafe { security::sid_text(sid) }
}
