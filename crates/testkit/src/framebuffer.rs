//! An X server that nobody sees, whose picture lies in a file: what a program
//! has drawn can be read without any other program.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// The display; it ends with its value. There is no window manager on it.
#[derive(Debug)]
pub struct Framebuffer {
    name: String,
    picture: PathBuf,
    server: Child,
    _place: TempDir,
}

impl Framebuffer {
    /// A display that nobody else has, 1024 by 768 pixels.
    ///
    /// # Panics
    /// When `Xvfb` cannot be run (package `xvfb`).
    #[must_use]
    pub fn start() -> Self {
        let place = tempfile::tempdir().expect("a temporary directory");
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1024x768x24"])
            .args(["-nolisten", "tcp", "-noreset", "-fbdir"])
            .arg(place.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb can be run; it comes with the package xvfb");
        let stdout = server.stdout.take().expect("the standard output is a pipe");
        let mut number = String::new();
        BufReader::new(stdout)
            .read_line(&mut number)
            .expect("the display tells its number");
        assert!(!number.trim().is_empty(), "Xvfb has no display to give");
        Self {
            name: format!(":{}", number.trim()),
            picture: place.path().join("Xvfb_screen0"),
            server,
            _place: place,
        }
    }

    /// The value for `DISPLAY`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many pixels have that colour: red, green, blue.
    #[must_use]
    pub fn count(&self, color: [u8; 3]) -> usize {
        let screen = fs::read(&self.picture).unwrap_or_default();
        let [red, green, blue] = color;
        // Four bytes each, the blue one first, behind a header (X window dump)
        // that is a multiple of four bytes long.
        let pixels = screen.chunks_exact(4);
        pixels
            .filter(|pixel| pixel.starts_with(&[blue, green, red]))
            .count()
    }
}

impl Drop for Framebuffer {
    fn drop(&mut self) {
        let _ended = self.server.kill();
        let _waited = self.server.wait();
    }
}
