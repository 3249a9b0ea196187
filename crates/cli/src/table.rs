//! Columns that stand under each other, measured as a terminal shows them.

use crate::output::one_line;
use console::{Alignment, measure_text_width, pad_str};

/// A column's heading and the side it leans to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    heading: &'static str,
    alignment: Alignment,
    /// How narrow it may become where the terminal ends; none: never cut.
    narrowest: Option<usize>,
}

impl Column {
    /// Text leans to the left.
    pub(crate) const fn text(heading: &'static str) -> Self {
        Self {
            heading,
            alignment: Alignment::Left,
            narrowest: None,
        }
    }

    /// The same, but where the terminal is narrow it may be cut down to so
    /// many letters; the last column first.
    pub(crate) const fn down_to(self, narrowest: usize) -> Self {
        Self {
            narrowest: Some(narrowest),
            ..self
        }
    }

    /// Numbers lean to the right.
    pub(crate) const fn number(heading: &'static str) -> Self {
        Self {
            heading,
            alignment: Alignment::Right,
            narrowest: None,
        }
    }
}

/// The whole table as text, without a line break at its end. A column in
/// which nothing stands is left out.
pub(crate) fn table(columns: &[Column], rows: &[Vec<String>]) -> String {
    fitted(columns, rows, None)
}

/// As [`table`], no wider than `width` as far as its columns may be cut.
pub(crate) fn fitted(columns: &[Column], rows: &[Vec<String>], width: Option<usize>) -> String {
    let mut used: Vec<(Column, Vec<String>, usize)> = columns
        .iter()
        .enumerate()
        .filter_map(|(place, column)| filled(*column, place, rows))
        .collect();
    let between = used.len().saturating_sub(1) * 2;
    let all: usize = used.iter().map(|(_, _, width)| width).sum();
    let mut over = width.map_or(0, |width| (all + between).saturating_sub(width));
    for (column, _, width) in used.iter_mut().rev() {
        if let Some(narrowest) = column.narrowest {
            let less = over.min(width.saturating_sub(narrowest));
            *width -= less;
            over -= less;
        }
    }
    let lines: Vec<String> = (0..=rows.len())
        .map(|line| {
            let cells: Vec<String> = used
                .iter()
                .map(|(column, cells, width)| {
                    let cell = cells.get(line).map_or("", String::as_str);
                    pad_str(cell, *width, column.alignment, Some("…")).into_owned()
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
    use super::{Column, fitted, table};

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

    #[test]
    fn on_a_narrow_terminal_the_last_column_gives_way_first() {
        let columns = [
            Column::text("id"),
            Column::text("name").down_to(8),
            Column::text("where").down_to(5),
        ];
        let rows = [["ACTIVE!1", "A name of some length", "A workspace"]
            .map(str::to_owned)
            .to_vec()];
        insta::assert_snapshot!(fitted(&columns, &rows, Some(40)), @r"
        ID        NAME                   WHERE
        ACTIVE!1  A name of some length  A work…
        ");
        insta::assert_snapshot!(fitted(&columns, &rows, Some(30)), @r"
        ID        NAME           WHERE
        ACTIVE!1  A name of so…  A wo…
        ");
        assert_eq!(fitted(&columns, &rows, Some(200)), table(&columns, &rows));
    }
}
