//! The modes of a terminal.

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io;
use std::os::fd::AsFd;

pub(super) type Mode = Termios;

pub(super) fn hide() -> io::Result<Mode> {
    hide_at(io::stdin())
}

pub(super) fn restore(before: &Mode) -> io::Result<()> {
    restore_at(io::stdin(), before)
}

fn hide_at(terminal: impl AsFd) -> io::Result<Mode> {
    let before = tcgetattr(&terminal)?;
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&terminal, OptionalActions::Flush, &hidden)?;
    Ok(before)
}

fn restore_at(terminal: impl AsFd, before: &Mode) -> io::Result<()> {
    Ok(tcsetattr(&terminal, OptionalActions::Now, before)?)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{hide_at, restore_at};
    use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
    use rustix::termios::{LocalModes, tcgetattr};

    #[test]
    fn a_terminal_hides_and_shows_again() {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).expect("a terminal");
        grantpt(&master).expect("ours");
        unlockpt(&master).expect("open");
        let terminal = ioctl_tiocgptpeer(&master, flags).expect("its other end");
        let shows = || {
            let mode = tcgetattr(&terminal).expect("a terminal");
            mode.local_modes.contains(LocalModes::ECHO)
        };
        assert!(shows());
        let before = hide_at(&terminal).expect("hidden");
        assert!(!shows());
        restore_at(&terminal, &before).expect("shown");
        assert!(shows());
    }
}
