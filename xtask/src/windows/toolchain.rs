//! Debian's compiler and linker, made to build for Windows.

use crate::cargo;
use crate::failure::Failure;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What is built for.
pub(super) const TARGET: &str = "x86_64-pc-windows-gnu";
/// The compiler whose own source is here, which the standard library is built
/// from. The one that cargo runs otherwise has no source.
const COMPILER: &str = "/usr/bin/rustc";
pub(super) const LINKER: &str = "x86_64-w64-mingw32-gcc";

/// What builds for Windows.
#[derive(Debug)]
pub(super) struct Toolchain {
    place: PathBuf,
    /// The two object files that every program begins and ends with.
    startup: PathBuf,
}

impl Toolchain {
    /// Makes what is not there yet, in `place` alone.
    pub(super) fn prepare(place: &Path) -> Result<Self, Failure> {
        let source = source()?;
        let startup = place.join("startup");
        std::fs::create_dir_all(&startup).map_err(|error| {
            Failure::new(format!("{} cannot be made: {error}.", startup.display()))
        })?;
        for name in ["rsbegin", "rsend"] {
            let mut compile = Command::new(COMPILER);
            compile
                .args(["--target", TARGET, "--emit=obj", "-o"])
                .arg(startup.join(format!("{name}.o")))
                .arg(source.join(format!("rtstartup/{name}.rs")))
                .env("RUSTC_BOOTSTRAP", "1");
            cargo::run(&mut compile, place)?;
        }
        Ok(Self {
            place: place.to_owned(),
            startup,
        })
    }

    /// A command of cargo's, for Windows, with the standard library built too.
    pub(super) fn cargo(&self, command: &str) -> Command {
        let mut cargo = cargo::command();
        cargo
            .args([command, "--locked", "--target", TARGET, "--target-dir"])
            .arg(&self.place)
            .args(["-Z", "build-std=std,panic_abort,test"])
            // Building the standard library is not stable.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTC", COMPILER)
            .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", LINKER)
            .env(
                "RUSTFLAGS",
                format!("-L native={}", self.startup.display()),
            );
        cargo
    }
}

/// The source of the standard library of that very compiler.
fn source() -> Result<PathBuf, Failure> {
    let asked = Command::new(COMPILER).args(["--print", "sysroot"]).output();
    let sysroot = asked
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default();
    let library = Path::new(&sysroot).join("lib/rustlib/src/rust/library");
    if !sysroot.is_empty() && library.join("rtstartup/rsbegin.rs").is_file() {
        return Ok(library);
    }
    Err(Failure::new(format!(
        "{COMPILER} has no source of its standard library. Install the packages rustc-web and rust-web-src and try again."
    )))
}

/// Has cargo build; gives the programs of tests and examples that it made.
pub(super) fn executables(build: &mut Command, directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let output = build
        .current_dir(directory)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::new(format!("cargo cannot be run: {error}.")))?;
    if !output.status.success() {
        return Err(Failure::said());
    }
    let told = String::from_utf8_lossy(&output.stdout);
    Ok(made(&told))
}

fn made(told: &str) -> Vec<PathBuf> {
    told.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|told| told["executable"].as_str().map(PathBuf::from))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::made;
    use std::path::Path;

    #[test]
    fn what_cargo_made_is_read_from_what_it_says() {
        let said = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n\
            {\"reason\":\"compiler-artifact\",\"executable\":\"/a/b.exe\"}\nnoise\n";
        assert_eq!(made(said), [Path::new("/a/b.exe")]);
    }
}
