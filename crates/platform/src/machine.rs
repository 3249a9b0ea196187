//! The machine and this process: names, ids, and being asked to end.

use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(unix)]
pub use unix::own_uid;
#[cfg(windows)]
use windows as system;

/// The device's own name, shown in the person's list of sessions.
#[must_use]
pub fn device_name() -> String {
    system::device_name()
}

/// Leaves the terminal that started this process, so that closing it does not
/// end the agent. A process that has left already: no error.
pub fn leave_terminal() {
    system::leave_terminal();
}

/// Resolves when the process is asked to end: by a signal, or on Windows by
/// the console, the end of the session or of the machine.
///
/// # Errors
/// The operating system refused to tell.
pub async fn asked_to_end() -> std::io::Result<()> {
    system::asked_to_end().await
}

/// A short name for “this person's Chancery on this machine”: the same at
/// every start, another one for another `CHANCERY_HOME`, and another one where
/// two machines share one home directory. It tells nothing of either. `home` is
/// where its configuration is kept.
#[must_use]
pub fn place(home: &Path) -> String {
    place_of(&system::id().unwrap_or_else(device_name), &resolved(home))
}

fn place_of(machine: &str, home: &Path) -> String {
    let mut hash = Sha256::new();
    // The machine's id is nobody else's business: only a hash of it leaves.
    hash.update(b"chancery place\0");
    hash.update(machine.as_bytes());
    hash.update(b"\0");
    hash.update(home.as_os_str().as_encoded_bytes());
    hash.finalize()
        .iter()
        .take(10)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The path without links, whether its last parts are there already or not.
fn resolved(path: &Path) -> PathBuf {
    for there in path.ancestors() {
        if let (Ok(real), Ok(missing)) = (there.canonicalize(), path.strip_prefix(there)) {
            // Joining nothing would add a slash.
            return real.components().chain(missing.components()).collect();
        }
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use super::place_of;
    use std::path::Path;

    #[test]
    fn two_homes_and_two_machines_are_told_apart() {
        let one = place_of("machine", Path::new("/home/ada/.config/chancery"));
        assert_eq!(one.len(), 20);
        assert_eq!(
            one,
            place_of("machine", Path::new("/home/ada/.config/chancery"))
        );
        assert_ne!(
            one,
            place_of("another", Path::new("/home/ada/.config/chancery"))
        );
        assert_ne!(
            one,
            place_of("machine", Path::new("/home/bob/.config/chancery"))
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_place_keeps_its_name_when_it_is_made_and_when_a_link_leads_there() {
        use super::{place, resolved};
        let home = tempfile::tempdir().expect("made");
        let real = home.path().join("real");
        let link = home.path().join("link");
        std::fs::create_dir(&real).expect("made");
        std::os::unix::fs::symlink(&real, &link).expect("made");
        let before = place(&link.join("config"));
        std::fs::create_dir_all(real.join("config")).expect("made");
        assert_eq!(before, place(&link.join("config")));
        assert_eq!(before, place(&real.join("config")));
        assert_eq!(resolved(&link.join("a/b")), resolved(&real).join("a/b"));
    }
}
