//! Texts as a panel may be given them. They hold names that other people chose.

/// The longest text, in characters.
const LONGEST: usize = 160;

/// One line without control characters, of an end, which cannot turn round what
/// stands beside it. What was written from the right stays so.
pub(super) fn safe(text: &str) -> String {
    let mut line = String::new();
    let mut length = 0;
    let mut open = 0_usize;
    for character in text.chars() {
        let character = match character {
            // Embeddings and overrides: for old text only, and for deceiving.
            '\u{202a}'..='\u{202e}' => continue,
            // Isolates are how a name is set apart: each is closed again.
            '\u{2066}'..='\u{2068}' => {
                open += 1;
                character
            }
            '\u{2069}' if open == 0 => continue,
            '\u{2069}' => {
                open -= 1;
                character
            }
            '\u{2028}' | '\u{2029}' => ' ',
            control if control.is_control() || control.is_whitespace() => ' ',
            other => other,
        };
        if character == ' ' && (line.is_empty() || line.ends_with(' ')) {
            continue;
        }
        if length == LONGEST {
            line.push('…');
            break;
        }
        line.push(character);
        length += 1;
    }
    line.truncate(line.trim_end_matches(' ').len());
    line.extend(std::iter::repeat_n('\u{2069}', open));
    if line.is_empty() {
        "–".to_owned()
    } else {
        line
    }
}

/// Some panels read markup where there is none.
pub(super) fn without_markup(text: &str) -> String {
    text.replace('<', "‹").replace('>', "›")
}

/// A label in which `mark` would stand before a mnemonic.
#[cfg(any(target_os = "linux", windows, test))]
pub(super) fn with_mark_doubled(label: &str, mark: char) -> String {
    let mut doubled = String::with_capacity(label.len());
    for character in label.chars() {
        doubled.push(character);
        if character == mark {
            doubled.push(mark);
        }
    }
    doubled
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, safe, with_mark_doubled};
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    #[test]
    fn one_line_without_tricks() {
        for (text, line) in [
            ("Q3 2026", "Q3 2026"),
            ("  a\t\r\n b\u{0}c\u{2028}d ", "a b c d"),
            ("evil\u{202e}fdp.exe", "evilfdp.exe"),
            ("محمد بن سلمان", "محمد بن سلمان"),
            (
                "as \u{2068}محمد\u{2069} there",
                "as \u{2068}محمد\u{2069} there",
            ),
            ("\u{2067}open", "\u{2067}open\u{2069}"),
            ("shut\u{2069}", "shut"),
            ("", "–"),
            ("\n\n", "–"),
        ] {
            assert_eq!(safe(text), line, "{text:?}");
        }
        let long = safe(&"ä".repeat(1_000_000));
        assert_eq!(long.chars().count(), LONGEST + 1);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn a_mnemonic_is_not_made_of_a_name() {
        assert_eq!(with_mark_doubled("a_b__c", '_'), "a__b____c");
        assert_eq!(with_mark_doubled("R&D", '&'), "R&&D");
    }

    proptest! {
        #[test]
        fn whatever_it_was(text in any::<String>()) {
            let line = safe(&text);
            prop_assert!(!line.is_empty());
            prop_assert!(!line.chars().any(char::is_control));
            let count = |from: char, to: char| {
                line.chars().filter(|one| (from..=to).contains(one)).count()
            };
            let closed = count('\u{2069}', '\u{2069}');
            prop_assert!(line.chars().count() - closed <= LONGEST + 1);
            prop_assert_eq!(count('\u{2066}', '\u{2068}'), closed);
        }
    }
}
