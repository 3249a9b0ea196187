//! Times and sizes as people read them.

use chancery_proto::clock::Timestamp;
use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, ZonedDateTime};

/// Bytes in units of a thousand: `7 B`, `12.3 kB`, `314.6 MB`.
pub(crate) fn size(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut left = bytes;
    let mut tenths = 0;
    let mut unit = "B";
    for next in ["kB", "MB", "GB", "TB", "PB", "EB"] {
        if left < 1000 {
            break;
        }
        tenths = (left % 1000) / 100;
        left /= 1000;
        unit = next;
    }
    format!("{left}.{tenths} {unit}")
}

/// A time in the reader's zone: `2026-11-23 14:05`.
pub(crate) fn date_and_time(time: Timestamp, zone: &TimeZone) -> String {
    match zoned(time, zone) {
        Some(time) => time.strftime("%Y-%m-%d %H:%M").to_string(),
        None => time.to_rfc3339(),
    }
}

/// Only the time of day: `14:05:09`.
pub(crate) fn time_of_day(time: Timestamp, zone: &TimeZone) -> String {
    match zoned(time, zone) {
        Some(time) => time.strftime("%H:%M:%S").to_string(),
        None => time.to_rfc3339(),
    }
}

/// When something will be, seen from `now`: `today at 18:05`, `tomorrow at
/// 09:00`, else `on 2026-12-23 at 14:05`.
pub(crate) fn moment(time: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (Some(time), Some(now)) = (zoned(time, zone), zoned(now, zone)) else {
        return time.to_rfc3339();
    };
    let clock = time.strftime("%H:%M");
    if time.date() == now.date() {
        format!("today at {clock}")
    } else if now.date().tomorrow().is_ok_and(|day| day == time.date()) {
        format!("tomorrow at {clock}")
    } else {
        format!("on {} at {clock}", time.strftime("%Y-%m-%d"))
    }
}

fn zoned(time: Timestamp, zone: &TimeZone) -> Option<ZonedDateTime> {
    let instant = Instant::from_millisecond(time.0).ok()?;
    Some(instant.to_zoned_datetime(zone.clone()))
}

/// `1 file`, `2 files`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    let word = if number == 1 { one } else { many };
    format!("{number} {word}")
}

#[cfg(test)]
mod tests {
    use super::{count, date_and_time, moment, size};
    use chancery_proto::clock::Timestamp;
    use jiff::tz::{TimeZone, offset};

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (12_345, "12.3 kB"),
            (314_572_800, "314.5 MB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn times_are_told_in_the_readers_zone() {
        let zone = TimeZone::fixed(offset(2));
        let now = Timestamp::parse("2026-03-01T20:00:00Z").expect("a time");
        let at = |text: &str| Timestamp::parse(text).expect("a time");
        assert_eq!(date_and_time(now, &zone), "2026-03-01 22:00");
        assert_eq!(
            moment(at("2026-03-01T21:30:00Z"), now, &zone),
            "today at 23:30"
        );
        assert_eq!(
            moment(at("2026-03-01T22:30:00Z"), now, &zone),
            "tomorrow at 00:30"
        );
        assert_eq!(
            moment(at("2026-03-31T20:00:00Z"), now, &zone),
            "on 2026-03-31 at 22:00"
        );
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!(count(1, "file", "files"), "1 file");
        assert_eq!(count(2, "file", "files"), "2 files");
    }
}
