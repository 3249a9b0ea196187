//! The desktop program, where something else has started it.

use chancery_testkit::programs::program;
use chancery_testkit::waiting::{ended, eventually, is_gone};
use chancery_testkit::{Display, TestHome};
use std::process::Stdio;

/// Its process, where it uses the connection of this home.
pub(crate) fn pid_of_desktop(home: &TestHome) -> Option<u32> {
    let uses = home.chancery(&["uses", "--json"]).json();
    let uses = uses["uses"].as_array()?;
    let own = uses.iter().find(|one| {
        let program = one["program"].as_str().unwrap_or_default();
        program.ends_with("chancery-desktop")
    })?;
    u32::try_from(own["pid"].as_u64()?).ok()
}

/// Ends it: it is nobody's child.
pub(crate) fn end_desktop(pid: u32) {
    let ended = std::process::Command::new("kill")
        .arg(pid.to_string())
        .status();
    assert!(ended.expect("kill can be run").success());
    eventually("the desktop program is gone", || is_gone(pid).then_some(()));
}

/// Ends it with this value, however the test ends.
pub(crate) struct EndsDesktop<'a>(pub(crate) &'a TestHome);

impl Drop for EndsDesktop<'_> {
    fn drop(&mut self) {
        if let Some(pid) = pid_of_desktop(self.0) {
            end_desktop(pid);
        }
    }
}

#[test]
#[ignore = "needs a display; “cargo xtask test --long” installs and runs it"]
fn a_window_that_was_closed_opens_again_as_often_as_it_is_wanted() {
    let (home, display) = (TestHome::with_bus(), Display::start());
    let _ends = EndsDesktop(&home);
    let start = || {
        home.command(&program("chancery-desktop"))
            .env("DISPLAY", display.name())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program is built")
    };
    let mut first = start();
    display.wait_for_active("Chancery");
    for _ in 0..3 {
        // As openbox closes a window for a person.
        display.close_active("Chancery");
        let second = ended("a second start passes its wish on", &mut start());
        assert!(second.success());
        display.wait_for_active("Chancery");
    }
    assert_eq!(pid_of_desktop(&home), Some(first.id()), "still the first");
    end_desktop(first.id());
    let _ = first.wait();
}
