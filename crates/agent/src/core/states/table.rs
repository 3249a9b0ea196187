//! The exhaustive table, and the page that it stands on.

use super::{Answer, Choice, FACTS, REASONS, STATES, events, facts_of, icon, name};
use crate::core::derive::derive;
use crate::core::wording;
use chancery_proto::local::State;

/// Combinations of facts that lead to the same.
pub(super) struct Row {
    /// For each fact the values that are meant.
    values: Vec<Vec<usize>>,
    pub(super) answer: Answer,
}

impl Row {
    pub(super) fn is_about(&self, choice: Choice) -> bool {
        let mut both = self.values.iter().zip(choice);
        both.all(|(values, value)| values.contains(&value))
    }
}

/// A row for each different answer, by asking the code about every
/// combination: a fact on which nothing depends is any of its values.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    split(&mut Vec::new(), &mut rows);
    rows
}

/// All answers where the first facts are those.
fn answers(first: &[usize]) -> Vec<Answer> {
    let Some((_, values)) = FACTS.get(first.len()) else {
        let choice = Choice::try_from(first).expect("one value for each fact");
        return vec![derive(facts_of(choice))];
    };
    (0..values.len())
        .flat_map(|value| answers(&[first, &[value]].concat()))
        .collect()
}

fn split(meant: &mut Vec<Vec<usize>>, rows: &mut Vec<Row>) {
    let first: Vec<usize> = meant.iter().map(|values| values[0]).collect();
    let all = answers(&first);
    if all.iter().all(|answer| *answer == all[0]) {
        let rest = FACTS.iter().skip(meant.len());
        let mut values = meant.clone();
        values.extend(rest.map(|(_, values)| (0..values.len()).collect::<Vec<_>>()));
        rows.push(Row {
            values,
            answer: all[0],
        });
        return;
    }
    // Values that lead to the same in every case stand together.
    let mut groups: Vec<(Vec<Answer>, Vec<usize>)> = Vec::new();
    for value in 0..FACTS[meant.len()].1.len() {
        let below = answers(&[first.as_slice(), &[value]].concat());
        match groups.iter_mut().find(|(answers, _)| *answers == below) {
            Some((_, values)) => values.push(value),
            None => groups.push((below, vec![value])),
        }
    }
    for (_, values) in groups {
        meant.push(values);
        split(meant, rows);
        meant.pop();
    }
}

fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

fn head(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let rules = vec!["---".to_owned(); names.len()];
    line(&names) + &line(&rules)
}

fn facts_table() -> String {
    let mut names: Vec<_> = FACTS.iter().map(|(name, _)| *name).collect();
    names.extend(["state", "icon"]);
    let mut text = head(&names);
    for row in rows() {
        let facts = FACTS.iter().zip(&row.values);
        let mut cells: Vec<_> = facts
            .map(|((_, words), values)| {
                if values.len() == words.len() {
                    return "any".to_owned();
                }
                let words: Vec<_> = values.iter().map(|value| words[*value]).collect();
                words.join(" or ")
            })
            .collect();
        cells.push(format!("**{}**", name(row.answer.0)));
        cells.push(icon(row.answer.0).to_owned());
        text.push_str(&line(&cells));
    }
    text
}

fn sentences_table() -> String {
    let mut text = head(&["state", "on the wire", "icon", "what a person reads"]);
    let mut add = |state: State, reason| {
        let wire = match reason {
            Some(reason) => {
                let word = serde_json::to_value(reason).expect("a word");
                format!(
                    "`{}`, `{}`",
                    state.as_str(),
                    word.as_str().unwrap_or_default()
                )
            }
            None => format!("`{}`", state.as_str()),
        };
        let sentence = wording::sentence(state, reason, "work.example.com", "Jane Doe");
        text.push_str(&line(&[
            name(state).to_owned(),
            wire,
            icon(state).to_owned(),
            sentence,
        ]));
    };
    for state in STATES {
        if state == State::NeedsUser {
            for reason in REASONS {
                add(state, Some(reason));
            }
        } else {
            add(state, None);
        }
    }
    text
}

fn ways_table() -> String {
    let mut text = head(&["from", "to", "when"]);
    let ways = events::ways();
    for from in STATES {
        for to in STATES {
            let because: Vec<_> = ways
                .iter()
                .filter(|way| (way.0, way.1) == (from, to))
                .map(|way| way.2)
                .collect();
            if !because.is_empty() {
                text.push_str(&line(&[
                    name(from).to_owned(),
                    name(to).to_owned(),
                    because.join("; or "),
                ]));
            }
        }
    }
    text
}

pub(super) fn page() -> String {
    let count: usize = FACTS.iter().map(|(_, values)| values.len()).product();
    format!(
        "# The states of the connection\n\n\
         Nobody assigns a state: it follows from the facts, by one function \
         (`crates/agent/src/core/derive.rs`). This page and its picture are written from that \
         function by its tests, which fail when the code does anything else; \
         `INSTA_UPDATE=always cargo test -p chancery-agent states` writes them anew.\n\n\
         ![The states, and what leads from one to another](states.svg)\n\n\
         ## What follows from which facts\n\n\
         All {count} combinations. Exactly one row is about each of them; *any* means that nothing \
         depends on it.\n\n{}\n\
         A session that has run out is no state to rest in: with the next use it becomes SigningIn. \
         Until then nothing is tried, as before the first use, so that both are shown as Deferred.\n\n\
         ## What is shown\n\n{}\n\
         ## What leads from one state to another\n\n\
         Every way that can happen to an agent after its start. What changes facts without changing \
         the state is not in it.\n\n{}",
        facts_table(),
        sentences_table(),
        ways_table(),
    )
}
