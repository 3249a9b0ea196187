//! The package for Debian, by `dpkg-deb`.

use super::{cannot, copy, fresh, write};
use crate::cargo::{self, Workspace};
use crate::failure::Failure;
use crate::packages;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What is installed where, if that program is there.
const FOR_PROGRAMS: [(&str, &str, &str); 4] = [
    (
        "chancery",
        "chancery-agent.socket",
        "usr/lib/systemd/user/chancery-agent.socket",
    ),
    (
        "chancery",
        "chancery-agent.service",
        "usr/lib/systemd/user/chancery-agent.service",
    ),
    (
        "chancery-desktop",
        "chancery.desktop",
        "usr/share/applications/chancery.desktop",
    ),
    (
        "chancery-native-messaging",
        "native-messaging.json",
        "usr/lib/mozilla/native-messaging-hosts/chancery.json",
    ),
];
/// The picture of the product, where there is one.
const ICON: &str = "packaging/icons/chancery.svg";
/// Shells, and where they look for completions.
const SHELLS: [(&str, &str); 3] = [
    ("bash", "usr/share/bash-completion/completions/chancery"),
    ("zsh", "usr/share/zsh/vendor-completions/_chancery"),
    ("fish", "usr/share/fish/vendor_completions.d/chancery.fish"),
];

/// Builds the programs and the package around them; gives its path.
pub(crate) fn make(release: bool) -> Result<PathBuf, Failure> {
    packages::ensure(packages::FOR_DEB)?;
    let workspace = Workspace::read()?;
    let place = workspace.target.join("package");
    let tree = place.join("deb");
    let installed = fill(&workspace, release, &tree)?;
    changes(&tree, workspace.version()?)?;
    rights(&tree)?;
    let architecture = told(Command::new("dpkg").arg("--print-architecture"), &tree)?;
    let control = control(
        workspace.version()?,
        &architecture,
        &needed(&installed, &place)?,
        kibibytes(&tree)?,
    );
    write(&tree.join("DEBIAN/control"), control)?;
    let package = place.join(format!(
        "chancery_{}_{architecture}.deb",
        workspace.version()?
    ));
    let mut pack = Command::new("dpkg-deb");
    pack.args(["--build", "--root-owner-group", "-Zxz"])
        .args([&tree, &package])
        .stdout(Stdio::null());
    cargo::run(&mut pack, &workspace.root)?;
    Ok(package)
}

/// Builds the programs and puts everything that is installed into an empty
/// tree; gives the programs in it.
pub(super) fn fill(
    workspace: &Workspace,
    release: bool,
    tree: &Path,
) -> Result<Vec<PathBuf>, Failure> {
    let mut build = cargo::command();
    // The whole workspace, as the tests do: a part alone would have its
    // dependencies built with other features, and so a second time.
    build.args(["build", "--workspace", "--bins", "--locked"]);
    if release {
        build.arg("--release");
    }
    cargo::run(&mut build, &workspace.root)?;
    fresh(tree)?;
    let programs = workspace.desktop_programs();
    let mut installed = Vec::new();
    for program in &programs {
        let path = tree.join("usr/bin").join(program);
        copy(&workspace.programs(release).join(program), &path)?;
        cargo::run(
            Command::new("strip").arg("--strip-unneeded").arg(&path),
            tree,
        )?;
        installed.push(path);
    }
    let own = workspace.root.join("packaging/linux");
    for (program, file, to) in FOR_PROGRAMS {
        if programs.iter().any(|one| one == program) {
            copy(&own.join(file), &tree.join(to))?;
        }
    }
    let icon = workspace.root.join(ICON);
    if icon.is_file() {
        copy(
            &icon,
            &tree.join("usr/share/icons/hicolor/scalable/apps/chancery.svg"),
        )?;
    }
    let program = workspace.programs(release).join("chancery");
    describe(&program, &own, tree)?;
    Ok(installed)
}

/// Manual pages, completions, and whose it is.
fn describe(program: &Path, own: &Path, tree: &Path) -> Result<(), Failure> {
    let pages = tree.join("usr/share/man/man1");
    let mut write_pages = Command::new(program);
    write_pages.args(["man", "--quiet"]).arg(&pages);
    cargo::run(&mut write_pages, tree)?;
    for (shell, to) in SHELLS {
        let said = said(Command::new(program).args(["completions", shell]), tree)?;
        write(&tree.join(to), said)?;
    }
    let papers = tree.join("usr/share/doc/chancery");
    copy(&own.join("copyright"), &papers.join("copyright"))?;
    let packed: Vec<PathBuf> = std::fs::read_dir(&pages)
        .map_err(|error| cannot(&pages, &error))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    // Without a time in it: the same input makes the same package.
    cargo::run(Command::new("gzip").arg("-9n").args(packed), tree)
}

/// What Debian wants to know of a package's history.
fn changes(tree: &Path, version: &str) -> Result<(), Failure> {
    let changes = format!(
        "chancery ({version}) unstable; urgency=medium\n\n  * What has changed stands in the project's own history.\n\n \
         -- The Chancery authors <authors@chancery.invalid>  Thu, 01 Jan 2026 00:00:00 +0000\n"
    );
    let changelog = tree.join("usr/share/doc/chancery/changelog");
    write(&changelog, changes)?;
    cargo::run(Command::new("gzip").arg("-9n").arg(changelog), tree)
}

/// Everybody may read all of it and run the programs, whatever the mask is.
pub(super) fn rights(directory: &Path) -> Result<(), Failure> {
    let entries = std::fs::read_dir(directory).map_err(|error| cannot(directory, &error))?;
    let set = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
            .map_err(|error| cannot(path, &error))
    };
    set(directory, 0o755)?;
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            rights(&path)?;
        } else {
            set(
                &path,
                if directory.ends_with("bin") {
                    0o755
                } else {
                    0o644
                },
            )?;
        }
    }
    Ok(())
}

/// Which packages the programs' libraries are in.
fn needed(programs: &[PathBuf], place: &Path) -> Result<String, Failure> {
    // It wants the place of a source package.
    let source = place.join("shlibdeps");
    write(
        &source.join("debian/control"),
        "Source: chancery\n\nPackage: chancery\nArchitecture: any\n",
    )?;
    let mut ask = Command::new("dpkg-shlibdeps");
    ask.arg("-O");
    for program in programs {
        let mut word = std::ffi::OsString::from("-e");
        word.push(program);
        ask.arg(word);
    }
    let said = told(&mut ask, &source)?;
    said.lines()
        .find_map(|line| line.strip_prefix("shlibs:Depends="))
        .map(str::to_owned)
        .ok_or_else(|| Failure::new(format!("dpkg-shlibdeps said: {said}")))
}

/// What a window opens when it needs it, on X11 or on Wayland: no program is
/// linked with it, and without a screen nothing misses it.
const OPENED: &str = "libx11-6, libx11-xcb1, libxcursor1, libxi6, libxkbcommon0, \
     libxkbcommon-x11-0, libwayland-client0";

fn control(version: &str, architecture: &str, needed: &str, kibibytes: u64) -> String {
    format!(
        "Package: chancery\n\
         Version: {version}\n\
         Architecture: {architecture}\n\
         Maintainer: The Chancery authors <authors@chancery.invalid>\n\
         Installed-Size: {kibibytes}\n\
         Depends: {needed}\n\
         Recommends: gnome-keyring | libpam-kwallet5, {OPENED}\n\
         Section: net\n\
         Priority: optional\n\
         Description: one connection to a document work server, for every application\n\
         \x20The command line and the agent, which holds the connection: sign in once,\n\
         \x20and every application of yours is signed in. Applications hold no token\n\
         \x20and no password.\n"
    )
}

/// As Debian counts: each file and directory begins a new KiB.
fn kibibytes(directory: &Path) -> Result<u64, Failure> {
    let entries = std::fs::read_dir(directory).map_err(|error| cannot(directory, &error))?;
    let mut sum = 1;
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        sum += if path.is_dir() {
            kibibytes(&path)?
        } else {
            let found = entry.metadata().map_err(|error| cannot(&path, &error))?;
            found.len().div_ceil(1024)
        };
    }
    Ok(sum)
}

fn said(command: &mut Command, directory: &Path) -> Result<Vec<u8>, Failure> {
    let output = command
        .current_dir(directory)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output();
    match output {
        Ok(output) if output.status.success() => Ok(output.stdout),
        Ok(_) => Err(Failure::said()),
        Err(error) => Err(Failure::new(format!(
            "{} cannot be run: {error}.",
            command.get_program().to_string_lossy()
        ))),
    }
}

pub(super) fn told(command: &mut Command, directory: &Path) -> Result<String, Failure> {
    let said = said(command, directory)?;
    Ok(String::from_utf8_lossy(&said).trim().to_owned())
}
