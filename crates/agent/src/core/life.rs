//! How long a session lives, on a clock that never goes back.

use chancery_client::remote::ToldLife;
use std::time::Duration;

/// A session is renewed a little before it would end, so that a call does not
/// arrive just after.
const MARGIN: Duration = Duration::from_secs(5);

/// A session that use does not push is renewed at this part of its life, and
/// up to [`RENEWAL_SPREAD`] of it later, so that sessions which began together
/// are not renewed together.
const RENEWAL: f64 = 0.63;
const RENEWAL_SPREAD: f64 = 0.07;
/// After an outage it is renewed within this part before its end.
const LATE_SPREAD: f64 = 1.0 / 60.0;

/// The life of one session. Times are of the monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Life {
    /// How long it lives without use, where the server told.
    idle: Option<Duration>,
    idle_end: Option<Duration>,
    absolute_end: Option<Duration>,
    /// Whether every answer tells; else the count goes from the last use.
    is_told: bool,
    begun: Duration,
    /// When a use should renew it, unless the server tells that use pushes it.
    renew_at: Option<Duration>,
}

impl Life {
    /// A session that was obtained at `now`. `jitter` is between 0 and 1.
    pub(crate) fn begin(idle: Option<Duration>, now: Duration, jitter: f64) -> Self {
        let part = RENEWAL + RENEWAL_SPREAD * jitter;
        Self {
            idle,
            idle_end: idle.map(|idle| now.saturating_add(idle)),
            absolute_end: None,
            is_told: false,
            begun: now,
            renew_at: idle.map(|idle| now.saturating_add(idle.mul_f64(part))),
        }
    }

    /// Whether a use at `now` should renew it, at two thirds of its life. Where
    /// every answer tells how long it lives, use itself pushes the end and
    /// there is nothing to renew.
    pub(crate) fn wants_renewal(&self, now: Duration) -> bool {
        !self.is_told && self.renew_at.is_some_and(|at| at <= now)
    }

    /// After an outage: whoever still has a session lets those go first whose
    /// session ended meanwhile, and uses it almost to its end. Were everybody
    /// to renew at once who could not during the outage, the server would have
    /// all of them in the same second.
    pub(crate) fn yield_to_others(&mut self, jitter: f64) {
        let Some((idle, at)) = self.idle.zip(self.renew_at) else {
            return;
        };
        let early = self.margin() * 2 + idle.mul_f64(LATE_SPREAD * jitter);
        let late = self.begun.saturating_add(idle).saturating_sub(early);
        self.renew_at = Some(at.max(late));
    }

    /// When it was obtained.
    pub(crate) fn begun(&self) -> Duration {
        self.begun
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
            .is_none_or(|end| now.saturating_add(self.margin()) < end)
    }

    /// A short-lived session has a shorter margin.
    fn margin(&self) -> Duration {
        self.idle.map_or(MARGIN, |idle| MARGIN.min(idle / 10))
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
        let mut life = Life::begin(Some(4 * HOUR), Duration::ZERO, 0.5);
        life.answered(ToldLife::default(), false, HOUR);
        assert_eq!(life.end(), Some(5 * HOUR));
        life.answered(ToldLife::default(), true, 2 * HOUR);
        assert_eq!(life.end(), Some(5 * HOUR));
        assert!(life.lives(5 * HOUR - Duration::from_secs(6)));
        assert!(!life.lives(5 * HOUR - Duration::from_secs(5)));
    }

    #[test]
    fn what_the_server_tells_wins_over_counting() {
        let mut life = Life::begin(Some(4 * HOUR), Duration::ZERO, 0.5);
        life.answered(told(HOUR, 2 * HOUR), false, Duration::ZERO);
        assert_eq!(life.end(), Some(HOUR));
        life.answered(told(4 * HOUR, HOUR), false, HOUR);
        assert_eq!(life.end(), Some(2 * HOUR));
        life.answered(ToldLife::default(), false, HOUR + HOUR / 2);
        assert_eq!(life.end(), Some(2 * HOUR));
    }

    #[test]
    fn where_nothing_is_known_only_a_refusal_ends_it() {
        let life = Life::begin(None, Duration::ZERO, 0.5);
        assert!(life.lives(1000 * HOUR));
    }

    #[test]
    fn what_use_does_not_push_is_renewed_at_two_thirds_of_its_life() {
        for jitter in [0.0, 0.999] {
            let mut life = Life::begin(Some(3 * HOUR), Duration::ZERO, jitter);
            life.answered(ToldLife::default(), false, HOUR);
            assert!(!life.wants_renewal(HOUR + HOUR / 2));
            assert!(life.wants_renewal(2 * HOUR + HOUR / 8));
            // A server that tells counts from the last use itself.
            life.answered(told(3 * HOUR, 30 * HOUR), false, 2 * HOUR);
            assert!(!life.wants_renewal(3 * HOUR));
        }
    }

    #[test]
    fn after_an_outage_a_living_session_is_used_almost_to_its_end() {
        let mut life = Life::begin(Some(3 * HOUR), Duration::ZERO, 0.5);
        life.yield_to_others(0.5);
        assert!(!life.wants_renewal(2 * HOUR + HOUR / 2));
        assert!(life.wants_renewal(3 * HOUR - Duration::from_secs(10)));
        assert!(life.lives(3 * HOUR - Duration::from_secs(10)));
    }
}
