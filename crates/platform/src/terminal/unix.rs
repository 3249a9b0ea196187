//! The modes of a terminal.

use super::without_end;
use crate::descriptor;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io;
use std::os::fd::AsFd;

/// As long as a terminal lets a line be.
const LONGEST_LINE: usize = 4096;

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

pub(super) async fn line() -> io::Result<Option<String>> {
    line_at(io::stdin().as_fd().try_clone_to_owned()?).await
}

async fn line_at(terminal: OwnedFd) -> io::Result<Option<String>> {
    let terminal = descriptor::readable(terminal)?;
    loop {
        let mut ready = terminal.readable().await?;
        // A terminal is shared: another program may have been quicker, and
        // reading would then wait where nothing may.
        let mut asked = [PollFd::new(ready.get_inner(), PollFlags::IN)];
        if poll(&mut asked, Some(&Timespec::default()))? == 0 {
            ready.clear_ready();
            continue;
        }
        // A terminal hands over one line at a time, and all of it at once.
        let mut line = vec![0; LONGEST_LINE];
        let read = rustix::io::read(ready.get_inner(), line.as_mut_slice())?;
        line.truncate(read);
        return Ok(without_end(&line));
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{hide_at, line_at, restore_at};
    use rustix::fd::OwnedFd;
    use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
    use rustix::termios::{LocalModes, tcgetattr};

    /// The person's end of a terminal, and the program's.
    fn terminal() -> (OwnedFd, OwnedFd) {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let person = openpt(flags).expect("a terminal");
        grantpt(&person).expect("ours");
        unlockpt(&person).expect("open");
        let program = ioctl_tiocgptpeer(&person, flags).expect("its other end");
        (person, program)
    }

    #[tokio::test]
    async fn a_line_is_read_when_it_is_whole_and_giving_up_takes_nothing() {
        let (person, program) = terminal();
        let line = || line_at(program.try_clone().expect("a handle"));
        let given_up = tokio::select! {
            biased;
            line = line() => panic!("nothing was typed: {line:?}"),
            () = tokio::task::yield_now() => true,
        };
        assert!(given_up);
        let typed = "zwölf\nand more\n".as_bytes();
        assert_eq!(rustix::io::write(&person, typed), Ok(typed.len()));
        assert_eq!(line().await.expect("read").as_deref(), Some("zwölf"));
        assert_eq!(line().await.expect("read").as_deref(), Some("and more"));
        // Ctrl-D ends the input.
        assert_eq!(rustix::io::write(&person, &[4]), Ok(1));
        assert_eq!(line().await.expect("read"), None);
    }

    #[test]
    fn a_terminal_hides_and_shows_again() {
        let (_person, terminal) = terminal();
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
