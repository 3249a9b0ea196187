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
