//! The machine and the process on Linux and macOS.

pub(super) fn device_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

/// The id of the user that this process runs as.
#[must_use]
pub fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// A process that leads its group already has left.
pub(super) fn leave_terminal() {
    if let Err(error) = rustix::process::setsid() {
        tracing::debug!(%error, "the process keeps its session");
    }
}

/// SIGTERM, SIGINT or SIGHUP.
pub(super) async fn asked_to_end() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = hang_up.recv() => {}
    }
    Ok(())
}

/// What the system calls this installation, if anything.
#[cfg(not(target_os = "macos"))]
pub(super) fn id() -> Option<String> {
    ["/etc/machine-id", "/var/lib/dbus/machine-id"]
        .into_iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .map(|text| text.trim().to_owned())
        // A system that has never been started has “uninitialized” there.
        .find(|text| text.len() == 32)
}

/// What the system calls this machine, if anything.
#[cfg(target_os = "macos")]
#[expect(unsafe_code, reason = "the system's own call")]
pub(super) fn id() -> Option<String> {
    let mut id = [0_u8; 16];
    let no_wait = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the call writes 16 bytes to the first and reads the second.
    let outcome = unsafe { libc::gethostuuid(id.as_mut_ptr(), &raw const no_wait) };
    (outcome == 0).then(|| id.iter().map(|byte| format!("{byte:02x}")).collect())
}
