//! Columns that stand under each other, measured as a terminal shows them.

use crate::output::one_line;
use console::{Alignment, measure_text_width, pad_str};

/// A column's heading and the side it leans to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    heading: &'static str,
    alignment: Alignment,
}

impl Column {
    /// Text leans to the left.
    pub(crate) const fn text(heading: &'static str) -> Self {
        Self {
            heading,
            alignment: Alignment::Left,
        }
    }

    /// Numbers lean to the right.
    pub(crate) const fn number(heading: &'static str) -> Self {
        Self {
            heading,
            alignment: Alignment::Right,
        }
    }
}

/// The whole table as text, without a line break at its end.
pub(crate) fn table(columns: &[Column], rows: &[Vec<String>]) -> String {
    let headings = columns
        .iter()
        .map(|column| column.heading.to_uppercase())
        .collect();
    let mut lines: Vec<Vec<String>> = vec![headings];
    lines.extend(
        rows.iter()
            .map(|row| row.iter().map(|cell| one_line(cell)).collect()),
    );
    let widths: Vec<usize> = (0..columns.len())
        .map(|place| {
            lines
                .iter()
                .filter_map(|line| line.get(place))
                .map(|cell| measure_text_width(cell))
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for line in &lines {
        let cells: Vec<String> = line
            .iter()
            .zip(columns)
            .zip(&widths)
            .map(|((cell, column), width)| {
                pad_str(cell, *width, column.alignment, None).into_owned()
            })
            .collect();
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(cells.join("  ").trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Column, table};

    #[test]
    fn columns_stand_under_each_other_also_with_wide_characters() {
        let columns = [
            Column::text("id"),
            Column::number("size"),
            Column::text("name"),
        ];
        let rows = [
            vec!["ACTIVE!1".to_owned(), "7 B".to_owned(), "a\tb".to_owned()],
            vec!["律!12.1".to_owned(), "12.0 MB".to_owned(), String::new()],
        ];
        insta::assert_snapshot!(table(&columns, &rows), @r"
        ID           SIZE  NAME
        ACTIVE!1      7 B  a�b
        律!12.1   12.0 MB
        ");
    }
}
