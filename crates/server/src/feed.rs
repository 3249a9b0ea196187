//! Who listens to what changes: woken when something did, and counted, so that
//! nobody takes all there is.

use crate::http::error::ApiError;
use chancery_proto::error::codes;
use http::StatusCode;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// So many listen to one server at once.
const MOST: usize = 2_000;
/// So many of one person.
const MOST_OF_ONE: usize = 20;
/// Told to listeners when the server stops.
const END: i64 = i64::MAX;

/// The number of the newest change, and who waits for the next one.
#[derive(Debug)]
pub(crate) struct Feed {
    newest: watch::Sender<i64>,
    listeners: Arc<Mutex<HashMap<String, usize>>>,
}

/// Somebody's place among the listeners.
#[derive(Debug)]
pub(crate) struct Listening {
    newest: watch::Receiver<i64>,
    user: String,
    listeners: Arc<Mutex<HashMap<String, usize>>>,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            newest: watch::Sender::new(0),
            listeners: Arc::default(),
        }
    }
}

impl Feed {
    /// Whether anybody listens.
    pub(crate) fn is_heard(&self) -> bool {
        self.newest.receiver_count() > 0
    }

    /// The newest change has that number.
    pub(crate) fn tell(&self, newest: i64) {
        self.newest.send_if_modified(|known| {
            let is_new = *known != END && *known < newest;
            if is_new {
                *known = newest;
            }
            is_new
        });
    }

    /// Every listener goes.
    pub(crate) fn end(&self) {
        self.newest.send_replace(END);
    }

    /// Takes a place among the listeners.
    pub(crate) fn listen(&self, user: &str) -> Result<Listening, ApiError> {
        let mut listeners = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let own = listeners.get(user).copied().unwrap_or(0);
        if own >= MOST_OF_ONE || listeners.values().sum::<usize>() >= MOST {
            let mut error = ApiError::new(
                StatusCode::TOO_MANY_REQUESTS,
                codes::LIMIT,
                "Too many programs listen to changes already. Close some, or ask without listening.",
            );
            error.retry_after = Some(30);
            return Err(error);
        }
        listeners.insert(user.to_owned(), own + 1);
        Ok(Listening {
            newest: self.newest.subscribe(),
            user: user.to_owned(),
            listeners: Arc::clone(&self.listeners),
        })
    }
}

impl Listening {
    /// Waits for something new; false when the server stops.
    pub(crate) async fn wait(&mut self) -> bool {
        if self.is_over() {
            return false;
        }
        self.newest.changed().await.is_ok() && !self.is_over()
    }

    fn is_over(&self) -> bool {
        *self.newest.borrow() == END
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut listeners = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = listeners.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                listeners.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Feed, MOST_OF_ONE};

    #[tokio::test]
    async fn listeners_are_woken_counted_and_sent_away() {
        let feed = Feed::default();
        assert!(!feed.is_heard());
        let mut places: Vec<_> = (0..MOST_OF_ONE)
            .map(|_| feed.listen("ann").expect("a place"))
            .collect();
        let refused = feed.listen("ann").expect_err("no place");
        assert_eq!(refused.status, http::StatusCode::TOO_MANY_REQUESTS);
        let mut bob = feed.listen("bob").expect("a place of his own");
        feed.tell(7);
        // What is older wakes nobody.
        feed.tell(3);
        assert!(bob.wait().await);
        drop(places.pop());
        let _again = feed.listen("ann").expect("one has gone");
        feed.end();
        assert!(!bob.wait().await);
        feed.tell(9);
        assert!(!bob.wait().await, "nobody is called back");
    }
}
