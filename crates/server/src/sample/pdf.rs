//! PDF files (ISO 32000-1, version 1.4): A4 pages with real text, two of the
//! fonts that every reader has, and a cross-reference table.

use super::package::Properties;
use super::text::{Block, Table, is_amount};

const WIDTH: f64 = 595.0;
const HEIGHT: f64 = 842.0;
const MARGIN: f64 = 71.0;
const BOTTOM: f64 = 78.0;

/// A PDF file with `blocks`, and `running` at the head of every page.
pub(super) fn pdf(blocks: &[Block], running: &str, properties: Properties<'_>) -> Vec<u8> {
    let mut setter = Setter::default();
    setter.new_page();
    for block in blocks {
        setter.block(block);
    }
    let count = setter.pages.len();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R /Lang (en-GB) >>".to_owned(),
        String::new(), // the page tree, once the pages have their numbers
        font("Helvetica"),
        font("Helvetica-Bold"),
        format!(
            "<< /Title {} /Author {} /CreationDate (D:{}) /ModDate (D:{}) >>",
            literal(properties.title),
            literal(properties.author),
            stamp(&properties.created.to_rfc3339()),
            stamp(&properties.edited.to_rfc3339()),
        ),
    ];
    let mut kids = Vec::new();
    for (index, page) in setter.pages.into_iter().enumerate() {
        let mut content = page;
        content.push_str(&draw(Face::Plain, 8.0, MARGIN, HEIGHT - 45.0, running));
        let foot = format!("Page {} of {count}", index + 1);
        let left = (WIDTH - Face::Plain.width(&foot, 8.0)) / 2.0;
        content.push_str(&draw(Face::Plain, 8.0, left, 45.0, &foot));
        let number = objects.len() + 1;
        kids.push(format!("{number} 0 R"));
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] \
             /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> /Contents {} 0 R >>",
            number + 1
        ));
        objects.push(format!(
            "<< /Length {} >>\nstream\n{content}endstream",
            content.len()
        ));
    }
    if let Some(tree) = objects.get_mut(1) {
        *tree = format!(
            "<< /Type /Pages /Kids [{}] /Count {count} >>",
            kids.join(" ")
        );
    }
    file(&objects)
}

/// The objects, numbered from 1, with their cross-reference table.
fn file(objects: &[String]) -> Vec<u8> {
    let mut out = String::from("%PDF-1.4\n");
    let mut table = String::from("0000000000 65535 f \n");
    for (index, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", out.len()));
        out.push_str(&format!("{} 0 obj\n{object}\nendobj\n", index + 1));
    }
    let start = out.len();
    let size = objects.len() + 1;
    out.push_str(&format!(
        "xref\n0 {size}\n{table}trailer\n<< /Size {size} /Root 1 0 R /Info 5 0 R >>\nstartxref\n{start}\n%%EOF\n"
    ));
    out.into_bytes()
}

fn font(name: &str) -> String {
    format!("<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>")
}

/// `20260312093000Z` from RFC 3339.
fn stamp(time: &str) -> String {
    let digits: String = time.chars().filter(char::is_ascii_digit).take(14).collect();
    format!("{digits}Z")
}

/// Sets text on pages from the top down.
#[derive(Default)]
struct Setter {
    pages: Vec<String>,
    y: f64,
}

impl Setter {
    fn new_page(&mut self) {
        self.pages.push(String::new());
        self.y = HEIGHT - 95.0;
    }

    /// Starts a page unless `height` more fits.
    fn room(&mut self, height: f64) {
        if self.y - height < BOTTOM {
            self.new_page();
        }
    }

    fn put(&mut self, drawing: &str) {
        if let Some(page) = self.pages.last_mut() {
            page.push_str(drawing);
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Title(text) => self.flow(Face::Bold, 18.0, 0.0, text, 6.0),
            Block::Subtitle(text) => self.flow(Face::Plain, 11.0, 0.0, text, 18.0),
            Block::Heading(text) => {
                self.room(60.0); // a heading never stands alone at the foot
                self.y -= 10.0;
                self.flow(Face::Bold, 12.5, 0.0, text, 4.0);
            }
            Block::Paragraph(text) => self.flow(Face::Plain, 10.5, 0.0, text, 7.0),
            Block::Item(text) => {
                self.room(15.0);
                let bullet = draw(Face::Plain, 10.5, MARGIN + 6.0, self.y, "•");
                self.put(&bullet);
                self.flow(Face::Plain, 10.5, 20.0, text, 4.0);
            }
            Block::Lines(lines) => {
                for line in lines {
                    self.flow(Face::Plain, 10.5, 0.0, line, 0.0);
                }
                self.y -= 9.0;
            }
            Block::Table(table) => self.table(table),
        }
    }

    fn flow(&mut self, face: Face, size: f64, indent: f64, text: &str, after: f64) {
        let width = WIDTH - 2.0 * MARGIN - indent;
        for line in face.wrap(text, size, width) {
            self.room(size * 1.4);
            let drawing = draw(face, size, MARGIN + indent, self.y, &line);
            self.put(&drawing);
            self.y -= size * 1.4;
        }
        self.y -= after;
    }

    fn table(&mut self, table: &Table) {
        self.room(60.0);
        self.rule(0.8);
        self.row(Face::Bold, &table.head, table.widths);
        self.rule(0.8);
        for row in &table.rows {
            self.row(Face::Plain, row, table.widths);
            self.rule(0.3);
        }
        self.y -= 14.0;
    }

    fn row(&mut self, face: Face, cells: &[String], widths: &[u32]) {
        let full = WIDTH - 2.0 * MARGIN;
        let mut left = MARGIN;
        let mut set = Vec::new();
        let mut lines = 1;
        for (cell, share) in cells.iter().zip(widths) {
            let width = full * f64::from(*share) / 100.0;
            let wrapped = face.wrap(cell, 9.0, width - 8.0);
            lines = lines.max(wrapped.len());
            set.push((left, width, is_amount(cell), wrapped));
            left += width;
        }
        let height = 5.0 + 12.0 * f64::from(u32::try_from(lines).unwrap_or(1));
        self.room(height + 4.0);
        for (left, width, flush_right, wrapped) in set {
            let mut y = self.y - 8.0;
            for line in wrapped {
                let x = if flush_right {
                    left + width - 4.0 - face.width(&line, 9.0)
                } else {
                    left + 2.0
                };
                let drawing = draw(face, 9.0, x, y, &line);
                self.put(&drawing);
                y -= 12.0;
            }
        }
        self.y -= height;
    }

    fn rule(&mut self, weight: f64) {
        let (y, right) = (self.y + 3.0, WIDTH - MARGIN);
        self.put(&format!(
            "{weight} w {MARGIN} {y:.1} m {right} {y:.1} l S\n"
        ));
    }
}

/// One line of text at a place, measured from the lower left corner.
fn draw(face: Face, size: f64, x: f64, y: f64, text: &str) -> String {
    format!(
        "BT /{} {size} Tf {x:.1} {y:.1} Td {} Tj ET\n",
        face.resource(),
        literal(text)
    )
}

/// A string in the file: ASCII as it is, everything else in octal.
fn literal(text: &str) -> String {
    let mut out = String::from("(");
    for character in text.chars() {
        match character {
            '(' | ')' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            ' '..='~' => out.push(character),
            other => out.push_str(&format!("\\{:03o}", code(other))),
        }
    }
    out.push(')');
    out
}

/// The character's place in the Windows Latin 1 encoding; `?` where it has none.
fn code(character: char) -> u32 {
    match character {
        '€' => 0x80,
        '…' => 0x85,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '•' => 0x95,
        '–' | '−' => 0x96,
        '—' => 0x97,
        '\u{a0}'..='ÿ' => u32::from(character),
        _ => u32::from('?'),
    }
}

#[derive(Clone, Copy)]
enum Face {
    Plain,
    Bold,
}

impl Face {
    fn resource(self) -> &'static str {
        match self {
            Self::Plain => "F1",
            Self::Bold => "F2",
        }
    }

    /// Points that `text` takes at `size`.
    fn width(self, text: &str, size: f64) -> f64 {
        let thousandths: u32 = text.chars().map(|character| self.advance(character)).sum();
        f64::from(thousandths) * size / 1000.0
    }

    fn advance(self, character: char) -> u32 {
        let table = match self {
            Self::Plain => &PLAIN,
            Self::Bold => &BOLD,
        };
        let index = match character {
            'Ä' | 'À' => 'A',
            'Ö' | 'Ü' => 'O',
            '‘' | '’' => '(',
            '“' | '”' => '-',
            '•' => '*',
            '—' => 'M',
            ' '..='~' => character,
            _ => '0',
        };
        let index = usize::try_from(u32::from(index) - 32).unwrap_or(0);
        table.get(index).copied().map_or(556, u32::from)
    }

    /// Lines no wider than `width` points.
    fn wrap(self, text: &str, size: f64, width: f64) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = String::new();
        // The euro sign stays with its amount.
        let text = text.replace("€ ", "€\u{a0}").replace("§ ", "§\u{a0}");
        for word in text.split(' ') {
            let longer = if line.is_empty() {
                word.to_owned()
            } else {
                format!("{line} {word}")
            };
            if self.width(&longer, size) <= width || line.is_empty() {
                line = longer;
            } else {
                lines.push(std::mem::replace(&mut line, word.to_owned()));
            }
        }
        lines.push(line);
        lines
    }
}

/// Advance widths of ASCII from space to tilde, in thousandths of the size.
#[rustfmt::skip]
const PLAIN: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
/// The same for the bold face.
#[rustfmt::skip]
const BOLD: [u16; 95] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
];
