#![doc = include_str!("../README.md")]

mod arguments;
mod checksum;
mod commands;
mod context;
mod desk;
mod download;
mod elsewhere;
mod exit;
mod failure;
mod journal;
mod native_messaging;
mod outage;
mod output;
mod paragraph;
mod progress;
mod reach;
mod sign_in;
mod sink;
mod table;
mod terminal;
mod undo;
mod upload;
mod usage;
mod wording;
mod work;

use crate::arguments::{AgentAction, Command, CommandLine};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use chancery_platform::machine::asked_to_end;
use clap::Parser;
pub use native_messaging::run as run_native_messaging;
use std::process::ExitCode;

/// Does what the command line says; gives the exit code.
#[must_use]
pub fn run() -> ExitCode {
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(told) => return not_understood(&told),
    };
    let context = Context::new(&line.global);
    let ended = match &line.command {
        Command::Agent(agent) if matches!(agent.action, AgentAction::Run) => commands::run_agent(),
        _ => in_a_runtime(&context, line),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => {
            let failure = context.for_the_server_viewed(failure);
            context.output.failure(&failure);
            failure.exit.into()
        }
    }
}

/// Help and version, which are no errors, or what is wrong with the arguments.
fn not_understood(told: &clap::Error) -> ExitCode {
    if let Some(failure) = usage::failure(told) {
        let json = std::env::args_os().any(|argument| argument == "--json");
        Output { json, quiet: true }.failure(&failure);
        return Exit::Usage.into();
    }
    // Nobody is left to be told when the output is closed.
    let _ = told.print();
    if told.use_stderr() {
        Exit::Usage.into()
    } else {
        Exit::Done.into()
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
    let ended = runtime.block_on(async {
        let ended = until_interrupted(commands::run(context, line)).await;
        if ended.is_err()
            && let Err(path) = context.undo.carry_out().await
        {
            context.output.note(&format!(
                "The document stays locked, because it could not be unlocked again. Unlock it with “chancery api DELETE {path}”."
            ));
        }
        ended
    });
    // A thread that still waits for the keyboard is not waited for.
    runtime.shutdown_background();
    ended
}

/// Dropped when it is interrupted, so that half a file goes away and the
/// terminal shows again what is typed.
async fn until_interrupted(
    work: impl Future<Output = Result<Exit, Failure>>,
) -> Result<Exit, Failure> {
    let interrupted = || {
        let mut failure = Failure::new(Exit::Interrupted, "INTERRUPTED", "Interrupted.");
        failure.silent = true;
        Err(failure)
    };
    tokio::select! {
        done = work => done,
        Ok(()) = asked_to_end() => interrupted(),
    }
}
