//! `cargo xtask fuzz`: inputs that nobody thought of, found by which code they
//! reach (libFuzzer), for a bounded time.

use crate::cargo::{self, Workspace};
use crate::failure::Failure;
use crate::{packages, say};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How long each target is tried unless it is said.
const SECONDS: u32 = 60;
/// One input may take so many seconds, and the whole so many MiB.
const ONE_SECONDS: u32 = 10;
const MEMORY_MIB: u32 = 2_048;
/// What libFuzzer needs to see where an input goes. The stable compiler has it.
const GUIDED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Clink-dead-code";

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
struct Wish<'a> {
    target: Option<&'a str>,
    seconds: u32,
}

/// Tries one target, or all of them.
pub(crate) fn fuzz(words: &[&str]) -> Result<(), Failure> {
    let wish = wish(words)?;
    packages::ensure(packages::FOR_FUZZ)?;
    let workspace = Workspace::read()?;
    let home = workspace.root.join("fuzz");
    let targets = targets(&home)?;
    let meant: Vec<&String> = match wish.target {
        None => targets.iter().collect(),
        Some(name) => {
            let meant: Vec<&String> = targets.iter().filter(|target| *target == name).collect();
            if meant.is_empty() {
                return Err(Failure::new(format!(
                    "There is no target “{name}”. These are there: {}.",
                    targets.join(", ")
                )));
            }
            meant
        }
    };
    // Apart from the other builds, which have other flags.
    let built = workspace.target.join("fuzz");
    let system = system()?;
    let mut build = cargo::command();
    build
        .args([
            "build",
            "--release",
            "--locked",
            "--bins",
            "--manifest-path",
        ])
        .arg(home.join("Cargo.toml"))
        .args(["--target", &system, "--target-dir"])
        .arg(&built)
        .env("RUSTFLAGS", GUIDED);
    cargo::run(&mut build, &workspace.root)?;
    let programs = built.join(&system).join("release");
    let mut crashed = Vec::new();
    for target in meant {
        if let Some(input) = run(target, wish.seconds, &home, &programs, &built)? {
            crashed.push(format!(
                "“{target}” does not hold for the input in {}. Again: {} {}",
                input.display(),
                programs.join(target).display(),
                input.display()
            ));
        }
    }
    if crashed.is_empty() {
        return Ok(());
    }
    Err(Failure::new(crashed.join("\n")))
}

fn wish<'a>(words: &[&'a str]) -> Result<Wish<'a>, Failure> {
    let mut wish = Wish {
        target: None,
        seconds: SECONDS,
    };
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match *word {
            "--seconds" => {
                let told = rest.next().and_then(|told| told.parse().ok());
                wish.seconds = told.filter(|seconds| *seconds > 0).ok_or_else(|| {
                    Failure::new("“--seconds” needs a number of 1 or more.".to_owned())
                })?;
            }
            other if wish.target.is_none() && !other.starts_with('-') => wish.target = Some(other),
            other => {
                return Err(Failure::new(format!(
                    "“{other}” is not understood. cargo xtask fuzz [TARGET] [--seconds NUMBER]"
                )));
            }
        }
    }
    Ok(wish)
}

/// Each program is a target.
fn targets(home: &Path) -> Result<Vec<String>, Failure> {
    let programs = home.join("programs");
    let entries = std::fs::read_dir(&programs).map_err(|error| {
        Failure::new(format!("{} cannot be read: {error}.", programs.display()))
    })?;
    let mut targets: Vec<String> = entries
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .collect();
    targets.sort_unstable();
    Ok(targets)
}

/// The system that this compiler makes programs for.
fn system() -> Result<String, Failure> {
    let asked = Command::new("rustc").arg("-vV").output();
    let told = asked
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    told.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| Failure::new("rustc does not tell its system.".to_owned()))
}

/// Gives the input that something did not hold for, if there was one.
fn run(
    target: &str,
    seconds: u32,
    home: &Path,
    programs: &Path,
    built: &Path,
) -> Result<Option<PathBuf>, Failure> {
    let place = |what: &str| built.join(what).join(target);
    let (found, crashes) = (place("found"), place("crashes"));
    for directory in [&found, &crashes] {
        std::fs::create_dir_all(directory).map_err(|error| {
            Failure::new(format!("{} cannot be made: {error}.", directory.display()))
        })?;
    }
    let log = built.join(format!("{target}.log"));
    let cannot = |error| Failure::new(format!("“{target}” cannot be run: {error}."));
    let written = std::fs::File::create(&log).map_err(cannot)?;
    let ended = Command::new(programs.join(target))
        // What is found is kept there; the seeds are read only.
        .arg(&found)
        .arg(home.join("corpus").join(target))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={ONE_SECONDS}"))
        .arg(format!("-rss_limit_mb={MEMORY_MIB}"))
        .arg(format!(
            "-dict={}",
            home.join(format!("words/{target}.dict")).display()
        ))
        .arg(format!("-artifact_prefix={}/", crashes.display()))
        .arg("-print_final_stats=1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(written)
        .status()
        .map_err(cannot)?;
    let said = String::from_utf8_lossy(&std::fs::read(&log).unwrap_or_default()).into_owned();
    if ended.success() {
        say::line(&format!("{target}: {}", told(&said)));
        return Ok(None);
    }
    let input = said
        .lines()
        .find_map(|line| line.split("Test unit written to ").nth(1))
        .map(|path| PathBuf::from(path.trim()));
    say::line(&format!(
        "{target}: something does not hold; see {}",
        log.display()
    ));
    Ok(Some(input.unwrap_or(log)))
}

/// How much was tried and reached, from libFuzzer's own words.
fn told(said: &str) -> String {
    let number = |name: &str| {
        said.lines()
            .rev()
            .find_map(|line| line.strip_prefix(name))
            .map_or("?", str::trim)
            .to_owned()
    };
    let reached = said
        .lines()
        .rev()
        .find_map(|line| line.split(" cov: ").nth(1)?.split(' ').next())
        .unwrap_or("?");
    format!(
        "{} inputs, {reached} places reached, nothing found",
        number("stat::number_of_executed_units:")
    )
}

#[cfg(test)]
mod tests {
    use super::{Wish, told, wish};

    #[test]
    fn a_wish_is_a_target_and_a_time() {
        let read = |words: &[&'static str]| wish(words).ok();
        let all = |target, seconds| Some(Wish { target, seconds });
        assert_eq!(read(&[]), all(None, 60));
        assert_eq!(read(&["paths"]), all(Some("paths"), 60));
        assert_eq!(read(&["--seconds", "5", "paths"]), all(Some("paths"), 5));
        for words in [
            &["--seconds"][..],
            &["--seconds", "0"],
            &["a", "b"],
            &["-x"],
        ] {
            assert_eq!(read(words), None, "{words:?}");
        }
    }

    #[test]
    fn what_libfuzzer_says_is_told_in_a_line() {
        let said = "#2\tINITED cov: 12 ft: 13\n#99\tDONE   cov: 345 ft: 600 corp: 9\n\
            stat::number_of_executed_units: 99\nstat::average_exec_per_sec: 9\n";
        assert_eq!(told(said), "99 inputs, 345 places reached, nothing found");
    }
}
