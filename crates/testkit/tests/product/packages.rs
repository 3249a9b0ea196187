//! The packages: they install, what they install works, and they leave nothing
//! behind but what is the person's.

use crate::desktop::{EndsDesktop, end_desktop, pid_of_desktop};
use chancery_testkit::programs::package;
use chancery_testkit::waiting::eventually;
use chancery_testkit::{Display, TestHome, WindowsHome};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Every file below that, but for dpkg's own.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in std::fs::read_dir(directory)
        .expect("a directory")
        .filter_map(|entry| Some(entry.ok()?.path()))
    {
        if path.is_dir() && !path.is_symlink() {
            if !path.ends_with("var/lib/dpkg") {
                files.extend(self::files(&path));
            }
        } else {
            files.push(path);
        }
    }
    files
}

/// A system of its own for dpkg, which need not be root for it.
fn dpkg(root: &Path, words: &[&str]) -> Output {
    Command::new("dpkg")
        .arg(format!("--root={}", root.display()))
        .args(["--force-not-root", "--force-depends", "--force-bad-path"])
        .args(words)
        .stdin(Stdio::null())
        .output()
        .expect("dpkg can be run")
}

#[test]
#[ignore = "needs the packages; “cargo xtask test --long” makes and tries them"]
fn debians_package_installs_works_and_goes_away_again() {
    let (home, package) = (TestHome::without_keyring(), package(".deb"));
    let root = home.path().join("root");
    for directory in ["info", "updates"] {
        std::fs::create_dir_all(root.join("var/lib/dpkg").join(directory)).expect("made");
    }
    std::fs::write(root.join("var/lib/dpkg/status"), "").expect("written");
    let package = package.to_string_lossy();
    let installed = dpkg(&root, &["--install", &package]);
    let told = String::from_utf8_lossy(&installed.stderr).into_owned();
    assert!(installed.status.success(), "{told}");
    let said = home
        .command(&root.join("usr/bin/chancery"))
        .args(["agent", "start"])
        .output()
        .expect("it can be run");
    let out = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(out.starts_with("The agent runs"), "{out}");
    assert_eq!(home.state(), "no-server");
    for wanted in [
        "usr/lib/systemd/user/chancery-agent.socket",
        "usr/lib/systemd/user/chancery-agent.service",
        "usr/share/man/man1/chancery.1.gz",
        "usr/share/bash-completion/completions/chancery",
        "usr/share/doc/chancery/copyright",
    ] {
        assert!(root.join(wanted).is_file(), "{wanted}");
    }
    let verified = dpkg(&root, &["--verify", "chancery"]);
    assert!(verified.status.success() && verified.stdout.is_empty());
    let removed = dpkg(&root, &["--purge", "chancery"]);
    let told = String::from_utf8_lossy(&removed.stderr).into_owned();
    assert!(removed.status.success(), "{told}");
    assert_eq!(files(&root), Vec::<PathBuf>::new());
}

#[test]
#[ignore = "needs the packages; “cargo xtask test --long” makes and tries them"]
fn the_archive_is_unpacked_anywhere_and_runs_from_there() {
    let (home, archive) = (TestHome::with_bus(), package(".tar.xz"));
    // A place with a space and another script in its name.
    let place = home.path().join("my programs ٣");
    std::fs::create_dir(&place).expect("made");
    let unpacked = Command::new("tar")
        .arg("--extract")
        .arg("--file")
        .arg(&archive)
        .arg("--directory")
        .arg(&place)
        .status();
    assert!(unpacked.is_ok_and(|status| status.success()));
    let root = place.join("Chancery.AppDir");
    let run = root.join("AppRun");
    let said = home
        .command(&run)
        .args(["chancery", "agent", "start"])
        .output()
        .expect("it can be run");
    let out = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(out.starts_with("The agent runs"), "{out}");
    // From elsewhere by a link, as people put one on their path.
    let link = home.path().join("chancery-link");
    std::os::unix::fs::symlink(&run, &link).expect("linked");
    let said = home
        .command(&link)
        .args(["chancery", "--version"])
        .output()
        .expect("it can be run");
    assert!(String::from_utf8_lossy(&said.stdout).starts_with("chancery 0."));

    // Without a word more it is the desktop program, with its window.
    let display = Display::start();
    let _ends = EndsDesktop(&home);
    let mut desktop = home
        .command(&run)
        .env("DISPLAY", display.name())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it can be run");
    display.wait_for_active("Chancery");
    end_desktop(pid_of_desktop(&home).expect("it runs"));
    let _ = desktop.wait();
}

#[test]
#[ignore = "needs Wine and the installer; “cargo xtask test --long” makes and tries them"]
fn the_installer_for_windows_installs_works_and_goes_away_again() {
    let home = WindowsHome::with_screen();
    let place = home.own_programs().join("Chancery");
    let run = "HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run";
    let uninstall = "HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\Chancery";
    let entry = |key: &str, name: &str| home.run("reg", &["query", key, "/v", name]);
    // Twice: over one that is there, whose agent runs, as well.
    for _ in 0..2 {
        let _ = home
            .run(package("-setup.exe"), &["/S", "/AUTOSTART"])
            .done();
        let program = place.join("chancery.exe");
        let started = home.run(&program, &["agent", "start"]).done();
        assert!(started.starts_with("The agent runs"), "{started}");
    }
    for file in ["uninstall.exe", "LICENSE-APACHE.txt", "LICENSE-MIT.txt"] {
        assert!(place.join(file).is_file(), "{file}");
    }
    let starts = entry(run, "Chancery").done();
    assert!(
        starts.contains("\\Programs\\Chancery\\chancery.exe\" agent start"),
        "{starts}"
    );
    let shown = entry(uninstall, "QuietUninstallString").done();
    assert!(shown.contains("uninstall.exe\" /S"), "{shown}");
    let _ = home.run(place.join("uninstall.exe"), &["/S"]).done();
    // It goes on as a copy of itself, which can remove the first.
    eventually("everything is gone", || (!place.exists()).then_some(()));
    eventually("the list of programs knows it no more", || {
        (entry(uninstall, "DisplayName").code != 0).then_some(())
    });
    assert_ne!(entry(run, "Chancery").code, 0);
    // What is the person's stays.
    assert!(home.path().join("state/agent.log").is_file());
}
