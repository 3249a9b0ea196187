//! A file that only this user reads, replaced in one step.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Replaces `path` by `content`: written beside it with mode 0600, made
/// durable, then renamed over it, so that a reader sees the old or the new
/// content and never a part.
///
/// # Errors
/// What the file system said; the old content then still stands.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let directory = path
        .parent()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a file needs a directory"))?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    // What a crash left behind may have another mode: it is made anew.
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&beside, path)?;
    File::open(directory)?.sync_all()
}

/// Whether an administrator alone decides what `path` says: it belongs to root,
/// or to this user where `CHANCERY_POLICY` names it, and neither it nor its
/// directory can be written by a group or by others.
///
/// # Errors
/// The file or its directory cannot be looked at; none there is
/// [`io::ErrorKind::NotFound`].
pub fn is_administrators(path: &Path) -> io::Result<bool> {
    let named = crate::directories::policy_named(std::env::var_os("CHANCERY_POLICY").as_ref());
    let own = (named.as_deref() == Some(path)).then(crate::machine::own_uid);
    belongs_to(path, own)
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

#[cfg(test)]
mod tests {
    use super::{belongs_to, is_administrators, replace};
    use std::io::ErrorKind;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
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
}
