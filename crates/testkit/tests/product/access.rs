//! Who may see and do what, over the Work API and on the command line.

use crate::sessions::administrator;
use chancery_testkit::server::{API, TestServer, Upload};
use chancery_testkit::{Answer, Request};
use serde_json::{Value, json};

const C: &str = "/api/v2/customers/1";

/// Signs a person in.
fn signed_in(server: &TestServer, user: &str, password: &str) -> String {
    let body = json!({"user_id": user, "password": password, "application_name": "tests"});
    let login = Request::new("PUT", "/api/v1/session/login").json(&body);
    let answer = server.call(login).expect(200).json();
    answer["X-Auth-Token"].as_str().expect("a token").to_owned()
}

/// Adds a person and signs them in.
fn person(server: &TestServer, id: &str) -> String {
    let password = server.add_person(id);
    signed_in(server, id, &password)
}

fn get(server: &TestServer, token: &str, path: &str) -> Answer {
    server.call(Request::get(path).token(token))
}

fn send(server: &TestServer, token: &str, method: &str, path: &str, body: &Value) -> Answer {
    server.call(Request::new(method, path).token(token).json(body))
}

fn document(server: &TestServer, token: &str, folder: &str) -> String {
    let upload = Upload::named("Letter", "txt");
    let (body, length) = upload.around(&b"Dear Ms Example"[..], 15);
    let path = format!("{API}/folders/{folder}/documents");
    let call = Request::new("POST", &path).token(token);
    let filed = server.call(call.stream(Upload::CONTENT_TYPE, body, length));
    let filed = filed.expect(201).json();
    filed["data"]["id"].as_str().expect("an id").to_owned()
}

/// How often the document is in a list that was asked for.
fn listed(server: &TestServer, token: &str) -> u64 {
    let listed = get(server, token, &format!("{API}/documents?total=true"));
    let listed = listed.expect(200).json();
    let count = listed["total_count"].as_u64().expect("a count");
    let items = listed["data"]["results"].as_array().map(Vec::len);
    assert_eq!(items, usize::try_from(count).ok(), "{listed}");
    count
}

#[test]
fn entries_for_people_and_groups_open_and_close_a_workspace_and_all_that_inherits() {
    let server = TestServer::start();
    let (root, ann, bob) = (
        administrator(&server),
        person(&server, "Ann"),
        person(&server, "Bob"),
    );
    let workspace = server.workspace(&ann, "Matter");
    let folder = server.folder(&ann, &workspace, "Letters");
    let letter = document(&server, &ann, &folder);
    assert_eq!(listed(&server, &bob), 1);
    let security = format!("{API}/workspaces/{workspace}/security");
    let private = json!({"default_security": "private"});
    let _ = send(&server, &ann, "POST", &security, &private).expect(200);
    assert_eq!((listed(&server, &bob), listed(&server, &ann)), (0, 1));
    let profile = format!("{API}/documents/{letter}");
    assert_eq!(get(&server, &bob, &profile).status, 404);

    // A group, as a client of the contract makes it.
    let groups = format!("{API}/groups");
    let new = json!({"id": "Litigation", "full_name": "Litigation", "enabled": true});
    assert_eq!(send(&server, &ann, "POST", &groups, &new).status, 403);
    let made = send(&server, &root, "POST", &groups, &new)
        .expect(201)
        .json();
    assert_eq!(made["data"]["group_id"], "Litigation");
    let members = format!("{groups}/litigation/members");
    let put = json!({"members": ["BOB"]});
    let _ = send(&server, &root, "PUT", &members, &put).expect(200);
    let in_it = get(&server, &ann, &members).expect(200).json();
    assert_eq!(in_it["data"][0]["id"], "Bob");

    let include =
        json!({"include": [{"id": "litigation", "type": "group", "access_level": "read"}]});
    let _ = send(&server, &ann, "POST", &security, &include).expect(200);
    assert_eq!(listed(&server, &bob), 1);
    let seen = get(&server, &bob, &profile).expect(200).json();
    assert_eq!(seen["data"]["access"], 1);
    let patch = json!({"comment": "mine"});
    assert_eq!(send(&server, &bob, "PATCH", &profile, &patch).status, 403);

    // The list of who has access, at the folder that inherits it.
    let inherited = get(&server, &bob, &format!("{API}/folders/{folder}/security"));
    let inherited = inherited.expect(200).json();
    assert_eq!(inherited["default_security"], "inherit");
    assert_eq!(inherited["inherited_default_security"], "private");
    let entry = &inherited["data"][0];
    let told = (
        &entry["id"],
        &entry["type"],
        &entry["access_level"],
        &entry["access"],
    );
    assert_eq!(
        told,
        (
            &json!("Litigation"),
            &json!("group"),
            &json!("read"),
            &json!(1)
        )
    );
    assert_eq!(entry["is_inherited"], true);

    // An entry of one's own outweighs the group's, for better and for worse.
    let on_letter = format!("{API}/documents/{letter}/security");
    for (level, status) in [("read_write", 200), ("no_access", 404)] {
        let include = json!({"include": [{"id": "bob", "type": "user", "access_level": level}]});
        let _ = send(&server, &ann, "POST", &on_letter, &include).expect(200);
        let tried = send(&server, &bob, "PATCH", &profile, &patch);
        assert_eq!(tried.status, status, "{level}: {}", tried.text());
    }
    assert_eq!(listed(&server, &bob), 0);
    let why = get(
        &server,
        &ann,
        &format!("{API}/documents/{letter}/users/Bob/security"),
    );
    let why = why.expect(200).json();
    assert_eq!(why["data"]["access_level"], "no_access", "{why}");
    assert_eq!(
        why["data"]["explanation"],
        "They have an entry of their own."
    );
    let remove = json!({"remove": [{"id": "bob", "type": "user"}]});
    let _ = send(&server, &ann, "POST", &on_letter, &remove).expect(200);
    let twice = send(&server, &ann, "POST", &on_letter, &remove).expect(400);
    assert!(
        twice.text().contains("no entry of its own"),
        "{}",
        twice.text()
    );
    let why = get(
        &server,
        &bob,
        &format!("{API}/documents/{letter}/users/bob/security"),
    );
    let why = why.expect(200).json();
    let sentence = "They are in the group “litigation”, which has an entry.";
    assert_eq!(why["data"]["explanation"], sentence);
    // Who changed it is on the record.
    let audit = get(&server, &root, &format!("{C}/audit?limit=50"))
        .expect(200)
        .json();
    let changed = format!("security changed of {workspace}");
    let lines = audit["data"].as_array().expect("a list");
    let lines: Vec<_> = lines
        .iter()
        .filter(|line| line["activity"] == *changed)
        .collect();
    assert_eq!(lines.len(), 2, "{audit}");
    assert_eq!(
        (&lines[0]["user"], &lines[0]["address"]),
        (&json!("ann"), &json!("127.0.0.1"))
    );
    // Whoever may not say who else has access is not told of others' either.
    let others = get(
        &server,
        &bob,
        &format!("{API}/documents/{letter}/users/ann/security"),
    );
    assert_eq!(others.status, 403);
}

#[test]
fn a_wall_stops_everybody_who_is_not_inside_administrators_too() {
    let server = TestServer::start();
    let (root, ann) = (administrator(&server), person(&server, "Ann"));
    let workspace = server.workspace(&ann, "Merger");
    let folder = server.folder(&ann, &workspace, "Letters");
    let letter = document(&server, &ann, &folder);
    let profile = format!("{API}/documents/{letter}");
    let walls = format!("{C}/walls");
    assert_eq!(get(&server, &ann, &walls).status, 403);
    let _ = send(
        &server,
        &root,
        "POST",
        &walls,
        &json!({"name": "Project Blue"}),
    )
    .expect(201);
    let wall = format!("{walls}/project%20blue");
    let change = json!({"enclose": [workspace]});
    let built = send(&server, &root, "PATCH", &wall, &change)
        .expect(200)
        .json();
    assert_eq!(built["data"]["workspaces"], json!([workspace]));
    for (token, who) in [(&root, "the administrator"), (&ann, "the owner")] {
        assert_eq!(get(&server, token, &profile).status, 404, "{who}");
        assert_eq!(listed(&server, token), 0, "{who}");
        let folders = get(&server, token, &format!("{API}/folders?total=true"));
        assert_eq!(folders.expect(200).json()["total_count"], 0, "{who}");
    }
    let admit = json!({"admit": [{"id": "ann", "type": "user"}]});
    let _ = send(&server, &root, "PATCH", &wall, &admit).expect(200);
    assert_eq!((listed(&server, &ann), listed(&server, &root)), (1, 0));
    let nobody = json!({"admit": [{"id": "nobody", "type": "user"}], "free": [workspace]});
    let refused = send(&server, &root, "PATCH", &wall, &nobody).expect(400);
    assert!(
        refused.text().contains("there is no user"),
        "{}",
        refused.text()
    );
    assert_eq!(listed(&server, &root), 0, "nothing was done");
    // The command line names what is there, and takes it down.
    let said = server.command(&["wall", "list"]);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("Project Blue  ann"), "{said}");
    assert!(said.contains(&workspace), "{said}");
    assert!(
        server
            .command(&["wall", "remove", "project blue"])
            .status
            .success()
    );
    assert_eq!(listed(&server, &root), 1);
    let audit = get(&server, &root, &format!("{C}/audit?limit=20"))
        .expect(200)
        .text();
    for line in [
        "wall added: Project Blue",
        "wall changed: Project Blue",
        "wall removed: project blue",
    ] {
        assert!(audit.contains(line), "{line}: {audit}");
    }
}

#[test]
fn people_and_groups_are_looked_up_and_whoever_is_from_outside_sees_no_one() {
    let server = TestServer::start();
    let (root, ann) = (administrator(&server), person(&server, "Ann"));
    let new = json!({"id": "Eve", "full_name": "Eve Outside", "password": "seven lamps in the rain", "is_external": true});
    assert_eq!(
        send(&server, &ann, "POST", &format!("{C}/users"), &new).status,
        403
    );
    let made = send(&server, &root, "POST", &format!("{C}/users"), &new)
        .expect(201)
        .json();
    assert_eq!(made["data"]["is_external"], true);
    assert!(made["data"].get("password").is_none());
    let eve = signed_in(&server, "eve", "seven lamps in the rain");
    let count = |token: &str, path: &str| {
        let listed = get(&server, token, path).expect(200).json();
        listed["data"].as_array().map(Vec::len)
    };
    assert_eq!(count(&ann, &format!("{C}/users")), Some(3));
    assert_eq!(count(&ann, &format!("{API}/users?query=outside")), Some(1));
    assert_eq!(
        count(&ann, &format!("{API}/users?alias=a*&limit=1&total=true")),
        Some(1)
    );
    assert_eq!(count(&eve, &format!("{C}/users")), Some(1));
    assert_eq!(get(&server, &eve, &format!("{C}/users/ann")).status, 404);
    let added = server.command(&["group", "add", "Clients", "--external"]);
    assert!(added.status.success());
    let changed = server.command(&["group", "change", "clients", "--add", "eve", "--add", "ann"]);
    let said = String::from_utf8_lossy(&changed.stdout).into_owned();
    assert_eq!(said, "Changed clients. 2 people are in it.\n");
    assert_eq!(count(&eve, &format!("{C}/groups")), Some(1));
    assert_eq!(
        count(&eve, &format!("{API}/groups/clients/members")),
        Some(1)
    );
    assert_eq!(
        count(&ann, &format!("{API}/groups/clients/members")),
        Some(2)
    );
    assert_eq!(count(&ann, &format!("{C}/users/eve/groups")), Some(1));
    // Nobody is made an administrator, or locks themselves out, by themselves.
    let user = format!("{C}/users/Ann");
    assert_eq!(
        send(&server, &ann, "PATCH", &user, &json!({"is_admin": true})).status,
        403
    );
    let _ = send(
        &server,
        &ann,
        "PATCH",
        &user,
        &json!({"preferred_library": "ACTIVE"}),
    )
    .expect(200);
    let own = format!("{C}/users/admin");
    for body in [json!({"enabled": false}), json!({"is_admin": false})] {
        let refused = send(&server, &root, "PATCH", &own, &body).expect(400);
        assert!(
            refused.text().contains("locks themselves out"),
            "{}",
            refused.text()
        );
    }
    let disabled = send(
        &server,
        &root,
        "PATCH",
        &user,
        &json!({"allow_logon": false}),
    );
    assert_eq!(disabled.expect(200).json()["data"]["enabled"], false);
    assert_eq!(get(&server, &ann, &format!("{C}/users")).status, 401);
}

#[test]
fn what_somebody_may_do_with_a_workspace_or_folder_is_what_the_server_lets_them_do() {
    let server = TestServer::start();
    let (ann, bob) = (person(&server, "Ann"), person(&server, "Bob"));
    let workspace = server.workspace(&ann, "Matter");
    let folder = server.folder(&ann, &workspace, "Letters");
    let may = |token: &str, place: &str, name: &str| {
        let operations = get(&server, token, &format!("{API}/{place}/operations"));
        operations.expect(200).json()["data"][name].clone()
    };
    let (matter, letters) = (
        format!("workspaces/{workspace}"),
        format!("folders/{folder}"),
    );
    assert_eq!(may(&ann, &matter, "set_security"), true);
    assert_eq!(may(&ann, &matter, "add_content"), false);
    assert_eq!(may(&ann, &letters, "add_content"), true);
    assert_eq!(may(&ann, &matter, "remove"), false, "something is in it");
    assert_eq!(may(&ann, &letters, "remove"), true);
    let values = may(&ann, &letters, "default_security_values");
    assert_eq!(values.as_array().map(Vec::len), Some(4));
    let include = json!({"default_security": "private",
        "include": [{"id": "bob", "type": "user", "access_level": "read_write"}]});
    let security = format!("{API}/{matter}/security");
    let _ = send(&server, &ann, "POST", &security, &include).expect(200);
    // What is told holds: yes where it works, no where it is refused.
    let renamed = json!({"name": "Renamed"});
    for (token, expected) in [(&bob, 403), (&ann, 200)] {
        assert_eq!(may(token, &matter, "modify"), true);
        let changed = send(
            &server,
            token,
            "PATCH",
            &format!("{API}/{matter}"),
            &renamed,
        );
        assert_eq!(changed.status, 200);
        assert_eq!(may(token, &matter, "set_security"), expected == 200);
        let view = json!({"default_security": "view"});
        assert_eq!(
            send(&server, token, "POST", &security, &view).status,
            expected
        );
        assert_eq!(may(token, &letters, "remove"), expected == 200);
        let gone = Request::new("DELETE", &format!("{API}/{letters}")).token(token);
        assert_eq!(server.call(gone).status, expected);
    }
    // One address for both kinds.
    let either = get(&server, &bob, &format!("{API}/containers/{workspace}"));
    assert_eq!(either.expect(200).json()["data"]["name"], "Renamed");
}

#[test]
fn whoever_uploads_says_who_else_may_see_it_and_later_only_owners_do() {
    let server = TestServer::start();
    let [ann, bob, carol] = ["Ann", "Bob", "Carol"].map(|id| person(&server, id));
    let root = administrator(&server);
    let group = json!({"id": "Litigation", "full_name": "Litigation"});
    let _ = send(&server, &root, "POST", &format!("{API}/groups"), &group).expect(201);
    let workspace = server.workspace(&ann, "Matter");
    let folder = server.folder(&ann, &workspace, "Letters");
    let upload = |token: &str, path: &str, whole: &Value| {
        let upload = Upload::new(whole);
        let (body, length) = upload.around(&b"text"[..], 4);
        let call = Request::new("POST", path).token(token);
        server.call(call.stream(Upload::CONTENT_TYPE, body, length))
    };
    let path = format!("{API}/folders/{folder}/documents");
    let with = |user: Value, group: Value| {
        let profile = json!({"name": "Letter", "extension": "txt", "default_security": "private"});
        json!({"doc_profile": profile, "user_trustees": user, "group_trustees": group})
    };
    for (users, groups, field) in [
        (json!("Bob"), json!([]), "user_trustees"),
        (
            json!([{"access_level": "read"}]),
            json!([]),
            "user_trustees",
        ),
        (json!([{"id": "Bob"}]), json!([]), "access_level"),
        (
            json!([{"id": "Nobody", "access_level": "read"}]),
            json!([]),
            "include",
        ),
        (
            json!([]),
            json!([{"id": "Bob", "access_level": "read"}]),
            "include",
        ),
        (
            json!([]),
            json!([{"id": "Litigation", "access_level": "owner"}]),
            "access_level",
        ),
    ] {
        let refused = upload(&ann, &path, &with(users, groups)).expect(400).json();
        assert_eq!(refused["error"]["messages"][0]["field"], field);
    }
    assert_eq!(listed(&server, &ann), 0);
    let whole = with(
        json!([{"id": "bob", "access_level": "read_write"}]),
        json!([{"id": "litigation", "access_level": "read"}]),
    );
    let letter = upload(&ann, &path, &whole).expect(201).json();
    let letter = letter["data"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(
        [&ann, &bob, &carol].map(|token| listed(&server, token)),
        [1, 1, 0]
    );
    let members = format!("{API}/groups/litigation/members");
    let _ = send(
        &server,
        &root,
        "PUT",
        &members,
        &json!({"members": ["Carol"]}),
    )
    .expect(200);
    assert_eq!(listed(&server, &carol), 1);
    // Who may write but does not own it adds versions, and nobody to its readers.
    let versions = format!("{API}/documents/{letter}/versions");
    let more = json!({"user_trustees": [{"id": "carol", "access_level": "full_access"}]});
    let _ = upload(&bob, &versions, &more).expect(403);
    let second = upload(&bob, &versions, &json!({})).expect(201).json();
    let second = second["data"]["id"].as_str().expect("an id").to_owned();
    let security = format!("{API}/documents/{second}/security");
    let entries = get(&server, &carol, &security).expect(200).json();
    assert_eq!(entries["total_count"], 2, "{entries}");
    let third = upload(&ann, &versions, &more).expect(201).json();
    let third = third["data"]["id"].as_str().expect("an id");
    let entries = get(&server, &ann, &format!("{API}/documents/{third}/security"));
    assert_eq!(entries.expect(200).json()["total_count"], 3);
}

#[test]
fn a_legal_hold_keeps_a_document_in_the_trash_from_api_and_command_alike() {
    let server = TestServer::start();
    let (root, ann) = (administrator(&server), person(&server, "Ann"));
    let workspace = server.workspace(&ann, "Smith");
    let folder = server.folder(&ann, &workspace, "Letters");
    let letter = document(&server, &ann, &folder);
    let holds = format!("{C}/holds");
    assert_eq!(get(&server, &ann, &holds).status, 403);
    let new = json!({"name": "Smith v. Jones", "reason": "Letter of 3 March"});
    let _ = send(&server, &root, "POST", &holds, &new).expect(201);
    let _ = send(&server, &root, "POST", &holds, &new).expect(409);
    let hold = format!("{holds}/smith%20v.%20jones");
    let change = json!({"enclose": [workspace]});
    let changed = send(&server, &root, "PATCH", &hold, &change)
        .expect(200)
        .json();
    assert_eq!(changed["data"]["items"], json!([workspace]));
    assert_eq!(changed["data"]["reason"], "Letter of 3 March");
    for wrong in [json!(["Smith"]), json!([7]), json!("ACTIVE!1")] {
        let change = json!({"enclose": wrong});
        let refused = send(&server, &root, "PATCH", &hold, &change).expect(400);
        assert!(refused.text().contains("enclose"), "{}", refused.text());
    }
    // Of a document any version is the document.
    let (document, _) = letter.split_once('.').expect("a version");
    for (what, items) in [
        ("enclose", json!([workspace, document])),
        ("free", json!([workspace])),
    ] {
        let changed = send(&server, &root, "PATCH", &hold, &json!({what: [letter]}));
        assert_eq!(changed.expect(200).json()["data"]["items"], items, "{what}");
    }
    let delete = |token: &str, path: &str| {
        server.call(Request::new("DELETE", &format!("{API}/{path}/{letter}")).token(token))
    };
    // Its author deletes it as ever.
    let _ = delete(&ann, "documents").expect(200);
    let refused = delete(&root, "trash-bin/documents").expect(409).text();
    assert!(refused.contains("legal hold “Smith v. Jones”"), "{refused}");
    let purge = || server.command(&["document", "purge", &letter, "--for-good"]);
    let refused = purge();
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("legal hold “Smith v. Jones”"), "{said}");
    let listed = server.command(&["hold", "list"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    for word in ["Smith v. Jones", "Letter of 3 March", &workspace] {
        assert!(listed.contains(word), "{listed}");
    }
    let lifted = server.command(&["hold", "lift", "smith v. jones"]);
    assert!(lifted.status.success());
    assert!(purge().status.success());
    let none = server.command(&["hold", "lift", "smith v. jones"]);
    let said = String::from_utf8_lossy(&none.stderr).into_owned();
    assert!(said.contains("chancery-server hold list"), "{said}");
    let audit = get(&server, &root, &format!("{C}/audit?limit=20"))
        .expect(200)
        .text();
    for line in [
        "hold added: Smith v. Jones",
        "hold changed: Smith v. Jones",
        "hold lifted:",
    ] {
        assert!(audit.contains(line), "{line}: {audit}");
    }
}
