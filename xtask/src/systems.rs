//! Whether the product is compiled for the other systems, as far as the
//! toolchain here can, and whether only the room `platform` knows them.

use crate::cargo::{self, Workspace};
use crate::failure::Failure;
use crate::say;
use std::path::Path;
use std::process::Command;

/// A system, its target, and the rooms that are checked for it.
const SYSTEMS: [(&str, &str, &[&str]); 2] = [
    (
        "Windows",
        "x86_64-pc-windows-gnu",
        &["platform", "client", "agent", "cli"],
    ),
    // Cryptography is built by the system's own C compiler, which is found on
    // that system only.
    ("macOS", "aarch64-apple-darwin", &["platform"]),
];

/// The rooms of the desktop, which ask `platform` for everything of a system.
const KNOW_NONE: [&str; 4] = ["proto", "client", "agent", "cli"];
/// Words by which a system is known.
const WORDS: [&str; 8] = [
    "cfg(unix)",
    "cfg(windows)",
    "cfg(not(unix))",
    "target_os",
    "std::os::",
    "UnixStream",
    "NamedPipe",
    "/proc/",
];

/// Compiles for every system whose target is installed.
pub(crate) fn check() -> Result<(), Failure> {
    let workspace = Workspace::read()?;
    let installed = installed();
    for (system, target, rooms) in SYSTEMS {
        if !installed.iter().any(|one| one == target) {
            say::note(&format!(
                "{system} is not checked: “rustup target add {target}” would install what it takes."
            ));
            continue;
        }
        let mut check = cargo::command();
        check.args(["check", "--locked", "--quiet", "--target", target]);
        for room in rooms {
            check.args(["-p", &format!("chancery-{room}")]);
        }
        cargo::run(&mut check, &workspace.root)?;
        say::note(&format!("{system}: {} compile.", rooms.join(", ")));
    }
    Ok(())
}

/// The targets whose standard library is here.
fn installed() -> Vec<String> {
    let Ok(asked) = Command::new("rustc").args(["--print", "sysroot"]).output() else {
        return Vec::new();
    };
    let sysroot = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
    let Ok(entries) = std::fs::read_dir(Path::new(&sysroot).join("lib/rustlib")) else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join("lib").is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Where a room of the desktop knows a system.
pub(crate) fn faults(root: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for room in KNOW_NONE {
        look(
            &root.join("crates").join(room).join("src"),
            root,
            &mut faults,
        );
    }
    faults
}

fn look(directory: &Path, root: &Path, faults: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            look(&path, root, faults);
        } else if path.extension().is_some_and(|ending| ending == "rs")
            && path.file_name().is_some_and(|name| name != "tests.rs")
        {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let shown = path.strip_prefix(root).unwrap_or(&path).display();
            for (number, word) in known(&text) {
                faults.push(format!(
                    "{shown}:{number} names “{word}”; what belongs to one system belongs to `platform`."
                ));
            }
        }
    }
}

/// The lines that name a system, up to the tests at the end of a file.
fn known(text: &str) -> Vec<(usize, &'static str)> {
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]") && !line.starts_with("#[cfg(all(test"))
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .filter_map(|(at, line)| {
            let word = WORDS.into_iter().find(|word| line.contains(word))?;
            Some((at + 1, word))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::known;

    #[test]
    fn a_system_is_known_by_its_words_but_not_in_tests_and_comments() {
        let text = "// cfg(unix)\nuse std::os::fd::AsFd;\nfn a() {}\n#[cfg(windows)]\nfn b() {}\n#[cfg(test)]\nuse std::os::unix::fs::PermissionsExt;\n";
        assert_eq!(known(text), [(2, "std::os::"), (4, "cfg(windows)")]);
    }
}
