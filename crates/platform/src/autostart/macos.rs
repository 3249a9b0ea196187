//! An agent of launchd, in the person's own library.

use super::AutostartError;
use crate::directories::Directories;
use std::io;
use std::path::{Path, PathBuf};

const LABEL: &str = "com.chancery.agent";

pub(super) fn is_on(_directories: &Directories) -> Result<bool, AutostartError> {
    Ok(file()?.exists())
}

pub(super) fn is_possible() -> Result<(), AutostartError> {
    file().map(drop)
}

pub(super) fn turn_on(_directories: &Directories, program: &Path) -> Result<(), AutostartError> {
    let path = file()?;
    let program = escaped(&program.to_string_lossy());
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <plist version=\"1.0\"><dict>\n\
         <key>Label</key><string>{LABEL}</string>\n\
         <key>ProgramArguments</key><array><string>{program}</string><string>agent</string><string>run</string></array>\n\
         <key>RunAtLoad</key><true/>\n\
         </dict></plist>\n"
    );
    let written = path
        .parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(&path, text));
    written.map_err(|source| AutostartError::File { path, source })
}

pub(super) fn turn_off(_directories: &Directories) -> Result<(), AutostartError> {
    let path = file()?;
    match std::fs::remove_file(&path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(AutostartError::File { path, source })
        }
        _ => Ok(()),
    }
}

fn file() -> Result<PathBuf, AutostartError> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let home = home
        .filter(|home| home.is_absolute())
        .ok_or_else(|| AutostartError::NotHere("HOME is not set.".to_owned()))?;
    Ok(home.join(format!("Library/LaunchAgents/{LABEL}.plist")))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
