//! Names of files that come from elsewhere: from a server, another program, or
//! a message. Such a name may hold anything; what is made of it is one name in
//! one directory, which means that file and nothing else.

/// The longest name that is made, in bytes of UTF-8; it is then no longer in
/// UTF-16, which Windows counts in. File systems take 255, and something may be
/// put behind it.
const LONGEST: usize = 200;
/// An extension longer than that, in bytes and without its dot, is none.
const LONGEST_EXTENSION: usize = 32;

/// Names that Windows takes for a device, in any letters and with any
/// extension (naming files, paths and namespaces: “reserved names”).
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
/// Devices with one digit behind them; the superscripts count as digits.
const NUMBERED: [&str; 2] = ["com", "lpt"];

/// A name that every system takes: of a path its last part; no separator, no
/// character that means something to Windows or steers a terminal or the
/// direction of text, no device, not hidden, no dot or blank at its end, at
/// most 200 bytes long with its extension kept. None where nothing is left.
#[must_use]
pub fn portable(told: &str) -> Option<String> {
    let last = told.rsplit(['/', '\\']).find(|part| !is_nothing(part))?;
    let clean: String = last.chars().map(harmless).collect();
    let clean = clean
        .trim_start_matches(|character: char| character == '.' || character.is_whitespace())
        .trim_end_matches(|character: char| character == '.' || character.is_whitespace());
    if clean.chars().all(|character| character == '_') {
        return None;
    }
    let (stem, extension) = divided(clean);
    let mut stem = stem.to_owned();
    if is_device(&stem) {
        // Before its first dot, since a device is one with any extension.
        let end = stem.find('.').unwrap_or(stem.len());
        let end = stem[..end].trim_end().len();
        stem.insert(end, '_');
    }
    while stem.len() + extension.len() > LONGEST {
        stem.pop();
    }
    // Cutting may have laid a dot or a blank bare; with an extension behind
    // them they are no harm.
    let name = format!("{stem}{extension}");
    let name =
        name.trim_end_matches(|character: char| character == '.' || character.is_whitespace());
    Some(name.to_owned())
}

/// A name that this system takes: unchanged where it has no names of its own
/// to avoid but what a path is made of.
#[must_use]
pub fn for_this_system(name: String) -> String {
    if cfg!(windows) {
        portable(&name).unwrap_or_else(|| "_".to_owned())
    } else {
        name
    }
}

fn is_nothing(part: &str) -> bool {
    part.chars()
        .all(|character| character == '.' || character.is_whitespace())
}

fn harmless(character: char) -> char {
    match character {
        '<' | '>' | ':' | '"' | '|' | '?' | '*' => '_',
        // Marks of direction, and what is not shown at all.
        '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}'
        | '\u{61c}' => '_',
        steering if steering.is_control() => '_',
        other => other,
    }
}

/// Whether Windows takes the name for a device: by what stands before its
/// first dot, without blanks at the end.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end();
    let stem = stem.to_lowercase();
    DEVICES.contains(&stem.as_str())
        || NUMBERED.iter().any(|device| {
            stem.strip_prefix(device).is_some_and(|number| {
                let mut characters = number.chars();
                let digit = characters.next();
                characters.next().is_none()
                    && digit.is_some_and(|digit| {
                        digit.is_ascii_digit() || matches!(digit, '¹' | '²' | '³')
                    })
            })
        })
}

/// The name, and its extension with the dot.
fn divided(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at - 1 <= LONGEST_EXTENSION => name.split_at(at),
        _ => (name, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_device, portable};
    use proptest::prelude::*;

    #[test]
    fn a_name_means_one_file_and_nothing_else() {
        for (told, made) in [
            ("Letter.docx", "Letter.docx"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\ada\\Second letter.eml", "Second letter.eml"),
            ("\\\\server\\share\\a.txt", "a.txt"),
            ("a.txt:evil.exe", "a.txt_evil.exe"),
            ("Report: Q3?.pdf", "Report_ Q3_.pdf"),
            ("con", "con_"),
            ("NUL.txt", "NUL_.txt"),
            ("Com1 .tar.gz", "Com1_ .tar.gz"),
            ("lpt¹.txt", "lpt¹_.txt"),
            ("console.txt", "console.txt"),
            ("com10.txt", "com10.txt"),
            (".ssh", "ssh"),
            ("name. . .", "name"),
            ("exe.\u{202e}fdp.txt", "exe._fdp.txt"),
            ("two\r\nlines.txt", "two__lines.txt"),
            ("Büro 律.msg", "Büro 律.msg"),
            ("a/.", "a"),
        ] {
            assert_eq!(portable(told).as_deref(), Some(made), "{told:?}");
        }
        for told in ["", ".", "..", "/", "\\..\\", " . ", "???", "\0"] {
            assert_eq!(portable(told), None, "{told:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let made = portable(&format!("{}.docx", "ü".repeat(300))).expect("a name");
        assert!(made.len() <= 200 && made.ends_with("ü.docx"), "{made}");
        let made = portable(&format!("a.{}", "x".repeat(300))).expect("a name");
        assert_eq!(made.len(), 200);
    }

    proptest! {
        #[test]
        fn no_text_makes_a_name_that_leads_elsewhere(told in "\\PC*|[.\\\\/: a-cA-C\u{202e}\u{0}-\u{1f}0-9]*|(?i)(con|nul|com[0-9])[. a-z]*") {
            if let Some(made) = portable(&told) {
                prop_assert!(!made.is_empty() && made.len() <= 200);
                prop_assert!(!made.contains(['/', '\\', ':', '<', '>', '"', '|', '?', '*']));
                prop_assert!(!made.chars().any(char::is_control));
                prop_assert!(!made.starts_with('.') && !made.ends_with(['.', ' ']));
                prop_assert!(!is_device(&made), "{made}");
                // What was made is left as it is.
                let again = portable(&made);
                prop_assert_eq!(again, Some(made));
            }
        }
    }
}
