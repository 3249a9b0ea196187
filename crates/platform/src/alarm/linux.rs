//! Timers as file descriptors: the kernel keeps the time.

use crate::{clock, descriptor};
use rustix::fd::OwnedFd;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use std::io;
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Never, for a timer that only waits for the clock to be set.
const NEVER: Timespec = Timespec {
    tv_sec: 1 << 40,
    tv_nsec: 0,
};

pub(super) async fn sleep_until(monotonic: Duration) {
    while clock::since_start() < monotonic {
        if let Err(error) = ring(monotonic).await {
            // No file handle is left, say: the timer of the runtime does,
            // though it does not count the machine's sleep.
            tracing::debug!(%error, "no alarm can be set");
            tokio::time::sleep(monotonic.saturating_sub(clock::since_start())).await;
        }
    }
}

async fn ring(monotonic: Duration) -> io::Result<()> {
    let Ok(at) = Timespec::try_from(monotonic) else {
        return std::future::pending().await;
    };
    let timer = timer(TimerfdClockId::Boottime, TimerfdTimerFlags::ABSTIME, at)?;
    timer.async_io(Interest::READABLE, read).await
}

fn timer(
    clock: TimerfdClockId,
    flags: TimerfdTimerFlags,
    at: Timespec,
) -> io::Result<AsyncFd<OwnedFd>> {
    let timer = timerfd_create(clock, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
    let time = Itimerspec {
        it_interval: Timespec::default(),
        it_value: at,
    };
    timerfd_settime(&timer, flags, &time)?;
    descriptor::readable(timer)
}

fn read(timer: &OwnedFd) -> io::Result<()> {
    let mut count = [0_u8; 8];
    rustix::io::read(timer, &mut count)?;
    Ok(())
}

#[derive(Debug)]
pub(super) struct ClockWatch {
    timer: AsyncFd<OwnedFd>,
}

impl ClockWatch {
    pub(super) fn new() -> io::Result<Self> {
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        timer(TimerfdClockId::Realtime, flags, NEVER).map(|timer| Self { timer })
    }

    pub(super) async fn changed(&mut self) {
        // Reading is cancelled when the clock was set; the timer stays armed.
        let read = self.timer.async_io(Interest::READABLE, read).await;
        if let Err(error) = read
            && error.raw_os_error() != Some(rustix::io::Errno::CANCELED.raw_os_error())
        {
            tracing::debug!(%error, "the clock cannot be watched");
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
#[expect(clippy::print_stderr, reason = "a test that cannot run says so")]
mod tests {
    use crate::alarm::ClockWatch;
    use rustix::time::{ClockId, clock_gettime, clock_settime};
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    #[tokio::test]
    async fn setting_the_clock_is_told_once() {
        let mut watch = ClockWatch::new().expect("a timer");
        assert!(is_silent(watch.changed()), "nobody set the clock");
        // The clock is set to the time it shows: nobody notices but the watch.
        if let Err(error) = clock_settime(ClockId::Realtime, clock_gettime(ClockId::Realtime)) {
            eprintln!("skipped, this user may not set the clock: {error}");
            return;
        }
        watch.changed().await;
        assert!(is_silent(watch.changed()), "it was set only once");
        clock_settime(ClockId::Realtime, clock_gettime(ClockId::Realtime)).expect("set");
        watch.changed().await;
    }

    fn is_silent(told: impl Future<Output = ()>) -> bool {
        pin!(told)
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    }
}
