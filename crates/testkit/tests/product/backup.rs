//! A backup while the server runs, the server destroyed, and everything compared.

use crate::sessions::administrator;
use chancery_testkit::programs::program;
use chancery_testkit::server::{ADMIN, API, TestServer, Upload};
use chancery_testkit::{Answer, Pattern, Request, Target};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

const C: &str = "/api/v2/customers/1";

/// Runs a command of the server's that names its own directories.
fn command(words: &[&str]) -> (bool, String) {
    let output = Command::new(program("chancery-server"))
        .args(words)
        .output()
        .expect("the server's program can be run");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

fn done(words: &[&str]) -> String {
    let (is_done, text) = command(words);
    assert!(is_done, "{words:?}: {text}");
    text
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

/// A server with a backup beside it.
struct Firm {
    server: TestServer,
    backup: PathBuf,
}

impl Firm {
    fn new() -> Self {
        let server = TestServer::start();
        let backup = server.directory().join("backup");
        Self { server, backup }
    }

    fn back_up(&self) -> String {
        let data = self.server.data();
        let told = done(&[
            "backup",
            "create",
            text(&self.backup),
            "--data",
            text(&data),
        ]);
        let name = told.strip_prefix("Backed up as ").expect("a name");
        let name = name.split(": ").next().expect("a name");
        name.to_owned()
    }

    fn restore(&self, words: &[&str]) -> (bool, String) {
        let data = self.server.data();
        let mut all = vec!["restore", text(&self.backup), "--data", text(&data)];
        all.extend(words);
        command(&all)
    }

    /// The server is gone, with everything it had.
    fn destroy(&mut self) {
        self.server.kill();
        std::fs::remove_dir_all(self.server.data()).expect("destroyed");
    }

    fn get(&self, token: &str, path: &str) -> Answer {
        self.server.call(Request::get(path).token(token))
    }

    fn send(&self, token: &str, method: &str, path: &str, body: &Value) -> Value {
        let call = Request::new(method, path).token(token).json(body);
        let answer = self.server.call(call);
        assert!(
            (200..300).contains(&answer.status),
            "{method} {path}: {}",
            answer.text()
        );
        match answer.text().is_empty() {
            true => Value::Null,
            false => answer.json(),
        }
    }

    fn upload(
        &self,
        token: &str,
        method: &str,
        path: &str,
        profile: &Value,
        bytes: &[u8],
    ) -> String {
        let upload = Upload::new(profile);
        let (body, length) = upload.around(bytes, bytes.len() as u64);
        let call = Request::new(method, path).token(token);
        let answer = self
            .server
            .call(call.stream(Upload::CONTENT_TYPE, body, length));
        assert!((200..300).contains(&answer.status), "{}", answer.text());
        let id = answer.json()["data"]["id"].clone();
        id.as_str().expect("an id").to_owned()
    }

    /// A firm with some of everything.
    fn live(&self, root: &str) -> String {
        let server = &self.server;
        for id in ["Ann", "Bob", "Eve"] {
            self.send(root, "POST", &format!("{C}/users"), &json!({"id": id}));
        }
        let group = json!({"id": "Litigation", "full_name": "Litigation"});
        self.send(root, "POST", &format!("{API}/groups"), &group);
        let members = format!("{API}/groups/Litigation/members");
        self.send(root, "PUT", &members, &json!({"members": ["Ann"]}));
        let client = json!({"id": "C1", "description": "Müller AG"});
        self.send(root, "POST", &format!("{API}/customs/custom1"), &client);
        self.send(
            root,
            "PUT",
            &format!("{API}/captions/custom1"),
            &json!({"caption": "Client"}),
        );
        let matter = json!({"name": "Merger – «Éclair»", "custom1": "C1", "owner": "Ann"});
        let made = self.send(root, "POST", &format!("{API}/workspaces"), &matter);
        let workspace = made["data"]["id"].as_str().expect("an id").to_owned();
        let letters = server.folder(root, &workspace, "Letters");
        let empty = server.folder(root, &letters, "Empty");
        let security = json!({"default_security": "private",
            "include": [{"id": "Litigation", "type": "group", "access_level": "read"}]});
        self.send(
            root,
            "POST",
            &format!("{API}/workspaces/{workspace}/security"),
            &security,
        );
        self.send(
            root,
            "POST",
            &format!("{C}/walls"),
            &json!({"name": "Board"}),
        );
        let inside = json!({"enclose": [workspace], "admit": [{"id": "Ann", "type": "user"},
            {"id": ADMIN, "type": "user"}]});
        self.send(root, "PATCH", &format!("{C}/walls/Board"), &inside);
        let path = format!("{API}/folders/{letters}/documents");
        let mut ids = Vec::new();
        for (index, size) in [0, 1, 4_096, 70_000, 3_000_000].into_iter().enumerate() {
            let profile = json!({"doc_profile": {"name": format!("Letter {index}"), "extension": "txt",
                "comment": "“quoted” \u{1F4DC}", "author": "Bob"}});
            let bytes = Pattern::bytes(index as u64, size);
            ids.push(self.upload(root, "POST", &path, &profile, &bytes));
        }
        let versions = format!("{API}/documents/{}/versions", ids[0]);
        self.upload(root, "POST", &versions, &json!({}), b"a second version");
        let file = format!("{API}/documents/{}/file", ids[1]);
        self.upload(root, "PUT", &file, &json!({}), b"other bytes");
        let document = |index: usize, more: &str| format!("{API}/documents/{}{more}", ids[index]);
        self.send(
            root,
            "PATCH",
            &document(2, "/name-value-pairs"),
            &json!({"Origin": "scanner"}),
        );
        self.send(
            root,
            "POST",
            &document(2, "/lock"),
            &json!({"comments": "mine"}),
        );
        self.send(
            root,
            "POST",
            &document(3, "/related-documents"),
            &json!({"document_ids": [ids[2]]}),
        );
        self.send(
            root,
            "POST",
            &format!("{API}/my-favorites/children"),
            &json!({"target_id": ids[3]}),
        );
        self.send(
            root,
            "POST",
            &document(4, "/copy"),
            &json!({"folder_id": empty}),
        );
        self.send(root, "DELETE", &document(3, ""), &json!({}));
        workspace
    }

    /// Everything that can be asked about a workspace and the firm around it.
    fn everything(&self, token: &str, workspace: &str) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        let mut ask = |path: String| -> Value {
            let answer = self.get(token, &path).expect(200).json();
            all.insert(path, answer.clone());
            answer
        };
        for path in [
            format!("{C}/users"),
            format!("{C}/groups"),
            format!("{C}/groups/Litigation/members"),
            format!("{C}/walls"),
            format!("{C}/libraries"),
            format!("{C}/applications"),
            format!("{API}/customs/custom1/search"),
            format!("{API}/captions"),
            format!("{API}/my-favorites/children"),
            format!("{API}/documents/checked-out"),
            format!("{API}/workspaces/{workspace}"),
            format!("{API}/workspaces/{workspace}/security"),
            format!("{API}/folders?container_id={workspace}"),
        ] {
            ask(path);
        }
        let trash = ask(format!("{API}/trash-bin/documents"));
        assert_eq!(trash["data"].as_array().map(Vec::len), Some(1));
        let listed = ask(format!(
            "{API}/documents?container_id={workspace}&include_subtree=true&latest=false&total=true"
        ));
        let documents = listed["data"]["results"]
            .as_array()
            .expect("a list")
            .clone();
        assert!(documents.len() >= 6, "{listed}");
        for document in documents {
            let id = document["id"].as_str().expect("an id");
            for more in [
                "",
                "/versions",
                "/security",
                "/path",
                "/history",
                "/name-value-pairs",
                "/related-documents",
                "/operations",
            ] {
                ask(format!("{API}/documents/{id}{more}"));
            }
        }
        all
    }

    /// The bytes of every version in a container.
    fn bytes(&self, token: &str, container: &str) -> BTreeMap<String, Vec<u8>> {
        let path = format!(
            "{API}/documents?container_id={container}&include_subtree=true&latest=false&limit=9999"
        );
        let listed = self.get(token, &path).expect(200).json();
        let documents = listed["data"]["results"]
            .as_array()
            .expect("a list")
            .clone();
        let each = |document: &Value| {
            let id = document["id"].as_str().expect("an id").to_owned();
            let answer = self.get(token, &format!("{API}/documents/{id}/download"));
            (id, answer.expect(200).body)
        };
        documents.iter().map(each).collect()
    }
}

/// Uploads one small document after the other until it is told to stop.
fn write(
    target: &Target,
    token: &str,
    path: &str,
    over: &AtomicBool,
    acknowledged: &Mutex<Vec<String>>,
) {
    for number in 0_u64.. {
        if over.load(Ordering::SeqCst) {
            return;
        }
        let bytes = Pattern::bytes(1_000 + number, 500 + number);
        let upload = Upload::named(&format!("Under way {number}"), "bin");
        let (body, length) = upload.around(&bytes[..], bytes.len() as u64);
        let call = Request::new("POST", path).token(token);
        let answer = target.call(call.stream(Upload::CONTENT_TYPE, body, length));
        let answer = answer.expect("an answer").expect(201).json();
        let id = answer["data"]["id"].as_str().expect("an id").to_owned();
        acknowledged.lock().expect("unharmed").push(id);
    }
}

#[test]
fn a_server_that_was_destroyed_comes_back_as_it_was_at_the_backup() {
    let mut firm = Firm::new();
    let root = administrator(&firm.server);
    let workspace = firm.live(&root);
    let cursor = firm
        .get(&root, &format!("{API}/change-events?cursor=now"))
        .expect(200)
        .json();
    let cursor = cursor["cursor"].as_str().expect("a cursor").to_owned();
    let busy = firm.server.workspace(&root, "Busy");
    let inbox = firm.server.folder(&root, &busy, "In");
    let bytes = firm.bytes(&root, &workspace);
    assert!(bytes.len() >= 6);
    let before = firm.everything(&root, &workspace);
    // The backup is made while documents come in.
    let (over, acknowledged) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let known = std::thread::scope(|scope| {
        for _ in 0..2 {
            let (target, path) = (
                firm.server.target(),
                format!("{API}/folders/{inbox}/documents"),
            );
            let (token, over, acknowledged) = (&root, &over, &acknowledged);
            scope.spawn(move || write(&target, token, &path, over, acknowledged));
        }
        let count = || acknowledged.lock().expect("unharmed").len();
        while count() < 10 {
            std::thread::yield_now();
        }
        let known = acknowledged.lock().expect("unharmed").clone();
        firm.back_up();
        let at_the_end = count();
        while count() < at_the_end + 3 {
            std::thread::yield_now();
        }
        over.store(true, Ordering::SeqCst);
        known
    });
    let given = acknowledged.into_inner().expect("unharmed");
    let number = |id: &str| -> u64 {
        let number = id.split(['!', '.']).nth(1).expect("a number");
        number.parse().expect("a number")
    };
    let highest = given.iter().map(|id| number(id)).max().expect("documents");

    firm.destroy();
    let (is_done, told) = firm.restore(&[]);
    assert!(
        is_done && told.contains("Everybody has to sign in again"),
        "{told}"
    );
    firm.server.begin();

    // Nobody is signed in, and everything else is as it was.
    let _ = firm.get(&root, &format!("{C}/users")).expect(401);
    let root = administrator(&firm.server);
    let after = firm.everything(&root, &workspace);
    for (path, answer) in &before {
        assert_eq!(after.get(path), Some(answer), "{path}");
    }
    assert_eq!(after.len(), before.len());
    assert_eq!(firm.bytes(&root, &workspace), bytes);
    // What was acknowledged before is there, and nothing is half there.
    let busy = firm.bytes(&root, &busy);
    for id in &known {
        assert!(busy.contains_key(id), "{id} is lost");
    }
    for (id, bytes) in &busy {
        let profile = firm
            .get(&root, &format!("{API}/documents/{id}"))
            .expect(200)
            .json();
        assert_eq!(profile["data"]["size"], bytes.len());
    }
    // What was given since is not given again, and no cursor skips anything.
    let path = format!("{API}/folders/{inbox}/documents");
    let profile = json!({"doc_profile": {"name": "New", "extension": "txt"}});
    let new = firm.upload(&root, "POST", &path, &profile, b"new");
    assert!(number(&new) > highest, "{new} after {highest}");
    let old = firm.get(&root, &format!("{API}/change-events?cursor={cursor}"));
    let _ = old.expect(400);
    for words in [["audit", "verify"].as_slice(), &["check"]] {
        let output = firm.server.command(words);
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{told}");
    }
    let audit = firm
        .get(&root, &format!("{C}/audit?limit=10"))
        .expect(200)
        .json();
    assert!(
        audit.to_string().contains("restored from the backup"),
        "{audit}"
    );
}

#[test]
fn points_in_time_share_their_bytes_and_each_is_restored_by_its_name() {
    let mut firm = Firm::new();
    let root = administrator(&firm.server);
    let workspace = firm.server.workspace(&root, "Matter");
    let folder = firm.server.folder(&root, &workspace, "Letters");
    let path = format!("{API}/folders/{folder}/documents");
    let put = |firm: &Firm, token: &str, name: &str, bytes: &[u8]| {
        let profile = json!({"doc_profile": {"name": name, "extension": "txt"}});
        firm.upload(token, "POST", &path, &profile, bytes)
    };
    let first = put(&firm, &root, "First", b"the first letter");
    let one = firm.back_up();
    // The same again brings nothing new.
    let told = done(&[
        "backup",
        "create",
        text(&firm.backup),
        "--data",
        text(&firm.server.data()),
    ]);
    assert!(
        told.contains("the bytes of 1 document, 0 of them new"),
        "{told}"
    );
    let second = put(&firm, &root, "Second", b"the second letter");
    firm.send(
        &root,
        "DELETE",
        &format!("{API}/documents/{first}"),
        &json!({}),
    );
    firm.send(
        &root,
        "DELETE",
        &format!("{API}/trash-bin/documents/{first}"),
        &json!({}),
    );
    let two = firm.back_up();
    let list = done(&["backup", "list", text(&firm.backup)]);
    assert_eq!(list.lines().count(), 4, "{list}");
    assert!(list.contains(&one) && list.contains(&two));
    let whole = done(&["backup", "verify", text(&firm.backup)]);
    assert!(whole.contains("Everything is whole"), "{whole}");

    firm.destroy();
    let (is_done, told) = firm.restore(&["--at", &one]);
    assert!(is_done, "{told}");
    firm.server.begin();
    let root = administrator(&firm.server);
    let bytes = firm.bytes(&root, &folder);
    assert_eq!(
        bytes,
        BTreeMap::from([(first, b"the first letter".to_vec())])
    );

    // The newest alone stays, and what it does not need goes.
    let told = done(&["backup", "prune", text(&firm.backup), "--keep", "1"]);
    assert!(
        told.contains("Removed 2 points in time and the bytes of 1 document that"),
        "{told}"
    );
    let list = done(&["backup", "list", text(&firm.backup)]);
    assert_eq!(list.lines().count(), 2, "{list}");
    let _ = done(&["backup", "verify", text(&firm.backup)]);
    firm.destroy();
    let (is_done, told) = firm.restore(&[]);
    assert!(is_done, "{told}");
    firm.server.begin();
    let root = administrator(&firm.server);
    let bytes = firm.bytes(&root, &folder);
    assert_eq!(
        bytes,
        BTreeMap::from([(second, b"the second letter".to_vec())])
    );
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all
}

#[test]
fn a_damaged_backup_says_so_and_restores_nothing_unless_it_is_told_to() {
    let mut firm = Firm::new();
    let root = administrator(&firm.server);
    let workspace = firm.server.workspace(&root, "Matter");
    let folder = firm.server.folder(&root, &workspace, "Letters");
    let path = format!("{API}/folders/{folder}/documents");
    for (name, bytes) in [
        ("First", "the first letter"),
        ("Second", "the second letter"),
    ] {
        let profile = json!({"doc_profile": {"name": name, "extension": "txt"}});
        firm.upload(&root, "POST", &path, &profile, bytes.as_bytes());
    }
    let point = firm.back_up();
    let objects = files(&firm.backup.join("content/objects"));
    assert_eq!(objects.len(), 2);
    let damaged = objects
        .iter()
        .find(|path| std::fs::read(path).expect("bytes") == b"the first letter")
        .expect("the letter");
    std::fs::write(damaged, b"the first lettex").expect("damaged");
    let hash = damaged
        .file_name()
        .and_then(|name| name.to_str())
        .expect("a name");
    let (is_whole, told) = command(&["backup", "verify", text(&firm.backup)]);
    assert!(!is_whole && told.contains(hash), "{told}");

    firm.destroy();
    let (is_done, told) = firm.restore(&[]);
    assert!(!is_done && told.contains(hash), "{told}");
    assert!(!firm.server.data().exists(), "nothing is half restored");
    let (is_done, told) = firm.restore(&["--even-damaged"]);
    assert!(is_done && told.contains(hash), "{told}");
    firm.server.begin();
    let root = administrator(&firm.server);
    let list = firm
        .get(&root, &format!("{API}/folders/{folder}/documents"))
        .expect(200)
        .json();
    let names: Vec<&str> = list["data"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert_eq!(names, ["First", "Second"]);

    // A damaged database is not restored at all.
    firm.destroy();
    let database = firm.backup.join("points").join(&point).join("chancery.db");
    let mut bytes = std::fs::read(&database).expect("bytes");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&database, bytes).expect("damaged");
    let (is_done, told) = firm.restore(&["--even-damaged"]);
    assert!(!is_done && told.contains("is damaged"), "{told}");
    assert!(!firm.server.data().exists());
}

#[test]
fn what_cannot_be_meant_is_refused_and_changes_nothing() {
    let firm = Firm::new();
    let data = firm.server.data();
    let full = firm.server.directory().join("full");
    std::fs::create_dir(&full).expect("made");
    std::fs::write(full.join("letter.txt"), "mine").expect("written");
    for (words, part) in [
        (
            vec!["backup", "create", text(&full), "--data", text(&data)],
            "is not empty, and no backup",
        ),
        (vec!["backup", "list", text(&full)], "is no backup"),
        (vec!["backup", "verify", text(&firm.backup)], "is no backup"),
        (
            vec!["restore", text(&full), "--data", "/nowhere"],
            "is no backup",
        ),
        (
            vec![
                "backup",
                "create",
                text(&firm.backup),
                "--data",
                text(&full),
            ],
            "no server's data",
        ),
    ] {
        let (is_done, told) = command(&words);
        assert!(!is_done && told.contains(part), "{words:?}: {told}");
    }
    assert_eq!(
        std::fs::read_to_string(full.join("letter.txt"))
            .ok()
            .as_deref(),
        Some("mine")
    );
    assert_eq!(files(&full).len(), 1);
    let point = firm.back_up();
    for (words, part) in [
        (
            vec!["restore", text(&firm.backup), "--data", text(&data)],
            "is not empty",
        ),
        (
            vec!["restore", text(&firm.backup), "--data", text(&full)],
            "is not empty",
        ),
        (
            vec![
                "restore",
                text(&firm.backup),
                "--data",
                "/tmp/x",
                "--at",
                "yesterday",
            ],
            "no such point in time",
        ),
        (
            vec!["backup", "verify", text(&firm.backup), "--at", "yesterday"],
            "no such point in time",
        ),
        (
            vec!["backup", "prune", text(&firm.backup), "--keep", "0"],
            "0 is not in 1..",
        ),
    ] {
        let (is_done, told) = command(&words);
        assert!(!is_done && told.contains(part), "{words:?}: {told}");
    }
    // Somebody's directory is not taken for what a restore left.
    let mine = firm.server.directory().join("there.restoring");
    std::fs::create_dir(&mine).expect("made");
    let there = firm.server.directory().join("there");
    let words = ["restore", text(&firm.backup), "--data", text(&there)];
    let (is_done, told) = command(&words);
    assert!(!is_done && told.contains("Remove it"), "{told}");
    assert!(mine.is_dir() && !there.exists());
    // One that stopped half-way leaves no point, and the next one clears it up: a copy
    // whose bytes never reached the disk is none.
    let copies = firm.backup.join("content/incoming/ACTIVE");
    std::fs::create_dir_all(&copies).expect("made");
    let cut_off = copies.join(format!("copy-{}", "ab".repeat(32)));
    std::fs::write(&cut_off, "").expect("written");
    let half = firm.backup.join("points/.2026-01-01T00-00-00.000Z");
    std::fs::create_dir(&half).expect("made");
    let later = firm.back_up();
    assert!(!half.exists() && !cut_off.exists() && point != later);
    assert_eq!(files(&firm.backup.join("content/objects")).len(), 0);
}
