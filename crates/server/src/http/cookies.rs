//! Cookies (RFC 6265): only ever for this server's own pages.

use http::{HeaderMap, HeaderValue, header};

/// The prefix that makes a browser keep a cookie to this host and to TLS
/// (RFC 6265bis, section 4.1.3.2).
const HOST_PREFIX: &str = "__Host-";

/// The name under which a cookie is kept; without TLS, which is on loopback
/// only, browsers would not take the prefix.
fn full_name(name: &str, is_encrypted: bool) -> String {
    let prefix = if is_encrypted { HOST_PREFIX } else { "" };
    format!("{prefix}{name}")
}

/// The value of a cookie. Where one came twice, none counts.
pub(crate) fn get<'a>(headers: &'a HeaderMap, name: &str, is_encrypted: bool) -> Option<&'a str> {
    let name = full_name(name, is_encrypted);
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// Has the browser keep a cookie until it is closed; none with an empty value.
pub(crate) fn set(name: &str, value: &str, is_encrypted: bool) -> Option<HeaderValue> {
    let name = full_name(name, is_encrypted);
    let secure = if is_encrypted { "; Secure" } else { "" };
    let age = if value.is_empty() { "; Max-Age=0" } else { "" };
    HeaderValue::from_str(&format!(
        "{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}"
    ))
    .ok()
}

#[cfg(test)]
mod tests {
    use super::{get, set};
    use http::{HeaderMap, HeaderValue, header};

    #[test]
    fn a_cookie_is_found_among_others_and_a_doubled_one_counts_for_nothing() {
        let read = |cookies: &[&'static str], encrypted| {
            let mut headers = HeaderMap::new();
            for one in cookies {
                headers.append(header::COOKIE, HeaderValue::from_static(one));
            }
            get(&headers, "session", encrypted).map(str::to_owned)
        };
        assert_eq!(read(&["a=b; session=x; c=d"], false).as_deref(), Some("x"));
        assert_eq!(read(&["__Host-session=x"], true).as_deref(), Some("x"));
        assert_eq!(read(&["session=x"], true), None);
        assert_eq!(read(&["session=x; session=y"], false), None);
        assert_eq!(read(&["session=x", "session=y"], false), None);
        assert_eq!(read(&["session"], false), None);
    }

    #[test]
    fn a_cookie_stays_with_this_host_and_out_of_scripts() {
        let set = set("session", "x", true).expect("a header");
        assert_eq!(
            set,
            "__Host-session=x; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert!(super::set("session", "x\r\nSet-Cookie: a=b", true).is_none());
    }
}
