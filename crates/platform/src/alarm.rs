//! Waking up at a time, also when the machine slept through it, and knowing
//! when somebody set the clock. Nothing wakes up in between.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod slices;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use slices as system;

use std::io;
use std::time::Duration;

/// Resolves when the clock of [`crate::clock::system`] has reached
/// `monotonic`, at once when it has already. A machine that slept through that
/// time wakes it right after its resume. Must be awaited inside a tokio runtime.
pub async fn sleep_until(monotonic: Duration) {
    system::sleep_until(monotonic).await;
}

/// Tells when the wall clock was set: by a person, by a time server that
/// stepped it, or because the machine woke up.
#[derive(Debug)]
pub struct ClockWatch(system::ClockWatch);

impl ClockWatch {
    /// Begins to watch. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// The system gives no timer.
    pub fn new() -> io::Result<Self> {
        system::ClockWatch::new().map(Self)
    }

    /// Resolves when the wall clock was set since the last call, or since the
    /// watch began.
    pub async fn changed(&mut self) {
        self.0.changed().await;
    }
}

#[cfg(test)]
mod tests {
    use super::sleep_until;
    use crate::clock::system;
    use std::time::Duration;

    #[tokio::test]
    async fn an_alarm_rings_at_its_time_and_not_before() {
        let clock = system();
        let at = clock.monotonic() + Duration::from_millis(80);
        sleep_until(at).await;
        assert!(clock.monotonic() >= at);
    }

    #[tokio::test]
    async fn a_time_that_has_passed_rings_at_once() {
        sleep_until(Duration::ZERO).await;
        sleep_until(system().monotonic()).await;
    }
}
