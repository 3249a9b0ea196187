//! Where this person's things live.
//!
//! `$CHANCERY_HOME` moves everything into one directory. Without it: the XDG
//! directories, and for the socket `$XDG_RUNTIME_DIR/chancery`, else
//! `/run/user/UID/chancery`, else a directory of the user's own under the
//! temporary directory.

use crate::machine::own_uid;
use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The longest path a Unix socket may have on Linux, without the ending NUL.
pub const LONGEST_SOCKET_PATH: usize = 107;

/// The policy file of this machine: what an administrator decided for everybody
/// on it. `$CHANCERY_POLICY` names another one, by its full path. Whether it
/// counts is for [`crate::private_file::is_administrators`] to say.
#[must_use]
pub fn policy_file() -> PathBuf {
    policy_named(std::env::var_os("CHANCERY_POLICY").as_ref()).unwrap_or_else(policy_of_machine)
}

/// The policy file that the person named, if it is a full path.
pub(crate) fn policy_named(variable: Option<&OsString>) -> Option<PathBuf> {
    set(variable).filter(|path| path.is_absolute())
}

#[cfg(target_os = "macos")]
fn policy_of_machine() -> PathBuf {
    PathBuf::from("/Library/Application Support/Chancery/policy.toml")
}

#[cfg(all(unix, not(target_os = "macos")))]
fn policy_of_machine() -> PathBuf {
    PathBuf::from("/etc/chancery/policy.toml")
}

/// The directories of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directories {
    config: PathBuf,
    state: PathBuf,
    runtime: PathBuf,
}

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

/// Why a directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Neither `CHANCERY_HOME` nor `HOME` says where to begin.
    #[error(
        "Neither CHANCERY_HOME nor HOME is set, so there is no place for the Connect list. Set one of them to a directory of your own."
    )]
    NoHome,
    /// `CHANCERY_HOME` does not begin at the root.
    #[error("CHANCERY_HOME is “{}”, which is not a full path. Set it to one that begins with “/”.", .0.display())]
    NotAbsolute(PathBuf),
    /// The socket's path is longer than the system allows.
    #[error(
        "The path of the agent's socket is {length} bytes long, and the system allows {LONGEST_SOCKET_PATH}: “{}”. Set CHANCERY_HOME or XDG_RUNTIME_DIR to a shorter path.", path.display()
    )]
    TooLong {
        /// The path.
        path: PathBuf,
        /// Its length in bytes.
        length: usize,
    },
    /// Something else than a directory of the user's own stands there.
    #[error("“{}” cannot be used: {why}. Remove it, or set CHANCERY_HOME to a directory of your own.", path.display())]
    NotOurs {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The system refused.
    #[error("“{}” cannot be made or read: {source}.", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Directories {
    /// The directories of whoever runs this process. Nothing is made yet.
    ///
    /// # Errors
    /// [`DirectoryError::NoHome`], [`DirectoryError::NotAbsolute`] or
    /// [`DirectoryError::TooLong`].
    pub fn from_environment() -> Result<Self, DirectoryError> {
        Self::find(&Environment::of_this_process())
    }

    /// Everything under one directory, as `CHANCERY_HOME` does.
    ///
    /// # Errors
    /// [`DirectoryError::NotAbsolute`] or [`DirectoryError::TooLong`].
    pub fn under(home: &Path) -> Result<Self, DirectoryError> {
        Self::find(&Environment {
            chancery_home: Some(home.as_os_str().to_owned()),
            ..Environment::of_this_process()
        })
    }

    /// The directories that `environment` leads to. Nothing is made yet.
    ///
    /// # Errors
    /// [`DirectoryError::NoHome`], [`DirectoryError::NotAbsolute`] or
    /// [`DirectoryError::TooLong`].
    pub fn find(environment: &Environment) -> Result<Self, DirectoryError> {
        let found = if let Some(home) = set(environment.chancery_home.as_ref()) {
            if !home.is_absolute() {
                return Err(DirectoryError::NotAbsolute(home));
            }
            Self {
                config: home.join("config"),
                state: home.join("state"),
                runtime: home.join("run"),
            }
        } else {
            let home = set(environment.home.as_ref()).filter(|path| path.is_absolute());
            Self {
                config: xdg(
                    environment.xdg_config_home.as_ref(),
                    home.as_deref(),
                    ".config",
                )?,
                state: xdg(
                    environment.xdg_state_home.as_ref(),
                    home.as_deref(),
                    ".local/state",
                )?,
                runtime: runtime(environment),
            }
        };
        let path = found.socket();
        let length = path.as_os_str().as_bytes().len();
        if length > LONGEST_SOCKET_PATH {
            return Err(DirectoryError::TooLong { path, length });
        }
        Ok(found)
    }

    /// Where settings and the Connect list are.
    #[must_use]
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Where logs are.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Where the socket and the lock are.
    #[must_use]
    pub fn runtime(&self) -> &Path {
        &self.runtime
    }

    /// The agent's socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.runtime.join("agent.sock")
    }

    /// The lock that makes the agent the only one.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.runtime.join("agent.lock")
    }

    /// What an agent that was started on demand has to say.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.state.join("agent.log")
    }

    /// Makes the runtime directory, for this user only, and checks that it is
    /// a directory (no symbolic link) of this user's own. Permissions that
    /// others have on it are taken away.
    ///
    /// # Errors
    /// [`DirectoryError::NotOurs`] or [`DirectoryError::Io`].
    pub fn prepare_runtime(&self) -> Result<(), DirectoryError> {
        make_private(&self.runtime, own_uid())
    }

    /// Makes the configuration and state directories, for this user only.
    ///
    /// # Errors
    /// [`DirectoryError::NotOurs`] or [`DirectoryError::Io`].
    pub fn prepare_kept(&self) -> Result<(), DirectoryError> {
        make_private(&self.config, own_uid())?;
        make_private(&self.state, own_uid())
    }
}

/// An empty variable counts as one that is not set.
fn set(variable: Option<&OsString>) -> Option<PathBuf> {
    variable
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
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
    use super::{Directories, DirectoryError, Environment, make_private};
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
