//! The agent, over its socket: what an application uses.
//!
//! An application holds no token and no password. It asks the agent who is
//! connected, asks it to connect, and sends every Work API call through it
//! with [`Agent::call`], as if the agent were the server. Bodies are streamed
//! both ways and never held whole.
//!
//! Whoever calls gives the socket's path; this module never starts an agent
//! and never asks a person anything. What an answer means is in
//! [`LocalError`] and [`RefusalKind`]: match on those, never on a text.

mod administration;
mod agent;
mod answer;
mod connection;
mod desktop;
mod error;
mod file_to_send;
mod inspection;
mod lines;
mod prompts;
mod upload;
mod watch;

pub use administration::Administering;
pub use agent::Agent;
pub use answer::Answer;
pub use connection::{Body, BoxError, empty_body, full_body};
pub use desktop::WindowEvents;
pub use error::{LocalError, Refusal, RefusalKind};
pub use file_to_send::{FileToSend, UploadError};
pub use prompts::Prompts;
pub use upload::{Progress, file_body, multipart};
pub use watch::Watch;
