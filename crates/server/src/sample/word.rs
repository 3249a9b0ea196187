//! Word files (ECMA-376, WordprocessingML).

use super::package::{Package, Properties, escape};
use super::text::{Block, Table, is_amount};

const MAIN: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const TYPE: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml";
/// A4 less 25 mm on both sides, in twentieths of a point.
const TEXT_WIDTH: u32 = 9_070;

/// A Word file with `blocks`, and `running` at the head of every page.
pub(super) fn word(blocks: &[Block], running: &str, properties: Properties<'_>) -> Vec<u8> {
    let mut body = String::new();
    for block in blocks {
        write_block(&mut body, block);
    }
    let mut package = Package::new("word/document.xml", properties);
    package.part(
        "word/document.xml",
        &format!("{TYPE}.document.main+xml"),
        &format!(
            "<w:document xmlns:w=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><w:body>{body}<w:sectPr>\
             <w:headerReference w:type=\"default\" r:id=\"rId3\"/>\
             <w:footerReference w:type=\"default\" r:id=\"rId4\"/>\
             <w:pgSz w:w=\"11906\" w:h=\"16838\"/>\
             <w:pgMar w:top=\"1418\" w:right=\"1418\" w:bottom=\"1418\" w:left=\"1418\" \
             w:header=\"709\" w:footer=\"709\" w:gutter=\"0\"/></w:sectPr></w:body></w:document>"
        ),
    );
    package.part("word/styles.xml", &format!("{TYPE}.styles+xml"), &styles());
    package.part(
        "word/numbering.xml",
        &format!("{TYPE}.numbering+xml"),
        &numbering(),
    );
    package.part(
        "word/header1.xml",
        &format!("{TYPE}.header+xml"),
        &format!(
            "<w:hdr xmlns:w=\"{MAIN}\"><w:p><w:pPr><w:pStyle w:val=\"Header\"/></w:pPr>{}</w:p></w:hdr>",
            runs(running, "")
        ),
    );
    package.part(
        "word/footer1.xml",
        &format!("{TYPE}.footer+xml"),
        &format!(
            "<w:ftr xmlns:w=\"{MAIN}\"><w:p><w:pPr><w:pStyle w:val=\"Footer\"/></w:pPr>{}{}{}{}</w:p></w:ftr>",
            runs("Page ", ""),
            field("PAGE"),
            runs(" of ", ""),
            field("NUMPAGES"),
        ),
    );
    package.relations(
        "word/document.xml",
        &[
            ("styles", "styles.xml".to_owned()),
            ("numbering", "numbering.xml".to_owned()),
            ("header", "header1.xml".to_owned()),
            ("footer", "footer1.xml".to_owned()),
        ],
    );
    package.finish()
}

fn write_block(body: &mut String, block: &Block) {
    match block {
        Block::Title(text) => body.push_str(&styled("Title", text)),
        Block::Subtitle(text) => body.push_str(&styled("Subtitle", text)),
        Block::Heading(text) => body.push_str(&styled("Heading1", text)),
        Block::Paragraph(text) => body.push_str(&styled("Normal", text)),
        Block::Item(text) => body.push_str(&styled("ListBullet", text)),
        Block::Lines(lines) => {
            body.push_str("<w:p>");
            for (index, line) in lines.iter().enumerate() {
                if index > 0 {
                    body.push_str("<w:r><w:br/></w:r>");
                }
                body.push_str(&runs(line, ""));
            }
            body.push_str("</w:p>");
        }
        Block::Table(table) => write_table(body, table),
    }
}

fn styled(style: &str, text: &str) -> String {
    format!(
        "<w:p><w:pPr><w:pStyle w:val=\"{style}\"/></w:pPr>{}</w:p>",
        runs(text, "")
    )
}

fn write_table(body: &mut String, table: &Table) {
    body.push_str("<w:tbl><w:tblPr><w:tblStyle w:val=\"TableGrid\"/>");
    body.push_str(&format!(
        "<w:tblW w:w=\"{TEXT_WIDTH}\" w:type=\"dxa\"/><w:tblLayout w:type=\"fixed\"/></w:tblPr><w:tblGrid>"
    ));
    let widths: Vec<u32> = table
        .widths
        .iter()
        .map(|share| TEXT_WIDTH * share / 100)
        .collect();
    for width in &widths {
        body.push_str(&format!("<w:gridCol w:w=\"{width}\"/>"));
    }
    body.push_str("</w:tblGrid>");
    write_row(body, &table.head, &widths, true);
    for row in &table.rows {
        write_row(body, row, &widths, false);
    }
    // Word wants a paragraph between a table and whatever follows.
    body.push_str("</w:tbl><w:p/>");
}

fn write_row(body: &mut String, cells: &[String], widths: &[u32], is_head: bool) {
    body.push_str("<w:tr><w:trPr><w:cantSplit/>");
    body.push_str(if is_head {
        "<w:tblHeader/></w:trPr>"
    } else {
        "</w:trPr>"
    });
    for (cell, width) in cells.iter().zip(widths) {
        let (shade, face) = if is_head {
            (
                "<w:shd w:val=\"clear\" w:color=\"auto\" w:fill=\"E8EDF2\"/>",
                "<w:b/>",
            )
        } else {
            ("", "")
        };
        let side = if is_amount(cell) { "right" } else { "left" };
        body.push_str(&format!(
            "<w:tc><w:tcPr><w:tcW w:w=\"{width}\" w:type=\"dxa\"/>{shade}</w:tcPr>\
             <w:p><w:pPr><w:pStyle w:val=\"TableText\"/><w:jc w:val=\"{side}\"/></w:pPr>{}</w:p></w:tc>",
            runs(cell, face)
        ));
    }
    body.push_str("</w:tr>");
}

/// The text as runs; Arabic and Hebrew go into runs of their own, which say
/// that they read from right to left.
fn runs(text: &str, face: &str) -> String {
    let mut out = String::new();
    for (piece, right_to_left) in directions(text) {
        let direction = if right_to_left { "<w:rtl/>" } else { "" };
        let properties = if face.is_empty() && direction.is_empty() {
            String::new()
        } else {
            format!("<w:rPr>{face}{direction}</w:rPr>")
        };
        out.push_str(&format!(
            "<w:r>{properties}<w:t xml:space=\"preserve\">{}</w:t></w:r>",
            escape(&piece)
        ));
    }
    out
}

/// Pieces of one direction each. Spaces between two words of a right-to-left
/// name belong to the name; those around it do not.
fn directions(text: &str) -> Vec<(String, bool)> {
    let mut pieces: Vec<(String, bool)> = Vec::new();
    let mut waiting = String::new();
    for character in text.chars() {
        let right_to_left = matches!(character, '\u{590}'..='\u{6ff}');
        let in_name = pieces.last().is_some_and(|piece| piece.1);
        if in_name && !right_to_left && matches!(character, ' ' | '"') {
            waiting.push(character);
            continue;
        }
        match pieces.last_mut() {
            Some(piece) if piece.1 == right_to_left => {
                piece.0.push_str(&waiting);
                piece.0.push(character);
            }
            _ => pieces.push((format!("{waiting}{character}"), right_to_left)),
        }
        waiting.clear();
    }
    if !waiting.is_empty() {
        pieces.push((waiting, false));
    }
    pieces
}

fn field(name: &str) -> String {
    format!("<w:fldSimple w:instr=\" {name} \"><w:r><w:t>1</w:t></w:r></w:fldSimple>")
}

fn styles() -> String {
    let fonts = |name: &str| {
        format!(
            "<w:rFonts w:ascii=\"{name}\" w:hAnsi=\"{name}\" w:eastAsia=\"{name}\" w:cs=\"{name}\"/>"
        )
    };
    let serif = fonts("Times New Roman");
    let sans = fonts("Arial");
    let style = |id: &str, name: &str, paragraph: &str, run: &str| {
        format!(
            "<w:style w:type=\"paragraph\" w:styleId=\"{id}\"><w:name w:val=\"{name}\"/>\
             <w:basedOn w:val=\"Normal\"/><w:pPr>{paragraph}</w:pPr><w:rPr>{run}</w:rPr></w:style>"
        )
    };
    let mut out = format!(
        "<w:styles xmlns:w=\"{MAIN}\"><w:docDefaults><w:rPrDefault><w:rPr>{serif}\
         <w:sz w:val=\"22\"/><w:szCs w:val=\"22\"/><w:lang w:val=\"en-GB\" w:bidi=\"ar-SA\"/></w:rPr></w:rPrDefault>\
         <w:pPrDefault><w:pPr><w:spacing w:after=\"140\" w:line=\"276\" w:lineRule=\"auto\"/></w:pPr></w:pPrDefault>\
         </w:docDefaults><w:style w:type=\"paragraph\" w:default=\"1\" w:styleId=\"Normal\"><w:name w:val=\"Normal\"/></w:style>"
    );
    out.push_str(&style(
        "Title",
        "Title",
        "<w:spacing w:before=\"0\" w:after=\"80\" w:line=\"240\" w:lineRule=\"auto\"/>",
        &format!(
            "{sans}<w:b/><w:color w:val=\"1F3A4D\"/><w:sz w:val=\"36\"/><w:szCs w:val=\"36\"/>"
        ),
    ));
    out.push_str(&style(
        "Subtitle",
        "Subtitle",
        "<w:spacing w:after=\"360\"/>",
        &format!("{sans}<w:color w:val=\"5A6B78\"/><w:sz w:val=\"22\"/><w:szCs w:val=\"22\"/>"),
    ));
    out.push_str(&style(
        "Heading1",
        "heading 1",
        "<w:keepNext/><w:spacing w:before=\"320\" w:after=\"100\"/><w:outlineLvl w:val=\"0\"/>",
        &format!(
            "{sans}<w:b/><w:color w:val=\"1F3A4D\"/><w:sz w:val=\"25\"/><w:szCs w:val=\"25\"/>"
        ),
    ));
    out.push_str(&style(
        "ListBullet",
        "List Bullet",
        "<w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"1\"/></w:numPr><w:spacing w:after=\"60\"/>",
        "",
    ));
    out.push_str(&style(
        "TableText",
        "Table Text",
        "<w:spacing w:before=\"40\" w:after=\"40\" w:line=\"240\" w:lineRule=\"auto\"/>",
        "<w:sz w:val=\"20\"/><w:szCs w:val=\"20\"/>",
    ));
    for (id, name, side) in [("Header", "header", "left"), ("Footer", "footer", "center")] {
        out.push_str(&style(
            id,
            name,
            &format!("<w:jc w:val=\"{side}\"/>"),
            &format!("{sans}<w:color w:val=\"5A6B78\"/><w:sz w:val=\"16\"/><w:szCs w:val=\"16\"/>"),
        ));
    }
    let sides = ["top", "left", "bottom", "right", "insideH", "insideV"];
    let borders: String = sides
        .iter()
        .map(|side| {
            format!("<w:{side} w:val=\"single\" w:sz=\"4\" w:space=\"0\" w:color=\"B4BFC8\"/>")
        })
        .collect();
    out.push_str(&format!(
        "<w:style w:type=\"table\" w:styleId=\"TableGrid\"><w:name w:val=\"Table Grid\"/>\
         <w:tblPr><w:tblBorders>{borders}</w:tblBorders></w:tblPr></w:style></w:styles>"
    ));
    out
}

fn numbering() -> String {
    format!(
        "<w:numbering xmlns:w=\"{MAIN}\"><w:abstractNum w:abstractNumId=\"0\"><w:lvl w:ilvl=\"0\">\
         <w:start w:val=\"1\"/><w:numFmt w:val=\"bullet\"/><w:lvlText w:val=\"•\"/><w:lvlJc w:val=\"left\"/>\
         <w:pPr><w:ind w:left=\"567\" w:hanging=\"283\"/></w:pPr></w:lvl></w:abstractNum>\
         <w:num w:numId=\"1\"><w:abstractNumId w:val=\"0\"/></w:num></w:numbering>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_to_left_name_stands_in_a_run_of_its_own() {
        let pieces = directions("between שלום רב (the guarantor) and us");
        assert_eq!(
            pieces,
            [
                ("between ".to_owned(), false),
                ("שלום רב".to_owned(), true),
                (" (the guarantor) and us".to_owned(), false),
            ]
        );
    }
}
