//! What people keep at hand, and documents that belong together.

use crate::sessions::administrator;
use chancery_testkit::server::{API, TestServer, Upload};
use chancery_testkit::{Answer, Request};
use serde_json::{Value, json};

struct Office {
    server: TestServer,
    ann: String,
    bob: String,
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
        Self { server, ann, bob }
    }

    fn get(&self, token: &str, path: &str) -> Answer {
        let path = format!("{API}{path}");
        self.server.call(Request::get(&path).token(token))
    }

    fn send(&self, token: &str, method: &str, path: &str, body: &Value) -> Answer {
        let path = format!("{API}{path}");
        self.server
            .call(Request::new(method, &path).token(token).json(body))
    }

    fn letter(&self, folder: &str, name: &str, security: &str) -> String {
        let profile = json!({"name": name, "extension": "txt", "default_security": security});
        let upload = Upload::new(&json!({"doc_profile": profile}));
        let (body, length) = upload.around("text".as_bytes(), 4);
        let path = format!("{API}/folders/{folder}/documents");
        let call = Request::new("POST", &path).token(&self.ann);
        let call = call.stream(Upload::CONTENT_TYPE, body, length);
        let filed = self.server.call(call).expect(201).json();
        filed["data"]["id"].as_str().expect("an id").to_owned()
    }
}

fn names(answer: Answer) -> Vec<String> {
    let answer = answer.expect(200).json();
    let items = answer["data"].as_array().expect("a list").clone();
    items
        .iter()
        .map(|one| one["name"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn people_keep_at_hand_what_they_like_as_long_as_they_may_see_it() {
    let office = Office::new();
    let (ann, bob) = (&office.ann, &office.bob);
    let workspace = office.server.workspace(ann, "Merger");
    let folder = office.server.folder(ann, &workspace, "Letters");
    let letter = office.letter(&folder, "Brief", "inherit");
    let favorites = "/my-favorites/children";
    let mut shortcuts = Vec::new();
    for (target, kind, subtype) in [
        (&letter, "document_shortcut", "document"),
        (&folder, "folder_shortcut", "regular"),
        (&workspace, "workspace_shortcut", "work"),
    ] {
        let body = json!({"target_id": target});
        let made = office
            .send(bob, "POST", favorites, &body)
            .expect(201)
            .json()["data"]
            .clone();
        assert_eq!(made["wstype"], kind);
        assert_eq!(made["target"]["id"], target.as_str());
        assert_eq!(made["target"]["subtype"], subtype);
        assert_eq!(made["target"]["database"], "ACTIVE");
        // Once more is the same one.
        let again = office
            .send(bob, "POST", favorites, &body)
            .expect(201)
            .json();
        assert_eq!(again["data"]["id"], made["id"]);
        shortcuts.push(made["id"].as_str().expect("an id").to_owned());
    }
    assert_eq!(
        names(office.get(bob, favorites)),
        ["Brief", "Letters", "Merger"]
    );
    assert_eq!(
        names(office.get(bob, "/users/bob/my-favorites/children?limit=1&offset=1")),
        ["Letters"]
    );
    assert_eq!(names(office.get(ann, favorites)), Vec::<String>::new());
    // What leads to a document leads to its latest version, under its present name.
    let body = json!({"name": "A letter"});
    let _ = office
        .send(ann, "PATCH", &format!("/documents/{letter}"), &body)
        .expect(200);
    assert_eq!(
        names(office.get(bob, favorites)),
        ["A letter", "Letters", "Merger"]
    );
    // A shortcut gives nobody access.
    let body = json!({"default_security": "private"});
    let _ = office
        .send(
            ann,
            "POST",
            &format!("/workspaces/{workspace}/security"),
            &body,
        )
        .expect(200);
    assert_eq!(names(office.get(bob, favorites)), Vec::<String>::new());
    let body = json!({"target_id": workspace});
    let _ = office.send(bob, "POST", favorites, &body).expect(404);
    let body = json!({"default_security": "public"});
    let _ = office
        .send(
            ann,
            "POST",
            &format!("/workspaces/{workspace}/security"),
            &body,
        )
        .expect(200);
    assert_eq!(names(office.get(bob, favorites)).len(), 3);
    // Each their own; administrators everybody's.
    let bobs = "/users/bob/my-favorites/children";
    let _ = office.get(ann, bobs).expect(403);
    let path = format!("{favorites}/{}", shortcuts[0]);
    let _ = office.send(ann, "DELETE", &path, &json!({})).expect(404);
    let _ = office.send(bob, "DELETE", &path, &json!({})).expect(200);
    assert_eq!(names(office.get(bob, favorites)), ["Letters", "Merger"]);
    let admin = administrator(&office.server);
    assert_eq!(names(office.get(&admin, bobs)), ["Letters", "Merger"]);
    let _ = office
        .get(&admin, "/users/nobody/my-favorites/children")
        .expect(404);
    // What is gone is in no list, and leaves nothing behind.
    let path = format!("/documents/{letter}");
    let _ = office.send(ann, "DELETE", &path, &json!({})).expect(200);
    let path = format!("/trash-bin/documents/{letter}");
    let _ = office.send(&admin, "DELETE", &path, &json!({})).expect(200);
    let path = format!("/folders/{folder}");
    let _ = office.send(ann, "DELETE", &path, &json!({})).expect(200);
    assert_eq!(names(office.get(bob, favorites)), ["Merger"]);
}

#[test]
fn matters_are_workspaces_and_administrators_hand_them_out() {
    let office = Office::new();
    let admin = administrator(&office.server);
    let workspace = office.server.workspace(&office.ann, "Merger");
    let folder = office.server.folder(&office.ann, &workspace, "Letters");
    let letter = office.letter(&folder, "Brief", "inherit");
    let path = "/users/Ann/my-matters/children";
    let made = office
        .send(&admin, "POST", path, &json!({"id": workspace}))
        .expect(201)
        .json();
    let own = "/my-matters/children";
    assert_eq!(names(office.get(&office.ann, own)), ["Merger"]);
    for (target, field) in [
        (json!({"target_id": folder}), "target_id"),
        (json!({"target_id": letter}), "target_id"),
        (json!({"target_id": "ACTIVE"}), "target_id"),
        (json!({"target_id": 7}), "target_id"),
        (json!({}), "target_id"),
    ] {
        let refused = office
            .send(&office.ann, "POST", own, &target)
            .expect(400)
            .json();
        assert_eq!(refused["error"]["messages"][0]["field"], field, "{target}");
    }
    let id = made["data"]["id"].as_str().expect("an id");
    // The other list has no such entry.
    let path = format!("/my-favorites/children/{id}");
    let _ = office
        .send(&office.ann, "DELETE", &path, &json!({}))
        .expect(404);
    let _ = office
        .send(&office.ann, "DELETE", &format!("{own}/{id}"), &json!({}))
        .expect(200);
    assert_eq!(names(office.get(&office.ann, own)), Vec::<String>::new());
}

#[test]
fn related_documents_lead_to_each_other_and_to_nobody_who_may_not_see_them() {
    let office = Office::new();
    let (ann, bob) = (&office.ann, &office.bob);
    let workspace = office.server.workspace(ann, "Merger");
    let folder = office.server.folder(ann, &workspace, "Letters");
    let brief = office.letter(&folder, "Brief", "inherit");
    let reply = office.letter(&folder, "Reply", "inherit");
    let secret = office.letter(&folder, "Secret", "private");
    let related = |id: &str| format!("/documents/{id}/related-documents");
    let body = json!({"document_ids": [reply, secret]});
    let _ = office
        .send(ann, "POST", &related(&brief), &body)
        .expect(200);
    assert_eq!(
        names(office.get(ann, &related(&brief))),
        ["Reply", "Secret"]
    );
    assert_eq!(names(office.get(ann, &related(&reply))), ["Brief"]);
    assert_eq!(names(office.get(bob, &related(&brief))), ["Reply"]);
    let profile = office
        .get(bob, &format!("/documents/{brief}"))
        .expect(200)
        .json();
    assert_eq!(profile["data"]["is_related"], true);
    for (target, status) in [
        (json!({"document_ids": [brief]}), 400),
        (json!({"document_ids": []}), 400),
        (json!({"document_ids": "x"}), 400),
        (json!({"document_ids": ["ACTIVE!12"]}), 400),
        (json!({"document_ids": [secret]}), 404),
    ] {
        let refused = office.send(bob, "POST", &related(&brief), &target);
        assert_eq!(refused.status, status, "{target}");
    }
    let path = format!("{}/{secret}", related(&brief));
    let _ = office.send(bob, "DELETE", &path, &json!({})).expect(404);
    let path = format!("{}/{brief}", related(&reply));
    let _ = office.send(bob, "DELETE", &path, &json!({})).expect(200);
    let _ = office.send(bob, "DELETE", &path, &json!({})).expect(404);
    assert_eq!(names(office.get(ann, &related(&brief))), ["Secret"]);
}
