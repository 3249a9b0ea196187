//! The pages on which people sign in: plain HTML, no script, nothing from
//! anywhere else.
//!
//! Whatever is put into a page passes through `maud`, which escapes it.

mod asking;
mod told;

pub(crate) use asking::{Asking, DeviceAsking, code_form, confirm, confirm_device, leave, sign_in};
pub(crate) use told::{Told, told};

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;

const STYLE: &str = include_str!("style.css");

/// The hash by which the policy lets the style in, and nothing else.
static STYLE_HASH: LazyLock<String> =
    LazyLock::new(|| STANDARD.encode(Sha256::digest(STYLE.as_bytes())));

/// A page that is ready to be sent.
#[derive(Debug)]
pub(crate) struct Page {
    title: String,
    body: Markup,
    status: StatusCode,
    /// Where a form may lead besides this server.
    leads_to: Option<String>,
}

impl Page {
    fn new(title: impl Into<String>, body: Markup) -> Self {
        Self {
            title: title.into(),
            body,
            status: StatusCode::OK,
            leads_to: None,
        }
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Its form ends with a redirect to there, which browsers hold against the
    /// policy too.
    pub(crate) fn leading_to(mut self, redirect: &str) -> Self {
        self.leads_to = form_source(redirect);
        self
    }

    pub(crate) fn respond(self, host: &str, is_encrypted: bool) -> Response {
        let text = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="robots" content="noindex";
                    title { (self.title) " – Chancery" }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    main {
                        p class="brand" { "Chancery" }
                        (self.body)
                        footer { p class="quiet" { "You are at " bdi { (host) } "." } }
                    }
                }
            }
        };
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; form-action 'self'{}{}; frame-ancestors 'none'; base-uri 'none'",
            *STYLE_HASH,
            if self.leads_to.is_some() { " " } else { "" },
            self.leads_to.unwrap_or_default(),
        );
        let mut response = Response::new(Body::from(text.into_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        // With less a browser would hide from this server that its form is its own.
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        headers.insert(
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        );
        if is_encrypted {
            headers.insert(
                STRICT_TRANSPORT_SECURITY,
                HeaderValue::from_static("max-age=31536000"),
            );
        }
        response
    }
}

/// How the policy names where a redirect leads (CSP 3, section 2.3.1). It knows
/// no IPv6 addresses, so that those are named by their scheme.
fn form_source(redirect: &str) -> Option<String> {
    let (scheme, rest) = redirect.split_once(':')?;
    match rest.strip_prefix("//") {
        Some(rest) if !rest.starts_with('[') => {
            let authority = rest.split(['/', '?']).next()?;
            Some(format!("{scheme}://{authority}"))
        }
        _ => Some(format!("{scheme}:")),
    }
}

#[cfg(test)]
mod tests {
    use super::form_source;

    #[test]
    fn the_policy_names_where_the_redirect_leads_and_no_more() {
        for (redirect, source) in [
            ("http://127.0.0.1:4711/signed-in", "http://127.0.0.1:4711"),
            (
                "https://time.example.com/back?a=b",
                "https://time.example.com",
            ),
            ("http://[::1]:4711/signed-in", "http:"),
            ("com.example.time:/back", "com.example.time:"),
        ] {
            assert_eq!(form_source(redirect).as_deref(), Some(source));
        }
    }
}
