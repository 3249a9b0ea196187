//! Where the product's own programs are: beside this one, else on the `PATH`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// A program that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MissingProgram {
    /// Neither beside this program nor on the `PATH`.
    #[error(
        "The program “{name}” is neither beside this one nor on the PATH. Install it, or name it with {variable}."
    )]
    Nowhere {
        /// What it is called.
        name: &'static str,
        /// The variable that names another one.
        variable: &'static str,
    },
    /// The variable names something else.
    #[error("{variable} names “{}”, and there is no program. Correct it, or unset it.", path.display())]
    Misnamed {
        /// The variable.
        variable: &'static str,
        /// What it names.
        path: PathBuf,
    },
}

/// Finds the program `name`. `variable`, where it is set, names it by its full
/// path and nothing else counts.
///
/// # Errors
/// [`MissingProgram`].
pub fn find(name: &'static str, variable: &'static str) -> Result<PathBuf, MissingProgram> {
    let own = std::env::current_exe().ok();
    look(
        name,
        variable,
        std::env::var_os(variable).as_deref(),
        own.as_deref().and_then(Path::parent),
        std::env::var_os("PATH").as_deref(),
    )
}

fn look(
    name: &'static str,
    variable: &'static str,
    named: Option<&OsStr>,
    beside: Option<&Path>,
    path: Option<&OsStr>,
) -> Result<PathBuf, MissingProgram> {
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        let path = PathBuf::from(named);
        if path.is_absolute() && path.is_file() {
            return Ok(path);
        }
        return Err(MissingProgram::Misnamed { variable, path });
    }
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let on_path = path.map(std::env::split_paths).into_iter().flatten();
    beside
        .map(Path::to_owned)
        .into_iter()
        // What is not a full path means another place in each directory.
        .chain(on_path.filter(|directory| directory.is_absolute()))
        .map(|directory| directory.join(&file))
        .find(|candidate| candidate.is_file())
        .ok_or(MissingProgram::Nowhere { name, variable })
}

/// Keeps no directory busy that somebody may want to remove. A program that
/// leaves the terminal itself does the rest.
#[cfg(unix)]
pub(crate) fn apart(command: &mut tokio::process::Command) {
    command.current_dir("/");
}

/// Keeps no directory busy that somebody may want to remove, no console, and
/// nothing that whoever started this program reads or writes.
#[cfg(windows)]
pub(crate) fn apart(command: &mut tokio::process::Command) {
    use windows_sys::Win32::System::Threading::{CREATE_NEW_PROCESS_GROUP, DETACHED_PROCESS};
    if let Err(error) = crate::windows::process::keep_own_streams() {
        tracing::debug!(%error, "what is started may hold this program's output open");
    }
    command.creation_flags(DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP);
    if let Some(root) = std::env::var_os("SystemRoot") {
        command.current_dir(root);
    }
}

#[cfg(test)]
mod tests {
    use super::{MissingProgram, look};
    use std::ffi::{OsStr, OsString};
    use std::path::{Path, PathBuf};

    fn program(directory: &Path) -> PathBuf {
        std::fs::create_dir_all(directory).expect("made");
        let path = directory.join(format!("chancery-x{}", std::env::consts::EXE_SUFFIX));
        std::fs::write(&path, b"").expect("written");
        path
    }

    fn found(
        named: Option<&OsStr>,
        beside: &Path,
        path: &OsStr,
    ) -> Result<PathBuf, MissingProgram> {
        look("chancery-x", "CHANCERY_X", named, Some(beside), Some(path))
    }

    #[test]
    fn a_program_is_looked_for_beside_this_one_then_on_the_path() {
        let place = tempfile::tempdir().expect("made");
        let (beside, first, second) = (
            place.path().join("beside"),
            place.path().join("first"),
            place.path().join("second"),
        );
        let path: OsString =
            std::env::join_paths([Path::new("."), &first, &second]).expect("a path");
        assert_eq!(
            found(None, &beside, &path),
            Err(MissingProgram::Nowhere {
                name: "chancery-x",
                variable: "CHANCERY_X"
            })
        );
        let on_path = program(&second);
        assert_eq!(found(None, &beside, &path), Ok(on_path));
        let own = program(&beside);
        assert_eq!(found(None, &beside, &path), Ok(own.clone()));
        assert_eq!(found(Some(OsStr::new("")), &beside, &path), Ok(own));
    }

    #[test]
    fn a_program_that_is_named_is_that_one_or_none() {
        let place = tempfile::tempdir().expect("made");
        let own = program(&place.path().join("beside"));
        let other = program(&place.path().join("other"));
        let beside = own.parent().expect("a directory");
        let named = found(Some(other.as_os_str()), beside, OsStr::new(""));
        assert_eq!(named, Ok(other));
        for wrong in ["chancery-x", "/does/not/exist"] {
            let missing = found(Some(OsStr::new(wrong)), beside, OsStr::new(""));
            assert!(
                matches!(missing, Err(MissingProgram::Misnamed { .. })),
                "{missing:?}"
            );
        }
    }
}
