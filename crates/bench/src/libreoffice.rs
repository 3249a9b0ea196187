//! What the extension costs while LibreOffice starts, by the extension's own
//! measure (`addons/libreoffice/measure/start.py`): with it and without it in
//! turn, as a normal user, since the suite is not run as root.

use crate::Fault;
use crate::report::{Part, Row, time};
use chancery_testkit::Display;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

/// Starts are noisy.
const RUNS: &str = "15";
const EXTENSION: &str = "chancery-for-libreoffice.oxt";
const MEASURE: &str = "addons/libreoffice/measure/start.py";
/// The Python that LibreOffice's library for it belongs to.
const PYTHON: &str = "/usr/bin/python3";
/// A user that every system has and nobody works as.
const NOBODY: [&str; 3] = ["--reuid=nobody", "--regid=nogroup", "--clear-groups"];

pub(crate) fn measure() -> Result<Vec<Row>, Fault> {
    let place = tempfile::Builder::new()
        .prefix("chancery-office-")
        .tempdir()?;
    let extension = Path::new("target/addons").join(EXTENSION);
    for file in [Path::new(MEASURE), &extension] {
        let name = file.file_name().ok_or("a file has a name")?;
        std::fs::copy(file, place.path().join(name)).map_err(|error| {
            format!(
                "{} cannot be copied: {error}. Run “cargo xtask addons” first.",
                file.display()
            )
        })?;
    }
    let room = place.path().join("t");
    std::fs::create_dir(&room)?;
    for (path, mode) in [(place.path(), 0o755), (&room, 0o1777)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    }
    let display = Display::start();
    let output = run(place.path(), &room, &display)?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("LibreOffice could not be measured: {said}{why}").into());
    }
    let clock = |which: &str| median(&said, "until the window is there", which);
    let core = |which: &str| median(&said, "on a core", which);
    let (without, with) = (clock("without")?, clock("with")?);
    let more = with.saturating_sub(without);
    Ok(vec![Row {
        part: Part::Desktop,
        what: format!("LibreOffice Writer's start with the extension, {RUNS} runs"),
        target: "≤ 100 ms more than without it",
        found: format!(
            "{} more: {}; {} of a core",
            time(more),
            time(with),
            time(core("with")?)
        ),
        reference: format!(
            "without it {}; {} of a core",
            time(without),
            time(core("without")?)
        ),
        met: more <= Duration::from_millis(100),
    }])
}

fn run(place: &Path, room: &Path, display: &Display) -> Result<Output, Fault> {
    let is_root = std::fs::metadata("/proc/self")?.uid() == 0;
    let mut command = if is_root {
        let mut command = Command::new("setpriv");
        command.args(NOBODY).arg(PYTHON);
        command
    } else {
        Command::new(PYTHON)
    };
    let name = Path::new(MEASURE).file_name().ok_or("a file has a name")?;
    let output = command
        .arg(place.join(name))
        .arg(place.join(EXTENSION))
        .arg(RUNS)
        .env("DISPLAY", display.name())
        .env("HOME", room)
        .env("TMPDIR", room)
        .current_dir(room)
        .output()?;
    Ok(output)
}

/// Reads `WHAT, WHICH: median N ms`.
fn median(said: &str, what: &str, which: &str) -> Result<Duration, Fault> {
    let begin = format!("{what}, {which}: median ");
    let line = said.lines().find_map(|line| line.strip_prefix(&begin));
    let number = line
        .and_then(|line| line.split_once(" ms"))
        .map(|(number, _)| number);
    let number = number.ok_or_else(|| format!("no line “{begin}…” in: {said}"))?;
    Ok(Duration::from_millis(number.trim().parse()?))
}
