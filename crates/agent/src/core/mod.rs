//! What is decided without asking anything: pure, and tested by itself.

pub(crate) mod callers;
pub(crate) mod derive;
pub(crate) mod keeper;
pub(crate) mod lease;
pub(crate) mod life;
pub(crate) mod paths;
pub(crate) mod policy;
pub(crate) mod prompts;
pub(crate) mod single_flight;
#[cfg(test)]
mod states;
mod sync;
pub(crate) mod wording;
