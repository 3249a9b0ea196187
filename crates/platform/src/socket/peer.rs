//! Which program is behind a process id.

use super::Peer;

/// What the system tells of a process that has just connected.
pub(super) fn of(pid: Option<u32>) -> Peer {
    let Some(pid) = pid else {
        return Peer::default();
    };
    let started = started(pid);
    let program = program(pid);
    // The process may have ended and its id been given to another between the
    // two questions: then the program is not the caller's.
    let same = started.is_some() && started == self::started(pid);
    Peer {
        pid: Some(pid),
        program: program.filter(|_| same),
        started,
    }
}

#[cfg(target_os = "linux")]
fn program(pid: u32) -> Option<std::path::PathBuf> {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let found = std::fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    // A program that was replaced while it ran is still the one at its path.
    match found.as_os_str().as_bytes().strip_suffix(b" (deleted)") {
        Some(path) if !found.exists() => Some(std::ffi::OsString::from_vec(path.to_vec()).into()),
        _ => Some(found),
    }
}

#[cfg(target_os = "linux")]
pub(super) fn started(pid: u32) -> Option<u64> {
    start_in(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Field 22 of `/proc/PID/stat`, in ticks since the machine was started. The
/// second field is the program's name in parentheses and may hold anything.
#[cfg(target_os = "linux")]
fn start_in(stat: &str) -> Option<u64> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    behind_name.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(target_os = "macos")]
#[expect(unsafe_code, reason = "the system's own call")]
fn program(pid: u32) -> Option<std::path::PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    let mut path = vec![0_u8; 4096];
    let pid = i32::try_from(pid).ok()?;
    // SAFETY: at most that many bytes are written to `path`.
    let length = unsafe { libc::proc_pidpath(pid, path.as_mut_ptr().cast(), 4096) };
    path.truncate(usize::try_from(length).ok().filter(|length| *length > 0)?);
    Some(std::ffi::OsString::from_vec(path).into())
}

/// In microseconds since 1970.
#[cfg(target_os = "macos")]
#[expect(unsafe_code, reason = "the system's own call")]
pub(super) fn started(pid: u32) -> Option<u64> {
    let mut about = std::mem::MaybeUninit::<libc::proc_bsdinfo>::zeroed();
    let size = i32::try_from(size_of::<libc::proc_bsdinfo>()).ok()?;
    let pid = i32::try_from(pid).ok()?;
    // SAFETY: at most `size` bytes are written to `about`.
    let written = unsafe {
        libc::proc_pidinfo(
            pid,
            libc::PROC_PIDTBSDINFO,
            0,
            about.as_mut_ptr().cast(),
            size,
        )
    };
    if written != size {
        return None;
    }
    // SAFETY: the call has filled all of it in.
    let about = unsafe { about.assume_init() };
    about
        .pbi_start_tvsec
        .checked_mul(1_000_000)?
        .checked_add(about.pbi_start_tvusec)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{of, start_in};

    #[test]
    fn this_process_is_told_by_its_program_and_its_start() {
        let peer = of(Some(std::process::id()));
        assert_eq!(peer.program, std::env::current_exe().ok());
        assert!(peer.started.is_some_and(|ticks| ticks > 0));
        assert_eq!(peer, of(Some(std::process::id())));
    }

    #[test]
    fn a_process_that_has_ended_has_no_program() {
        let mut child = std::process::Command::new("/bin/true")
            .spawn()
            .expect("started");
        let pid = child.id();
        child.wait().expect("ended");
        let peer = of(Some(pid));
        assert_eq!((peer.pid, peer.program), (Some(pid), None));
        assert!(super::started(pid).is_none());
    }

    #[test]
    fn a_process_lives_until_it_has_ended_and_another_one_with_its_id_is_not_it() {
        let mut child = std::process::Command::new("/bin/sleep")
            .arg("600")
            .spawn()
            .expect("started");
        let peer = of(Some(child.id()));
        assert!(peer.lives());
        let earlier = super::Peer {
            started: peer.started.map(|ticks| ticks - 1),
            ..peer.clone()
        };
        assert!(!earlier.lives());
        child.kill().expect("told to end");
        child.wait().expect("ended");
        assert!(!peer.lives());
    }

    #[test]
    fn a_program_may_call_itself_what_it_likes() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21";
        assert_eq!(start_in(&format!("7 (soffice.bin) {rest}")), Some(4711));
        assert_eq!(start_in(&format!("7 (a) S 9 9 (b c) {rest}")), Some(4711));
        assert_eq!(start_in("7 (short) S 1"), None);
        assert_eq!(start_in(""), None);
    }
}
