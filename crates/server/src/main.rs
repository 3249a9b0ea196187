//! `chancery-server`: the work server.

use std::process::ExitCode;

fn main() -> ExitCode {
    chancery_server::commands::run()
}
