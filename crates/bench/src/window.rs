//! The desktop program: how soon its window is there, and what it costs.

use crate::report::{Part, Row, mebibytes, median_time, time};
use crate::{Fault, RUNS};
use chancery_testkit::TestHome;
use chancery_testkit::framebuffer::Framebuffer;
use chancery_testkit::memory::{core_time, resident_kib};
use chancery_testkit::programs::program;
use chancery_testkit::server::TestServer;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// The window's ground, and so many pixels of it make a window.
const GROUND: [u8; 3] = [0xfb, 0xfb, 0xfa];
const DRAWN: usize = 100_000;
const PATIENCE: Duration = Duration::from_secs(20);
/// How long nobody does anything.
const QUIET: Duration = Duration::from_secs(10);

pub(crate) fn measure() -> Result<Vec<Row>, Fault> {
    let (home, server) = (TestHome::with_keyring(), TestServer::start());
    home.connect(&server);
    let mut starts = Vec::new();
    for _ in 0..RUNS.max(7) {
        let display = Framebuffer::start();
        let began = Instant::now();
        let running = Running::start(&home, &display, &[])?;
        running.wait_until_drawn(&display)?;
        starts.push(began.elapsed());
    }
    let start = median_time(starts);
    let mut rows = vec![Row {
        part: Part::Desktop,
        what: "the desktop's window is drawn, agent running".to_owned(),
        target: "< 400 ms",
        found: time(start),
        reference: "on Xvfb".to_owned(),
        met: start < Duration::from_millis(400),
    }];
    let display = Framebuffer::start();
    let running = Running::start(&home, &display, &["--hidden"])?;
    rows.push(resting(&running, "the icon alone")?);
    drop(running);
    let running = Running::start(&home, &display, &[])?;
    running.wait_until_drawn(&display)?;
    rows.push(resting(&running, "the window open")?);
    Ok(rows)
}

fn resting(running: &Running, how: &str) -> Result<Row, Fault> {
    let pid = running.0.id();
    let gone = "the desktop program is gone";
    std::thread::park_timeout(Duration::from_secs(2));
    let before = core_time(pid).ok_or(gone)?;
    std::thread::park_timeout(QUIET);
    let spent = core_time(pid).ok_or(gone)?.saturating_sub(before);
    let whole = mebibytes(resident_kib(pid).ok_or(gone)?);
    let own = mebibytes(own_kib(pid).ok_or(gone)?);
    Ok(Row {
        part: Part::Desktop,
        what: format!("the desktop program at rest, {how}"),
        target: "< 90 MiB, 0 % CPU",
        found: format!(
            "{own:.1} MiB of its own, {whole:.1} MiB with the libraries it shares; {} ms of a core in 10 s",
            spent.as_millis()
        ),
        reference: "–".to_owned(),
        met: whole < 90.0 && spent < Duration::from_millis(10),
    })
}

/// What no file stands behind.
fn own_kib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("RssAnon:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The program; it ends with its value.
struct Running(Child);

impl Running {
    fn start(home: &TestHome, display: &Framebuffer, words: &[&str]) -> Result<Self, Fault> {
        let child = home
            .command(&program("chancery-desktop"))
            .args(words)
            .env("DISPLAY", display.name())
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .stdin(Stdio::null())
            .spawn()?;
        Ok(Self(child))
    }

    fn wait_until_drawn(&self, display: &Framebuffer) -> Result<(), Fault> {
        let deadline = Instant::now() + PATIENCE;
        while display.count(GROUND) < DRAWN {
            if Instant::now() > deadline {
                return Err("no window was drawn".into());
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _waited = self.0.wait();
    }
}
