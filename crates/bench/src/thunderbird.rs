//! What the add-on costs while Thunderbird starts.

use crate::Fault;
use crate::report::{Part, Row, median_time, time};
use chancery_testkit::memory::core_time;
use chancery_testkit::thunderbird::{Thunderbird, make_profile};
use chancery_testkit::{Display, TestHome};
use serde_json::json;
use std::path::Path;
use std::time::Duration;

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
        // Whatever the machine is doing besides, neither is always the first.
        let (plain, added) = if run % 2 == 0 {
            let plain = start(&home, &display, &without)?;
            (plain, start(&home, &display, &with)?)
        } else {
            let added = start(&home, &display, &with)?;
            (start(&home, &display, &without)?, added)
        };
        if run >= BEFORE {
            off.push(plain);
            on.push(added);
        }
    }
    let clock = |starts: &[Start]| median_time(starts.iter().map(|start| start.clock).collect());
    let core = |starts: &[Start]| median_time(starts.iter().map(|start| start.core).collect());
    let least = |starts: &[Start]| {
        starts
            .iter()
            .map(|start| start.clock)
            .min()
            .unwrap_or_default()
    };
    let (without, with) = (clock(&off), clock(&on));
    let more = with.saturating_sub(without);
    Ok(vec![Row {
        part: Part::Desktop,
        what: format!("Thunderbird's start with the add-on, {RUNS} runs"),
        target: "≤ 100 ms more than without it",
        found: format!(
            "{} more: {}, at least {}; {} of a core",
            time(more),
            time(with),
            time(least(&on)),
            time(core(&on)),
        ),
        reference: format!(
            "without it {}, at least {}; {} of a core",
            time(without),
            time(least(&off)),
            time(core(&off)),
        ),
        met: more <= Duration::from_millis(100),
    }])
}

/// What one start took.
struct Start {
    /// By the clock, until the main window and its first tab were complete.
    clock: Duration,
    /// Of Thunderbird's own process, on a core: whatever else is running.
    core: Duration,
}

/// Thunderbird's own record, in milliseconds: what asks for it is not in it.
const COMPLETE: &str = "\
    const tab = document.getElementById('tabmail').currentTabInfo.chromeBrowser.contentWindow; \
    const complete = Math.max(window.performance.timing.loadEventEnd, tab.performance.timing.loadEventEnd); \
    return complete - Services.startup.getStartupInfo().process.getTime()";

/// One start, with no agent running.
fn start(home: &TestHome, display: &Display, profile: &Path) -> Result<Start, Fault> {
    home.kill_agent();
    let mut running = Thunderbird::start(home, display, profile, &[]);
    let core = core_time(running.pid()).ok_or("Thunderbird is gone")?;
    let took = running.run(COMPLETE).as_u64();
    Ok(Start {
        clock: Duration::from_millis(took.ok_or("Thunderbird keeps no record of its start")?),
        core,
    })
}
