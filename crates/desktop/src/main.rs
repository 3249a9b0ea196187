//! `chancery-desktop`: the status icon, the Login dialog and the Connect list.

// No console beside the window, where the system would open one.
#![windows_subsystem = "windows"]

use std::process::ExitCode;

fn main() -> ExitCode {
    chancery_desktop::program::run()
}
