//! The system packages that tests and measurements need.

use crate::failure::Failure;
use crate::say;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

/// A program and the Debian package it comes in.
pub(crate) type Needed = (&'static str, &'static str);

/// What the tests need: a keyring on a bus of its own, and the programs that
/// people and scripts would use.
pub(crate) const FOR_TESTS: &[Needed] = &[
    ("dbus-run-session", "dbus"),
    ("gnome-keyring-daemon", "gnome-keyring"),
    ("secret-tool", "libsecret-tools"),
    ("pdftotext", "poppler-utils"),
    ("curl", "curl"),
    ("python3", "python3"),
    ("systemd-socket-activate", "systemd"),
    ("/usr/sbin/krb5kdc", "krb5-kdc"),
    ("/usr/sbin/kadmin.local", "krb5-admin-server"),
    ("kinit", "krb5-user"),
    ("redis-server", "redis-server"),
    ("redis-cli", "redis-tools"),
    ("Xvfb", "xvfb"),
    // What a window opens when it needs it. These have no program: every
    // package of Debian's says here what its licence is.
    (
        "/usr/share/doc/libxkbcommon-x11-0/copyright",
        "libxkbcommon-x11-0",
    ),
    ("/usr/share/doc/libx11-xcb1/copyright", "libx11-xcb1"),
    ("/usr/share/doc/libxcursor1/copyright", "libxcursor1"),
    ("/usr/share/doc/libxi6/copyright", "libxi6"),
    ("/usr/share/doc/libfontconfig1/copyright", "libfontconfig1"),
];

/// What the long run needs besides: a browser, a mail client, and the office
/// suite, on displays of their own.
pub(crate) const FOR_LONG: &[Needed] = &[
    ("chromium", "chromium"),
    ("chromedriver", "chromium-driver"),
    ("thunderbird", "thunderbird"),
    ("openbox", "openbox"),
    ("xdotool", "xdotool"),
    ("import", "imagemagick"),
    ("soffice", "libreoffice-writer"),
    // Files of theirs: these have no program.
    (
        "/usr/lib/libreoffice/program/libvclplug_gtk3lo.so",
        "libreoffice-gtk3",
    ),
    ("/usr/lib/python3/dist-packages/uno.py", "python3-uno"),
    // A domain's controller.
    ("samba-tool", "samba"),
    ("/usr/share/doc/samba-ad-dc/copyright", "samba-ad-dc"),
    (
        "/usr/share/doc/samba-ad-provision/copyright",
        "samba-ad-provision",
    ),
    (
        "/usr/share/doc/samba-dsdb-modules/copyright",
        "samba-dsdb-modules",
    ),
    (
        "/usr/share/doc/samba-vfs-modules/copyright",
        "samba-vfs-modules",
    ),
    ("winbindd", "winbind"),
    // What a screen reader reads a window with.
    ("/usr/libexec/at-spi-bus-launcher", "at-spi2-core"),
    ("gdbus", "libglib2.0-bin"),
    (
        "/usr/lib/python3/dist-packages/gi/__init__.py",
        "python3-gi",
    ),
    (
        "/usr/share/doc/gir1.2-atspi-2.0/copyright",
        "gir1.2-atspi-2.0",
    ),
];

/// What builds for Windows and runs it. Two of them bring no program of their
/// own name: Debian's list of their files shows that they are there.
pub(crate) const FOR_WINDOWS: &[Needed] = &[
    ("x86_64-w64-mingw32-gcc", "mingw-w64"),
    ("/var/lib/dpkg/info/rustc-web.list", "rustc-web"),
    ("/var/lib/dpkg/info/rust-web-src.list", "rust-web-src"),
    ("wine", "wine"),
    ("/usr/lib/wine/wine64", "wine64"),
    ("Xvfb", "xvfb"),
];

/// What builds the package for Debian.
pub(crate) const FOR_DEB: &[Needed] = &[
    ("dpkg-shlibdeps", "dpkg-dev"),
    ("strip", "binutils"),
    ("gzip", "gzip"),
];

/// What builds the archive to unpack and run, and an AppImage.
pub(crate) const FOR_PORTABLE: &[Needed] = &[
    ("desktop-file-validate", "desktop-file-utils"),
    ("appstreamcli", "appstream"),
    ("mksquashfs", "squashfs-tools"),
    ("tar", "tar"),
    ("xz", "xz-utils"),
];

/// What builds the installer for Windows, besides what builds for it.
pub(crate) const FOR_INSTALLER: &[Needed] = &[("makensis", "nsis")];

/// What builds libFuzzer.
pub(crate) const FOR_FUZZ: &[Needed] = &[("g++", "g++")];

/// What the measurements compare with.
pub(crate) const FOR_BENCH: &[Needed] = &[
    ("fio", "fio"),
    ("nginx", "nginx-light"),
    ("thunderbird", "thunderbird"),
    ("Xvfb", "xvfb"),
    ("openbox", "openbox"),
    ("xdotool", "xdotool"),
    ("soffice", "libreoffice-writer"),
    (
        "/usr/lib/libreoffice/program/libvclplug_gtk3lo.so",
        "libreoffice-gtk3",
    ),
    ("/usr/lib/python3/dist-packages/uno.py", "python3-uno"),
    ("dbus-run-session", "dbus"),
    ("gnome-keyring-daemon", "gnome-keyring"),
    ("/usr/sbin/krb5kdc", "krb5-kdc"),
    ("/usr/sbin/kadmin.local", "krb5-admin-server"),
    ("kinit", "krb5-user"),
    ("redis-server", "redis-server"),
    ("redis-cli", "redis-tools"),
];

/// Installs what is missing, where that is possible without asking.
pub(crate) fn ensure(needed: &[Needed]) -> Result<(), Failure> {
    let missing: Vec<&str> = needed
        .iter()
        .filter(|(program, _)| !is_there(program))
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    let by_hand = format!("apt-get install --no-install-recommends {names}");
    let Some(front) = privilege() else {
        return Err(Failure::new(format!(
            "These system packages are missing: {names}. Install them and try again:\n  sudo {by_hand}"
        )));
    };
    say::note(&format!("Installing system packages: {names}"));
    for arguments in [
        vec!["apt-get", "update", "-qq"],
        [
            vec!["apt-get", "install", "-y", "-qq", "--no-install-recommends"],
            missing.clone(),
        ]
        .concat(),
    ] {
        let words = [front, arguments.as_slice()].concat();
        let (program, rest) = words.split_first().ok_or_else(Failure::said)?;
        let done = Command::new(program)
            .args(rest)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !done {
            return Err(Failure::new(format!(
                "“{}” failed. Install these packages by hand and try again:\n  {by_hand}",
                words.join(" ")
            )));
        }
    }
    match needed.iter().find(|(program, _)| !is_there(program)) {
        None => Ok(()),
        Some((program, package)) => Err(Failure::new(format!(
            "{package} was installed, but the program {program} is still not found. Put it on the PATH and try again."
        ))),
    }
}

/// What has to stand in front of a command for it to run as root; nothing
/// where that is impossible without a password.
fn privilege() -> Option<&'static [&'static str]> {
    if !is_there("apt-get") {
        return None;
    }
    if succeeds("sh", &["-c", "test \"$(id -u)\" = 0"]) {
        return Some(&[]);
    }
    succeeds("sudo", &["-n", "true"]).then_some(&["sudo", "-n"])
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Whether a program is on the path, or where Debian puts those of the system.
pub(crate) fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(Into::into))
        .any(|directory| is_program(&directory, program.as_ref()))
}

fn is_program(directory: &Path, program: &OsStr) -> bool {
    directory.join(program).is_file()
}
