//! Which proxy leads to an address, by the environment or else the desktop.

use chancery_proto::secret::Secret;
use std::fmt;
use std::net::IpAddr;

#[cfg(target_os = "linux")]
mod desktop;
mod exceptions;
#[cfg(windows)]
mod internet_settings;
mod variables;

#[cfg(windows)]
use internet_settings as desktop;

use exceptions::Exceptions;

/// A proxy, as somebody configured it.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// How it is spoken to: `http`, `https`, `socks5`, `socks5h` or another
    /// word that somebody wrote; in lower case.
    pub scheme: String,
    /// Its name or address; an IPv6 address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Who asks there.
    pub user: Option<String>,
    /// The password for it.
    pub password: Option<Secret>,
}

/// Without the user and the password: it is printed into logs.
impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Proxy")
            .field("scheme", &self.scheme)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("user", &self.user.as_ref().map(|_| "[redacted]"))
            .field("password", &self.password)
            .finish()
    }
}

/// What one place says about an address.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    /// Nothing: another place may be asked.
    Nothing,
    /// No proxy.
    Direct,
    /// This one.
    Through(Proxy),
}

/// The proxy that leads to `host` and `port`, or none where the way is direct.
///
/// The environment decides as it does for curl: `https_proxy`, `HTTPS_PROXY`,
/// `http_proxy` (in lower case only), then `all_proxy` and `ALL_PROXY`, and
/// against them `no_proxy` and `NO_PROXY`. Where it is silent the desktop is
/// asked, for at most half a second: call from a blocking thread. Loopback
/// never goes through a proxy.
#[must_use]
pub fn for_address(scheme: &str, host: &str, port: u16) -> Option<Proxy> {
    if is_loopback(host) {
        return None;
    }
    let variable = |name: &str| std::env::var(name).ok();
    match variables::look(&variable, scheme, host, port) {
        Said::Through(proxy) => return Some(proxy),
        Said::Direct => return None,
        Said::Nothing => {}
    }
    #[cfg(any(target_os = "linux", windows))]
    if let Said::Through(proxy) = desktop::look(scheme, host, port) {
        return Some(proxy);
    }
    None
}

/// The address that `host` is, with or without brackets, if it is one.
fn address(host: &str) -> Option<IpAddr> {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    bare.parse::<IpAddr>()
        .ok()
        .map(|found| found.to_canonical())
}

/// Whether that host, a name or an address, is this very machine: it is never
/// reached through a proxy.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    if let Some(address) = address(host) {
        return address.is_loopback();
    }
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// The host as it stands in an address.
#[cfg(any(target_os = "linux", windows))]
fn written(host: &str) -> String {
    match host.parse::<std::net::Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{for_address, is_loopback};

    #[test]
    fn loopback_never_goes_through_a_proxy() {
        for host in [
            "localhost",
            "LocalHost.",
            "work.localhost",
            "127.0.0.1",
            "127.8.9.10",
            "::1",
            "[::1]",
            "::ffff:127.0.0.1",
        ] {
            assert!(is_loopback(host), "{host}");
            assert_eq!(for_address("https", host, 443), None);
        }
        for host in ["localhost.example.com", "notlocalhost", "128.0.0.1", "::2"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
