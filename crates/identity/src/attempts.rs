//! How many wrong passwords came, and how long the next try has to wait.
//!
//! Nobody is locked out: a try that comes too early is told when to come again,
//! and costs no hashing. Who signed in from an address before is not held up by
//! what others do, at the same account from elsewhere or from the same address
//! with other accounts; else an attacker could keep a person out.
//!
//! Pure: the time comes in. Kept in memory, bounded, forgotten with the process.

use chancery_proto::clock::Timestamp;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// Wrong passwords count for so long.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Who signed in from an address is known there for so long.
const KNOWN: Duration = Duration::from_secs(30 * 24 * 3600);
/// Wrong passwords of one account from one address that cost nothing.
const FREE: u32 = 5;
/// The same while the account is tried from everywhere.
const FREE_UNDER_ATTACK: u32 = 1;
/// Wrong passwords of one account, wherever they come from, that make an attack.
const ATTACK: u32 = 20;
/// Wrong passwords from one address, of whatever accounts, that cost nothing: a
/// whole office may come from one.
const FREE_FROM_ADDRESS: u32 = 100;
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(60);
/// So much is remembered, of each kind.
const ROOM: usize = 50_000;

/// What is remembered.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    /// Of an account from an address.
    pairs: HashMap<(String, String), Seen>,
    accounts: HashMap<String, Seen>,
    addresses: HashMap<String, Seen>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    /// Wrong passwords within the window.
    wrong: u32,
    last: Timestamp,
    /// When the person last signed in from there.
    right: Option<Timestamp>,
}

impl Seen {
    fn wrong(&self, now: Timestamp) -> u32 {
        if now.since(self.last) < WINDOW {
            self.wrong
        } else {
            0
        }
    }

    fn is_known(&self, now: Timestamp) -> bool {
        self.right.is_some_and(|right| now.since(right) < KNOWN)
    }

    fn note(&mut self, now: Timestamp) {
        self.wrong = self.wrong(now).saturating_add(1);
        self.last = now;
    }

    /// What is left of the wait that so many wrong ones beyond the free ones
    /// cost: a second, two, four, up to a minute.
    fn wait(&self, free: u32, now: Timestamp) -> Duration {
        let wrong = self.wrong(now);
        let Some(beyond) = wrong.checked_sub(free) else {
            return Duration::ZERO;
        };
        let wait = Duration::from_secs(1 << beyond.min(6)).min(LONGEST);
        wait.saturating_sub(now.since(self.last))
    }
}

/// An address as an attacker has it: of IPv6 everybody has a whole network.
fn network(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(six)) => {
            let [a, b, c, d, ..] = six.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
        _ => address.to_owned(),
    }
}

impl Attempts {
    /// How long a try has to wait; zero when it may be made.
    pub(crate) fn wait(&self, account: &str, address: &str, now: Timestamp) -> Duration {
        let address = network(address);
        let pair = (account.to_owned(), address.clone());
        let pair = self.pairs.get(&pair).copied().unwrap_or_default();
        if pair.is_known(now) {
            return pair.wait(FREE, now);
        }
        let of_account = self.accounts.get(account).copied().unwrap_or_default();
        let of_address = self.addresses.get(&address).copied().unwrap_or_default();
        let free = if of_account.wrong(now) >= ATTACK {
            FREE_UNDER_ATTACK
        } else {
            FREE
        };
        pair.wait(free, now)
            .max(of_address.wait(FREE_FROM_ADDRESS, now))
    }

    /// A password was tried.
    pub(crate) fn note(&mut self, account: &str, address: &str, is_right: bool, now: Timestamp) {
        if is_right {
            self.right(account, address, now);
        } else {
            self.wrong(account, address, now);
        }
    }

    /// The password was wrong, or the account is none.
    pub(crate) fn wrong(&mut self, account: &str, address: &str, now: Timestamp) {
        let address = network(address);
        make_room(&mut self.pairs, now);
        make_room(&mut self.accounts, now);
        make_room(&mut self.addresses, now);
        let pair = (account.to_owned(), address.clone());
        self.pairs.entry(pair).or_default().note(now);
        self.accounts
            .entry(account.to_owned())
            .or_default()
            .note(now);
        self.addresses.entry(address).or_default().note(now);
    }

    /// The person signed in.
    pub(crate) fn right(&mut self, account: &str, address: &str, now: Timestamp) {
        make_room(&mut self.pairs, now);
        let pair = (account.to_owned(), network(address));
        let seen = self.pairs.entry(pair).or_default();
        seen.wrong = 0;
        seen.right = Some(now);
    }
}

/// Forgets what counts for nothing any more; where that is not enough, what
/// counts for least.
fn make_room<K: Eq + std::hash::Hash>(seen: &mut HashMap<K, Seen>, now: Timestamp) {
    if seen.len() < ROOM {
        return;
    }
    seen.retain(|_, one| one.wrong(now) > 0 || one.is_known(now));
    let mut most = 1;
    while seen.len() >= ROOM {
        seen.retain(|_, one| one.wrong(now) > most || one.is_known(now) && most < FREE);
        most += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{ATTACK, Attempts, FREE, LONGEST, ROOM};
    use chancery_proto::clock::Timestamp;
    use proptest::prelude::*;
    use std::time::Duration;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);
    const HOME: &str = "192.0.2.7";

    fn later(seconds: u64) -> Timestamp {
        NOW.plus(Duration::from_secs(seconds))
    }

    fn seconds(attempts: &Attempts, account: &str, address: &str, now: Timestamp) -> u64 {
        attempts.wait(account, address, now).as_secs()
    }

    #[test]
    fn a_few_wrong_ones_cost_nothing_and_then_the_wait_doubles_to_a_minute() {
        let mut attempts = Attempts::default();
        let mut waits = Vec::new();
        for _ in 0..12 {
            waits.push(seconds(&attempts, "ann", HOME, NOW));
            attempts.wrong("ann", HOME, NOW);
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60]);
        // It runs down by itself, and is forgotten after a quarter of an hour.
        assert_eq!(seconds(&attempts, "ann", HOME, later(59)), 1);
        assert_eq!(seconds(&attempts, "ann", HOME, later(60)), 0);
        attempts.wrong("ann", HOME, later(61));
        assert_eq!(seconds(&attempts, "ann", HOME, later(61)), 60);
        assert_eq!(seconds(&attempts, "ann", HOME, later(61 + 900)), 0);
    }

    #[test]
    fn the_right_one_takes_all_back() {
        let mut attempts = Attempts::default();
        for _ in 0..FREE {
            attempts.wrong("ann", HOME, NOW);
        }
        assert_eq!(seconds(&attempts, "ann", HOME, NOW), 1);
        attempts.right("ann", HOME, later(2));
        assert_eq!(seconds(&attempts, "ann", HOME, later(2)), 0);
    }

    #[test]
    fn nobody_is_kept_out_by_what_others_do() {
        let mut attempts = Attempts::default();
        attempts.right("ann", HOME, NOW);
        // Everywhere in the world somebody tries ann, and from her own office
        // somebody tries everybody.
        for number in 0..2_000 {
            attempts.wrong(
                "ann",
                &format!("198.51.{}.{}", number / 250, number % 250),
                NOW,
            );
            attempts.wrong(&format!("user{number}"), HOME, NOW);
        }
        assert_eq!(seconds(&attempts, "ann", HOME, NOW), 0);
        // From a place where she never was her first try is let through too.
        assert_eq!(seconds(&attempts, "ann", "203.0.113.9", NOW), 0);
        attempts.wrong("ann", "203.0.113.9", NOW);
        assert_eq!(seconds(&attempts, "ann", "203.0.113.9", NOW), 1);
        // Who was never there waits.
        assert_eq!(seconds(&attempts, "bob", HOME, NOW), LONGEST.as_secs());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let mut attempts = Attempts::default();
        for number in 0..FREE {
            attempts.wrong("ann", &format!("2001:db8:1:2::{number:x}"), NOW);
        }
        assert_eq!(seconds(&attempts, "ann", "2001:db8:1:2:ffff::1", NOW), 1);
        assert_eq!(seconds(&attempts, "ann", "2001:db8:1:3::1", NOW), 0);
    }

    #[test]
    fn what_is_remembered_has_an_end_and_the_worst_stays() {
        let mut attempts = Attempts::default();
        for _ in 0..ATTACK {
            attempts.wrong("ann", HOME, NOW);
        }
        attempts.right("eve", "192.0.2.8", NOW);
        for number in 0..3 * ROOM {
            attempts.wrong(&format!("nobody{number}"), &format!("a{number}"), NOW);
        }
        assert!(attempts.pairs.len() <= ROOM && attempts.accounts.len() <= ROOM);
        assert_eq!(seconds(&attempts, "ann", HOME, NOW), 60);
        assert!(attempts.pairs.values().any(|one| one.is_known(NOW)));
    }

    proptest! {
        /// Whatever is tried and whenever: no wait is longer than a minute, and
        /// who waits for as long as told is let through.
        #[test]
        fn a_wait_has_an_end(tries in proptest::collection::vec((0_u8..3, 0_u8..3, 0_u64..200, any::<bool>()), 0..200)) {
            let mut attempts = Attempts::default();
            let mut now = NOW;
            for (account, address, step, is_right) in tries {
                now = now.plus(Duration::from_secs(step));
                let (account, address) = (format!("u{account}"), format!("a{address}"));
                let wait = attempts.wait(&account, &address, now);
                prop_assert!(wait <= LONGEST);
                prop_assert_eq!(attempts.wait(&account, &address, now.plus(wait)), Duration::ZERO);
                if is_right {
                    attempts.right(&account, &address, now);
                } else {
                    attempts.wrong(&account, &address, now);
                }
            }
        }
    }
}
