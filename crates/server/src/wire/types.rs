//! Document types: what an extension means, and how it is served.

/// A type of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DocumentType {
    pub(crate) alias: &'static str,
    pub(crate) description: &'static str,
    /// The usual extension.
    pub(crate) extension: &'static str,
    /// Media type (RFC 6838).
    pub(crate) media: &'static str,
}

const fn of(
    alias: &'static str,
    description: &'static str,
    extension: &'static str,
    media: &'static str,
) -> DocumentType {
    DocumentType {
        alias,
        description,
        extension,
        media,
    }
}

/// Every type this server tells apart. The first of an alias is its usual extension.
pub(crate) const TYPES: &[DocumentType] = &[
    of("WORD", "Word 97-2003 document", "doc", "application/msword"),
    of(
        "WORDX",
        "Word document",
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    of(
        "WORDXM",
        "Word document with macros",
        "docm",
        "application/vnd.ms-word.document.macroEnabled.12",
    ),
    of(
        "WORDXT",
        "Word template",
        "dotx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.template",
    ),
    of(
        "EXCEL",
        "Excel 97-2003 workbook",
        "xls",
        "application/vnd.ms-excel",
    ),
    of(
        "EXCELX",
        "Excel workbook",
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    of(
        "EXCELXM",
        "Excel workbook with macros",
        "xlsm",
        "application/vnd.ms-excel.sheet.macroEnabled.12",
    ),
    of(
        "PPT",
        "PowerPoint 97-2003 presentation",
        "ppt",
        "application/vnd.ms-powerpoint",
    ),
    of(
        "PPTX",
        "PowerPoint presentation",
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    of(
        "ODT",
        "OpenDocument text",
        "odt",
        "application/vnd.oasis.opendocument.text",
    ),
    of(
        "ODS",
        "OpenDocument spreadsheet",
        "ods",
        "application/vnd.oasis.opendocument.spreadsheet",
    ),
    of(
        "ODP",
        "OpenDocument presentation",
        "odp",
        "application/vnd.oasis.opendocument.presentation",
    ),
    of("ACROBAT", "PDF document", "pdf", "application/pdf"),
    of("MIME", "Internet message", "eml", "message/rfc822"),
    of(
        "NOTES",
        "Outlook message",
        "msg",
        "application/vnd.ms-outlook",
    ),
    of("ANSI", "Text", "txt", "text/plain; charset=utf-8"),
    of("ANSI", "Text", "log", "text/plain; charset=utf-8"),
    of("ANSI", "Text", "md", "text/plain; charset=utf-8"),
    of("CSV", "Comma-separated values", "csv", "text/csv"),
    of("RTF", "Rich text", "rtf", "application/rtf"),
    of("HTML", "Web page", "html", "text/html"),
    of("HTML", "Web page", "htm", "text/html"),
    of("XML", "XML", "xml", "application/xml"),
    of("JSON", "JSON", "json", "application/json"),
    of("TIFF", "TIFF image", "tif", "image/tiff"),
    of("TIFF", "TIFF image", "tiff", "image/tiff"),
    of("JPEG", "JPEG image", "jpg", "image/jpeg"),
    of("JPEG", "JPEG image", "jpeg", "image/jpeg"),
    of("GIF", "GIF image", "gif", "image/gif"),
    of("PNG", "PNG image", "png", "image/png"),
    of("BMP", "Bitmap image", "bmp", "image/bmp"),
    of(
        "WPF",
        "WordPerfect document",
        "wpd",
        "application/vnd.wordperfect",
    ),
    of("URL", "Web address", "url", "application/octet-stream"),
    of("ZIP", "ZIP archive", "zip", "application/zip"),
    of("CALENDAR", "Calendar entry", "ics", "text/calendar"),
];

/// What any other extension is.
pub(crate) const OTHER: DocumentType = of("OTHER", "Other file", "", "application/octet-stream");

/// The type of an extension without dot, in any case.
pub(crate) fn of_extension(extension: &str) -> DocumentType {
    TYPES
        .iter()
        .find(|one| one.extension.eq_ignore_ascii_case(extension))
        .copied()
        .unwrap_or(OTHER)
}

/// The type of an alias.
pub(crate) fn of_alias(alias: &str) -> Option<DocumentType> {
    TYPES
        .iter()
        .find(|one| one.alias.eq_ignore_ascii_case(alias))
        .copied()
}

/// The type that is kept: what was said, unless the extension says otherwise.
/// A wrong type is accepted and corrected from the file.
pub(crate) fn corrected(said: Option<&str>, extension: &str) -> String {
    let by_extension = of_extension(extension);
    if by_extension != OTHER {
        return by_extension.alias.to_owned();
    }
    match said.map(str::trim).filter(|said| !said.is_empty()) {
        Some(said) => {
            of_alias(said).map_or_else(|| said.to_ascii_uppercase(), |known| known.alias.to_owned())
        }
        None => OTHER.alias.to_owned(),
    }
}

/// Mail is told apart from other documents.
pub(crate) fn is_mail(extension: &str) -> bool {
    matches!(extension, "eml" | "msg")
}

#[cfg(test)]
mod tests {
    use super::{corrected, of_extension};

    #[test]
    fn a_wrong_type_is_corrected_from_the_extension() {
        assert_eq!(corrected(Some("WORD"), "pdf"), "ACROBAT");
        assert_eq!(corrected(Some(""), "DOCX"), "WORDX");
        assert_eq!(corrected(None, "unheard"), "OTHER");
        assert_eq!(corrected(Some("word"), ""), "WORD");
        assert_eq!(corrected(Some("Drawing"), "dwg"), "DRAWING");
        assert_eq!(of_extension("PDF").media, "application/pdf");
    }
}
