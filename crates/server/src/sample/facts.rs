//! What every text of the matter agrees on: who, when, how much.

use super::calendar::{Calendar, Day};
use super::mail::Person;

/// The matter as it stands at the head of every page.
pub(super) const RUNNING: &str = "20417-003 · Nordkai Logistik GmbH ./. Castellan Dachbau AG";

/// The partner in charge.
pub(super) const MARR: Person = person("Ilse Marr", "ilse.marr@lindqvist-marr.example");
/// The associate who writes.
pub(super) const OKORO: Person = person("Daniel Okoro", "daniel.okoro@lindqvist-marr.example");
/// The assistant who files.
pub(super) const BREUER: Person = person("Jana Breuer", "jana.breuer@lindqvist-marr.example");
/// The client's head of property.
pub(super) const VOSS: Person = person("Henrike Voß", "h.voss@nordkai.example");
/// Counsel of the other side.
pub(super) const PELL: Person = person("Dr. Armin Pell", "pell@pell-partner.example");
/// The registry of the court.
pub(super) const COURT: Person = person("Geschäftsstelle 14 O", "registry14@court.example");
/// The engineer who wrote the opinion.
pub(super) const ENGINEER: Person =
    person("Prof. Dr. Mette Sörensen", "soerensen@dachlabor.example");

const fn person(name: &'static str, address: &'static str) -> Person {
    Person { name, address }
}

/// The cost of a new membrane, in cents.
pub(super) const REPAIR: i64 = 21_240_000;
/// Three weeks in which half the hall stood empty, in cents.
pub(super) const LOSS_OF_USE: i64 = 4_680_000;
/// The engineer's fee, in cents.
pub(super) const OPINION_FEE: i64 = 986_000;
/// The price of the works, in cents.
pub(super) const PRICE: i64 = 148_600_000;

/// Stock that the water spoiled: bay, goods, pallets, cents for each pallet.
pub(super) const STOCK: [(&str, &str, i64, i64); 7] = [
    ("B 04", "Coffee, green, in jute bags", 38, 142_500),
    ("B 05", "Coffee, green, in jute bags", 26, 142_500),
    ("B 06", "Tea, loose, in cartons", 12, 176_000),
    ("B 11", "Printed packaging", 41, 38_400),
    ("B 12", "Printed packaging", 17, 38_400),
    ("C 02", "Cocoa powder in paper sacks", 22, 118_900),
    ("C 03", "Machine spares, rusted", 6, 241_300),
];

/// What the spoiled stock was worth, in cents.
pub(super) fn stock() -> i64 {
    STOCK
        .iter()
        .map(|(_, _, pallets, each)| pallets * each)
        .sum()
}

/// What is claimed, in cents.
pub(super) fn claimed() -> i64 {
    REPAIR + stock() + LOSS_OF_USE + OPINION_FEE
}

/// The days on which things happened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    /// Where the days come from.
    pub(super) calendar: Calendar,
    /// The contract was signed.
    pub(super) contract: Day,
    /// The addendum was signed.
    pub(super) addendum: Day,
    /// The roof was accepted.
    pub(super) acceptance: Day,
    /// Water came in.
    pub(super) water: Day,
    /// The client came to us.
    pub(super) engaged: Day,
    /// The defects were notified.
    pub(super) notice: Day,
    /// The other side refused.
    pub(super) refusal: Day,
    /// An offer to settle.
    pub(super) offer: Day,
    /// The engineer was on the roof.
    pub(super) visit: Day,
    /// The engineer's opinion.
    pub(super) opinion: Day,
    /// The claim was filed.
    pub(super) claim: Day,
    /// The court's order.
    pub(super) order: Day,
    /// The defence came in.
    pub(super) defence: Day,
    /// Work on the reply.
    pub(super) reply: Day,
    /// The hearing, still to come.
    pub(super) hearing: Day,
}

impl Facts {
    /// The facts of a matter that is being worked on at the end of `calendar`.
    pub(super) fn of(calendar: Calendar) -> Self {
        let day = |ago| calendar.day(ago);
        Self {
            calendar,
            contract: day(562),
            addendum: day(517),
            acceptance: day(409),
            water: day(121),
            engaged: day(118),
            notice: day(112),
            refusal: day(98),
            offer: day(82),
            visit: day(76),
            opinion: day(63),
            claim: day(48),
            order: day(37),
            defence: day(19),
            reply: day(3),
            hearing: day(-36),
        }
    }

    /// The court's number of the case, for example `14 O 212/26`.
    pub(super) fn case(self) -> String {
        let year = self.claim.year();
        format!("14 O 212/{}", year.get(2..).unwrap_or(&year))
    }
}
