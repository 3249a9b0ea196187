//! The one place that writes to the terminal.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is what the command line shows"
)]

use std::io::{IsTerminal as _, Read as _, Write as _};

/// A line of the answer.
pub(crate) fn line(text: &str) {
    println!("{text}");
    // Whoever waits for a line in a pipe gets it now.
    let _ = std::io::stdout().flush();
}

/// A line about what goes on.
pub(crate) fn note(text: &str) {
    eprintln!("{text}");
}

/// Why it did not work.
pub(crate) fn failure(text: &str) {
    eprintln!("chancery-server: {text}");
}

/// What somebody else gave, so that it can do nothing to a terminal.
fn harmless(text: &str) -> String {
    let stands = |letter: char| match letter {
        letter if letter.is_control() => '\u{fffd}',
        // Marks that turn the direction of what follows.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        letter => letter,
    };
    text.chars().map(stands).collect()
}

/// So many of something: `1 document`, `2 documents`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A table with aligned columns. A cell may be anybody's text.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| harmless(cell)).collect())
        .collect();
    let mut widths: Vec<usize> = head.iter().map(|text| text.chars().count()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let show = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        line(padded.join("  ").trim_end());
    };
    show(&mut head.iter().copied());
    for row in &rows {
        show(&mut row.iter().map(String::as_str));
    }
}

/// A password from the standard input: its first line.
pub(crate) fn read_password() -> std::io::Result<chancery_proto::secret::Secret> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        note("Type the new password and press Enter. It will be visible.");
        let mut text = String::new();
        input.read_line(&mut text)?;
        return Ok(text.trim_end_matches(['\r', '\n']).into());
    }
    let mut text = String::new();
    input.read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or_default().into())
}
