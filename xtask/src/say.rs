//! What people read. A pipe that nobody reads any more is no failure.

use std::io::Write;

/// A line on the standard output.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// A line about what is going on, apart from the result.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// What went wrong.
pub(crate) fn trouble(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
