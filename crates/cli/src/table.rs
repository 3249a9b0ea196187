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

/// The whole table as text, without a line break at its end. A column in
/// which nothing stands is left out.
pub(crate) fn table(columns: &[Column], rows: &[Vec<String>]) -> String {
    let used: Vec<(Column, Vec<String>, usize)> = columns
        .iter()
        .enumerate()
        .filter_map(|(place, column)| filled(*column, place, rows))
        .collect();
    let lines: Vec<String> = (0..=rows.len())
        .map(|line| {
            let cells: Vec<String> = used
                .iter()
                .map(|(column, cells, width)| {
                    let cell = cells.get(line).map_or("", String::as_str);
                    pad_str(cell, *width, column.alignment, None).into_owned()
                })
                .collect();
            cells.join("  ").trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

/// A column with its heading, its cells and its width, unless it is empty.
fn filled(
    column: Column,
    place: usize,
    rows: &[Vec<String>],
) -> Option<(Column, Vec<String>, usize)> {
    let cells: Vec<String> = rows
        .iter()
        .map(|row| {
            row.get(place)
                .map(|cell| one_line(cell))
                .unwrap_or_default()
        })
        .collect();
    if cells.iter().all(String::is_empty) {
        return None;
    }
    let mut all = vec![column.heading.to_uppercase()];
    all.extend(cells);
    let width = all.iter().map(|cell| measure_text_width(cell)).max()?;
    Some((column, all, width))
}

#[cfg(test)]
mod tests {
    use super::{Column, table};

    #[test]
    fn columns_stand_under_each_other_also_with_wide_characters() {
        let columns = [
            Column::text("id"),
            Column::number("size"),
            Column::text("never"),
            Column::text("name"),
        ];
        let rows = [
            vec![
                "ACTIVE!1".to_owned(),
                "7 B".to_owned(),
                String::new(),
                "a\tb".to_owned(),
            ],
            vec![
                "律!12.1".to_owned(),
                "12.0 MB".to_owned(),
                String::new(),
                String::new(),
            ],
        ];
        insta::assert_snapshot!(table(&columns, &rows), @r"
        ID           SIZE  NAME
        ACTIVE!1      7 B  a�b
        律!12.1   12.0 MB
        ");
    }
}
