//! The XDG directories, and `HOME` below them.

use super::{Directories, DirectoryError, set};
use crate::machine::own_uid;
use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The longest path a Unix socket may have, without the ending zero.
pub const LONGEST_SOCKET_PATH: usize = if cfg!(target_os = "macos") { 103 } else { 107 };

/// The variable that everything begins at.
pub(super) const HOME: &str = "HOME";
/// What a full path begins with.
pub(super) const ROOT: &str = "/";

/// What the environment says; an argument, so that tests need not change it.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `CHANCERY_HOME`.
    pub chancery_home: Option<OsString>,
    /// `XDG_RUNTIME_DIR`.
    pub xdg_runtime_dir: Option<OsString>,
    /// `XDG_CONFIG_HOME`.
    pub xdg_config_home: Option<OsString>,
    /// `XDG_STATE_HOME`.
    pub xdg_state_home: Option<OsString>,
    /// `HOME`.
    pub home: Option<OsString>,
    /// The temporary directory.
    pub temporary: PathBuf,
    /// Where the system keeps users' runtime directories: `/run/user`.
    pub run_user: PathBuf,
    /// The user's id.
    pub uid: u32,
}

impl Environment {
    /// What this process was given.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self {
            chancery_home: std::env::var_os("CHANCERY_HOME"),
            xdg_runtime_dir: std::env::var_os("XDG_RUNTIME_DIR"),
            xdg_config_home: std::env::var_os("XDG_CONFIG_HOME"),
            xdg_state_home: std::env::var_os("XDG_STATE_HOME"),
            home: std::env::var_os("HOME"),
            temporary: std::env::temp_dir(),
            run_user: PathBuf::from("/run/user"),
            uid: own_uid(),
        }
    }
}

#[cfg(target_os = "macos")]
pub(super) fn policy_of_machine() -> PathBuf {
    PathBuf::from("/Library/Application Support/Chancery/policy.toml")
}

#[cfg(all(unix, not(target_os = "macos")))]
pub(super) fn policy_of_machine() -> PathBuf {
    PathBuf::from("/etc/chancery/policy.toml")
}

pub(super) fn find(environment: &Environment) -> Result<Directories, DirectoryError> {
    let (config, state, runtime) = if let Some(home) = set(environment.chancery_home.as_ref()) {
        (home.join("config"), home.join("state"), home.join("run"))
    } else {
        let home = set(environment.home.as_ref()).filter(|path| path.is_absolute());
        let home = home.as_deref();
        (
            xdg(environment.xdg_config_home.as_ref(), home, ".config")?,
            xdg(environment.xdg_state_home.as_ref(), home, ".local/state")?,
            runtime(environment),
        )
    };
    Ok(Directories {
        socket: runtime.join("agent.sock"),
        config,
        state,
        runtime,
    })
}

pub(super) fn make_own(path: &Path) -> Result<(), DirectoryError> {
    make_private(path, own_uid())
}

/// The XDG rule: a path that is not absolute is ignored.
fn xdg(
    variable: Option<&OsString>,
    home: Option<&Path>,
    below_home: &str,
) -> Result<PathBuf, DirectoryError> {
    match (set(variable).filter(|path| path.is_absolute()), home) {
        (Some(base), _) => Ok(base.join("chancery")),
        (None, Some(home)) => Ok(home.join(below_home).join("chancery")),
        (None, None) => Err(DirectoryError::NoHome),
    }
}

fn runtime(environment: &Environment) -> PathBuf {
    if let Some(base) = set(environment.xdg_runtime_dir.as_ref()).filter(|path| path.is_absolute())
    {
        return base.join("chancery");
    }
    let of_user = environment.run_user.join(environment.uid.to_string());
    if of_user.is_dir() {
        return of_user.join("chancery");
    }
    environment
        .temporary
        .join(format!("chancery-{}", environment.uid))
}

fn make_private(path: &Path, uid: u32) -> Result<(), DirectoryError> {
    let io = |source| DirectoryError::Io {
        path: path.to_owned(),
        source,
    };
    let refuse = |why| DirectoryError::NotOurs {
        path: path.to_owned(),
        why,
    };
    if let Err(source) = DirBuilder::new().recursive(true).mode(0o700).create(path) {
        // A link or a file standing there is told apart below.
        if source.kind() != io::ErrorKind::AlreadyExists {
            return Err(io(source));
        }
    }
    let found = fs::symlink_metadata(path).map_err(io)?;
    if found.file_type().is_symlink() {
        return Err(refuse("it is a symbolic link"));
    }
    if !found.is_dir() {
        return Err(refuse("it is not a directory"));
    }
    if found.uid() != uid {
        return Err(refuse("it belongs to somebody else"));
    }
    if found.mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(io)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Environment, make_private};
    use crate::directories::{Directories, DirectoryError};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::{Path, PathBuf};

    fn environment() -> Environment {
        Environment {
            home: Some("/home/ada".into()),
            temporary: PathBuf::from("/tmp"),
            run_user: PathBuf::from("/nowhere"),
            uid: 1000,
            ..Environment::default()
        }
    }

    #[test]
    fn chancery_home_moves_everything_into_one_directory() {
        let found = Directories::find(&Environment {
            chancery_home: Some("/elsewhere".into()),
            xdg_runtime_dir: Some("/run/user/1000".into()),
            ..environment()
        })
        .expect("found");
        assert_eq!(found.config(), Path::new("/elsewhere/config"));
        assert_eq!(found.state(), Path::new("/elsewhere/state"));
        assert_eq!(found.socket(), Path::new("/elsewhere/run/agent.sock"));
    }

    #[test]
    fn the_runtime_directory_is_looked_for_in_its_order() {
        let with_xdg = Directories::find(&Environment {
            xdg_runtime_dir: Some("/run/user/1000".into()),
            ..environment()
        })
        .expect("found");
        assert_eq!(with_xdg.runtime(), Path::new("/run/user/1000/chancery"));

        let system = tempfile::tempdir().expect("made");
        std::fs::create_dir(system.path().join("1000")).expect("made");
        let with_system = Directories::find(&Environment {
            run_user: system.path().to_owned(),
            ..environment()
        })
        .expect("found");
        assert_eq!(with_system.runtime(), system.path().join("1000/chancery"));

        let with_neither = Directories::find(&environment()).expect("found");
        assert_eq!(with_neither.runtime(), Path::new("/tmp/chancery-1000"));
        assert_eq!(
            with_neither.config(),
            Path::new("/home/ada/.config/chancery")
        );
    }

    #[test]
    fn a_path_over_the_limit_of_sockets_is_a_clear_error() {
        let long = format!("/{}", "a".repeat(120));
        let error = Directories::find(&Environment {
            chancery_home: Some(long.into()),
            ..environment()
        })
        .expect_err("too long");
        assert!(matches!(error, DirectoryError::TooLong { .. }));
        assert!(error.to_string().contains("shorter path"), "{error}");
    }

    #[test]
    fn a_home_that_is_not_a_full_path_is_refused() {
        let error = Directories::find(&Environment {
            chancery_home: Some("here".into()),
            ..environment()
        })
        .expect_err("relative");
        assert!(matches!(error, DirectoryError::NotAbsolute(_)));
    }

    #[test]
    fn a_directory_of_somebody_else_a_link_and_a_file_are_refused() {
        let place = tempfile::tempdir().expect("made");
        let uid = crate::machine::own_uid();

        let ours = place.path().join("ours");
        make_private(&ours, uid).expect("made");
        let mode = std::fs::metadata(&ours)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700);

        let error = make_private(&ours, uid + 1).expect_err("somebody else's");
        assert!(error.to_string().contains("somebody else"), "{error}");

        let link = place.path().join("link");
        symlink(&ours, &link).expect("made");
        let error = make_private(&link, uid).expect_err("a link");
        assert!(error.to_string().contains("symbolic link"), "{error}");

        let file = place.path().join("file");
        std::fs::write(&file, b"").expect("made");
        let error = make_private(&file, uid).expect_err("a file");
        assert!(error.to_string().contains("not a directory"), "{error}");
    }

    #[test]
    fn permissions_of_others_are_taken_away() {
        let place = tempfile::tempdir().expect("made");
        let open = place.path().join("open");
        std::fs::create_dir(&open).expect("made");
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).expect("set");
        make_private(&open, crate::machine::own_uid()).expect("ours");
        let mode = std::fs::metadata(&open)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
