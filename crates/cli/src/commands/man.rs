//! `chancery man`: the manual pages, one for each command.

use crate::arguments::{CommandLine, Man};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::wording::count;
use clap::builder::Resettable;
use clap::{Command, CommandFactory};
use serde_json::json;
use std::io::Write;
use std::path::Path;

pub(super) fn write(context: &Context, arguments: &Man) -> Result<Exit, Failure> {
    let directory = arguments.directory.as_path();
    std::fs::create_dir_all(directory).map_err(|error| Failure::file(directory, "made", &error))?;
    let mut command = CommandLine::command().disable_help_subcommand(true);
    // Only a finished command knows its full name and what is global.
    command.build();
    let mut written = Vec::new();
    page(directory, &command, &mut written)?;
    if context.output.json {
        context.output.json(&json!({"pages": written}))?;
    } else {
        context.output.confirm(&format!(
            "{} written into “{1}”. Read one with: man -l {1}/chancery.1",
            count(written.len(), "page was", "pages were"),
            directory.display()
        ))?;
    }
    Ok(Exit::Done)
}

/// The exit codes, as `docs/guide/command-line.md` has them.
const EXITS: [(&str, &str); 12] = [
    ("0", "Done."),
    ("1", "Failed, and none of the codes below fits."),
    ("2", "The command was not written as it has to be."),
    (
        "3",
        "A person has to sign in, confirm or choose; also a wrong password.",
    ),
    (
        "4",
        "The server or the network cannot be reached. Nothing was lost.",
    ),
    ("5", "What was asked for is not there."),
    ("6", "This user may not do that."),
    ("7", "Disconnected, or no server was ever chosen."),
    (
        "8",
        "The server cannot be connected to, or does not serve what was asked.",
    ),
    ("9", "The server is busy. The same again later."),
    (
        "10",
        "The agent cannot be started or talked to, or is too old for this.",
    ),
    ("130", "Interrupted, or ended by the system."),
];

fn exit_status() -> String {
    let mut text = String::from(".SH \"EXIT STATUS\"\nThese never change their meaning.\n");
    for (code, meaning) in EXITS {
        text.push_str(&format!(".TP\n.B {code}\n{meaning}\n"));
    }
    text
}

/// Only the page about all of it explains the exit codes.
const SEE_ALSO: &[u8] = b".SH \"SEE ALSO\"\n.BR chancery (1),\nwhich explains the exit codes.\n";

fn page(directory: &Path, command: &Command, written: &mut Vec<String>) -> Result<(), Failure> {
    let name = command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
        .to_owned();
    let file = format!("{name}.1");
    let path = directory.join(&file);
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone().after_help(Resettable::Reset))
        .manual("Chancery")
        .source(format!("Chancery {}", env!("CARGO_PKG_VERSION")))
        .render(&mut text)
        .and_then(|()| match name.contains('-') {
            true => text.write_all(SEE_ALSO),
            false => text.write_all(exit_status().as_bytes()),
        })
        .and_then(|()| std::fs::write(&path, &text))
        .map_err(|error| Failure::file(&path, "written", &error))?;
    written.push(file);
    for below in command.get_subcommands() {
        page(directory, below, written)?;
    }
    Ok(())
}
