//! What the program is started with.

use chancery_proto::local::Show;
use std::ffi::OsString;

/// What `--help` prints.
pub(super) const HELP: &str = "\
chancery-desktop: the status icon, the Login dialog and the Connect list

Usage: chancery-desktop [--show WHAT] [--hidden]

  --show WHAT   show window (what a start without arguments does), login,
                list or preferences
  --hidden      show the icon alone
  --help        print this
  --version     print the version

It runs once for each person: a second start shows what it is asked to show in
the first one, and ends.";

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Help,
    Version,
    /// To run, and show that first.
    Run(Option<Show>),
}

/// Why that cannot be understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake(pub(super) String);

/// Reads the arguments, without the program's name.
pub(super) fn read(arguments: impl Iterator<Item = OsString>) -> Result<Asked, Mistake> {
    let mut show = Some(Show::Window);
    let mut words = arguments.map(|word| word.to_string_lossy().into_owned());
    while let Some(word) = words.next() {
        match word.as_str() {
            "--help" | "-h" => return Ok(Asked::Help),
            "--version" | "-V" => return Ok(Asked::Version),
            "--hidden" => show = None,
            "--show" => {
                let what = words.next().unwrap_or_default();
                show = Some(Show::from_word(&what).ok_or_else(|| {
                    Mistake(format!(
                        "“{what}” is nothing that can be shown. Write --show window, login, list or preferences."
                    ))
                })?);
            }
            other => {
                return Err(Mistake(format!(
                    "“{other}” is not understood. “chancery-desktop --help” says what is."
                )));
            }
        }
    }
    Ok(Asked::Run(show))
}

#[cfg(test)]
mod tests {
    use super::{Asked, read};
    use chancery_proto::local::Show;

    fn asked(words: &[&str]) -> Option<Asked> {
        read(words.iter().map(Into::into)).ok()
    }

    #[test]
    fn the_arguments_say_what_is_shown_first() {
        assert_eq!(asked(&[]), Some(Asked::Run(Some(Show::Window))));
        assert_eq!(asked(&["--hidden"]), Some(Asked::Run(None)));
        assert_eq!(
            asked(&["--show", "login"]),
            Some(Asked::Run(Some(Show::Login)))
        );
        assert_eq!(asked(&["--help", "--nonsense"]), Some(Asked::Help));
        for mistaken in [&["--show"][..], &["--show", "door"], &["window"]] {
            assert_eq!(asked(mistaken), None);
        }
    }
}
