//! Medians, and the page they go to.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;
use std::time::Duration;

/// One row of the page.
#[derive(Debug)]
pub(crate) struct Row {
    /// The part it belongs to.
    pub(crate) part: Part,
    /// What was measured.
    pub(crate) what: String,
    /// What it should be.
    pub(crate) target: &'static str,
    /// What it was.
    pub(crate) found: String,
    /// What the reference did in the same run.
    pub(crate) reference: String,
    /// Whether the target was met.
    pub(crate) met: bool,
}

/// The two halves of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Server,
    Desktop,
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The middle duration.
pub(crate) fn median_time(mut values: Vec<Duration>) -> Duration {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// A duration as people write it: `0.42 ms`.
pub(crate) fn time(duration: Duration) -> String {
    let micros = duration.as_secs_f64() * 1e6;
    if micros < 1_000.0 {
        format!("{micros:.0} µs")
    } else if micros < 1e6 {
        format!("{:.2} ms", micros / 1e3)
    } else {
        format!("{:.2} s", micros / 1e6)
    }
}

/// KiB as MiB.
pub(crate) fn mebibytes(kib: u64) -> f64 {
    f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0
}

/// A line on the standard output.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// What is going on.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The page.
pub(crate) fn page(rows: &[Row], names: &[String], runs: usize) -> String {
    let mut page = String::from("# Benchmarks\n\n");
    let command = std::iter::once("cargo xtask bench".to_owned())
        .chain(names.iter().cloned())
        .collect::<Vec<_>>()
        .join(" ");
    let _ = writeln!(
        page,
        "Written by `{command}`: release build, everything on one machine, the reference in the same run. \
         Figures are medians of {runs} runs or more, taken in turn with the reference. The machine is shared and noisy: \
         read the ratios.\n"
    );
    let _ = writeln!(page, "| | |\n|---|---|");
    for (what, found) in machine() {
        let _ = writeln!(page, "| {what} | {found} |");
    }
    for (part, head) in [
        (Part::Server, "Server"),
        (Part::Desktop, "Desktop connection"),
    ] {
        let mine: Vec<&Row> = rows.iter().filter(|row| row.part == part).collect();
        if mine.is_empty() {
            continue;
        }
        let _ = writeln!(
            page,
            "\n## {head}\n\n| what | target | found | reference | met |\n|---|---|---|---|---|"
        );
        for row in mine {
            let _ = writeln!(
                page,
                "| {} | {} | {} | {} | {} |",
                row.what,
                row.target,
                row.found,
                row.reference,
                if row.met { "yes" } else { "**no**" }
            );
        }
    }
    page.push_str(NOTES);
    page
}

const NOTES: &str = "
## How it is measured
- *Profile read*: a loop of connections on one thread, each asking again as soon as it is answered; 10,000 documents \
in the library, one of them read. The reference is a bare `axum` route in a process of its own, which makes one \
prepared, indexed SQLite read and sends the same bytes.
- *Session check*: `chancery_identity`'s check by itself, a million times, against the server's time on a core for \
one profile read. The server has no route without the check.
- *Kerberos*: 2,000 tokens of one person for one service, made beforehand by the agent's own door; each is sent once, to `network-login`, by one of 16 connections. Used tokens are remembered in a file, as everywhere.
- *Storm*: 200 connections, each of which signs in once with a password, while one connection reads a profile every 2 ms; its times alone are the reference.
- *Several servers*: three processes on one database and one Redis, 16 connections in turn, each with a session that was begun at another server than the one it asks; the reference is one server that keeps sessions itself, in the same run. Round trips are what the servers count, heartbeats included; what a quiet session costs is what Redis counts. Memory is the growth of `used_memory` between sizes, divided by the sessions that were added. The morning: 2,000 people, one every 30 ms, each on a connection of its own, while one connection reads a profile every 2 ms.
- *Small documents*: 20 KiB each, no two alike, posted to one folder by a loop of connections on one thread, each until the answer, which comes when bytes and metadata are durable. The reference is `fio`: 16 writers, a new file of 20 KiB and an `fdatasync` each, in the same directory.
- *Lists and growth*: one folder with 1,000, then 10,000, then 100,000 documents, as their owner; medians of 21 calls, each on a connection of its own.
- *Upload*: 1 GiB through one connection, until the answer, which comes after the fsync. The reference is `fio`, \
sequential 1 MiB writes and one fsync, in the same directory.
- *Download*: 1 GiB to a client that throws it away; the reference is nginx with `sendfile`. The file is in the page \
cache for both.
- *Cold start*: from starting the process, with data there, to the first answer over a connection.
- *Memory*: `VmRSS`, and `VmHWM` as the peak, from `/proc`.
- *Added by the agent*: the same profile read through the agent's socket and straight to the server, one connection.
- *First answer*: `chancery api GET /work/api` with no agent running and the refresh token in the keyring, less the \
same call made straight to the server.
- *Together*: threads that each open a connection to the agent's socket, with a refresh token in the keyring; sign-ins \
are counted by the server. At the expiry a proxy holds all calls back until the session has run out.
- *Switch*: from the call to the moment when the last one that watches has read the new state; both sessions live.
- *Through the agent*: 1 GiB fetched by `curl`, straight over TLS 1.3 and through the agent's socket, in turn. On a \
machine of two cores a third process that copies everything costs a direct transfer without TLS a third of its speed.
- *Thunderbird*: from its process's start until its main window and first tab are complete, by its own record, in a \
display of its own, with a profile that was used before; no agent runs. With the add-on and without it in turn.
- *LibreOffice*: from its process's start until the window of its first, empty document is there and active, in homes that were started in before; with the extension and without it in turn.
- *Idle*: ten seconds in which nobody asks anything; wake-ups are voluntary switches of all the agent's threads.
";

fn machine() -> Vec<(&'static str, String)> {
    let first = |program: &str, arguments: &[&str]| -> String {
        let output = Command::new(program).args(arguments).output();
        let Ok(output) = output else {
            return "–".to_owned();
        };
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        text.lines().next().unwrap_or("–").trim().to_owned()
    };
    let field = |path: &str, name: &str| -> String {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines()
            .find(|line| line.starts_with(name))
            .and_then(|line| line.split_once(':'))
            .map_or_else(|| "–".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    vec![
        (
            "processor",
            format!("{cores} × {}", field("/proc/cpuinfo", "model name")),
        ),
        ("memory", field("/proc/meminfo", "MemTotal")),
        ("system", first("uname", &["-srm"])),
        ("compiler", first("rustc", &["--version"])),
        ("commit", first("git", &["rev-parse", "--short", "HEAD"])),
        ("nginx", first("nginx", &["-v"])),
        ("fio", first("fio", &["--version"])),
        ("SQLite", rusqlite::version().to_owned()),
    ]
}
