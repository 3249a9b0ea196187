//! What Word, Excel and PowerPoint files have in common: a zip of XML parts,
//! their types, how they refer to one another, and the document's properties
//! (ECMA-376, part 2).

use super::archive::{Entry, archive};
use chancery_proto::clock::Timestamp;

/// The first line of every part.
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
/// Where the relationship types of office documents live.
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
/// Where the relationship types of packages live.
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";

/// Who wrote a file, when, and what it is called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Properties<'a> {
    /// The title.
    pub(super) title: &'a str,
    /// Who wrote it.
    pub(super) author: &'a str,
    /// When it was made.
    pub(super) created: Timestamp,
    /// When it was last changed.
    pub(super) edited: Timestamp,
}

/// A package in the making.
pub(super) struct Package {
    types: String,
    entries: Vec<Entry>,
}

impl Package {
    /// A package whose main part is `main`.
    pub(super) fn new(main: &str, properties: Properties<'_>) -> Self {
        let mut package = Self {
            types: String::new(),
            entries: Vec::new(),
        };
        package.entries.push(Entry {
            path: "_rels/.rels".to_owned(),
            bytes: format!(
                "{DECLARATION}<Relationships xmlns=\"{PACKAGE}/relationships\">\
                 <Relationship Id=\"rId1\" Type=\"{OFFICE}/officeDocument\" Target=\"{main}\"/>\
                 <Relationship Id=\"rId2\" Type=\"{PACKAGE}/relationships/metadata/core-properties\" Target=\"docProps/core.xml\"/>\
                 </Relationships>"
            )
            .into_bytes(),
        });
        package.part(
            "docProps/core.xml",
            "application/vnd.openxmlformats-package.core-properties+xml",
            &format!(
                "<cp:coreProperties xmlns:cp=\"{PACKAGE}/metadata/core-properties\" \
                 xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:dcterms=\"http://purl.org/dc/terms/\" \
                 xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
                 <dc:title>{}</dc:title><dc:creator>{author}</dc:creator>\
                 <cp:lastModifiedBy>{author}</cp:lastModifiedBy>\
                 <dcterms:created xsi:type=\"dcterms:W3CDTF\">{}</dcterms:created>\
                 <dcterms:modified xsi:type=\"dcterms:W3CDTF\">{}</dcterms:modified>\
                 </cp:coreProperties>",
                escape(properties.title),
                whole_seconds(properties.created),
                whole_seconds(properties.edited),
                author = escape(properties.author),
            ),
        );
        package
    }

    /// Adds a part with its content type.
    pub(super) fn part(&mut self, path: &str, content_type: &str, xml: &str) {
        self.types.push_str(&format!(
            "<Override PartName=\"/{path}\" ContentType=\"{content_type}\"/>"
        ));
        self.entries.push(Entry {
            path: path.to_owned(),
            bytes: format!("{DECLARATION}{xml}").into_bytes(),
        });
    }

    /// Says what `part` refers to: kinds (`styles`, `slide` …) and targets,
    /// with the ids `rId1`, `rId2` … in that order.
    pub(super) fn relations(&mut self, part: &str, targets: &[(&str, String)]) {
        let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
        let mut xml = format!("{DECLARATION}<Relationships xmlns=\"{PACKAGE}/relationships\">");
        for (number, (kind, target)) in targets.iter().enumerate() {
            xml.push_str(&format!(
                "<Relationship Id=\"rId{}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/>",
                number + 1
            ));
        }
        xml.push_str("</Relationships>");
        self.entries.push(Entry {
            path: format!("{folder}/_rels/{file}.rels"),
            bytes: xml.into_bytes(),
        });
    }

    /// The finished file.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let types = format!(
            "{DECLARATION}<Types xmlns=\"{PACKAGE}/content-types\">\
             <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
             <Default Extension=\"xml\" ContentType=\"application/xml\"/>{}</Types>",
            self.types
        );
        // Readers look at the types first; some want them to come first too.
        self.entries.insert(
            0,
            Entry {
                path: "[Content_Types].xml".to_owned(),
                bytes: types.into_bytes(),
            },
        );
        archive(&self.entries)
    }
}

/// Text made safe between tags and inside attributes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

/// RFC 3339 without a fraction, the form that every office suite reads.
fn whole_seconds(time: Timestamp) -> String {
    let text = time.to_rfc3339();
    match text.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => text,
    }
}
