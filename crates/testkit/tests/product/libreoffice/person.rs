//! A test as a normal user: LibreOffice is not run as root, and the agent
//! answers nobody but its own user.

use chancery_testkit::programs::{directory, program};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the packed add-ons are.
const ADDONS: &str = "CHANCERY_TEST_ADDONS";
/// A user that every system has and nobody works as.
const NOBODY: (&str, &str) = ("nobody", "nogroup");

/// The packed extension.
pub(crate) fn extension() -> PathBuf {
    let beside = || directory().join("../addons");
    let place = std::env::var_os(ADDONS).map_or_else(beside, PathBuf::from);
    let path = place.join("chancery-for-libreoffice.oxt");
    assert!(
        path.is_file(),
        "{} is not there. Run “cargo xtask addons” first.",
        path.display()
    );
    path
}

/// Where this is root: runs the test of that name once more as a normal user,
/// and says that it was done.
pub(crate) fn was_done_by_a_normal_person(test: &str) -> bool {
    let own = std::fs::metadata("/proc/self").expect("readable");
    if own.uid() != 0 {
        return false;
    }
    // The checkout may be where only root may look.
    let place = tempfile::Builder::new()
        .prefix("chancery-person-")
        .tempdir()
        .expect("a directory");
    // By another process: a program that this one has open for writing, or that
    // a child of another thread has inherited so, cannot be run.
    let copied = |from: &Path, name: &str| {
        let to = place.path().join(name);
        let done = Command::new("cp").arg(from).arg(&to).status();
        assert!(
            done.is_ok_and(|status| status.success()),
            "{name} is copied"
        );
        to
    };
    let tests = copied(&std::env::current_exe().expect("its path"), "tests");
    for name in ["chancery", "chancery-server"] {
        copied(&program(name), name);
    }
    copied(&extension(), "chancery-for-libreoffice.oxt");
    let temporary = place.path().join("t");
    std::fs::create_dir(&temporary).expect("made");
    for (path, mode) in [(place.path(), 0o755), (&temporary, 0o1777)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
    }
    let done = Command::new("setpriv")
        .arg(format!("--reuid={}", NOBODY.0))
        .arg(format!("--regid={}", NOBODY.1))
        .arg("--clear-groups")
        .arg(&tests)
        .args([test, "--exact", "--include-ignored", "--nocapture"])
        .env("CHANCERY_BIN_DIR", place.path())
        .env(ADDONS, place.path())
        .env("TMPDIR", &temporary)
        .env("HOME", &temporary)
        .current_dir(&temporary)
        .status()
        .expect("setpriv can be run; it comes with the package util-linux");
    assert!(
        done.success(),
        "the test failed as a normal user; see above"
    );
    true
}
