//! What an administrator decides for everybody on a machine, and what a person
//! prefers.

mod mistakes;
mod proxy;
mod servers;
mod starting;
mod storing;

use chancery_testkit::home::Said;
use chancery_testkit::server::{ADMIN, API, PASSWORD, TestServer};
use chancery_testkit::{Answer, Request, TestHome};
use serde_json::Value;

const NOTHING_KEPT: &str = "[storage]\nrefresh_token = false\n";
const NO_OTHERS: &str = "[servers]\nothers = false\n";
const AT_START: &str = "[sign_in]\nwhen = \"at-start\"\n";

fn provides(server: &TestServer) -> String {
    format!(
        "[[server]]\nname = \"Work\"\naddress = \"{}\"\n",
        server.url()
    )
}

fn ask(home: &TestHome, request: Request<'_>) -> Answer {
    home.agent().call(request).expect("the agent answers")
}

fn list(home: &TestHome) -> Answer {
    ask(home, Request::get(&format!("{API}/workspaces")))
}

fn status(home: &TestHome) -> Value {
    home.chancery(&["status", "--json"]).json()
}

fn warning(home: &TestHome) -> String {
    let warnings = status(home)["warnings"].clone();
    warnings[0].as_str().unwrap_or_default().to_owned()
}

fn servers(home: &TestHome) -> Vec<Value> {
    let list = home.chancery(&["servers", "--json"]).json();
    list["servers"].as_array().cloned().unwrap_or_default()
}

/// Value and source of a setting.
fn setting(home: &TestHome, name: &str) -> (String, String) {
    let answer = ask(home, Request::get("/agent/v1/policy"))
        .expect(200)
        .json();
    let settings = answer["settings"].as_array().cloned().unwrap_or_default();
    let found = settings.iter().find(|one| one["name"] == name);
    let found = found.unwrap_or_else(|| panic!("no {name} in {answer}"));
    let text = |field: &str| found[field].as_str().unwrap_or_default().to_owned();
    (text("value"), text("from"))
}

/// Everything that was said, in one line: where a line ends depends on its width.
fn words(said: &Said) -> String {
    let all = format!("{} {}", said.out, said.err);
    all.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn sessions(server: &TestServer) -> f64 {
    server.metrics().sum("chancery_sessions", &[])
}

fn sign_in(home: &TestHome) -> Said {
    home.chancery_reading(
        &["sign-in", "--user", ADMIN, "--password-stdin"],
        &format!("{PASSWORD}\n"),
    )
}
