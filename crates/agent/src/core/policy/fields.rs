//! A file taken apart, with the line of every part, and what is wrong in it.

use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The values of a table, and where it stands.
pub(super) struct Part<'t, 'i> {
    pub(super) name: String,
    pub(super) table: &'t DeTable<'i>,
    pub(super) span: Range<usize>,
}

/// Collects the mistakes of one text.
pub(super) struct Mistakes<'i> {
    text: &'i str,
    found: Vec<(usize, String)>,
}

impl<'i> Mistakes<'i> {
    pub(super) fn of(text: &'i str) -> Self {
        Self {
            text,
            found: Vec::new(),
        }
    }

    pub(super) fn note(&mut self, at: Range<usize>, sentence: impl AsRef<str>) {
        let before = self.text.as_bytes().get(..at.start).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let sentence = format!("Line {line}: {}", sentence.as_ref());
        self.found.push((line, sentence));
    }

    /// In the order of their lines; none means that all is well.
    pub(super) fn into_sentences(mut self) -> Vec<String> {
        self.found.sort_by_key(|(line, _)| *line);
        self.found.into_iter().map(|(_, text)| text).collect()
    }
}

impl<'t, 'i> Part<'t, 'i> {
    /// The whole file.
    pub(super) fn whole(table: &'t DeTable<'i>) -> Self {
        Self {
            name: String::new(),
            table,
            span: 0..0,
        }
    }

    /// A table in a table, or a mistake.
    pub(super) fn table(
        name: String,
        value: &'t Spanned<DeValue<'i>>,
        mistakes: &mut Mistakes<'_>,
    ) -> Option<Self> {
        let span = value.span();
        match value.get_ref() {
            DeValue::Table(table) => Some(Self { name, table, span }),
            _ => {
                mistakes.note(
                    span,
                    format!("“{name}” has to be a part of its own: a line [{name}] with its settings below it."),
                );
                None
            }
        }
    }

    /// Whatever else is in it is a mistake.
    pub(super) fn only(&self, known: &[&str], mistakes: &mut Mistakes<'_>) {
        self.only_beside(known, &[], mistakes);
    }

    /// The same where some names are somebody else's to say.
    pub(super) fn only_beside(
        &self,
        known: &[&str],
        elsewhere: &[&str],
        mistakes: &mut Mistakes<'_>,
    ) {
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                continue;
            }
            if elsewhere.contains(&name) {
                let sentence = format!(
                    "“{name}” is the administrator's to say, in the policy file. Take it out here."
                );
                mistakes.note(key.span(), sentence);
                continue;
            }
            let (called, prefix) = if self.name.is_empty() {
                (shown(name), String::new())
            } else {
                (
                    format!("{}.{}", self.name, shown(name)),
                    format!("{}.", self.name),
                )
            };
            let known: Vec<String> = known
                .iter()
                .map(|known| format!("“{prefix}{known}”"))
                .collect();
            let sentence = format!(
                "“{called}” is nothing that can be set. Write {}, or take it out.",
                one_of(&known)
            );
            mistakes.note(key.span(), sentence);
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'t Spanned<DeValue<'i>>> {
        self.table.get(name)
    }

    /// True or false, where it is said.
    pub(super) fn switch(&self, name: &str, mistakes: &mut Mistakes<'_>) -> Option<bool> {
        let value = self.get(name)?;
        let said = value.get_ref().as_bool();
        if said.is_none() {
            let called = format!("{}.{name}", self.name);
            let sentence =
                format!("“{called}” has to be true or false, without quotation marks around it.");
            mistakes.note(value.span(), sentence);
        }
        said
    }

    /// A text, where it is said, and where it stands.
    pub(super) fn text(
        &self,
        name: &str,
        mistakes: &mut Mistakes<'_>,
    ) -> Option<(&'t str, Range<usize>)> {
        let value = self.get(name)?;
        let said = value.get_ref().as_str();
        if said.is_none() {
            let called = format!("{}.{name}", self.name);
            let sentence = format!("“{called}” has to be a text between quotation marks.");
            mistakes.note(value.span(), sentence);
        }
        said.map(|text| (text, value.span()))
    }
}

/// What somebody wrote, short enough for a sentence and in one line.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut short: String = text
        .chars()
        .map(|character| {
            if character.is_control() {
                '�'
            } else {
                character
            }
        })
        .take(LONGEST)
        .collect();
    if text.chars().count() > LONGEST {
        short.push('…');
    }
    short
}

/// Alternatives in words.
fn one_of(all: &[String]) -> String {
    match all {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
