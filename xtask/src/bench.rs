//! `cargo xtask bench`: builds what is measured, then has it measured.

use crate::cargo::{self, Workspace};
use crate::failure::Failure;
use crate::packages;

/// Measures; with names, only those rows.
pub(crate) fn bench(names: &[&str]) -> Result<(), Failure> {
    packages::ensure(packages::FOR_BENCH)?;
    crate::addons::addons()?;
    let workspace = Workspace::read()?;
    cargo::run(
        cargo::command().args(["build", "--release", "--workspace", "--bins", "--locked"]),
        &workspace.root,
    )?;
    let programs = workspace.programs(true);
    let mut bench = std::process::Command::new(programs.join("chancery-bench"));
    bench.env("CHANCERY_BIN_DIR", &programs).args(names);
    cargo::run(&mut bench, &workspace.root)
}
