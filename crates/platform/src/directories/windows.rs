//! `%APPDATA%` and `%LOCALAPPDATA%`, and a pipe that is named for the user.

#![expect(unsafe_code, reason = "the system's own calls")]

use super::{Directories, DirectoryError, set};
use crate::windows::security::{ADMINISTRATORS, Descriptor, USING, keep_to, rights_of};
use crate::windows::{checked, name_of, process, text};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::windows::fs::MetadataExt;
use std::path::{Path, PathBuf};
use windows_sys::Win32::Storage::FileSystem::{CreateDirectoryW, FILE_ATTRIBUTE_REPARSE_POINT};

/// The longest name a pipe may have.
pub const LONGEST_SOCKET_PATH: usize = 256;

/// The variable that everything begins at.
pub(super) const HOME: &str = "APPDATA";
/// What a full path begins with.
pub(super) const ROOT: &str = "C:\\";

/// What the environment says; an argument, so that tests need not change it.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `CHANCERY_HOME`.
    pub chancery_home: Option<OsString>,
    /// `APPDATA`: what follows the person from machine to machine.
    pub app_data: Option<OsString>,
    /// `LOCALAPPDATA`: what stays on this machine.
    pub local_app_data: Option<OsString>,
    /// The user's security id.
    pub sid: String,
}

impl Environment {
    /// What this process was given.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self {
            chancery_home: std::env::var_os("CHANCERY_HOME"),
            app_data: std::env::var_os("APPDATA"),
            local_app_data: std::env::var_os("LOCALAPPDATA"),
            sid: process::own_sid().unwrap_or_default(),
        }
    }
}

pub(super) fn policy_of_machine() -> PathBuf {
    let base = set(std::env::var_os("ProgramData").as_ref()).filter(|path| path.is_absolute());
    base.unwrap_or_else(|| PathBuf::from("C:\\ProgramData"))
        .join("Chancery\\policy.toml")
}

pub(super) fn find(environment: &Environment) -> Result<Directories, DirectoryError> {
    let pipe = format!("\\\\.\\pipe\\chancery-{}", environment.sid);
    if let Some(home) = set(environment.chancery_home.as_ref()) {
        return Ok(Directories {
            socket: format!("{pipe}-{}", name_of(&home)).into(),
            config: home.join("config"),
            state: home.join("state"),
            runtime: home.join("run"),
        });
    }
    let base = |variable: &Option<OsString>| {
        set(variable.as_ref())
            .filter(|path| path.is_absolute())
            .map(|path| path.join("Chancery"))
            .ok_or(DirectoryError::NoHome)
    };
    let state = base(&environment.local_app_data)?;
    Ok(Directories {
        socket: pipe.into(),
        config: base(&environment.app_data)?,
        runtime: state.join("run"),
        state,
    })
}

/// Makes a directory that only this user, administrators and the system use,
/// or checks the one that is there.
pub(super) fn make_own(path: &Path) -> Result<(), DirectoryError> {
    let io = |source| DirectoryError::Io {
        path: path.to_owned(),
        source,
    };
    let refuse = |why| DirectoryError::NotOurs {
        path: path.to_owned(),
        why,
    };
    let sid = process::own_sid().map_err(io)?;
    if let Some(above) = path.parent() {
        fs::create_dir_all(above).map_err(io)?;
    }
    match make(path, &sid) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(source) => return Err(io(source)),
    }
    let found = fs::symlink_metadata(path).map_err(io)?;
    if found.file_attributes() & FILE_ATTRIBUTE_REPARSE_POINT != 0 {
        return Err(refuse("it is a link"));
    }
    if !found.is_dir() {
        return Err(refuse("it is not a directory"));
    }
    let rights = rights_of(path, USING).map_err(io)?;
    let is_ours = |one: &String| *one == sid || ADMINISTRATORS.contains(&one.as_str());
    if !is_ours(&rights.owner) {
        return Err(refuse("it belongs to somebody else"));
    }
    if rights
        .allowed
        .is_some_and(|users| users.iter().all(is_ours))
    {
        return Ok(());
    }
    // What others may do there is taken from them.
    only(&sid)
        .and_then(|descriptor| keep_to(path, &descriptor))
        .map_err(io)
}

/// This user, administrators and the system.
fn only(sid: &str) -> io::Result<Descriptor> {
    Descriptor::parse(&format!(
        "O:{sid}D:P(A;OICI;FA;;;{sid})(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
    ))
}

fn make(path: &Path, sid: &str) -> io::Result<()> {
    let descriptor = only(sid)?;
    let attributes = descriptor.attributes();
    let name = text::wide(path);
    // SAFETY: the name ends in a zero, and the descriptor outlives the call.
    checked(unsafe { CreateDirectoryW(name.as_ptr(), &raw const attributes) })
}

#[cfg(test)]
mod tests {
    use super::{Environment, make_own};
    use crate::directories::{Directories, DirectoryError};
    use crate::windows::security::{Descriptor, keep_to};
    use std::path::Path;

    fn environment() -> Environment {
        Environment {
            chancery_home: None,
            app_data: Some("C:\\Users\\ada\\AppData\\Roaming".into()),
            local_app_data: Some("C:\\Users\\ada\\AppData\\Local".into()),
            sid: "S-1-5-21-1".to_owned(),
        }
    }

    #[test]
    fn the_pipe_is_named_for_the_user_and_for_another_home() {
        let found = Directories::find(&environment()).expect("found");
        assert_eq!(
            found.socket(),
            Path::new("\\\\.\\pipe\\chancery-S-1-5-21-1")
        );
        assert_eq!(
            found.config(),
            Path::new("C:\\Users\\ada\\AppData\\Roaming\\Chancery")
        );
        let at = |home: &str| {
            let moved = Directories::find(&Environment {
                chancery_home: Some(home.into()),
                ..environment()
            });
            moved.expect("found").socket()
        };
        assert_ne!(at("C:\\one"), found.socket());
        assert_ne!(at("C:\\one"), at("C:\\two"));
        assert_eq!(at("C:\\one"), at("c:\\ONE"));
    }

    #[test]
    fn nothing_to_begin_at_is_a_clear_error() {
        let error = Directories::find(&Environment {
            app_data: None,
            ..environment()
        })
        .expect_err("nowhere");
        assert!(matches!(error, DirectoryError::NoHome), "{error}");
    }

    #[test]
    fn what_others_may_do_in_a_directory_is_taken_from_them() {
        use crate::private_file::standing;
        let place = tempfile::tempdir().expect("made");
        // Wine 8 lets a directory inherit in spite of being told otherwise, so
        // that the one above it is this user's alone as well.
        let above = place.path().join("above");
        make_own(&above).expect("made");
        let open = above.join("open");
        std::fs::create_dir(&open).expect("made");
        let everybody = Descriptor::parse("D:P(A;OICI;FA;;;WD)").expect("a list");
        keep_to(&open, &everybody).expect("changed");
        assert!(standing(&open).expect("there").is_shared);
        make_own(&open).expect("taken");
        let standing = standing(&open).expect("there");
        assert!(standing.is_own && !standing.is_shared, "{standing:?}");
    }

    #[test]
    fn a_directory_is_made_once_and_a_file_in_its_place_is_refused() {
        let place = tempfile::tempdir().expect("made");
        let ours = place.path().join("a\\b");
        make_own(&ours).expect("made");
        make_own(&ours).expect("there");
        let file = place.path().join("file");
        std::fs::write(&file, b"").expect("written");
        let error = make_own(&file).expect_err("a file");
        assert!(error.to_string().contains("not a directory"), "{error}");
    }
}
