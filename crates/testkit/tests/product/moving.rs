//! Copying, moving, the trash and name-value pairs, over the Work API.

use crate::sessions::administrator;
use chancery_testkit::server::{API, TestServer, Upload};
use chancery_testkit::{Answer, Request};
use serde_json::{Value, json};

struct Matter {
    server: TestServer,
    token: String,
    /// Two folders of one workspace.
    folders: [String; 2],
    letter: String,
}

impl Matter {
    fn new() -> Self {
        let server = TestServer::start();
        let token = server.sign_in();
        let workspace = server.workspace(&token, "Matter");
        let folders = ["Letters", "Drafts"].map(|name| server.folder(&token, &workspace, name));
        let upload = Upload::named("Letter", "txt");
        let (body, length) = upload.around(&b"Dear Ms Example"[..], 15);
        let path = format!("{API}/folders/{}/documents", folders[0]);
        let call = Request::new("POST", &path).token(&token);
        let filed = server.call(call.stream(Upload::CONTENT_TYPE, body, length));
        let filed = filed.expect(201).json();
        let letter = filed["data"]["id"].as_str().expect("an id").to_owned();
        Self {
            server,
            token,
            folders,
            letter,
        }
    }

    fn get(&self, path: &str) -> Answer {
        self.server
            .call(Request::get(&format!("{API}/{path}")).token(&self.token))
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let path = format!("{API}/{path}");
        self.server
            .call(Request::new(method, &path).token(&self.token).json(body))
    }

    fn delete(&self, path: &str) -> Answer {
        let path = format!("{API}/{path}");
        self.server
            .call(Request::new("DELETE", &path).token(&self.token))
    }

    /// Names of what is in a folder.
    fn filed(&self, folder: usize) -> usize {
        let listed = self.get(&format!(
            "folders/{}/documents?total=true",
            self.folders[folder]
        ));
        let listed = listed.expect(200).json();
        let count = listed["data"].as_array().map(Vec::len);
        assert_eq!(
            listed["total_count"].as_u64(),
            count.map(|count| count as u64)
        );
        count.expect("a list")
    }
}

#[test]
fn a_document_is_copied_moved_and_taken_out_of_a_folder() {
    let matter = Matter::new();
    let [letters, drafts] = &matter.folders;
    let copy = json!({"folder_id": drafts});
    let copied = matter.send("POST", &format!("documents/{}/copy", matter.letter), &copy);
    let copied = copied.expect(201).json()["data"].clone();
    assert_ne!(copied["id"], matter.letter.as_str());
    let copy = copied["id"].as_str().expect("an id");
    let bytes = matter
        .get(&format!("documents/{copy}/download"))
        .expect(200);
    assert_eq!(bytes.text(), "Dear Ms Example");
    assert_eq!((matter.filed(0), matter.filed(1)), (1, 1));
    let moving = format!("folders/{letters}/documents/{}/move", matter.letter);
    let to = json!({"destination_folder_id": drafts});
    let _ = matter.send("POST", &moving, &to).expect(200);
    assert_eq!((matter.filed(0), matter.filed(1)), (0, 2));
    assert_eq!(matter.send("POST", &moving, &to).status, 404);
    let path = matter
        .get(&format!("documents/{}/path", matter.letter))
        .expect(200)
        .json();
    let names: Vec<_> = path["data"][0]
        .as_array()
        .expect("a path")
        .iter()
        .map(|one| one["name"].as_str().expect("a name").to_owned())
        .collect();
    assert_eq!(names, ["Matter", "Drafts"]);
    let numbers: Vec<u64> = [&matter.letter, copy]
        .map(|id| {
            id.split(['!', '.'])
                .nth(1)
                .and_then(|number| number.parse().ok())
        })
        .into_iter()
        .flatten()
        .collect();
    let asked = json!({"document_numbers": numbers});
    let parents = matter
        .send("POST", "documents/parents", &asked)
        .expect(200)
        .json();
    assert_eq!(parents["total_count"], 2, "{parents}");
    assert_eq!(parents["data"][0]["id"], drafts.as_str());
    assert_eq!(parents["data"][0]["document_number"], numbers[0]);
    let out = format!("folders/{drafts}/documents/{copy}");
    assert_eq!(matter.delete(&out).status, 200);
    assert_eq!((matter.delete(&out).status, matter.filed(1)), (404, 1));
    let _ = matter.get(&format!("documents/{copy}")).expect(200);
    // A folder goes into another one, and not into itself.
    let moving = format!("folders/{drafts}/move");
    let into = |id: &str| matter.send("POST", &moving, &json!({"destination_id": id}));
    let refused = into(drafts).expect(400);
    assert!(refused.text().contains("into itself"), "{}", refused.text());
    let moved = into(letters).expect(200).json();
    assert_eq!(moved["data"]["parent_id"], letters.as_str());
    for (path, body, part) in [
        ("documents/parents", json!({}), "a list of 1 to 500 numbers"),
        (
            "documents/parents",
            json!({"document_numbers": ["x"]}),
            "a list of 1 to 500 numbers",
        ),
        (&*moving, json!({}), "it is missing"),
        (&*moving, json!({"destination_id": "x"}), "destination_id"),
        (
            &*moving,
            json!({"destination_id": 7}),
            "it has to be a text",
        ),
    ] {
        let refused = matter.send("POST", path, &body).expect(400);
        assert!(
            refused.text().contains(part),
            "{path} {body}: {}",
            refused.text()
        );
    }
}

#[test]
fn the_trash_gives_back_what_was_deleted_until_an_administrator_empties_it() {
    let matter = Matter::new();
    let document = format!("documents/{}", matter.letter);
    let in_trash = || {
        let listed = matter.get("trash-bin/documents").expect(200).json();
        listed["data"].as_array().expect("a list").clone()
    };
    assert_eq!(matter.delete(&document).status, 200);
    let listed = in_trash();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["id"], matter.letter.as_str());
    assert!(listed[0]["delete_date"].is_string());
    let trashed = format!("trash-bin/{document}");
    let restore = format!("{trashed}/restore");
    let restored = matter.send("POST", &restore, &json!({"comments": "needed"}));
    let _ = restored.expect(200);
    assert_eq!((in_trash().len(), matter.filed(0)), (0, 1));
    let history = matter
        .get(&format!("{document}/history?limit=1"))
        .expect(200)
        .json();
    let line = &history["data"][0];
    assert_eq!(
        (&line["activity"], &line["comments"]),
        (&json!("restore"), &json!("needed"))
    );
    // Where the folder is gone it asks where to.
    assert_eq!(matter.delete(&document).status, 200);
    assert_eq!(
        matter
            .delete(&format!("folders/{}", matter.folders[0]))
            .status,
        200
    );
    let asked = matter.send("POST", &restore, &json!({})).expect(400);
    assert_eq!(asked.json()["error"]["messages"][0]["field"], "folder_ids");
    let there = json!({"folder_ids": [matter.folders[1]]});
    let _ = matter.send("POST", &restore, &there).expect(200);
    assert_eq!(matter.filed(1), 1);
    assert_eq!(matter.delete(&document).status, 200);
    assert_eq!(matter.delete(&trashed).status, 403, "as a user");
    let root = administrator(&matter.server);
    let purge = format!("{API}/{trashed}");
    for status in [200, 404] {
        let purged = Request::new("DELETE", &purge).token(&root);
        assert_eq!(matter.server.call(purged).status, status);
    }
    assert!(in_trash().is_empty());
    assert_eq!(matter.send("POST", &restore, &json!({})).status, 404);
}

#[test]
fn the_bytes_of_what_was_purged_leave_the_disk_and_no_others() {
    let matter = Matter::new();
    let copy = json!({"folder_id": matter.folders[1]});
    let copied = matter.send("POST", &format!("documents/{}/copy", matter.letter), &copy);
    let copy = copied.expect(201).json()["data"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let root = administrator(&matter.server);
    let purge = |id: &str| {
        assert_eq!(matter.delete(&format!("documents/{id}")).status, 200);
        let purge = format!("{API}/trash-bin/documents/{id}");
        let purged = Request::new("DELETE", &purge).token(&root);
        assert_eq!(matter.server.call(purged).status, 200);
        objects(&matter.server.data().join("content/objects"))
    };
    assert_eq!(purge(&matter.letter), 1, "the copy needs them");
    let bytes = matter
        .get(&format!("documents/{copy}/download"))
        .expect(200);
    assert_eq!(bytes.text(), "Dear Ms Example");
    assert_eq!(purge(&copy), 0);
}

/// How many files are below.
fn objects(directory: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return 0;
    };
    let count = |entry: std::fs::DirEntry| match entry.path() {
        path if path.is_dir() => objects(&path),
        _ => 1,
    };
    entries.filter_map(Result::ok).map(count).sum()
}

#[test]
fn pairs_are_kept_beside_documents_workspaces_and_folders() {
    let matter = Matter::new();
    let document = format!("documents/{}", matter.letter);
    let folder = format!("folders/{}", matter.folders[0]);
    for path in [&document, &folder] {
        let pairs = format!("{path}/name-value-pairs");
        assert_eq!(matter.get(&pairs).expect(200).json(), json!({"data": {}}));
        let set = json!({"TemplateId": "17", "Billable": true, "Gone": "x"});
        let _ = matter.send("PATCH", &pairs, &set).expect(200);
        let changed = matter.send("PATCH", &pairs, &json!({"data": {"Gone": null}}));
        let expected = json!({"data": {"Billable": "true", "TemplateId": "17"}});
        assert_eq!(changed.expect(200).json(), expected);
        assert_eq!(matter.get(&pairs).expect(200).json(), expected);
        for body in [json!({"a": []}), json!({"": "x"}), json!({"a": "b\u{0}c"})] {
            assert_eq!(matter.send("PATCH", &pairs, &body).status, 400, "{body}");
        }
    }
}

#[test]
fn lists_are_narrowed_by_custom_fields_dates_numbers_and_versions() {
    let matter = Matter::new();
    let document = format!("documents/{}", matter.letter);
    let fields = json!({
        "custom1": "EXAMPLE", "custom2": "0042", "custom17": 12.5,
        "custom21": "2026-03-01T09:30:00Z", "custom25": true, "subclass": "LETTER",
    });
    let _ = matter.send("PATCH", &document, &fields).expect(200);
    let copy = json!({"folder_id": matter.folders[1]});
    let copied = matter
        .send("POST", &format!("{document}/copy"), &copy)
        .expect(201);
    let copy = copied.json()["data"]["document_number"]
        .as_u64()
        .expect("a number");
    let plain = json!({"custom1": "", "custom2": "", "custom25": false, "subclass": ""});
    let changed = matter.send("PATCH", &format!("documents/ACTIVE!{copy}.1"), &plain);
    let _ = changed.expect(200);
    let number = copy - 1;
    let count = |query: &str| {
        let listed = matter.get(&format!("documents?total=true&{query}"));
        let listed = listed.expect(200).json();
        listed["total_count"].as_u64().expect("a count")
    };
    for (query, expected) in [
        ("custom1=example", 1),
        ("custom1=example&custom2=0042", 1),
        ("custom1=else", 0),
        ("custom17=12.5", 2),
        ("custom17=12", 0),
        ("custom25=true", 1),
        ("custom25=false", 1),
        ("custom21_from=2026-03-01T09:30:00Z", 2),
        ("custom21_to=2026-03-01T09:29:59Z", 0),
        ("subclass=letter", 1),
        ("create_date=-1:1d", 2),
        ("create_date=-2:-1w", 0),
        ("edit_date=:0y", 2),
        (&*format!("document_number={number},{copy}"), 2),
        (&*format!("document_number={number}-{copy}"), 2),
        (&*format!("document_number=%3C{copy}"), 1),
        (&*format!("document_number=%3E%3D{copy}"), 1),
        ("document_version=1", 2),
        ("document_version=2", 0),
    ] {
        assert_eq!(count(query), expected, "{query}");
    }
    let search = json!({"filters": {"custom1": "Example", "libraries": ["ACTIVE"]}, "limit": 5});
    let found = matter
        .send("POST", "documents/search", &search)
        .expect(200)
        .json();
    assert_eq!(found["data"].as_array().map(Vec::len), Some(1), "{found}");
    for (query, part) in [
        ("custom99=x", "there is no such field"),
        ("custom1_from=x", "there is no such field"),
        ("custom21=2026-03-01T09:30:00Z", "_from and _to"),
        ("custom17=many", "it has to be a number"),
        ("custom25=maybe", "true or false"),
        ("create_date=yesterday", "counted from now"),
        ("document_number=1-", "a range like 10-20"),
        ("subject=x", "cannot filter by it yet"),
    ] {
        let refused = matter.get(&format!("documents?{query}")).expect(400);
        assert!(refused.text().contains(part), "{query}: {}", refused.text());
    }
    let workspaces = |query: &str| {
        let listed = matter
            .get(&format!("workspaces?total=true&{query}"))
            .expect(200);
        listed.json()["total_count"].as_u64().expect("a count")
    };
    assert_eq!(workspaces("create_date=-1:1d"), 1);
    assert_eq!(workspaces("custom1=example"), 0);
    let folders =
        matter.get("folders?total=true&workspace_name=atter&edit_date_from=2020-01-01T00:00:00Z");
    assert_eq!(folders.expect(200).json()["total_count"], 2);
}
