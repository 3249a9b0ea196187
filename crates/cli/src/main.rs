//! `chancery`: the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    chancery_cli::run()
}
