//! What is counted, in the text format of Prometheus.

use crate::app::App;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// Requests since the start, by the first digit of the answer's status.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    requests: [AtomicU64; 5],
    round_trips: AtomicU64,
}

impl Counters {
    pub(crate) fn count_answer(&self, status: http::StatusCode) {
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        if let Some(counter) = self.requests.get(class) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// One write of sessions to where they are kept.
    pub(crate) fn count_round_trip(&self) {
        self.round_trips.fetch_add(1, Ordering::Relaxed);
    }
}

/// Label values are fixed words, so nothing has to be escaped.
pub(crate) fn text(app: &App) -> String {
    let mut text = String::with_capacity(2048);
    let head = |text: &mut String, name: &str, kind: &str, help: &str| {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    };
    let name = "chancery_sign_ins_total";
    head(
        &mut text,
        name,
        "counter",
        "Sessions made or refused since the start, by method and outcome.",
    );
    for count in app.identity.sign_in_counts() {
        let _ = writeln!(
            text,
            "{name}{{method=\"{}\",outcome=\"{}\"}} {}",
            count.method, count.outcome, count.count
        );
    }
    let name = "chancery_sessions";
    head(&mut text, name, "gauge", "Sessions in memory.");
    let _ = writeln!(text, "{name} {}", app.identity.session_count());
    let name = "chancery_http_requests_total";
    head(
        &mut text,
        name,
        "counter",
        "Requests answered since the start, by class of status.",
    );
    for (class, counter) in (1..).zip(&app.counters.requests) {
        let count = counter.load(Ordering::Relaxed);
        let _ = writeln!(text, "{name}{{status=\"{class}xx\"}} {count}");
    }
    let name = "chancery_session_store_round_trips_total";
    head(
        &mut text,
        name,
        "counter",
        "Writes of session uses to where sessions are kept.",
    );
    let count = app.counters.round_trips.load(Ordering::Relaxed);
    let _ = writeln!(text, "{name} {count}");
    text
}
