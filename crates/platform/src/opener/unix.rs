//! The desktop's own opener, as a process.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

#[cfg(target_os = "macos")]
pub(super) const OPENER: &str = "/usr/bin/open";
#[cfg(not(target_os = "macos"))]
pub(super) const OPENER: &str = "xdg-open";

/// An opener that is still at work after that long has found an application.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn open_with(opener: &Path, path: &Path) -> io::Result<()> {
    let mut child = Command::new(opener)
        .arg(path)
        .current_dir("/")
        // What ends the agent in a terminal must not end the application.
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("“{}” cannot be run: {error}", opener.display()),
            )
        })?;
    let (ended, end) = mpsc::channel();
    // Some openers live as long as the application: a thread waits for it, so
    // that no dead process stays behind.
    std::thread::Builder::new()
        .name("opener".to_owned())
        .stack_size(64 * 1024)
        .spawn(move || {
            let status = child.wait();
            // Nobody asks any more after a while.
            let _late = ended.send(status);
        })?;
    match end.recv_timeout(PATIENCE) {
        Ok(Ok(status)) if !status.success() => Err(io::Error::other(format!(
            "no application opened “{}” ({status}). Choose one for its kind in the desktop's settings",
            path.display()
        ))),
        Ok(Err(error)) => Err(error),
        Ok(Ok(_)) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::open_with;
    use crate::opener::open;
    use std::io::ErrorKind;
    use std::path::Path;

    #[test]
    fn the_path_reaches_the_opener_as_it_is() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("a; touch $(b) 'c' \" -d.odt");
        // This opener makes the file that it is told.
        open_with(Path::new("touch"), &path).expect("opened");
        assert!(path.is_file());
        assert_eq!(std::fs::read_dir(place.path()).expect("there").count(), 1);
    }

    #[test]
    fn only_web_addresses_go_to_the_browser() {
        for other in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "http://work.example.com/",
            "--version",
            "/etc/passwd",
            "https://work.example.com/ a",
            "",
        ] {
            let error = crate::opener::open_address(other).expect_err(other);
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{other}");
        }
    }

    #[test]
    fn no_application_and_no_opener_are_errors() {
        let place = tempfile::tempdir().expect("made");
        let path = place.path().join("letter.odt");
        let error = open_with(Path::new("false"), &path).expect_err("none");
        assert!(error.to_string().contains("no application"), "{error}");
        let error = open_with(&place.path().join("missing"), &path).expect_err("none");
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }

    #[test]
    fn what_would_run_and_what_is_not_there_is_not_opened() {
        let place = tempfile::tempdir().expect("made");
        let missing = open(&place.path().join("letter.odt")).expect_err("missing");
        assert_eq!(missing.kind(), ErrorKind::NotFound);
        let program = place.path().join("Invoice.Desktop");
        std::fs::write(&program, b"[Desktop Entry]").expect("written");
        if cfg!(target_os = "linux") {
            let refused = open(&program).expect_err("a program");
            assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
        }
    }
}
