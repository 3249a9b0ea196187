//! Modes and owners of files.

use super::{Kind, Standing};
use crate::machine::own_uid;
use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// What is made is for this user only.
pub(super) fn for_own_user(options: &mut OpenOptions) {
    options.mode(0o600);
}

/// A file that was renamed survives a crash when its directory is written.
pub(super) fn make_durable(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

pub(super) fn standing(path: &Path) -> io::Result<Standing> {
    let found = std::fs::symlink_metadata(path)?;
    let kind = found.file_type();
    let kind = if kind.is_dir() {
        Kind::Directory
    } else if kind.is_file() {
        Kind::File
    } else if kind.is_socket() {
        Kind::Socket
    } else if kind.is_symlink() {
        Kind::Link
    } else {
        Kind::Other
    };
    Ok(Standing {
        kind,
        is_own: found.uid() == own_uid(),
        is_shared: found.mode() & 0o077 != 0,
        rights: format!("mode {:04o}", found.mode() & 0o7777),
    })
}

pub(super) fn usual_permissions() -> Option<Permissions> {
    Some(Permissions::from_mode(0o666))
}

pub(super) fn belongs_to_administrators(path: &Path, or_own: bool) -> io::Result<bool> {
    belongs_to(path, or_own.then(own_uid))
}

/// Whether root, or the user `own`, alone decides what `path` says.
fn belongs_to(path: &Path, own: Option<u32>) -> io::Result<bool> {
    let is_theirs = |found: &Metadata| {
        (found.uid() == 0 || Some(found.uid()) == own) && found.mode() & 0o022 == 0
    };
    let file = std::fs::metadata(path)?;
    if !file.is_file() || !is_theirs(&file) {
        return Ok(false);
    }
    // Whoever may write in the directory may put another file in its place.
    let directory = path.parent().unwrap_or(Path::new("/"));
    Ok(is_theirs(&std::fs::metadata(directory)?))
}

/// Whether both are one file, under whatever name.
pub(crate) fn same_file(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(test)]
mod tests {
    use super::belongs_to;
    use crate::private_file::{Kind, create_new, is_administrators, overwrite, replace, standing};
    use std::io::ErrorKind;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
    }

    #[test]
    fn what_stands_somewhere_is_told_with_who_may_use_it() {
        let place = tempfile::tempdir().expect("made");
        let file = place.path().join("file");
        create_new(&file).expect("made");
        let again = create_new(&file).expect_err("there already");
        assert_eq!(again.kind(), ErrorKind::AlreadyExists);
        let found = standing(&file).expect("there");
        assert_eq!(
            (found.kind, found.is_own, found.is_shared),
            (Kind::File, true, false)
        );
        assert_eq!(found.rights, "mode 0600");
        set_mode(place.path(), 0o750);
        let found = standing(place.path()).expect("there");
        assert_eq!((found.kind, found.is_shared), (Kind::Directory, true));
        let socket = place.path().join("socket");
        let _bound = std::os::unix::net::UnixListener::bind(&socket).expect("bound");
        assert_eq!(standing(&socket).expect("there").kind, Kind::Socket);
        let link = place.path().join("link");
        std::os::unix::fs::symlink(&file, &link).expect("made");
        assert_eq!(standing(&link).expect("there").kind, Kind::Link);
        let missing = standing(&place.path().join("missing")).expect_err("nothing");
        assert_eq!(missing.kind(), ErrorKind::NotFound);
    }

    #[test]
    fn what_others_may_write_is_not_an_administrators() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("policy.toml");
        let own = Some(crate::machine::own_uid());
        let missing = belongs_to(&path, own).expect_err("nothing there");
        assert_eq!(missing.kind(), ErrorKind::NotFound);
        std::fs::write(&path, b"").expect("written");
        set_mode(&path, 0o644);
        assert!(belongs_to(&path, own).expect("there"));
        set_mode(&path, 0o664);
        assert!(!belongs_to(&path, own).expect("there"));
        set_mode(&path, 0o646);
        assert!(!belongs_to(&path, own).expect("there"));
        set_mode(&path, 0o600);
        set_mode(place.path(), 0o777);
        assert!(!belongs_to(&path, own).expect("there"));
        assert!(!belongs_to(place.path(), own).expect("a directory"));
    }

    #[test]
    fn only_roots_and_a_named_file_of_ones_own_count() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("policy.toml");
        std::fs::write(&path, b"").expect("written");
        set_mode(&path, 0o644);
        let is_root = crate::machine::own_uid() == 0;
        assert_eq!(is_administrators(&path).expect("there"), is_root);
        assert!(is_administrators(Path::new("/etc/passwd")).expect("there"));
        if is_root {
            let somebody = std::os::unix::fs::chown(&path, Some(65_534), None);
            somebody.expect("root may");
            assert!(!is_administrators(&path).expect("there"));
            assert!(!belongs_to(&path, Some(1000)).expect("there"));
        }
    }

    #[test]
    fn a_file_is_replaced_whole_and_is_for_this_user_only() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("list");
        replace(&path, b"one").expect("written");
        std::fs::write(place.path().join("list.new"), b"left by a crash").expect("written");
        replace(&path, b"two").expect("written");
        assert_eq!(std::fs::read(&path).expect("there"), b"two");
        let mode = std::fs::metadata(&path)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(place.path()).expect("there").count(), 1);
    }

    #[test]
    fn what_cannot_be_put_in_its_place_leaves_nothing_beside_it() {
        let place = tempfile::tempdir().expect("made");
        let taken = place.path().join("taken");
        std::fs::create_dir(&taken).expect("made");
        let error = replace(&taken, b"one").expect_err("a directory stands there");
        assert_eq!(error.kind(), ErrorKind::IsADirectory);
        assert_eq!(std::fs::read_dir(place.path()).expect("read").count(), 1);
    }

    #[test]
    fn what_is_written_over_is_gone_to_its_last_byte() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("file");
        overwrite(&path, b"").expect_err("there is none");
        replace(&path, b"a long one").expect("written");
        overwrite(&path, b"short").expect("written");
        assert_eq!(std::fs::read(&path).expect("read"), b"short");
    }
}
