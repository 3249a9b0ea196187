//! What is asked of the desktop over a real session bus of its own.

#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;

mod desktop;
mod keyring;
mod panel;
mod status_icon;

/// Set in the process that has the bus in its environment.
const INSIDE: &str = "CHANCERY_TEST_INSIDE";

/// Whether this process is the inner one.
fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs the test `name` again, in a process whose session bus is at `address`.
fn run_inside(name: &str, address: &str, home: &Path) {
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "--nocapture", name])
        .env(INSIDE, "1")
        .env("DBUS_SESSION_BUS_ADDRESS", address)
        .env("HOME", home)
        .env("XDG_RUNTIME_DIR", home)
        .env_remove("all_proxy")
        .env_remove("ALL_PROXY")
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .output()
        .expect("run");
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{wrong}");
    assert!(said.contains("1 passed"), "{said}");
}
