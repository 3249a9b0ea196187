//! Text that stands beside a label, broken where the terminal ends.

use console::{Term, measure_text_width};

/// No line is longer than this, however wide the terminal: nobody reads it.
const WIDEST: usize = 110;

/// How wide a line of text on the standard output may be; none where no
/// person reads.
pub(crate) fn width() -> Option<usize> {
    columns().map(|columns| columns.min(WIDEST))
}

/// How wide the terminal is; none where no person reads.
pub(crate) fn columns() -> Option<usize> {
    let (_, columns) = Term::stdout().size_checked()?;
    console::user_attended().then(|| usize::from(columns))
}

/// `label` and beside it `text`, its further lines under its first one.
pub(crate) fn beside(label: &str, text: &str, width: Option<usize>) -> String {
    let indent = measure_text_width(label);
    let room = width.map_or(usize::MAX, |width| width.saturating_sub(indent).max(20));
    let mut out = label.to_owned();
    for (number, line) in wrapped(text, room).iter().enumerate() {
        if number > 0 {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
        }
        out.push_str(line);
    }
    out.trim_end().to_owned()
}

/// Broken between words; a word longer than a line stands alone on its own.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for given in text.lines() {
        let mut line = String::new();
        for word in given.split(' ') {
            let fits = measure_text_width(&line) + 1 + measure_text_width(word) <= room;
            if !line.is_empty() && !fits {
                lines.push(std::mem::take(&mut line));
            } else if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn a_long_text_is_broken_between_words_and_stands_under_itself() {
        let text = "The keyring is locked. Unlock it to be signed in without asking.";
        assert_eq!(
            beside("  keyring  ", text, Some(40)),
            "  keyring  The keyring is locked. Unlock\n           it to be signed in without\n           asking."
        );
        assert_eq!(beside("a ", text, None), format!("a {text}"));
        assert_eq!(
            beside("", "https://averylongaddress.example.com/ x", Some(20)),
            "https://averylongaddress.example.com/\nx"
        );
        assert_eq!(beside("a  ", "", None), "a");
    }
}
