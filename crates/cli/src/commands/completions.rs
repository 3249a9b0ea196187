//! `chancery completions`.

use crate::arguments::CommandLine;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use clap::CommandFactory;
use clap_complete::Shell;
use serde_json::json;
use std::io::{self, Write};

pub(super) fn print(context: &Context, shell: Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), "chancery", &mut script);
    if context.output.json {
        let script = String::from_utf8_lossy(&script);
        context
            .output
            .json(&json!({"shell": shell.to_string(), "script": script}))?;
        return Ok(Exit::Done);
    }
    io::stdout()
        .lock()
        .write_all(&script)
        .map_err(|error| Failure::output(&error))?;
    Ok(Exit::Done)
}
