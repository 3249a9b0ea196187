//! `chancery completions`.

use crate::arguments::CommandLine;
use crate::exit::Exit;
use crate::failure::Failure;
use clap::CommandFactory;
use clap_complete::Shell;
use std::io::{self, Write};

pub(super) fn print(shell: Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), "chancery", &mut script);
    io::stdout()
        .lock()
        .write_all(&script)
        .map_err(|error| Failure::output(&error))?;
    Ok(Exit::Done)
}
