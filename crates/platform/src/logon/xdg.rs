//! An entry in the person's autostart directory.

use crate::directories::Directories;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

const NAME: &str = "chancery-desktop.desktop";

fn entry(directories: &Directories) -> io::Result<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let place = if set("CHANCERY_HOME").is_some() {
        directories.config().to_owned()
    } else if let Some(config) = set("XDG_CONFIG_HOME") {
        config.into()
    } else if let Some(home) = set("HOME") {
        Path::new(&home).join(".config")
    } else {
        return Err(io::Error::other("HOME is not set"));
    };
    Ok(place.join("autostart").join(NAME))
}

pub(super) fn turn_on(directories: &Directories, program: &Path) -> io::Result<()> {
    write(&entry(directories)?, program)
}

pub(super) fn turn_off(directories: &Directories) -> io::Result<()> {
    remove(&entry(directories)?)
}

fn remove(entry: &Path) -> io::Result<()> {
    match fs::remove_file(entry) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write(entry: &Path, program: &Path) -> io::Result<()> {
    let text = text(program)?;
    if fs::read_to_string(entry).is_ok_and(|before| before == text) {
        return Ok(());
    }
    let directory = entry.parent().unwrap_or(entry);
    fs::create_dir_all(directory)?;
    let beside = entry.with_extension("desktop.new");
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, entry)
}

/// The entry, by the Desktop Entry Specification 1.5.
fn text(program: &Path) -> io::Result<String> {
    let program = program
        .to_str()
        .filter(|path| !path.contains(['\n', '\r']))
        .ok_or_else(|| io::Error::other("its path cannot be written into an entry"))?;
    Ok(format!(
        "[Desktop Entry]\nType=Application\nName=Chancery\nComment=The connection to the work server\nExec={} --hidden\nIcon=chancery\nTerminal=false\nX-GNOME-Autostart-enabled=true\n",
        quoted(program)
    ))
}

/// An argument of `Exec`: between quotation marks, with what has a meaning
/// there behind a backslash, and that doubled once more as in every value.
fn quoted(argument: &str) -> String {
    let mut quoted = String::from("\"");
    for character in argument.chars() {
        match character {
            '\\' => quoted.push_str("\\\\\\\\"),
            '"' | '`' | '$' => {
                quoted.push_str("\\\\");
                quoted.push(character);
            }
            '%' => quoted.push_str("%%"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::{quoted, remove, write};
    use std::path::Path;

    #[test]
    fn the_entry_starts_the_program_without_a_window_and_is_written_once() {
        let place = tempfile::tempdir().expect("made");
        let entry = place.path().join("autostart/chancery-desktop.desktop");
        write(&entry, Path::new("/opt/a b/chancery-desktop")).expect("written");
        let text = std::fs::read_to_string(&entry).expect("there");
        assert!(
            text.contains("Exec=\"/opt/a b/chancery-desktop\" --hidden\n"),
            "{text}"
        );
        let before = entry
            .metadata()
            .and_then(|it| it.modified())
            .expect("a time");
        write(&entry, Path::new("/opt/a b/chancery-desktop")).expect("the same");
        let after = entry
            .metadata()
            .and_then(|it| it.modified())
            .expect("a time");
        assert_eq!(before, after);
    }

    #[test]
    fn what_has_a_meaning_in_an_entry_is_taken_as_it_is() {
        assert_eq!(quoted("/a$b"), "\"/a\\\\$b\"");
        assert_eq!(quoted("100%"), "\"100%%\"");
        assert_eq!(quoted("a\\b"), "\"a\\\\\\\\b\"");
    }

    #[test]
    fn an_entry_that_is_not_there_is_taken_away_without_a_word() {
        let place = tempfile::tempdir().expect("made");
        let entry = place.path().join("chancery-desktop.desktop");
        write(&entry, Path::new("/bin/true")).expect("written");
        remove(&entry).expect("removed");
        assert!(!entry.exists());
        remove(&entry).expect("none there");
    }
}
