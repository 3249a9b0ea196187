//! An entry among the programs that Windows starts when the person signs in.

use super::AutostartError;
use crate::directories::Directories;
use crate::windows::run_key::Entry;
use std::io;
use std::path::Path;
use windows_sys::w;

static ENTRY: Entry = Entry::new(w!("Chancery"));

pub(super) fn is_on(_directories: &Directories) -> Result<bool, AutostartError> {
    ENTRY.is_set().map_err(|error| refused(&error))
}

pub(super) fn is_possible() -> Result<(), AutostartError> {
    Ok(())
}

pub(super) fn turn_on(_directories: &Directories, program: &Path) -> Result<(), AutostartError> {
    // It starts the agent without a window and ends.
    let command = format!("\"{}\" agent start", program.display());
    ENTRY.set(&command).map_err(|error| refused(&error))
}

pub(super) fn turn_off(_directories: &Directories) -> Result<(), AutostartError> {
    ENTRY.remove().map_err(|error| refused(&error))
}

fn refused(error: &io::Error) -> AutostartError {
    AutostartError::Refused {
        what: "the registry".to_owned(),
        why: error.to_string(),
    }
}
