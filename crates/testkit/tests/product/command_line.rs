//! Finding, opening, checking out and in, and looking after it all: the real
//! command line, agent and server.

use chancery_testkit::home::Said;
use chancery_testkit::server::{ADMIN, API, PASSWORD, TestServer};
use chancery_testkit::{Request, TestHome};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A server with one folder, and the folder's id.
fn with_folder() -> (TestServer, String) {
    let server = TestServer::start();
    let token = server.sign_in();
    let workspace = server.workspace(&token, "Doe v Roe");
    let folder = server.folder(&token, &workspace, "Correspondence");
    (server, folder)
}

/// Sends a file; gives the document's id.
fn sent(home: &TestHome, before: &[&str], name: &str, content: &str, folder: &str) -> String {
    let path = home.path().join(name);
    std::fs::write(&path, content).expect("a file can be written");
    let mut words = before.to_vec();
    words.extend(["put", name, folder, "--json"]);
    let made = home.chancery(&words).json();
    std::fs::remove_file(path).expect("it was there");
    made["id"].as_str().expect("an id").to_owned()
}

fn path_in(said: Said) -> PathBuf {
    PathBuf::from(said.done().trim_end())
}

fn mode(path: &Path) -> u32 {
    let found = std::fs::metadata(path).expect("it is there");
    found.permissions().mode() & 0o777
}

/// What an editor does: another file under the same name.
fn edit(path: &Path, content: &str) {
    std::fs::remove_file(path).expect("it was there");
    std::fs::write(path, content).expect("a file can be written");
}

/// Connects to `first`, then to `second`; gives the id of the first in the list.
fn connected_to_both(home: &TestHome, first: &TestServer, second: &TestServer) -> String {
    home.connect(first);
    home.connect(second);
    let list = home.chancery(&["servers", "--json"]).json();
    let servers = list["servers"].as_array().expect("a list");
    let entry = servers.iter().find(|entry| entry["address"] == first.url());
    let entry = entry.unwrap_or_else(|| panic!("{} is not in {list}", first.url()));
    assert_eq!(entry["active"], false, "{list}");
    entry["id"].as_str().expect("an id").to_owned()
}

#[test]
fn a_document_is_found_by_words_of_its_name() {
    let home = TestHome::without_keyring();
    let (server, folder) = with_folder();
    home.connect(&server);
    let id = sent(&home, &[], "Lease of the warehouse.txt", "one", &folder);
    sent(&home, &[], "Invoice.txt", "two", &folder);
    let found = home
        .chancery(&["find", "--name", "warehouse", "--json"])
        .json();
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found[0]["id"], id.as_str());
    let shown = home
        .chancery(&["find", "--name", "lease", "--in", &folder])
        .done();
    assert!(
        shown.contains(&id)
            && shown.contains("Lease of the warehouse.txt")
            && shown.contains("Doe v Roe"),
        "{shown}"
    );
    let said = home.chancery(&["find", "--name", "nothing of that kind"]);
    assert_eq!((said.code, said.out.as_str()), (0, ""));
    assert!(said.err.starts_with("Nothing was found"), "{}", said.err);
    let limited = home.chancery(&["find", "--name", "e", "--limit", "1"]);
    assert!(limited.err.contains("there is more"), "{limited:?}");
}

#[test]
fn what_is_opened_is_private_and_read_only_and_is_checked_in_by_its_name_alone() {
    let home = TestHome::without_keyring();
    let (server, folder) = with_folder();
    home.connect(&server);
    let id = sent(&home, &[], "Letter.txt", "one", &folder);
    let path = path_in(home.chancery(&["open", &id, "--print-path"]));
    assert_eq!(std::fs::read(&path).expect("there"), b"one");
    assert_eq!(mode(&path), 0o400);
    assert_eq!(mode(path.parent().expect("a directory")), 0o700);
    // Again: the same file, and nothing to check in.
    assert_eq!(path_in(home.chancery(&["open", &id, "--print-path"])), path);
    let name = path.to_str().expect("UTF-8");
    let said = home.chancery(&["checkin", name, "--keep"]).done();
    assert!(
        said.contains("was not changed, so nothing was sent."),
        "{said}"
    );

    edit(&path, "two");
    let refused = home.chancery(&["open", &id, "--print-path"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("not on the server"), "{refused:?}");
    let made = home
        .chancery(&["checkin", name, "--comment", "second", "--json"])
        .json();
    let next = id.replace(".1", ".2");
    assert_eq!(
        (&made["id"], &made["sent"]),
        (&next.as_str().into(), &true.into())
    );
    assert!(!path.exists(), "it is put away");
    let back = home.chancery(&["get", &next, "--output", "-"]).done();
    assert_eq!(back, "two");
}

#[test]
fn what_is_opened_goes_to_the_persons_own_application() {
    let home = TestHome::without_keyring();
    let (server, folder) = with_folder();
    home.connect(&server);
    let id = sent(&home, &[], "Letter of 3 May.txt", "one", &folder);
    // What a desktop has under this name hands over to the application.
    let opener = home.path().join("xdg-open");
    std::fs::write(&opener, "#!/bin/sh\ncp \"$1\" \"$HOME/seen\"\n").expect("written");
    std::fs::set_permissions(&opener, std::fs::Permissions::from_mode(0o755)).expect("set");
    let mut command = home.command(&chancery_testkit::programs::program("chancery"));
    let path = std::env::var("PATH").unwrap_or_default();
    command
        .args(["open", &id])
        .env("PATH", format!("{}:{path}", home.path().display()));
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{output:?}");
    let seen = std::fs::read(home.path().join("seen")).expect("the application had it");
    assert_eq!(seen, b"one");
}

#[test]
fn a_version_can_be_replaced_and_the_kept_file_goes_on_from_there() {
    let home = TestHome::without_keyring();
    let (server, folder) = with_folder();
    home.connect(&server);
    let id = sent(&home, &[], "Letter.txt", "one", &folder);
    let path = path_in(home.chancery(&["open", &id, "--print-path"]));
    let name = path.to_str().expect("UTF-8");
    for content in ["two", "three"] {
        edit(&path, content);
        let said = home
            .chancery(&["checkin", name, "--replace", "--keep"])
            .done();
        assert!(said.contains(&format!("is now {id}")), "{said}");
        assert_eq!(
            home.chancery(&["get", &id, "--output", "-"]).done(),
            content
        );
    }
}

#[test]
fn a_check_in_is_refused_when_somebody_was_faster() {
    let home = TestHome::without_keyring();
    let (server, folder) = with_folder();
    home.connect(&server);
    let id = sent(&home, &[], "Letter.txt", "one", &folder);
    let path = path_in(home.chancery(&["open", &id, "--print-path"]));
    edit(&path, "mine");
    let theirs = home.path().join("theirs.txt");
    std::fs::write(&theirs, "theirs").expect("written");
    let _ = home
        .chancery(&["put", "theirs.txt", "--new-version-of", &id])
        .done();
    let refused = home.chancery(&["checkin", path.to_str().expect("UTF-8")]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused.err.contains("newer version") && refused.err.contains("nothing was sent"),
        "{refused:?}"
    );
    assert_eq!(std::fs::read(&path).expect("it stays"), b"mine");
    let list = home.chancery(&["ls", &id, "--json"]).json();
    assert_eq!(list.as_array().map(Vec::len), Some(2), "{list}");
}

#[test]
fn a_file_that_came_from_nowhere_cannot_be_checked_in() {
    let home = TestHome::without_keyring();
    std::fs::write(home.path().join("stray.txt"), "x").expect("written");
    let said = home.chancery(&["checkin", "stray.txt"]);
    assert_eq!(said.code, 1);
    assert!(
        said.err.contains("nothing says where it belongs") && said.err.contains("chancery put"),
        "{said:?}"
    );
}

#[test]
fn a_check_out_works_whole_or_leaves_nothing() {
    let home = TestHome::without_keyring();
    let (server, folder) = with_folder();
    home.connect(&server);
    let id = sent(&home, &[], "Letter.txt", "one", &folder);
    std::fs::create_dir(home.path().join("desk")).expect("made");
    let said = home.chancery(&["checkout", &id, "--to", "desk", "--comment", "mine now"]);
    let left = || -> Vec<_> {
        std::fs::read_dir(home.path().join("desk"))
            .expect("there")
            .map(|entry| entry.expect("an entry").file_name())
            .collect()
    };
    let _ = said.done();
    // Nobody else has it meanwhile, and who has it is told.
    let token = server.sign_in();
    let profile = Request::get(&format!("{API}/documents/{id}")).token(&token);
    let profile = server.call(profile).expect(200).json();
    assert_eq!(profile["data"]["checkout_comment"], "mine now", "{profile}");
    let file = home.path().join("desk/Letter.txt");
    assert_ne!(mode(&file) & 0o200, 0, "it can be written");
    edit(&file, "two");
    let said = home.chancery(&["checkin", "desk/Letter.txt"]).done();
    assert!(said.contains(".2 "), "{said}");
    assert_eq!(left(), Vec::<std::ffi::OsString>::new());
}

#[test]
fn every_command_that_asks_a_server_can_look_at_another_one() {
    let home = TestHome::without_keyring();
    let (first, folder) = with_folder();
    let (second, _) = with_folder();
    let other = connected_to_both(&home, &first, &second);
    let view = ["--server", other.as_str()];
    let at = |words: &[&str]| {
        let all: Vec<&str> = view.iter().copied().chain(words.iter().copied()).collect();
        home.chancery(&all)
    };
    let id = sent(&home, &view, "Only there.txt", "one", &folder);
    let found = at(&["find", "--name", "Only", "--json"]).json();
    assert_eq!(found[0]["id"], id.as_str(), "{found}");
    let here = home.chancery(&["find", "--name", "Only", "--json"]).json();
    assert_eq!(here, serde_json::json!([]), "the active one has none");
    assert!(at(&["ls", &folder]).done().contains("Only there.txt"));
    assert_eq!(at(&["get", &id, "--output", "-"]).done(), "one");
    assert!(at(&["api", "/work/api"]).done().contains("dms_version"));
    assert!(at(&["sign-in"]).done().contains("Connected"));
    // An opened document knows its server by itself.
    let path = path_in(at(&["open", &id, "--print-path"]));
    edit(&path, "two");
    let _ = home
        .chancery(&["checkin", path.to_str().expect("UTF-8")])
        .done();
    let next = id.replace(".1", ".2");
    assert_eq!(at(&["get", &next, "--output", "-"]).done(), "two");
    // Leaving there leaves the active one alone.
    assert!(
        at(&["disconnect"])
            .done()
            .contains("Nothing else has changed.")
    );
    assert_eq!(home.state(), "connected");
    let unknown = home.chancery(&["--server", "elsewhere", "find", "x"]);
    assert_eq!(unknown.code, 5, "{unknown:?}");
}

#[test]
fn a_switch_that_fails_says_that_the_old_connection_stays() {
    let home = TestHome::without_keyring();
    let (mut first, _) = with_folder();
    let (second, _) = with_folder();
    let other = connected_to_both(&home, &first, &second);
    first.kill();
    let said = home.chancery(&["switch", &other]);
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("stays as it was"), "{said:?}");
    assert_eq!(home.state(), "connected");
    let status = home.chancery(&["status", "--json"]).json();
    assert_eq!(status["server"]["address"], second.url(), "{status}");
}

#[test]
fn the_doctor_tells_what_is_so_and_its_report_names_nobody() {
    let home = TestHome::without_keyring();
    let (server, folder) = with_folder();
    home.connect(&server);
    sent(&home, &[], "Secret plan.txt", "one", &folder);
    let found = home
        .chancery(&["doctor", "--json", "--report", "report.txt"])
        .json();
    let checks: Vec<&str> = found["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|finding| finding["check"].as_str())
        .collect();
    for check in ["command", "settings", "socket", "agent", "terminal"] {
        assert!(checks.contains(&check), "{check} is missing in {found}");
    }
    let path = home.path().join("report.txt");
    assert_eq!(mode(&path), 0o600);
    let report = std::fs::read_to_string(&path).expect("there");
    assert!(report.contains(&server.url()), "{report}");
    for hidden in [PASSWORD, "Secret plan", &home.path().display().to_string()] {
        assert!(!report.contains(hidden), "{hidden} is in {report}");
    }
    let names_somebody = report
        .split(|one: char| !one.is_alphanumeric())
        .any(|word| word.eq_ignore_ascii_case(ADMIN));
    assert!(!names_somebody, "{report}");
    // It is never written over.
    let again = home.chancery(&["doctor", "--report", "report.txt"]);
    assert_eq!(again.code, 1, "{again:?}");
    assert_eq!(std::fs::read_to_string(&path).expect("there"), report);
}
