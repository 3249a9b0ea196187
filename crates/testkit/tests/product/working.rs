//! Working on documents together: locks, check-outs, and what the history says.

use crate::sessions::administrator;
use chancery_testkit::server::{API, TestServer, Upload};
use chancery_testkit::{Answer, Request};
use serde_json::{Value, json};

/// A firm with two people who have a document in common.
struct Office {
    server: TestServer,
    ann: String,
    bob: String,
    letter: String,
}

impl Office {
    fn new() -> Self {
        let server = TestServer::start();
        let [ann, bob] = ["Ann", "Bob"].map(|id| {
            let password = server.add_person(id);
            let body = json!({"user_id": id, "password": password, "application_name": "tests"});
            let login = Request::new("PUT", "/api/v1/session/login").json(&body);
            let answer = server.call(login).expect(200).json();
            answer["X-Auth-Token"].as_str().expect("a token").to_owned()
        });
        let workspace = server.workspace(&ann, "Matter");
        let folder = server.folder(&ann, &workspace, "Letters");
        let path = format!("{API}/folders/{folder}/documents");
        let filed = upload(&server, &ann, "POST", &path, &json!({}), "one").expect(201);
        let letter = filed.json()["data"]["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        Self {
            server,
            ann,
            bob,
            letter,
        }
    }

    fn at(&self, more: &str) -> String {
        format!("{API}/documents/{}{more}", self.letter)
    }

    fn get(&self, token: &str, more: &str) -> Answer {
        self.server.call(Request::get(&self.at(more)).token(token))
    }

    fn send(&self, token: &str, method: &str, more: &str, body: &Value) -> Answer {
        let path = self.at(more);
        self.server
            .call(Request::new(method, &path).token(token).json(body))
    }

    fn delete(&self, token: &str, more: &str) -> u16 {
        let path = self.at(more);
        self.server
            .call(Request::new("DELETE", &path).token(token))
            .status
    }

    fn replace(&self, token: &str, profile: &Value, text: &str) -> Answer {
        upload(&self.server, token, "PUT", &self.at("/file"), profile, text)
    }

    fn profile(&self, token: &str) -> Value {
        self.get(token, "").expect(200).json()["data"].clone()
    }
}

fn upload(
    server: &TestServer,
    token: &str,
    method: &str,
    path: &str,
    profile: &Value,
    text: &str,
) -> Answer {
    let mut whole = profile.clone();
    whole["doc_profile"] = json!({"name": "Letter", "extension": "txt"});
    let upload = Upload::new(&whole);
    let (body, length) = upload.around(text.as_bytes(), text.len() as u64);
    let call = Request::new(method, path).token(token);
    server.call(call.stream(Upload::CONTENT_TYPE, body, length))
}

#[test]
fn whoever_comes_second_reads_only_and_is_told_who_has_it_and_since_when() {
    let office = Office::new();
    let (ann, bob) = (&office.ann, &office.bob);
    assert_eq!(office.get(ann, "/checkout").status, 404);
    let said = json!({
        "appname": "Writer", "comments": "the last round", "location": "ANN-PC",
        "path": "C:\\Work\\Letter.txt", "due_date": "2027-01-15T12:00:00Z",
    });
    let taken = office.send(ann, "POST", "/checkout", &said).expect(200);
    assert_eq!(taken.text(), "one");
    assert!(
        taken
            .header("content-disposition")
            .is_some_and(|value| value.contains("Letter.txt"))
    );
    let details = office.get(bob, "/checkout").expect(200).json()["data"].clone();
    assert_eq!(details["in_use_by"], "Ann");
    assert_eq!(details["checkout_due_date"], "2027-01-15T12:00:00.000Z");
    let profile = office.profile(bob);
    for (field, value) in [
        ("is_checked_out", json!(true)),
        ("is_in_use", json!(true)),
        ("in_use", json!(true)),
        ("in_use_by", json!("Ann")),
        ("lock_type", json!("checkout")),
        ("checkout_comment", json!("the last round")),
        ("checkout_path", json!("C:\\Work\\Letter.txt")),
    ] {
        assert_eq!(profile[field], value, "{field}");
    }
    for refused in [
        office.replace(bob, &json!({}), "two"),
        office.send(bob, "PATCH", "", &json!({"comment": "mine"})),
        office.send(bob, "POST", "/checkout", &json!({})),
        office.send(bob, "POST", "/lock", &json!({})),
    ] {
        assert_eq!(refused.status, 409);
        let text = refused.text();
        assert!(text.contains("has checked it out since 20"), "{text}");
        assert!(text.contains("Open it read-only"), "{text}");
    }
    assert_eq!(office.delete(bob, ""), 409);
    assert_eq!(office.get(bob, "/download").expect(200).text(), "one");
    let operations = office.get(bob, "/operations").expect(200).json()["data"].clone();
    for name in ["replace", "update", "delete", "lock", "unlock"] {
        assert_eq!(operations[name], false, "{name}");
    }
    assert_eq!(operations["create_new_version"], true);
    // What Ann has is listed for her, and is nobody else's.
    let listed = |token: &str, more: &str| {
        let path = format!("{API}/documents{more}");
        let listed = office.server.call(Request::get(&path).token(token));
        let listed = listed.expect(200).json();
        listed["data"]["results"].as_array().map(Vec::len)
    };
    assert_eq!(listed(ann, "/checked-out"), Some(1));
    assert_eq!(listed(bob, "/checked-out"), Some(0));
    assert_eq!(listed(bob, "?in_use_by=ANN"), Some(1));
    assert_eq!(listed(bob, "?checked_out=false"), Some(0));
    // She checks it in, and keeps it at first.
    let kept = office
        .replace(ann, &json!({"keep_locked": true}), "two")
        .expect(200);
    assert_eq!(kept.json()["data"]["is_checked_out"], true);
    let checked_in = office.replace(ann, &json!({}), "three").expect(200);
    assert_eq!(checked_in.json()["data"]["is_in_use"], false);
    let _ = office.replace(bob, &json!({}), "four").expect(200);
}

#[test]
fn a_lock_is_released_by_whoever_has_it_or_on_the_record_by_an_administrator() {
    let office = Office::new();
    let (ann, bob) = (&office.ann, &office.bob);
    let locked = office.send(ann, "POST", "/lock", &json!({"comments": "wait"}));
    assert_eq!(locked.expect(200).json()["data"]["lock_type"], "lock");
    assert_eq!(office.profile(bob)["is_checked_out"], false);
    assert_eq!(office.delete(bob, "/lock"), 403);
    let root = administrator(&office.server);
    assert_eq!(office.delete(&root, "/lock"), 200);
    assert_eq!(office.delete(&root, "/lock"), 200, "it is free already");
    let history = office.get(ann, "/history?limit=1").expect(200).json();
    let line = &history["data"][0];
    assert_eq!(line["activity"], "unlock", "{line}");
    assert_eq!(line["user"], "admin");
    assert_eq!(line["comments"], "released for ann");
    // A new version by somebody else harms nothing, and a lock goes on with its
    // own next version where that is wanted.
    let _ = office.send(ann, "POST", "/lock", &json!({})).expect(200);
    let path = office.at("/versions");
    let other = upload(&office.server, bob, "POST", &path, &json!({}), "bob's").expect(201);
    assert_eq!(other.json()["data"]["is_in_use"], false);
    assert_eq!(office.profile(ann)["in_use_by"], "Ann");
    let keeps = json!({"keep_locked": true});
    let own = upload(&office.server, ann, "POST", &path, &keeps, "ann's").expect(201);
    assert_eq!(own.json()["data"]["in_use_by"], "Ann");
    assert_eq!(office.profile(ann)["is_in_use"], false);
    // Bad words change nothing.
    for body in [
        json!({"comments": 7}),
        json!({"due_date": "soon"}),
        json!({"comments": "x".repeat(2001)}),
        json!({"path": "a\u{0}b"}),
    ] {
        let refused = office.send(bob, "POST", "/lock", &body).expect(400);
        assert!(
            refused.text().contains("cannot be used"),
            "{}",
            refused.text()
        );
    }
    assert_eq!(office.profile(bob)["is_in_use"], false);
}

#[test]
fn the_history_says_who_did_what_when_and_from_where_to_those_who_may_see_it() {
    let office = Office::new();
    let (ann, bob) = (&office.ann, &office.bob);
    let _ = office.get(bob, "/download").expect(200);
    let _ = office.get(bob, "/download?activity=export").expect(200);
    let part = Request::get(&office.at("/download"));
    let part = part.token(bob).header("Range", "bytes=1-");
    assert_eq!(office.server.call(part).status, 206);
    let _ = office
        .send(ann, "PATCH", "", &json!({"comment": "better"}))
        .expect(200);
    let path = office.at("/versions");
    let _ = upload(&office.server, ann, "POST", &path, &json!({}), "two").expect(201);
    let lines = |more: &str| {
        let answer = office
            .get(ann, &format!("/history?total=true{more}"))
            .expect(200)
            .json();
        let words: Vec<String> = answer["data"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|line| line["activity"].as_str().expect("a word").to_owned())
            .collect();
        assert_eq!(answer["total_count"], words.len(), "{answer}");
        words
    };
    assert_eq!(lines(""), ["profile_edit", "export", "view", "create"]);
    assert_eq!(
        lines("&all_versions=true"),
        ["new_version", "profile_edit", "export", "view", "create"]
    );
    assert_eq!(lines("&activity=view,download"), ["export", "view"]);
    assert_eq!(lines("&activity=print"), [] as [&str; 0]);
    assert_eq!(lines("&user=BOB"), ["export", "view"]);
    assert_eq!(
        lines("&activity_date_start=2099-01-01T00:00:00Z"),
        [] as [&str; 0]
    );
    let view = office.get(ann, "/history?activity=view").expect(200).json()["data"][0].clone();
    assert_eq!(
        (&view["user"], &view["location"]),
        (&json!("Bob"), &json!("127.0.0.1"))
    );
    assert_eq!(view["id"], office.letter.as_str());
    let counted = office
        .get(ann, "/history/users?all_versions=true")
        .expect(200)
        .json();
    assert_eq!(counted["data"][0]["activity_count"], 3, "{counted}");
    let counted = office.get(ann, "/history/activities").expect(200).json();
    assert_eq!(counted["data"].as_array().map(Vec::len), Some(4));
    let counted = office.get(ann, "/history/versions").expect(200).json();
    assert_eq!(counted["data"][0]["version"], 2, "{counted}");
    assert_eq!(office.get(ann, "/history?activity=sing").status, 400);
    // Of what somebody may not see there is no history either.
    let private = json!({"default_security": "private"});
    let _ = office.send(ann, "POST", "/security", &private).expect(200);
    for more in [
        "/history",
        "/history/users",
        "/history/versions",
        "/history?activity=print",
    ] {
        assert_eq!(office.get(bob, more).status, 404, "{more}");
    }
}

#[test]
fn what_somebody_worked_with_lately_is_listed_as_long_as_they_may_see_it() {
    let office = Office::new();
    let (ann, bob) = (&office.ann, &office.bob);
    let recent = |token: &str, path: &str| {
        let listed = office.server.call(Request::get(path).token(token));
        let listed = listed.expect(200).json();
        let items = listed["data"]["results"]
            .as_array()
            .expect("a list")
            .clone();
        items
            .iter()
            .map(|one| one["name"].as_str().expect("a name").to_owned())
            .collect::<Vec<_>>()
    };
    let everywhere = "/api/v2/customers/1/recent-documents";
    assert_eq!(recent(ann, everywhere), ["Letter"]);
    assert_eq!(recent(bob, everywhere), [] as [&str; 0]);
    let _ = office.get(bob, "").expect(200);
    assert_eq!(
        recent(bob, everywhere),
        [] as [&str; 0],
        "a glance is no work"
    );
    let _ = office.get(bob, "/download").expect(200);
    assert_eq!(recent(bob, everywhere), ["Letter"]);
    assert_eq!(
        recent(bob, &format!("{API}/recent-workspaces?limit=5")),
        ["Matter"]
    );
    // The last one first, and each one once.
    let path = office.get(ann, "/path").expect(200).json();
    let folder = path["data"][0][1]["id"].as_str().expect("an id").to_owned();
    let copied = office.send(ann, "POST", "/copy", &json!({"folder_id": folder}));
    let copy = copied.expect(201).json()["data"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let named = Request::new("PATCH", &format!("{API}/documents/{copy}")).token(ann);
    let _ = office
        .server
        .call(named.json(&json!({"name": "Copy"})))
        .expect(200);
    assert_eq!(recent(ann, everywhere), ["Copy", "Letter"]);
    let private = json!({"default_security": "private"});
    let _ = office.send(ann, "POST", "/security", &private).expect(200);
    assert_eq!(recent(bob, everywhere), [] as [&str; 0]);
    assert_eq!(
        recent(ann, &format!("{API}/recent-documents")),
        ["Copy", "Letter"]
    );
}

#[test]
fn a_client_asks_whether_the_server_is_there_and_which_types_it_knows() {
    let server = TestServer::start();
    let ping = "/api/v2/customers/1/ping";
    assert_eq!(server.call(Request::get(ping)).status, 401);
    let token = server.sign_in();
    let pong = server.call(Request::get(ping).token(&token)).expect(200);
    assert_eq!(pong.json(), json!({"data": {}}));
    let types = server.call(Request::get(&format!("{API}/types")).token(&token));
    let types = types.expect(200).json();
    let all = types["data"].as_array().expect("a list");
    let word = all.iter().find(|one| one["id"] == "WORDX").expect("Word");
    assert_eq!(word["app_extension"], "docx");
    let mut ids: Vec<_> = all.iter().map(|one| one["id"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all.len(), "each of them once");
    let elsewhere = "/api/v2/customers/1/libraries/NOWHERE/types";
    assert_eq!(
        server.call(Request::get(elsewhere).token(&token)).status,
        404
    );
}

#[test]
fn an_administrator_releases_and_restores_by_command_and_it_is_on_the_record() {
    let office = Office::new();
    let said = |words: &[&str]| {
        let output = office.server.command(words);
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        (output.status.success(), text)
    };
    let letter = office.letter.as_str();
    let (_, told) = said(&["document", "release", letter]);
    assert!(told.contains("Nobody has"), "{told}");
    let _ = office
        .send(&office.ann, "POST", "/lock", &json!({}))
        .expect(200);
    let (is_done, told) = said(&["document", "release", letter]);
    assert!(is_done && told.contains("which ann had"), "{told}");
    assert_eq!(office.profile(&office.bob)["is_in_use"], false);
    assert_eq!(office.delete(&office.ann, ""), 200);
    let (_, told) = said(&["document", "trash", "ACTIVE"]);
    assert!(told.contains(letter) && told.contains("Letter"), "{told}");
    let (is_done, told) = said(&["document", "restore", letter]);
    assert!(is_done, "{told}");
    let history = office.get(&office.ann, "/history").expect(200).text();
    assert!(
        history.contains("released for ann") && history.contains("chancery-server"),
        "{history}"
    );
    for words in [
        ["document", "restore", letter].as_slice(),
        &["document", "purge", letter],
        &["document", "purge", letter, "--for-good"],
        &["document", "release", "ACTIVE!99.1"],
    ] {
        assert!(!said(words).0, "{words:?}");
    }
    assert_eq!(office.delete(&office.ann, ""), 200);
    let (is_done, told) = said(&["document", "purge", letter, "--for-good"]);
    assert!(is_done, "{told}");
    let (_, told) = said(&["document", "trash", "ACTIVE"]);
    assert!(!told.contains(letter), "{told}");
}

#[test]
fn a_client_asks_what_the_server_and_the_library_let_it_do() {
    let office = Office::new();
    let get = |token: &str, path: &str| {
        let answer = office.server.call(Request::get(path).token(token));
        answer.expect(200).json()["data"].clone()
    };
    let features = get(&office.ann, "/api/v2/customers/1/features");
    assert_eq!(features["idempotency"], true);
    assert_eq!(features["mail.filing_status"], false);
    let roles = get(&office.ann, "/api/v2/customers/1/roles");
    assert_eq!(roles.as_array().map(Vec::len), Some(3));
    let path = format!("{API}/operations");
    assert_eq!(get(&office.ann, &path)["manage_users"], false);
    let root = administrator(&office.server);
    assert_eq!(get(&root, &path)["manage_users"], true);
}
