//! `XdndDirectSave0`: a source that has no file yet is told where to make one,
//! or says what is in it when it cannot, as browsers do.
//!
//! It is made in a directory that only this user reads, and is gone with it
//! when the drop is over.

use super::{Names, answered};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use std::ffi::OsString;
use std::fs::{File, Permissions};
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use tempfile::TempDir;
use x11rb::errors::ConnectionError;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt, PropMode, Window};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// The longest name, in bytes; file systems have 255.
const LONGEST: usize = 200;
/// The largest file that is made here, in bytes.
const LARGEST: usize = 256 * 1024 * 1024;
/// What of a path stands in a URI as it is.
const PLAIN: AsciiSet = NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'~');

/// A place for a file that a source will make; both are gone with this value.
pub(super) struct Promised {
    directory: TempDir,
    name: OsString,
}

impl Promised {
    /// Makes the place, for a file of the name that the source wishes, and tells
    /// the source. None where the source has no wish or there is no place.
    pub(super) fn of(
        display: &RustConnection,
        names: &Names,
        source: Window,
    ) -> Result<Option<Self>, ConnectionError> {
        let (save, any) = (names.XdndDirectSave0, AtomEnum::ANY);
        let asked = display.get_property(false, source, save, any, 0, 1024)?;
        let wish = answered(asked.reply())?.filter(|wish| wish.format == 8);
        let Some(name) = wish.and_then(|wish| file_name(&wish.value)) else {
            return Ok(None);
        };
        let mut place = tempfile::Builder::new();
        place.prefix("chancery-drop-");
        let directory = match place.permissions(Permissions::from_mode(0o700)).tempdir() {
            Ok(directory) => directory,
            Err(error) => {
                tracing::debug!(%error, "there is no place for what is dropped");
                return Ok(None);
            }
        };
        let path = directory.path().join(&name);
        let uri = format!(
            "file://{}",
            percent_encode(path.as_os_str().as_bytes(), &PLAIN)
        );
        let (mode, text) = (PropMode::REPLACE, names.PLAIN_TEXT);
        display
            .change_property8(mode, source, save, text, uri.as_bytes())?
            .ignore_error();
        Ok(Some(Self { directory, name }))
    }

    /// The file, by what the source says: `S` for saved (`F` is for failed). Nothing else than a
    /// file is taken for one.
    pub(super) fn kept(&self, said: &[u8]) -> Option<PathBuf> {
        let path = self.directory.path().join(&self.name);
        let is_there = std::fs::symlink_metadata(&path).is_ok_and(|what| what.is_file());
        (said.first() == Some(&b'S') && is_there).then_some(path)
    }

    /// The file, to be made here. Whatever the source has left there goes.
    pub(super) fn filling(self) -> Option<Filling> {
        let path = self.directory.path().join(&self.name);
        let _none = std::fs::remove_file(&path);
        let file = match File::create_new(&path) {
            Ok(file) => file,
            Err(error) => {
                tracing::debug!(%error, "what is dropped cannot be kept");
                return None;
            }
        };
        let promised = self;
        Some(Filling {
            promised,
            file,
            length: 0,
        })
    }
}

/// A file that is made here of what a source says is in it.
pub(super) struct Filling {
    promised: Promised,
    file: File,
    length: usize,
}

impl Filling {
    pub(super) fn path(&self) -> PathBuf {
        self.promised.directory.path().join(&self.promised.name)
    }

    pub(super) fn write(&mut self, part: &[u8]) -> Result<(), &'static str> {
        self.length += part.len();
        if self.length > LARGEST {
            return Err("it is too large");
        }
        self.file.write_all(part).map_err(|error| {
            tracing::debug!(%error, "what is dropped cannot be kept");
            "it cannot be kept"
        })
    }
}

/// The last part of what a source wishes, as it may stand in a directory of
/// ours. None where nothing is left of it.
fn file_name(wish: &[u8]) -> Option<OsString> {
    let wish = wish.split(|byte| *byte == 0).next()?;
    let text = String::from_utf8_lossy(wish);
    let name: String = text
        .rsplit('/')
        .next()?
        .chars()
        .filter(|character| !character.is_control())
        .collect();
    // A name that begins with a point is hidden, and two of them lead away.
    let name = name.trim().trim_start_matches('.');
    let (stem, ending) = match name.rfind('.').filter(|at| name.len() - at <= 20) {
        Some(at) => name.split_at(at),
        None => (name, ""),
    };
    let mut room = LONGEST - ending.len();
    while !stem.is_char_boundary(room.min(stem.len())) {
        room -= 1;
    }
    let name = [&stem[..room.min(stem.len())], ending].concat();
    (!name.is_empty()).then(|| OsString::from_vec(name.into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, LONGEST, Promised, file_name};
    use proptest::prelude::{any, prop_assert, proptest};
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn a_wish_becomes_a_name_in_our_directory() {
        let long = "ä".repeat(4000) + ".pdf";
        let cut = "ä".repeat(98) + ".pdf";
        for (wish, name) in [
            ("plan.pdf", Some("plan.pdf")),
            ("plan.pdf\0more", Some("plan.pdf")),
            ("../../etc/passwd", Some("passwd")),
            ("/etc/", None),
            ("..", None),
            (".bashrc", Some("bashrc")),
            ("a\nb\u{1b}.txt", Some("ab.txt")),
            ("Zeichnung é.png", Some("Zeichnung é.png")),
            ("", None),
            (" ", None),
            (long.as_str(), Some(cut.as_str())),
        ] {
            let told = file_name(wish.as_bytes());
            assert_eq!(told.as_deref(), name.map(std::ffi::OsStr::new), "{wish:?}");
        }
    }

    #[test]
    fn a_file_that_is_made_here_has_an_end() {
        let directory = tempfile::tempdir().expect("made");
        let name = "plan.pdf".into();
        let mut filling = Promised { directory, name }.filling().expect("made");
        filling.write(b"a part").expect("kept");
        let path = filling.path();
        assert_eq!(std::fs::read(&path).expect("there"), b"a part");
        filling.length = LARGEST;
        filling.write(b"").expect("just so much");
        assert_eq!(filling.write(b"a"), Err("it is too large"));
        drop(filling);
        assert!(!path.exists());
    }

    proptest! {
        #[test]
        fn whatever_is_wished(wish in any::<Vec<u8>>()) {
            if let Some(name) = file_name(&wish) {
                let bytes = name.as_bytes();
                prop_assert!(!bytes.is_empty() && bytes.len() <= LONGEST);
                prop_assert!(!bytes.contains(&b'/') && !bytes.contains(&0));
                prop_assert!(!bytes.starts_with(b"."));
            }
        }
    }
}
