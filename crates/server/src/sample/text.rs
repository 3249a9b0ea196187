//! Running text, written once and set as a Word file, a PDF or a text file.

/// One piece of a text.
#[derive(Debug, Clone)]
pub(super) enum Block {
    /// The text's title; once, at the top.
    Title(String),
    /// A line under the title.
    Subtitle(String),
    /// A heading.
    Heading(String),
    /// A paragraph.
    Paragraph(String),
    /// An item of a list.
    Item(String),
    /// A table.
    Table(Table),
    /// Lines that stay as they are: an address, a signature.
    Lines(Vec<String>),
}

/// A table with one line of headings.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// The share of the width that each column takes, in hundredths.
    pub(super) widths: &'static [u32],
    /// The headings.
    pub(super) head: Vec<String>,
    /// The rows; what looks like an amount is set flush right.
    pub(super) rows: Vec<Vec<String>>,
}

pub(super) fn title(text: impl Into<String>) -> Block {
    Block::Title(text.into())
}

pub(super) fn subtitle(text: impl Into<String>) -> Block {
    Block::Subtitle(text.into())
}

pub(super) fn heading(text: impl Into<String>) -> Block {
    Block::Heading(text.into())
}

pub(super) fn paragraph(text: impl Into<String>) -> Block {
    Block::Paragraph(text.into())
}

pub(super) fn item(text: impl Into<String>) -> Block {
    Block::Item(text.into())
}

pub(super) fn lines(text: &[&str]) -> Block {
    Block::Lines(text.iter().map(|line| (*line).to_owned()).collect())
}

pub(super) fn table(widths: &'static [u32], head: &[&str], rows: Vec<Vec<String>>) -> Block {
    Block::Table(Table {
        widths,
        head: head.iter().map(|text| (*text).to_owned()).collect(),
        rows,
    })
}

/// A row of a table.
pub(super) fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

/// Whether a cell holds an amount, a measure or a share.
pub(super) fn is_amount(cell: &str) -> bool {
    let mut digits = 0;
    for character in cell.chars() {
        match character {
            '0'..='9' => digits += 1,
            '€' | '%' | ',' | '.' | '-' | '−' | '+' | ' ' => {}
            _ => return false,
        }
    }
    digits > 0
}

/// Euros from cents, for example `€ 18,450.00`.
pub(super) fn euros(cents: i64) -> String {
    let sign = if cents < 0 { "−" } else { "" };
    let whole = cents.unsigned_abs() / 100;
    let mut grouped = String::new();
    let digits = whole.to_string();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}€ {grouped}.{:02}", cents.unsigned_abs() % 100)
}

/// The text as Markdown.
pub(super) fn markdown(blocks: &[Block]) -> Vec<u8> {
    let mut out = String::new();
    let mut in_list = false;
    for block in blocks {
        let next_item = in_list && matches!(block, Block::Item(_));
        if !(out.is_empty() || next_item) {
            out.push('\n');
        }
        in_list = matches!(block, Block::Item(_));
        match block {
            Block::Title(text) => out.push_str(&format!("# {text}\n")),
            Block::Subtitle(text) => out.push_str(&format!("*{text}*\n")),
            Block::Heading(text) => out.push_str(&format!("## {text}\n")),
            Block::Paragraph(text) => out.push_str(&format!("{text}\n")),
            Block::Item(text) => out.push_str(&format!("- {text}\n")),
            Block::Lines(lines) => out.push_str(&format!("{}\n", lines.join("  \n"))),
            Block::Table(table) => {
                let rule = vec!["---".to_owned(); table.head.len()];
                for row in [&table.head, &rule].into_iter().chain(&table.rows) {
                    out.push_str(&format!("| {} |\n", row.join(" | ")));
                }
            }
        }
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_grouped_in_thousands() {
        assert_eq!(euros(1_845_000), "€ 18,450.00");
        assert_eq!(euros(-99), "−€ 0.99");
        assert_eq!(euros(123_456_789), "€ 1,234,567.89");
        assert!(is_amount(&euros(-99)));
        assert!(is_amount("5.2 %") && !is_amount("K 3") && !is_amount("€"));
    }
}
