//! Measures the product against references in the same run.

mod desktop;
mod documents;
mod kerberos;
mod libreoffice;
mod load;
mod reads;
mod reference;
mod report;
mod resting;
mod several;
mod stage;
mod storm;
mod streams;
mod thunderbird;
mod together;
mod transfers;
mod window;

use report::Row;
use std::error::Error;
use std::process::ExitCode;

/// How often each row is measured.
const RUNS: usize = 3;

type Fault = Box<dyn Error + Send + Sync>;
/// A group of rows and what measures it.
type Group = (&'static str, fn() -> Result<Vec<Row>, Fault>);

const GROUPS: [Group; 11] = [
    ("reads", reads::measure),
    ("kerberos", kerberos::measure),
    ("storm", storm::measure),
    ("several", several::measure),
    ("documents", documents::measure),
    ("transfers", transfers::measure),
    ("resting", resting::measure),
    ("desktop", desktop::measure),
    ("window", window::measure),
    ("thunderbird", thunderbird::measure),
    ("libreoffice", libreoffice::measure),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.as_slice() {
        [word, database] if word == reference::WORD => reference::run(database),
        [word, count] if word == kerberos::WORD => kerberos::tokens(count),
        names => all(names),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            report::note(&format!("The measurement failed: {fault}"));
            ExitCode::FAILURE
        }
    }
}

fn all(names: &[String]) -> Result<(), Fault> {
    if let Some(unknown) = names
        .iter()
        .find(|name| !GROUPS.iter().any(|(known, _)| known == name))
    {
        let known: Vec<&str> = GROUPS.iter().map(|(known, _)| *known).collect();
        return Err(format!(
            "There is no group “{unknown}”. These are there: {}.",
            known.join(", ")
        )
        .into());
    }
    let mut rows = Vec::new();
    for (name, measure) in GROUPS {
        if names.is_empty() || names.iter().any(|wanted| wanted == name) {
            report::note(&format!("Measuring: {name}"));
            for row in measure()? {
                report::note(&format!(
                    "  {}: {} (reference: {})",
                    row.what, row.found, row.reference
                ));
                rows.push(row);
            }
        }
    }
    let page = report::page(&rows, names, RUNS);
    if names.is_empty() {
        std::fs::write("docs/benchmarks.md", &page)?;
        report::note("Written to docs/benchmarks.md.");
    }
    report::say(&page);
    Ok(())
}
