//! How long a session lives, on a clock that never goes back.

use chancery_client::remote::ToldLife;
use std::time::Duration;

/// A session is renewed a little before it would end, so that a call does not
/// arrive just after.
const MARGIN: Duration = Duration::from_secs(5);

/// The life of one session. Times are of the monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Life {
    /// How long it lives without use, where the server told.
    idle: Option<Duration>,
    idle_end: Option<Duration>,
    absolute_end: Option<Duration>,
    /// Whether every answer tells; else the count goes from the last use.
    is_told: bool,
    last_use: Duration,
}

impl Life {
    /// A session that was obtained at `now`.
    pub(crate) fn begin(idle: Option<Duration>, now: Duration) -> Self {
        Self {
            idle,
            idle_end: idle.map(|idle| now.saturating_add(idle)),
            absolute_end: None,
            is_told: false,
            last_use: now,
        }
    }

    /// An answer came. `sent` is when the call was sent: the server counts
    /// from then or later, so that this never says more than there is.
    pub(crate) fn answered(&mut self, told: ToldLife, background: bool, sent: Duration) {
        if let Some(idle) = told.idle {
            self.is_told = true;
            self.idle_end = Some(sent.saturating_add(idle));
        } else if !background && !self.is_told {
            self.idle_end = self.idle.map(|idle| sent.saturating_add(idle));
        }
        if let Some(absolute) = told.absolute {
            self.absolute_end = Some(sent.saturating_add(absolute));
        }
        if !background {
            self.last_use = sent;
        }
    }

    /// When it ends, where that is known.
    pub(crate) fn end(&self) -> Option<Duration> {
        match (self.idle_end, self.absolute_end) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    /// When it ends for lack of use.
    pub(crate) fn idle_end(&self) -> Option<Duration> {
        self.idle_end
    }

    /// When it ends whatever happens.
    pub(crate) fn absolute_end(&self) -> Option<Duration> {
        self.absolute_end
    }

    /// Whether a call sent now would still find it alive, as far as is known.
    pub(crate) fn lives(&self, now: Duration) -> bool {
        self.end()
            .is_none_or(|end| now.saturating_add(MARGIN.min(self.tenth())) < end)
    }

    /// A short-lived session has a shorter margin.
    fn tenth(&self) -> Duration {
        self.idle.map_or(MARGIN, |idle| idle / 10)
    }
}

#[cfg(test)]
mod tests {
    use super::Life;
    use chancery_client::remote::ToldLife;
    use std::time::Duration;

    const HOUR: Duration = Duration::from_secs(3600);

    fn told(idle: Duration, absolute: Duration) -> ToldLife {
        ToldLife {
            idle: Some(idle),
            absolute: Some(absolute),
        }
    }

    #[test]
    fn use_pushes_the_end_and_background_does_not() {
        let mut life = Life::begin(Some(4 * HOUR), Duration::ZERO);
        life.answered(ToldLife::default(), false, HOUR);
        assert_eq!(life.end(), Some(5 * HOUR));
        life.answered(ToldLife::default(), true, 2 * HOUR);
        assert_eq!(life.end(), Some(5 * HOUR));
        assert!(life.lives(5 * HOUR - Duration::from_secs(6)));
        assert!(!life.lives(5 * HOUR - Duration::from_secs(5)));
    }

    #[test]
    fn what_the_server_tells_wins_over_counting() {
        let mut life = Life::begin(Some(4 * HOUR), Duration::ZERO);
        life.answered(told(HOUR, 2 * HOUR), false, Duration::ZERO);
        assert_eq!(life.end(), Some(HOUR));
        life.answered(told(4 * HOUR, HOUR), false, HOUR);
        assert_eq!(life.end(), Some(2 * HOUR));
        life.answered(ToldLife::default(), false, HOUR + HOUR / 2);
        assert_eq!(life.end(), Some(2 * HOUR));
    }

    #[test]
    fn where_nothing_is_known_only_a_refusal_ends_it() {
        let life = Life::begin(None, Duration::ZERO);
        assert!(life.lives(1000 * HOUR));
    }
}
