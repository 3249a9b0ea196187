//! Owners of files and the lists of who may write to them.

use super::{Kind, Standing};
use crate::windows::process;
use crate::windows::security::{ADMINISTRATORS, Rights, USING, WRITING, rights_of};
use std::fs::{OpenOptions, Permissions};
use std::io;
use std::path::Path;

/// The directory decides who may read what is made in it.
pub(super) fn for_own_user(_options: &mut OpenOptions) {}

/// The file system keeps a journal of names itself.
pub(super) fn make_durable(_directory: &Path) -> io::Result<()> {
    Ok(())
}

pub(super) fn standing(path: &Path) -> io::Result<Standing> {
    if path.starts_with("\\\\.\\pipe") {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let found = std::fs::symlink_metadata(path)?;
    let kind = found.file_type();
    let kind = if kind.is_symlink() {
        Kind::Link
    } else if kind.is_dir() {
        Kind::Directory
    } else if kind.is_file() {
        Kind::File
    } else {
        Kind::Other
    };
    let own = process::own_sid()?;
    let rights = rights_of(path, USING)?;
    let is_ours = |sid: &String| *sid == own || ADMINISTRATORS.contains(&sid.as_str());
    Ok(Standing {
        kind,
        is_own: is_ours(&rights.owner),
        is_shared: !rights
            .allowed
            .is_some_and(|users| users.iter().all(is_ours)),
        rights: format!("owner {}", rights.owner),
    })
}

pub(super) fn usual_permissions() -> Option<Permissions> {
    None
}

pub(super) fn belongs_to_administrators(path: &Path, or_own: bool) -> io::Result<bool> {
    let own = if or_own {
        Some(process::own_sid()?)
    } else {
        None
    };
    if !std::fs::metadata(path)?.is_file() {
        return Ok(false);
    }
    let is_theirs =
        |sid: &String| ADMINISTRATORS.contains(&sid.as_str()) || own.as_ref() == Some(sid);
    let alone = |rights: &Rights| {
        is_theirs(&rights.owner)
            && rights
                .allowed
                .as_ref()
                .is_some_and(|writers| writers.iter().all(is_theirs))
    };
    // Everybody may make files below the directory of all programs' data, so
    // that the directory's list says nothing: nobody else can replace a file
    // there that belongs to an administrator.
    Ok(alone(&rights_of(path, WRITING)?))
}

#[cfg(test)]
mod tests {
    use super::belongs_to_administrators;
    use crate::private_file::{Kind, is_administrators, replace, standing};
    use std::io::ErrorKind;

    #[test]
    fn a_file_is_replaced_whole_and_is_no_administrators() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("policy.toml");
        let missing = is_administrators(&path).expect_err("nothing there");
        assert_eq!(missing.kind(), ErrorKind::NotFound);
        replace(&path, b"one").expect("written");
        std::fs::write(place.path().join("policy.toml.new"), b"left").expect("written");
        replace(&path, b"two").expect("written");
        assert_eq!(std::fs::read(&path).expect("there"), b"two");
        assert_eq!(std::fs::read_dir(place.path()).expect("there").count(), 1);
        let found = standing(&path).expect("there");
        assert_eq!((found.kind, found.is_own), (Kind::File, true), "{found:?}");
        assert!(!belongs_to_administrators(&path, false).expect("there"));
        assert!(!belongs_to_administrators(place.path(), true).expect("a directory"));
    }
}
