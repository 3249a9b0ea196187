//! The machine's own clock, which goes on while the machine sleeps.

use chancery_proto::clock::{Clock, SharedClock, SystemClock, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// The clock of this machine. Its monotonic time counts while the machine is
/// suspended, because a session's life does too; it has the same base in every
/// process and in [`crate::alarm::sleep_until`].
#[must_use]
pub fn system() -> SharedClock {
    Arc::new(MachineClock {
        wall: SystemClock::shared(),
    })
}

#[derive(Debug)]
struct MachineClock {
    wall: SharedClock,
}

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        self.wall.now()
    }

    fn monotonic(&self) -> Duration {
        since_start()
    }
}

/// How long the machine has been on, with the time it slept.
#[cfg(target_os = "linux")]
pub(crate) fn since_start() -> Duration {
    use rustix::time::{DynamicClockId, clock_gettime_dynamic};
    // Every Linux since 2.6.39 has this clock.
    let time = clock_gettime_dynamic(DynamicClockId::Boottime)
        .unwrap_or_else(|_| rustix::time::clock_gettime(rustix::time::ClockId::Monotonic));
    Duration::try_from(time).unwrap_or_default()
}

/// How long the machine has been on, with the time it slept.
#[cfg(target_os = "macos")]
#[expect(unsafe_code, reason = "the system's own call")]
pub(crate) fn since_start() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // Of macOS's clocks this is the one that goes on in sleep and that setting
    // the wall clock does not move.
    // SAFETY: the call writes one time.
    let outcome = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_RAW, &raw mut time) };
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or(0);
    if outcome == 0 {
        Duration::new(seconds, nanoseconds)
    } else {
        Duration::ZERO
    }
}

/// How long the machine has been on, with the time it slept.
#[cfg(windows)]
#[expect(unsafe_code, reason = "the system's own call")]
pub(crate) fn since_start() -> Duration {
    // SAFETY: the call takes nothing and cannot fail.
    Duration::from_millis(unsafe {
        windows_sys::Win32::System::SystemInformation::GetTickCount64()
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::system;
    use std::time::Duration;

    #[test]
    fn the_clock_counts_what_the_kernel_calls_uptime() {
        let read = || -> f64 {
            let text = std::fs::read_to_string("/proc/uptime").expect("there");
            let first = text.split(' ').next().expect("two numbers");
            first.parse().expect("a number")
        };
        // The kernel writes its own clock of the time since the start, sleep
        // included, with two digits behind the point.
        let (before, now, after) = (read(), system().monotonic(), read());
        assert!(now >= Duration::from_secs_f64((before - 0.01).max(0.0)));
        assert!(now <= Duration::from_secs_f64(after + 0.01));
    }

    #[test]
    fn two_clocks_of_one_machine_agree() {
        let (one, two) = (system(), system());
        let first = one.monotonic();
        let second = two.monotonic();
        assert!(second >= first && second < first + Duration::from_secs(30));
        assert!(one.now().0.abs_diff(two.now().0) < 30_000);
    }
}
