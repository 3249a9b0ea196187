//! The machine and the process on Windows.

#![expect(unsafe_code, reason = "the system's own calls")]

use crate::windows::text;
use windows_sys::Win32::Foundation::ERROR_SUCCESS;
use windows_sys::Win32::System::Registry::{HKEY_LOCAL_MACHINE, RRF_RT_REG_SZ, RegGetValueW};
use windows_sys::Win32::System::SystemInformation::{
    ComputerNamePhysicalDnsHostname, GetComputerNameExW,
};

pub(super) fn device_name() -> String {
    let mut name = [0_u16; 256];
    let mut length = 256;
    // SAFETY: the call writes at most `length` units to `name`.
    let found = unsafe {
        GetComputerNameExW(
            ComputerNamePhysicalDnsHostname,
            name.as_mut_ptr(),
            &raw mut length,
        )
    };
    if found == 0 {
        return "Windows".to_owned();
    }
    text::until_nul(&name)
}

/// The agent is started without a console.
pub(super) fn leave_terminal() {}

pub(super) async fn asked_to_end() -> std::io::Result<()> {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};
    let mut interrupt = ctrl_c()?;
    let mut breaking = ctrl_break()?;
    let mut close = ctrl_close()?;
    let mut logoff = ctrl_logoff()?;
    let mut shutdown = ctrl_shutdown()?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = breaking.recv() => {}
        _ = close.recv() => {}
        _ = logoff.recv() => {}
        _ = shutdown.recv() => {}
    }
    Ok(())
}

/// What the system calls this installation, if anything.
pub(super) fn id() -> Option<String> {
    let key = text::wide("SOFTWARE\\Microsoft\\Cryptography");
    let value = text::wide("MachineGuid");
    let mut id = [0_u16; 64];
    let mut bytes = u32::try_from(size_of_val(&id)).ok()?;
    // SAFETY: both names end in a zero, and the call writes at most `bytes`
    // bytes to `id`.
    let found = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            key.as_ptr(),
            value.as_ptr(),
            RRF_RT_REG_SZ,
            std::ptr::null_mut(),
            id.as_mut_ptr().cast(),
            &raw mut bytes,
        )
    };
    let text = text::until_nul(&id);
    (found == ERROR_SUCCESS && !text.is_empty()).then_some(text)
}
