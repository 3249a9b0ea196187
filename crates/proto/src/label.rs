//! What somebody else wrote (a program's name, a server's, a mistyped address),
//! fit to be shown.

/// Nobody reads a longer name than this.
const LONGEST: usize = 80;

/// The name on one line, without what is not seen or turns the line around,
/// and no longer than anybody reads (80 characters); none where nothing is left.
///
/// ```
/// use chancery_proto::label::shown;
/// assert_eq!(shown("Mail\r\n client").as_deref(), Some("Mail client"));
/// ```
#[must_use]
pub fn shown(said: &str) -> Option<String> {
    let words: Vec<&str> = said
        .split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    let name: String = words
        .join(" ")
        .chars()
        .filter(|letter| !is_invisible(*letter))
        .take(LONGEST)
        .collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// Marks of direction and joiners (Unicode, general category Cf), which make
/// one name look like another.
fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_name_is_one_line_as_long_as_somebody_reads() {
        assert_eq!(shown("  Mail \r\n client "), Some("Mail client".to_owned()));
        assert_eq!(shown(&"é".repeat(200)), Some("é".repeat(80)));
        assert_eq!(shown(" \u{200b}\t "), None);
        assert_eq!(shown(""), None);
    }

    #[test]
    fn no_name_looks_like_another_by_what_is_not_seen() {
        assert_eq!(shown("Ma\u{202e}li\u{200d}"), Some("Mali".to_owned()));
        assert_eq!(shown("\u{1b}[31mMail"), Some("[31mMail".to_owned()));
    }
}
