//! How long a session still lives, and how long to wait, as the server tells it.

use chancery_proto::clock::Timestamp;
use chancery_proto::headers;
use http::{HeaderMap, HeaderName, header};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A server that asks for a longer wait is tried again after that.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// Ten years: no session is told to live longer.
const LONGEST_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// A life of so many seconds, as a server told it.
pub(super) fn told_life(seconds: u64) -> Duration {
    Duration::from_secs(seconds).min(LONGEST_LIFE)
}

/// What an answer told about the session's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ToldLife {
    /// Until it ends for lack of use.
    pub idle: Option<Duration>,
    /// Until it ends whatever happens.
    pub absolute: Option<Duration>,
}

impl ToldLife {
    /// Reads the headers of an answer; a server that does not tell tells nothing.
    #[must_use]
    pub fn read(answer: &HeaderMap) -> Self {
        let seconds = |name: &str| {
            let text = answer.get(name)?.to_str().ok()?;
            text.trim().parse().ok().map(told_life)
        };
        Self {
            idle: seconds(headers::SESSION_IDLE),
            absolute: seconds(headers::SESSION_ABSOLUTE),
        }
    }
}

/// How long to wait before asking again (`Retry-After`, RFC 9110, section
/// 10.2.3): seconds, or a date, which is read by the server's own clock.
///
/// ```
/// use chancery_client::remote::told_wait;
/// use std::time::Duration;
/// let mut answer = http::HeaderMap::new();
/// answer.insert("retry-after", http::HeaderValue::from_static("120"));
/// assert_eq!(told_wait(&answer), Some(Duration::from_secs(120)));
/// ```
#[must_use]
pub fn told_wait(answer: &HeaderMap) -> Option<Duration> {
    let text = answer.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds).min(LONGEST_WAIT));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let now = date(answer, &header::DATE)?;
    let wait = until.duration_since(now).unwrap_or(Duration::ZERO);
    Some(wait.min(LONGEST_WAIT))
}

/// The time by the server's own clock when it answered (`Date`), to the second.
#[must_use]
pub fn told_time(answer: &HeaderMap) -> Option<Timestamp> {
    let since = date(answer, &header::DATE)?
        .duration_since(UNIX_EPOCH)
        .ok()?;
    i64::try_from(since.as_millis()).ok().map(Timestamp)
}

fn date(answer: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(answer.get(name)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod waits {
    use super::told_wait;
    use http::{HeaderMap, HeaderValue};
    use std::time::Duration;

    #[test]
    fn a_date_is_read_by_the_servers_own_clock() {
        let mut answer = HeaderMap::new();
        let mut say = |name, text| answer.insert(name, HeaderValue::from_static(text));
        say("date", "Wed, 21 Oct 2015 07:28:00 GMT");
        say("retry-after", "Wed, 21 Oct 2015 07:28:30 GMT");
        assert_eq!(told_wait(&answer), Some(Duration::from_secs(30)));
        answer.insert("retry-after", HeaderValue::from_static("soon"));
        assert_eq!(told_wait(&answer), None);
    }
}
