//! Where a browser may be sent with an authorization code.
//!
//! What was registered is compared letter by letter (RFC 9700, section 4.1.3),
//! but for the port of a loopback address: an installed program listens on
//! whichever is free (RFC 8252, section 7.3).

/// The longest redirect address.
const LONGEST: usize = 2000;

/// Why an address cannot be registered, or None.
///
/// ```
/// use chancery_identity::redirect_mistake;
/// assert_eq!(redirect_mistake("https://time.example.com/back"), None);
/// assert_eq!(redirect_mistake("http://127.0.0.1/back"), None);
/// assert!(redirect_mistake("http://time.example.com/back").is_some());
/// ```
#[must_use]
pub fn redirect_mistake(address: &str) -> Option<&'static str> {
    if address.len() > LONGEST {
        return Some("it has more than 2000 characters");
    }
    let odd =
        |character: char| !character.is_ascii_graphic() || "\"'<>\\^`{|}*;,".contains(character);
    if address.is_empty() || address.contains(odd) {
        return Some(
            "an address has only ASCII letters, digits and the characters of addresses, no spaces or quotes, commas or semicolons",
        );
    }
    if address.contains('#') {
        return Some("it has no part after # (RFC 6749, section 3.1.2)");
    }
    let Some((scheme, rest)) = address.split_once(':') else {
        return Some("it begins with https://");
    };
    let (authority, is_web) = match rest.strip_prefix("//") {
        Some(rest) => (rest.split(['/', '?']).next().unwrap_or_default(), true),
        None => ("", false),
    };
    if authority.contains('@') {
        return Some("it has no user's name");
    }
    match scheme {
        "https" if is_web && !host_of(authority).is_empty() => None,
        "http" if loopback(address).is_some() => None,
        "http" if is_web && host_of(authority) == "localhost" => None,
        "http" => Some("without TLS only http://127.0.0.1 and http://[::1] are allowed"),
        // RFC 8252, section 7.1: a domain's name of the maker's own, reversed.
        _ if scheme.contains('.') && is_scheme(scheme) => None,
        _ => Some(
            "it begins with https://, http://127.0.0.1 or a scheme with the maker's domain in it, like com.example.app:",
        ),
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|character| {
            character.is_ascii_lowercase()
                || character.is_ascii_digit()
                || "+-.".contains(character)
        })
}

fn host_of(authority: &str) -> &str {
    authority.split(':').next().unwrap_or_default()
}

/// A loopback address without its port: the host, and what follows the port.
fn loopback(address: &str) -> Option<(&str, &str)> {
    let rest = address.strip_prefix("http://")?;
    for host in ["127.0.0.1", "[::1]"] {
        let Some(after) = rest.strip_prefix(host) else {
            continue;
        };
        let tail = match after.strip_prefix(':') {
            Some(after) => {
                let digits = after.bytes().take_while(u8::is_ascii_digit).count();
                let port = after.get(..digits)?;
                if !port.parse::<u16>().is_ok_and(|port| port > 0) {
                    return None;
                }
                after.get(digits..)?
            }
            None => after,
        };
        return (tail.is_empty() || tail.starts_with(['/', '?'])).then_some((host, tail));
    }
    None
}

/// Whether it leads back to the machine that the browser runs on.
pub(crate) fn is_loopback(address: &str) -> bool {
    loopback(address).is_some()
}

/// Whether an address that was named is the one that was registered.
pub(crate) fn matches(registered: &str, named: &str) -> bool {
    if registered == named {
        return true;
    }
    if redirect_mistake(named).is_some() {
        return false;
    }
    match (loopback(registered), loopback(named)) {
        (Some(registered), Some(named)) => registered == named,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{matches, redirect_mistake};
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    #[test]
    fn a_loopback_address_may_have_any_port_and_nothing_else_may_differ() {
        let registered = "http://127.0.0.1/signed-in";
        for good in [
            "http://127.0.0.1/signed-in",
            "http://127.0.0.1:1/signed-in",
            "http://127.0.0.1:65535/signed-in",
        ] {
            assert!(matches(registered, good), "{good}");
        }
        for bad in [
            "http://127.0.0.1:0/signed-in",
            "http://127.0.0.1:65536/signed-in",
            "http://127.0.0.1:/signed-in",
            "http://127.0.0.1:80:80/signed-in",
            "http://127.0.0.1:80@evil.example/signed-in",
            "http://127.0.0.1.evil.example/signed-in",
            "http://127.0.0.1:8080.evil.example/signed-in",
            "http://[::1]:80/signed-in",
            "http://localhost:80/signed-in",
            "https://127.0.0.1:80/signed-in",
            "HTTP://127.0.0.1:80/signed-in",
            "http://127.0.0.1:80/signed-in/",
            "http://127.0.0.1:80/signed-in?a=b",
            "http://127.0.0.1:80/signed-in#a",
            "http://127.0.0.1:80/../signed-in",
            "http://127.0.0.1:80/signed-in\r\nSet-Cookie: a",
            "http://127.1:80/signed-in",
            "",
        ] {
            assert!(!matches(registered, bad), "{bad}");
        }
    }

    #[test]
    fn every_other_address_is_compared_letter_by_letter() {
        let registered = "https://time.example.com/back?from=chancery";
        assert!(matches(registered, registered));
        for bad in [
            "https://time.example.com:443/back?from=chancery",
            "https://time.example.com/back",
            "https://time.example.com/back?from=chancery&to=evil",
            "https://TIME.example.com/back?from=chancery",
            "https://time.example.com/back/?from=chancery",
            "https://time.example.com.evil.example/back?from=chancery",
            "https://evil.example/back?from=chancery",
            "http://time.example.com/back?from=chancery",
        ] {
            assert!(!matches(registered, bad), "{bad}");
        }
    }

    #[test]
    fn an_address_that_could_be_abused_is_not_registered() {
        for good in [
            "https://time.example.com/back",
            "https://time.example.com:8443/back?a=b",
            "http://127.0.0.1/",
            "http://[::1]/back",
            "http://localhost:3000/back",
            "com.example.time:/back",
        ] {
            assert_eq!(redirect_mistake(good), None, "{good}");
        }
        for bad in [
            "",
            "time.example.com",
            "http://time.example.com/",
            "http://127.0.0.1.evil.example/",
            "https:///back",
            "https://ann@time.example.com/",
            "https://time.example.com/#part",
            "https://time.example.com/a b",
            "https://*.example.com/",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "com.Example:/x",
            "https://time.example.com/\"",
            "https://münchen.example/",
        ] {
            assert!(redirect_mistake(bad).is_some(), "{bad}");
        }
        let long = format!("https://time.example.com/{}", "a".repeat(2000));
        assert!(redirect_mistake(&long).is_some());
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_for_a_loopback_address_leads_nowhere_else(tail in ".{0,60}", port in any::<u16>()) {
            let named = format!("http://127.0.0.1{tail}");
            if matches("http://127.0.0.1/back", &named) {
                let port = tail.strip_suffix("/back").map(|port| port.trim_start_matches(':'));
                prop_assert!(port.is_some_and(|port| port.is_empty() || port.parse::<u16>().is_ok()), "{named}");
            }
            let with_port = format!("http://127.0.0.1:{port}/back");
            prop_assert_eq!(matches("http://127.0.0.1/back", &with_port), port > 0);
        }
    }
}
