//! Where the kernel has no timer that counts the machine's sleep: the time is
//! looked at once in a while, and so soon after a resume.

use crate::clock;
use chancery_proto::clock::{Clock, SharedClock, Timestamp};
use std::io;
use std::time::Duration;

/// An alarm rings at most so late after a resume.
const SLICE: Duration = Duration::from_secs(60);
/// Less than that is the two clocks drifting apart, not somebody setting one.
const STEP: Duration = Duration::from_secs(2);

pub(super) async fn sleep_until(monotonic: Duration) {
    loop {
        let left = monotonic.saturating_sub(clock::since_start());
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(SLICE)).await;
    }
}

#[derive(Debug)]
pub(super) struct ClockWatch {
    clock: SharedClock,
    offset: Duration,
}

impl ClockWatch {
    #[expect(clippy::unnecessary_wraps, reason = "other systems may refuse")]
    pub(super) fn new() -> io::Result<Self> {
        let clock = clock::system();
        let offset = offset(clock.as_ref());
        Ok(Self { clock, offset })
    }

    pub(super) async fn changed(&mut self) {
        loop {
            let now = offset(self.clock.as_ref());
            let moved = now.abs_diff(self.offset);
            self.offset = now;
            if moved >= STEP {
                return;
            }
            tokio::time::sleep(SLICE).await;
        }
    }
}

/// When the machine was switched on, by the wall clock.
fn offset(clock: &dyn Clock) -> Duration {
    clock
        .now()
        .since(Timestamp(0))
        .saturating_sub(clock.monotonic())
}
