//! Chancery for LibreOffice: what does not have to know LibreOffice, and in
//! the module below the office suite itself.

mod desk;
mod office;
mod person;

use chancery_testkit::programs::program;
use chancery_testkit::server::PASSWORD;
use chancery_testkit::{TestHome, TestServer};
use std::path::{Path, PathBuf};

/// The extension's sources.
fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../addons/libreoffice")
}

#[test]
fn the_extensions_own_tests_pass_with_a_real_agent_and_real_servers() {
    let home = TestHome::without_keyring();
    let (one, other) = (TestServer::start(), TestServer::start());
    home.connect(&one);
    home.connect(&other);
    let before = (one.metrics().sign_ins(), other.metrics().sign_ins());
    let _ = home.chancery(&["agent", "stop"]).done();
    let sources = sources();
    let output = home
        .command(Path::new("python3"))
        .args(["-W", "error", "-m", "unittest", "discover", "--verbose"])
        .arg("--start-directory")
        .arg(&sources)
        .arg("--top-level-directory")
        .arg(&sources)
        .env("CHANCERY_PROGRAM", program("chancery"))
        .env("CHANCERY_DESKTOP", home.path().join("no-window"))
        .env("CHANCERY_TEST_PASSWORD", PASSWORD)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("python3 can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("test_a_day_in_the_office"), "{said}");
    assert!(!said.contains("skipped"), "{said}");
    // By a prompt, one each; and one more each time after the person had
    // disconnected.
    let after = (one.metrics().sign_ins(), other.metrics().sign_ins());
    assert_eq!((after.0 - before.0, after.1 - before.1), (1.0, 3.0));
}
