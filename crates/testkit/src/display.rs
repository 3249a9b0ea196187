//! A desktop of its own: an X server that shows nothing to anybody, a window
//! manager, and a person with a mouse and a keyboard in front of it.

use crate::waiting::eventually;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A display with a window manager; both end with its value.
#[derive(Debug)]
pub struct Display {
    name: String,
    server: Child,
    window_manager: Child,
}

impl Display {
    /// A display that nobody else has.
    ///
    /// # Panics
    /// When `Xvfb`, `openbox` or `xdotool` cannot be run (packages `xvfb`,
    /// `openbox` and `xdotool`).
    #[must_use]
    pub fn start() -> Self {
        // Two servers that begin at once may take the same number, and one of
        // them ends then, or the window manager finds the one that ends.
        eventually("a display with a window manager", Self::begin)
    }

    /// Nothing when one of the two has ended again.
    fn begin() -> Option<Self> {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x900x24"])
            .args(["-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb can be run; it comes with the package xvfb");
        let mut number = String::new();
        let stdout = server.stdout.take().expect("the standard output is a pipe");
        let told = BufReader::new(stdout).read_line(&mut number);
        let name = format!(":{}", number.trim());
        let window_manager = Command::new("openbox")
            .env("DISPLAY", &name)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("openbox can be run; it comes with the package openbox");
        let mut display = Self {
            name,
            server,
            window_manager,
        };
        let is_there = told.is_ok_and(|count| count > 0)
            && eventually("the window manager is there, or has ended", || {
                let ended = |child: &mut Child| child.try_wait().ok().flatten().is_some();
                if ended(&mut display.server) || ended(&mut display.window_manager) {
                    return Some(false);
                }
                display.xdotool(&["get_num_desktops"]).then_some(true)
            });
        is_there.then_some(display)
    }

    /// The value for `DISPLAY`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Clicks there with the first button, in pixels of the screen.
    ///
    /// # Panics
    /// When `xdotool` fails.
    pub fn click(&self, (x, y): (i64, i64)) {
        let words = ["mousemove", &x.to_string(), &y.to_string(), "click", "1"];
        assert!(self.xdotool(&words), "the mouse can click at {x}, {y}");
    }

    /// Presses a key, by its X name, for example `Down`.
    ///
    /// # Panics
    /// When `xdotool` fails.
    pub fn press(&self, key: &str) {
        assert!(self.xdotool(&["key", key]), "the key {key} can be pressed");
    }

    /// Types a text into what has the keys.
    ///
    /// # Panics
    /// When `xdotool` fails.
    pub fn type_text(&self, text: &str) {
        assert!(
            self.xdotool(&["type", "--delay", "2", text]),
            "a text can be typed"
        );
    }

    /// Waits until a window of that name has the keys.
    ///
    /// # Panics
    /// When none has in time.
    pub fn wait_for_active(&self, name: &str) {
        eventually(&format!("a window “{name}” has the keys"), || {
            let active = self.told(&["getactivewindow", "getwindowname"])?;
            (active.trim() == name).then_some(())
        });
    }

    /// Waits until there is no window of that name to be seen.
    ///
    /// # Panics
    /// When there still is one after a while.
    pub fn wait_for_none(&self, name: &str) {
        let whole = format!("^{name}$");
        let words = ["search", "--onlyvisible", "--name", &whole];
        eventually(&format!("no window “{name}” is there"), || {
            (!self.xdotool(&words)).then_some(())
        });
    }

    /// Closes the window of that name that has the keys, as the window
    /// manager's own key does it.
    ///
    /// # Panics
    /// When it is still there after a while.
    pub fn close_active(&self, name: &str) {
        let whole = format!("^{name}$");
        let words = ["search", "--onlyvisible", "--name", &whole];
        eventually(&format!("the window “{name}” closes"), || {
            self.press("alt+F4");
            (!self.xdotool(&words)).then_some(())
        });
    }

    /// How many pixels high the window is that has the keys.
    #[must_use]
    pub fn height(&self) -> Option<u32> {
        let words = ["getactivewindow", "getwindowgeometry", "--shell"];
        let told = self.told(&words)?;
        let height = told.lines().find_map(|line| line.strip_prefix("HEIGHT="))?;
        height.parse().ok()
    }

    /// Takes a picture of a part of the screen, as `import -crop` writes it:
    /// `WIDTHxHEIGHT+LEFT+TOP`.
    ///
    /// # Panics
    /// When `import` fails (package `imagemagick`).
    pub fn picture(&self, part: &str, path: &Path) {
        let taken = Command::new("import")
            .args(["-window", "root", "-crop", part, "+repage", "-strip"])
            .arg(path)
            .env("DISPLAY", &self.name)
            .status();
        assert!(
            taken.is_ok_and(|status| status.success()),
            "import takes a picture; it comes with the package imagemagick"
        );
    }

    fn xdotool(&self, words: &[&str]) -> bool {
        self.told(words).is_some()
    }

    /// What `xdotool` says, where it could do that.
    fn told(&self, words: &[&str]) -> Option<String> {
        let output = Command::new("xdotool")
            .args(words)
            .env("DISPLAY", &self.name)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .expect("xdotool can be run; it comes with the package xdotool");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        output.status.success().then_some(text)
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        for child in [&mut self.window_manager, &mut self.server] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
