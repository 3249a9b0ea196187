//! Waiting for the end of another process, by its handle and not by its id.

use std::io;
use std::time::Duration;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(target_os = "macos")]
use macos as system;
#[cfg(windows)]
use windows as system;

/// One process, which need not be a child of this one.
#[derive(Debug)]
pub struct Ending(io::Result<Option<system::Handle>>);

impl Ending {
    /// Looks at the process `pid`. To be taken before that process is told to
    /// end, so that its id means no other. Must be called inside a tokio runtime.
    #[must_use]
    pub fn of(pid: u32) -> Self {
        Self(system::open(pid))
    }

    /// Whether the process is gone within `patience`; also when it was gone
    /// before it could be looked at. One that cannot be looked at counts as
    /// still there.
    pub async fn comes_within(self, patience: Duration) -> bool {
        match self.0 {
            Ok(Some(handle)) => system::wait(handle, patience).await,
            Ok(None) => true,
            Err(error) => {
                tracing::debug!(%error, "a process cannot be waited for");
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ending;
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    const PATIENCE: Duration = Duration::from_secs(30);

    /// Lives until its standard input ends.
    fn patient() -> Child {
        let (program, arguments) = if cfg!(windows) {
            ("cmd", ["/c", "set /p _="])
        } else {
            ("sh", ["-c", "read -r _"])
        };
        Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("started")
    }

    #[tokio::test]
    async fn the_end_of_a_process_is_waited_for() {
        let mut child = patient();
        let early = Ending::of(child.id());
        assert!(
            !early.comes_within(Duration::from_millis(50)).await,
            "it lives"
        );
        let ending = Ending::of(child.id());
        let waiting = tokio::spawn(ending.comes_within(PATIENCE));
        drop(child.stdin.take());
        assert!(waiting.await.expect("waited"), "it has ended");
        child.wait().expect("it has ended");
    }

    #[tokio::test]
    async fn a_process_that_is_gone_needs_no_waiting() {
        let mut child = patient();
        let pid = child.id();
        let before = Ending::of(pid);
        drop(child.stdin.take());
        child.wait().expect("it ends");
        assert!(before.comes_within(PATIENCE).await);
        drop(child);
        assert!(Ending::of(pid).comes_within(PATIENCE).await);
    }
}
