//! What the add-on costs while Thunderbird starts.

use crate::Fault;
use crate::report::{Part, Row, median_time, time};
use chancery_testkit::thunderbird::{Thunderbird, make_profile};
use chancery_testkit::{Display, TestHome};
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};

/// Starts are noisy.
const RUNS: usize = 15;
/// What the first starts of a profile do, later ones do not do again.
const BEFORE: usize = 2;

pub(crate) fn measure() -> Result<Vec<Row>, Fault> {
    let (home, display) = (TestHome::without_keyring(), Display::start());
    let settings = [("extensions.autoDisableScopes", json!(0))];
    let without = make_profile(&home, "without", &settings);
    let with = make_profile(&home, "with", &settings);
    let installed = home.chancery(&["addons", "install", "thunderbird"]);
    if installed.code != 0 {
        return Err(format!("the add-on cannot be installed: {}", installed.err).into());
    }
    let (mut off, mut on) = (Vec::new(), Vec::new());
    for run in 0..BEFORE + RUNS {
        let (plain, added) = (
            start(&home, &display, &without),
            start(&home, &display, &with),
        );
        if run >= BEFORE {
            off.push(plain);
            on.push(added);
        }
    }
    let spread = |times: &[Duration]| {
        let least = times.iter().min().copied().unwrap_or_default();
        let most = times.iter().max().copied().unwrap_or_default();
        format!("{} to {}", time(least), time(most))
    };
    let (off_spread, on_spread) = (spread(&off), spread(&on));
    let (off, on) = (median_time(off), median_time(on));
    let more = on.saturating_sub(off);
    Ok(vec![Row {
        part: Part::Desktop,
        what: format!("Thunderbird's start with the add-on, {RUNS} runs"),
        target: "≤ 100 ms more than without it",
        found: format!("{} more: {} ({on_spread})", time(more), time(on)),
        reference: format!("without it {} ({off_spread})", time(off)),
        met: more <= Duration::from_millis(100),
    }])
}

/// How long one start takes, with no agent running.
fn start(home: &TestHome, display: &Display, profile: &Path) -> Duration {
    home.kill_agent();
    let began = Instant::now();
    let mut running = Thunderbird::start(home, display, profile, &[]);
    let took = began.elapsed();
    // Both end in the same way: settled, and with an agent or without one.
    running.wait_for(
        "the start is over",
        "return Boolean(Services.startup.getStartupInfo().sessionRestored) || document.readyState == 'complete'",
    );
    took
}
