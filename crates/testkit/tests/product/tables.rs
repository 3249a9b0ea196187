//! What the fields of a profile may say, what they are called, and what a
//! document begins with.

use crate::sessions::administrator;
use chancery_testkit::server::{API, TestServer, Upload};
use chancery_testkit::{Answer, Request};
use serde_json::{Value, json};

/// A library with two clients, each with matters of its own.
struct Firm {
    server: TestServer,
    admin: String,
    ann: String,
}

impl Firm {
    fn new() -> Self {
        let server = TestServer::start();
        let admin = administrator(&server);
        let password = server.add_person("Ann");
        let body = json!({"user_id": "Ann", "password": password, "application_name": "tests"});
        let login = Request::new("PUT", "/api/v1/session/login").json(&body);
        let answer = server.call(login).expect(200).json();
        let ann = answer["X-Auth-Token"].as_str().expect("a token").to_owned();
        Self { server, admin, ann }
    }

    fn with_clients() -> Self {
        let firm = Self::new();
        for (field, entry) in [
            ("custom1", json!({"id": "C1", "description": "Müller AG"})),
            ("Custom1", json!({"id": "C2", "description": "Example Ltd"})),
            (
                "custom2",
                json!({"id": "M1", "description": "Merger", "parent": {"id": "c1"}}),
            ),
            (
                "custom2",
                json!({"id": "M1", "description": "Lease", "parent": {"id": "C2"}}),
            ),
            (
                "custom2",
                json!({"id": "M2", "description": "Old case", "parent": {"id": "C2"}, "enabled": false}),
            ),
        ] {
            let path = format!("{API}/customs/{field}");
            let made = firm
                .send(&firm.admin, "POST", &path, &entry)
                .expect(201)
                .json();
            assert_eq!(made["data"]["description"], entry["description"]);
        }
        firm
    }

    fn get(&self, path: &str) -> Answer {
        self.server.call(Request::get(path).token(&self.ann))
    }

    fn send(&self, token: &str, method: &str, path: &str, body: &Value) -> Answer {
        self.server
            .call(Request::new(method, path).token(token).json(body))
    }

    fn upload(&self, folder: &str, whole: &Value) -> Answer {
        let upload = Upload::new(whole);
        let (body, length) = upload.around("text".as_bytes(), 4);
        let path = format!("{API}/folders/{folder}/documents");
        let call = Request::new("POST", &path).token(&self.ann);
        self.server
            .call(call.stream(Upload::CONTENT_TYPE, body, length))
    }

    fn letter(&self, folder: &str, fields: &Value) -> Answer {
        let mut profile = json!({"name": "Letter", "extension": "txt"});
        for (name, value) in fields.as_object().expect("an object") {
            profile[name] = value.clone();
        }
        self.upload(folder, &json!({"doc_profile": profile}))
    }
}

fn ids(answer: Answer) -> Vec<String> {
    let answer = answer.expect(200).json();
    let items = answer["data"].as_array().expect("a list").clone();
    items
        .iter()
        .map(|one| one["id"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn entries_are_found_by_what_people_know_of_them_and_by_what_they_are_under() {
    let firm = Firm::with_clients();
    let search =
        |field: &str, query: &str| firm.get(&format!("{API}/customs/{field}/search?{query}"));
    assert_eq!(ids(search("custom1", "")), ["C1", "C2"]);
    assert_eq!(ids(search("Custom1", "query=example")), ["C2"]);
    assert_eq!(ids(search("custom1", "query=M*AG")), ["C1"]);
    assert_eq!(ids(search("custom1", "alias=c2")), ["C2"]);
    assert_eq!(ids(search("custom2", "parent_alias=c1")), ["M1"]);
    assert_eq!(ids(search("custom2", "parent_alias=C2")), ["M1", "M2"]);
    assert_eq!(
        ids(search("custom2", "parent_alias=C2&enabled=true")),
        ["M1"]
    );
    let page = search("custom2", "limit=1&offset=1&total=true")
        .expect(200)
        .json();
    assert_eq!(page["total_count"], 3);
    assert_eq!(page["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(ids(search("custom2", "offset=50")), Vec::<String>::new());
    // One of them: by its parent where its id is there twice.
    let one = |query: &str| firm.get(&format!("{API}/customs/custom2/M1{query}"));
    let lease = one("?parent_alias=c2").expect(200).json()["data"].clone();
    assert_eq!(lease["description"], "Lease");
    assert_eq!(
        lease["parent"],
        json!({"id": "C2", "description": "Example Ltd"})
    );
    let unclear = one("").expect(400).json();
    assert_eq!(unclear["error"]["messages"][0]["field"], "parent_alias");
    let _ = one("?parent_alias=C3").expect(404);
    let _ = search("custom17", "").expect(404);
    let _ = search("class", "").expect(404);
}

#[test]
fn a_field_takes_what_its_table_has_and_whatever_while_it_has_nothing() {
    let firm = Firm::with_clients();
    let workspace = firm.server.workspace(&firm.ann, "Matter");
    let folder = firm.server.folder(&firm.ann, &workspace, "Letters");
    // Ids are written as the table writes them, and carry its description.
    let fields = json!({"custom1": "c2", "custom2": "m1", "custom3": "anything"});
    let letter = firm.letter(&folder, &fields).expect(201).json()["data"].clone();
    for (field, value) in [
        ("custom1", "C2"),
        ("custom1_description", "Example Ltd"),
        ("custom2", "M1"),
        ("custom2_description", "Lease"),
        ("custom3", "anything"),
        ("custom3_description", "anything"),
        ("class", "DOC"),
    ] {
        assert_eq!(letter[field], value, "{field}");
    }
    for (fields, field, reason) in [
        (
            json!({"custom1": "C9"}),
            "custom1",
            "is not in the library's table",
        ),
        (
            json!({"custom1": "C1", "custom2": "M2"}),
            "custom2",
            "under “C1”",
        ),
        (
            json!({"custom1": "C2", "custom2": "M2"}),
            "custom2",
            "may not be chosen",
        ),
    ] {
        let refused = firm.letter(&folder, &fields).expect(400).json();
        assert_eq!(refused["error"]["messages"][0]["field"], field);
        let text = refused["error"]["code_message"]
            .as_str()
            .unwrap_or_default();
        assert!(text.contains(reason), "{text}");
    }
    assert_eq!(
        ids(firm.get(&format!("{API}/folders/{folder}/documents"))).len(),
        1
    );
    // What it has stays when the table changes, and the description follows.
    let path = format!("{API}/customs/custom1/C2");
    let change = json!({"enabled": false, "description": "Example Limited"});
    let _ = firm.send(&firm.admin, "PATCH", &path, &change).expect(200);
    let id = letter["id"].as_str().expect("an id");
    let path = format!("{API}/documents/{id}");
    let changed = firm.send(&firm.ann, "PATCH", &path, &json!({"comment": "read"}));
    let changed = changed.expect(200).json()["data"].clone();
    assert_eq!(changed["custom1_description"], "Example Limited");
    // A matter of another client does not stay under a new one.
    let path_of = |field: &str| format!("{API}/customs/{field}");
    let again = json!({"enabled": true});
    let _ = firm
        .send(
            &firm.admin,
            "PATCH",
            &format!("{}/C2", path_of("custom1")),
            &again,
        )
        .expect(200);
    let suit = json!({"id": "M3", "description": "Suit", "parent": {"id": "C2"}});
    let _ = firm
        .send(&firm.admin, "POST", &path_of("custom2"), &suit)
        .expect(201);
    let both = json!({"custom1": "C2", "custom2": "M3"});
    let _ = firm.send(&firm.ann, "PATCH", &path, &both).expect(200);
    let alone = firm.send(&firm.ann, "PATCH", &path, &json!({"custom1": "C1"}));
    let alone = alone.expect(400).json();
    assert_eq!(alone["error"]["messages"][0]["field"], "custom2");
    let both = json!({"custom1": "C1", "custom2": "M1"});
    let moved = firm
        .send(&firm.ann, "PATCH", &path, &both)
        .expect(200)
        .json();
    assert_eq!(moved["data"]["custom2_description"], "Merger");
    // The same for workspaces.
    let path = format!("{API}/workspaces/{workspace}");
    let _ = firm
        .send(&firm.ann, "PATCH", &path, &json!({"custom1": "C9"}))
        .expect(400);
    let named = firm.send(
        &firm.ann,
        "PATCH",
        &path,
        &json!({"custom1": "c1", "custom2": "m1"}),
    );
    let named = named.expect(200).json()["data"].clone();
    assert_eq!(named["custom2"], "M1");
    assert_eq!(named["custom1_description"], "Müller AG");
}

#[test]
fn classes_have_subclasses_and_the_usual_one_is_always_there() {
    let firm = Firm::new();
    let classes = format!("{API}/classes");
    assert_eq!(ids(firm.get(&classes)), ["DOC"]);
    let workspace = firm.server.workspace(&firm.ann, "Matter");
    let folder = firm.server.folder(&firm.ann, &workspace, "Letters");
    let _ = firm
        .letter(&folder, &json!({"class": "ANYTHING"}))
        .expect(201);
    let pleading = json!({"id": "PLEADING", "description": "Pleading"});
    let _ = firm
        .send(&firm.admin, "POST", &classes, &pleading)
        .expect(201);
    let again = json!({"id": "pleading"});
    let _ = firm.send(&firm.admin, "POST", &classes, &again).expect(409);
    assert_eq!(ids(firm.get(&classes)), ["DOC", "PLEADING"]);
    assert_eq!(
        ids(firm.get(&format!("{classes}?query=plea"))),
        ["PLEADING"]
    );
    let below = format!("{classes}/pleading/subclasses");
    let motion = json!({"id": "MOTION", "description": "Motion"});
    let made = firm
        .send(&firm.admin, "POST", &below, &motion)
        .expect(201)
        .json();
    assert_eq!(made["data"]["parent"]["id"], "PLEADING");
    assert_eq!(ids(firm.get(&below)), ["MOTION"]);
    assert_eq!(
        ids(firm.get(&format!("{classes}/DOC/subclasses"))),
        Vec::<String>::new()
    );
    let _ = firm.get(&format!("{classes}/NONE/subclasses")).expect(404);
    let _ = firm
        .letter(&folder, &json!({"class": "ANYTHING"}))
        .expect(400);
    let _ = firm.letter(&folder, &json!({})).expect(201);
    let fields = json!({"class": "pleading", "subclass": "motion"});
    let filed = firm.letter(&folder, &fields).expect(201).json()["data"].clone();
    assert_eq!(filed["class"], "PLEADING");
    assert_eq!(filed["class_description"], "Pleading");
    assert_eq!(filed["sub_class"], "MOTION");
    assert_eq!(filed["subclass_description"], "Motion");
    // What is under it keeps it.
    let one = format!("{classes}/PLEADING");
    assert_eq!(
        firm.send(&firm.admin, "DELETE", &one, &json!({})).status,
        409
    );
    let lower = format!("{below}/MOTION");
    let _ = firm
        .send(&firm.admin, "DELETE", &lower, &json!({}))
        .expect(200);
    let _ = firm
        .send(&firm.admin, "DELETE", &one, &json!({}))
        .expect(200);
    assert_eq!(ids(firm.get(&classes)), ["DOC"]);
}

#[test]
fn only_administrators_change_tables_and_nobody_from_outside_reads_the_clients() {
    let firm = Firm::with_clients();
    let entry = json!({"id": "C3", "description": "Third"});
    let path = format!("{API}/customs/custom1");
    for (method, path) in [
        ("POST", path.clone()),
        ("PATCH", format!("{path}/C1")),
        ("DELETE", format!("{path}/C1")),
        ("POST", format!("{API}/classes")),
        ("PUT", format!("{API}/captions/custom1")),
    ] {
        let refused = firm.send(&firm.ann, method, &path, &entry);
        assert_eq!(refused.status, 403, "{method} {path}");
    }
    for (body, field) in [
        (json!({}), "id"),
        (json!({"id": " "}), "id"),
        (json!({"id": "x".repeat(65)}), "id"),
        (json!({"id": "a\u{0}b"}), "id"),
        (json!({"id": "search"}), "id"),
        (json!({"id": "C3", "enabled": "yes"}), "enabled"),
        (json!({"id": "C3", "parent": {"id": "C1"}}), "parent"),
    ] {
        let refused = firm
            .send(&firm.admin, "POST", &path, &body)
            .expect(400)
            .json();
        assert_eq!(refused["error"]["messages"][0]["field"], field, "{body}");
    }
    let orphan = firm.send(
        &firm.admin,
        "POST",
        &format!("{API}/customs/custom2"),
        &entry,
    );
    assert_eq!(
        orphan.expect(400).json()["error"]["messages"][0]["field"],
        "parent"
    );
    let people = "/api/v2/customers/1/users/Ann";
    let _ = firm
        .send(&firm.admin, "PATCH", people, &json!({"is_external": true}))
        .expect(200);
    assert_eq!(
        ids(firm.get(&format!("{path}/search"))),
        Vec::<String>::new()
    );
    let _ = firm.get(&format!("{path}/C1")).expect(404);
}

#[test]
fn fields_are_called_what_the_administrator_calls_them() {
    let firm = Firm::new();
    let path = format!("{API}/captions/Custom1");
    let caption = |query: &str| {
        firm.get(&format!("{path}{query}")).expect(200).json()["data"]["caption"].clone()
    };
    assert_eq!(caption(""), "Custom 1");
    let set = |body: Value| firm.send(&firm.admin, "PUT", &path, &body);
    let _ = set(json!({"caption": "Client"})).expect(200);
    let _ = set(json!({"caption": "Mandant", "language": "de"})).expect(200);
    assert_eq!(caption("?language=de-CH"), "Mandant");
    assert_eq!(caption("?language=fr"), "Client");
    let _ = set(json!({"caption": "", "language": "de"})).expect(200);
    assert_eq!(caption("?language=de"), "Client");
    let _ = set(json!({})).expect(400);
    let _ = set(json!({"caption": "x".repeat(65)})).expect(400);
    let _ = firm.get(&format!("{API}/captions/custom32")).expect(404);
    assert!(ids(firm.get(&format!("{API}/captions"))).contains(&"custom31".to_owned()));
}

#[test]
fn a_document_begins_with_what_its_folder_and_its_workspace_have_for_it() {
    let firm = Firm::with_clients();
    let body = json!({"name": "Matter", "custom1": "C1", "custom2": "M1", "custom5": "Zurich"});
    let made = firm.send(&firm.ann, "POST", &format!("{API}/workspaces"), &body);
    let workspace = made.expect(201).json()["data"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let body = json!({"name": "Letters", "profile": {"class": "LETTER", "custom5": "Bern", "operator": "ann"}});
    let path = format!("{API}/workspaces/{workspace}/folders");
    let made = firm
        .send(&firm.ann, "POST", &path, &body)
        .expect(201)
        .json()["data"]
        .clone();
    assert_eq!(made["profile"]["operator"], "Ann");
    let folder = made["id"].as_str().expect("an id").to_owned();
    let shown = firm
        .get(&format!("{API}/folders/{folder}"))
        .expect(200)
        .json()["data"]["profile"]
        .clone();
    assert_eq!(shown["custom1"], "C1");
    assert_eq!(shown["custom5"], "Bern");
    let filed = |fields: Value| firm.letter(&folder, &fields).expect(201).json()["data"].clone();
    let letter = filed(json!({}));
    for (field, value) in [
        ("class", "LETTER"),
        ("custom1", "C1"),
        ("custom2", "M1"),
        ("custom2_description", "Merger"),
        ("custom5", "Bern"),
        ("operator", "Ann"),
    ] {
        assert_eq!(letter[field], value, "{field}");
    }
    // What it says itself wins, and a client of its own leaves the matter out.
    let other = filed(json!({"custom1": "C2", "custom5": "", "class": "MEMO"}));
    assert_eq!(other["custom1"], "C2");
    assert_eq!(other["class"], "MEMO");
    assert!(
        other.get("custom2").is_none() && other.get("custom5").is_none(),
        "{other}"
    );
    let whole = json!({"inherit_profile_from_folder": false, "doc_profile": {"name": "Bare", "extension": "txt"}});
    let bare = firm.upload(&folder, &whole).expect(201).json()["data"].clone();
    assert!(bare.get("custom1").is_none(), "{bare}");
    assert_eq!(bare["class"], "DOC");
    // A value that may no longer be chosen keeps nobody from filing.
    let path = format!("{API}/customs/custom1/C1");
    let _ = firm
        .send(&firm.admin, "PATCH", &path, &json!({"enabled": false}))
        .expect(200);
    assert_eq!(filed(json!({}))["custom1"], "C1");
    let path = format!("{API}/folders/{folder}");
    let refused = firm.send(
        &firm.ann,
        "PATCH",
        &path,
        &json!({"profile": {"custom1": "C9"}}),
    );
    assert_eq!(
        refused.expect(400).json()["error"]["messages"][0]["field"],
        "custom1"
    );
    let _ = firm
        .send(
            &firm.ann,
            "PATCH",
            &path,
            &json!({"profile": {"author": "nobody"}}),
        )
        .expect(400);
}

#[test]
fn tables_and_captions_are_kept_by_commands_too() {
    let firm = Firm::new();
    let said = |words: &[&str]| {
        let output = firm.server.command(words);
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    };
    let done = |words: &[&str]| {
        let (is_done, text) = said(words);
        assert!(is_done, "{words:?}: {text}");
        text
    };
    let list = firm.server.directory().join("clients.csv");
    std::fs::write(
        &list,
        "\u{feff}id;description;enabled\nC1;Müller AG;yes\nC2;Example Ltd;no\n",
    )
    .expect("written");
    let list = list.to_str().expect("a path");
    let text = done(&["table", "import", "ACTIVE", "custom1", list]);
    assert!(text.contains("Added 2 and changed 0 of 2"), "{text}");
    let text = done(&["table", "import", "ACTIVE", "custom1", list]);
    assert!(text.contains("Added 0 and changed 0 of 2"), "{text}");
    done(&[
        "table",
        "add",
        "ACTIVE",
        "custom2",
        "M1",
        "--parent",
        "C1",
        "--description",
        "Merger",
    ]);
    done(&["table", "change", "ACTIVE", "custom1", "C2", "--enable"]);
    let text = done(&["table", "list", "ACTIVE", "custom2"]);
    assert!(text.contains("M1  Merger       C1"), "{text}");
    assert_eq!(
        ids(firm.get(&format!("{API}/customs/custom1/search?enabled=true"))),
        ["C1", "C2"]
    );
    let (is_done, text) = said(&["table", "remove", "ACTIVE", "custom1", "C1"]);
    assert!(!is_done && text.contains("are under “C1”"), "{text}");
    let (is_done, text) = said(&["table", "remove", "ACTIVE", "custom1", "C7"]);
    assert!(
        !is_done && text.contains("There is no entry “C7”"),
        "{text}"
    );
    done(&["table", "remove", "ACTIVE", "custom2", "M1"]);
    done(&["caption", "set", "ACTIVE", "custom1", "Client"]);
    let text = done(&["caption", "list", "ACTIVE"]);
    assert!(text.contains("custom1      Client"), "{text}");
    // A firm's people from a list.
    let people = firm.server.directory().join("people.csv");
    std::fs::write(
        &people,
        "id,name,email,groups\nann,Ann Example,ann@example.com,Partners\nbob,\"Bob, Jr.\",,Partners; Zurich\n",
    )
    .expect("written");
    let people = people.to_str().expect("a path");
    let text = done(&["user", "import", people, "--dry-run"]);
    assert!(text.contains("Would have added 1, changed 1"), "{text}");
    assert!(!done(&["user", "list"]).contains("Bob, Jr."));
    let passwords = firm.server.directory().join("passwords.csv");
    let passwords = passwords.to_str().expect("a path");
    let text = done(&["user", "import", people, "--passwords", passwords]);
    assert!(
        text.contains("Have added 1, changed 1, and left 0"),
        "{text}"
    );
    assert!(text.contains("New groups: Partners, Zurich"), "{text}");
    let handed_out = std::fs::read_to_string(passwords).expect("passwords");
    let password = handed_out
        .lines()
        .nth(1)
        .and_then(|line| line.strip_prefix("bob,"));
    let password = password.expect("Bob's password");
    let body = json!({"user_id": "bob", "password": password, "application_name": "tests"});
    let login = Request::new("PUT", "/api/v1/session/login").json(&body);
    let _ = firm.server.call(login).expect(200);
    assert!(done(&["group", "members", "zurich"]).contains("bob"));
    let text = done(&["user", "import", people]);
    assert!(text.contains("left 2 as they are"), "{text}");
    // One line that is wrong, and nobody is taken over.
    let wrong = firm.server.directory().join("wrong.csv");
    std::fs::write(&wrong, "id,name\ncarl,Carl\na/b,Wrong\n").expect("written");
    let (is_done, text) = said(&["user", "import", wrong.to_str().expect("a path")]);
    assert!(!is_done && text.contains("line 3"), "{text}");
    assert!(!done(&["user", "list"]).contains("Carl"));
}
