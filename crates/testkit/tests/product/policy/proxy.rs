//! The way to the servers.

use chancery_testkit::papers::Papers;
use chancery_testkit::web_proxy::{Manner, WebProxy};
use chancery_testkit::{Request, TestHome};
use serde_json::Value;

const NAME: &str = "work.example.test";
const SERVER: &str = "https://work.example.test:8443";

fn through(proxy: &WebProxy) -> String {
    format!("[proxy]\nuse = \"http://{}\"\n", proxy.address())
}

#[test]
fn the_policys_proxy_leads_to_a_server_that_nothing_else_leads_to() {
    let (papers, home) = (Papers::drawn_up_for(NAME), TestHome::without_keyring());
    let server = papers.server();
    let proxy = WebProxy::to(server.address(), Manner::Opens);
    let firm = papers.firm();
    let settings = [("SSL_CERT_FILE", firm.as_str())];
    let offline = |said: &str| {
        let error: Value = serde_json::from_str(said).expect("JSON");
        assert_eq!(error["error"]["code"], "CHANCERY_OFFLINE", "{said}");
    };
    offline(&home.connect_with(&settings, SERVER).err);
    // Noticed by the agent that runs.
    home.set_policy(&through(&proxy));
    let status = home.connect_with(&settings, SERVER).json();
    assert_eq!(status["state"], "connected", "{status}");
    let _ = home
        .agent()
        .call(Request::get("/api"))
        .expect("an answer")
        .expect(200);
    let heads = proxy.heads();
    assert!(!heads.is_empty());
    for head in &heads {
        assert_eq!(head[0], format!("CONNECT {NAME}:8443 HTTP/1.1"));
    }
    let said = home.chancery(&["doctor"]).done();
    assert!(said.contains("policy says"), "{said}");
    // Without it no connection from before is used any more.
    home.set_policy("[proxy]\nuse = \"system\"\n");
    assert_eq!(home.state(), "connected");
    let answer = home.agent().call(Request::get("/api")).expect("an answer");
    assert_eq!(answer.error_code(), "CHANCERY_OFFLINE");
}

#[test]
fn the_policy_can_forbid_the_proxy_that_the_environment_names() {
    let (papers, home) = (Papers::drawn_up_for(NAME), TestHome::without_keyring());
    let server = papers.server();
    let proxy = WebProxy::to(server.address(), Manner::Opens);
    let (firm, named) = (papers.firm(), format!("http://{}", proxy.address()));
    let settings = [("SSL_CERT_FILE", firm.as_str()), ("https_proxy", &named)];
    home.set_policy("[proxy]\nuse = \"none\"\n");
    assert_eq!(home.connect_with(&settings, SERVER).code, 4);
    assert!(proxy.heads().is_empty());
    home.set_policy("[proxy]\nuse = \"system\"\n");
    assert_eq!(
        home.connect_with(&settings, SERVER).json()["state"],
        "connected"
    );
    assert!(!proxy.heads().is_empty());
}

#[test]
fn this_machine_itself_is_never_reached_through_the_policys_proxy() {
    let (papers, home) = (Papers::drawn_up(), TestHome::without_keyring());
    let server = papers.server();
    let proxy = WebProxy::to(server.address(), Manner::Opens);
    home.set_policy(&through(&proxy));
    let here = format!("https://localhost:{}", server.address().port());
    let firm = papers.firm();
    let status = home.connect_with(&[("SSL_CERT_FILE", &firm)], &here).json();
    assert_eq!(status["state"], "connected", "{status}");
    assert!(proxy.heads().is_empty());
}

#[test]
fn a_proxy_of_the_policy_that_is_away_is_named_as_the_administrators() {
    let (papers, home) = (Papers::drawn_up_for(NAME), TestHome::without_keyring());
    let firm = papers.firm();
    let settings = [("SSL_CERT_FILE", firm.as_str())];
    // Nothing listens at port 9 of this machine.
    home.set_policy("[proxy]\nuse = \"http://127.0.0.1:9\"\n");
    let said = home.connect_with(&settings, SERVER).err;
    for words in [
        "The proxy http://127.0.0.1:9, which your administrator's policy names,",
        "tell your administrator",
    ] {
        assert!(said.contains(words), "{said}");
    }
}
