//! Where the programs under test are.

use std::path::PathBuf;

/// The directory with the built programs: `CHANCERY_BIN_DIR`, else the one
/// above the running test's (`target/debug` for `target/debug/deps/x`).
///
/// # Panics
/// When a test does not know its own path.
#[must_use]
pub fn directory() -> PathBuf {
    if let Some(directory) = std::env::var_os("CHANCERY_BIN_DIR") {
        return PathBuf::from(directory);
    }
    let own = std::env::current_exe().expect("a test knows its own path");
    let mut directory = own;
    directory.pop();
    if directory.ends_with("deps") {
        directory.pop();
    }
    directory
}

/// A program's path.
///
/// # Panics
/// When it was not built, with what to do about it.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let path = directory().join(name);
    assert!(
        path.is_file(),
        "{} is not there. Run “cargo build --workspace --bins” first, or set CHANCERY_BIN_DIR.",
        path.display()
    );
    path
}

/// Whether the slow tests are wanted at full length (`cargo xtask test --long`).
#[must_use]
pub fn is_long() -> bool {
    std::env::var_os("CHANCERY_TEST_LONG").is_some_and(|value| value == "1")
}

/// The package whose name ends so, which `cargo xtask package` made: in
/// `CHANCERY_PACKAGES_DIR`, else in `package` beside the directory of programs.
///
/// # Panics
/// When it was not made, with what to do about it.
#[must_use]
pub fn package(end: &str) -> PathBuf {
    let place = std::env::var_os("CHANCERY_PACKAGES_DIR").map_or_else(
        || directory().parent().map(|target| target.join("package")),
        |place| Some(PathBuf::from(place)),
    );
    let place = place.expect("the programs are in a directory");
    let found = std::fs::read_dir(&place).ok().and_then(|entries| {
        entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.to_string_lossy().ends_with(end))
    });
    found.unwrap_or_else(|| {
        panic!(
            "There is nothing in {} that ends in “{end}”. “cargo xtask windows test” makes it.",
            place.display()
        )
    })
}
