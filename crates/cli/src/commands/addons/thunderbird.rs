//! Chancery for Thunderbird: its files, where they go, and the manifest that
//! lets it start `chancery-native-messaging`.

mod profiles;

use super::package::{File, package};
use super::{Found, put, take};
use crate::exit::Exit;
use crate::failure::Failure;
use chancery_platform::mozilla::{self, NoPlace};
use chancery_platform::programs::{self, MissingProgram};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What Thunderbird knows the add-on by.
pub(crate) const ID: &str = "thunderbird@addons.chancery";
/// What the add-on knows the program by that it talks to.
const HOST: &str = "chancery";
const TITLE: &str = "Chancery for Thunderbird";
/// The add-on has the version of the program that it comes with.
const VERSION: &str = env!("CARGO_PKG_VERSION");

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_bytes!(concat!("../../../../../addons/thunderbird/", $path)))),*]
    };
}

const FILES: &[File] = &files![
    "manifest.json",
    "_locales/en/messages.json",
    "background/background.html",
    "background/background.js",
    "background/button.js",
    "background/connection.js",
    "background/host.js",
    "background/tools-menu.js",
    "connect-menu.js",
    "icons/chancery.svg",
    "icons/connected.svg",
    "icons/deferred.svg",
    "icons/disconnected.svg",
    "icons/needs-user.svg",
    "icons/no-server.svg",
    "icons/offline.svg",
    "icons/signing-in.svg",
    "icons/starting.svg",
    "menu/menu.css",
    "menu/menu.html",
    "menu/menu.js",
];

/// Where it is now.
pub(super) fn found() -> Result<Found, Failure> {
    let all = profiles::all(&mozilla::thunderbird()?)?;
    Ok(described(
        all.into_iter()
            .map(|profile| profile.path)
            .filter(|path| place_in(path).is_file())
            .collect(),
    ))
}

/// Puts it into the profile, and says what to do next.
pub(super) fn install(profile: Option<&Path>) -> Result<(Found, String), Failure> {
    let program = programs::find("chancery-native-messaging", "CHANCERY_NATIVE_MESSAGING")?;
    let hosts = mozilla::native_messaging_hosts()?;
    let profiles = match profile {
        Some(path) => vec![directory(path)?],
        None => profiles::started(&mozilla::thunderbird()?)?,
    };
    let addon = package(FILES)?;
    put(&hosts.join(format!("{HOST}.json")), &manifest(&program))?;
    for profile in &profiles {
        put(&place_in(profile), &addon)?;
    }
    let told = format!(
        "{TITLE} {VERSION} is in {}. Start Thunderbird anew. The first time, it asks you to enable the add-on: open its menu (≡), choose “{TITLE} added to Thunderbird”, then “Enable”.",
        quoted(&profiles)
    );
    Ok((described(profiles), told))
}

/// Takes it out of the profile, or out of every profile.
pub(super) fn remove(profile: Option<&Path>) -> Result<(Found, String), Failure> {
    let profiles = match profile {
        Some(path) => vec![directory(path)?],
        None => found()?.profiles,
    };
    let mut left = Vec::new();
    for profile in profiles {
        if take(&place_in(&profile))? {
            left.push(profile);
        }
    }
    // Another profile may still have it.
    if found()?.profiles.is_empty()
        && let Ok(hosts) = mozilla::native_messaging_hosts()
    {
        take(&hosts.join(format!("{HOST}.json")))?;
    }
    let told = if left.is_empty() {
        format!("{TITLE} is not installed. Nothing was changed.")
    } else {
        format!(
            "{TITLE} is no more in {}. A Thunderbird that runs has it until it ends.",
            quoted(&left)
        )
    };
    Ok((described(Vec::new()), told))
}

fn described(profiles: Vec<PathBuf>) -> Found {
    Found {
        name: "thunderbird",
        title: TITLE,
        version: VERSION,
        profiles,
    }
}

fn place_in(profile: &Path) -> PathBuf {
    profile.join("extensions").join(format!("{ID}.xpi"))
}

/// What tells Thunderbird which program the add-on talks to.
fn manifest(program: &Path) -> Vec<u8> {
    let manifest = json!({
        "name": HOST,
        "description": "The connection to the work server that all applications share",
        "path": program.to_string_lossy(),
        "type": "stdio",
        "allowed_extensions": [ID],
    });
    format!("{manifest:#}\n").into_bytes()
}

fn directory(path: &Path) -> Result<PathBuf, Failure> {
    let failed = |error| Failure::file(path, "used as a profile", &error);
    let path = std::path::absolute(path).map_err(failed)?;
    if path.metadata().map_err(failed)?.is_dir() {
        Ok(path)
    } else {
        Err(failed(std::io::ErrorKind::NotADirectory.into()))
    }
}

fn quoted(paths: &[PathBuf]) -> String {
    let all: Vec<_> = paths
        .iter()
        .map(|path| format!("“{}”", path.display()))
        .collect();
    all.join(" and ")
}

impl From<NoPlace> for Failure {
    fn from(error: NoPlace) -> Self {
        Self::new(Exit::Failed, "ADDON", error.to_string())
    }
}

impl From<MissingProgram> for Failure {
    fn from(error: MissingProgram) -> Self {
        Self::new(Exit::NotFound, "ADDON", error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::{FILES, ID, VERSION, manifest, package};
    use serde_json::Value;
    use std::collections::BTreeSet;
    use std::io::{Cursor, Read};
    use std::path::Path;

    fn below(directory: &Path, root: &Path, files: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                below(&path, root, files);
            } else {
                let name = path.strip_prefix(root).expect("below it");
                files.insert(name.to_string_lossy().replace('\\', "/"));
            }
        }
    }

    #[test]
    fn every_file_of_the_add_on_is_packed_and_the_same_bytes_come_out_each_time() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../addons/thunderbird");
        let mut there = BTreeSet::new();
        below(&root, &root, &mut there);
        let packed: BTreeSet<String> = FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(packed, there);

        let archive = package(FILES).expect("packed");
        assert_eq!(archive, package(FILES).expect("packed"));
        let mut read = zip::ZipArchive::new(Cursor::new(archive)).expect("an archive");
        assert_eq!(read.len(), FILES.len());
        for (path, content) in FILES {
            let mut found = Vec::new();
            let mut file = read.by_name(path).expect(path);
            file.read_to_end(&mut found).expect("read");
            assert_eq!(&found, content, "{path}");
        }
    }

    #[test]
    fn the_add_ons_manifest_agrees_with_this_program() {
        let (_, text) = FILES
            .iter()
            .find(|(path, _)| *path == "manifest.json")
            .expect("there");
        let told: Value = serde_json::from_slice(text).expect("JSON");
        assert_eq!(told["version"], VERSION);
        assert_eq!(told["browser_specific_settings"]["gecko"]["id"], ID);
        let host: Value =
            serde_json::from_slice(&manifest(Path::new("/opt/a \"b\"/host"))).expect("JSON");
        assert_eq!(host["path"], "/opt/a \"b\"/host");
        assert_eq!(host["allowed_extensions"][0], ID);
    }

    #[test]
    fn every_message_that_the_add_on_shows_is_there() {
        let (_, text) = FILES
            .iter()
            .find(|(path, _)| path.ends_with("messages.json"))
            .expect("there");
        let messages: Value = serde_json::from_slice(text).expect("JSON");
        let messages = messages.as_object().expect("an object");
        let code: String = FILES
            .iter()
            .filter(|(path, _)| !path.starts_with("_locales"))
            .map(|(_, text)| String::from_utf8_lossy(text))
            .collect();
        for name in messages.keys() {
            let used = [format!("\"{name}\""), format!("__MSG_{name}__")];
            assert!(
                used.iter().any(|used| code.contains(used)),
                "{name} is not used"
            );
        }
        for start in ["word(\"", "getMessage(\""] {
            for (at, _) in code.match_indices(start) {
                let name = code[at + start.len()..]
                    .split('"')
                    .next()
                    .unwrap_or_default();
                assert!(messages.contains_key(name), "{name} is missing");
            }
        }
    }
}
