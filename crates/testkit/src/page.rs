//! A browser as far as the sign-in page needs one.

use crate::http::{Answer, Request};
use crate::server::TestServer;
use std::collections::BTreeMap;

/// Where applications send people to sign in.
pub const AUTHORIZE: &str = "/auth/oauth2/authorize";

/// A form as it travels.
#[must_use]
pub fn form(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// Cookies, and where it is.
#[derive(Debug)]
pub struct Browser<'a> {
    server: &'a TestServer,
    /// What it keeps.
    pub cookies: BTreeMap<String, String>,
    /// What it says a form comes from.
    pub origin: Option<String>,
}

impl<'a> Browser<'a> {
    /// A new one, with nothing in it.
    #[must_use]
    pub fn new(server: &'a TestServer) -> Self {
        Self {
            server,
            cookies: BTreeMap::new(),
            origin: Some(server.url()),
        }
    }

    /// Sends a request with its cookies, and keeps those that come back.
    ///
    /// # Panics
    /// When there is no answer.
    pub fn send(&mut self, mut request: Request<'_>) -> Answer {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            request = request.header("Cookie", &cookies.join("; "));
        }
        let answer = self.server.call(request);
        for (name, value) in &answer.headers {
            if name.eq_ignore_ascii_case("set-cookie") {
                let pair = value.split(';').next().unwrap_or_default();
                let (name, text) = pair.split_once('=').expect("a cookie");
                if text.is_empty() {
                    self.cookies.remove(name);
                } else {
                    self.cookies.insert(name.to_owned(), text.to_owned());
                }
            }
        }
        answer
    }

    /// Opens a page.
    pub fn get(&mut self, path: &str, asked: &[(&str, &str)]) -> Answer {
        self.send(Request::get(&format!("{path}?{}", form(asked))))
    }

    /// Sends a form.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut request = Request::new("POST", path);
        if let Some(origin) = &self.origin {
            request = request.header("Origin", origin);
        }
        self.send(request.body("application/x-www-form-urlencoded", form(fields)))
    }

    /// Sends a page's form back with these fields filled in.
    pub fn fill(&mut self, path: &str, page: &Answer, fields: &[(&str, &str)]) -> Answer {
        let hidden = hidden(&page.text());
        let mut all: Vec<(&str, &str)> = hidden
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        all.extend(fields);
        self.post(path, &all)
    }

    /// Signs in at the page that an application sent it to.
    pub fn sign_in(&mut self, asked: &[(&str, &str)], user: &str, password: &str) -> Answer {
        let page = self.get(AUTHORIZE, asked).expect(200);
        let fields = [
            ("username", user),
            ("password", password),
            ("step", "sign-in"),
        ];
        self.fill(AUTHORIZE, &page, &fields)
    }
}

/// The hidden fields of a page's form.
///
/// # Panics
/// When it is no form of this server's.
#[must_use]
pub fn hidden(page: &str) -> Vec<(String, String)> {
    page.split("<input type=\"hidden\" name=\"")
        .skip(1)
        .map(|rest| {
            let (name, rest) = rest.split_once("\" value=\"").expect("a value");
            let (value, _) = rest.split_once('"').expect("its end");
            let value = value.replace("&quot;", "\"").replace("&lt;", "<");
            (
                name.to_owned(),
                value.replace("&gt;", ">").replace("&amp;", "&"),
            )
        })
        .collect()
}
