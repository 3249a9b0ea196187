//! The machine and this process: names, ids, and being asked to end.

/// The device's own name, shown in the person's list of sessions.
#[must_use]
pub fn device_name() -> String {
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

/// Leaves the terminal that started this process, so that closing it does not
/// end the agent. A process that leads its group already has left: no error.
pub fn leave_terminal() {
    if let Err(error) = rustix::process::setsid() {
        tracing::debug!(%error, "the process keeps its session");
    }
}

/// Resolves when the process is asked to end (SIGTERM, SIGINT or SIGHUP).
///
/// # Errors
/// The operating system refused to tell about signals.
pub async fn asked_to_end() -> std::io::Result<()> {
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
