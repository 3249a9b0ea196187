//! The matter as a whole: every file opens, and the tree holds together.

use super::{SampleDocument, matter};
use chancery_proto::clock::Timestamp;
use std::collections::BTreeSet;

fn now() -> Timestamp {
    Timestamp::parse("2026-03-12T09:30:00Z").expect("a time")
}

fn files() -> Vec<(String, Vec<u8>)> {
    matter(now())
        .documents
        .into_iter()
        .flat_map(|document| {
            let SampleDocument {
                name,
                extension,
                versions,
                ..
            } = document;
            versions
                .into_iter()
                .enumerate()
                .map(move |(index, version)| {
                    (format!("{name} v{}.{extension}", index + 1), version.bytes)
                })
        })
        .collect()
}

#[test]
fn the_same_time_gives_the_same_bytes() {
    assert_eq!(matter(now()), matter(now()));
}

#[test]
fn every_document_lies_in_a_folder_that_is_there_and_was_made_before_now() {
    let matter = matter(now());
    let folders: BTreeSet<_> = matter.folders.iter().map(|folder| folder.path).collect();
    for folder in &matter.folders {
        let parent = &folder.path[..folder.path.len() - 1];
        assert!(
            parent.is_empty() || folders.contains(parent),
            "{:?}",
            folder.path
        );
    }
    let mut names = BTreeSet::new();
    let mut last = Timestamp(0);
    for document in &matter.documents {
        assert!(folders.contains(document.folder), "{}", document.name);
        assert!(
            names.insert((document.folder, &document.name)),
            "twice: {}",
            document.name
        );
        assert!(last <= document.created, "oldest first: {}", document.name);
        last = document.created;
        let mut edited = document.created;
        assert!(!document.versions.is_empty(), "{}", document.name);
        for version in &document.versions {
            assert!(
                edited <= version.edited,
                "versions in their order: {}",
                document.name
            );
            edited = version.edited;
        }
        assert!(edited <= now(), "{}", document.name);
    }
    assert!(matter.documents.len() >= 25, "{}", matter.documents.len());
}

#[test]
fn office_files_are_packages_of_well_formed_parts() {
    let mut seen = 0;
    for (name, bytes) in files() {
        if ![".docx", ".xlsx", ".pptx"]
            .iter()
            .any(|end| name.ends_with(end))
        {
            continue;
        }
        seen += 1;
        let parts = stored_parts(&bytes);
        assert_eq!(
            parts.first().map(|part| part.0.as_str()),
            Some("[Content_Types].xml"),
            "{name}"
        );
        let paths: BTreeSet<&str> = parts.iter().map(|part| part.0.as_str()).collect();
        assert_eq!(paths.len(), parts.len(), "{name}: a part twice");
        for (path, content) in &parts {
            let text = std::str::from_utf8(content).expect("parts are UTF-8");
            well_formed(text).unwrap_or_else(|fault| panic!("{name}, {path}: {fault}"));
            if path.ends_with(".rels") {
                let base = path.split("_rels/").next().unwrap_or_default();
                for target in text.split("Target=\"").skip(1) {
                    let target = target.split('"').next().unwrap_or_default();
                    let whole = resolved(base, target);
                    assert!(
                        paths.contains(whole.as_str()),
                        "{name}, {path}: {target} is missing"
                    );
                }
            }
        }
    }
    assert!(seen >= 12, "{seen}");
}

#[test]
fn the_offsets_of_a_pdf_point_at_its_objects() {
    for (name, bytes) in files() {
        if !name.ends_with(".pdf") {
            continue;
        }
        let text = String::from_utf8(bytes).expect("our PDF files are ASCII");
        assert!(
            text.starts_with("%PDF-1.4\n") && text.ends_with("%%EOF\n"),
            "{name}"
        );
        let start: usize = text
            .rsplit("startxref\n")
            .next()
            .and_then(|tail| tail.lines().next())
            .and_then(|number| number.parse().ok())
            .expect("a startxref");
        let table: Vec<&str> = text[start..]
            .lines()
            .skip(3)
            .take_while(|line| line.ends_with(" n "))
            .collect();
        assert!(table.len() >= 7, "{name}");
        for (index, line) in table.iter().enumerate() {
            let offset: usize = line[..10].parse().expect("an offset");
            assert!(
                text[offset..].starts_with(&format!("{} 0 obj\n", index + 1)),
                "{name}: {line}"
            );
        }
    }
}

#[test]
fn messages_have_crlf_lines_and_ascii_headers() {
    for (name, bytes) in files() {
        if !name.ends_with(".eml") {
            continue;
        }
        let text = String::from_utf8(bytes).expect("our messages are ASCII");
        assert!(text.is_ascii(), "{name}");
        assert!(
            !text.replace("\r\n", "").contains(['\r', '\n']),
            "{name}: a bare line end"
        );
        for line in text.split("\r\n") {
            assert!(line.len() <= 998, "{name}: a line too long");
        }
        for header in [
            "Message-ID: <",
            "Date: ",
            "From: ",
            "To: ",
            "Subject: ",
            "MIME-Version: 1.0",
        ] {
            assert!(text.contains(header), "{name}: {header}");
        }
    }
}

#[test]
fn tables_of_values_have_the_same_number_of_fields_in_each_line() {
    for (name, bytes) in files() {
        if !name.ends_with(".csv") {
            continue;
        }
        let text = String::from_utf8(bytes).expect("UTF-8");
        let fields: BTreeSet<usize> = text
            .lines()
            .map(|line| {
                line.split('"')
                    .step_by(2)
                    .map(|outside| outside.matches(',').count())
                    .sum()
            })
            .collect();
        assert_eq!(fields.len(), 1, "{name}");
    }
}

/// The parts of a zip file whose entries are stored, read from its directory.
fn stored_parts(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let short = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    let long = |at: usize| short(at) + (short(at + 2) << 16);
    let end = bytes.len() - 22;
    assert_eq!(&bytes[end..end + 4], b"PK\x05\x06");
    let mut at = long(end + 16);
    let mut parts = Vec::new();
    for _ in 0..short(end + 10) {
        assert_eq!(&bytes[at..at + 4], b"PK\x01\x02");
        let (size, path, start) = (long(at + 24), short(at + 28), long(at + 42));
        let name = String::from_utf8(bytes[at + 46..at + 46 + path].to_vec()).expect("a path");
        assert_eq!(&bytes[start..start + 4], b"PK\x03\x04", "{name}");
        let content = start + 30 + short(start + 26) + short(start + 28);
        parts.push((name, bytes[content..content + size].to_vec()));
        at += 46 + path;
    }
    parts
}

/// A target seen from `base`, which is empty or ends in a slash.
fn resolved(base: &str, target: &str) -> String {
    let mut path: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        if part == ".." {
            path.pop();
        } else {
            path.push(part);
        }
    }
    path.join("/")
}

/// Whether tags open and close in order, and text is escaped. Enough for what
/// we write: no comments, no sections of raw text.
fn well_formed(xml: &str) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    let rest = xml.split_once("?>").ok_or("no declaration")?.1;
    for (index, piece) in rest.split('<').enumerate() {
        if index == 0 {
            continue;
        }
        let (tag, text) = piece
            .split_once('>')
            .ok_or_else(|| format!("a tag that does not end: {piece}"))?;
        if text.contains('>') || tag.matches('"').count() % 2 != 0 {
            return Err(format!("something is not escaped near {tag}"));
        }
        for part in [tag, text] {
            for entity in part.split('&').skip(1) {
                if !["amp;", "lt;", "gt;", "quot;"]
                    .iter()
                    .any(|known| entity.starts_with(known))
                {
                    return Err(format!("a bare ampersand near {part}"));
                }
            }
        }
        let name = tag
            .trim_start_matches('/')
            .split([' ', '/'])
            .next()
            .unwrap_or_default();
        if tag.starts_with('/') {
            if open.pop() != Some(name) {
                return Err(format!("{name} closes what is not open"));
            }
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    if open.is_empty() {
        Ok(())
    } else {
        Err(format!("left open: {open:?}"))
    }
}
