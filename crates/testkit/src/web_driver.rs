//! A real browser (Chromium), driven as a person would: by WebDriver
//! (W3C WebDriver, level 1) and Chromium's own additions to it.

use crate::http::{Request, Target};
use crate::waiting::PATIENCE;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use tempfile::TempDir;

/// What an element is called in answers.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with a profile of its own. Ends with its value.
#[derive(Debug)]
pub struct WebDriver {
    driver: Child,
    target: Target,
    session: String,
    _profile: TempDir,
}

impl WebDriver {
    /// Starts a browser of that size.
    ///
    /// # Panics
    /// When chromedriver or Chromium is not there.
    #[must_use]
    pub fn start(width: u32, height: u32) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver can be run; it comes with the package chromium-driver");
        let stdout = driver.stdout.take().expect("a pipe");
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some((_, port)) = line.split_once("successfully on port ") {
                    let _ = tell.send(port.trim_end_matches('.').parse::<u16>());
                }
            }
        });
        let port = told.recv_timeout(PATIENCE).ok().and_then(Result::ok);
        let Some(port) = port else {
            let _ = driver.kill();
            panic!("chromedriver did not say where it listens");
        };
        let profile = TempDir::with_prefix("chancery-browser-").expect("a directory");
        let mut browser = Self {
            driver,
            target: Target::Tcp(SocketAddr::from(([127, 0, 0, 1], port))),
            session: String::new(),
            _profile: profile,
        };
        let options = json!({
            "binary": "/usr/bin/chromium",
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                format!("--window-size={width},{height}"),
                format!("--user-data-dir={}", browser._profile.path().display()),
            ],
        });
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}});
        let begun = browser.call("POST", "/session", &wanted);
        browser.session = begun["sessionId"].as_str().expect("a session").to_owned();
        // What is looked for may be on a page that is still on its way.
        let patience = u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX);
        browser.post("timeouts", &json!({"implicit": patience}));
        browser
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let mut request = Request::new(method, path);
        if method == "POST" {
            request = request.json(body);
        }
        let answer = self.target.call(request).expect("chromedriver answers");
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text());
        answer.json()["value"].clone()
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.call("POST", &format!("/session/{}/{path}", self.session), body)
    }

    fn get(&self, path: &str) -> Value {
        let path = format!("/session/{}/{path}", self.session);
        self.call("GET", &path, &Value::Null)
    }

    /// Goes to an address and waits until the page is there.
    pub fn go(&self, address: &str) {
        self.post("url", &json!({"url": address}));
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> String {
        self.get("url").as_str().expect("an address").to_owned()
    }

    /// The page's title.
    #[must_use]
    pub fn title(&self) -> String {
        self.get("title").as_str().expect("a title").to_owned()
    }

    fn element(&self, selector: &str) -> String {
        let found = self.post(
            "element",
            &json!({"using": "css selector", "value": selector}),
        );
        found[ELEMENT].as_str().expect("an element").to_owned()
    }

    /// The text that a person sees of an element.
    #[must_use]
    pub fn text(&self, selector: &str) -> String {
        let element = self.element(selector);
        let text = self.get(&format!("element/{element}/text"));
        text.as_str().expect("a text").to_owned()
    }

    /// What a screen reader calls the element, and as what.
    #[must_use]
    pub fn label(&self, selector: &str) -> (String, String) {
        let element = self.element(selector);
        let said = |what: &str| {
            let value = self.get(&format!("element/{element}/{what}"));
            value.as_str().expect("a text").to_owned()
        };
        (said("computedrole"), said("computedlabel"))
    }

    /// Types into an element, on top of what stands there.
    pub fn type_into(&self, selector: &str, text: &str) {
        let element = self.element(selector);
        self.post(&format!("element/{element}/value"), &json!({"text": text}));
    }

    /// Types where the keyboard is.
    pub fn type_keys(&self, text: &str) {
        let focused = self.get("element/active");
        let element = focused[ELEMENT].as_str().expect("an element");
        self.post(&format!("element/{element}/value"), &json!({"text": text}));
    }

    /// Clicks on an element.
    pub fn click(&self, selector: &str) {
        let element = self.element(selector);
        self.post(&format!("element/{element}/click"), &json!({}));
    }

    /// As somebody who prefers `light` or `dark`.
    pub fn prefer(&self, scheme: &str) {
        self.chromium(
            "Emulation.setEmulatedMedia",
            &json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]}),
        );
    }

    /// In a window of that size, enlarged by that factor.
    pub fn resize(&self, width: u32, height: u32, scale: f64) {
        self.chromium(
            "Emulation.setDeviceMetricsOverride",
            &json!({"width": width, "height": height, "deviceScaleFactor": scale, "mobile": false}),
        );
    }

    /// Whether the page is wider than the window.
    #[must_use]
    pub fn overflows(&self) -> bool {
        let told = self.chromium("Page.getLayoutMetrics", &json!({}));
        let width = |part: &str, name: &str| told[part][name].as_f64().expect("a number");
        width("cssContentSize", "width") > width("cssLayoutViewport", "clientWidth") + 0.5
    }

    /// A picture of the window (PNG).
    #[must_use]
    pub fn picture(&self) -> Vec<u8> {
        let picture = self.get("screenshot");
        STANDARD
            .decode(picture.as_str().expect("a picture"))
            .expect("base64")
    }

    fn chromium(&self, command: &str, parameters: &Value) -> Value {
        self.post(
            "goog/cdp/execute",
            &json!({"cmd": command, "params": parameters}),
        )
    }
}

impl Drop for WebDriver {
    fn drop(&mut self) {
        // Its browser ends with the session.
        let path = format!("/session/{}", self.session);
        let _ = self.target.call(Request::new("DELETE", &path));
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
