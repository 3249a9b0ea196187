//! The desktop program, where something else has started it.

use chancery_testkit::TestHome;
use chancery_testkit::waiting::{eventually, is_gone};

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
