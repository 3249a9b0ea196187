//! Five thousand agents, one server, and ten minutes without it, in virtual time.

use super::{Brought, Keeper, Purpose, Verdict, Why};
use chancery_client::remote::{Obtained, ToldLife};
use chancery_proto::local::KeyringState;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

const AGENTS: usize = 5_000;
const MINUTE: u64 = 60_000;
/// How long a session lives, whatever its use: the hardest kind for a server.
const LIFE: Duration = Duration::from_secs(30 * 60);
const OUTAGE: std::ops::Range<u64> = 120 * MINUTE..130 * MINUTE;
const END: u64 = 200 * MINUTE;

/// A reproducible number between 0 and 1 (SplitMix64, Steele, Lea and Flood 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from(u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or(0)) / 4_294_967_296.0
    }

    /// The time to the next of many independent events.
    fn wait(&mut self, mean: u64) -> u64 {
        let mean = u32::try_from(mean).expect("short");
        let wait = -f64::from(mean) * (1.0 - self.next()).ln();
        Duration::from_secs_f64(wait / 1000.0)
            .as_millis()
            .try_into()
            .expect("short")
    }
}

fn is_up(now: u64) -> bool {
    !OUTAGE.contains(&now)
}

/// Sign-ins by minute, when every agent calls about as often as told.
fn sign_ins(mean_between_calls: u64, seed: u64) -> Vec<u32> {
    let mut chance = Chance(seed);
    let mut agents: Vec<Keeper> = (0..AGENTS)
        .map(|_| Keeper::new(Some("anna".to_owned()), None, false))
        .collect();
    let mut by_minute = vec![0; usize::try_from(END / MINUTE).expect("short")];
    // The morning: everybody comes within half an hour.
    let mut calls: BinaryHeap<Reverse<(u64, usize)>> = (0..AGENTS)
        .map(|agent| {
            let at = Duration::from_secs_f64(chance.next() * 1800.0).as_millis();
            Reverse((u64::try_from(at).expect("short"), agent))
        })
        .collect();
    while let Some(Reverse((at, agent))) = calls.pop() {
        if at >= END {
            break;
        }
        let keeper = &mut agents[agent];
        let now = Duration::from_millis(at);
        let mut wait = chance.wait(mean_between_calls);
        let flies = match keeper.ask(None, Purpose::Use, now) {
            Verdict::Use { held, renew } => {
                if is_up(at) {
                    let _ = keeper.reached(chance.next());
                    let told = ToldLife::default();
                    keeper.answered(held.number, told, Purpose::Use, now);
                    // What was due may have been put off by the answer.
                    matches!(
                        keeper.ask(None, Purpose::Use, now),
                        Verdict::Use { renew: true, .. }
                    )
                } else {
                    keeper.unreachable(now, chance.next());
                    // Whoever is refused tries again soon.
                    wait = wait.min(5_000);
                    renew
                }
            }
            Verdict::Fly => true,
            Verdict::Not(Why::Busy(_) | Why::Background | Why::Needs(_)) => {
                panic!("neither busy nor a person needed")
            }
        };
        if flies && is_up(at) {
            by_minute[usize::try_from(at / MINUTE).expect("short")] += 1;
            let _ = keeper.reached(chance.next());
            let brought = Brought {
                obtained: Obtained {
                    token: "token".into(),
                    refresh: Some("refresh".into()),
                    idle: Some(LIFE),
                },
                user: Some("anna".to_owned()),
                name: None,
                keyring: KeyringState::Found,
            };
            let _ = keeper.obtained(keeper.depart(), brought, now, chance.next());
        } else if flies {
            keeper.unreachable(now, chance.next());
            wait = wait.min(5_000);
        }
        calls.push(Reverse((at + wait.max(1), agent)));
    }
    by_minute
}

#[test]
fn after_ten_minutes_without_the_server_its_sign_ins_stay_under_twice_the_usual() {
    for (mean, seed) in [(60_000, 1), (60_000, 2), (20_000, 3)] {
        let by_minute = sign_ins(mean, seed);
        let usual: u32 = by_minute[60..120].iter().sum();
        let usual = f64::from(usual) / 60.0;
        let most = by_minute[130..].iter().copied().max().expect("an hour");
        assert!(
            f64::from(most) < 2.0 * usual,
            "calls every {mean} ms: {most} sign-ins in one minute, usually {usual}: {:?}",
            &by_minute[118..160]
        );
    }
}
