//! A person at a Windows machine: Wine, with the programs built for Windows.
//!
//! `cargo xtask test --long` and `cargo xtask windows test` make both; where
//! they are is told by `CHANCERY_WINDOWS_DIR`, else it is `windows` beside the
//! directory of the other programs.

use crate::home::Said;
use crate::programs;
use crate::server::{ADMIN, PASSWORD, TestServer, note};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Where the programs for Windows are below the place.
const PROGRAMS: &str = "x86_64-pc-windows-gnu/debug";

/// A home of its own on the machine, with an agent that ends with it.
#[derive(Debug)]
pub struct WindowsHome {
    place: PathBuf,
    /// The directory's name on the system's disk, with letters of two scripts.
    name: String,
    /// A program that waits for us, so that the machine stays switched on.
    waiting: Option<Child>,
    settings: Vec<(String, PathBuf)>,
    screen: Option<Screen>,
    /// There is one machine, which one test has at a time.
    _turn: File,
}

/// An X server that shows nothing to anybody.
#[derive(Debug)]
struct Screen {
    name: String,
    server: Child,
}

impl Screen {
    fn start() -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1024x768x24"])
            .args(["-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb can be run; it comes with the package xvfb");
        let mut number = String::new();
        let stdout = server.stdout.take().expect("the standard output is a pipe");
        BufReader::new(stdout)
            .read_line(&mut number)
            .expect("the X server tells its number");
        let name = format!(":{}", number.trim());
        Self { name, server }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Default for WindowsHome {
    fn default() -> Self {
        Self::new()
    }
}

impl WindowsHome {
    /// A home on the machine, which is this test's alone until then.
    ///
    /// # Panics
    /// When the machine or the programs are not there, with what makes them.
    #[must_use]
    pub fn new() -> Self {
        Self::made(false)
    }

    /// A home on the machine, with a screen, so that windows can be shown.
    ///
    /// # Panics
    /// As [`WindowsHome::new`], and when there is no `Xvfb` (package `xvfb`).
    #[must_use]
    pub fn with_screen() -> Self {
        Self::made(true)
    }

    fn made(with_screen: bool) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let place = place();
        let turn = File::create(place.join("turn")).expect("“cargo xtask windows test” makes it");
        turn.lock().expect("the machine is free in the end");
        let mut home = Self {
            _turn: turn,
            screen: with_screen.then(Screen::start),
            name: format!("Büro 律 {}-{number}", std::process::id()),
            place,
            waiting: None,
            settings: Vec::new(),
        };
        for needed in [home.program("chancery"), home.disk().join("windows")] {
            assert!(
                needed.exists(),
                "{} is not there. “cargo xtask windows test” makes it.",
                needed.display()
            );
        }
        std::fs::create_dir(home.path()).expect("a directory can be made");
        home.switch_on();
        home
    }

    /// The first program on the machine starts its services, and those would
    /// hold that program's output open.
    fn switch_on(&mut self) {
        let waiting = self
            .command("cmd")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("wine can be run; it comes with the packages wine and wine64");
        self.waiting = Some(waiting);
        let begun = self
            .command("cmd")
            .args(["/c", "exit"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(
            begun.as_ref().is_ok_and(std::process::ExitStatus::success),
            "{begun:?}"
        );
    }

    /// The home as programs for Windows name it.
    #[must_use]
    pub fn name(&self) -> String {
        format!("C:\\{}", self.name)
    }

    /// The home as everybody else finds it.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.disk().join(&self.name)
    }

    fn disk(&self) -> PathBuf {
        self.place.join("wine/drive_c")
    }

    /// A program that was built for Windows.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.place.join(PROGRAMS).join(format!("{name}.exe"))
    }

    /// Where Windows keeps the programs that only this user has.
    #[must_use]
    pub fn own_programs(&self) -> PathBuf {
        let users = std::fs::read_dir(self.disk().join("users")).expect("there are users");
        let own = users
            .filter_map(Result::ok)
            .find(|user| user.file_name() != "Public")
            .expect("there is a user");
        own.path().join("AppData/Local/Programs")
    }

    /// The tests of the room `platform`, built for Windows.
    #[must_use]
    pub fn tests_of_platform(&self) -> PathBuf {
        self.place.join("platform-tests.exe")
    }

    /// From now on programs have that setting in their environment.
    pub fn set(&mut self, name: &str, value: &Path) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// A program of the machine, by path or by a name that Windows knows.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("wine");
        command
            .arg(program.as_ref())
            .env("WINEPREFIX", self.place.join("wine"))
            .env("HOME", self.place.join("home"))
            .env("WINEARCH", "win64")
            .env("WINEDEBUG", "-all")
            .env(
                "WINEDLLOVERRIDES",
                "winemenubuilder.exe=d;mscoree=d;mshtml=d",
            )
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env("CHANCERY_HOME", self.name())
            .env("CHANCERY_POLICY", format!("{}\\policy.toml", self.name()))
            .env("KRB5CCNAME", "FILE:/nowhere/at/all")
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .current_dir(self.path());
        for name in crate::home::PROXIES {
            command.env_remove(name).env_remove(name.to_uppercase());
        }
        if let Some(screen) = &self.screen {
            command.env("DISPLAY", &screen.name);
        }
        command
    }

    /// Runs `chancery.exe` with these words.
    ///
    /// # Panics
    /// When Wine cannot be run (packages `wine` and `wine64`).
    #[must_use]
    pub fn chancery(&self, words: &[&str]) -> Said {
        self.chancery_reading(words, "")
    }

    /// Runs `chancery.exe` with this text on its standard input.
    ///
    /// # Panics
    /// As [`WindowsHome::chancery`].
    #[must_use]
    pub fn chancery_reading(&self, words: &[&str], input: &str) -> Said {
        let mut command = self.command(self.program("chancery"));
        command.args(words);
        said(command, input)
    }

    /// Runs another program of the machine.
    ///
    /// # Panics
    /// As [`WindowsHome::chancery`].
    #[must_use]
    pub fn run(&self, program: impl AsRef<std::ffi::OsStr>, words: &[&str]) -> Said {
        let mut command = self.command(program);
        command.args(words);
        said(command, "")
    }

    /// Connects to the server as its administrator.
    ///
    /// # Panics
    /// When that fails.
    #[track_caller]
    pub fn connect(&self, server: &TestServer) {
        let words = [
            "connect",
            &server.url(),
            "--user",
            ADMIN,
            "--password-stdin",
        ];
        let _ = self
            .chancery_reading(&words, &format!("{PASSWORD}\n"))
            .done();
    }

    /// What `chancery status --json` tells.
    ///
    /// # Panics
    /// When the command fails.
    #[track_caller]
    #[must_use]
    pub fn status(&self) -> Value {
        self.chancery(&["status", "--json"]).json()
    }

    /// Ends the agent at once, as a crash would.
    ///
    /// # Panics
    /// When no agent runs, or it does not end.
    pub fn kill_agent(&self) {
        let hello = self.chancery(&["agent", "start", "--json"]).json();
        let pid = hello["pid"].to_string();
        let _ = self.run("taskkill", &["/f", "/pid", &pid]).done();
    }

    fn agent_log(&self) -> String {
        std::fs::read_to_string(self.path().join("state/agent.log")).unwrap_or_default()
    }
}

/// Runs a command with that on its standard input. What it says on its standard
/// error goes through a file: Wine itself writes there, and so every program
/// under it holds the first one's open.
fn said(mut command: Command, input: &str) -> Said {
    let mut err = tempfile::tempfile().expect("a temporary file");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(err.try_clone().expect("a second handle"))
        .spawn()
        .expect("wine can be run; it comes with the packages wine and wine64");
    if let Some(mut stdin) = child.stdin.take() {
        // A command that does not read its input may have ended already.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().expect("it ends");
    let mut told = Vec::new();
    err.rewind()
        .and_then(|()| err.read_to_end(&mut told))
        .expect("what was written can be read");
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&told).into_owned(),
    }
}

fn place() -> PathBuf {
    if let Some(place) = std::env::var_os("CHANCERY_WINDOWS_DIR") {
        return PathBuf::from(place);
    }
    let programs = programs::directory();
    programs
        .parent()
        .unwrap_or_else(|| Path::new("/"))
        .join("windows")
}

impl Drop for WindowsHome {
    fn drop(&mut self) {
        if std::thread::panicking() {
            note(&format!("The agent's log:\n{}", self.agent_log()));
        }
        let ended = self
            .command(self.program("chancery"))
            .args(["agent", "stop", "--quiet"])
            .output();
        if !ended.is_ok_and(|ended| ended.status.success()) {
            note("The agent under Wine did not end.");
        }
        let _ = std::fs::remove_dir_all(self.path());
        if let Some(mut waiting) = self.waiting.take() {
            // It ends with its input.
            drop(waiting.stdin.take());
            let _ = waiting.wait();
        }
        // What the machine runs by itself ends too, so that the next test
        // switches it on afresh.
        for what in ["--kill", "--wait"] {
            let _ = Command::new("wineserver")
                .arg(what)
                .env("WINEPREFIX", self.place.join("wine"))
                .stderr(Stdio::null())
                .status();
        }
    }
}
