//! The sample matter, as other people's programs read it.

use chancery_testkit::Request;
use chancery_testkit::server::{API, TestServer};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Opens every file by what Python brings along.
const READ: &str = r"
import csv, email, email.policy, pathlib, sys, zipfile
from xml.etree import ElementTree
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    if path.suffix in ('.docx', '.xlsx', '.pptx'):
        package = zipfile.ZipFile(path)
        assert package.testzip() is None, path
        for part in package.namelist():
            ElementTree.fromstring(package.read(part))
    elif path.suffix == '.eml':
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert not message.defects and message['Subject'] and message['Date'].datetime, path
        assert message.get_body().get_content().strip(), path
        for attachment in message.iter_attachments():
            assert attachment.get_filename() and attachment.get_content(), path
    elif path.suffix == '.csv':
        with path.open(newline='', encoding='utf-8') as table:
            assert len({len(row) for row in csv.reader(table)}) == 1, path
    elif path.suffix in ('.txt', '.md'):
        assert path.read_text(encoding='utf-8').strip(), path
";

#[test]
fn every_file_of_the_sample_opens_in_other_programs() {
    let server = TestServer::start();
    let output = server.command(&["sample"]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let token = server.sign_in();
    let directory = tempfile::tempdir().expect("a directory");
    let documents = documents(&server, &token);
    assert!(documents.len() >= 25, "{}", documents.len());
    for document in &documents {
        let id = text(document, "id");
        let call = Request::get(&format!("{API}/documents/{id}/download")).token(&token);
        let answer = server.call(call).expect(200);
        assert_eq!(
            document["size"].as_u64(),
            u64::try_from(answer.body.len()).ok(),
            "{id}"
        );
        let name = format!("{id}.{}", text(document, "extension"));
        std::fs::write(directory.path().join(name), answer.body).expect("a file can be written");
    }
    let read = Command::new("python3")
        .args(["-c", READ])
        .arg(directory.path())
        .output()
        .expect("python3 runs");
    assert!(
        read.status.success(),
        "{}",
        String::from_utf8_lossy(&read.stderr)
    );
    let mut pdf = 0;
    for entry in std::fs::read_dir(directory.path())
        .expect("readable")
        .map_while(Result::ok)
    {
        if entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "pdf")
        {
            pdf += 1;
            reads_as_text(&entry.path());
        }
    }
    assert!(pdf >= 5, "{pdf}");
}

fn reads_as_text(path: &Path) {
    let output = Command::new("pdftotext")
        .arg(path)
        .arg("-")
        .output()
        .expect("pdftotext runs");
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        path.display()
    );
    assert!(output.stdout.len() > 300, "{}", path.display());
}

/// The documents of every folder of the only workspace.
fn documents(server: &TestServer, token: &str) -> Vec<Value> {
    let list = |path: &str| {
        let answer = server.call(Request::get(path).token(token)).expect(200);
        let data = answer.json()["data"].clone();
        let items = if data.is_array() {
            data
        } else {
            data["results"].clone()
        };
        items.as_array().cloned().expect("a list")
    };
    let workspaces = list(&format!("{API}/workspaces"));
    assert_eq!(workspaces.len(), 1);
    let workspace = text(&workspaces[0], "id");
    let folders = list(&format!("{API}/folders?container_id={workspace}"));
    assert_eq!(folders.len(), 11);
    folders
        .iter()
        .flat_map(|folder| list(&format!("{API}/folders/{}/documents", text(folder, "id"))))
        .collect()
}

fn text(of: &Value, name: &str) -> String {
    of[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} in {of}"))
        .to_owned()
}
