//! The process: one for each person, its icon always there, a window when
//! there is something to show.

mod arguments;
mod desk;
mod icon;
mod native;
mod second;
mod window;

use crate::script::plain;
use arguments::{Asked, Mistake};
use chancery_platform::agent_process::AgentCommand;
use chancery_platform::directories::Directories;
use chancery_platform::singleton::{SingletonError, SingletonLock};
use chancery_proto::local::Show;
use desk::Desk;
use second::Passed;
use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;

/// The name of the lock, beside the agent's own.
const LOCK: &str = "desktop.lock";

/// Runs the program with the arguments of this process.
#[must_use]
pub fn run() -> ExitCode {
    match arguments::read(std::env::args_os().skip(1)) {
        Ok(Asked::Help) => said(arguments::HELP),
        Ok(Asked::Version) => said(concat!("chancery-desktop ", env!("CARGO_PKG_VERSION"))),
        Ok(Asked::Run(show)) => match begin(show) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => trouble(&why, 1),
        },
        Err(Mistake(why)) => trouble(&why, 2),
    }
}

fn said(words: &str) -> ExitCode {
    // A closed pipe is nobody who reads.
    let _written = writeln!(std::io::stdout(), "{words}");
    ExitCode::SUCCESS
}

fn trouble(why: &dyn Display, code: u8) -> ExitCode {
    let _written = writeln!(std::io::stderr(), "{}", plain(&why.to_string()));
    ExitCode::from(code)
}

fn begin(show: Option<Show>) -> Result<(), String> {
    chancery_platform::screen::is_there()
        .map_err(|why| crate::words::say_with("trouble-window", &[("why", &why.to_string())]))?;
    // Now: an update may put another file in its place later.
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let directories = Directories::from_environment().map_err(|error| error.to_string())?;
    let command = prepared(&directories)?;
    let path = directories.runtime().join(LOCK);
    let lock = match SingletonLock::acquire(&path) {
        Ok(lock) => lock,
        Err(SingletonError::Held { .. }) => match second::pass_on(&directories, &path, show)? {
            Passed::On => return Ok(()),
            Passed::Over(lock) => lock,
        },
        Err(error) => return Err(error.to_string()),
    };
    let desk = Desk::open(directories, command, own, show).map_err(|error| error.to_string())?;
    let ended = window::keep(desk);
    drop(lock);
    ended
}

/// Everything that has to be there before the agent is started.
fn prepared(directories: &Directories) -> Result<AgentCommand, String> {
    let failed = |error: &dyn Display| error.to_string();
    directories
        .prepare_runtime()
        .map_err(|error| failed(&error))?;
    directories.prepare_kept().map_err(|error| failed(&error))?;
    AgentCommand::of_this_installation(directories).map_err(|error| failed(&error))
}
