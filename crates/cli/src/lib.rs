#![doc = include_str!("../README.md")]

mod arguments;
mod checksum;
mod commands;
mod context;
mod exit;
mod failure;
mod output;
mod progress;
mod sign_in;
mod sink;
mod table;
mod terminal;
mod wording;
mod work;

use crate::arguments::{AgentAction, Command, CommandLine};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use clap::Parser;
use std::process::ExitCode;

/// Does what the command line says; gives the exit code.
#[must_use]
pub fn run() -> ExitCode {
    let line = CommandLine::parse();
    let context = Context::new(&line.global);
    let ended = match &line.command {
        Command::Agent(agent) if matches!(agent.action, AgentAction::Run) => commands::run_agent(),
        _ => in_a_runtime(&context, line),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => {
            context.output.failure(&failure);
            failure.exit.into()
        }
    }
}

fn in_a_runtime(context: &Context, line: CommandLine) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(
                Exit::Failed,
                "SYSTEM",
                format!("The system does not let the command begin: {error}."),
            )
        })?;
    let ended = runtime.block_on(until_interrupted(commands::run(context, line)));
    // A thread that still waits for the keyboard is not waited for.
    runtime.shutdown_background();
    ended
}

/// Dropped when it is interrupted, so that half a file goes away and the
/// terminal shows again what is typed.
async fn until_interrupted(
    work: impl Future<Output = Result<Exit, Failure>>,
) -> Result<Exit, Failure> {
    tokio::select! {
        ended = work => ended,
        interrupted = tokio::signal::ctrl_c() => {
            let mut failure = Failure::new(
                Exit::Interrupted,
                "INTERRUPTED",
                "Interrupted.",
            );
            failure.silent = interrupted.is_ok();
            Err(failure)
        }
    }
}
