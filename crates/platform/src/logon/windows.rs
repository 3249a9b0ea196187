//! An entry among the programs that Windows runs when the person logs on.

use crate::directories::Directories;
use crate::windows::run_key::Entry;
use std::io;
use std::path::Path;
use windows_sys::w;

static ENTRY: Entry = Entry::new(w!("Chancery Desktop"));

pub(super) fn turn_on(_directories: &Directories, program: &Path) -> io::Result<()> {
    ENTRY.set(&format!("\"{}\" --hidden", program.display()))
}

pub(super) fn turn_off(_directories: &Directories) -> io::Result<()> {
    ENTRY.remove()
}
