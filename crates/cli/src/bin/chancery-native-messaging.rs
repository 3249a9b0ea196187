//! `chancery-native-messaging`: what an add-on talks to.

use std::process::ExitCode;

fn main() -> ExitCode {
    chancery_cli::run_native_messaging()
}
