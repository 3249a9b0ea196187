//! Lists that commands take over from files: CSV (RFC 4180) with a first line
//! that names the columns, in UTF-8.

use super::CommandError;
use std::collections::BTreeMap;
use std::path::Path;

/// Longer lists are taken over in parts.
const MOST: usize = 200_000;

/// A line of a list.
#[derive(Debug)]
pub(super) struct Line {
    /// Where it stands, from 1; the names of the columns are in line 1.
    pub(super) number: u64,
    cells: BTreeMap<&'static str, String>,
}

impl Line {
    /// What stands in a column, if anything does.
    pub(super) fn text(&self, column: &str) -> Option<String> {
        self.cells
            .get(column)
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    }

    /// What has to stand there.
    pub(super) fn required(&self, column: &'static str) -> Result<String, CommandError> {
        self.text(column).ok_or_else(|| {
            CommandError::Plain(format!(
                "Line {}: there is nothing under “{column}”. Nothing was taken over.",
                self.number
            ))
        })
    }

    /// Yes or no.
    pub(super) fn flag(&self, column: &str) -> Result<Option<bool>, CommandError> {
        let Some(text) = self.text(column) else {
            return Ok(None);
        };
        match text.to_ascii_lowercase().as_str() {
            "yes" | "true" | "1" | "y" => Ok(Some(true)),
            "no" | "false" | "0" | "n" => Ok(Some(false)),
            _ => Err(CommandError::Plain(format!(
                "Line {}: “{text}” under “{column}” is neither yes nor no. Nothing was taken over.",
                self.number
            ))),
        }
    }
}

/// Reads a list whose columns are among `known`, in any order; each with its
/// other names.
pub(super) fn read(
    path: &Path,
    known: &[(&'static str, &[&str])],
) -> Result<Vec<Line>, CommandError> {
    let bytes = std::fs::read(path).map_err(|error| {
        CommandError::system(format!("“{}” cannot be read", path.display()), error)
    })?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| {
        CommandError::Plain(format!(
            "“{}” is not in UTF-8. Save it as “CSV UTF-8” and try again.",
            path.display()
        ))
    })?;
    parse(text, known)
}

fn parse(text: &str, known: &[(&'static str, &[&str])]) -> Result<Vec<Line>, CommandError> {
    // Office programs put semicolons where a comma is the decimal sign.
    let first = text.lines().next().unwrap_or_default();
    let delimiter = if first.contains(';') && !first.contains(',') {
        b';'
    } else {
        b','
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let wrong = |error: csv::Error| {
        CommandError::Plain(format!(
            "The list cannot be read: {error}. Nothing was taken over."
        ))
    };
    let mut columns = Vec::new();
    for head in reader.headers().map_err(wrong)? {
        let head = head.trim();
        let found = known.iter().find(|(name, others)| {
            name.eq_ignore_ascii_case(head)
                || others.iter().any(|one| one.eq_ignore_ascii_case(head))
        });
        let Some((name, _)) = found else {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            return Err(CommandError::Plain(format!(
                "The list has a column “{head}”. Its first line names the columns, which can be: {}.",
                names.join(", ")
            )));
        };
        if columns.contains(name) {
            return Err(CommandError::Plain(format!(
                "The list has the column “{name}” twice."
            )));
        }
        columns.push(*name);
    }
    let mut lines = Vec::new();
    let (mut number, mut counted) = (1, 0);
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        if lines.len() == MOST {
            return Err(CommandError::Plain(format!(
                "The list has more than {MOST} lines. Take it over in parts."
            )));
        }
        let at = record.position().map_or(0, csv::Position::byte);
        let at = usize::try_from(at).unwrap_or(usize::MAX).min(text.len());
        // The reader leaves the end of a line to the next one.
        let ends = text
            .bytes()
            .skip(at)
            .take_while(|byte| b"\r\n".contains(byte));
        let at = at + ends.count();
        let passed = text.bytes().take(at).skip(counted);
        number += passed.filter(|byte| *byte == b'\n').count() as u64;
        counted = at;
        let cells = columns
            .iter()
            .copied()
            .zip(record.iter().map(str::to_owned))
            .collect();
        lines.push(Line { number, cells });
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::parse;

    const KNOWN: [(&str, &[&str]); 3] =
        [("id", &["alias"]), ("name", &["full_name"]), ("admin", &[])];

    #[test]
    fn a_list_is_read_in_any_order_with_commas_or_semicolons() {
        for text in [
            "name,id\n\"Example, Ann\",ann\n",
            "Alias;Full_Name\r\nann;Example, Ann\r\n",
        ] {
            let lines = parse(text, &KNOWN).expect("a list");
            assert_eq!(lines.len(), 1, "{text}");
            assert_eq!(lines[0].text("id").as_deref(), Some("ann"));
            assert_eq!(lines[0].text("name").as_deref(), Some("Example, Ann"));
            assert_eq!(lines[0].number, 2);
            assert_eq!(lines[0].flag("admin").ok(), Some(None));
        }
    }

    #[test]
    fn what_is_wrong_with_a_list_is_told_with_its_line() {
        let told = |text: &str| match parse(text, &KNOWN) {
            Err(error) => error.to_string(),
            Ok(lines) => {
                let last = lines.last().expect("a line");
                let outcome = last.flag("admin").and_then(|_| last.required("name"));
                outcome.expect_err("refused").to_string()
            }
        };
        assert!(told("id,colour\n").contains("“colour”"));
        assert!(told("id,alias\n").contains("“id” twice"));
        assert!(told("id,name\nann\n").contains("2"));
        assert!(told("id,name,admin\nann,Ann,maybe\n").contains("Line 2: “maybe”"));
        assert!(
            told("id,name\nann,Ann\nbob, \n").contains("Line 3: there is nothing under “name”")
        );
    }
}
