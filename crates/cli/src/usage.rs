//! What is wrong with the arguments, in our words.

use crate::arguments::CommandLine;
use crate::failure::Failure;
use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The failure for what could not be understood; none where the parser's own
/// text is the answer: help, version, and a list of what can follow.
pub(crate) fn failure(told: &clap::Error) -> Option<Failure> {
    let text = |kind: ContextKind| -> Option<String> {
        match told.get(kind)? {
            ContextValue::String(text) => Some(text.clone()),
            ContextValue::Strings(texts) => Some(texts.join("”, “")),
            ContextValue::StyledStr(text) => Some(text.to_string()),
            _ => None,
        }
    };
    let named = |kind| text(kind).unwrap_or_default();
    let sentence = match told.kind() {
        ErrorKind::InvalidSubcommand => format!(
            "“{}” is no command.{}",
            named(ContextKind::InvalidSubcommand),
            meant(text(ContextKind::SuggestedSubcommand))
        ),
        ErrorKind::UnknownArgument => format!(
            "“{}” does not belong here.{}",
            named(ContextKind::InvalidArg),
            meant(text(ContextKind::SuggestedArg))
        ),
        ErrorKind::InvalidValue if named(ContextKind::InvalidValue).is_empty() => {
            format!("“{}” needs a value.", named(ContextKind::InvalidArg))
        }
        ErrorKind::InvalidValue => format!(
            "“{}” cannot stand for “{}”.{}",
            named(ContextKind::InvalidValue),
            named(ContextKind::InvalidArg),
            match text(ContextKind::ValidValue) {
                Some(values) => format!(" It is one of “{values}”."),
                None => String::new(),
            }
        ),
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(told).map(ToString::to_string);
            format!(
                "“{}” cannot stand for “{}”{}.",
                named(ContextKind::InvalidValue),
                named(ContextKind::InvalidArg),
                why.map(|why| format!(": {why}")).unwrap_or_default()
            )
        }
        ErrorKind::ArgumentConflict => {
            let (one, other) = (named(ContextKind::InvalidArg), named(ContextKind::PriorArg));
            if one == other || other.is_empty() {
                format!("“{one}” may be given only once.")
            } else {
                format!("“{one}” and “{other}” do not go together.")
            }
        }
        ErrorKind::MissingRequiredArgument => {
            format!(
                "Something is missing: “{}”.",
                named(ContextKind::InvalidArg)
            )
        }
        ErrorKind::InvalidUtf8 => "An argument is no text.".to_owned(),
        _ => return None,
    };
    Some(Failure::usage(sentence).with_hint(format!(
        "“{} --help” shows how it is written.",
        command(std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()))
    )))
}

fn meant(suggested: Option<String>) -> String {
    match suggested {
        Some(suggested) => format!(" Did you mean “{suggested}”?"),
        None => String::new(),
    }
}

/// The command that was meant, as far as it was written.
fn command(words: impl Iterator<Item = String>) -> String {
    let mut known = CommandLine::command();
    let mut name = known.get_name().to_owned();
    for word in words {
        let below = known.find_subcommand(&word).cloned();
        if let Some(below) = below {
            name.push(' ');
            name.push_str(&word);
            known = below;
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn the_help_that_is_advised_is_that_of_the_command() {
        for (line, named) in [
            ("servers --json add", "chancery servers add"),
            ("frobnicate", "chancery"),
            ("--server archive get x", "chancery get"),
            ("", "chancery"),
        ] {
            let words = line.split_whitespace().map(str::to_owned);
            assert_eq!(command(words), named);
        }
    }
}
