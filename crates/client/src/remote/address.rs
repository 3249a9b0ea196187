//! Web addresses as people type them.

use chancery_proto::label;
use http::Uri;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use url::{Host, Url};

/// Scheme, host and port of a server, for example `https://work.example.com`.
///
/// ```
/// use chancery_client::remote::Address;
/// let address: Address = "Work.Example.com/work/web/".parse()?;
/// assert_eq!(address.to_string(), "https://work.example.com");
/// assert!("http://work.example.com".parse::<Address>().is_err());
/// # Ok::<(), chancery_client::remote::AddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    scheme: &'static str,
    host: String,
    port: Option<u16>,
    loopback: bool,
}

/// Why a text is no web address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing was typed.
    #[error("The web address is empty. Type one like work.example.com.")]
    Empty,
    /// It cannot be read.
    #[error("“{0}” is no web address. Type one like work.example.com.")]
    Unreadable(String),
    /// Another scheme than http or https.
    #[error("“{0}” does not begin with https://. Type one like https://work.example.com.")]
    Scheme(String),
    /// Without TLS to another machine.
    #[error(
        "“{0}” would cross the network without encryption. Use https:// instead; http:// is for this machine only."
    )]
    NotEncrypted(String),
    /// A user's name or a password stands in it.
    #[error(
        "The web address has a user name or a password in it. Leave it out; you are asked for it."
    )]
    Person,
}

impl Address {
    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// The host's name, in ASCII (RFC 5890), or its number.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Host and port.
    #[must_use]
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// Whether the server is on this very machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Whether what is sent there is encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.scheme == "https"
    }

    pub(super) fn of_url(url: &Url, typed: &str) -> Result<Self, AddressError> {
        let unreadable = || AddressError::Unreadable(shown(typed));
        let scheme = match url.scheme() {
            "https" => "https",
            "http" => "http",
            _ => return Err(AddressError::Scheme(shown(typed))),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::Person);
        }
        let host = url.host().ok_or_else(unreadable)?;
        let loopback = match &host {
            Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(number) => number.is_loopback(),
            Host::Ipv6(number) => IpAddr::V6(*number).to_canonical().is_loopback(),
        };
        if scheme == "http" && !loopback {
            return Err(AddressError::NotEncrypted(shown(typed)));
        }
        let host = host.to_string();
        if host.is_empty() {
            return Err(unreadable());
        }
        let address = Self {
            scheme,
            host,
            port: url.port(),
            loopback,
        };
        // Some names that a browser would take cannot be called (RFC 3986,
        // section 3.2.2).
        let called: Result<Uri, _> = address.to_string().parse();
        match called {
            Ok(_) => Ok(address),
            Err(_) => Err(unreadable()),
        }
    }
}

/// As it is repeated to the person: one line, and what can be seen of it.
fn shown(typed: &str) -> String {
    label::shown(typed).unwrap_or_default()
}

/// The scheme, where one was typed, and what follows it.
///
/// Only what stands first is a scheme (RFC 3986, section 3.1): in
/// `work.example.com/go?to=https://other.example` there is none.
fn scheme_of(typed: &str) -> (Option<&str>, &str) {
    let Some((before, rest)) = typed.split_once(':') else {
        return (None, typed);
    };
    let web = ["http", "https"]
        .iter()
        .any(|scheme| before.eq_ignore_ascii_case(scheme));
    let letters = |character: char| character.is_ascii_alphanumeric() || "+-.".contains(character);
    if web || (rest.starts_with("//") && before.chars().all(letters)) {
        (Some(before), rest)
    } else {
        (None, typed)
    }
}

/// Whether something stands before the host.
fn names_somebody(after_scheme: &str) -> bool {
    let authority = after_scheme
        .trim_start_matches(['/', '\\'])
        .split(['/', '\\', '?', '#'])
        .next();
    authority.is_some_and(|authority| authority.contains('@'))
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let typed = text.trim();
        if typed.is_empty() {
            return Err(AddressError::Empty);
        }
        let (scheme, rest) = scheme_of(typed);
        // Before anything else: what is repeated to the person may be a password.
        if names_somebody(rest) {
            return Err(AddressError::Person);
        }
        let unreadable = || AddressError::Unreadable(shown(typed));
        if typed
            .chars()
            .any(|character| character.is_control() || character.is_whitespace())
        {
            return Err(unreadable());
        }
        if scheme.is_some() {
            // A browser would guess what is meant by `https:/work` (WHATWG URL,
            // section 4.4); where a password goes is not guessed.
            if !rest.starts_with("//") {
                return Err(unreadable());
            }
            let url = Url::parse(typed).map_err(|_| unreadable())?;
            return Self::of_url(&url, typed);
        }
        // https, unless it is this very machine.
        let read = |scheme: &str| {
            let url = Url::parse(&format!("{scheme}://{typed}")).map_err(|_| unreadable())?;
            Self::of_url(&url, typed)
        };
        let encrypted = read("https")?;
        if encrypted.is_loopback() {
            read("http")
        } else {
            Ok(encrypted)
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", self.scheme, self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, AddressError};

    fn read(text: &str) -> Result<String, AddressError> {
        text.parse::<Address>().map(|address| address.to_string())
    }

    #[test]
    fn an_address_is_made_whole() {
        for (typed, meant) in [
            ("work.example.com", "https://work.example.com"),
            (
                " https://work.example.com:8443/ ",
                "https://work.example.com:8443",
            ),
            (
                "https://work.example.com:443/work/web/?a#b",
                "https://work.example.com",
            ),
            ("WORK.example.COM:8443", "https://work.example.com:8443"),
            (
                "https://kanzlei-müller.example",
                "https://xn--kanzlei-mller-4ob.example",
            ),
            ("http://127.0.0.1:8480", "http://127.0.0.1:8480"),
            ("http://localhost:8480/api", "http://localhost:8480"),
            ("http://[::1]:8480", "http://[::1]:8480"),
            ("[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
            ("127.0.0.1:8480", "http://127.0.0.1:8480"),
            ("localhost:8480", "http://localhost:8480"),
            ("https://localhost:8443", "https://localhost:8443"),
            (
                "work.example.com/go?to=http://other.example",
                "https://work.example.com",
            ),
        ] {
            assert_eq!(read(typed).as_deref(), Ok(meant), "{typed}");
        }
    }

    #[test]
    fn what_was_typed_is_repeated_in_one_short_line() {
        let long = "x".repeat(1_000_000);
        for typed in [
            "work.eu\nc",
            "a\u{1b}[2Jb c",
            "a\u{202e} b",
            &format!("{long} {long}"),
        ] {
            let told = read(typed).expect_err("no address").to_string();
            assert!(told.len() < 250, "{} bytes", told.len());
            assert!(!told.contains(['\n', '\u{1b}', '\u{202e}']), "{told:?}");
        }
    }

    #[test]
    fn what_is_no_address_says_why() {
        assert_eq!(read("  "), Err(AddressError::Empty));
        assert!(matches!(
            read("http://work.example.com"),
            Err(AddressError::NotEncrypted(_))
        ));
        assert!(matches!(
            read("http://127.0.0.1.example.com"),
            Err(AddressError::NotEncrypted(_))
        ));
        assert!(matches!(
            read("ftp://work.example.com"),
            Err(AddressError::Scheme(_))
        ));
        assert!(matches!(
            read("file:///etc/passwd"),
            Err(AddressError::Scheme(_))
        ));
        for typed in [
            "https://ann:secret@work.example.com",
            "ann:secret@work.example.com",
            "ann:secret@work.example.com/x://y",
            "https:/ann:secret@work.example.com",
            "https:ann:secret@work.example.com",
            "https:\\\\ann:secret@work.example.com",
        ] {
            assert_eq!(read(typed), Err(AddressError::Person), "{typed}");
        }
        for typed in [
            "work example com",
            "https://",
            "a\0b",
            "https://[::1",
            "https://exa\nmple",
            "https:/work.example.com",
            "https:work.example.com",
            "https:\\\\work.example.com",
            "http:.localhost/::m8://[::1]:84",
        ] {
            assert!(
                matches!(read(typed), Err(AddressError::Unreadable(_))),
                "{typed}"
            );
        }
    }
}
