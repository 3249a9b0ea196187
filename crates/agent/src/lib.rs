#![doc = include_str!("../README.md")]

mod agent;
mod connecting;
mod core;
mod doctor;
mod gateway;
mod list;
mod local_api;
mod prompting;
mod refusal;
mod run;
mod seat;
mod upkeep;
mod vault;
mod viewing;

pub use run::{RunError, RunOptions, run_blocking};
