//! Excel files (ECMA-376, SpreadsheetML): sheets with numbers, dates and
//! formulas that carry their result, so that a viewer need not calculate.

use super::calendar::Day;
use super::package::{Package, Properties, escape};

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";

/// One sheet of a workbook.
pub(super) struct Sheet {
    /// The name on its tab.
    pub(super) name: &'static str,
    /// The width of each column, in characters.
    pub(super) columns: &'static [u32],
    /// How many rows stay in place when the rest scrolls.
    pub(super) frozen: usize,
    /// The rows, from the first.
    pub(super) rows: Vec<Vec<Cell>>,
}

/// One cell.
#[derive(Clone)]
pub(super) enum Cell {
    /// Nothing.
    Empty,
    /// The sheet's title.
    Title(String),
    /// A column's heading.
    Head(String),
    /// Text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// An amount in cents.
    Money(i64),
    /// A formula whose result is an amount in cents.
    Sum(String, i64),
    /// Hours, in tenths.
    Hours(i64),
    /// A share, in tenths of a percent.
    Share(i64),
    /// A day.
    Date(Day),
}

pub(super) fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

pub(super) fn heads(texts: &[&str]) -> Vec<Cell> {
    texts
        .iter()
        .map(|text| Cell::Head((*text).to_owned()))
        .collect()
}

/// An Excel file with `sheets`.
pub(super) fn excel(sheets: &[Sheet], properties: Properties<'_>) -> Vec<u8> {
    let mut package = Package::new("xl/workbook.xml", properties);
    let mut listed = String::new();
    let mut relations = Vec::new();
    for (index, sheet) in sheets.iter().enumerate() {
        let number = index + 1;
        listed.push_str(&format!(
            "<sheet name=\"{}\" sheetId=\"{number}\" r:id=\"rId{number}\"/>",
            escape(sheet.name)
        ));
        relations.push(("worksheet", format!("worksheets/sheet{number}.xml")));
        package.part(
            &format!("xl/worksheets/sheet{number}.xml"),
            &format!("{TYPE}.worksheet+xml"),
            &worksheet(sheet),
        );
    }
    relations.push(("styles", "styles.xml".to_owned()));
    package.part(
        "xl/workbook.xml",
        &format!("{TYPE}.sheet.main+xml"),
        &format!(
            "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets>{listed}</sheets></workbook>"
        ),
    );
    package.part("xl/styles.xml", &format!("{TYPE}.styles+xml"), &styles());
    package.relations("xl/workbook.xml", &relations);
    package.finish()
}

fn worksheet(sheet: &Sheet) -> String {
    let mut out = format!(
        "<worksheet xmlns=\"{MAIN}\"><sheetPr><pageSetUpPr fitToPage=\"1\"/></sheetPr><sheetViews>"
    );
    out.push_str("<sheetView workbookViewId=\"0\">");
    if sheet.frozen > 0 {
        out.push_str(&format!(
            "<pane ySplit=\"{}\" topLeftCell=\"A{}\" activePane=\"bottomLeft\" state=\"frozen\"/>",
            sheet.frozen,
            sheet.frozen + 1
        ));
    }
    out.push_str("</sheetView></sheetViews><cols>");
    for (index, width) in sheet.columns.iter().enumerate() {
        let number = index + 1;
        out.push_str(&format!(
            "<col min=\"{number}\" max=\"{number}\" width=\"{width}\" customWidth=\"1\"/>"
        ));
    }
    out.push_str("</cols><sheetData>");
    for (index, row) in sheet.rows.iter().enumerate() {
        let number = index + 1;
        out.push_str(&format!("<row r=\"{number}\">"));
        for (cell, column) in row.iter().zip('A'..='Z') {
            write_cell(&mut out, cell, &format!("{column}{number}"));
        }
        out.push_str("</row>");
    }
    out.push_str(
        "</sheetData><pageMargins left=\"0.6\" right=\"0.6\" top=\"0.7\" bottom=\"0.7\" header=\"0.3\" footer=\"0.3\"/>\
         <pageSetup paperSize=\"9\" orientation=\"landscape\" fitToWidth=\"1\" fitToHeight=\"0\"/></worksheet>",
    );
    out
}

fn write_cell(out: &mut String, cell: &Cell, place: &str) {
    let words = |style: u32, text: &str| {
        format!(
            "<c r=\"{place}\" s=\"{style}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{}</t></is></c>",
            escape(text)
        )
    };
    let number =
        |style: u32, value: &str| format!("<c r=\"{place}\" s=\"{style}\"><v>{value}</v></c>");
    let written = match cell {
        Cell::Empty => return,
        Cell::Text(text) => words(0, text),
        Cell::Head(text) => words(1, text),
        Cell::Title(text) => words(2, text),
        Cell::Number(value) => number(3, &value.to_string()),
        Cell::Money(cents) => number(4, &decimal(*cents)),
        Cell::Date(day) => number(5, &day.spreadsheet().to_string()),
        Cell::Hours(tenths) => number(8, &format!("{}.{}", tenths / 10, tenths % 10)),
        Cell::Share(tenths) => number(6, &format!("{}.{:03}", tenths / 1000, tenths % 1000)),
        Cell::Sum(formula, cents) => format!(
            "<c r=\"{place}\" s=\"7\"><f>{}</f><v>{}</v></c>",
            escape(formula),
            decimal(*cents)
        ),
    };
    out.push_str(&written);
}

/// Cents as a decimal number: `-3690.00`.
fn decimal(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}

/// The formats that `write_cell` names by number.
fn styles() -> String {
    let font = |extra: &str| format!("<font>{extra}<name val=\"Arial\"/></font>");
    let format = |number: u32, font: u32, fill: u32, border: u32| {
        format!(
            "<xf numFmtId=\"{number}\" fontId=\"{font}\" fillId=\"{fill}\" borderId=\"{border}\" xfId=\"0\" \
             applyNumberFormat=\"1\" applyFont=\"1\" applyFill=\"1\" applyBorder=\"1\"/>"
        )
    };
    let formats = [
        format(0, 0, 0, 0),
        format(0, 1, 2, 1),
        format(0, 2, 0, 0),
        format(3, 0, 0, 0),
        format(164, 0, 0, 0),
        format(165, 0, 0, 0),
        format(166, 0, 0, 0),
        format(164, 1, 0, 2),
        format(167, 0, 0, 0),
    ]
    .concat();
    format!(
        "<styleSheet xmlns=\"{MAIN}\"><numFmts count=\"4\">\
         <numFmt numFmtId=\"164\" formatCode=\"#,##0.00&quot; €&quot;;[Red]-#,##0.00&quot; €&quot;\"/>\
         <numFmt numFmtId=\"165\" formatCode=\"yyyy\\-mm\\-dd\"/>\
         <numFmt numFmtId=\"166\" formatCode=\"0.0%\"/>\
         <numFmt numFmtId=\"167\" formatCode=\"0.0\"/></numFmts>\
         <fonts count=\"3\">{}{}{}</fonts>\
         <fills count=\"3\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill patternType=\"gray125\"/></fill>\
         <fill><patternFill patternType=\"solid\"><fgColor rgb=\"FFE8EDF2\"/></patternFill></fill></fills>\
         <borders count=\"3\"><border><left/><right/><top/><bottom/><diagonal/></border>\
         <border><left/><right/><top/><bottom style=\"thin\"><color rgb=\"FF5A6B78\"/></bottom><diagonal/></border>\
         <border><left/><right/><top style=\"thin\"><color rgb=\"FF5A6B78\"/></top><bottom/><diagonal/></border></borders>\
         <cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>\
         <cellXfs count=\"9\">{formats}</cellXfs>\
         <cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles></styleSheet>",
        font("<sz val=\"10\"/>"),
        font("<b/><sz val=\"10\"/>"),
        font("<b/><sz val=\"14\"/><color rgb=\"FF1F3A4D\"/>"),
    )
}
