//! The terminal that a person types at.

use std::io;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// What is typed at the standard input is not shown as long as this lives.
#[derive(Debug)]
pub struct Hidden {
    before: system::Mode,
}

impl Hidden {
    /// Begins to hide. What was typed before is forgotten: it was shown.
    ///
    /// # Errors
    /// The standard input is no terminal, or one that cannot hide anything.
    pub fn begin() -> io::Result<Self> {
        system::hide().map(|before| Self { before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // A terminal that is gone needs no repair.
        if let Err(error) = system::restore(&self.before) {
            tracing::debug!(%error, "the terminal stays as it is");
        }
    }
}

/// One line of the terminal as it is typed, without its end; none where the
/// person ends the input. Can be given up at any time: nothing stays behind
/// that takes the next line away. Must be awaited inside a tokio runtime, and
/// only where the standard input is a terminal.
///
/// # Errors
/// The terminal cannot be read.
pub async fn line() -> io::Result<Option<String>> {
    system::line().await
}

/// What was read, without the line's end; none where nothing was.
fn without_end(line: &[u8]) -> Option<String> {
    if line.is_empty() {
        return None;
    }
    let line = String::from_utf8_lossy(line);
    Some(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::Hidden;
    use std::process::{Command, Stdio};

    #[test]
    fn where_there_is_no_terminal_nothing_can_be_hidden() {
        const INSIDE: &str = "CHANCERY_TEST_TERMINAL_INSIDE";
        if std::env::var_os(INSIDE).is_some() {
            Hidden::begin().expect_err("the input is no terminal");
            return;
        }
        let output = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "--nocapture"])
            .arg("terminal::tests::where_there_is_no_terminal_nothing_can_be_hidden")
            .env(INSIDE, "1")
            .stdin(Stdio::null())
            .output()
            .expect("run");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}"
        );
    }
}
