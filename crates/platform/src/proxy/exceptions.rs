//! The list of what is reached without a proxy.

use super::address;
use super::variables::split_port;
use std::net::IpAddr;

/// `no_proxy`, read: entries between commas or spaces. A name stands for
/// itself and everything below it, with or without a dot in front; an address
/// for itself or, with a prefix length, for its network; `*` for everything.
/// Any of them may end in a port and then counts for that alone.
#[derive(Debug)]
pub(super) struct Exceptions(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    what: What,
    port: Option<u16>,
}

#[derive(Debug)]
enum What {
    Everything,
    /// In lower case, without dots at its ends.
    Name(String),
    Network(IpAddr, u8),
}

impl Exceptions {
    /// What cannot be understood counts for nothing.
    pub(super) fn parse(list: &str) -> Self {
        let entries = list.split([',', ' ', '\t', ';']);
        Self(entries.filter_map(Rule::parse).collect())
    }

    /// Whether `host` is reached without a proxy at `port`.
    pub(super) fn cover(&self, host: &str, port: u16) -> bool {
        let address = address(host);
        let name = host.trim_end_matches('.').to_ascii_lowercase();
        self.0.iter().any(|rule| {
            rule.port.is_none_or(|only| only == port)
                && match (&rule.what, address) {
                    (What::Everything, _) => true,
                    (What::Network(network, prefix), Some(address)) => {
                        is_inside(address, *network, *prefix)
                    }
                    (What::Name(of), None) => is_below(&name, of),
                    (What::Network(..), None) | (What::Name(_), Some(_)) => false,
                }
        })
    }
}

impl Rule {
    fn parse(entry: &str) -> Option<Self> {
        let (host, port) = split_port(entry)?;
        if host == "*" {
            let what = What::Everything;
            return Some(Self { what, port });
        }
        let (base, prefix) = match host.split_once('/') {
            Some((base, prefix)) => (base, Some(prefix.parse::<u8>().ok()?)),
            None => (host, None),
        };
        let what = match (base.parse::<IpAddr>(), prefix) {
            (Ok(base), prefix) => {
                let bits = if base.is_ipv4() { 32 } else { 128 };
                let prefix = prefix.unwrap_or(bits);
                if prefix > bits {
                    return None;
                }
                What::Network(base, prefix)
            }
            (Err(_), Some(_)) => return None,
            (Err(_), None) => {
                let name = base.strip_prefix('*').unwrap_or(base);
                let name = name.trim_matches('.').to_ascii_lowercase();
                if name.is_empty() {
                    return None;
                }
                What::Name(name)
            }
        };
        Some(Self { what, port })
    }
}

/// Whether `name` is `of` or ends in it, behind a dot.
fn is_below(name: &str, of: &str) -> bool {
    name.strip_suffix(of)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn is_inside(address: IpAddr, network: IpAddr, prefix: u8) -> bool {
    let shift = |bits: u32| bits.saturating_sub(u32::from(prefix));
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let differ = u32::from(address) ^ u32::from(network);
            differ.checked_shr(shift(32)).unwrap_or(0) == 0
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let differ = u128::from(address) ^ u128::from(network);
            differ.checked_shr(shift(128)).unwrap_or(0) == 0
        }
        // An IPv4 address that is written as IPv6.
        (IpAddr::V4(address), IpAddr::V6(_)) => {
            is_inside(IpAddr::V6(address.to_ipv6_mapped()), network, prefix)
        }
        (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::Exceptions;
    use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    fn covers(list: &str, host: &str, port: u16) -> bool {
        Exceptions::parse(list).cover(host, port)
    }

    #[test]
    fn names_addresses_networks_ports_and_the_star_are_understood() {
        let list = "example.com,.corp.test; 10.0.0.0/8  192.0.2.1,[2001:db8::]/32,fd00::/8,a.test:8443,[::2]:9,*.b.test";
        for (host, port) in [
            ("example.com", 443),
            ("WORK.Example.COM.", 443),
            ("corp.test", 443),
            ("x.corp.test", 443),
            ("10.255.0.1", 80),
            ("192.0.2.1", 80),
            ("[fd12::1]", 80),
            ("a.test", 8443),
            ("x.a.test", 8443),
            ("::2", 9),
            ("x.b.test", 1),
            ("::ffff:10.1.2.3", 1),
        ] {
            assert!(covers(list, host, port), "{host}:{port}");
        }
        for (host, port) in [
            ("notexample.com", 443),
            ("example.com.evil.test", 443),
            ("11.0.0.1", 80),
            ("192.0.2.10", 80),
            ("a.test", 443),
            ("::2", 443),
            ("10.0.0.1.example.net", 80),
        ] {
            assert!(!covers(list, host, port), "{host}:{port}");
        }
        assert!(covers("*", "anything.test", 1));
        assert!(!covers("", "anything.test", 1));
        assert!(!covers(".", "anything.test", 1));
        assert!(!covers("1", "10.0.0.1", 1), "an address is no name");
    }

    fn labels() -> impl Strategy<Value = Vec<&'static str>> {
        let label = prop_oneof![Just("a"), Just("b"), Just("ab"), Just("ba")];
        prop::collection::vec(label, 1..4)
    }

    proptest! {
        #[test]
        fn a_name_covers_itself_and_what_is_below_it(
            host in labels(),
            rules in prop::collection::vec((labels(), any::<[bool; 3]>(), prop::option::of(1_u16..4)), 0..4),
            port in 1_u16..4,
            spaced in any::<bool>(),
        ) {
            let written: Vec<String> = rules
                .iter()
                .map(|(labels, [dot, star, loud], only)| {
                    let name = labels.join(".");
                    let name = if *loud { name.to_uppercase() } else { name };
                    let front = if *star { "*." } else if *dot { "." } else { "" };
                    let end = only.map(|only| format!(":{only}")).unwrap_or_default();
                    format!("{front}{name}{end}")
                })
                .collect();
            let list = written.join(if spaced { " " } else { "," });
            let expected = rules.iter().any(|(labels, _, only)| {
                host.ends_with(labels) && only.is_none_or(|only| only == port)
            });
            prop_assert_eq!(covers(&list, &host.join("."), port), expected, "{}", list);
        }

        #[test]
        fn a_network_covers_what_shares_its_first_bits(
            base in any::<u32>(), flip in 0_u32..33, prefix in 0_u8..33,
        ) {
            // One bit is another one, or none.
            let other = base ^ 1_u32.checked_shl(31_u32.wrapping_sub(flip)).unwrap_or(0);
            let list = format!("{}/{prefix}", Ipv4Addr::from(base));
            let expected = flip >= u32::from(prefix);
            prop_assert_eq!(covers(&list, &Ipv4Addr::from(other).to_string(), 1), expected);
        }

        #[test]
        fn a_network_of_long_addresses_covers_what_shares_its_first_bits(
            base in any::<u128>(), flip in 0_u32..129, prefix in 0_u8..129,
        ) {
            let other = base ^ 1_u128.checked_shl(127_u32.wrapping_sub(flip)).unwrap_or(0);
            let is_short = |bits: u128| IpAddr::from(Ipv6Addr::from(bits)).to_canonical().is_ipv4();
            if !is_short(base) && !is_short(other) {
                let list = format!("{}/{prefix}", Ipv6Addr::from(base));
                let expected = flip >= u32::from(prefix);
                prop_assert_eq!(covers(&list, &Ipv6Addr::from(other).to_string(), 1), expected);
            }
        }

        #[test]
        fn no_text_is_too_much(list in ".*", host in ".*") {
            let all = covers(&list, &host, 1);
            prop_assert_eq!(covers(&format!("{list},*"), &host, 1), true);
            prop_assert_eq!(all, covers(&list, &host, 1));
        }
    }
}
