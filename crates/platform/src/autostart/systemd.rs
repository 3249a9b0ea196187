//! Two units of the person's own systemd.

use super::AutostartError;
use crate::directories::Directories;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const SOCKET: &str = "chancery-agent.socket";
const SERVICE: &str = "chancery-agent.service";

pub(super) fn is_on(_directories: &Directories) -> Result<bool, AutostartError> {
    // Its own unit, or that of a package which systemd was told to take.
    let units = units()?;
    let taken = units.join("sockets.target.wants").join(SOCKET);
    Ok(units.join(SOCKET).exists() || std::fs::symlink_metadata(taken).is_ok())
}

pub(super) fn is_possible() -> Result<(), AutostartError> {
    if std::env::var_os("CHANCERY_HOME").is_some() {
        return Err(AutostartError::NotHere(
            "With CHANCERY_HOME set, this is not the agent of your desktop.".to_owned(),
        ));
    }
    units()?;
    systemctl(&["show-environment"])
}

pub(super) fn turn_on(directories: &Directories, program: &Path) -> Result<(), AutostartError> {
    // Nothing is written where nobody reads it.
    is_possible()?;
    let units = units()?;
    let file = |path: &Path, source: io::Error| AutostartError::File {
        path: path.to_owned(),
        source,
    };
    std::fs::create_dir_all(&units).map_err(|error| file(&units, error))?;
    let (socket, service) = (units.join(SOCKET), units.join(SERVICE));
    let written = std::fs::write(&socket, socket_unit(&directories.socket()))
        .map_err(|error| file(&socket, error))
        .and_then(|()| {
            std::fs::write(&service, service_unit(program)).map_err(|error| file(&service, error))
        })
        .and_then(|()| systemctl(&["daemon-reload"]))
        .and_then(|()| systemctl(&["enable", "--now", SOCKET]));
    if written.is_err() {
        let _gone = (
            std::fs::remove_file(&socket),
            std::fs::remove_file(&service),
        );
        let _told = systemctl(&["daemon-reload"]);
    }
    written
}

pub(super) fn turn_off(directories: &Directories) -> Result<(), AutostartError> {
    if !is_on(directories)? {
        return Ok(());
    }
    systemctl(&["disable", "--now", SOCKET])?;
    let units = units()?;
    for name in [SOCKET, SERVICE] {
        let path = units.join(name);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(AutostartError::File { path, source });
            }
            _ => {}
        }
    }
    systemctl(&["daemon-reload"])
}

/// Where the person's own units are (`systemd.unit(5)`).
fn units() -> Result<PathBuf, AutostartError> {
    let set = |name: &str| {
        let path = std::env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let config = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")));
    let config = config.ok_or_else(|| {
        AutostartError::NotHere("Neither XDG_CONFIG_HOME nor HOME is set.".to_owned())
    })?;
    Ok(config.join("systemd/user"))
}

fn systemctl(words: &[&str]) -> Result<(), AutostartError> {
    let output = Command::new("systemctl")
        .arg("--user")
        .args(words)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                AutostartError::NotHere("This system is not run by systemd.".to_owned())
            }
            _ => refused(words, &error.to_string()),
        })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let why = said.lines().next().unwrap_or_default().trim();
    if words == ["show-environment"] {
        return Err(AutostartError::NotHere(format!(
            "No systemd runs for you here ({why})."
        )));
    }
    Err(refused(words, why))
}

fn refused(words: &[&str], why: &str) -> AutostartError {
    AutostartError::Refused {
        what: format!("systemctl --user {}", words.join(" ")),
        why: why.to_owned(),
    }
}

fn socket_unit(socket: &Path) -> String {
    format!(
        "[Unit]\n\
         Description=Chancery, the connection to the work server\n\
         \n\
         [Socket]\n\
         ListenStream={}\n\
         SocketMode=0600\n\
         DirectoryMode=0700\n\
         Backlog=4096\n\
         \n\
         [Install]\n\
         WantedBy=sockets.target\n",
        plain(&socket.to_string_lossy())
    )
}

fn service_unit(program: &Path) -> String {
    format!(
        "[Unit]\n\
         Description=Chancery, the connection to the work server\n\
         \n\
         [Service]\n\
         ExecStart={} agent run\n",
        quoted(&program.to_string_lossy())
    )
}

/// A percent sign means something else there (`systemd.unit(5)`, specifiers).
fn plain(text: &str) -> String {
    text.replace('%', "%%")
}

/// One word (`systemd.syntax(7)`, quoting), in which no variable is looked for.
fn quoted(word: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in plain(word).chars() {
        match letter {
            '"' | '\\' => {
                let _ = write!(quoted, "\\{letter}");
            }
            '$' => quoted.push_str("$$"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::{service_unit, socket_unit};
    use std::path::Path;

    #[test]
    fn the_units_are_what_systemd_reads() {
        let socket = socket_unit(Path::new("/run/user/1000/chancery/agent.sock"));
        assert!(socket.contains("\nListenStream=/run/user/1000/chancery/agent.sock\n"));
        assert!(socket.contains("\nSocketMode=0600\nDirectoryMode=0700\n"));
        let service = service_unit(Path::new("/opt/a \"b\" 100% $HOME/chancery"));
        assert!(
            service.contains(r#"ExecStart="/opt/a \"b\" 100%% $$HOME/chancery" agent run"#),
            "{service}"
        );
    }

    #[test]
    fn a_package_brings_the_same_units() {
        let of_package = include_str!("../../../../packaging/linux/chancery-agent.socket");
        let here = of_package.replace("%t/chancery/agent.sock", "/run/here");
        assert_eq!(here, socket_unit(Path::new("/run/here")));
        let of_package = include_str!("../../../../packaging/linux/chancery-agent.service");
        let quoted = of_package.replace("/usr/bin/chancery", "\"/usr/bin/chancery\"");
        assert_eq!(quoted, service_unit(Path::new("/usr/bin/chancery")));
    }

    #[test]
    fn systemd_itself_finds_nothing_wrong_with_them() {
        let place = tempfile::tempdir().expect("made");
        let program = Path::new("/bin/true");
        let socket = place.path().join("agent.sock");
        let units = [
            ("chancery-agent.socket", socket_unit(&socket)),
            ("chancery-agent.service", service_unit(program)),
        ];
        let paths: Vec<_> = units
            .iter()
            .map(|(name, text)| {
                let path = place.path().join(name);
                std::fs::write(&path, text).expect("written");
                path
            })
            .collect();
        let verified = std::process::Command::new("systemd-analyze")
            .args(["--user", "verify"])
            .args(&paths)
            .env("XDG_RUNTIME_DIR", place.path())
            .output()
            .expect("systemd-analyze can be run; it comes with the package systemd");
        let said = String::from_utf8_lossy(&verified.stderr);
        let ours = said.lines().find(|line| line.contains("chancery-agent"));
        assert_eq!(ours, None, "{said}");
    }
}
