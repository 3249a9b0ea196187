//! A display of its own with a window manager, the office suite on it, and
//! hands on the keyboard.

use chancery_testkit::TestHome;
use chancery_testkit::waiting::eventually;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Lines, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// What drives the office suite from outside.
const DRIVER: &str = include_str!("driver.py");
/// The Python that LibreOffice's library for it belongs to.
const PYTHON: &str = "/usr/bin/python3";

/// An X server that only this test sees. Ends with its value.
pub(crate) struct Display {
    server: Child,
    windows: Child,
    name: String,
}

impl Display {
    pub(crate) fn start(home: &TestHome) -> Self {
        let mut server = home
            .command(Path::new("Xvfb"))
            .args(["-displayfd", "1", "-screen", "0", "1280x800x24"])
            .args(["-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb can be run; it comes with the package xvfb");
        let mut number = String::new();
        let told = server.stdout.take().expect("piped");
        BufReader::new(told).read_line(&mut number).expect("a line");
        let name = format!(":{}", number.trim());
        let windows = home
            .command(Path::new("openbox"))
            .env("DISPLAY", &name)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("openbox can be run; it comes with the package openbox");
        Self {
            server,
            windows,
            name,
        }
    }

    /// Presses these keys, each a word as `xdotool` has them.
    pub(crate) fn press(&self, keys: &[&str]) {
        let done = Command::new("xdotool")
            .args(["key", "--delay", "0"])
            .args(keys)
            .env("DISPLAY", &self.name)
            .status()
            .expect("xdotool can be run; it comes with the package xdotool");
        assert!(done.success());
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        for child in [&mut self.windows, &mut self.server] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Adds the extension to this home, and waits until that is done.
pub(crate) fn install(home: &TestHome, extension: &Path) {
    let output = office(home, Path::new("unopkg"))
        .args(["add", "--suppress-license"])
        .arg(extension)
        .output()
        .expect("unopkg can be run; it comes with LibreOffice");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

fn office(home: &TestHome, program: &Path) -> Command {
    let mut command = home.command(program);
    // What a screen reader uses is asked for directly, without a bus.
    command.env("NO_AT_BRIDGE", "1").env("LC_ALL", "C.UTF-8");
    command
}

/// A running LibreOffice Writer. Ends with its value.
pub(crate) struct Office {
    suite: Child,
    driver: Child,
    asked: ChildStdin,
    told: Lines<BufReader<ChildStdout>>,
}

impl Office {
    /// Starts it and waits until a document can be written in. `surroundings`
    /// are added to what it is given.
    pub(crate) fn start(
        home: &TestHome,
        display: &Display,
        surroundings: &[(&str, PathBuf)],
    ) -> Self {
        let pipe = format!("chancery-test-{}", std::process::id());
        let suite = office(home, Path::new("soffice"))
            .args(["--norestore", "--nologo", "--writer"])
            .arg(format!("--accept=pipe,name={pipe};urp"))
            .env("DISPLAY", &display.name)
            .envs(surroundings.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // The program that is started starts another one.
            .process_group(0)
            .spawn()
            .expect("soffice can be run; it comes with the package libreoffice-writer");
        let mut driver = office(home, Path::new(PYTHON))
            .args(["-c", DRIVER, &pipe])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 can be run");
        let asked = driver.stdin.take().expect("piped");
        let told = BufReader::new(driver.stdout.take().expect("piped")).lines();
        let mut office = Self {
            suite,
            driver,
            asked,
            told,
        };
        let title = office.answer();
        assert!(title.as_str().is_some_and(|title| title.contains("Writer")));
        office
    }

    fn answer(&mut self) -> Value {
        let line = self.told.next().expect("an answer").expect("text");
        let told: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(told.get("failed"), None, "{told}");
        told["told"].clone()
    }

    fn ask(&mut self, what: &str, with: &Value) -> Value {
        writeln!(self.asked, "{}", json!({"do": what, "with": with})).expect("it listens");
        self.answer()
    }

    /// The names in the menu bar.
    pub(crate) fn menu_bar(&mut self) -> Vec<String> {
        texts(&self.ask("top", &json!([])))
    }

    /// What is in “Connect” at this moment: `●` the active server, `○` another
    /// one, what cannot be chosen in brackets.
    pub(crate) fn menu(&mut self) -> Vec<String> {
        texts(&self.ask("menu", &json!([])))
    }

    /// Opens “Connect” by the keyboard until it shows that.
    pub(crate) fn opened(&mut self, display: &Display, shows: &str) -> Vec<String> {
        let mut last = Vec::new();
        eventually(&format!("the menu shows “{shows}”"), || {
            display.press(&["alt+c", "Right"]);
            let began = std::time::Instant::now();
            // The keys are on their way; the menu is filled before it is seen.
            while began.elapsed().as_millis() < 500 {
                last = self.menu();
                if last.iter().any(|line| line.contains(shows)) {
                    return Some(());
                }
            }
            self.leave(display);
            None
        });
        last
    }

    /// Closes whatever menu is open.
    pub(crate) fn leave(&mut self, display: &Display) {
        display.press(&["Escape", "Escape", "Escape"]);
    }

    /// Dispatches a command, as a key or a toolbar would; whether anybody takes it.
    pub(crate) fn dispatch(&mut self, command: &str) -> bool {
        let command = format!("vnd.chancery.libreoffice:{command}");
        self.ask("dispatch", &json!([command])) == true
    }

    /// Dispatches a command as a link in a document would.
    pub(crate) fn follow_link(&mut self, command: &str) {
        let link = format!("vnd.chancery.libreoffice:{command}");
        let _ = self.ask("dispatch", &json!([link, "file:///letter.odt"]));
    }

    /// Closes the document; the Start Center stays.
    pub(crate) fn close_document(&mut self) {
        let _ = self.ask("start_center", &json!([]));
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn terminate(mut self) {
        assert_eq!(self.ask("terminate", &json!([])), true);
        let ended = chancery_testkit::waiting::ended("the office suite ends", &mut self.suite);
        assert!(ended.success(), "{ended}");
    }
}

fn texts(told: &Value) -> Vec<String> {
    let lines = told.as_array().expect("a list").iter();
    lines
        .map(|line| line.as_str().expect("text").to_owned())
        .collect()
}

impl Drop for Office {
    fn drop(&mut self) {
        // The whole group, which this test has made.
        let group = format!("-{}", self.suite.id());
        let _ = Command::new("kill")
            .args(["-KILL", "--", &group])
            .stderr(Stdio::null())
            .status();
        for child in [&mut self.driver, &mut self.suite] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
