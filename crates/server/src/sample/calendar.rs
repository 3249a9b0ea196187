//! Days counted back from now, always on a working day: letters are not
//! written on Sundays.

use chancery_proto::clock::Timestamp;

const DAY: i64 = 86_400_000;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The calendar that the matter's dates are read from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calendar {
    now: Timestamp,
}

impl Calendar {
    /// A calendar that ends at `now`.
    pub(super) fn ending(now: Timestamp) -> Self {
        Self { now }
    }

    /// The working day `ago` days before now, or the Friday before it.
    pub(super) fn day(self, ago: i64) -> Day {
        let number = self.now.0.div_euclid(DAY).saturating_sub(ago);
        let past_friday = (weekday(number) - 4).max(0);
        Day(number - past_friday)
    }
}

/// 0 for Monday to 6 for Sunday; day 0 of the epoch was a Thursday.
fn weekday(number: i64) -> i64 {
    (number + 3).rem_euclid(7)
}

/// A day: the number of days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(i64);

impl Day {
    /// A moment of that day, in UTC.
    pub(super) fn at(self, hour: i64, minute: i64) -> Timestamp {
        Timestamp(self.0 * DAY + hour * 3_600_000 + minute * 60_000)
    }

    /// `2026-03-12`.
    pub(super) fn iso(self) -> String {
        self.at(0, 0).to_rfc3339().chars().take(10).collect()
    }

    /// `12 March 2026`.
    pub(super) fn long(self) -> String {
        let (year, month, day) = self.parts();
        format!("{day} {month} {year}")
    }

    /// `2026`.
    pub(super) fn year(self) -> String {
        self.parts().0
    }

    /// The day `days` later; a payment term need not end on a working day.
    pub(super) fn plus(self, days: i64) -> Self {
        Self(self.0 + days)
    }

    /// How a spreadsheet counts: days since 1899-12-30.
    pub(super) fn spreadsheet(self) -> i64 {
        self.0 + 25_569
    }

    /// RFC 5322, for example `Thu, 12 Mar 2026 09:30:00 +0000`.
    pub(super) fn mail(self, hour: i64, minute: i64) -> String {
        let (year, month, day) = self.parts();
        let name = usize::try_from(weekday(self.0))
            .ok()
            .and_then(|index| WEEKDAYS.get(index))
            .unwrap_or(&"Mon");
        let month: String = month.chars().take(3).collect();
        format!("{name}, {day} {month} {year} {hour:02}:{minute:02}:00 +0000")
    }

    /// Year, month's name, day without a leading zero.
    fn parts(self) -> (String, &'static str, String) {
        let iso = self.iso();
        let mut parts = iso.split('-');
        let year = parts.next().unwrap_or("1970").to_owned();
        let month = parts
            .next()
            .and_then(|text| text.parse::<usize>().ok())
            .and_then(|number| MONTHS.get(number.saturating_sub(1)))
            .unwrap_or(&"January");
        let day = parts
            .next()
            .unwrap_or("1")
            .trim_start_matches('0')
            .to_owned();
        (year, month, day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sunday_becomes_the_friday_before() {
        // 2026-03-01 was a Sunday.
        let now = Timestamp::parse("2026-03-01T10:00:00Z").expect("a time");
        let day = Calendar::ending(now).day(0);
        assert_eq!(day.long(), "27 February 2026");
        assert_eq!(day.mail(9, 5), "Fri, 27 Feb 2026 09:05:00 +0000");
        assert_eq!(day.spreadsheet(), 46_080);
    }
}
