//! A display of its own, which nobody sees, for what is drawn and dragged.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// An X server without a screen; ends with its value.
#[derive(Debug)]
pub(crate) struct Display {
    name: String,
    server: Child,
}

impl Display {
    /// Starts one, on a number that is free, without a network.
    pub(crate) fn start() -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x800x24"])
            .args(["-nolisten", "tcp", "-noreset"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb can be run; it comes with the package xvfb");
        let mut number = String::new();
        let stdout = server.stdout.take().expect("the standard output is a pipe");
        BufReader::new(stdout)
            .read_line(&mut number)
            .expect("the display tells its number");
        let number = number.trim();
        assert!(!number.is_empty(), "Xvfb has no display to give");
        Self {
            name: format!(":{number}"),
            server,
        }
    }

    /// The value for `DISPLAY`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ended = self.server.kill();
        let _waited = self.server.wait();
    }
}
