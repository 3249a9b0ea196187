//! A program at a terminal of its own, and the person in front of it.

use crate::waiting::{PATIENCE, ended, eventually};
use rustix::fd::OwnedFd;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::LocalModes;
use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};

/// A program with a terminal as its input, output and errors; ends with its value.
#[derive(Debug)]
pub struct Screen {
    child: Child,
    keyboard: File,
    shown: Arc<Mutex<String>>,
    /// How much of what is shown was waited for already.
    read: usize,
}

impl Screen {
    /// Runs a command at a terminal.
    ///
    /// # Panics
    /// When there is no terminal to be had, or the program cannot be run.
    #[must_use]
    pub fn run(mut command: Command) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let person = openpt(flags).expect("a terminal");
        grantpt(&person).expect("ours");
        unlockpt(&person).expect("open");
        let program: OwnedFd = ioctl_tiocgptpeer(&person, flags).expect("its other end");
        let again = || program.try_clone().expect("the same terminal");
        let child = command
            .stdin(again())
            .stdout(again())
            .stderr(again())
            .spawn()
            .expect("the program can be run");
        // The command keeps its ends of the terminal open otherwise.
        drop(command);
        drop(program);
        let keyboard = File::from(person);
        let shown = Arc::new(Mutex::new(String::new()));
        let (mut screen, seen) = (
            keyboard.try_clone().expect("the same terminal"),
            Arc::clone(&shown),
        );
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            // A terminal that no program has open any more is an error, and the end.
            while let Ok(read @ 1..) = screen.read(&mut piece) {
                let text = String::from_utf8_lossy(&piece[..read]);
                seen.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push_str(&text.replace('\r', ""));
            }
        });
        Self {
            child,
            keyboard,
            shown,
            read: 0,
        }
    }

    /// Everything that was shown so far.
    #[must_use]
    pub fn shown(&self) -> String {
        self.shown
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits until this is shown, behind what was waited for before.
    ///
    /// # Panics
    /// When it is not in time; the message tells what was shown.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let shown = self.shown();
            let rest = shown.get(self.read..).unwrap_or_default();
            if let Some(place) = rest.find(text) {
                self.read += place + text.len();
                return;
            }
            assert!(
                std::time::Instant::now() < deadline,
                "“{text}” did not come in time after:\n{shown}"
            );
            std::thread::park_timeout(std::time::Duration::from_millis(10));
        }
    }

    /// The person types.
    ///
    /// # Panics
    /// When the terminal is gone.
    pub fn type_in(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).expect("typed");
    }

    /// Waits until the terminal shows nothing by itself of what is typed. A
    /// console of Windows under Wine is that only while it is read from.
    pub fn wait_until_silent(&self) {
        eventually("the terminal is silent", || {
            let modes = rustix::termios::tcgetattr(&self.keyboard).ok()?;
            let echoes = modes.local_modes.contains(LocalModes::ECHO);
            (!echoes).then_some(())
        });
    }

    /// Ends the program at once, as a crash would.
    ///
    /// # Panics
    /// When it does not go.
    pub fn kill(&mut self) -> ExitStatus {
        let _ = self.child.kill();
        ended("a killed program is gone", &mut self.child)
    }

    /// Waits until the program has ended by itself.
    ///
    /// # Panics
    /// When it does not in time.
    pub fn ended(&mut self) -> ExitStatus {
        ended("the program ends", &mut self.child)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
