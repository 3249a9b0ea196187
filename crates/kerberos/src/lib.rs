#![doc = include_str!("../README.md")]

mod acceptor;
mod initiator;
mod principal;
mod token;
mod trouble;

#[cfg(target_os = "linux")]
mod gss;
#[cfg(windows)]
mod sspi;
#[cfg(target_os = "linux")]
mod status;

#[cfg(target_os = "linux")]
use gss as system;
#[cfg(windows)]
use sspi as system;

pub use acceptor::{Accepted, Acceptor};
pub use initiator::{Initiator, Pending, Ticket};
pub use principal::{Realms, RealmsError};
pub use token::{LONGEST_TOKEN, Mechanism, first_message};
pub use trouble::{CannotAccept, NoTicket, Refused};
