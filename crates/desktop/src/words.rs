//! Every word that a person reads, in one file for each language
//! (`words/en.ftl`, in the Fluent syntax that translators' tools read).
//!
//! What is put into a sentence is isolated (U+2068 and U+2069), so that a name
//! in another direction of writing stands right in it.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use std::sync::OnceLock;
use unic_langid::LanguageIdentifier;

/// The words as they are shipped.
const ENGLISH: &str = include_str!("../words/en.ftl");

fn bundle() -> &'static FluentBundle<FluentResource> {
    static BUNDLE: OnceLock<FluentBundle<FluentResource>> = OnceLock::new();
    BUNDLE.get_or_init(|| {
        let english: LanguageIdentifier = "en".parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![english]);
        // What cannot be read is left out; a test holds the file to be whole.
        let resource = match FluentResource::try_new(ENGLISH.to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        bundle.add_resource_overriding(resource);
        bundle
    })
}

/// The words called `name`.
#[must_use]
pub fn say(name: &str) -> String {
    filled(name, None)
}

/// The words called `name`, with what stands in them.
#[must_use]
pub fn say_with(name: &str, values: &[(&str, &str)]) -> String {
    let mut filling = FluentArgs::new();
    for (place, value) in values {
        filling.set((*place).to_owned(), (*value).to_owned());
    }
    filled(name, Some(&filling))
}

/// The words called `name` for so many of something, called `count` in them.
#[must_use]
pub fn say_count(name: &str, count: usize) -> String {
    let mut filling = FluentArgs::new();
    filling.set("count", count);
    filled(name, Some(&filling))
}

fn filled(name: &str, filling: Option<&FluentArgs<'_>>) -> String {
    let bundle = bundle();
    let Some(pattern) = bundle.get_message(name).and_then(|message| message.value()) else {
        return name.to_owned();
    };
    // An error here is a place that was not filled, which shows in the text.
    let mut errors = Vec::new();
    bundle
        .format_pattern(pattern, filling, &mut errors)
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::{ENGLISH, bundle, say, say_count, say_with};
    use fluent_bundle::FluentResource;
    use std::path::Path;

    #[test]
    fn the_file_can_be_read_whole() {
        let faults = FluentResource::try_new(ENGLISH.to_owned())
            .err()
            .map(|(_, faults)| faults);
        assert_eq!(faults, None);
    }

    #[test]
    fn what_stands_in_a_sentence_is_isolated_and_numbers_have_their_plural() {
        let said = say_with("login-why-application", &[("application", "Mail")]);
        assert!(said.contains("\u{2068}Mail\u{2069}"), "{said}");
        assert_ne!(say_count("uses-calls", 1), say_count("uses-calls", 2));
        assert_eq!(say("no-such-words"), "no-such-words");
    }

    /// What all the sources say, but for this file.
    fn sources(directory: &Path, text: &mut String) {
        for entry in std::fs::read_dir(directory).expect("readable") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                sources(&path, text);
            } else if !path.ends_with("words.rs") {
                text.push_str(&std::fs::read_to_string(&path).expect("readable"));
            }
        }
    }

    /// What the names of words begin with.
    const GROUPS: [&str; 8] = [
        "app-", "state-", "menu-", "login-", "list-", "uses-", "prefer-", "trouble-",
    ];

    #[test]
    fn every_word_is_used_and_every_use_has_its_words() {
        let mut text = String::new();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        sources(&source, &mut text);
        let is_used = |name: &&str| text.contains(&format!("\"{name}\""));
        let defined = ENGLISH
            .lines()
            .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()))
            .filter_map(|line| line.split_once(" ="))
            .map(|(name, _)| name);
        let unused: Vec<_> = defined.filter(|name| !is_used(name)).collect();
        assert!(unused.is_empty(), "nobody says {unused:?}");
        for group in GROUPS {
            for piece in text.split(&format!("\"{group}")).skip(1) {
                let rest = piece.split('"').next().unwrap_or_default();
                let name = format!("{group}{rest}");
                assert!(bundle().has_message(&name), "no words for {name}");
            }
        }
    }
}
