//! The system's proxy settings hold, and a proxy in the way is named.

use chancery_testkit::papers::Papers;
use chancery_testkit::server::API;
use chancery_testkit::web_proxy::{Manner, WebProxy};
use chancery_testkit::{Pattern, Request, TestHome};
use serde_json::{Value, json};

const SERVER: &str = "https://work.example.test";

fn error(err: &str) -> (String, String) {
    let error: Value = serde_json::from_str(err).expect("JSON");
    let text = |name: &str| error["error"][name].as_str().unwrap_or_default().to_owned();
    (text("code"), text("message"))
}

#[test]
fn everything_to_a_server_passes_the_proxy_that_the_settings_name() {
    let (papers, home) = (
        Papers::drawn_up_for("work.example.test"),
        TestHome::without_keyring(),
    );
    let server = papers.server();
    // “ann” and “a word” as RFC 7617 writes them.
    let proxy = WebProxy::to(
        server.address(),
        Manner::AsksFor("Basic YW5uOmEgd29yZA==".to_owned()),
    );
    let named = format!("http://ann:a%20word@{}", proxy.address());
    let settings = [
        ("SSL_CERT_FILE", papers.firm()),
        ("https_proxy", named),
        ("no_proxy", "intranet.example.test".to_owned()),
    ];
    let settings = settings
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let status = home.connect_with(&settings, SERVER).json();
    assert_eq!(status["state"], "connected");
    let listed = home.agent().call(Request::get("/api")).expect("an answer");
    let _ = listed.expect(200);
    let heads = proxy.heads();
    assert!(!heads.is_empty());
    for head in &heads {
        assert_eq!(head[0], "CONNECT work.example.test:443 HTTP/1.1");
    }
    // The password is the proxy's and goes nowhere else.
    assert!(!home.agent_log().contains("a word"));
    assert!(!home.agent_log().contains("YW5uOmEgd29yZA"));
}

#[test]
fn a_server_on_this_machine_and_one_that_is_left_out_never_pass_a_proxy() {
    let (papers, home) = (Papers::drawn_up(), TestHome::without_keyring());
    let server = papers.server();
    let proxy = WebProxy::to(server.address(), Manner::Opens);
    let named = format!("http://{}", proxy.address());
    let settings = [
        ("SSL_CERT_FILE", papers.firm()),
        ("https_proxy", named.clone()),
        ("http_proxy", named.clone()),
        ("all_proxy", named),
        ("no_proxy", "example.test".to_owned()),
    ];
    let settings = settings
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let here = format!("https://localhost:{}", server.address().port());
    assert_eq!(
        home.connect_with(&settings, &here).json()["state"],
        "connected"
    );
    // The name leads nowhere, and the proxy that would know it is not asked.
    let said = home.connect_with(&settings, SERVER);
    assert_eq!(error(&said.err).0, "CHANCERY_OFFLINE", "{}", said.err);
    assert_eq!(proxy.heads(), Vec::<Vec<String>>::new());
}

#[test]
fn a_proxy_that_opens_no_way_is_named_with_what_to_do() {
    let (papers, home) = (
        Papers::drawn_up_for("work.example.test"),
        TestHome::without_keyring(),
    );
    let server = papers.server();
    let proxy = WebProxy::to(server.address(), Manner::HangsUp);
    let (place, firm) = (proxy.address(), papers.firm());
    let named = format!("http://ann:secretword@{place}");
    let settings = [("SSL_CERT_FILE", firm.as_str()), ("https_proxy", &named)];
    for (manner, sentence) in [
        (
            Manner::AsksFor("Basic other".to_owned()),
            format!(
                "The proxy http://{place} asks for a user and a password before it lets anything through to work.example.test. Put them into its address in the proxy settings, or ask your administrator."
            ),
        ),
        (
            Manner::Answers("403 Forbidden".to_owned()),
            format!(
                "The proxy http://{place} does not open the way to work.example.test: it answers 403 Forbidden. Ask your administrator to let it through, or to leave work.example.test out of the proxy."
            ),
        ),
        (
            Manner::HangsUp,
            format!(
                "The proxy http://{place} broke off before the way to work.example.test was open"
            ),
        ),
        (
            Manner::Answers("nonsense".to_owned()),
            format!(
                "The proxy http://{place} broke off before the way to work.example.test was open"
            ),
        ),
        (
            Manner::Waits,
            format!(
                "The proxy http://{place} did not open the way to work.example.test within 10 seconds. Try again; if it stays so, check the proxy settings."
            ),
        ),
    ] {
        proxy.set(manner);
        let said = home.connect_with(&settings, SERVER);
        let (code, told) = error(&said.err);
        assert_eq!(code, "CHANCERY_OFFLINE", "{told}");
        assert!(told.starts_with(&sentence), "{told}");
        assert!(!told.contains("secretword"), "{told}");
    }
    assert!(!home.agent_log().contains("secretword"));
    home.kill_agent();

    drop(proxy);
    for (named, sentence) in [
        (
            named.as_str(),
            format!("The proxy http://{place}, which this system's settings name, cannot be reached"),
        ),
        (
            "socks5://ann:secretword@127.0.0.1:1",
            "The proxy settings name socks5://127.0.0.1:1, and only proxies that are spoken to by http or https can be used.".to_owned(),
        ),
    ] {
        let settings = [("SSL_CERT_FILE", firm.as_str()), ("https_proxy", named)];
        let said = home.connect_with(&settings, SERVER);
        let (code, told) = error(&said.err);
        assert_eq!(code, "CHANCERY_OFFLINE", "{told}");
        assert!(told.starts_with(&sentence), "{told}");
        assert!(!told.contains("secretword"), "{told}");
        home.kill_agent();
    }
}

/// The proxy itself may be spoken to with encryption: a tunnel inside another.
#[test]
fn an_encrypted_proxy_is_verified_like_a_server() {
    let (papers, home) = (
        Papers::drawn_up_for("localhost"),
        TestHome::without_keyring(),
    );
    let server = papers.server();
    // Something that speaks TLS there, and is no proxy.
    let named = format!("https://localhost:{}", server.address().port());
    let firm = papers.firm();
    let settings = [("SSL_CERT_FILE", firm.as_str()), ("https_proxy", &named)];
    let told = error(&home.connect_with(&settings, SERVER).err).1;
    let refused =
        format!("The proxy {named} does not open the way to work.example.test: it answers");
    assert!(told.starts_with(&refused), "{told}");
    home.kill_agent();

    let others = Papers::drawn_up().firm();
    let settings = [("SSL_CERT_FILE", others.as_str()), ("https_proxy", &named)];
    let (code, told) = error(&home.connect_with(&settings, SERVER).err);
    assert_eq!(code, "CHANCERY_OFFLINE");
    let unknown =
        format!("The proxy {named}, which this system's settings name, cannot be reached");
    assert!(
        told.starts_with(&unknown) && told.contains("certificate"),
        "{told}"
    );
}

/// A transfer of some size, both ways.
#[test]
fn a_document_passes_the_proxy_unchanged() {
    let (papers, home) = (
        Papers::drawn_up_for("work.example.test"),
        TestHome::without_keyring(),
    );
    let server = papers.server();
    let proxy = WebProxy::to(server.address(), Manner::Opens);
    let (named, firm) = (format!("http://{}", proxy.address()), papers.firm());
    let settings = [("SSL_CERT_FILE", firm.as_str()), ("https_proxy", &named)];
    let _ = home.connect_with(&settings, SERVER).done();
    let made = |path: &str, name: &str, security: &str| {
        let body = json!({"name": name, "default_security": security}).to_string();
        let made = home
            .chancery(&["api", "POST", path, "--data", &body])
            .json();
        made["data"]["id"].as_str().expect("an id").to_owned()
    };
    let workspace = made(&format!("{API}/workspaces"), "Matter", "private");
    let folder = made(
        &format!("{API}/workspaces/{workspace}/folders"),
        "In",
        "inherit",
    );
    let (sent, back) = (home.path().join("sent.bin"), home.path().join("back.bin"));
    let bytes = Pattern::bytes(7, 5_000_000);
    std::fs::write(&sent, &bytes).expect("written");
    let sent = sent.to_str().expect("UTF-8");
    let put = home
        .chancery(&["put", sent, "--folder", &folder, "--json"])
        .json();
    let put = if put.is_array() { put[0].clone() } else { put };
    let document = put["id"].as_str().expect("an id");
    let target = back.to_str().expect("UTF-8");
    let _ = home.chancery(&["get", document, "--output", target]).done();
    assert!(std::fs::read(&back).expect("it is there") == bytes);
    // One way for all calls: it is kept open and used again.
    assert!(proxy.heads().len() < 10, "{}", proxy.heads().len());
}
