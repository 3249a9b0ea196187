//! `cargo xtask addons`: what goes into other programs, packed as they take it.
//!
//! The same sources give the same bytes: the files stand in the order of their
//! names, with one date, and are not compressed.

use crate::cargo::Workspace;
use crate::failure::Failure;
use crate::say;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// What of `addons/libreoffice` goes into the extension.
const LIBREOFFICE: [&str; 7] = [
    "META-INF",
    "chancery_component.py",
    "description.xml",
    "icons",
    "pythonpath",
    "registry",
    "texts",
];
/// Files in which a line with `@language@` is written once for each language.
const WORDED: [&str; 2] = ["xml", "xcu"];

/// Packs every add-on into `target/addons` and says where it is.
pub(crate) fn addons() -> Result<(), Failure> {
    let workspace = Workspace::read()?;
    let target = workspace.target.join("addons");
    let made = libreoffice_oxt(&workspace.root, &target)?;
    say::line(&format!("Chancery for LibreOffice: {}", made.display()));
    Ok(())
}

/// Packs Chancery for LibreOffice into `target`; the extension's path.
pub(crate) fn libreoffice_oxt(root: &Path, target: &Path) -> Result<PathBuf, Failure> {
    let source = root.join("addons/libreoffice");
    let mut files = BTreeMap::new();
    for name in LIBREOFFICE {
        gather(&source, Path::new(name), &mut files)?;
    }
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        files.insert(licence.to_owned(), read(&root.join(licence))?);
    }
    let texts = texts(&files)?;
    for (name, bytes) in &mut files {
        if WORDED.iter().any(|end| name.ends_with(&format!(".{end}"))) {
            let text = String::from_utf8_lossy(bytes).into_owned();
            *bytes = worded(&text, &texts).into_bytes();
        }
    }
    for (language, texts) in &texts {
        let described = text(texts, "extension.description");
        files.insert(
            format!("description/{language}.txt"),
            format!("{described}\n").into_bytes(),
        );
    }
    let path = target.join("chancery-for-libreoffice.oxt");
    fs::create_dir_all(target)
        .and_then(|()| fs::write(&path, packed(&files)?))
        .map_err(|error| Failure::new(format!("{} cannot be written: {error}.", path.display())))?;
    Ok(path)
}

/// Reads a file, or all below a directory; what tools leave behind stays out.
fn gather(
    source: &Path,
    name: &Path,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<(), Failure> {
    let path = source.join(name);
    if !path.is_dir() {
        let slashed = name.to_string_lossy().replace('\\', "/");
        files.insert(slashed, read(&path)?);
        return Ok(());
    }
    let entries = fs::read_dir(&path)
        .and_then(|entries| entries.collect::<Result<Vec<_>, _>>())
        .map_err(|error| Failure::new(format!("{} cannot be read: {error}.", path.display())))?;
    for entry in entries {
        let own = entry.file_name();
        if own != "__pycache__" {
            gather(source, &name.join(own), files)?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path)
        .map_err(|error| Failure::new(format!("{} cannot be read: {error}.", path.display())))
}

type Texts = BTreeMap<String, Map<String, Value>>;

/// The texts by language; English is there, and no language has what it lacks.
fn texts(files: &BTreeMap<String, Vec<u8>>) -> Result<Texts, Failure> {
    let mut all = Texts::new();
    for (name, bytes) in files {
        let Some(language) = name
            .strip_prefix("texts/")
            .and_then(|name| name.strip_suffix(".json"))
        else {
            continue;
        };
        let read = serde_json::from_slice(bytes)
            .map_err(|error| Failure::new(format!("{name} cannot be understood: {error}.")))?;
        all.insert(language.to_owned(), read);
    }
    let Some(english) = all.get("en") else {
        return Err(Failure::new("addons/libreoffice/texts/en.json is missing."));
    };
    let known: BTreeSet<&String> = english.keys().collect();
    for (language, texts) in &all {
        if let Some(stray) = texts.keys().find(|key| !known.contains(key)) {
            return Err(Failure::new(format!(
                "texts/{language}.json has “{stray}”, which texts/en.json lacks. Mend one of them."
            )));
        }
    }
    Ok(all)
}

fn text<'a>(texts: &'a Map<String, Value>, key: &str) -> &'a str {
    texts.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Writes a line with `@language@` once for each language, with its texts in
/// place of `@KEY@`; and the version.
fn worded(template: &str, texts: &Texts) -> String {
    let mut written = String::new();
    for line in template.lines() {
        let line = line.replace("@version@", env!("CARGO_PKG_VERSION"));
        if !line.contains("@language@") {
            written.push_str(&line);
            written.push('\n');
            continue;
        }
        for (language, texts) in texts {
            let mut own = line.replace("@language@", language);
            let mut is_whole = true;
            for key in keys(&line) {
                is_whole &= texts.contains_key(key);
                own = own.replace(&format!("@{key}@"), &escaped(text(texts, key)));
            }
            // Where a language lacks a text, the program takes the English one.
            if is_whole {
                written.push_str(&own);
                written.push('\n');
            }
        }
    }
    written
}

/// What stands between two `@` and has a full stop: the names of texts.
fn keys(line: &str) -> impl Iterator<Item = &str> {
    line.split('@')
        .skip(1)
        .step_by(2)
        .filter(|word| word.contains('.'))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn packed(files: &BTreeMap<String, Vec<u8>>) -> std::io::Result<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(name.as_str(), options)?;
        archive.write_all(bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::{Texts, libreoffice_oxt, worded};
    use serde_json::json;
    use std::path::Path;

    fn texts() -> Texts {
        let of = |texts: serde_json::Value| texts.as_object().expect("texts").clone();
        [
            (
                "en".to_owned(),
                of(json!({"a.b": "Sign in & go", "c.d": "x"})),
            ),
            ("de".to_owned(), of(json!({"a.b": "Anmelden"}))),
        ]
        .into()
    }

    #[test]
    fn a_line_is_written_for_each_language_that_has_its_text() {
        let template = "<x>\n<v lang=\"@language@\">@a.b@</v>\n<w lang=\"@language@\">@c.d@</w>\n";
        let expected = "<x>\n<v lang=\"de\">Anmelden</v>\n<v lang=\"en\">Sign in &amp; go</v>\n<w lang=\"en\">x</w>\n";
        assert_eq!(worded(template, &texts()), expected);
    }

    #[test]
    fn the_same_sources_give_the_same_extension_with_everything_worded() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("up");
        let target = std::env::temp_dir().join(format!("chancery-addons-{}", std::process::id()));
        let read = || {
            let path = libreoffice_oxt(root, &target).expect("packed");
            std::fs::read(path).expect("there")
        };
        let (first, second) = (read(), read());
        std::fs::remove_dir_all(&target).expect("removed");
        assert_eq!(first, second);
        // Stored as they are, so the bytes can be looked at.
        let text = String::from_utf8_lossy(&first);
        assert!(text.contains("<value xml:lang=\"en\">~Connect</value>"));
        assert!(text.contains("description/en.txt"));
        assert!(!text.contains("__pycache__"));
        for left in ["@language@", "@version@", "@menu.connect@"] {
            assert!(!text.contains(&format!("\"{left}\"")), "{left}");
        }
    }
}
