//! A directory with everything in it, on its way to a folder: once, whatever
//! breaks, and again with what changed.

use chancery_testkit::programs::program;
use chancery_testkit::server::{API, TestServer};
use chancery_testkit::waiting::eventually;
use chancery_testkit::{Pattern, Request, TestHome};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

/// Length and digest: bytes themselves would fill a failure's message.
fn digest(bytes: &[u8]) -> (usize, u64) {
    let mut hasher = std::hash::DefaultHasher::new();
    bytes.hash(&mut hasher);
    (bytes.len(), hasher.finish())
}

/// A connected home, a folder on the server, and a directory here.
struct Moving {
    home: TestHome,
    server: TestServer,
    token: String,
    workspace: String,
    directory: PathBuf,
}

impl Moving {
    fn new() -> Self {
        let (home, server) = (TestHome::with_keyring(), TestServer::start());
        home.connect(&server);
        let token = server.sign_in();
        let workspace = server.workspace(&token, "Matter");
        let directory = home.path().join("Old files");
        fs::create_dir(&directory).expect("made");
        Self {
            home,
            server,
            token,
            workspace,
            directory,
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.directory.join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(path, bytes).expect("written");
    }

    fn put(&self, more: &[&str]) -> chancery_testkit::home::Said {
        let directory = self.directory.to_str().expect("a path");
        let mut words = vec!["put", "-r", directory, &self.workspace];
        words.extend(more);
        self.home.chancery(&words)
    }

    fn list(&self, path: &str) -> Vec<Value> {
        let answer = self
            .server
            .call(Request::get(&format!("{API}{path}")).token(&self.token));
        let answer = answer.expect(200).json();
        let data = &answer["data"];
        let items = data.get("results").unwrap_or(data);
        items.as_array().expect("a list").clone()
    }

    /// Path and bytes of every document, its latest version.
    fn arrived(&self) -> BTreeMap<String, (usize, u64)> {
        let mut all = BTreeMap::new();
        let mut named = BTreeMap::new();
        for folder in self.list(&format!(
            "/folders?container_id={}&limit=9999",
            self.workspace
        )) {
            let text = |name: &str| folder[name].as_str().unwrap_or_default().to_owned();
            named.insert(text("id"), (text("name"), text("parent_id")));
        }
        let mut folders: BTreeMap<String, String> = BTreeMap::new();
        for id in named.keys() {
            let (mut parts, mut next) = (Vec::new(), id.clone());
            while let Some((name, parent)) = named.get(&next) {
                parts.insert(0, name.clone());
                next.clone_from(parent);
            }
            folders.insert(id.clone(), parts.join("/"));
        }
        for (id, path) in folders {
            for document in self.list(&format!("/folders/{id}/documents?limit=9999")) {
                let text = |name: &str| document[name].as_str().unwrap_or_default();
                let dot = if text("extension").is_empty() {
                    ""
                } else {
                    "."
                };
                let name = format!("{path}/{}{dot}{}", text("name"), text("extension"));
                let call = format!("{API}/documents/{}/download", text("id"));
                let bytes = self.server.call(Request::get(&call).token(&self.token));
                let before = all.insert(name.clone(), digest(&bytes.expect(200).body));
                assert!(before.is_none(), "{name} is there twice");
            }
        }
        all
    }

    /// Path and bytes of every file here.
    fn here(&self) -> BTreeMap<String, (usize, u64)> {
        fn enter(place: &Path, name: &str, all: &mut BTreeMap<String, (usize, u64)>) {
            for entry in fs::read_dir(place).expect("a directory").flatten() {
                let name = format!("{name}/{}", entry.file_name().to_string_lossy());
                if entry.path().is_dir() {
                    enter(&entry.path(), &name, all);
                } else {
                    all.insert(name, digest(&fs::read(entry.path()).expect("bytes")));
                }
            }
        }
        let mut all = BTreeMap::new();
        enter(&self.directory, "Old files", &mut all);
        all
    }
}

#[test]
fn a_directory_arrives_with_its_dates_and_again_only_what_is_new() {
    let moving = Moving::new();
    for number in 0..40_u64 {
        let name = format!(
            "{}/Letter {number}.txt",
            ["In", "In/2019", "Out"][number as usize % 3]
        );
        moving.write(&name, &Pattern::bytes(number, number * 37));
    }
    moving.write("Überblick – Änderungen.docx", b"with an umlaut");
    moving.write("without", b"an extension");
    moving.write("nothing.txt", b"");
    fs::create_dir(moving.directory.join("Empty")).expect("made");
    let here = moving.here();
    moving.write("Thumbs.db", b"a system's");
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_262_304_000);
    let file = File::options()
        .write(true)
        .open(moving.directory.join("without"))
        .expect("opens");
    file.set_modified(then).expect("set");
    let first = moving.directory.join("In/Letter 0.txt");
    let begun = fs::metadata(&first)
        .and_then(|of| of.modified())
        .expect("a time");
    let told = moving.put(&[]).done();
    assert!(
        told.contains("43 files sent") && told.contains("5 new folders"),
        "{told}"
    );
    assert_eq!(moving.arrived(), here);
    let names: Vec<Value> = moving
        .list(&format!("/folders?container_id={}", moving.workspace))
        .iter()
        .map(|one| one["name"].clone())
        .collect();
    assert!(names.contains(&Value::from("Empty")), "{names:?}");
    let dated = moving.list("/documents?name=without");
    assert_eq!(dated[0]["file_edit_date"], "2010-01-01T00:00:00.000Z");
    // Nothing is sent twice.
    let told = moving.put(&[]).done();
    assert!(
        told.contains("0 files sent") && told.contains("43 files as they were"),
        "{told}"
    );
    // What changed becomes the next version, and what is new is sent.
    moving.write("In/Letter 0.txt", b"another text");
    moving.write("In/New.txt", b"new");
    let told = moving.put(&[]).done();
    assert!(
        told.contains("1 file sent") && told.contains("1 new version"),
        "{told}"
    );
    let mut here = moving.here();
    here.remove("Old files/Thumbs.db");
    assert_eq!(moving.arrived(), here);
    let changed = moving.list("/documents?name=Letter%200");
    assert_eq!(changed[0]["version"], 2);
    // What is again what it was is a version of its own.
    moving.write("In/Letter 0.txt", &Pattern::bytes(0, 0));
    let first = moving.directory.join("In/Letter 0.txt");
    let file = File::options().write(true).open(&first).expect("opens");
    file.set_modified(begun).expect("set");
    let told = moving.put(&[]).done();
    assert!(told.contains("1 new version"), "{told}");
    let changed = moving.list("/documents?name=Letter%200");
    assert_eq!(
        (&changed[0]["version"], &changed[0]["size"]),
        (&Value::from(3), &Value::from(0))
    );
    // Into a folder, and as JSON for a script.
    let folder = moving
        .server
        .folder(&moving.token, &moving.workspace, "Elsewhere");
    let directory = moving.directory.join("Out");
    let words = [
        "--json",
        "put",
        "-r",
        directory.to_str().expect("a path"),
        &folder,
    ];
    let told = moving.home.chancery(&words).done();
    let last: Value = serde_json::from_str(told.lines().last().expect("a line")).expect("JSON");
    assert_eq!(
        (&last["sent"], &last["folders"]),
        (&Value::from(13), &Value::from(1)),
        "{last}"
    );
}

#[test]
fn what_cannot_be_sent_is_named_and_everything_else_arrives() {
    let moving = Moving::new();
    moving.write("good.txt", b"good");
    moving.write("bad\u{1}name.txt", b"a name with a control character");
    moving.write(
        "also\u{1}bad/inside.txt",
        b"in a directory that cannot be made",
    );
    let said = moving.put(&[]);
    assert_eq!(said.code, 1, "{said:?}");
    let told = format!("{}{}", said.out, said.err);
    assert!(
        told.contains("1 file sent") && told.contains("2 files not sent"),
        "{told}"
    );
    assert!(told.contains("control characters"), "{told}");
    assert_eq!(moving.arrived().len(), 1);
    // Mended, and run again.
    for (from, to) in [
        ("bad\u{1}name.txt", "name.txt"),
        ("also\u{1}bad", "also good"),
    ] {
        fs::rename(moving.directory.join(from), moving.directory.join(to)).expect("renamed");
    }
    let told = moving.put(&[]).done();
    assert!(told.contains("2 files sent"), "{told}");
    assert_eq!(moving.arrived(), moving.here());
    for words in [
        vec!["put", "-r", "/nowhere", &moving.workspace],
        vec!["put", "-r", moving.directory.to_str().expect("a path")],
        vec![
            "put",
            "-r",
            moving.directory.to_str().expect("a path"),
            "ACTIVE!99999",
        ],
        vec![
            "put",
            "-r",
            moving.directory.to_str().expect("a path"),
            "nonsense",
        ],
        vec!["put", "--anew", "x", &moving.workspace],
    ] {
        let said = moving.home.chancery(&words);
        assert_ne!(said.code, 0, "{words:?}");
    }
    assert_eq!(moving.arrived(), moving.here());
}

mod heavy {
    use super::*;

    #[test]
    fn whatever_is_killed_on_the_way_every_file_arrives_once() {
        let moving = Moving::new();
        for number in 0..600_u64 {
            let name = format!("{}/Letter {number}.txt", number % 7);
            moving.write(&name, &Pattern::bytes(number, 300 + number));
        }
        let count = || {
            let path = format!(
                "/documents?container_id={}&include_subtree=true&limit=1&total=true",
                moving.workspace
            );
            let answer = moving
                .server
                .call(Request::get(&format!("{API}{path}")).token(&moving.token));
            answer.expect(200).json()["total_count"]
                .as_u64()
                .unwrap_or(0)
        };
        for round in 1..=4_u64 {
            let directory = moving.directory.to_str().expect("a path");
            let mut running = moving
                .home
                .command(&program("chancery"))
                .args(["put", "-r", directory, &moving.workspace])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("started");
            eventually("some have arrived", || {
                (count() >= round * 90).then_some(())
            });
            running.kill().expect("killed");
            running.wait().expect("ended");
            if round % 2 == 0 {
                moving.home.kill_agent();
            }
        }
        assert!(count() < 600, "it was never interrupted");
        let told = moving.put(&[]).done();
        assert!(told.contains("files as they were"), "{told}");
        assert_eq!(moving.arrived(), moving.here());
    }
}
