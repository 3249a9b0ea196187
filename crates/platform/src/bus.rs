//! One question to the desktop over the session bus, with an end.
//!
//! A connection lives for one question, so nothing stays open and nothing
//! wakes the agent. A bus that hangs costs the caller no more than its
//! patience: the question is asked by a thread of its own.

use dbus::blocking::Connection;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BusError {
    /// No bus, nobody who offers that, or a refusal; what the system said.
    Unavailable(String),
    /// No answer in time.
    Late,
}

/// Asks over the session bus and waits at most for `patience`. The question
/// gets the same patience for each of its own calls.
pub(crate) fn ask<T: Send + 'static>(
    patience: Duration,
    question: impl FnOnce(&Connection) -> Result<T, dbus::Error> + Send + 'static,
) -> Result<T, BusError> {
    if !is_there() {
        return Err(BusError::Unavailable("there is no session bus".to_owned()));
    }
    let (answered, answer) = mpsc::sync_channel(1);
    std::thread::Builder::new()
        .name("session-bus".to_owned())
        .stack_size(256 * 1024)
        .spawn(move || {
            let told = Connection::new_session().and_then(|connection| question(&connection));
            // Whoever asked may have lost patience.
            let _late = answered.send(told);
        })
        .map_err(|error| BusError::Unavailable(error.to_string()))?;
    match answer.recv_timeout(patience) {
        Ok(Ok(told)) => Ok(told),
        Ok(Err(error)) if error.name() == Some("org.freedesktop.DBus.Error.NoReply") => {
            Err(BusError::Late)
        }
        Ok(Err(error)) => Err(BusError::Unavailable(error.to_string())),
        Err(RecvTimeoutError::Timeout) => Err(BusError::Late),
        Err(RecvTimeoutError::Disconnected) => {
            Err(BusError::Unavailable("the question broke off".to_owned()))
        }
    }
}

/// Without either, the library would start a bus of its own.
pub(crate) fn is_there() -> bool {
    let named = std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some_and(|at| !at.is_empty());
    named
        || std::env::var_os("XDG_RUNTIME_DIR")
            .is_some_and(|runtime| Path::new(&runtime).join("bus").exists())
}
