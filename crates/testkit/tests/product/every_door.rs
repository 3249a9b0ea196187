//! Every address of the API, from its published description: without a session,
//! without the right, and with what nobody should send. A new one is tried as soon
//! as it is described, and what is not described is not served.

use crate::sessions::administrator;
use chancery_testkit::server::{API, TestServer, Upload};
use chancery_testkit::{Answer, Request};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Nobody but its owner may read this anywhere.
const SECRET: &str = "Zebra-7b1f";
/// What is not asked, and why: it waits for what comes.
const STREAMS: &str = "/change-events/stream";

/// An operation of the description.
#[derive(Debug, Clone)]
struct Door {
    method: String,
    path: String,
    who: Who,
    /// The kind of body that it takes, and the fields that it names.
    takes: Option<(String, Vec<String>)>,
    asks: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Anyone,
    Session,
    Administrator,
}

fn doors() -> Vec<Door> {
    let described: Value =
        serde_json::from_str(include_str!("../../../../docs/openapi.json")).expect("JSON");
    let mut doors = Vec::new();
    for (path, operations) in described["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let who = if operation["security"] == json!([]) {
                Who::Anyone
            } else if operation["x-administrators"] == true {
                Who::Administrator
            } else {
                Who::Session
            };
            let takes = operation["requestBody"]["content"]
                .as_object()
                .map(|content| {
                    let (kind, of) = content.iter().next().expect("a kind");
                    let fields = of["schema"]["properties"].as_object();
                    let names = fields.map(|fields| fields.keys().cloned().collect());
                    (kind.clone(), names.unwrap_or_default())
                });
            let none = Vec::new();
            let parameters = operation["parameters"].as_array().unwrap_or(&none);
            let in_query = parameters.iter().filter(|one| one["in"] == "query");
            let asks = in_query
                .filter_map(|one| one["name"].as_str().map(str::to_owned))
                .collect();
            doors.push(Door {
                method: method.to_uppercase(),
                path: path.clone(),
                who,
                takes,
                asks,
            });
        }
    }
    assert!(doors.len() > 150, "{}", doors.len());
    doors
}

/// A server with something that only Ann and administrators may see, and Eve, who
/// is in the firm and may not.
struct Firm {
    server: TestServer,
    root: String,
    ann: String,
    eve: String,
    values: BTreeMap<&'static str, String>,
}

impl Firm {
    fn new() -> Self {
        let server = TestServer::start();
        let root = administrator(&server);
        let [ann, eve] = ["Ann", "Eve"].map(|id| {
            let password = server.add_person(id);
            let body = json!({"user_id": id, "password": password, "application_name": "tests"});
            let login = Request::new("PUT", "/api/v1/session/login").json(&body);
            let answer = server.call(login).expect(200).json();
            answer["X-Auth-Token"].as_str().expect("a token").to_owned()
        });
        let send = |token: &str, method: &str, path: &str, body: &Value| -> Value {
            let answer = server.call(Request::new(method, path).token(token).json(body));
            assert!(
                (200..300).contains(&answer.status),
                "{path}: {}",
                answer.text()
            );
            answer.json()
        };
        let new = json!({"name": format!("{SECRET} matter"), "default_security": "private",
            "description": SECRET, "custom1": SECRET});
        let workspace = send(&ann, "POST", &format!("{API}/workspaces"), &new);
        let workspace = workspace["data"]["id"].as_str().expect("an id").to_owned();
        let folder = server.folder(&ann, &workspace, &format!("{SECRET} letters"));
        let upload = |name: &str| {
            let profile = json!({"name": name, "extension": "txt", "comment": SECRET});
            let upload = Upload::new(&json!({"doc_profile": profile}));
            let bytes = format!("{SECRET}: the letter");
            let (body, length) = upload.around(bytes.as_bytes(), bytes.len() as u64);
            let path = format!("{API}/folders/{folder}/documents");
            let call = Request::new("POST", &path).token(&ann);
            let filed = server.call(call.stream(Upload::CONTENT_TYPE, body, length));
            let filed = filed.expect(201).json();
            filed["data"]["id"].as_str().expect("an id").to_owned()
        };
        let (letter, other, gone) = (
            upload(&format!("{SECRET} letter")),
            upload(&format!("{SECRET} other")),
            upload(&format!("{SECRET} gone")),
        );
        let related = format!("{API}/documents/{letter}/related-documents");
        send(&ann, "POST", &related, &json!({"document_ids": [other]}));
        let pairs = format!("{API}/documents/{letter}/name-value-pairs");
        send(&ann, "PATCH", &pairs, &json!({"Kept": SECRET}));
        let favorite = json!({"target_id": letter});
        let favorite = send(
            &ann,
            "POST",
            &format!("{API}/my-favorites/children"),
            &favorite,
        );
        let favorite = favorite["data"]["id"].as_str().expect("an id").to_owned();
        let _ = server
            .call(Request::new("DELETE", &format!("{API}/documents/{gone}")).token(&ann))
            .expect(200);
        let customer = "/api/v2/customers/1";
        send(
            &root,
            "POST",
            &format!("{customer}/walls"),
            &json!({"name": format!("{SECRET} wall")}),
        );
        send(
            &root,
            "POST",
            &format!("{customer}/holds"),
            &json!({"name": format!("{SECRET} hold")}),
        );
        let group = json!({"id": "Partners", "full_name": "Partners"});
        send(&root, "POST", &format!("{customer}/groups"), &group);
        let values = BTreeMap::from([
            ("customer", "1".to_owned()),
            ("library", "ACTIVE".to_owned()),
            ("workspace", workspace),
            ("folder", folder),
            ("document", letter.clone()),
            ("letter", letter),
            ("other", other),
            ("gone", gone),
            ("favorite", favorite),
            ("user", "Ann".to_owned()),
            ("group", "Partners".to_owned()),
            ("wall", format!("{SECRET} wall")),
            ("hold", format!("{SECRET} hold")),
            ("field", "custom1".to_owned()),
            ("alias", "C1".to_owned()),
            ("above", "DOC".to_owned()),
            ("name", "letter.txt".to_owned()),
            ("session", "none".to_owned()),
        ]);
        Self {
            server,
            root,
            ann,
            eve,
            values,
        }
    }

    /// The address with what is there in it.
    fn address(&self, door: &Door) -> String {
        let mut path = door.path.clone();
        let id = match () {
            () if path.contains("/trash-bin/") => "gone",
            () if path.contains("-favorites/") || path.contains("-matters/") => "favorite",
            () if path.contains("/workspaces/{id}") => "workspace",
            () if path.contains("/folders/{id}") || path.contains("/containers/{id}") => "folder",
            () => "letter",
        };
        if path.contains("/applications/{name}") {
            path = path.replace("{name}", "desktop");
        }
        path = path.replace("{id}", &self.values[id]);
        for (name, value) in &self.values {
            let encoded = value.replace(' ', "%20");
            path = path.replace(&format!("{{{name}}}"), &encoded);
        }
        assert!(
            !path.contains('{'),
            "{path}: a value is missing in this test"
        );
        path
    }

    /// A call as it would be sent by somebody who means it.
    fn call(&self, door: &Door, token: Option<&str>) -> Answer {
        let path = self.address(door);
        let mut call = Request::new(&door.method, &path);
        if let Some(token) = token {
            call = call.token(token);
        }
        match door.takes.as_ref().map(|(kind, _)| kind.as_str()) {
            None => self.server.call(call),
            Some("application/json") => self.server.call(call.json(&self.meant(door))),
            Some("multipart/form-data") => {
                let upload = Upload::named("Forged", "txt");
                let (body, length) = upload.around(&b"forged"[..], 6);
                self.server
                    .call(call.stream(Upload::CONTENT_TYPE, body, length))
            }
            Some(kind) => {
                let kind = kind.to_owned();
                self.server.call(call.body(&kind, "a=b"))
            }
        }
    }

    /// A body that would do something.
    fn meant(&self, door: &Door) -> Value {
        if door.path.ends_with("/name-value-pairs") {
            return json!({"Kept": "forged"});
        }
        let folder = &self.values["folder"];
        let mut all = json!({
            "name": "Forged", "id": self.values["other"], "comments": "forged",
            "document_numbers": [1, 2, 3], "limit": 100, "filters": {},
            "folder_id": folder, "destination_id": folder, "destination_folder_id": folder,
            "folder_ids": [folder], "document_ids": [self.values["other"]],
            "target_id": self.values["letter"], "default_security": "public",
            "include": [{"id": "Eve", "type": "user", "access_level": "full_access"}],
            "members": ["Eve"], "caption": "Forged", "description": "forged",
            "idle_seconds": 3600, "admit": [{"id": "Eve", "type": "user"}],
            "path": "forged", "parent": {"id": "DOC"}, "field": "forged",
        });
        let named = door.takes.as_ref().map_or(&[][..], |(_, names)| names);
        if let Some(all) = all.as_object_mut() {
            all.retain(|name, _| named.is_empty() || named.contains(name));
        }
        all
    }
}

#[test]
fn without_a_session_nobody_gets_anything() {
    let firm = Firm::new();
    let mut tried = 0;
    for door in doors() {
        let answers = [
            firm.call(&door, None),
            firm.call(&door, Some("no session has this token")),
        ];
        for answer in answers {
            assert!(
                !answer.text().contains(SECRET),
                "{door:?}: {}",
                answer.text()
            );
            if door.who != Who::Anyone {
                assert_eq!(answer.status, 401, "{door:?}: {}", answer.text());
                assert!(answer.json()["error"]["code"].is_string(), "{door:?}");
                tried += 1;
            }
        }
    }
    assert!(tried > 300, "{tried}");
}

#[test]
fn whoever_has_no_right_sees_nothing_and_changes_nothing() {
    let firm = Firm::new();
    let seen = |token: &str| -> Vec<Value> {
        let (letter, workspace) = (&firm.values["letter"], &firm.values["workspace"]);
        [
            format!("{API}/documents/{letter}"),
            format!("{API}/documents/{letter}/security"),
            format!("{API}/documents/{letter}/history"),
            format!("{API}/documents/{letter}/name-value-pairs"),
            format!("{API}/workspaces/{workspace}"),
            format!("{API}/workspaces/{workspace}/security"),
            format!("{API}/folders/{}", firm.values["folder"]),
            format!("{API}/folders/{}/documents", firm.values["folder"]),
            format!("{API}/trash-bin/documents"),
            format!("{API}/captions"),
            format!("{API}/my-favorites/children"),
            "/api/v2/customers/1/users".to_owned(),
            "/api/v2/customers/1/groups/Partners/members".to_owned(),
            "/api/v2/customers/1/walls".to_owned(),
            "/api/v2/customers/1/holds".to_owned(),
            "/api/v2/customers/1/libraries".to_owned(),
            "/api/v2/customers/1/applications/desktop".to_owned(),
        ]
        .iter()
        .map(|path| {
            let answer = firm.server.call(Request::get(path).token(token));
            answer.expect(200).json()
        })
        .collect()
    };
    // What she may not see is not counted, searched or told of either.
    let anywhere = [
        format!("{API}/documents?total=true"),
        format!("{API}/documents?anywhere=Zebra&total=true"),
        format!("{API}/workspaces?total=true"),
        format!("{API}/folders?total=true"),
        format!("{API}/change-events"),
        format!("{API}/trash-bin/documents"),
    ];
    for path in anywhere {
        let answer = firm
            .server
            .call(Request::get(&path).token(&firm.eve))
            .expect(200)
            .json();
        let counted = answer["total_count"].as_u64().unwrap_or(0);
        assert_eq!(counted, 0, "{path}: {answer}");
        assert!(!answer.to_string().contains("ACTIVE!"), "{path}: {answer}");
    }
    let before = seen(&firm.root);
    for door in doors() {
        // Whoever signs out is out.
        let ends =
            door.who == Who::Anyone || (door.method == "DELETE" && door.path.contains("sessions"));
        if ends || door.path.ends_with(STREAMS) {
            continue;
        }
        let answer = firm.call(&door, Some(&firm.eve));
        let text = answer.text();
        assert!(!text.contains(SECRET), "{door:?}: {text}");
        assert!(answer.status < 500, "{door:?}: {text}");
        let is_named = ["{id}", "{document}"]
            .iter()
            .any(|name| door.path.contains(name));
        let is_hers = door.path.contains("/users/{user}/my-");
        match door.who {
            _ if is_hers => assert_eq!(answer.status, 403, "{door:?}: {text}"),
            // Nobody learns whether it is there.
            _ if is_named => assert_eq!(answer.status, 404, "{door:?}: {text}"),
            Who::Administrator => assert_eq!(answer.status, 403, "{door:?}: {text}"),
            _ => {}
        }
    }
    for (one, other) in seen(&firm.root).iter().zip(&before) {
        assert_eq!(one, other);
    }
    // Whoever may, does see it: the test looks where there is something.
    assert!(
        firm.call(&doors_named("GET", "/documents/{id}"), Some(&firm.ann))
            .text()
            .contains(SECRET)
    );
}

fn doors_named(method: &str, end: &str) -> Door {
    let found = doors()
        .into_iter()
        .find(|door| door.method == method && door.path.ends_with(end));
    found.expect("it is described")
}

#[test]
fn what_nobody_should_send_gets_a_field_and_a_reason_and_changes_nothing() {
    let firm = Firm::new();
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"null".to_vec(),
        b"7".to_vec(),
        b"\"text\"".to_vec(),
        b"[]".to_vec(),
        b"[{}]".to_vec(),
        b"{".to_vec(),
        b"{\"a\":}".to_vec(),
        b"\xff\xfe{}".to_vec(),
        b"{\"name\":\"\xc3\x28\"}".to_vec(),
        deep.into_bytes(),
        vec![b' '; 2 * 1024 * 1024],
    ];
    let values = [
        json!(7),
        json!(-1),
        json!(1e300),
        json!(true),
        json!([[]]),
        json!({"a": {"b": []}}),
        json!("\u{0}"),
        json!("../../etc/passwd"),
        json!("x".repeat(100_000)),
        json!([null, 7, "x", {"id": 7}]),
    ];
    let queries = [
        "%00",
        "%ff%fe",
        "..%2F..",
        "-1",
        "99999999999999999999",
        "%F0%9F%92%A9",
        "'%20OR%201=1--",
    ];
    let ids = [
        "ACTIVE!0.0",
        "ACTIVE!99999999999999999999.1",
        "ACTIVE%00!1.1",
        "..%2F..%2Fetc",
        "%ff",
        "x",
    ];
    let shape = |door: &Door, answer: &Answer, sent: &str| {
        let text = answer.text();
        assert!(
            answer.status < 500,
            "{door:?} {sent}: {} {text}",
            answer.status
        );
        if answer.status >= 400 && !door.path.starts_with("/auth/") {
            let error = answer.json();
            let told = error["error"]["code_message"].as_str().unwrap_or_default();
            assert!(!told.is_empty(), "{door:?} {sent}: {text}");
        }
    };
    let mut sent = 0;
    for door in doors() {
        if door.path.ends_with(STREAMS)
            || door.path.contains("logout")
            || door.path.contains("sessions")
        {
            continue;
        }
        let token = Some(firm.ann.as_str());
        let at = firm.address(&door);
        let ask = |path: &str, kind: &str, body: &[u8]| {
            let mut call = Request::new(&door.method, path).body(kind, body);
            if let Some(token) = token {
                call = call.token(token);
            }
            firm.server.call(call)
        };
        if let Some((kind, fields)) = &door.takes {
            // Something else entirely.
            for body in &bodies {
                let answer = ask(&at, kind, body);
                shape(
                    &door,
                    &answer,
                    &String::from_utf8_lossy(&body[..body.len().min(40)]),
                );
                // A page answers a form that says nothing with itself.
                let is_page = door.path.starts_with("/auth/");
                let may_be_empty = body.is_empty() || body == b"null" || body[0] == b' ';
                if door.who != Who::Anyone && !is_page && !may_be_empty {
                    assert!(answer.status >= 400, "{door:?} took {body:?}");
                }
                sent += 1;
            }
            if kind == "application/json" {
                for field in fields {
                    for value in &values {
                        let body = json!({field.as_str(): value}).to_string();
                        let answer = ask(&at, kind, body.as_bytes());
                        shape(&door, &answer, &body[..body.len().min(80)]);
                        sent += 1;
                    }
                }
            }
        }
        for name in &door.asks {
            for value in queries {
                let answer = ask(&format!("{at}?{name}={value}"), "text/plain", b"");
                shape(&door, &answer, &format!("{name}={value}"));
                sent += 1;
            }
        }
        if door.path.contains("{id}") && door.method == "GET" {
            for id in ids {
                let path = door.path.replace("{id}", id);
                let with = Door {
                    path,
                    ..door.clone()
                };
                let answer = ask(&firm.address(&with), "text/plain", b"");
                shape(&door, &answer, id);
                assert!(
                    answer.status == 404 || answer.status == 400,
                    "{door:?} {id}: {}",
                    answer.status
                );
                sent += 1;
            }
        }
    }
    assert!(sent > 4_000, "{sent}");
    let log = firm.server.log();
    assert!(!log.contains("panicked"), "{log}");
    // It still works, and the letter is what it was.
    let letter = format!("{API}/documents/{}/download", firm.values["letter"]);
    let bytes = firm.server.call(Request::get(&letter).token(&firm.ann));
    let there = bytes.status == 200 && bytes.text().contains(SECRET);
    assert!(there, "{}", bytes.text());
}

#[test]
fn what_is_not_described_is_not_served() {
    let firm = Firm::new();
    let described: Vec<(String, String)> = doors()
        .iter()
        .map(|door| (door.method.clone(), door.path.clone()))
        .collect();
    for door in doors() {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if described.contains(&(method.to_owned(), door.path.clone())) {
                continue;
            }
            let other = Door {
                method: method.to_owned(),
                takes: None,
                ..door.clone()
            };
            let answer = firm.call(&other, Some(&firm.root));
            // An address with a value in the place of a word is another one.
            assert!(
                [404, 405, 400].contains(&answer.status),
                "{other:?}: {}",
                answer.status
            );
        }
    }
}
