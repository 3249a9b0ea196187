//! The desktop program as a screen reader finds it: the system's own way for
//! programs that read windows aloud (AT-SPI), and not the toolkit's word.

use crate::desktop::{EndsDesktop, end_desktop, pid_of_desktop};
use chancery_testkit::programs::program;
use chancery_testkit::server::PASSWORD;
use chancery_testkit::waiting::eventually;
use chancery_testkit::{Display, TestHome, TestServer};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Debian's own Python, which its libraries belong to.
const PYTHON: &str = "/usr/bin/python3";
const READER: &str = include_str!("screen_reader/read.py");

/// The bus that screen readers listen on. It ends with its value.
struct Reader<'a> {
    home: &'a TestHome,
    display: &'a Display,
    bus: Child,
}

impl<'a> Reader<'a> {
    fn start(home: &'a TestHome, display: &'a Display) -> Self {
        let bus = home
            .command(Path::new("/usr/libexec/at-spi-bus-launcher"))
            .arg("--launch-immediately")
            // It keeps that a reader is there in the settings: here, in memory.
            .env("GSETTINGS_BACKEND", "memory")
            .env("DISPLAY", display.name())
            .env("XDG_RUNTIME_DIR", home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it can be run; it comes with the package at-spi2-core");
        let reader = Self { home, display, bus };
        // As a screen reader says that it is there.
        for property in ["IsEnabled", "ScreenReaderEnabled"] {
            eventually("the readers' bus is there", || {
                let done = home
                    .command(Path::new("gdbus"))
                    .args(["call", "--session", "--dest", "org.a11y.Bus"])
                    .args(["--object-path", "/org/a11y/bus", "--method"])
                    .args(["org.freedesktop.DBus.Properties.Set", "org.a11y.Status"])
                    .args([property, "<true>"])
                    .output();
                done.ok()?.status.success().then_some(())
            });
        }
        reader
    }

    /// Every line that the reader would say of the program's window: role,
    /// name, and whether the keys go there.
    fn reads(&self) -> Vec<String> {
        let output = self
            .home
            .command(Path::new(PYTHON))
            .args(["-c", READER, "chancery-desktop"])
            .env("DISPLAY", self.display.name())
            .env("XDG_RUNTIME_DIR", self.home.path())
            .output()
            .expect("python3 can be run");
        // What went wrong is in the lines too, for the message.
        let read = [output.stdout, output.stderr].concat();
        let read = String::from_utf8_lossy(&read);
        read.lines().map(str::to_owned).collect()
    }

    #[track_caller]
    fn reads_eventually(&self, wanted: &[&str]) {
        let mut seen = Vec::new();
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            eventually("the reader reads it", || {
                seen = self.reads();
                (seen == wanted).then_some(())
            });
        }));
        assert!(found.is_ok(), "{seen:#?}");
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        // Asked, and not killed: it has a bus of its own to end.
        let asked = Command::new("kill").arg(self.bus.id().to_string()).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.bus.kill();
        }
        let _ = self.bus.wait();
    }
}

#[test]
#[ignore = "needs a display and AT-SPI; “cargo xtask test --long” installs and runs it"]
fn a_screen_reader_reads_the_login_dialog_and_what_was_wrong() {
    let (home, server) = (TestHome::with_bus(), TestServer::start());
    let display = Display::start();
    let reader = Reader::start(&home, &display);
    let _ends = EndsDesktop(&home);
    let mut desktop = home
        .command(&program("chancery-desktop"))
        .args(["--show", "login"])
        .env("DISPLAY", display.name())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program is built");
    display.wait_for_active("Chancery");
    reader.reads_eventually(&[
        "frame “Chancery”",
        "label “Connect to a work server”",
        "label “Type the web address of your work server. Your administrator knows it.”",
        "label “Web address”",
        "entry “Web address” (keys)",
        "push button “Login”",
        "push button “Cancel”",
    ]);
    display.type_text(&server.url());
    display.press("Return");
    let address = server.url();
    let host = address.trim_start_matches("http://");
    eventually("the password is asked for", || {
        let lines = reader.reads();
        lines
            .iter()
            .any(|line| line == "entry “User” (keys)")
            .then_some(())
    });
    display.type_text("admin");
    display.press("Tab");
    eventually("the keys go to the password", || {
        let lines = reader.reads();
        let has_keys = |line: &String| line == "password text “Password” (keys)";
        lines.iter().any(has_keys).then_some(())
    });
    display.type_text("wrong");
    display.press("Return");
    let sentence = format!(
        "label “{host} does not know that user or that password. Check both and try again.”"
    );
    eventually("what was wrong is read", || {
        let lines = reader.reads();
        let has_keys = |line: &String| line == "password text “Password” (keys)";
        (lines.contains(&sentence) && lines.iter().any(has_keys)).then_some(())
    });
    let lines = reader.reads();
    assert!(
        lines.iter().all(|line| !line.contains("wrong”")),
        "a password is not read aloud: {lines:#?}"
    );
    display.type_text(PASSWORD);
    display.press("Return");
    eventually("connected", || (home.state() == "connected").then_some(()));
    end_desktop(pid_of_desktop(&home).expect("it runs"));
    let _ = desktop.wait();
}
