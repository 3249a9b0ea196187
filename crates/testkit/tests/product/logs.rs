//! Who did what: streamed out, and looked at for what was changed since.

use crate::sessions::administrator;
use chancery_testkit::Request;
use chancery_testkit::server::TestServer;
use serde_json::{Value, json};

const AUDIT: &str = "/api/v2/customers/1/audit";

fn said(server: &TestServer, words: &[&str]) -> (bool, String) {
    let output = server.command(words);
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

#[test]
fn the_logs_are_streamed_out_and_whoever_keeps_them_sees_what_was_changed() {
    let server = TestServer::start();
    let root = administrator(&server);
    let token = server.sign_in();
    let workspace = server.workspace(&token, "Matter");
    let _ = server.folder(&token, &workspace, "Letters");
    let _ = server.add_person("ann");
    for words in [
        ["user", "disable", "ann"],
        ["user", "enable", "ann"],
        ["library", "add", "SECOND"],
    ] {
        assert!(said(&server, &words).0);
    }
    // Whatever commands do is in it.
    let (_, exported) = said(&server, &["audit", "export"]);
    let lines: Vec<Value> = exported
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    for activity in [
        "library added: ACTIVE",
        "user added: admin",
        "user added: ann",
        "user disabled: ann",
        "user enabled: ann",
        "library added: SECOND",
        "sign-in",
    ] {
        let found = lines.iter().any(|line| line["activity"] == activity);
        assert!(found, "{activity}: {exported}");
    }
    // The same by the API, a page at a time.
    let ask = |query: &str| server.call(Request::get(&format!("{AUDIT}{query}")).token(&root));
    let mut after = 0;
    let mut paged = Vec::new();
    loop {
        let page = ask(&format!("?after={after}&limit=3")).expect(200).json();
        let page = page["data"].as_array().expect("a list").clone();
        let Some(last) = page.last() else { break };
        after = last["id"].as_i64().expect("an id");
        paged.extend(page);
    }
    assert_eq!(paged[..lines.len()], lines);
    let history = ask("?after=0&log=history").expect(200).json();
    assert_eq!(history["data"], json!([]));
    for query in ["?after=x", "?after=0&log=all", "?after=0&limit=0"] {
        let _ = ask(query).expect(400);
    }
    let _ = server
        .call(Request::get(&format!("{AUDIT}?after=0")).token(&token))
        .expect(403);
    // Looked through while the server runs.
    let (is_well, told) = said(&server, &["audit", "verify"]);
    assert!(
        is_well && told.contains("Every line has the mark"),
        "{told}"
    );
    let kept = server.directory().join("kept.jsonl");
    std::fs::write(&kept, &exported).expect("written");
    let kept = kept.to_str().expect("a path");
    assert!(said(&server, &["audit", "verify", "--against", kept]).0);
    // A line that never was.
    let mut foreign = lines[2].clone();
    foreign["user"] = json!("somebody");
    let forged = server.directory().join("forged.jsonl");
    std::fs::write(&forged, format!("{foreign}\n")).expect("written");
    let (is_well, told) = said(
        &server,
        &[
            "audit",
            "verify",
            "--against",
            forged.to_str().expect("a path"),
        ],
    );
    assert!(
        !is_well && told.contains("is not what was exported"),
        "{told}"
    );
    foreign["id"] = json!(100_000);
    std::fs::write(&forged, format!("{foreign}\n")).expect("written");
    let (is_well, told) = said(
        &server,
        &[
            "audit",
            "verify",
            "--against",
            forged.to_str().expect("a path"),
        ],
    );
    assert!(
        !is_well && told.contains("are gone: 1 of them, the first is 100000"),
        "{told}"
    );
    std::fs::write(&forged, "nonsense\n").expect("written");
    let (is_well, told) = said(
        &server,
        &[
            "audit",
            "verify",
            "--against",
            forged.to_str().expect("a path"),
        ],
    );
    assert!(!is_well && told.contains("Line 1 of"), "{told}");
}
