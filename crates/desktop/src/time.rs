//! Times as people read them, in their own time zone.

use chancery_proto::clock::Timestamp;
use jiff::tz::TimeZone;

/// `18:40` today, `27 Nov, 18:40` on another day, and the year where it is
/// another one.
#[must_use]
pub fn shown(time: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let [time, now] = [time, now].map(|one| {
        let stamp = jiff::Timestamp::from_millisecond(one.0).unwrap_or_default();
        jiff::ZonedDateTime::new(stamp, zone.clone())
    });
    let pattern = if time.date() == now.date() {
        "%H:%M"
    } else if time.year() == now.year() {
        "%-d %b, %H:%M"
    } else {
        "%-d %b %Y, %H:%M"
    };
    time.strftime(pattern).to_string()
}

#[cfg(test)]
mod tests {
    use super::shown;
    use chancery_proto::clock::Timestamp;
    use jiff::tz::TimeZone;

    #[test]
    fn a_time_has_its_day_only_where_that_is_another_one() {
        let now = Timestamp::parse("2026-03-02T09:00:00Z").expect("a time");
        for (time, said) in [
            ("2026-03-02T18:40:59Z", "18:40"),
            ("2026-03-03T08:05:00Z", "3 Mar, 08:05"),
            ("2027-01-01T00:00:00Z", "1 Jan 2027, 00:00"),
        ] {
            let time = Timestamp::parse(time).expect("a time");
            assert_eq!(shown(time, now, &TimeZone::UTC), said);
        }
    }
}
