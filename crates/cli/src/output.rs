//! Everything that is written: results to the standard output, notes and
//! failures to the standard error.
//!
//! Names come from servers and other people. What could steer a terminal, or
//! turn the direction of a line, is shown as “�” and never sent to it.

use crate::failure::Failure;
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// How results are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// JSON instead of text.
    pub(crate) json: bool,
    /// No notes, confirmations and progress.
    pub(crate) quiet: bool,
}

impl Output {
    /// A result, for people. A line break in it stays one.
    pub(crate) fn result(self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", harmless(text))
            .and_then(|()| out.flush())
            .map_err(|error| Failure::output(&error))
    }

    /// A line that confirms what was done; not with `--quiet` or `--json`.
    pub(crate) fn confirm(self, text: &str) -> Result<(), Failure> {
        if self.quiet || self.json {
            return Ok(());
        }
        self.result(text)
    }

    /// A result as JSON, indented.
    pub(crate) fn json(self, value: &impl Serialize) -> Result<(), Failure> {
        self.json_text(serde_json::to_string_pretty(value))
    }

    /// A result as one line of JSON, where several may follow each other.
    pub(crate) fn json_line(self, value: &impl Serialize) -> Result<(), Failure> {
        self.json_text(serde_json::to_string(value))
    }

    fn json_text(self, text: serde_json::Result<String>) -> Result<(), Failure> {
        let text = text.map_err(|error| Failure::output(&error.into()))?;
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")
            .and_then(|()| out.flush())
            .map_err(|error| Failure::output(&error))
    }

    /// Something to know beside the result; not with `--quiet`.
    pub(crate) fn note(self, text: &str) {
        if !self.quiet {
            write_error_line(&harmless(text));
        }
    }

    /// Whether a progress bar would be seen.
    pub(crate) fn shows_progress(self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Says why a command failed.
    pub(crate) fn failure(self, failure: &Failure) {
        if failure.silent {
            return;
        }
        if self.json {
            write_error_line(&failure.to_json());
            return;
        }
        for line in failure.lines() {
            write_error_line(&harmless(&line));
        }
    }
}

/// Nobody is left to be told when the standard error is closed.
fn write_error_line(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// The text without anything that a terminal would obey.
pub(crate) fn harmless(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' => '\n',
            steering if steering.is_control() || turns_direction(steering) => '\u{fffd}',
            other => other,
        })
        .collect()
}

/// As [`harmless`], on one line.
pub(crate) fn one_line(text: &str) -> String {
    harmless(text).replace('\n', "\u{fffd}")
}

fn turns_direction(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{harmless, one_line};

    #[test]
    fn a_name_cannot_steer_the_terminal_or_hide_its_extension() {
        assert_eq!(harmless("a\u{1b}[2Jb\rc"), "a\u{fffd}[2Jb\u{fffd}c");
        assert_eq!(harmless("exe.\u{202e}fdp"), "exe.\u{fffd}fdp");
        assert_eq!(harmless("Büro “Ω” 律"), "Büro “Ω” 律");
        assert_eq!(one_line("two\nlines"), "two\u{fffd}lines");
    }
}
