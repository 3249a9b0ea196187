//! A session bus of its own, with or without an unlocked keyring on it.

use crate::programs::is_long;
use crate::waiting::eventually;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A private bus; ends with its value, the keyring on it too.
#[derive(Debug)]
pub struct SessionBus {
    address: String,
    bus: Child,
    keyring: Option<Child>,
}

impl SessionBus {
    /// A bus with nothing on it, whose services live under `home`.
    ///
    /// # Panics
    /// When `dbus-daemon` cannot be run (package `dbus`).
    #[must_use]
    pub fn start(home: &Path) -> Self {
        // No service is started on demand: the bus has what we put there.
        let configuration = home.join("bus.conf");
        std::fs::write(
            &configuration,
            format!(
                "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" \
                 \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n\
                 <busconfig><type>session</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>\
                 <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
                 <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>\n",
                home.join("bus").display()
            ),
        )
        .expect("a file can be written");
        let mut bus = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", configuration.display()))
            .args(["--nofork", "--print-address"])
            .env("HOME", home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon can be run; it comes with the package dbus");
        let mut address = String::new();
        let stdout = bus.stdout.take().expect("the standard output is a pipe");
        BufReader::new(stdout)
            .read_line(&mut address)
            .expect("the bus tells its address");
        Self {
            address: address.trim().to_owned(),
            bus,
            keyring: None,
        }
    }

    /// A bus with an unlocked keyring.
    ///
    /// # Panics
    /// When `gnome-keyring-daemon` cannot be run (package `gnome-keyring`) or
    /// does not appear on the bus.
    #[must_use]
    pub fn with_keyring(home: &Path) -> Self {
        let mut bus = Self::start(home);
        let mut keyring = Command::new("gnome-keyring-daemon")
            .args(["--foreground", "--unlock", "--components=secrets"])
            .arg("--control-directory")
            .arg(home.join("keyring"))
            .env("DBUS_SESSION_BUS_ADDRESS", &bus.address)
            .env("HOME", home)
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_RUNTIME_DIR", home)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(if is_long() {
                Stdio::inherit()
            } else {
                Stdio::null()
            })
            .spawn()
            .expect("gnome-keyring-daemon can be run; it comes with the package gnome-keyring");
        let mut input = keyring.stdin.take().expect("the standard input is a pipe");
        // The keyring's own password; the end of the input starts the daemon.
        input
            .write_all(b"a keyring for a test\n")
            .expect("the keyring reads its password");
        drop(input);
        bus.keyring = Some(keyring);
        eventually("the keyring appears on the bus", || {
            bus.has("org.freedesktop.secrets").then_some(())
        });
        bus
    }

    /// The value for `DBUS_SESSION_BUS_ADDRESS`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether somebody owns this name on the bus.
    fn has(&self, name: &str) -> bool {
        let output = Command::new("dbus-send")
            .arg(format!("--bus={}", self.address))
            .args([
                "--dest=org.freedesktop.DBus",
                "--print-reply=literal",
                "/org/freedesktop/DBus",
                "org.freedesktop.DBus.NameHasOwner",
            ])
            .arg(format!("string:{name}"))
            .output();
        output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("true"))
    }
}

impl Drop for SessionBus {
    fn drop(&mut self) {
        for child in self.keyring.iter_mut().chain([&mut self.bus]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SessionBus;

    #[test]
    fn a_secret_stored_by_another_program_is_found_again() {
        let home = tempfile::tempdir().expect("a directory");
        let bus = SessionBus::with_keyring(home.path());
        let tool = |words: &[&str], input: &str| {
            use std::io::Write;
            let mut child = std::process::Command::new("secret-tool")
                .args(words)
                .env("DBUS_SESSION_BUS_ADDRESS", bus.address())
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .spawn()
                .expect("secret-tool can be run");
            let mut stdin = child.stdin.take().expect("a pipe");
            stdin.write_all(input.as_bytes()).expect("it reads");
            drop(stdin);
            let output = child.wait_with_output().expect("it ends");
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        tool(&["store", "--label=test", "kind", "test"], "open sesame");
        assert_eq!(tool(&["lookup", "kind", "test"], ""), "open sesame");
    }
}
