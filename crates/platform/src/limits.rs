//! How much the system gives this process.

/// More open files than that are never needed, and tables grow with the limit.
const MOST: u64 = 65_536;

/// Raises the limit of open files as far as this process may, to at most
/// 65,536, and answers what it is then. Every caller of the agent holds one
/// file handle or two, and the limit to begin with is often 1,024.
pub fn raise_open_files() -> u64 {
    let limit = system();
    tracing::debug!(limit, "open files");
    limit
}

#[cfg(unix)]
fn system() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let found = getrlimit(Resource::Nofile);
    // None is no limit at all.
    let now = found.current.unwrap_or(u64::MAX);
    let wanted = found.maximum.unwrap_or(u64::MAX).min(MOST);
    if wanted <= now {
        return now;
    }
    let raised = Rlimit {
        current: Some(wanted),
        maximum: found.maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => wanted,
        Err(error) => {
            tracing::debug!(%error, "the limit of open files stays");
            now
        }
    }
}

/// Windows has no such limit for handles.
#[cfg(windows)]
fn system() -> u64 {
    MOST
}

#[cfg(all(test, unix))]
mod tests {
    use super::raise_open_files;
    use rustix::process::{Resource, getrlimit};
    use std::process::Command;

    #[test]
    fn the_limit_of_open_files_is_raised_and_raised_once() {
        const INSIDE: &str = "CHANCERY_TEST_LIMITS_INSIDE";
        if std::env::var_os(INSIDE).is_none() {
            // A process of its own begins with a low limit.
            let output = Command::new("sh")
                .args([
                    "-c",
                    "ulimit -S -n 64 && ulimit -H -n 512 && exec \"$@\"",
                    "sh",
                ])
                .arg(std::env::current_exe().expect("this test"))
                .args(["--exact", "--nocapture"])
                .arg("limits::tests::the_limit_of_open_files_is_raised_and_raised_once")
                .env(INSIDE, "1")
                .output()
                .expect("run");
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{said}");
            assert!(said.contains("1 passed"), "{said}");
            return;
        }
        assert_eq!(getrlimit(Resource::Nofile).current, Some(64));
        assert_eq!(raise_open_files(), 512);
        assert_eq!(getrlimit(Resource::Nofile).current, Some(512));
        assert_eq!(raise_open_files(), 512);
    }
}
