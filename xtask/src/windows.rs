//! `cargo xtask windows`: the programs of the desktop for Windows, built here
//! and run here under Wine.
//!
//! Everything that is made stays in `target/windows`: the standard library
//! (built from its source, because Debian has none for Windows), the programs,
//! and the directory that Wine takes for a machine.

mod toolchain;
mod wine;

use crate::cargo::{self, Workspace};
use crate::failure::Failure;
use crate::{package, packages, say};
use std::path::{Path, PathBuf};
use toolchain::{TARGET, Toolchain};

/// Tells the tests where everything for Windows is.
pub(crate) const PLACE: &str = "CHANCERY_WINDOWS_DIR";

/// What is to be done.
pub(crate) fn windows(words: &[&str]) -> Result<(), Failure> {
    match words {
        [] => {
            for program in build(false)? {
                say::line(&program.display().to_string());
            }
            Ok(())
        }
        ["--release"] => {
            for program in build(true)? {
                say::line(&program.display().to_string());
            }
            Ok(())
        }
        ["test", names @ ..] => test(names),
        _ => Err(Failure::new(format!(
            "“{}” is not understood. cargo xtask windows [--release | test [NAME...]]",
            words.join(" ")
        ))),
    }
}

/// Where everything for Windows is made.
fn place(workspace: &Workspace) -> PathBuf {
    workspace.target.join("windows")
}

/// Builds the programs; gives their paths.
pub(crate) fn build(release: bool) -> Result<Vec<PathBuf>, Failure> {
    packages::ensure(packages::FOR_WINDOWS)?;
    let workspace = Workspace::read()?;
    let place = place(&workspace);
    let toolchain = Toolchain::prepare(&place)?;
    let mut build = toolchain.cargo("build");
    build.arg("--bins");
    if release {
        build.arg("--release");
    }
    for package in workspace.desktop() {
        build.args(["-p", package]);
    }
    cargo::run(&mut build, &workspace.root)?;
    let directory = place
        .join(TARGET)
        .join(if release { "release" } else { "debug" });
    let programs = workspace.desktop_programs();
    Ok(programs
        .iter()
        .map(|program| directory.join(format!("{program}.exe")))
        .collect())
}

/// Makes everything that tests under Wine need, and gives its place.
pub(crate) fn prepare_for_tests(workspace: &Workspace) -> Result<PathBuf, Failure> {
    build(false)?;
    let place = place(workspace);
    let toolchain = Toolchain::prepare(&place)?;
    let mut tests = toolchain.cargo("test");
    tests.args(["--no-run", "--lib", "-p", "chancery-platform"]);
    tests.args(["--message-format", "json-render-diagnostics"]);
    // OLE hands ids over that lie at any address, which the tables of functions
    // of the `windows` crate take as they are; assertions would end the program.
    for setting in ["debug-assertions=false", "overflow-checks=true"] {
        tests.arg("--config");
        tests.arg(format!("profile.dev.package.chancery-platform.{setting}"));
    }
    let tests = toolchain::executables(&mut tests, &workspace.root)?;
    named(&tests, &place.join("platform-tests.exe"))?;
    wine::prepare(&place)?;
    Ok(place)
}

/// Puts the one program that was built where the tests look for it.
fn named(built: &[PathBuf], name: &Path) -> Result<(), Failure> {
    let [program] = built else {
        return Err(Failure::new(format!(
            "Cargo was to build one program of tests and built {}.",
            built.len()
        )));
    };
    std::fs::copy(program, name)
        .map(|_| ())
        .map_err(|error| Failure::new(format!("{} cannot be copied: {error}.", program.display())))
}

/// Runs what is tested under Wine: with names, only those tests.
fn test(names: &[&str]) -> Result<(), Failure> {
    let workspace = Workspace::read()?;
    // The whole workspace, as the tests do: a part alone would have its
    // dependencies built with other features, and so a second time.
    cargo::run(
        cargo::command().args(["build", "--workspace", "--bins", "--locked"]),
        &workspace.root,
    )?;
    let place = prepare_for_tests(&workspace)?;
    let packages = package::prepare_for_tests()?;
    let mut run = cargo::command();
    run.args(["test", "--locked", "-p", "chancery-testkit"]);
    run.args(["--test", "product", "--", "--include-ignored"]);
    // One after the other: each of them starts a server and Wine.
    run.arg("--test-threads=1");
    if names.is_empty() {
        run.args(["windows::", "packages::"]);
    } else {
        run.args(names);
    }
    run.env(PLACE, place).env(package::PLACE, packages);
    cargo::run(&mut run, &workspace.root)
}
