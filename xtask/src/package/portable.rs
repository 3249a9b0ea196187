//! What is unpacked and run, without installing anything: the directory that an
//! AppImage holds (AppDir), in an archive, and the AppImage itself where there
//! is a runtime to put in front of it.

use super::debian::{fill, rights, told};
use super::{cannot, copy, write};
use crate::cargo::{self, Workspace};
use crate::failure::Failure;
use crate::{packages, say};
use std::fs::File;
use std::io::{Write as _, copy as pour};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The directory's name, in the archive and in the AppImage.
const DIRECTORY: &str = "Chancery.AppDir";
const ID: &str = "chancery";
/// Runs the desktop program, or the one that is named first.
const RUN: &str = "#!/bin/sh\n\
    here=$(dirname -- \"$(readlink -f -- \"$0\")\")\n\
    case ${1:-} in\n\
    chancery | chancery-desktop | chancery-native-messaging)\n\
    \tprogram=$1\n\
    \tshift\n\
    \t;;\n\
    *) program=chancery-desktop ;;\n\
    esac\n\
    exec \"$here/usr/bin/$program\" \"$@\"\n";

/// Makes the archive, and with a runtime the AppImage; gives their paths.
pub(crate) fn make(release: bool, runtime: Option<&Path>) -> Result<Vec<PathBuf>, Failure> {
    packages::ensure(packages::FOR_DEB)?;
    packages::ensure(packages::FOR_PORTABLE)?;
    let workspace = Workspace::read()?;
    let place = workspace.target.join("package");
    let tree = place.join(DIRECTORY);
    fill(&workspace, release, &tree)?;
    let own = workspace.root.join("packaging");
    copy(
        &own.join("linux/chancery.desktop"),
        &tree.join("chancery.desktop"),
    )?;
    copy(&own.join("icons/chancery.svg"), &tree.join("chancery.svg"))?;
    copy(&own.join("icons/chancery.svg"), &tree.join(".DirIcon"))?;
    let about = tree.join("usr/share/metainfo/chancery.metainfo.xml");
    copy(&own.join("linux/chancery.metainfo.xml"), &about)?;
    // These say where a package has put the programs; here nobody knows that
    // beforehand, and “chancery” registers what it needs by itself.
    for unknown in ["usr/lib/systemd", "usr/lib/mozilla"] {
        let unknown = tree.join(unknown);
        std::fs::remove_dir_all(&unknown).map_err(|error| cannot(&unknown, &error))?;
    }
    write(&tree.join("AppRun"), RUN)?;
    rights(&tree)?;
    let run = tree.join("AppRun");
    std::fs::set_permissions(&run, std::fs::Permissions::from_mode(0o755))
        .map_err(|error| cannot(&run, &error))?;
    check(&tree)?;
    let machine = told(Command::new("uname").arg("-m"), &tree)?;
    let name = format!("chancery-{}-{machine}", workspace.version()?);
    let archive = place.join(format!("{name}.tar.xz"));
    let mut pack = Command::new("tar");
    // The same input makes the same archive.
    pack.args([
        "--create",
        "--xz",
        "--sort=name",
        "--mtime=2026-01-01 00:00Z",
    ])
    .args(["--owner=0", "--group=0", "--numeric-owner", "--file"])
    .arg(&archive)
    .arg("--directory")
    .args([&place, Path::new(DIRECTORY)]);
    cargo::run(&mut pack, &workspace.root)?;
    let mut made = vec![archive];
    if let Some(runtime) = runtime {
        made.push(image(
            &tree,
            runtime,
            &place.join(format!("{name}.AppImage")),
        )?);
    }
    Ok(made)
}

/// That desktops and software centres take what they are told.
fn check(tree: &Path) -> Result<(), Failure> {
    let entry = tree.join("chancery.desktop");
    cargo::run(Command::new("desktop-file-validate").arg(&entry), tree)?;
    let about = tree
        .join("usr/share/metainfo")
        .join(format!("{ID}.metainfo.xml"));
    let mut validate = Command::new("appstreamcli");
    validate
        // The project has no domain of its own that could stand in its id.
        .args([
            "validate",
            "--no-net",
            "--override=cid-desktopapp-is-not-rdns=info",
        ])
        .arg(about)
        .stdout(Stdio::null());
    cargo::run(&mut validate, tree)
}

/// A runtime with the directory behind it (AppImage, type 2).
fn image(tree: &Path, runtime: &Path, to: &Path) -> Result<PathBuf, Failure> {
    let squashed = to.with_extension("squashfs");
    let mut squash = Command::new("mksquashfs");
    squash.args([tree, &squashed]).args([
        "-root-owned",
        "-noappend",
        "-quiet",
        "-no-progress",
        "-comp",
        "xz",
    ]);
    cargo::run(&mut squash, tree)?;
    let opened = |path: &Path| File::open(path).map_err(|error| cannot(path, &error));
    let mut whole = File::create(to).map_err(|error| cannot(to, &error))?;
    for part in [runtime, &squashed] {
        pour(&mut opened(part)?, &mut whole).map_err(|error| cannot(to, &error))?;
    }
    whole.flush().map_err(|error| cannot(to, &error))?;
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o755))
        .map_err(|error| cannot(to, &error))?;
    say::note(
        "The AppImage was put together; whether it starts is for a machine with FUSE to show.",
    );
    Ok(to.to_owned())
}
