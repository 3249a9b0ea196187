//! The project's own commands.

mod addons;
mod bench;
mod cargo;
mod failure;
mod fuzz;
mod house;
mod package;
mod packages;
mod say;
mod systems;
mod testing;
mod up;
mod windows;

use failure::Failure;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask COMMAND

  up [--release]   build, start a server with a sample matter, and say how to connect; Ctrl-C ends it
  test [--long]    install what the tests need, then run them all; --long adds what is slow
  addons           pack what goes into other programs into target/addons
  bench [NAME...]  measure against references in the same run; writes docs/benchmarks.md
  fuzz [TARGET] [--seconds NUMBER]
                   try inputs that nobody thought of, guided by what they reach, 60 s each
  check-house      hold the crates to docs/ARCHITECTURE.md: who may use whom, and that only one knows the system
  check-systems    compile for Windows and macOS, as far as the toolchain here can
  windows [--release]
                   build the desktop's programs for Windows; installs what that takes
  windows test [NAME...]
                   run them under Wine, against the real server
  package deb|windows|portable [--debug]
                   build a package of the desktop's programs (see packaging/)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["up"] => up::up(false),
        ["up", "--release"] => up::up(true),
        ["test"] => testing::test(false),
        ["test", "--long"] => testing::test(true),
        ["addons"] => addons::addons(),
        ["bench", names @ ..] => bench::bench(names),
        ["fuzz", words @ ..] => fuzz::fuzz(words),
        ["check-house"] => house::check().map(|rooms| {
            say::line(&format!(
                "The house holds: {rooms} crates keep to docs/ARCHITECTURE.md."
            ));
        }),
        ["check-systems"] => systems::check(),
        ["package", "deb"] => package::deb(true),
        ["package", "deb", "--debug"] => package::deb(false),
        ["package", "portable"] => package::portable(true, None),
        ["package", "portable", "--debug"] => package::portable(false, None),
        ["package", "portable", "--runtime", file] => {
            package::portable(true, Some(std::path::Path::new(file)))
        }
        ["package", "windows"] => package::windows(true),
        ["package", "windows", "--debug"] => package::windows(false),
        ["windows", words @ ..] => windows::windows(words),
        [] | ["help" | "--help" | "-h"] => {
            say::line(HELP);
            Ok(())
        }
        _ => Err(Failure::new(format!(
            "There is no command “{}”. These are there:\n\n{HELP}",
            words.join(" ")
        ))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(sentence) = failure.sentence() {
                say::trouble(sentence);
            }
            ExitCode::FAILURE
        }
    }
}
