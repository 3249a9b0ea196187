//! The policy and the preferences.

use chancery_agent::fuzzing::{policy, preferences};

pub(crate) fn hold(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for read in [policy, preferences] {
        let outcome = read(&text);
        assert_eq!(read(&text), outcome, "a file says the same each time");
        match outcome {
            Ok(settings) => {
                assert!(!settings.is_empty());
                for setting in settings {
                    assert!(
                        setting.ends_with('.') && !setting.contains('\n'),
                        "{setting}"
                    );
                }
            }
            Err(mistakes) => told(&mistakes, &text),
        }
    }
}

/// A sentence each, in one line, which names a line that there is.
fn told(mistakes: &[String], text: &str) {
    let lines = text.matches('\n').count() + 1;
    assert!(!mistakes.is_empty());
    for mistake in mistakes {
        let number = mistake
            .strip_prefix("Line ")
            .and_then(|rest| rest.split_once(": "))
            .and_then(|(number, _)| number.parse::<usize>().ok());
        assert!(
            number.is_some_and(|number| (1..=lines).contains(&number)),
            "{mistake}"
        );
        assert!(
            mistake.ends_with('.') && !mistake.contains('\n'),
            "{mistake}"
        );
    }
}
