//! Every seed of `fuzz/corpus`, and mutations of them: what the long runs of
//! `cargo xtask fuzz` hold to, in seconds.

use chancery_fuzzed::{Mutations, target};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn seeds(name: &str) -> Vec<(String, Vec<u8>)> {
    let directory = root().join("corpus").join(name);
    let entries = fs::read_dir(&directory).unwrap_or_else(|error| {
        panic!("{} cannot be read: {error}", directory.display());
    });
    let mut seeds: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let bytes = fs::read(&path).expect("a seed");
            (path.display().to_string(), bytes)
        })
        .collect();
    seeds.sort_unstable();
    seeds
}

/// The words of a libFuzzer dictionary: one in quotes on a line.
fn words(name: &str) -> Vec<Vec<u8>> {
    let path = root().join("words").join(format!("{name}.dict"));
    let text = fs::read_to_string(&path).expect("words");
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| {
            let quoted = line
                .trim()
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'));
            unescaped(quoted.unwrap_or_else(|| panic!("{line} is no word")))
        })
        .collect()
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        rest = behind;
        match (first, behind) {
            (b'\\', [b'x', high, low, ..]) => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).expect("two digits");
                bytes.push(u8::from_str_radix(digits, 16).expect("two digits"));
                rest = &behind[3..];
            }
            (b'\\', [escaped @ (b'\\' | b'"'), ..]) => {
                bytes.push(*escaped);
                rest = &behind[1..];
            }
            (byte, _) => bytes.push(*byte),
        }
    }
    bytes
}

fn holds(name: &str) {
    let target = target(name);
    let seeds = seeds(name);
    assert!(seeds.len() >= 3, "{name} has seeds");
    for (path, bytes) in &seeds {
        read(target.hold, bytes, path);
    }
    let inputs: Vec<Vec<u8>> = seeds.into_iter().map(|(_, bytes)| bytes).collect();
    let words = words(name);
    let mut mutations = Mutations::of(&inputs, &words);
    for number in 0..target.tried {
        let input = mutations.next_input();
        read(target.hold, &input, &format!("mutation {number}"));
    }
}

fn read(hold: fn(&[u8]), bytes: &[u8], what: &str) {
    let outcome = catch_unwind(AssertUnwindSafe(|| hold(bytes)));
    assert!(outcome.is_ok(), "{what}: b\"{}\"", bytes.escape_ascii());
}

#[test]
fn addresses_hold() {
    holds("addresses");
}

#[test]
fn forms_hold() {
    holds("forms");
}

#[test]
fn headers_hold() {
    holds("headers");
}

#[test]
fn lists_hold() {
    holds("lists");
}

#[test]
fn the_local_service_holds() {
    holds("local_service");
}

#[test]
fn negotiate_tokens_hold() {
    holds("negotiate");
}

#[test]
fn paths_hold() {
    holds("paths");
}

#[test]
fn the_policy_holds() {
    holds("policy");
}

#[test]
fn tokens_hold() {
    holds("tokens");
}

#[test]
fn uploads_hold() {
    holds("uploads");
}

/// A target that nobody runs finds nothing.
#[test]
fn every_target_has_its_program_and_its_test() {
    let tests = include_str!("seeds.rs");
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    for target in chancery_fuzzed::TARGETS {
        let name = target.name;
        assert!(
            tests.contains(&format!("holds({name:?})")),
            "{name} has a test"
        );
        assert!(
            manifest.contains(&format!("name = {name:?}")),
            "{name} has a program"
        );
        let program = fs::read_to_string(root().join(format!("programs/{name}.rs")));
        let program = program.unwrap_or_default();
        assert!(
            program.contains(&format!("{name:?}")),
            "{name} has a program"
        );
    }
}
