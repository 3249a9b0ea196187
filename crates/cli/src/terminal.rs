//! Asking the person at the terminal.
//!
//! Questions go to the standard error and answers come from the standard
//! input, and only when both are a terminal: a script is never asked.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::one_line;
use chancery_platform::terminal::{Hidden, line};
use chancery_proto::secret::Secret;
use std::io::{self, BufRead, IsTerminal, Write};

/// Somebody who can be asked. Only made when there is somebody.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Person(());

impl Person {
    /// The person at the terminal, unless there is none or `no_input` is set.
    pub(crate) fn at_the_terminal(no_input: bool) -> Option<Self> {
        let there = !no_input && io::stdin().is_terminal() && io::stderr().is_terminal();
        there.then_some(Self(()))
    }

    /// A line of text, without the blanks around it.
    pub(crate) async fn line(self, question: &str) -> Result<String, Failure> {
        ask(question)?;
        let answer = read_line().await?;
        Ok(answer.trim().to_owned())
    }

    /// Yes or no; anything but a yes is no.
    pub(crate) async fn yes(self, question: &str) -> Result<bool, Failure> {
        let answer = self.line(&format!("{question} [y/N] ")).await?;
        Ok(matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    /// A line as it is typed, or none when the person ends the input with
    /// Ctrl-D. Can be given up at any time: what was typed so far is forgotten.
    pub(crate) async fn answer(
        self,
        question: &str,
        hidden: bool,
    ) -> Result<Option<String>, Failure> {
        let hiding = if hidden { Some(hide()?) } else { None };
        ask(question)?;
        let mut given_up = LineBreak(true);
        let answer = line().await.map_err(|error| {
            Failure::new(
                Exit::Failed,
                "INPUT",
                format!("The terminal cannot be read: {error}."),
            )
        });
        drop(hiding);
        // A line break that was shown is not shown again.
        given_up.0 = hidden || !matches!(answer, Ok(Some(_)));
        drop(given_up);
        answer
    }

    /// A password: not shown while it is typed.
    pub(crate) async fn password(self, question: &str) -> Result<Secret, Failure> {
        // Hidden first: what is typed once the question stands is neither
        // shown nor lost.
        let hidden = hide()?;
        ask(question)?;
        let answer = read_line().await;
        drop(hidden);
        // The person's own line break was not shown either.
        ask("\n")?;
        Ok(Secret::from(answer?))
    }
}

/// The first line of the standard input, for `--password-stdin`.
pub(crate) async fn password_from_stdin() -> Result<Secret, Failure> {
    let password = Secret::from(read_line().await?);
    if password.is_empty() {
        return Err(Failure::usage(
            "The standard input begins with an empty line, so there is no password. Send the password as its first line.",
        ));
    }
    Ok(password)
}

fn ask(question: &str) -> Result<(), Failure> {
    let shown = match question {
        "\n" => question.to_owned(),
        _ => one_line(question),
    };
    let mut err = io::stderr().lock();
    write!(err, "{shown}")
        .and_then(|()| err.flush())
        .map_err(|error| Failure::output(&error))
}

/// One line without its end. The reading thread stays behind when the caller
/// is interrupted; the process ends then.
async fn read_line() -> Result<String, Failure> {
    let reading = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin()
            .lock()
            .read_line(&mut line)
            .map(|read| (read, line))
    });
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::new(
            Exit::Failed,
            "INPUT",
            format!("The standard input cannot be read: {error}."),
        )
    };
    match reading.await {
        Err(error) => Err(unreadable(&error)),
        Ok(Err(error)) => Err(unreadable(&error)),
        Ok(Ok((0, _))) => Err(Failure::new(
            Exit::NeedsUser,
            "INPUT",
            "The input ended before there was an answer. Nothing was changed.",
        )),
        Ok(Ok((_, mut line))) => {
            if line.ends_with('\n') {
                line.pop();
                if line.ends_with('\r') {
                    line.pop();
                }
            }
            Ok(line)
        }
    }
}

/// Ends the line of a question, also of one that is given up.
struct LineBreak(bool);

impl Drop for LineBreak {
    fn drop(&mut self) {
        if self.0 {
            // A terminal that is gone needs no line break.
            let _ = ask("\n");
        }
    }
}

/// What is typed is not shown as long as the answer lives; an interrupted
/// command drops it too.
fn hide() -> Result<Hidden, Failure> {
    Hidden::begin().map_err(|error| {
        Failure::new(
            Exit::Failed,
            "INPUT",
            format!("The terminal would show the password ({error}). Use “--password-stdin”."),
        )
    })
}
