//! Whose page a request comes from.

use http::HeaderMap;
use http::header::{HOST, ORIGIN};

/// Whether a page of another site made the browser send this (RFC 6454,
/// section 7). Whoever says nothing is no browser, or a browser that follows an
/// address.
///
/// Browsers of a domain send tickets by themselves, for pages of other sites
/// too (RFC 4559, section 6), and forms can be sent to anywhere.
pub(crate) fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else {
        return false;
    };
    let own = headers.get(HOST).and_then(|host| host.to_str().ok());
    let site = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"));
    match (site, own) {
        (Some((_, site)), Some(own)) => !site.eq_ignore_ascii_case(own),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::is_from_elsewhere;
    use http::header::{HOST, ORIGIN};
    use http::{HeaderMap, HeaderValue};

    #[test]
    fn only_pages_of_this_site_are_from_here() {
        let asked = |origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("docs.example.com:8443"));
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            is_from_elsewhere(&headers)
        };
        assert!(!asked(None), "no browser");
        assert!(!asked(Some("https://docs.example.com:8443")));
        for other in [
            "https://docs.example.com",
            "https://docs.example.com:8443.evil.test",
            "https://evil.test",
            "null",
            "",
        ] {
            assert!(asked(Some(other)), "{other}");
        }
    }
}
