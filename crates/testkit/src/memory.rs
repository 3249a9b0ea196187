//! What a process holds, as the kernel counts it.

use std::time::Duration;

/// The most memory a process ever held, in KiB (`VmHWM`), since it began or
/// since [`forget_peak`]. `None` when the process is gone.
#[must_use]
pub fn peak_kib(pid: u32) -> Option<u64> {
    status(pid, "VmHWM:")
}

/// What a process holds now, in KiB (`VmRSS`). `None` when it is gone.
#[must_use]
pub fn resident_kib(pid: u32) -> Option<u64> {
    status(pid, "VmRSS:")
}

/// Makes the kernel count the peak from now on. Whether it could.
#[must_use]
pub fn forget_peak(pid: u32) -> bool {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").is_ok()
}

/// Time the process spent on a core so far, its own and the kernel's for it.
/// The kernel counts in hundredths of a second. `None` when it is gone.
#[must_use]
pub fn core_time(pid: u32) -> Option<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name stands in brackets and may hold spaces.
    let after = text.rsplit_once(')')?.1;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
}

fn status(pid: u32, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{core_time, peak_kib, resident_kib};

    #[test]
    fn a_process_knows_what_it_holds() {
        let own = std::process::id();
        let resident = resident_kib(own).expect("we are there");
        assert!(resident > 100, "{resident}");
        assert!(peak_kib(own).expect("we are there") >= resident / 2);
        assert!(core_time(own).is_some());
        assert_eq!(resident_kib(u32::MAX), None);
    }
}
