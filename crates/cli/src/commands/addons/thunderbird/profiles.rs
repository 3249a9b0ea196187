//! Thunderbird's own list of profiles, `profiles.ini`.

use crate::exit::Exit;
use crate::failure::Failure;
use std::io;
use std::path::{Path, PathBuf};

/// A list is a few kilobytes long: 1 MiB is none.
const LONGEST: u64 = 1024 * 1024;

/// One profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Profile {
    pub(super) path: PathBuf,
    /// Thunderbird starts with it.
    is_started: bool,
}

/// Every profile that is there.
pub(super) fn all(thunderbird: &Path) -> Result<Vec<Profile>, Failure> {
    let list = thunderbird.join("profiles.ini");
    let text = match text_of(&list) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::file(&list, "read", &error)),
    };
    let mut profiles = read(&text, thunderbird);
    profiles.retain(|profile| profile.path.is_dir());
    Ok(profiles)
}

/// The profiles that Thunderbird starts with: one for each installation of it.
pub(super) fn started(thunderbird: &Path) -> Result<Vec<PathBuf>, Failure> {
    let none = |sentence: &str| Failure::new(Exit::NotFound, "ADDON", sentence);
    let all = all(thunderbird)?;
    let started: Vec<PathBuf> = all
        .iter()
        .filter(|profile| profile.is_started)
        .map(|profile| profile.path.clone())
        .collect();
    match (started.is_empty(), all.as_slice()) {
        (false, _) => Ok(started),
        (true, [only]) => Ok(vec![only.path.clone()]),
        (true, []) => Err(none(
            "Thunderbird has no profile here yet. Start it once and end it, then run the command again; or name a profile with “--profile”.",
        )),
        (true, _) => Err(none(
            "Thunderbird has several profiles here, and none that it starts with. Name one with “--profile”.",
        )),
    }
}

fn text_of(path: &Path) -> io::Result<String> {
    use io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(LONGEST)
        .read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// One part of the list, as far as it matters here.
#[derive(Default)]
struct Section<'a> {
    name: &'a str,
    path: Option<&'a str>,
    is_relative: bool,
    default: Option<&'a str>,
}

fn read(text: &str, root: &Path) -> Vec<Profile> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            sections.push(Section {
                name,
                is_relative: true,
                ..Section::default()
            });
        } else if let (Some((key, value)), Some(section)) =
            (line.split_once('='), sections.last_mut())
        {
            match key.trim() {
                "Path" => section.path = Some(value.trim()),
                "IsRelative" => section.is_relative = value.trim() != "0",
                "Default" => section.default = Some(value.trim()),
                _ => {}
            }
        }
    }
    // Newer ones say for each installation what it starts with; before, one
    // profile was the default of all.
    let chosen: Vec<&str> = sections
        .iter()
        .filter(|section| section.name.starts_with("Install"))
        .filter_map(|section| section.default)
        .collect();
    sections
        .iter()
        .filter(|section| section.name.starts_with("Profile"))
        .filter_map(|section| {
            let path = section.path.filter(|path| !path.is_empty())?;
            Some(Profile {
                path: if section.is_relative {
                    root.join(path)
                } else {
                    PathBuf::from(path)
                },
                is_started: if chosen.is_empty() {
                    section.default == Some("1")
                } else {
                    chosen.contains(&path)
                },
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{read, started};
    use proptest::prelude::*;
    use std::path::{Path, PathBuf};

    const LIST: &str = "[Install1234]\nDefault=Profiles/new.default\nLocked=1\n\n\
        [Profile1]\nName=old\nIsRelative=1\nPath=old.default\nDefault=1\n\n\
        [Profile0]\nName=new\nIsRelative=1\nPath=Profiles/new.default\n\n\
        [Profile2]\nName=else\nIsRelative=0\nPath=/elsewhere/p\n\n[General]\nVersion=2\n";

    fn chosen(text: &str) -> Vec<PathBuf> {
        let all = read(text, Path::new("/r")).into_iter();
        all.filter(|profile| profile.is_started)
            .map(|profile| profile.path)
            .collect()
    }

    #[test]
    fn the_installations_profile_comes_before_the_old_default() {
        let all: Vec<PathBuf> = read(LIST, Path::new("/r"))
            .into_iter()
            .map(|p| p.path)
            .collect();
        assert_eq!(
            all,
            ["/r/old.default", "/r/Profiles/new.default", "/elsewhere/p"].map(PathBuf::from)
        );
        assert_eq!(chosen(LIST), [PathBuf::from("/r/Profiles/new.default")]);
        let (_, before) = LIST.split_once("\n\n").expect("two parts");
        assert_eq!(chosen(before), [PathBuf::from("/r/old.default")]);
    }

    #[test]
    fn without_a_choice_the_only_profile_is_meant_and_of_several_none() {
        let place = tempfile::tempdir().expect("made");
        let list =
            |text: &str| std::fs::write(place.path().join("profiles.ini"), text).expect("written");
        let said = |text: &str| started(place.path()).expect_err(text).sentence;
        assert!(said("none").contains("no profile here yet"));
        for name in ["a", "b"] {
            std::fs::create_dir(place.path().join(name)).expect("made");
        }
        list("[Profile0]\nPath=a\n[Profile1]\nPath=gone\n");
        assert_eq!(
            started(place.path()).expect("one"),
            [place.path().join("a")]
        );
        list("[Profile0]\nPath=a\n[Profile1]\nPath=b\n");
        assert!(said("two").contains("--profile"));
    }

    proptest! {
        #[test]
        fn any_text_is_a_list(text in "(\\[?[A-Za-z0-9=/\\] \u{e9}]{0,12}\n){0,12}") {
            let _ = read(&text, Path::new("/r"));
        }
    }
}
