//! The program as a person or a script runs it.

mod addons;
mod asking;
mod connecting;
mod desk;
mod listing;
mod looking_after;
mod no_agent;
mod server_view;
mod support;
mod transfers;
mod with_agent;
