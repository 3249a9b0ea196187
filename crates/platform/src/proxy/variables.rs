//! The environment, read as curl reads it.

use super::{Exceptions, Proxy, Said};
use chancery_proto::secret::Secret;
use percent_encoding::percent_decode_str;

/// What the environment says; `variable` answers what a name is set to.
pub(super) fn look(
    variable: &dyn Fn(&str) -> Option<String>,
    scheme: &str,
    host: &str,
    port: u16,
) -> Said {
    // An empty variable counts as one that is not set.
    let first = |names: &[&str]| {
        names.iter().find_map(|name| {
            variable(name)
                .filter(|value| !value.is_empty())
                .map(|value| ((*name).to_owned(), value))
        })
    };
    if let Some((_, list)) = first(&["no_proxy", "NO_PROXY"])
        && Exceptions::parse(&list).cover(host, port)
    {
        return Said::Direct;
    }
    let own = format!("{}_proxy", scheme.to_ascii_lowercase());
    let loud = own.to_ascii_uppercase();
    let names = [own.as_str(), loud.as_str(), "all_proxy", "ALL_PROXY"];
    let found = if own == "http_proxy" {
        // A web server hands a caller's `Proxy` header to its scripts under
        // that name: in capitals it may come from anybody.
        first(&["http_proxy", "all_proxy", "ALL_PROXY"])
    } else {
        first(&names)
    };
    let Some((name, value)) = found else {
        return Said::Nothing;
    };
    match parse(&value) {
        Some(proxy) if proxy.scheme == "direct" => Said::Direct,
        Some(proxy) => Said::Through(proxy),
        None => {
            tracing::warn!(name, "a variable names no proxy that can be understood");
            Said::Direct
        }
    }
}

/// Reads `[scheme://][user[:password]@]host[:port][/]`.
pub(super) fn parse(text: &str) -> Option<Proxy> {
    let (scheme, rest) = text
        .trim()
        .split_once("://")
        .unwrap_or(("http", text.trim()));
    let scheme = scheme.to_ascii_lowercase();
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter);
    if scheme.is_empty() || !scheme.chars().all(is_word) {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (who, place) = match authority.rsplit_once('@') {
        Some((who, place)) => (Some(who), place),
        None => (None, authority),
    };
    let (host, port) = split_port(place)?;
    let direct = scheme == "direct";
    let is_plain = |letter: char| !letter.is_whitespace() && !letter.is_control();
    if (host.is_empty() && !direct) || !host.chars().all(is_plain) {
        return None;
    }
    let (user, password) = match who.map(|who| who.split_once(':').unwrap_or((who, ""))) {
        Some((user, password)) => (decoded(user), decoded(password)),
        None => (None, None),
    };
    Some(Proxy {
        port: port.unwrap_or(if scheme == "https" { 443 } else { 1080 }),
        scheme,
        host: host.to_owned(),
        user,
        password: password.map(Secret::from),
    })
}

fn decoded(text: &str) -> Option<String> {
    let decoded = percent_decode_str(text).decode_utf8_lossy().into_owned();
    (!decoded.is_empty()).then_some(decoded)
}

/// A host, without brackets, and its port.
pub(super) fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = if let Some(inside) = text.strip_prefix('[') {
        let (host, behind) = inside.split_once(']')?;
        match behind.strip_prefix(':') {
            Some(port) => (host, port),
            None if behind.is_empty() => (host, ""),
            None => return None,
        }
    } else {
        match text.split_once(':') {
            // More than one colon is an IPv6 address without a port.
            Some((_, more)) if more.contains(':') => (text, ""),
            Some(parts) => parts,
            None => (text, ""),
        }
    };
    if port.is_empty() {
        return Some((host, None));
    }
    port.parse().ok().map(|port| (host, Some(port)))
}

#[cfg(test)]
mod tests {
    use super::{look, parse};
    use crate::proxy::Said;

    fn said(set: &[(&str, &str)], scheme: &str, host: &str) -> String {
        let variable = |name: &str| {
            let found = set.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        match look(&variable, scheme, host, 443) {
            Said::Nothing => "nothing".to_owned(),
            Said::Direct => "direct".to_owned(),
            Said::Through(proxy) => proxy.host,
        }
    }

    #[test]
    fn the_variables_are_read_in_curls_order() {
        let all = [
            ("https_proxy", "one"),
            ("HTTPS_PROXY", "two"),
            ("http_proxy", "three"),
            ("HTTP_PROXY", "never"),
            ("all_proxy", "four"),
            ("ALL_PROXY", "five"),
        ];
        let order = |scheme, skip: usize| said(&all[skip..], scheme, "work.example.com");
        assert_eq!(order("https", 0), "one");
        assert_eq!(order("https", 1), "two");
        assert_eq!(order("https", 2), "four");
        assert_eq!(order("https", 5), "five");
        assert_eq!(order("http", 0), "three");
        // In capitals a caller of a web server may have set it.
        assert_eq!(order("http", 3), "four");
        assert_eq!(
            said(&[("HTTP_PROXY", "never")], "http", "a.example"),
            "nothing"
        );
        assert_eq!(
            said(&[("https_proxy", "")], "https", "a.example"),
            "nothing"
        );
    }

    #[test]
    fn exceptions_win_even_where_no_proxy_is_set() {
        let set = [("https_proxy", "p"), ("no_proxy", ".example.com, b.test")];
        assert_eq!(said(&set, "https", "work.example.com"), "direct");
        assert_eq!(said(&set, "https", "b.test"), "direct");
        assert_eq!(said(&set, "https", "c.test"), "p");
        assert_eq!(said(&[("NO_PROXY", "*")], "https", "c.test"), "direct");
        let both = [("https_proxy", "p"), ("no_proxy", "x"), ("NO_PROXY", "*")];
        assert_eq!(said(&both, "https", "c.test"), "p");
    }

    #[test]
    fn a_proxy_is_read_with_and_without_its_parts() {
        let full = parse("SOCKS5h://ada:p%40ss%3Aword@[2001:db8::1]:9/x").expect("read");
        assert_eq!((full.scheme.as_str(), full.port), ("socks5h", 9));
        assert_eq!(full.host, "2001:db8::1");
        assert_eq!(full.user.as_deref(), Some("ada"));
        let password = full.password.clone().expect("one");
        assert_eq!(password.reveal(), "p@ss:word");
        let printed = format!("{full:?}");
        assert!(
            !printed.contains("ada") && !printed.contains("p@ss"),
            "{printed}"
        );

        let bare = parse("proxy.example.com").expect("read");
        assert_eq!((bare.scheme.as_str(), bare.port), ("http", 1080));
        assert_eq!((bare.user, bare.password), (None, None));
        assert_eq!(
            parse("https://p.example").map(|proxy| proxy.port),
            Some(443)
        );
        assert_eq!(parse("p.example:3128").map(|proxy| proxy.port), Some(3128));
        for wrong in [
            "", "http://", "p:port", "p:70000", "a b", "://p", "[::1", "[::1]x",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert_eq!(
            said(&[("https_proxy", "p:port")], "https", "a.example"),
            "direct"
        );
    }
}
