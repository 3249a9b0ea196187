//! How long a session still lives, as the server tells it.

use chancery_proto::headers;
use http::HeaderMap;
use std::time::Duration;

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
            text.trim().parse().ok().map(Duration::from_secs)
        };
        Self {
            idle: seconds(headers::SESSION_IDLE),
            absolute: seconds(headers::SESSION_ABSOLUTE),
        }
    }
}
