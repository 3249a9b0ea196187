#![doc = include_str!("../README.md")]

mod administration;
mod agent;
mod ahead;
mod begun;
mod callers;
mod connecting;
mod core;
mod doctor;
mod door;
#[doc(hidden)]
pub mod fuzzing;
mod gateway;
mod grant;
mod list;
mod local_api;
mod preferring;
mod prompting;
mod refusal;
mod run;
mod run_error;
mod said;
mod seat;
mod settings;
mod tickets;
mod upkeep;
mod vault;
mod viewing;
mod window;

pub use run::{RunOptions, run_blocking};
pub use run_error::RunError;

/// Reads a policy file as the agent would.
///
/// # Errors
/// Every mistake in it: a sentence each, with its line.
pub fn check_policy(text: &str) -> Result<(), Vec<String>> {
    core::policy::read_policy(text).map(drop)
}
