//! The installer for Windows, by NSIS.

use super::{copy, fresh, write};
use crate::cargo::{self, Workspace};
use crate::failure::Failure;
use crate::{packages, windows};
use std::path::PathBuf;
use std::process::{Command, Stdio};

const DESKTOP: &str = "chancery-desktop";
const MESSAGING: &str = "chancery-native-messaging";

/// Builds the programs and the installer around them; gives its path.
pub(crate) fn make(release: bool) -> Result<PathBuf, Failure> {
    packages::ensure(packages::FOR_INSTALLER)?;
    let workspace = Workspace::read()?;
    let programs = windows::build(release)?;
    let place = workspace.target.join("package");
    let stage = place.join("windows");
    fresh(&stage)?;
    for program in &programs {
        let name = program.file_name().unwrap_or_default();
        let staged = stage.join(name);
        copy(program, &staged)?;
        let mut strip = Command::new("x86_64-w64-mingw32-strip");
        cargo::run(strip.arg("--strip-debug").arg(&staged), &stage)?;
    }
    // Beside the program, which it may name without its directory there.
    let manifest = workspace.root.join("packaging/linux/native-messaging.json");
    let manifest = std::fs::read_to_string(&manifest)
        .map_err(|error| super::cannot(&manifest, &error))?
        .replace(
            &format!("/usr/bin/{MESSAGING}"),
            &format!("{MESSAGING}.exe"),
        );
    write(&stage.join("native-messaging.json"), manifest)?;
    let version = workspace.version()?;
    let output = place.join(format!("chancery-{version}-setup.exe"));
    let mut makensis = Command::new("makensis");
    makensis.args(["-V2", "-WX", "-INPUTCHARSET", "UTF8"]);
    makensis.arg(format!("-DVERSION={version}"));
    makensis.arg(format!("-DPROGRAMS={}", stage.display()));
    makensis.arg(format!("-DLICENSES={}", workspace.root.display()));
    makensis.arg(format!("-DOUTPUT={}", output.display()));
    for (name, flag) in [(DESKTOP, "HAS_DESKTOP"), (MESSAGING, "HAS_MESSAGING")] {
        let is_there = |program: &PathBuf| program.file_stem().is_some_and(|stem| stem == name);
        if programs.iter().any(is_there) {
            makensis.arg(format!("-D{flag}"));
        }
    }
    makensis
        .arg(workspace.root.join("packaging/windows/chancery.nsi"))
        .stdin(Stdio::null());
    cargo::run(&mut makensis, &stage)?;
    Ok(output)
}
