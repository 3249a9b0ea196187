//! `cargo xtask test`: everything that has to hold.

use crate::cargo::{self, Workspace};
use crate::failure::Failure;
use crate::{addons, house, package, packages, say, systems, windows};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// Tells the tests to do what is slow too.
const LONG: &str = "CHANCERY_TEST_LONG";
/// Tells the tests where the programs are.
const PROGRAMS: &str = "CHANCERY_BIN_DIR";

/// Runs every test; the last line of the output is the runner's summary.
pub(crate) fn test(long: bool) -> Result<(), Failure> {
    packages::ensure(packages::FOR_TESTS)?;
    let rooms = house::check()?;
    say::note(&format!(
        "The house holds: {rooms} crates keep to docs/ARCHITECTURE.md."
    ));
    if long {
        packages::ensure(packages::FOR_LONG)?;
        systems::check()?;
    }
    let workspace = Workspace::read()?;
    let root = workspace.root.as_path();
    // Tests start the real programs, so these come first.
    cargo::run(
        cargo::command().args(["build", "--workspace", "--bins", "--locked"]),
        root,
    )?;
    // … and these want the add-ons as people get them.
    addons::addons()?;
    // Examples in the documentation before the rest: the rest has the summary.
    cargo::run(
        cargo::command().args(["test", "--workspace", "--doc", "--locked", "--quiet"]),
        root,
    )?;
    let mut runner = cargo::command();
    runner.env(PROGRAMS, workspace.programs(false));
    if long {
        runner.env(LONG, "1");
        runner.env(windows::PLACE, windows::prepare_for_tests(&workspace)?);
        runner.env(package::PLACE, package::prepare_for_tests()?);
    }
    if has_nextest() {
        runner.args([
            "nextest",
            "run",
            "--workspace",
            "--locked",
            "--no-fail-fast",
        ]);
        if long {
            runner.args(["--profile", "long", "--run-ignored", "all"]);
        }
        cargo::run(&mut runner, root)
    } else {
        plain(&mut runner, root, long)
    }
}

fn has_nextest() -> bool {
    cargo::command()
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The runner that comes with Rust. It has one summary for each program, so
/// the whole is added up.
fn plain(runner: &mut Command, root: &Path, long: bool) -> Result<(), Failure> {
    runner.args([
        "test",
        "--workspace",
        "--all-targets",
        "--locked",
        "--no-fail-fast",
    ]);
    if long {
        runner.args(["--", "--include-ignored"]);
    }
    let mut child = runner
        .current_dir(root)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| Failure::new(format!("cargo test cannot be run: {error}.")))?;
    let mut sum = Sum::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            sum.add(&line);
            say::line(&line);
        }
    }
    let status = child
        .wait()
        .map_err(|error| Failure::new(format!("cargo test cannot be waited for: {error}.")))?;
    say::line(&format!("{} passed, {} failed", sum.passed, sum.failed));
    if status.success() {
        Ok(())
    } else {
        Err(Failure::said())
    }
}

/// What the programs' summaries add up to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    passed: u64,
    failed: u64,
}

impl Sum {
    /// Reads `test result: ok. 12 passed; 0 failed; …`; any other line is none.
    fn add(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix("test result: ") else {
            return;
        };
        for part in rest.split(['.', ';']) {
            let mut words = part.split_whitespace();
            let (Some(number), Some(what)) = (words.next(), words.next()) else {
                continue;
            };
            let number: u64 = number.parse().unwrap_or(0);
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Sum;

    #[test]
    fn summaries_are_added_up() {
        let mut sum = Sum::default();
        sum.add("running 3 tests");
        sum.add("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.09s");
        sum.add("test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s");
        assert_eq!(
            sum,
            Sum {
                passed: 14,
                failed: 3
            }
        );
    }
}
